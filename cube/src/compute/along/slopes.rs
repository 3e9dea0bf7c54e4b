//! Slopes of curves of third degree at ascending labels, as scipy has them.

/// Of the spline whose second derivative is continuous and whose first and last two pieces are one polynomial each (not-a-knot).
pub(super) fn not_a_knot(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let h = distances(x);
    let secant = secants(&h, y);
    match n {
        0 | 1 => return vec![0.0; n],
        2 => return vec![secant[0]; 2],
        // Three points: a parabola.
        3 => {
            let bend = (secant[1] - secant[0]) / (x[2] - x[0]);
            return vec![secant[0] - bend * h[0], secant[0] + bend * h[0], secant[1] + bend * h[1]];
        }
        _ => {}
    }
    // Tridiagonal system for the slopes; the ends say that the third derivative is continuous at the second and last but one knot.
    let (mut low, mut middle, mut high, mut right) = (vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let d = x[2] - x[0];
    (middle[0], high[0]) = (h[1], d);
    right[0] = ((h[0] + 2.0 * d) * h[1] * secant[0] + h[0] * h[0] * secant[1]) / d;
    for i in 1..n - 1 {
        (low[i], middle[i], high[i]) = (h[i], 2.0 * (h[i - 1] + h[i]), h[i - 1]);
        right[i] = 3.0 * (h[i] * secant[i - 1] + h[i - 1] * secant[i]);
    }
    let d = x[n - 1] - x[n - 3];
    (low[n - 1], middle[n - 1]) = (d, h[n - 3]);
    right[n - 1] = (h[n - 2] * h[n - 2] * secant[n - 3] + (2.0 * d + h[n - 2]) * h[n - 3] * secant[n - 2]) / d;
    for i in 1..n {
        let factor = low[i] / middle[i - 1];
        middle[i] -= factor * high[i - 1];
        right[i] -= factor * right[i - 1];
    }
    let mut slope = right;
    slope[n - 1] /= middle[n - 1];
    for i in (0..n - 1).rev() {
        slope[i] = (slope[i] - high[i] * slope[i + 1]) / middle[i];
    }
    slope
}

/// Of curves that never overshoot (Fritsch and Butland, 1984, SIAM J. Sci. Stat. Comput. 5, 300-304): weighted harmonic means of the secants, 0 where
/// these change their sign.
pub(super) fn pchip(x: &[f64], y: &[f64]) -> Vec<f64> {
    let h = distances(x);
    let m = secants(&h, y);
    let n = x.len();
    if n < 3 {
        return vec![m.first().copied().unwrap_or(0.0); n];
    }
    let mut slopes = vec![0.0; n];
    for i in 1..n - 1 {
        let (a, b) = (m[i - 1], m[i]);
        slopes[i] = if a * b > 0.0 {
            let (w1, w2) = (2.0 * h[i] + h[i - 1], h[i] + 2.0 * h[i - 1]);
            (w1 + w2) / (w1 / a + w2 / b)
        } else if (a * b).is_nan() {
            f64::NAN
        } else {
            0.0
        };
    }
    let end = |h0: f64, h1: f64, m0: f64, m1: f64| {
        let d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1);
        if d * m0 <= 0.0 {
            0.0
        } else if m0 * m1 <= 0.0 && d.abs() > 3.0 * m0.abs() {
            3.0 * m0
        } else {
            d
        }
    };
    slopes[0] = end(h[0], h[1], m[0], m[1]);
    slopes[n - 1] = end(h[n - 2], h[n - 3], m[n - 2], m[n - 3]);
    slopes
}

/// Means of the secants on both sides, each weighted with how much they change on the other (Akima, 1970, J. ACM 17, 589-602).
pub(super) fn akima(x: &[f64], y: &[f64]) -> Vec<f64> {
    weighted_by_change(x, y, 0.0)
}

/// As [`akima`], with weights that leave flat parts flat (MATLAB's `makima`).
pub(super) fn makima(x: &[f64], y: &[f64]) -> Vec<f64> {
    weighted_by_change(x, y, 0.5)
}

fn weighted_by_change(x: &[f64], y: &[f64], flatness: f64) -> Vec<f64> {
    let n = x.len();
    let inner = secants(&distances(x), y);
    if n < 3 {
        return vec![inner.first().copied().unwrap_or(0.0); n];
    }
    // Two secants more at each end, on parabolas.
    let before = 2.0 * inner[0] - inner[1];
    let after = 2.0 * inner[n - 2] - inner[n - 3];
    let mut m = vec![2.0 * before - inner[0], before];
    m.extend_from_slice(&inner);
    m.extend([after, 2.0 * after - inner[n - 2]]);
    let weight: Vec<f64> = m.windows(2).map(|m| (m[1] - m[0]).abs() + flatness * (m[1] + m[0]).abs()).collect();
    let both = |i: usize| weight[i] + weight[i + 2];
    let least = 1e-9 * (0..n).map(both).fold(0.0, f64::max);
    (0..n)
        .map(|i| match both(i) {
            sum if sum > least => m[i + 1] + weight[i] / sum * (m[i + 2] - m[i + 1]),
            _ => f64::midpoint(m[i], m[i + 3]),
        })
        .collect()
}

fn distances(x: &[f64]) -> Vec<f64> {
    x.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn secants(h: &[f64], y: &[f64]) -> Vec<f64> {
    h.iter().zip(y.windows(2)).map(|(h, pair)| (pair[1] - pair[0]) / h).collect()
}
