//! How the cube's engine is joined to the notebook: its progress becomes a bar, the interrupt becomes its cancellation.
use std::sync::{Arc, Mutex, PoisonError};

use terracube::cube::execute::{Observer, Progress as EngineProgress};
use terracube::cube::{CancelToken, Context};

use crate::interrupt;
use crate::progress::Progress;

/// Makes every `compute()` of this process show its progress and stop when the cell is interrupted.
pub(crate) fn install() {
    match Context::current() {
        Ok(context) => context
            .with_observer(Arc::new(ShowProgress::default()))
            .with_cancel(CancelToken::with(interrupt::is_requested))
            .install(),
        Err(error) => {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("no engine for this session: {error}\n"),
            );
        }
    }
}

/// Draws a bar for each computation. Computations nested in one another share the outermost bar.
#[derive(Default)]
struct ShowProgress {
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    depth: usize,
    bar: Option<Progress>,
}

impl Observer for ShowProgress {
    fn started(&self, progress: &EngineProgress) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.depth += 1;
        if running.depth == 1 {
            running.bar = Some(Progress::new("computing", progress.tasks_total));
        }
    }

    fn advanced(&self, progress: &EngineProgress) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.depth == 1
            && let Some(bar) = &running.bar
        {
            bar.set_with(progress.tasks_done, progress.bytes_read, || note(progress));
            bar.set_total(progress.tasks_total);
        }
    }

    fn finished(&self, progress: &EngineProgress) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.depth = running.depth.saturating_sub(1);
        if running.depth == 0
            && let Some(bar) = running.bar.take()
        {
            bar.set(progress.tasks_done, progress.bytes_read);
            bar.finish();
        }
    }
}

/// The stage that runs, and the memory that is held.
fn note(progress: &EngineProgress) -> String {
    let stage =
        if progress.passes > 1 { format!("stage {} of {}, ", progress.pass, progress.passes) } else { String::new() };
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let held = Context::current().map_or(0.0, |context| context.budget.held() as f64 / 1e6);
    format!("{stage}{held:.0} MB held")
}
