//! Weights for the points of a new grid, wherever those lie on the old one.
use std::sync::Arc;

use super::cells::{around_points, overlaps, place};
use super::grid::Grid;
use super::regridder::{Kind, RegridMethod, Regridder, labelled};
use super::weights::{Axis, Rows};
use crate::base::{Error, Result};
use crate::data::index::SphereIndex;
use crate::data::points_on_grid::grid;
use crate::data::{Coords, DataArray};

/// Rows for points given by places on two axes, the outer one first.
pub(super) fn on_axes(outer: &Axis, inner: &Axis, points: &[(f64, f64)], method: RegridMethod) -> Result<Rows> {
    let n_inner = inner.labels.len();
    let mut rows = Rows::new();
    for &(y, x) in points {
        match method {
            RegridMethod::Nearest => {
                rows.push(outer.nearest(y).zip(inner.nearest(x)).map(|(i, j)| ((i * n_inner + j) as u32, 1.0)))
            }
            RegridMethod::Bilinear => {
                let Some(((i0, i1, v), (j0, j1, u))) = outer.between(y).zip(inner.between(x)) else {
                    rows.push([]);
                    continue;
                };
                let corner = |i: usize, j: usize, weight: f64| ((i * n_inner + j) as u32, weight);
                let mut entries = vec![corner(i0, j0, (1.0 - v) * (1.0 - u))];
                if j1 != j0 {
                    entries.push(corner(i0, j1, (1.0 - v) * u));
                }
                if i1 != i0 {
                    entries.push(corner(i1, j0, v * (1.0 - u)));
                }
                if i1 != i0 && j1 != j0 {
                    entries.push(corner(i1, j1, v * u));
                }
                rows.push(entries);
            }
            RegridMethod::Conservative => return Err(no_cells()),
        }
    }
    Ok(rows)
}

pub(super) fn no_cells() -> Error {
    Error::unsupported("conservative regridding needs new cells between parallels and meridians")
        .hint("use bilinear or nearest here, or regrid to a `Grid` of latitudes and longitudes")
}

impl Regridder {
    /// Weights from a grid whose latitudes and longitudes are coordinates of two dimensions (an ocean model's, a swath's) to a grid of axes:
    /// bilinear within the old cell of four points around each new one, the nearest point, or conservative: by the areas that old cells, whose corners
    /// stand in the middle of four points and are joined by great circles, share with new ones (see [`Regridder::from_bounds`] for corners that are
    /// known; a point without a place takes the cells around it away). New points outside of all old cells are missing.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, RegridMethod, Regridder};
    /// let plane = |values: Vec<f64>| DataArray::from_vec(["y", "x"], &[2, 2], values);
    /// let t = plane(vec![0.0, 1.0, 2.0, 3.0])
    ///     .assign_coords([("lat", &plane(vec![0.0, 0.0, 1.0, 1.0])), ("lon", &plane(vec![0.0, 1.0, 0.0, 1.0]))]);
    /// let to_points = Regridder::from_curvilinear(&t, &Grid::new(vec![0.5], vec![0.5, 7.0])?, RegridMethod::Bilinear)?;
    /// let found = to_points.apply(&t).to_f64()?;
    /// assert!((found[0] - 1.5).abs() < 1e-4 && found[1].is_nan());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are no such coordinates, or fewer than two points along a dimension whose cells are wanted.
    #[track_caller]
    pub fn from_curvilinear(source: &DataArray, target: &Grid, method: RegridMethod) -> Result<Self> {
        let (lat, lon) = grid(source)?;
        let shape = [lat.variable().shape()[0], lat.variable().shape()[1]];
        let from = [0, 1].map(|k| (lat.variable().dims().name(k).to_string(), shape[k]));
        let to = [("lat", target.latitudes()), ("lon", target.longitudes())];
        if method == RegridMethod::Conservative {
            let (lats, lons) = (lat.values()?.to_f64()?, lon.values()?.to_f64()?);
            let points: Vec<_> = lats.iter().zip(&lons).map(|(&lat, &lon)| place(lat, lon)).collect();
            if shape.iter().any(|n| *n < 2) {
                let dims = lat.variable().dims().iter().collect::<Vec<_>>().join("` and `");
                let message =
                    format!("cells around points need two points at least along `{dims}`, here are {shape:?}");
                return Err(Error::invalid(message).hint("give the corners with `Regridder::from_bounds`"));
            }
            let rows = overlaps(&around_points(&points, shape.map(|n| n as usize)), target)?;
            return Self::of_cells(method, from, rows, to);
        }
        let mesh = Mesh::new(lat.values()?.to_f64()?, lon.values()?.to_f64()?, [shape[0] as usize, shape[1] as usize])?;
        let mut rows = Rows::new();
        for &lat in target.latitudes() {
            for &lon in target.longitudes() {
                match method {
                    RegridMethod::Nearest => rows.push(mesh.nearest(lat, lon).map(|at| (at as u32, 1.0))),
                    RegridMethod::Bilinear => rows.push(mesh.within(lat, lon).into_iter().flatten()),
                    RegridMethod::Conservative => return Err(no_cells()),
                }
            }
        }
        Self::of_cells(method, from, rows, to)
    }

