//! How sizes, numbers and long texts are written.

/// Bytes as xarray writes them: "8B", "240B", "1kB", "2GB" (powers of 1000, no decimals).
pub(crate) fn bytes_short(n: u64) -> String {
    let (value, unit) = scaled(n);
    format!("{value:.0}{unit}")
}

/// Bytes with three significant digits: "480 B", "1.52 GB".
pub(crate) fn bytes_long(n: u64) -> String {
    let (value, unit) = scaled(n);
    let decimals = match value {
        _ if unit == "B" => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

fn scaled(n: u64) -> (f64, &'static str) {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    (value, UNITS[unit])
}

/// A count with separated thousands: "1,460".
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many digits of a float are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits {
    /// All digits are shown if they take no more characters than this.
    pub all_up_to: usize,
    /// Significant digits otherwise.
    pub significant: usize,
}

impl Digits {
    /// For a line of a representation.
    pub const FEW: Self = Self { all_up_to: 8, significant: 4 };
    /// For printed values.
    pub const MANY: Self = Self { all_up_to: 12, significant: 8 };
}

/// A float, of which `shortest` has all digits; "nan" and "inf" as numpy writes them.
pub(crate) fn float(value: f64, shortest: String, digits: Digits) -> String {
    let Digits { all_up_to, significant } = digits;
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    if shortest.len() <= all_up_to {
        return if shortest.contains('.') { shortest } else { shortest + ".0" };
    }
    let power = value.abs().log10().floor() as i32;
    if !(-4..significant as i32 + 2).contains(&power) {
        let text = format!("{value:.*e}", significant - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |digits| ("-", digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    let decimals = (significant as i32 - 1 - power).max(1) as usize;
    let text = format!("{value:.decimals$}");
    let text = text.trim_end_matches('0');
    if text.ends_with('.') { format!("{text}0") } else { text.to_owned() }
}

/// At most `most` characters, on one line; what is cut away is said.
pub(crate) fn bounded(text: &str, most: usize) -> String {
    let mut line: String = text.chars().take(most + 1).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() > most {
        line = line.chars().take(most.saturating_sub(1)).collect::<String>() + "…";
    }
    line
}

/// The text in a column of `width` characters, cut if it is longer.
pub(crate) fn column(text: &str, width: usize) -> String {
    let text = bounded(text, width);
    let missing = width.saturating_sub(text.chars().count());
    text + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        let bytes = [0, 8, 999, 1000, 1440, 1_520_000_000, u64::MAX];
        assert_eq!(bytes.map(bytes_short), ["0B", "8B", "999B", "1kB", "1kB", "2GB", "18EB"]);
        assert_eq!(bytes.map(bytes_long), ["0 B", "8 B", "999 B", "1.00 kB", "1.44 kB", "1.52 GB", "18.4 EB"]);
        assert_eq!([1, 999, 1000, 1_234_567].map(count), ["1", "999", "1,000", "1,234,567"]);
        let floats = [90.0, -0.25, 1000.0, 0.339_293_1, 101_325.123_45, 1.234_56e-9, f64::NAN, 1e20, 0.1, 5e5 / 3.0];
        let expected =
            ["90.0", "-0.25", "1000.0", "0.3393", "101325.1", "1.235e-09", "nan", "1e+20", "0.1", "166666.7"];
        assert_eq!(floats.map(|v| float(v, v.to_string(), Digits::FEW)), expected);
        assert_eq!(bounded("a\nb", 10), "a b");
        assert_eq!(bounded("abcdefgh", 4), "abc…");
    }
}
