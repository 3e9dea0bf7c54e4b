//! A progress bar that moves in the cell. It appears only when the work takes over half a second, is redrawn at most
//! ten times a second, and goes when the work is done, or becomes one line if the user wants that ([`when_done`]).
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use terracube_display::{Data, MimeBundle};

use crate::display_value::send_bundle;

/// Work shorter than this shows no bar.
const SHOW_AFTER: Duration = Duration::from_millis(500);
/// The shortest time between two redraws.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

static NEXT_ID: AtomicU64 = AtomicU64::new(1);
/// The bars of the running cell, so that one that was dropped half-way does not stand unfinished.
static ALIVE: Mutex<Vec<Weak<Bar>>> = Mutex::new(Vec::new());

/// What becomes of bars when their work is done: [`GONE`], [`LINE`] or [`OFF`].
static WHEN_DONE: AtomicU8 = AtomicU8::new(GONE);
const GONE: u8 = 0;
const LINE: u8 = 1;
const OFF: u8 = 2;

/// What becomes of progress bars when their work is done: "gone" (the default), "line" (one that sums up), or "off" (there
/// are no bars at all). `%config progress = line` calls it.
///
/// ```
/// use terracube_cells::progress::when_done;
/// assert!(when_done("line").is_ok());
/// assert!(when_done("loud").is_err());
/// ```
///
/// # Errors
/// If the word is none of these.
pub fn when_done(what: &str) -> Result<(), String> {
    let chosen = match what {
        "gone" => GONE,
        "line" => LINE,
        "off" => OFF,
        other => return Err(format!("progress bars are `gone`, `line` or `off`, not `{other}`")),
    };
    WHEN_DONE.store(chosen, Ordering::Relaxed);
    Ok(())
}

/// The progress of one piece of work, counted in units of one's own choice (chunks, files, steps). Cloning shares it;
/// every method may be called from any thread, at any rate.
///
/// ```no_run
/// # use terracube_cells::prelude::*;
/// let progress = Progress::new("reading", 40);
/// for _ in 0..40 {
///     progress.advance(1);
/// }
/// progress.finish();
/// ```
#[derive(Clone)]
pub struct Progress {
    bar: Arc<Bar>,
}

struct Bar {
    id: String,
    label: String,
    total: AtomicU64,
    done: AtomicU64,
    bytes: AtomicU64,
    started: Instant,
    finished: AtomicBool,
    /// What is said behind the numbers.
    note: Mutex<String>,
    /// When the bar was last drawn; `None` until it is shown.
    drawn: Mutex<Option<Instant>>,
}

impl Progress {
    /// Work of `total` units; 0 if that is not known yet.
    pub fn new(label: impl Into<String>, total: u64) -> Self {
        let number = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let bar = Arc::new(Bar {
            id: format!("terracube-progress-{}-{number}", std::process::id()),
            label: label.into(),
            total: AtomicU64::new(total),
            done: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            started: Instant::now(),
            finished: AtomicBool::new(false),
            note: Mutex::new(String::new()),
            drawn: Mutex::new(None),
        });
        ALIVE.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&bar));
        Self { bar }
    }

    /// The number of units is now known to be `total`.
    pub fn set_total(&self, total: u64) {
        self.bar.total.store(total, Ordering::Relaxed);
        self.bar.draw(false);
    }

    /// `units` more are done.
    pub fn advance(&self, units: u64) {
        self.bar.done.fetch_add(units, Ordering::Relaxed);
        self.bar.draw(false);
    }

    /// `units` are done in all, and `bytes` were read in all.
    pub fn set(&self, units: u64, bytes: u64) {
        self.bar.done.store(units, Ordering::Relaxed);
        self.bar.bytes.store(bytes, Ordering::Relaxed);
        self.bar.draw(false);
    }

    /// As [`Progress::set`], with a word on what is going on, which is only asked for when the bar is drawn.
    pub fn set_with(&self, units: u64, bytes: u64, note: impl FnOnce() -> String) {
        self.bar.done.store(units, Ordering::Relaxed);
        self.bar.bytes.store(bytes, Ordering::Relaxed);
        if self.bar.is_due() {
            *self.bar.note.lock().unwrap_or_else(PoisonError::into_inner) = note();
            self.bar.draw(false);
        }
    }

    /// The work is done or given up; a bar that was shown goes, or becomes one line of text.
    pub fn finish(&self) {
        self.bar.finish();
    }
}

