//! The progress of computations in a terminal.
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use terracube::cube::Context;
use terracube::cube::execute::{Observer, Progress};

/// Work shorter than this shows no bar.
const SHOW_AFTER: Duration = Duration::from_millis(500);
const TEMPLATE: &str = "{elapsed:>4} [{bar:30}] {pos}/{len} chunks, {eta} left, {msg}";

/// Every computation of this process shows its progress from now on, if standard error is a terminal.
pub(crate) fn show_progress() {
    if std::io::stderr().is_terminal()
        && let Ok(context) = Context::current()
    {
        context.with_observer(Arc::new(TerminalBar::default())).install();
    }
}

/// One bar for each computation; those nested in it share it.
#[derive(Default)]
struct TerminalBar {
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    depth: usize,
    begun: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Observer for TerminalBar {
    fn started(&self, _progress: &Progress) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.depth += 1;
        if running.depth == 1 {
            running.begun = Some(Instant::now());
        }
    }

    fn advanced(&self, progress: &Progress) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(begun) = running.begun.filter(|begun| begun.elapsed() >= SHOW_AFTER) else { return };
        if running.depth != 1 {
            return;
        }
        let bar = running.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(progress.tasks_total).with_elapsed(begun.elapsed());
            match ProgressStyle::with_template(TEMPLATE) {
                Ok(style) => bar.with_style(style.progress_chars("=> ")),
                Err(_) => bar,
            }
        });
        bar.set_length(progress.tasks_total);
        bar.set_position(progress.tasks_done);
        bar.set_message(message(progress, begun.elapsed()));
    }

    fn finished(&self, _progress: &Progress) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.depth = running.depth.saturating_sub(1);
        if running.depth == 0
            && let Some(bar) = running.bar.take()
        {
            bar.finish_and_clear();
        }
    }
}

/// What was read and how fast, the stage that runs, and the memory that is held.
fn message(progress: &Progress, elapsed: Duration) -> String {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people"
    )]
    let rate = (progress.bytes_read as f64 / elapsed.as_secs_f64().max(1e-3)) as u64;
    let held = Context::current().map_or(0, |context| context.budget.held());
    let stage =
        if progress.passes > 1 { format!(", stage {} of {}", progress.pass, progress.passes) } else { String::new() };
    format!("{} at {}/s{stage}, {} held", HumanBytes(progress.bytes_read), HumanBytes(rate), HumanBytes(held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_what_is_going_on() {
        let progress = Progress { tasks_done: 3, tasks_total: 9, pass: 2, passes: 3, bytes_read: 2 << 20 };
        let text = message(&progress, Duration::from_secs(2));
        assert!(text.starts_with("2.00 MiB at 1.00 MiB/s, stage 2 of 3, "), "{text}");
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn quick_and_nested_computations_show_no_bar() {
        let bar = TerminalBar::default();
        let progress = Progress::default();
        bar.started(&progress);
        bar.started(&progress);
        bar.advanced(&progress);
        bar.finished(&progress);
        bar.advanced(&progress);
        assert!(bar.running.lock().unwrap().bar.is_none());
        bar.finished(&progress);
        assert_eq!(bar.running.lock().unwrap().depth, 0);
    }
}
