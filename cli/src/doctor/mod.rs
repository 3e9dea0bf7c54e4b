//! `terracube doctor`: what works here and what does not, and what to do about it.
mod local;
mod remote;

use std::fmt::Write as _;

use crate::arguments::DoctorArguments;
use crate::failure::Failure;
use crate::info::print;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    /// It works, but not as well as it could.
    Poor,
    /// It does not work.
    Bad,
}

/// One line of the report.
#[derive(Debug)]
struct Finding {
    health: Health,
    what: &'static str,
    found: String,
    /// What to do; empty if there is nothing to be done.
    hint: String,
}

impl Finding {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self { health: Health::Good, what, found: found.into(), hint: String::new() }
    }

    fn poor(what: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { health: Health::Poor, what, found: found.into(), hint: hint.into() }
    }

    fn bad(what: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { health: Health::Bad, what, found: found.into(), hint: hint.into() }
    }
}

/// Looks at this machine, and at a URL if one is given; fails if something does not work.
pub(crate) fn doctor(arguments: &DoctorArguments) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let mut tell = |finding: Finding| {
        let line = line(&finding);
        findings.push(finding.health);
        print(&line)
    };
    for finding in local::program_and_compiler() {
        tell(finding)?;
    }
    for finding in local::places().into_iter().chain(local::resources()) {
        tell(finding)?;
    }
    if !arguments.no_cell {
        tell(local::first_cell())?;
    }
    if let Some(url) = &arguments.url {
        for finding in remote::look_at(url) {
            tell(finding)?;
        }
    }
    match findings.iter().filter(|health| **health == Health::Bad).count() {
        0 => Ok(()),
        1 => Err(Failure::new("one thing does not work")),
        n => Err(Failure::new(format!("{n} things do not work"))),
    }
}

fn line(finding: &Finding) -> String {
    let mark = match finding.health {
        Health::Good => "ok  ",
        Health::Poor => "note",
        Health::Bad => "FAIL",
    };
    let mut text =
        format!("{mark} {:<14} {}\n", finding.what, finding.found.trim_end().replace('\n', "\n                    "));
    if !finding.hint.is_empty() {
        _ = writeln!(text, "     {:<14} hint: {}", "", finding.hint);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_lines_with_their_hints() {
        assert_eq!(line(&Finding::good("memory", "4 GB")), "ok   memory         4 GB\n");
        let text = line(&Finding::bad("kit", "none\nat all", "install it"));
        assert_eq!(
            text,
            "FAIL kit            none\n                    at all\n                    hint: install it\n"
        );
    }
}