/// Finishes every bar of the cell that ended.
pub(crate) fn finish_all() {
    let bars = std::mem::take(&mut *ALIVE.lock().unwrap_or_else(PoisonError::into_inner));
    for bar in bars.iter().filter_map(Weak::upgrade) {
        bar.finish();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Bar {
    fn finish(&self) {
        if !self.finished.swap(true, Ordering::Relaxed) {
            self.draw(true);
        }
    }

    fn is_due(&self) -> bool {
        self.drawn.try_lock().is_ok_and(|drawn| self.due_at(*drawn, Instant::now(), false))
    }

    fn due_at(&self, drawn: Option<Instant>, now: Instant, last: bool) -> bool {
        match drawn {
            _ if WHEN_DONE.load(Ordering::Relaxed) == OFF => false,
            None => !last && now.duration_since(self.started) >= SHOW_AFTER,
            Some(before) => last || now.duration_since(before) >= REDRAW_EVERY,
        }
    }

    fn draw(&self, last: bool) {
        // Only one thread draws; the others have better things to do than to wait for it.
        let guard = if last {
            Some(self.drawn.lock().unwrap_or_else(PoisonError::into_inner))
        } else {
            self.drawn.try_lock().ok()
        };
        let Some(mut drawn) = guard else { return };
        if !last && self.finished.load(Ordering::Relaxed) {
            return;
        }
        let now = Instant::now();
        if self.due_at(*drawn, now, last) {
            send_bundle(&self.picture(now, last), Some(&self.id), drawn.is_some());
            *drawn = Some(now);
        }
    }

    fn picture(&self, now: Instant, last: bool) -> MimeBundle {
        let (done, total) = (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        let bytes = self.bytes.load(Ordering::Relaxed);
        let seconds = now.duration_since(self.started).as_secs_f64();
        let complete = total > 0 && done >= total;
        #[expect(clippy::cast_precision_loss, reason = "a share for a bar")]
        let share = if total == 0 { 0.0 } else { (done as f64 / total as f64).min(1.0) };
        let amount = if total == 0 { done.to_string() } else { format!("{done}/{total}") };
        let rate = rate_text(bytes, seconds);
        let left = if last || share <= 0.0 {
            String::new()
        } else {
            format!(", {} left", duration_text(seconds * (1.0 - share) / share))
        };
        let status = match (last, complete) {
            (true, true) => format!("done in {}", duration_text(seconds)),
            (true, false) => format!("stopped after {}", duration_text(seconds)),
            (false, _) => duration_text(seconds),
        };
        let text = format!("{}: {amount} {status}{left}{rate}", self.label);
        if last && WHEN_DONE.load(Ordering::Relaxed) == GONE {
            return MimeBundle::text("").with("text/html", Data::Text(String::new()));
        }
        if last {
            let html = format!("<small style=\"color:var(--jp-ui-font-color2,#666)\">{}</small>", escape(&text));
            return MimeBundle::text(text).with("text/html", Data::Text(html));
        }
        let note = match self.note.lock().unwrap_or_else(PoisonError::into_inner).as_str() {
            "" => String::new(),
            note => format!(", {note}"),
        };
        let filled = (share * 30.0).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 30")]
        let filled = filled as usize;
        let plain = format!(
            "{} [{}{}] {amount} {status}{left}{rate}{note}",
            self.label,
            "#".repeat(filled),
            ".".repeat(30 - filled)
        );
        let value = if total == 0 { String::new() } else { format!(" value=\"{done}\" max=\"{total}\"") };
        let html = format!(
            "<div style=\"display:flex;gap:.75em;align-items:center;font-size:90%\"><span>{label}</span><progress{value} aria-label=\"{label}\" \
             style=\"width:18em\"></progress><span style=\"font-variant-numeric:tabular-nums\">{amount} {status}{left}{rate}{note}</span></div>",
            label = escape(&self.label),
            note = escape(&note)
        );
        MimeBundle::text(plain).with("text/html", Data::Text(html))
    }
}

fn rate_text(bytes: u64, seconds: f64) -> String {
    if bytes == 0 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let megabytes = bytes as f64 / 1e6;
    format!(", {megabytes:.0} MB at {:.0} MB/s", megabytes / seconds.max(1e-3))
}

fn duration_text(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a sensible range")]
    let whole = seconds.clamp(0.0, 1e9).round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..120 => format!("{whole} s"),
        120..7200 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
