//! Curves through all values of a line: splines of any degree, pieces of third degree by their slopes, one polynomial.
use super::interpolate::Method;
use super::slopes::{akima, makima, not_a_knot, pchip};

/// What is known of curves from their labels alone, which many lines share.
pub(super) struct Curves {
    /// Ascending.
    x: Vec<f64>,
    /// Whether values stand the other way round.
    turned: bool,
    kind: Kind,
}

enum Kind {
    /// Pieces of third degree with slopes that the values give.
    Hermite(fn(&[f64], &[f64]) -> Vec<f64>),
    /// Sums of B-splines.
    Spline(Basis),
    /// One polynomial, by the weights of its second barycentric form (Berrut and Trefethen, 2004, SIAM Rev. 46, 501-517).
    Polynomial(Vec<f64>),
}

/// The curve through the values of one line.
pub(super) struct Curve<'a> {
    curves: &'a Curves,
    y: Vec<f64>,
    /// Slopes at the labels, or coefficients of B-splines.
    own: Vec<f64>,
}

impl Curves {
    /// `None` for methods that look at the neighbours of a place only.
    pub(super) fn new(method: Method, labels: &[f64]) -> Option<Self> {
        let mut x = labels.to_vec();
        let turned = x.len() > 1 && x[0] > x[x.len() - 1];
        if turned {
            x.reverse();
        }
        let kind = match method {
            Method::Linear | Method::Nearest | Method::Previous | Method::Spline(0) => return None,
            Method::Cubic => Kind::Hermite(not_a_knot),
            Method::Pchip => Kind::Hermite(pchip),
            Method::Akima => Kind::Hermite(akima),
            Method::Makima => Kind::Hermite(makima),
            Method::Quadratic => Kind::Spline(Basis::new(&x, 2)),
            Method::Spline(degree) => Kind::Spline(Basis::new(&x, usize::from(degree))),
            Method::Polynomial => Kind::Polynomial(barycentric(&x)),
        };
        Some(Self { x, turned, kind })
    }

    pub(super) fn through(&self, values: &[f64]) -> Curve<'_> {
        let mut y = values.to_vec();
        if self.turned {
            y.reverse();
        }
        let own = match &self.kind {
            Kind::Hermite(slopes) => slopes(&self.x, &y),
            Kind::Spline(basis) => basis.coefficients(&y),
            Kind::Polynomial(_) => Vec::new(),
        };
        Curve { curves: self, y, own }
    }
}

impl Curve<'_> {
    /// The value at a place; beyond the ends the outermost piece goes on.
    pub(super) fn at(&self, place: f64) -> f64 {
        let x = &self.curves.x;
        let n = x.len();
        if n < 2 {
            return self.y.first().copied().unwrap_or(f64::NAN);
        }
        match &self.curves.kind {
            Kind::Hermite(_) => {
                let i = x.partition_point(|&x| x <= place).clamp(1, n - 1) - 1;
                let h = x[i + 1] - x[i];
                let t = place - x[i];
                let secant = (self.y[i + 1] - self.y[i]) / h;
                let c = (3.0 * secant - 2.0 * self.own[i] - self.own[i + 1]) / h;
                let d = (self.own[i] + self.own[i + 1] - 2.0 * secant) / (h * h);
                self.y[i] + t * (self.own[i] + t * (c + t * d))
            }
            Kind::Spline(basis) => {
                let (first, values) = basis.at(place);
                values.iter().zip(&self.own[first..]).map(|(b, c)| b * c).sum()
            }
            Kind::Polynomial(weights) => {
                let (mut above, mut below) = (0.0, 0.0);
                for ((&x, &y), &weight) in x.iter().zip(&self.y).zip(weights) {
                    if place == x {
                        return y;
                    }
                    let part = weight / (place - x);
                    above += part * y;
                    below += part;
                }
                above / below
            }
        }
    }
}

/// B-splines of a degree over knots that scipy's `make_interp_spline` takes: labels without the first and last few (odd degrees, so that the
/// outermost pieces are one polynomial: "not-a-knot"), or the middles between them (even degrees).
struct Basis {
    degree: usize,
    knots: Vec<f64>,
    /// The values of B-splines at the labels, `2 degree + 1` around the diagonal, as lower and upper triangles: no rows need to be exchanged, since
    /// all minors are positive or zero (de Boor, 2001, A Practical Guide to Splines, ch. XIII).
    factors: Vec<Vec<f64>>,
}

impl Basis {
    /// Of a lower degree if there are too few labels.
    fn new(x: &[f64], degree: usize) -> Self {
        let n = x.len();
        let k = degree.min(n.saturating_sub(1));
        let (Some(&first), Some(&last)) = (x.first(), x.last()) else {
            return Self { degree: 0, knots: Vec::new(), factors: Vec::new() };
        };
        let mut knots = vec![first; k + 1];
        if k % 2 == 1 {
            knots.extend_from_slice(&x[k.div_ceil(2)..n - k.div_ceil(2)]);
        } else {
            let middles: Vec<f64> = x.windows(2).map(|pair| pair[0].midpoint(pair[1])).collect();
            knots.extend_from_slice(&middles[k / 2..n - 1 - k / 2]);
        }
        knots.extend(vec![last; k + 1]);
        let mut basis = Self { degree: k, knots, factors: Vec::new() };
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(n);
        for (i, &place) in x.iter().enumerate() {
            let (start, values) = basis.at(place);
            let mut row = vec![0.0; 2 * k + 1];
            values.iter().enumerate().for_each(|(j, value)| row[start + j + k - i] = *value);
            rows.push(row);
        }
        for i in 0..n {
            for below in i + 1..(i + k + 1).min(n) {
                let factor = rows[below][i + k - below] / rows[i][k];
                for column in i + 1..(i + k + 1).min(n) {
                    let above = rows[i][column + k - i];
                    rows[below][column + k - below] -= factor * above;
                }
                rows[below][i + k - below] = factor;
            }
        }
        basis.factors = rows;
        basis
    }

