//! How much of a cell's output is shown. Notebooks that hold hundreds of megabytes cannot be opened any more.
use terracube_display::{Data, MimeBundle};

use super::Output;

/// The most that is shown, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Printed text of one cell.
    pub(crate) printed: u64,
    /// One display or result.
    pub(crate) display: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { printed: 8_000_000, display: 64_000_000 }
    }
}

/// Holds the outputs of one cell to the limits.
pub(crate) struct Limiter {
    limits: Limits,
    printed: u64,
    told: bool,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, printed: 0, told: false }
    }

    /// What is shown of an output, through `to`.
    pub(crate) fn pass(&mut self, output: Output, to: &mut dyn FnMut(Output)) {
        match output {
            Output::Stdout(text) => self.print(text, Output::Stdout, to),
            Output::Stderr(text) => self.print(text, Output::Stderr, to),
            Output::Display { bundle, display_id, update } => {
                to(Output::Display { bundle: self.bundle(bundle), display_id, update })
            }
            Output::Clear { wait } => to(Output::Clear { wait }),
        }
    }

    /// The bundle, or a word in its place if it is too large.
    pub(crate) fn bundle(&self, bundle: MimeBundle) -> MimeBundle {
        let bytes: u64 = bundle.parts().iter().map(|(_, data)| size(data)).sum();
        if bytes <= self.limits.display {
            return bundle;
        }
        let (has, may) = (megabytes(bytes), megabytes(self.limits.display));
        MimeBundle::text(format!(
            "this output has {has}, more than the {may} that a notebook should hold; write it to a file, show less of it, \
             or allow it by `%config display_limit = {}MB`",
            bytes.div_ceil(1_000_000)
        ))
    }

    fn print(&mut self, mut text: String, wrap: fn(String) -> Output, to: &mut dyn FnMut(Output)) {
        let left = self.limits.printed.saturating_sub(self.printed);
        self.printed = self.printed.saturating_add(text.len() as u64);
        if text.len() as u64 > left {
            let cut = usize::try_from(left).unwrap_or(usize::MAX).min(text.len());
            text.truncate((0..=cut).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
        }
        if !text.is_empty() {
            to(wrap(text));
        }
        if self.printed > self.limits.printed && !self.told {
            self.told = true;
            let may = megabytes(self.limits.printed);
            to(Output::Stderr(format!(
                "\n[what the cell prints from here on is not shown: {may} are the limit. The cell runs on; write long output to a file, \
                 or raise the limit by `%config output_limit = 100MB`]\n"
            )));
        }
    }
}

fn size(data: &Data) -> u64 {
    match data {
        Data::Text(text) | Data::Json(text) => text.len() as u64,
        Data::Bytes(bytes) => bytes.len() as u64,
    }
}

fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let megabytes = bytes as f64 / 1e6;
    if megabytes >= 10.0 { format!("{megabytes:.0} MB") } else { format!("{megabytes:.1} MB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_the_limit_and_says_so_once() {
        let mut limiter = Limiter::new(Limits { printed: 10, display: 100 });
        let mut shown = String::new();
        let mut show = |output| {
            if let Output::Stdout(text) | Output::Stderr(text) = output {
                shown.push_str(&text);
            }
        };
        for text in ["12345", "678é", "more", "and more"] {
            limiter.pass(Output::Stdout(text.into()), &mut show);
        }
        assert!(
            shown.starts_with("12345678é\n[what the cell prints") && shown.matches("not shown").count() == 1,
            "{shown}"
        );
        assert!(!shown.contains("more") || shown.matches("more").count() == 0, "{shown}");
    }

    #[test]
    fn a_large_display_is_refused_with_a_hint() {
        let limiter = Limiter::new(Limits { printed: 10, display: 1_000_000 });
        let small = MimeBundle::text("x");
        assert_eq!(limiter.bundle(small.clone()), small);
        let refused = limiter.bundle(small.with("text/html", Data::Text("y".repeat(2_500_000))));
        assert!(
            refused.plain().contains("2.5 MB, more than the 1.0 MB") && refused.plain().contains("= 3MB"),
            "{}",
            refused.plain()
        );
        assert_eq!(refused.parts().len(), 1);
    }
}
