//! Signals and the parent process, turned into events.
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;

/// How often the kernel looks whether the process that started it is still there.
#[cfg(unix)]
const PARENT_POLL: Duration = Duration::from_secs(1);

/// Turns SIGINT and SIGTERM into events, and the parent's end if Jupyter started this process (`JPY_PARENT_PID`), so that
/// no kernel outlives its server.
#[cfg(unix)]
pub(super) fn watch(events: UnboundedSender<Event>) {
    use tokio::signal::unix::{SignalKind, signal};
    for (kind, event) in [
        (SignalKind::interrupt(), (|| Event::Interrupt) as fn() -> Event),
        (SignalKind::terminate(), || Event::Terminate),
    ] {
        let Ok(mut signals) = signal(kind) else { continue };
        let events = events.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if events.send(event()).is_err() {
                    return;
                }
            }
        });
    }
    if std::env::var_os("JPY_PARENT_PID").is_some() {
        let parent = std::os::unix::process::parent_id();
        tokio::spawn(async move {
            while std::os::unix::process::parent_id() == parent {
                tokio::time::sleep(PARENT_POLL).await;
            }
            drop(events.send(Event::Terminate));
        });
    }
}

/// Turns Ctrl-C into an event.
#[cfg(not(unix))]
pub(super) fn watch(events: UnboundedSender<Event>) {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if events.send(Event::Interrupt).is_err() {
                return;
            }
        }
    });
}
