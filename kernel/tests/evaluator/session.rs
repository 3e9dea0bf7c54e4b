//! A session for tests: one evaluator on the kit that `make cells` made.
use std::sync::Arc;
use std::time::{Duration, Instant};

use terracube_kernel::FrontEnd;
use terracube_kernel::evaluator::{CellError, Evaluator, EvcxrEvaluator, Kit, Outcome, Output};

pub struct Session {
    pub evaluator: EvcxrEvaluator,
}

/// What a cell did.
#[derive(Debug)]
pub struct Cell {
    pub outcome: Outcome,
    pub outputs: Vec<Output>,
    pub took: Duration,
}

impl Session {
    pub fn start() -> Self {
        // Beside the test's program, in the source tree's target folder, unless TERRACUBE_KIT says otherwise.
        let kit = Kit::find().expect("run `make cells` first");
        let evaluator = EvcxrEvaluator::start(kit, FrontEnd::refusing()).unwrap();
        evaluator.wait_until_ready().unwrap();
        Self { evaluator }
    }

    pub fn run(&mut self, code: &str) -> Cell {
        self.run_with(code, &mut |_, _| {})
    }

    /// Runs a cell; `watch` sees each output as it comes, and how long after the cell's start.
    pub fn run_with(&mut self, code: &str, watch: &mut dyn FnMut(&Output, Duration)) -> Cell {
        let start = Instant::now();
        let mut outputs = Vec::new();
        let outcome = self.evaluator.execute(code, &mut |output| {
            watch(&output, start.elapsed());
            outputs.push(output);
        });
        Cell { outcome, outputs, took: start.elapsed() }
    }

    /// Runs a cell and interrupts it when it has printed `ready`, again after each of `again`.
    pub fn run_interrupted(&mut self, code: &str, again: &[Duration]) -> Cell {
        let interrupt: Arc<dyn Fn() + Send + Sync> = self.evaluator.interrupter();
        let again = again.to_vec();
        self.run_with(code, &mut |output, _| {
            if matches!(output, Output::Stdout(text) if text.contains("ready")) {
                let (interrupt, again) = (Arc::clone(&interrupt), again.clone());
                std::thread::spawn(move || {
                    interrupt();
                    for pause in again {
                        std::thread::sleep(pause);
                        interrupt();
                    }
                });
            }
        })
    }

    /// The inferred type of a variable.
    pub fn type_of(&self, name: &str) -> Option<String> {
        self.evaluator.variables().into_iter().find(|(variable, _)| variable == name).map(|(_, type_name)| type_name)
    }
}

impl Cell {
    pub fn stdout(&self) -> String {
        self.outputs
            .iter()
            .filter_map(|output| if let Output::Stdout(text) = output { Some(text.as_str()) } else { None })
            .collect()
    }

    pub fn stderr(&self) -> String {
        self.outputs
            .iter()
            .filter_map(|output| if let Output::Stderr(text) = output { Some(text.as_str()) } else { None })
            .collect()
    }

    /// The plain text of the last expression's display; empty if there is none.
    #[track_caller]
    pub fn result(&self) -> String {
        match &self.outcome {
            Outcome::Done { result } => result.as_ref().map(|bundle| bundle.plain().to_owned()).unwrap_or_default(),
            Outcome::Failed(error) => panic!("the cell failed: {error:?}"),
        }
    }

    #[track_caller]
    pub fn error(&self) -> &CellError {
        match &self.outcome {
            Outcome::Failed(error) => error,
            Outcome::Done { result } => panic!("the cell should have failed, result {result:?}"),
        }
    }
}
