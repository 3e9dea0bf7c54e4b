//! What `terracube run` tells while notebooks run: lines, and in a terminal the cell that runs and its progress bar.
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use terracube_kernel::evaluator::Output;
use terracube_kernel::headless::Progress;

/// Characters of a cell's first line that are shown.
const LINE_WIDTH: usize = 80;
/// How often the sign of life moves.
const TICK: Duration = Duration::from_millis(120);

/// Tells of all notebooks.
pub(crate) struct Teller {
    bars: MultiProgress,
    is_terminal: bool,
    quiet: bool,
    log_output: bool,
    /// Lines say which notebook they are about.
    names: bool,
}

impl Teller {
    pub(crate) fn new(quiet: bool, log_output: bool, names: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = if is_terminal && !quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), is_terminal, quiet, log_output, names }
    }

    /// Begins with a notebook.
    pub(crate) fn notebook(&self, path: &Path) -> Line<'_> {
        let name = if self.names {
            format!("{}: ", path.file_name().unwrap_or_default().to_string_lossy())
        } else {
            String::new()
        };
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        if self.is_terminal && !self.quiet {
            bar.enable_steady_tick(TICK);
        }
        Line { teller: self, name, bar }
    }

    pub(crate) fn skipped(&self, path: &Path) {
        if !self.quiet {
            self.line(&format!("{}: done by an earlier run", path.display()));
        }
    }

    /// Writes a line above the moving ones.
    fn line(&self, text: &str) {
        let written = self.bars.suspend(|| writeln!(io::stderr(), "{text}"));
        drop(written); // a closed standard error must not end the run
    }
}

/// Tells of one notebook.
pub(crate) struct Line<'a> {
    teller: &'a Teller,
    name: String,
    bar: ProgressBar,
}

impl Line<'_> {
    pub(crate) fn tell(&self, progress: &Progress<'_>) {
        let name = &self.name;
        match progress {
            Progress::UnknownParameter(parameter) => {
                self.teller.line(&format!(
                    "warning: {name}the notebook's `parameters` cell has no `{parameter}`; it is set all the same"
                ));
            }
            Progress::Started { cell, n_cells, first_line } => {
                self.bar.set_message(format!("{name}[{cell}/{n_cells}] {}", cut(first_line)));
            }
            Progress::Output(output) => self.output(output),
            Progress::Ended { cell, n_cells, elapsed, first_line, error, .. } if !self.teller.quiet => {
                let how = if error.is_some() { "failed after " } else { "" };
                let seconds = elapsed.as_secs_f64();
                self.teller.line(&format!("{name}[{cell}/{n_cells}] {} ... {how}{seconds:.2} s", cut(first_line)));
            }
            Progress::Ended { .. } | Progress::Notebook(_) => {}
        }
    }

    fn output(&self, output: &Output) {
        match output {
            Output::Stdout(text) | Output::Stderr(text) if self.teller.log_output => {
                let written = self.teller.bars.suspend(|| {
                    let mut stdout = io::stdout().lock();
                    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
                });
                drop(written); // a reader that has gone must not end the run
            }
            Output::Display { bundle, display_id: Some(id), .. } if id.starts_with("terracube-progress-") => {
                let message = self.bar.message();
                let cell = message.split(" | ").next().unwrap_or_default();
                let bar = bundle.plain();
                self.bar.set_message(if bar.is_empty() { cell.to_owned() } else { format!("{cell} | {bar}") });
            }
            _ => {}
        }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn cut(line: &str) -> String {
    line.chars().take(LINE_WIDTH).collect()
}
