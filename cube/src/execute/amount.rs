//! Amounts of bytes as people write them.
use crate::base::{Error, Result};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// So many bytes.
    Bytes(u64),
    /// A part of what would be taken, above 0 and up to 1.
    Share(f64),
}

/// "2GB", "1.5GiB", "512M", bytes, "50%".
///
/// # Errors
/// If it is none of these; the error names `variable`.
pub(super) fn parse(variable: &str, text: &str) -> Result<Amount> {
    let wrong = || {
        Error::invalid(format!("{variable}={text} is no amount of memory"))
            .hint("write `2GB`, `1.5GiB`, `512M`, bytes, or a share of what is free such as `50%`")
    };
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let number: f64 = lower[..end].parse().map_err(|_| wrong())?;
    let factor = match lower[end..].trim() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "kib" => 1024.0,
        "m" | "mb" => 1e6,
        "mib" => 1024f64.powi(2),
        "g" | "gb" => 1e9,
        "gib" => 1024f64.powi(3),
        "t" | "tb" => 1e12,
        "tib" => 1024f64.powi(4),
        "%" if number > 0.0 && number <= 100.0 => return Ok(Amount::Share(number / 100.0)),
        _ => return Err(wrong()),
    };
    Ok(Amount::Bytes((number * factor) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_from_text() {
        let rows: &[(&str, Option<Amount>)] = &[
            ("2GB", Some(Amount::Bytes(2_000_000_000))),
            (" 1.5 GiB ", Some(Amount::Bytes(3 << 29))),
            ("512m", Some(Amount::Bytes(512_000_000))),
            ("1048576", Some(Amount::Bytes(1 << 20))),
            ("64KiB", Some(Amount::Bytes(1 << 16))),
            ("0", Some(Amount::Bytes(0))),
            ("50%", Some(Amount::Share(0.5))),
            ("lots", None),
            ("-3GB", None),
            ("2 parsecs", None),
            ("150%", None),
            ("", None),
        ];
        for (text, expected) in rows {
            match (parse("TERRACUBE_BUDGET", text), expected) {
                (Ok(got), Some(expected)) => assert_eq!(got, *expected, "{text}"),
                (Err(error), None) => assert!(error.to_string().contains("TERRACUBE_BUDGET"), "{error}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }
}
