//! Outputs on their way out of a running cell, at a pace that front ends can follow: the first comes at once, what
//! follows within a moment is joined to it.
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::Output;

/// The shortest time between two batches.
const PACE: Duration = Duration::from_millis(20);
/// A batch with as much text as this (bytes) goes at once.
const BATCH_BYTES: usize = 256 << 10;
/// A batch with as many outputs as this goes at once.
const BATCH_OUTPUTS: usize = 256;
/// Outputs that wait to be joined before the cell that prints has to wait.
pub const QUEUE: usize = 64;

/// Hands over outputs until all senders are gone.
pub fn hand_over(outputs: &Receiver<Output>, to: &mut dyn FnMut(Output)) {
    let mut earliest = Instant::now();
    while let Ok(first) = outputs.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_OUTPUTS && text_bytes(&batch) < BATCH_BYTES {
            match outputs.recv_timeout(earliest.saturating_duration_since(Instant::now())) {
                Ok(next) => join(&mut batch, next),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        batch.into_iter().for_each(&mut *to);
        earliest = Instant::now() + PACE;
    }
}

/// Adds an output: text goes to the text before it, an update replaces the update of the same display before it.
fn join(batch: &mut Vec<Output>, next: Output) {
    match (batch.last_mut(), next) {
        (Some(Output::Stdout(before)), Output::Stdout(text)) | (Some(Output::Stderr(before)), Output::Stderr(text)) => {
            before.push_str(&text);
        }
        (
            Some(Output::Display { bundle: before, display_id: Some(shown), update: true }),
            Output::Display { bundle, display_id: Some(id), update: true },
        ) if *shown == id => *before = bundle,
        (_, next) => batch.push(next),
    }
}

fn text_bytes(batch: &[Output]) -> usize {
    match batch.last() {
        Some(Output::Stdout(text) | Output::Stderr(text)) => text.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;
    use terracube_display::MimeBundle;

    fn handed_over(outputs: Vec<Output>) -> Vec<String> {
        let (sender, receiver) = sync_channel(outputs.len());
        outputs.into_iter().for_each(|output| sender.send(output).unwrap());
        drop(sender);
        let mut lines = Vec::new();
        hand_over(&receiver, &mut |output| {
            lines.push(match output {
                Output::Stdout(text) => format!("out {text}"),
                Output::Stderr(text) => format!("err {text}"),
                Output::Display { bundle, update, .. } => format!("{update} {}", bundle.plain()),
                Output::Clear { .. } => "clear".to_owned(),
            });
        });
        lines
    }

    #[test]
    fn text_and_updates_are_joined_and_nothing_changes_its_place() {
        let out = |text: &str| Output::Stdout(text.into());
        let err = |text: &str| Output::Stderr(text.into());
        let show = |id: &str, text: &str, update| Output::Display {
            bundle: MimeBundle::text(text),
            display_id: Some(id.into()),
            update,
        };
        let found = handed_over(vec![
            out("a"),
            out("b"),
            err("c"),
            out("d"),
            show("p", "0", false),
            show("p", "1", true),
            show("p", "2", true),
            show("q", "3", true),
            Output::Clear { wait: false },
            out("e"),
            out("f"),
        ]);
        let expected = ["out ab", "err c", "out d", "false 0", "true 2", "true 3", "clear", "out ef"];
        // The first output does not wait for others, so that it may stand alone.
        assert_eq!(found.concat().replace("out aout b", "out ab"), expected.concat());
    }

    #[test]
    fn a_flood_becomes_few_messages() {
        let (sender, receiver) = sync_channel(QUEUE);
        let flood = std::thread::spawn(move || {
            (0..20_000).for_each(|n| sender.send(Output::Stdout(format!("{n}\n"))).unwrap())
        });
        let (mut n_messages, mut text) = (0, String::new());
        hand_over(&receiver, &mut |output| {
            n_messages += 1;
            if let Output::Stdout(part) = output {
                text.push_str(&part);
            }
        });
        flood.join().unwrap();
        assert_eq!(text.lines().count(), 20_000);
        assert!(n_messages < 500, "{n_messages}");
    }
}
