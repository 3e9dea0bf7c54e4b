//! Nice steps between ticks, and how numbers are written.

/// Steps of 1, 2, 2.5 and 5 times powers of ten, from the first that is at least `least`.
pub(crate) fn nice_steps(least: f64) -> impl Iterator<Item = f64> {
    let decade = least.max(f64::MIN_POSITIVE).log10().floor() as i32;
    (decade..decade + 4)
        .flat_map(|power| [1.0, 2.0, 2.5, 5.0].map(move |mantissa| scaled(mantissa, power)))
        .filter(move |step| *step >= least * (1.0 - 1e-9))
}

/// `mantissa * 10^power`, exact for what a decimal literal would be.
pub(crate) fn scaled(mantissa: f64, power: i32) -> f64 {
    format!("{mantissa}e{power}").parse().unwrap_or(mantissa * 10f64.powi(power))
}

/// Decimals that write multiples of `step` apart.
pub(crate) fn decimals_for(step: f64) -> usize {
    (0..15)
        .find(|decimals| {
            let shifted = step * 10f64.powi(*decimals);
            (shifted - shifted.round()).abs() < 1e-6 * shifted.max(1e-6)
        })
        .unwrap_or(15) as usize
}

/// A number with so many decimals and a true minus sign.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| matches!(c, '0' | '.')) => digits.to_owned(),
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

/// "×10⁵".
pub(crate) fn power_of_ten(exponent: i32) -> String {
    let digits: String = exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            other => char::from_u32('⁰' as u32 + other as u32 - '0' as u32).unwrap_or(other),
        })
        .collect();
    format!("×10{digits}")
}

/// A number with at most `digits` significant digits, as a title shows it.
pub(crate) fn rounded(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let power = value.abs().log10().floor() as i32;
    if !(-5..15).contains(&power) {
        return format!("{value:.*e}", digits.saturating_sub(1));
    }
    let decimals = (digits as i32 - 1 - power).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_numbers() {
        assert_eq!(nice_steps(0.03).take(4).collect::<Vec<_>>(), [0.05, 0.1, 0.2, 0.25]);
        assert_eq!([1.0, 0.5, 0.25, 20.0, 0.002].map(decimals_for), [0, 1, 2, 0, 3]);
        assert_eq!(fixed(-0.25, 2), "\u{2212}0.25");
        assert_eq!(fixed(-0.001, 1), "0.0");
        assert_eq!(power_of_ten(-15), "×10⁻¹⁵");
        assert_eq!(
            [rounded(2.5, 4), rounded(-101_325.0, 4), rounded(1e-9, 3), rounded(0.0, 3)],
            ["2.5", "-101325", "1.00e-9", "0"]
        );
    }
}