    /// Conservative weights from cells of any shape, given by the latitudes and longitudes of their corners: two dimensions of the grid, then one of
    /// corners in their order around each cell (CF's `bounds`, `lat_vertices`). Corners are joined by great circles. Cells with a corner that is
    /// missing give nothing. Computes the corners (xESMF's `conservative` with `lat_b`, `lon_b`; CDO's `remapcon`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid, Regridder};
    /// let corners = |values: Vec<f64>| DataArray::from_vec(["y", "x", "corner"], &[1, 2, 4], values);
    /// let lats = corners(vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
    /// let lons = corners(vec![0.0, 1.0, 1.0, 0.0, 1.0, 2.0, 2.0, 1.0]);
    /// let regridder = Regridder::from_bounds(&lats, &lons, &Grid::new(vec![0.25, 0.75], vec![1.0])?)?;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 3.0]);
    /// assert!((regridder.apply(&t).isel("lat", 0).item()? - 2.0).abs() < 1e-9);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the two have not the same three dimensions.
    #[track_caller]
    pub fn from_bounds(latitudes: &DataArray, longitudes: &DataArray, target: &Grid) -> Result<Self> {
        let (lats, lons) = (latitudes.clone().checked()?, longitudes.clone().checked()?);
        if lats.dims().len() != 3 || lats.dims() != lons.dims() || lats.shape() != lons.shape() {
            let message = format!("corners over {:?} and {:?}", lats.dims(), lons.dims());
            return Err(Error::mismatch(message)
                .hint("give both over the two dimensions of the grid and one of corners, the last"));
        }
        let n_corners = lats.shape()[2] as usize;
        if n_corners < 3 {
            return Err(Error::invalid(format!("cells of {n_corners} corners")).hint("a cell has three at least"));
        }
        let (lats_of, lons_of) = (lats.to_f64()?, lons.to_f64()?);
        let places: Vec<_> = lats_of.iter().zip(&lons_of).map(|(&lat, &lon)| place(lat, lon)).collect();
        let cells: Vec<Vec<_>> = places.chunks_exact(n_corners).map(<[_]>::to_vec).collect();
        let rows = overlaps(&cells, target)?;
        let from = [0, 1].map(|k| (lats.dims().name(k).to_string(), lats.shape()[k]));
        let to = [("lat", target.latitudes()), ("lon", target.longitudes())];
        Self::of_cells(RegridMethod::Conservative, from, rows, to)
    }

    /// Weights over both dimensions of a grid.
    #[track_caller]
    pub(super) fn of_cells(
        method: RegridMethod,
        from: [(String, u64); 2],
        rows: Rows,
        to: [(&str, &[f64]); 2],
    ) -> Result<Self> {
        let mut coords = Coords::default();
        for (name, labels) in to {
            coords.set(labelled(name, labels, None)?);
        }
        let to = to.map(|(name, labels)| (name.to_owned(), labels.len() as u64));
        Ok(Self { method, covered: 0.0, kind: Kind::Cells { from, to, rows: Arc::new(rows) }, coords })
    }
}

/// Points of two dimensions whose neighbours make cells.
struct Mesh {
    lats: Vec<f64>,
    lons: Vec<f64>,
    shape: [usize; 2],
    index: SphereIndex,
}

impl Mesh {
    #[track_caller]
    fn new(lats: Vec<f64>, lons: Vec<f64>, shape: [usize; 2]) -> Result<Self> {
        let index = SphereIndex::new(&lats, &lons)?;
        Ok(Self { lats, lons, shape, index })
    }

