//! Cells of any shape on the sphere, and the parts of them that lie in the cells of a grid of parallels and meridians.
use rayon::prelude::*;

use super::grid::Grid;
use super::weights::{Axis, Rows};
use crate::base::Result;

/// A place on the unit sphere.
pub(super) type Place = [f64; 3];

/// The place of a latitude and a longitude in degrees.
pub(super) fn place(lat: f64, lon: f64) -> Place {
    let ((slat, clat), (slon, clon)) = (lat.to_radians().sin_cos(), lon.to_radians().sin_cos());
    [clat * clon, clat * slon, slat]
}

/// Widest wedge between meridians that is cut in one go: two half-spheres, whose common part must be narrower than one of them.
const WEDGE: f64 = 90.0;
/// Overlaps below this part of a new cell come from rounding.
const NOTHING: f64 = 1e-10;

/// Squared distance from the axis below which a place is a pole.
const AT_POLE: f64 = 1e-24;

/// The outline of a cell: great circles from corner to corner, the last joined to the first, or parallels where these were cut.
#[derive(Debug, Clone)]
struct Outline {
    /// A corner, and whether a parallel leads from it to the next.
    corners: Vec<(Place, bool)>,
}

/// Rows of the parts of each cell of a grid that the old cells cover (first order conservative weights). Old cells are polygons of great circles; those with
/// a corner that is no number are left out.
pub(super) fn overlaps(cells: &[Vec<Place>], target: &Grid) -> Result<Rows> {
    let clipped = |edges: Vec<f64>| edges.into_iter().map(|edge| edge.clamp(-90.0, 90.0)).collect::<Vec<f64>>();
    let lats = Spans::new(&clipped(Axis::new("latitudes", target.latitudes().to_vec(), false)?.edges()));
    let lons = Spans::new(&Axis::new("longitudes", target.longitudes().to_vec(), false)?.edges());
    let n_lon = target.longitudes().len();
    let found: Vec<(u32, u32, f64)> = cells
        .par_iter()
        .enumerate()
        .flat_map_iter(|(number, cell)| {
            let mut parts: Vec<(u32, u32, f64)> = Vec::new();
            if let Some(cell) = Outline::new(cell) {
                cell.parts(&lats, &lons, |i, j, part| parts.push(((i * n_lon + j) as u32, number as u32, part)));
            }
            parts
        })
        .collect();
    let mut of_cell: Vec<Vec<(u32, f64)>> = vec![Vec::new(); target.latitudes().len() * n_lon];
    for (row, position, part) in found {
        match of_cell[row as usize].last_mut() {
            // A wide cell was cut in several wedges.
            Some((last, sum)) if *last == position => *sum += part,
            _ => of_cell[row as usize].push((position, part)),
        }
    }
    let mut rows = Rows::new();
    of_cell.into_iter().for_each(|entries| rows.push(entries.into_iter().filter(|(_, part)| *part > NOTHING)));
    Ok(rows)
}

/// Stretches of an axis in ascending order, with their numbers.
struct Spans(Vec<(f64, f64, usize)>);

impl Spans {
    #[track_caller]
    fn new(edges: &[f64]) -> Self {
        let mut spans: Vec<(f64, f64, usize)> =
            edges.windows(2).enumerate().map(|(k, pair)| (pair[0].min(pair[1]), pair[0].max(pair[1]), k)).collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self(spans)
    }

    #[track_caller]
    fn between(&self, low: f64, high: f64) -> impl Iterator<Item = &(f64, f64, usize)> {
        let first = self.0.partition_point(|(_, end, _)| *end <= low);
        self.0[first..].iter().take_while(move |(start, ..)| *start < high)
    }
}