    /// The first of the B-splines that are not zero at a place, and the values of these `degree + 1` (Cox and de Boor's recursion).
    fn at(&self, place: f64) -> (usize, Vec<f64>) {
        let (k, t) = (self.degree, &self.knots);
        let last = t.len() - k - 2;
        let j = t.partition_point(|&knot| knot <= place).saturating_sub(1).clamp(k, last);
        let mut values = vec![0.0; k + 1];
        values[0] = 1.0;
        for degree in 1..=k {
            let mut carried = 0.0;
            for r in 0..degree {
                let (low, high) = (t[j + 1 + r - degree], t[j + 1 + r]);
                let part = if high > low { values[r] / (high - low) } else { 0.0 };
                values[r] = carried + (high - place) * part;
                carried = (place - low) * part;
            }
            values[degree] = carried;
        }
        (j - k, values)
    }

    fn coefficients(&self, y: &[f64]) -> Vec<f64> {
        let (k, n) = (self.degree, y.len());
        let mut c = y.to_vec();
        for i in 0..n {
            for j in i.saturating_sub(k)..i {
                c[i] -= self.factors[i][j + k - i] * c[j];
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..(i + k + 1).min(n) {
                c[i] -= self.factors[i][j + k - i] * c[j];
            }
            c[i] /= self.factors[i][k];
        }
        c
    }
}

/// 1 / Π(x_j - x_k), with distances in quarters of the whole length, so that products neither vanish nor grow beyond measure.
fn barycentric(x: &[f64]) -> Vec<f64> {
    let span = match (x.first(), x.last()) {
        (Some(a), Some(b)) if b > a => (b - a) / 4.0,
        _ => 1.0,
    };
    (0..x.len())
        .map(|j| 1.0 / (0..x.len()).filter(|&k| k != j).map(|k| (x[j] - x[k]) / span).product::<f64>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_meet_their_values_and_splines_hold_polynomials_of_their_degree() {
        let x = [0.0, 1.0, 2.5, 3.0, 4.5, 6.0, 6.5];
        for (method, degree) in [
            (Method::Quadratic, 2),
            (Method::Cubic, 3),
            (Method::Spline(1), 1),
            (Method::Spline(3), 3),
            (Method::Spline(4), 4),
            (Method::Spline(5), 5),
            (Method::Polynomial, 6),
            (Method::Pchip, 1),
            (Method::Akima, 2),
            (Method::Makima, 1),
        ] {
            let of = |x: f64| (0..=degree).map(|p| (f64::from(p) - 1.5) * x.powi(p)).sum::<f64>();
            for labels in [x.to_vec(), x.iter().rev().copied().collect()] {
                let values: Vec<f64> = labels.iter().map(|&x| of(x)).collect();
                let curves = Curves::new(method, &labels).unwrap();
                let curve = curves.through(&values);
                for place in [0.0, 0.4, 1.0, 2.0, 3.0, 5.9, 6.5] {
                    let tolerance =
                        if method == Method::Akima { f64::INFINITY } else { 1e-9 * of(place).abs().max(1.0) };
                    let (found, expected) = (curve.at(place), of(place));
                    assert!((found - expected).abs() <= tolerance, "{method:?} at {place}: {found}, not {expected}");
                    if x.contains(&place) {
                        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{method:?} at {place}");
                    }
                }
            }
        }
    }

    #[test]
    fn two_ways_to_the_cubic_spline_agree() {
        let x: Vec<f64> = (0..20).map(|i| f64::from(i) + 0.3 * f64::from(i % 3)).collect();
        let y: Vec<f64> = (0..20).map(|i| f64::from(i * 7919 % 31)).collect();
        let (a, b) = (Curves::new(Method::Cubic, &x).unwrap(), Curves::new(Method::Spline(3), &x).unwrap());
        let (a, b) = (a.through(&y), b.through(&y));
        for step in -5..200 {
            let place = f64::from(step) / 10.0;
            assert!((a.at(place) - b.at(place)).abs() < 1e-8, "at {place}: {} and {}", a.at(place), b.at(place));
        }
    }

    #[test]
    fn few_values_give_curves_of_lower_degree() {
        for method in
            [Method::Quadratic, Method::Spline(5), Method::Polynomial, Method::Pchip, Method::Akima, Method::Cubic]
        {
            let one = Curves::new(method, &[2.0]).unwrap();
            assert_eq!(one.through(&[7.0]).at(2.0), 7.0, "{method:?}");
            let two = Curves::new(method, &[2.0, 4.0]).unwrap();
            assert!((two.through(&[7.0, 8.0]).at(3.0) - 7.5).abs() < 1e-12, "{method:?}");
            let none = Curves::new(method, &[]).unwrap();
            assert!(none.through(&[]).at(3.0).is_nan(), "{method:?}");
        }
    }
}