    /// The nearest point, unless the place lies further from it than half a cell's diagonal.
    fn nearest(&self, lat: f64, lon: f64) -> Option<usize> {
        let (at, distance) = self.index.nearest(lat, lon)?;
        let at = at as usize;
        let (i, j) = (at / self.shape[1], at % self.shape[1]);
        let around = [(i.wrapping_sub(1), j), (i + 1, j), (i, j.wrapping_sub(1)), (i, j + 1)];
        let far = around
            .into_iter()
            .filter(|(i, j)| *i < self.shape[0] && *j < self.shape[1])
            .map(|(i, j)| self.degrees(at, i * self.shape[1] + j))
            .fold(0.0f64, f64::max);
        (distance <= 0.75 * far).then_some(at)
    }

    fn degrees(&self, a: usize, b: usize) -> f64 {
        let (p, q) = (self.plane(a, self.lats[b], self.lons[b]), 0.0);
        p.map_or(q, |(x, y)| x.hypot(y).atan().to_degrees())
    }

    /// A point on the plane that touches the sphere at a place (gnomonic: great circles are straight lines there); `None` on the far side.
    fn plane(&self, point: usize, lat: f64, lon: f64) -> Option<(f64, f64)> {
        let (slat, clat) = lat.to_radians().sin_cos();
        let (sphi, cphi) = self.lats[point].to_radians().sin_cos();
        let (sdelta, cdelta) = (self.lons[point] - lon).to_radians().sin_cos();
        let cosine = slat * sphi + clat * cphi * cdelta;
        (cosine > 0.05).then(|| (cphi * sdelta / cosine, (clat * sphi - slat * cphi * cdelta) / cosine))
    }

    /// The four points of the cell around a place and their weights.
    fn within(&self, lat: f64, lon: f64) -> Option<[(u32, f64); 4]> {
        for (near, _) in self.index.nearest_few(lat, lon, 4) {
            let (i, j) = (near as usize / self.shape[1], near as usize % self.shape[1]);
            for (di, dj) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let (Some(i), Some(j)) = (i.checked_sub(di), j.checked_sub(dj)) else { continue };
                if i + 1 >= self.shape[0] || j + 1 >= self.shape[1] {
                    continue;
                }
                let corners = [(i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)].map(|(i, j)| i * self.shape[1] + j);
                let Some(plane) = corners.iter().map(|&k| self.plane(k, lat, lon)).collect::<Option<Vec<_>>>() else {
                    continue;
                };
                if let Some((u, v)) = inverse_bilinear(&plane) {
                    let weights = [(1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v];
                    return Some([0, 1, 2, 3].map(|k| (corners[k] as u32, weights[k])));
                }
            }
        }
        None
    }
}

/// Where the origin lies between four points of a plane, (0,0) (1,0) (0,1) (1,1) in their own measure, by Newton's method; `None` outside.
fn inverse_bilinear(p: &[(f64, f64)]) -> Option<(f64, f64)> {
    let (mut u, mut v) = (0.5, 0.5);
    for _ in 0..30 {
        let at = |f: fn(&(f64, f64)) -> f64| {
            let (a, b, c, d) = (f(&p[0]), f(&p[1]), f(&p[2]), f(&p[3]));
            let value = a * (1.0 - u) * (1.0 - v) + b * u * (1.0 - v) + c * (1.0 - u) * v + d * u * v;
            (value, (b - a) * (1.0 - v) + (d - c) * v, (c - a) * (1.0 - u) + (d - b) * u)
        };
        let ((x, xu, xv), (y, yu, yv)) = (at(|p| p.0), at(|p| p.1));
        let det = xu * yv - xv * yu;
        if det.abs() < 1e-300 {
            return None;
        }
        let (du, dv) = ((x * yv - y * xv) / det, (y * xu - x * yu) / det);
        u -= du;
        v -= dv;
        if du.abs() + dv.abs() < 1e-14 {
            break;
        }
        if !(u.abs() < 1e3 && v.abs() < 1e3) {
            return None;
        }
    }
    const SLACK: f64 = 1e-9;
    let inside = |w: f64| (-SLACK..=1.0 + SLACK).contains(&w);
    (inside(u) && inside(v)).then(|| (u.clamp(0.0, 1.0), v.clamp(0.0, 1.0)))
}
