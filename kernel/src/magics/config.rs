//! `%config`: the session's settings.
use crate::evaluator::limits::Limits;

/// What can be set.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    progress: Bars,
}

/// What becomes of a progress bar when its work is done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Bars {
    /// It goes.
    #[default]
    Gone,
    /// It becomes a line that sums up.
    Line,
    /// There are none.
    Off,
}

impl Bars {
    fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Line => "line",
            Self::Off => "off",
        }
    }
}

/// What a `%config` line comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Configured {
    /// A text to print.
    Told(String),
    /// A cell to run: the setting is the library's.
    Runs(String),
}

impl Settings {
    /// `%config`, `%config name`, `%config name = value`.
    ///
    /// # Errors
    /// With a text for the user, if there is no such setting or value.
    pub(super) fn line(&mut self, text: &str) -> Result<Configured, String> {
        let Some((name, value)) = text.split_once('=') else {
            return match text.trim() {
                "" => Ok(Configured::Told(
                    self.rows().map(|(name, value, help)| format!("{name:<14} {value:<8} {help}\n")).concat(),
                )),
                name => match self.rows().into_iter().find(|row| row.0 == name) {
                    Some((_, value, _)) => Ok(Configured::Told(format!("{value}\n"))),
                    None => Err(unknown(name)),
                },
            };
        };
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        match name {
            "output_limit" => self.limits.printed = bytes(value)?,
            "display_limit" => self.limits.display = bytes(value)?,
            "progress" => {
                let all = [Bars::Gone, Bars::Line, Bars::Off];
                let chosen = all.into_iter().find(|bars| bars.word() == value);
                self.progress = chosen.ok_or_else(|| format!("progress is `gone`, `line` or `off`, not `{value}`"))?;
                return Ok(Configured::Runs(format!("terracube::progress::when_done({value:?})?;")));
            }
            _ => return Err(unknown(name)),
        }
        Ok(Configured::Told(String::new()))
    }

    fn rows(&self) -> [(&'static str, String, &'static str); 3] {
        [
            ("output_limit", size(self.limits.printed), "printed text of one cell; what goes beyond is not shown"),
            ("display_limit", size(self.limits.display), "one display or result; a larger one is refused"),
            (
                "progress",
                self.progress.word().to_owned(),
                "finished progress bars: gone, line (one that sums up), off (no bars)",
            ),
        ]
    }
}

fn unknown(name: &str) -> String {
    format!(
        "there is no setting `{name}`; there are output_limit, display_limit, progress (the memory of computations is set by %budget)"
    )
}

/// "8MB", "1.5 GB", "64MiB", "1000" (bytes).
fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write `8MB` or `1GiB`");
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| wrong())?;
    let unit = match text[end..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(wrong()),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size that was written as text")]
    let bytes = (number * unit) as u64;
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let megabytes = bytes as f64 / 1e6;
    format!("{megabytes} MB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_shown_set_and_refused() {
        let mut settings = Settings::default();
        let Ok(Configured::Told(table)) = settings.line("") else { panic!("no table") };
        assert_eq!(table.lines().count(), 3);
        assert_eq!(settings.line("output_limit"), Ok(Configured::Told("8 MB\n".into())));
        for (text, printed) in [("100MB", 100_000_000), ("1.5 GiB", 1_610_612_736), ("12", 12), ("\"3kB\"", 3000)] {
            assert_eq!(settings.line(&format!("output_limit = {text}")), Ok(Configured::Told(String::new())));
            assert_eq!(settings.limits.printed, printed, "{text}");
        }
        assert_eq!(
            settings.line("progress=line"),
            Ok(Configured::Runs("terracube::progress::when_done(\"line\")?;".into()))
        );
        for (text, words) in [
            ("colour = red", "no setting `colour`"),
            ("output_limit = many", "`many` is no size"),
            ("progress = loud", "not `loud`"),
            ("x", "no setting `x`"),
        ] {
            assert!(settings.line(text).unwrap_err().contains(words), "{text}");
        }
    }
}
