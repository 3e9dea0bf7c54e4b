//! Lines along which a field has one value, and the field between its points.
//!
//! Why not the crate `contour`: it closes contours around missing values, where nothing is known.

/// Pieces of the lines on which values over a grid of points reach `level`, in the units of the axes (marching squares; saddles by the mean of
/// their corners). There are none beside missing values. `values[row * x.len() + column]`.
pub(crate) fn isolines(x: &[f64], y: &[f64], values: &[f64], level: f64) -> Vec<[(f64, f64); 2]> {
    let n = x.len();
    let mut pieces = Vec::new();
    for i in 0..y.len().saturating_sub(1) {
        for j in 0..n.saturating_sub(1) {
            // Around the cell: each corner with the next makes an edge.
            let corners = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)];
            let Some(held) = corners
                .iter()
                .map(|&(i, j)| values.get(i * n + j).copied().filter(|value| value.is_finite()))
                .collect::<Option<Vec<f64>>>()
            else {
                continue;
            };
            let crossing = |k: usize| {
                let next = (k + 1) % 4;
                let (a, b) = (held[k], held[next]);
                ((a >= level) != (b >= level)).then(|| {
                    let part = (level - a) / (b - a);
                    let at = |(i, j): (usize, usize)| (x[j], y[i]);
                    let (from, to) = (at(corners[k]), at(corners[next]));
                    (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1))
                })
            };
            let crossings: Vec<(f64, f64)> = (0..4).filter_map(crossing).collect();
            match crossings.as_slice() {
                [a, b] => pieces.push([*a, *b]),
                [a, b, c, d] => {
                    let middle = held.iter().sum::<f64>() / 4.0;
                    // Whether the first corner and the middle lie on one side: then the lines cut off the corners beside it.
                    if (middle >= level) == (held[0] >= level) {
                        pieces.extend([[*a, *b], [*c, *d]]);
                    } else {
                        pieces.extend([[*d, *a], [*b, *c]]);
                    }
                }
                _ => {}
            }
        }
    }
    pieces
}

/// The field at other places between its points, linear along both axes; missing outside, and beside missing values.
pub(crate) fn between_points(x: &[f64], y: &[f64], values: &[f64], at_x: &[f64], at_y: &[f64]) -> Vec<f64> {
    let columns: Vec<Option<(usize, f64)>> = at_x.iter().map(|&place| piece(x, place)).collect();
    let n = x.len();
    let mut fine = Vec::with_capacity(at_x.len() * at_y.len());
    for &place in at_y {
        let row = piece(y, place);
        for column in &columns {
            fine.push(match (row, column) {
                (Some((i, v)), Some((j, u))) => {
                    let at = |i: usize, j: usize| values.get(i * n + j).copied().unwrap_or(f64::NAN);
                    let along = |i: usize| at(i, *j) * (1.0 - u) + at(i, j + 1) * u;
                    along(i) * (1.0 - v) + along(i + 1) * v
                }
                _ => f64::NAN,
            });
        }
    }
    fine
}

/// The stretch of an axis in which a place lies, and how far it is on the way along it.
fn piece(labels: &[f64], place: f64) -> Option<(usize, f64)> {
    let n = labels.len();
    let rising = labels.first() <= labels.last();
    let after = labels.partition_point(|label| if rising { *label < place } else { *label > place });
    let k = after.saturating_sub(1).min(n.checked_sub(2)?);
    let part = (place - labels[k]) / (labels[k + 1] - labels[k]);
    (-1e-9..=1.0 + 1e-9).contains(&part).then(|| (k, part.clamp(0.0, 1.0)))
}

/// About `n` round numbers between two ends.
pub(crate) fn levels(low: f64, high: f64, n: usize) -> Vec<f64> {
    let rough = (high - low) / n.clamp(1, 200) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough * 0.999).unwrap_or(rough);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).take(1000).map(|k| k as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_where_values_reach_the_level() {
        let (x, y) = ([0.0, 1.0, 2.0], [0.0, 10.0]);
        let pieces = isolines(&x, &y, &[0.0, 1.0, 2.0, 0.0, 1.0, 2.0], 0.5);
        assert_eq!(pieces, [[(0.5, 0.0), (0.5, 10.0)]]);
        assert!(
            isolines(&x, &y, &[0.0, f64::NAN, 2.0, 0.0, 1.0, 2.0], 0.5).is_empty(),
            "nothing beside a missing value"
        );
        // A saddle whose middle is low: two corners are cut off.
        let saddle = isolines(&[0.0, 1.0], &[0.0, 1.0], &[1.0, 0.0, 0.0, 1.0], 0.75);
        assert_eq!(saddle.len(), 2);
        for [a, b] in saddle {
            let near = |p: (f64, f64), q: (f64, f64)| (p.0 - q.0).abs() + (p.1 - q.1).abs() < 0.6;
            assert!([(0.0, 0.0), (1.0, 1.0)].iter().any(|corner| near(a, *corner) && near(b, *corner)), "{a:?} {b:?}");
        }
    }

    #[test]
    fn fields_are_linear_between_points_and_levels_round() {
        let fine = between_points(&[0.0, 2.0], &[5.0, 3.0], &[0.0, 4.0, 2.0, 6.0], &[-1.0, 0.0, 1.0, 2.0], &[5.0, 4.0]);
        assert!(fine[0].is_nan() && fine[4].is_nan());
        assert_eq!(fine[1..4], [0.0, 2.0, 4.0]);
        assert_eq!(fine[5..8], [1.0, 3.0, 5.0]);
        assert_eq!(levels(0.3, 9.9, 5), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(levels(-1.0, 1.0, 4), [-1.0, -0.5, 0.0, 0.5, 1.0]);
    }
}