impl Outline {
    /// `None` if a corner is no place.
    fn new(cell: &[Place]) -> Option<Self> {
        if cell.len() < 3 || cell.iter().flatten().any(|x| !x.is_finite()) {
            return None;
        }
        // Great circles are cut where they are furthest from the equator, so that a parallel meets each piece once.
        let mut corners = Vec::with_capacity(2 * cell.len());
        for (k, &a) in cell.iter().enumerate() {
            let b = cell[(k + 1) % cell.len()];
            corners.push((a, false));
            let n = cross(a, b);
            // The point of the great circle nearest to a pole: the pole without its part along the normal.
            let squared = dot(n, n);
            if squared > 0.0 {
                let top = [-n[0] * n[2] / squared, -n[1] * n[2] / squared, 1.0 - n[2] * n[2] / squared];
                let length = dot(top, top).sqrt();
                if length > 1e-12 {
                    let top = top.map(|x| x / length);
                    for top in [top, top.map(|x| -x)] {
                        let within = dot(cross(a, top), n) > 0.0 && dot(cross(top, b), n) > 0.0;
                        if within {
                            corners.push((top, false));
                        }
                    }
                }
            }
        }
        Some(Self { corners })
    }

    #[track_caller]
    fn edges(&self) -> impl Iterator<Item = (Place, Place, bool)> {
        let n = self.corners.len();
        (0..n).map(move |k| (self.corners[k].0, self.corners[(k + 1) % n].0, self.corners[k].1))
    }

    /// Calls `found` with the numbers of each stretch of latitudes and longitudes that overlaps with the cell, and the part of theirs that it covers.
    fn parts(&self, lats: &Spans, lons: &Spans, mut found: impl FnMut(usize, usize, f64)) {
        // A corner on a pole has no longitude: its neighbours follow each other.
        let places: Vec<Place> =
            self.corners.iter().map(|(p, _)| *p).filter(|p| p[0] * p[0] + p[1] * p[1] > AT_POLE).collect();
        let Some(&first) = places.first() else { return };
        let turns: Vec<f64> = (0..places.len()).map(|k| turn(places[k], places[(k + 1) % places.len()])).collect();
        let around = turns.iter().sum::<f64>().abs() > 1.0;
        let (mut south, mut north) =
            self.corners.iter().fold((1.0f64, -1.0f64), |(low, high), (p, _)| (low.min(p[2]), high.max(p[2])));
        let upper = south + north > 0.0;
        let (west, east) = if around {
            if upper {
                north = 1.0
            } else {
                south = -1.0
            }
            // Every column is cut out of it, each once, wherever it begins.
            (f64::NEG_INFINITY, f64::INFINITY)
        } else {
            let start = first[1].atan2(first[0]).to_degrees();
            let reached = turns.iter().scan(start, |at, turn| {
                *at += turn.to_degrees();
                Some(*at)
            });
            reached.fold((start, start), |(low, high), at| (low.min(at), high.max(at)))
        };
        let (south, north) = (south.clamp(-1.0, 1.0).asin().to_degrees(), north.clamp(-1.0, 1.0).asin().to_degrees());
        let pole = if upper { 1.0 } else { -1.0 };
        let turns: &[f64] = if around { &[0.0] } else { &[-720.0, -360.0, 0.0, 360.0, 720.0] };
        for turn in turns {
            for &(a, b, j) in lons.between(west + turn, east + turn) {
                let n_wedges = ((b - a) / WEDGE).ceil().max(1.0);
                for wedge in 0..n_wedges as usize {
                    let at = |k: usize| a + (b - a) * (k as f64 / n_wedges);
                    let slice = self.between_meridians(at(wedge), at(wedge + 1));
                    if slice.corners.is_empty() {
                        continue;
                    }
                    for &(low, high, i) in lats.between(south, north) {
                        let (low, high) = (low.to_radians().sin(), high.to_radians().sin());
                        let whole = (high - low) * (b - a).to_radians();
                        let part = slice.between_parallels(low, high).area(pole).abs() / whole;
                        if part > NOTHING {
                            found(i, j, part);
                        }
                    }
                }
            }
        }
    }

    #[track_caller]
    fn between_meridians(&self, west: f64, east: f64) -> Self {
        let ((swest, cwest), (seast, ceast)) = (west.to_radians().sin_cos(), east.to_radians().sin_cos());
        self.cut(|p| cwest * p[1] - swest * p[0], false).cut(|p| seast * p[0] - ceast * p[1], false)
    }

    #[track_caller]
    fn between_parallels(&self, low: f64, high: f64) -> Self {
        // A stretch that ends at a pole is not cut there.
        let above = if low <= -1.0 { self.clone() } else { self.cut(|p| p[2] - low, true) };
        if high >= 1.0 { above } else { above.cut(|p| high - p[2], true) }
    }

