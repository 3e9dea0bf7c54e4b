//! What the process that runs cells calls, by name, in the loaded library.
use std::io::Write;

use serde_json::json;

use crate::{channel, interrupt, question_mark};

/// Called once, on the thread that runs cells, before the first cell.
#[unsafe(no_mangle)]
pub extern "C" fn terracube_cells_start() {
    interrupt::install();
    crate::places::install();
    install_panic_hook();
    crate::engine::install();
}

/// Called before each cell.
#[unsafe(no_mangle)]
pub extern "C" fn terracube_cells_begin() {
    interrupt::begin_cell();
}

/// Called after each cell, failed or not: brings out what is still in buffers.
#[unsafe(no_mangle)]
pub extern "C" fn terracube_cells_end() {
    interrupt::end_cell();
    question_mark::settle();
    crate::progress::finish_all();
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
}

/// A panic on the cell's thread is told to the kernel, which shows it as the cell's error; on another thread it is
/// printed as one line.
fn install_panic_hook() {
    let cell_thread = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let message = info
            .payload()
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| info.payload().downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        let place = info.location().map(|at| {
            crate::places::describe(at).unwrap_or_else(|| format!("{}:{}:{}", at.file(), at.line(), at.column()))
        });
        if std::thread::current().id() == cell_thread {
            channel::send_in_order(json!({"kind": "panic", "text": message, "place": place}), Vec::new());
        } else {
            let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
            let _ = writeln!(
                std::io::stderr(),
                "thread `{thread}` panicked at {}: {message}",
                place.as_deref().unwrap_or("an unknown place")
            );
        }
    }));
}
