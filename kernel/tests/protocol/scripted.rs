//! An evaluator whose cells are scripts: one command a line. Fast, and it shows exactly what the protocol side does with
//! each output.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use terracube_display::{Data, MimeBundle};
use terracube_kernel::evaluator::{CellError, Completions, Evaluator, Outcome, Output};
use terracube_kernel::{FrontEnd, Starter};

pub struct Scripted {
    prompt: FrontEnd,
    interrupted: Arc<AtomicBool>,
}

pub fn new(prompt: FrontEnd) -> Box<dyn Evaluator> {
    Box::new(Scripted { prompt, interrupted: Arc::default() })
}

/// Starts a scripted evaluator after a delay, the time that a real one takes to warm up.
#[allow(dead_code, reason = "the headless tests start none")]
pub fn starter(warm_up: Duration) -> Starter {
    Box::new(move |prompt| {
        std::thread::sleep(warm_up);
        Ok(new(prompt))
    })
}

impl Evaluator for Scripted {
    fn execute(&mut self, code: &str, output: &mut dyn FnMut(Output)) -> Outcome {
        self.interrupted.store(false, Ordering::SeqCst);
        let mut result = None;
        for line in code.lines() {
            let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
            let (id, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let display = |update| Output::Display {
                bundle: MimeBundle::text(text).with("text/html", Data::Text(format!("<b>{text}</b>"))),
                display_id: Some(id.to_owned()),
                update,
            };
            match command {
                "out" => output(Output::Stdout(format!("{rest}\n"))),
                "err" => output(Output::Stderr(format!("{rest}\n"))),
                "show" => output(display(false)),
                "update" => output(display(true)),
                "clear" => output(Output::Clear { wait: rest == "wait" }),
                "many" => (0..rest.parse().unwrap()).for_each(|n| output(Output::Stdout(format!("{n}\n")))),
                "result" => result = Some(MimeBundle::text(rest)),
                "fail" => return failed("Error", rest),
                "panic" => panic!("{rest}"),
                "ask" => match self.prompt.ask(rest, false) {
                    Some(answer) => output(Output::Stdout(format!("answer {answer}\n"))),
                    None => return failed("Error", "no answer"),
                },
                "wait" => {
                    output(Output::Stdout("waiting\n".to_owned()));
                    let start = Instant::now();
                    while !self.interrupted.load(Ordering::SeqCst) {
                        assert!(start.elapsed() < Duration::from_secs(20), "nobody interrupted");
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    return failed("Interrupted", "stopped");
                }
                other => return failed("CompileError", &format!("no command `{other}`")),
            }
        }
        Outcome::Done { result }
    }

    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync> {
        let interrupted = self.interrupted.clone();
        Arc::new(move || interrupted.store(true, Ordering::SeqCst))
    }

    fn complete(&mut self, code: &str, offset: usize) -> Completions {
        let start = code[..offset].rfind(' ').map_or(0, |space| space + 1);
        Completions { matches: vec![format!("{}!", &code[start..offset])], start, end: offset }
    }

    fn inspect(&mut self, code: &str, offset: usize) -> Option<MimeBundle> {
        let word = code[..offset].rsplit(' ').next()?;
        (word == "known").then(|| MimeBundle::text("well known"))
    }

    fn variables(&self) -> Vec<(String, String)> {
        vec![("ds".into(), "Dataset".into())]
    }
}

fn failed(name: &str, value: &str) -> Outcome {
    Outcome::Failed(CellError { name: name.into(), value: value.into(), traceback: vec![format!("{name}: {value}")] })
}