    /// The part on which `inside` is not negative (Sutherland and Hodgman, 1974); along a parallel if `parallel`, else along a great circle.
    #[track_caller]
    fn cut(&self, inside: impl Fn(Place) -> f64, parallel: bool) -> Self {
        let mut corners = Vec::with_capacity(self.corners.len() + 4);
        for (a, b, on_parallel) in self.edges() {
            let (da, db) = (inside(a), inside(b));
            if da >= 0.0 {
                corners.push((a, on_parallel));
            }
            if (da >= 0.0) != (db >= 0.0) && !on_parallel {
                let meeting = if parallel {
                    meeting_of_parallel(a, b, &inside, da >= 0.0)
                } else {
                    meeting_of_plane(a, b, da, db)
                };
                // What leaves comes back along the cut.
                corners.push((meeting, parallel && da >= 0.0));
            } else if (da >= 0.0) != (db >= 0.0)
                && da >= 0.0
                && let Some(last) = corners.last_mut()
            {
                last.1 = true;
            }
        }
        Self { corners }
    }

    /// The area on the unit sphere, counted from a pole (1 north, -1 south); negative for corners that turn the other way round.
    fn area(&self, pole: f64) -> f64 {
        self.edges()
            .map(|(a, b, on_parallel)| match on_parallel {
                true => pole * (1.0 - pole * a[2]) * turn(a, b),
                false => {
                    let triple = pole * (a[0] * (b[1] - a[1]) - a[1] * (b[0] - a[0]));
                    2.0 * triple.atan2(1.0 + pole * (a[2] + b[2]) + dot(a, b))
                }
            })
            .sum()
    }
}

/// The turn around the axis from one place to another, in radians, the short way.
fn turn(a: Place, b: Place) -> f64 {
    (a[0] * b[1] - a[1] * b[0]).atan2(a[0] * b[0] + a[1] * b[1])
}

fn meeting_of_plane(a: Place, b: Place, da: f64, db: f64) -> Place {
    let part = da / (da - db);
    unit([0, 1, 2].map(|k| a[k] + part * (b[k] - a[k])))
}

/// By bisection of the chord: `inside` rises or falls along the piece.
fn meeting_of_parallel(a: Place, b: Place, inside: &impl Fn(Place) -> f64, starts_inside: bool) -> Place {
    let (mut low, mut high) = (0.0f64, 1.0f64);
    let at = |part: f64| unit([0, 1, 2].map(|k| a[k] + part * (b[k] - a[k])));
    for _ in 0..60 {
        let middle = low.midpoint(high);
        if (inside(at(middle)) >= 0.0) == starts_inside {
            low = middle
        } else {
            high = middle
        }
        if high - low < 1e-16 {
            break;
        }
    }
    at(low.midpoint(high))
}

fn unit(v: Place) -> Place {
    let length = dot(v, v).sqrt();
    v.map(|x| x / length)
}

