//! How wide text will be, without opening a font: layout must not depend on what fonts a machine has.

/// Advance widths of DejaVu Sans from space to `~`, in hundredths of the font size. It is the widest of the fonts we ask for,
/// so the estimate is safe for the others.
const WIDTHS: [u8; 95] = [
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63,
    59, 82, 59, 59, 52, 64, 34, 64, 84,
];

/// The width of one line of text in pixels, an upper estimate.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let hundredths: u32 = text
        .chars()
        .map(|character| match character {
            ' '..='~' => u32::from(WIDTHS[character as usize - ' ' as usize]),
            '°' => 50,
            '⁰'..='₉' | '²' | '³' | '¹' => 42,
            '\u{2e80}'.. => 100,
            _ => 66,
        })
        .sum();
    f64::from(hundredths) / 100.0 * size
}

/// The text, cut with an ellipsis so that it is not wider than `width` pixels.
pub(crate) fn shorten(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if text_width(&kept, size) + size > width {
            kept.pop();
            break;
        }
    }
    kept.trim_end().to_owned() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_measured_and_cut() {
        assert!((text_width("00", 10.0) - 12.8).abs() < 1e-9);
        assert_eq!(shorten("short", 10.0, 100.0), "short");
        let cut = shorten("a long name of a variable that has no end", 10.0, 100.0);
        assert!(cut.ends_with('…') && text_width(&cut, 10.0) <= 105.0, "{cut}");
    }
}