fn dot(a: Place, b: Place) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Place, b: Place) -> Place {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The cells around points of two dimensions, two at least along each: corners in the middle of four points, beyond the outermost ones as far as inside.
pub(super) fn around_points(points: &[Place], shape: [usize; 2]) -> Vec<Vec<Place>> {
    let [ny, nx] = shape;
    let inner = |k: i64, n: usize| -> (usize, usize, bool) {
        // Outside: as far beyond the first as the second lies inside.
        match k {
            -1 => (0, 1.min(n - 1), true),
            k if k as usize == n => (n - 1, n.saturating_sub(2), true),
            k => (k as usize, k as usize, false),
        }
    };
    let at = |i: i64, j: i64| -> Place {
        let ((i0, i1, beyond_y), (j0, j1, beyond_x)) = (inner(i, ny), inner(j, nx));
        let get = |i: usize, j: usize| points[i * nx + j];
        let across = |i: usize| -> Place {
            let (a, b) = (get(i, j0), get(i, j1));
            if beyond_x { [0, 1, 2].map(|k| 2.0 * a[k] - b[k]) } else { a }
        };
        let (a, b) = (across(i0), across(i1));
        if beyond_y { [0, 1, 2].map(|k| 2.0 * a[k] - b[k]) } else { a }
    };
    let corner = |i: i64, j: i64| -> Place {
        let four = [at(i - 1, j - 1), at(i - 1, j), at(i, j - 1), at(i, j)];
        let found = unit([0, 1, 2].map(|k| four.iter().map(|p| p[k]).sum::<f64>()));
        let is_outer = i == 0 || j == 0 || i as usize == ny || j as usize == nx;
        let nearest = points[(i as usize).min(ny - 1) * nx + (j as usize).min(nx - 1)];
        // What would lie beyond a pole ends there: a cell does not reach to the other side of the world.
        let is_beyond = found[0] * nearest[0] + found[1] * nearest[1] < 0.0 || nearest[2].abs() > 1.0 - 1e-12;
        if is_outer && is_beyond && nearest[2].abs() > 0.5 { [0.0, 0.0, nearest[2].signum()] } else { found }
    };
    let corners: Vec<Place> =
        (0..=ny as i64).flat_map(|i| (0..=nx as i64).map(move |j| (i, j))).map(|(i, j)| corner(i, j)).collect();
    of_corners(&corners, shape)
}

/// The cells between corners, of which there is one more along each dimension.
pub(super) fn of_corners(corners: &[Place], [ny, nx]: [usize; 2]) -> Vec<Vec<Place>> {
    let at = |i: usize, j: usize| corners[i * (nx + 1) + j];
    (0..ny)
        .flat_map(|i| (0..nx).map(move |j| (i, j)))
        .map(|(i, j)| vec![at(i, j), at(i, j + 1), at(i + 1, j + 1), at(i + 1, j)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(step: f64) -> Grid {
        Grid::regular((-90.0, 90.0), (0.0, 360.0), step).unwrap()
    }

    /// Areas that each old cell gives to all new ones.
    fn given(cells: &[Vec<Place>], target: &Grid, step: f64) -> Vec<f64> {
        let rows = overlaps(cells, target).unwrap();
        let n_lon = target.longitudes().len();
        let mut given = vec![0.0; cells.len()];
        for row in 0..rows.n_rows() {
            let lat = target.latitudes()[row / n_lon];
            let sine = |degrees: f64| degrees.to_radians().sin();
            let area = (sine(lat + step / 2.0) - sine(lat - step / 2.0)) * step.to_radians();
            for k in rows.starts[row]..rows.starts[row + 1] {
                given[rows.positions[k] as usize] += rows.weights[k] * area;
            }
        }
        given
    }

    fn excess(a: Place, b: Place, c: Place) -> f64 {
        2.0 * dot(a, cross(b, c)).atan2(1.0 + dot(a, b) + dot(b, c) + dot(c, a))
    }

    #[test]
    fn nothing_of_a_cell_is_lost_wherever_it_lies() {
        let cell = |corners: &[(f64, f64)]| corners.iter().map(|&(lat, lon)| place(lat, lon)).collect::<Vec<Place>>();
        let cells = [
            cell(&[(10.0, 20.0), (12.0, 31.0), (25.0, 29.0), (22.0, 18.0)]),
            cell(&[(-5.0, 350.0), (-7.0, 12.0), (9.0, 15.0), (4.0, 345.0)]),
            // Around a pole, on it, and with edges that bulge over parallels.
            cell(&[(80.0, 0.0), (82.0, 90.0), (79.0, 180.0), (85.0, 270.0)]),
            cell(&[(-80.0, 10.0), (-82.0, 100.0), (-79.0, 190.0), (-85.0, 280.0)]),
            cell(&[(90.0, 0.0), (70.0, 30.0), (72.0, 60.0)]),
            // On it exactly, once and twice, first and in between.
            vec![[0.0, 0.0, 1.0], place(70.0, 30.0), place(72.0, 60.0)],
            vec![[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], place(85.0, 15.0), place(85.0, 5.0)],
            vec![place(-60.0, 0.0), [0.0, 0.0, -1.0], place(-65.0, 120.0)],
            cell(&[(55.0, -40.0), (55.0, 40.0), (61.0, 40.0), (61.0, -40.0)]),
            cell(&[(0.0, 100.0), (0.0, 101.0), (1.0, 101.0), (1.0, 100.0)]),
        ];
        for step in [1.0, 5.0, 30.0, 90.0] {
            let found = given(&cells, &grid(step), step);
            for (k, cell) in cells.iter().enumerate() {
                let expected: f64 =
                    (1..cell.len() - 1).map(|j| excess(cell[0], cell[j], cell[j + 1])).sum::<f64>().abs();
                assert!((found[k] / expected - 1.0).abs() < 1e-8, "cell {k}, step {step}: {} of {expected}", found[k]);
            }
        }
    }

    #[test]
    fn a_cell_around_a_pole_counts_once_wherever_columns_begin() {
        let cell: Vec<Place> =
            [(80.0, 0.0), (82.0, 90.0), (79.0, 180.0), (85.0, 270.0)].map(|(lat, lon)| place(lat, lon)).to_vec();
        let lats: Vec<f64> = (0..18).map(|i| -85.0 + 10.0 * f64::from(i)).collect();
        let area = |lons: Vec<f64>| -> f64 {
            let rows = overlaps(std::slice::from_ref(&cell), &Grid::new(lats.clone(), lons).unwrap()).unwrap();
            assert!(rows.weights.iter().all(|weight| *weight < 1.0), "{:?}", rows.weights);
            rows.weights.iter().sum()
        };
        // Columns that begin at the meridian, and those that lie across it.
        let from_zero = area((0..36).map(|i| 5.0 + 10.0 * f64::from(i)).collect());
        for start in [-180.0, -5.0, 0.0, 3.0] {
            let found = area((0..36).map(|i| start + 10.0 * f64::from(i)).collect());
            assert!((found - from_zero).abs() < 1e-9, "{start}: {found} of {from_zero}");
        }
    }

    #[test]
    fn rows_that_end_at_a_pole_do_not_reach_beyond_it() {
        let lats: Vec<f64> = (0..19).map(|i| 90.0 - 10.0 * f64::from(i)).collect();
        let lons: Vec<f64> = (0..36).map(|i| 10.0 * f64::from(i)).collect();
        let points: Vec<Place> = lats.iter().flat_map(|&lat| lons.iter().map(move |&lon| place(lat, lon))).collect();
        let target = Grid::new((0..18).map(|i| -85.0 + 10.0 * f64::from(i)).collect(), lons.clone()).unwrap();
        let rows = overlaps(&around_points(&points, [19, 36]), &target).unwrap();
        for row in 0..rows.n_rows() {
            let sum: f64 = rows.weights[rows.starts[row]..rows.starts[row + 1]].iter().sum();
            // The outermost corners are taken on in a straight line, which leaves a gap where the columns meet.
            let least = if matches!(row % 36, 0 | 35) { 0.99 } else { 1.0 - 1e-5 };
            assert!((least..1.0 + 1e-5).contains(&sum), "row {row}: {sum}");
        }
    }

    #[test]
    fn cells_that_fill_the_sphere_cover_every_new_cell_once() {
        // A grid whose pole lies elsewhere.
        let pole = super::super::projected::RotatedPole::new(40.0, -30.0);
        let (ny, nx) = (18, 36);
        let corners: Vec<Place> = (0..=ny)
            .flat_map(|i| (0..=nx).map(move |j| (i, j)))
            .map(|(i, j)| {
                let (lat, lon) = pole.to_geographic(-90.0 + 10.0 * i as f64, 10.0 * j as f64);
                place(lat, lon)
            })
            .collect();
        let rows = overlaps(&of_corners(&corners, [ny, nx]), &grid(7.5)).unwrap();
        for row in 0..rows.n_rows() {
            let sum: f64 = rows.weights[rows.starts[row]..rows.starts[row + 1]].iter().sum();
            // Where a corner of old cells stands on the pole itself, rounding loses about a millionth of the cells beside it.
            assert!((sum - 1.0).abs() < 1e-5, "cell {row}: {sum}");
        }
    }

    #[test]
    fn corners_stand_between_points() {
        let points: Vec<Place> = (0..3).flat_map(|i| (0..4).map(move |j| place(f64::from(i), f64::from(j)))).collect();
        let cells = around_points(&points, [3, 4]);
        let first = &cells[0];
        assert_eq!(cells.len(), 12);
        for (corner, (lat, lon)) in first.iter().zip([(-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5)]) {
            let expected = place(lat, lon);
            assert!((0..3).all(|k| (corner[k] - expected[k]).abs() < 1e-4), "{corner:?} is not {expected:?}");
        }
    }
}
