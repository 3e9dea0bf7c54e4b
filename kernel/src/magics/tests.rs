use super::*;
use parse::parts;
use std::time::Duration;

/// Answers with what it was asked to run.
#[derive(Default)]
struct Echo {
    ran: Arc<Mutex<Vec<String>>>,
}

impl Evaluator for Echo {
    fn execute(&mut self, code: &str, _: &mut dyn FnMut(Output)) -> Outcome {
        self.ran.lock().unwrap().push(code.to_owned());
        Outcome::Done { result: Some(MimeBundle::text(code.trim())) }
    }
    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync> {
        Arc::new(|| {})
    }
    fn complete(&mut self, _: &str, _: usize) -> Completions {
        Completions::default()
    }
    fn inspect(&mut self, _: &str, _: usize) -> Option<MimeBundle> {
        None
    }
    fn variables(&self) -> Vec<(String, String)> {
        vec![("t".into(), "Vec<f64>".into())]
    }
    fn last_run(&self) -> Option<Duration> {
        Some(Duration::from_millis(5))
    }
}

fn run(code: &str) -> (Outcome, String, Vec<String>) {
    let echo = Echo::default();
    let ran = Arc::clone(&echo.ran);
    let mut evaluator = WithMagics::new(Box::new(echo));
    let mut printed = String::new();
    let outcome = evaluator.execute(code, &mut |output| match output {
        Output::Stdout(text) | Output::Stderr(text) => printed.push_str(&text),
        Output::Display { bundle, .. } => printed.push_str(bundle.plain()),
        Output::Clear { .. } => {}
    });
    let ran = ran.lock().unwrap().clone();
    (outcome, printed, ran)
}

#[test]
fn a_cell_is_taken_apart() {
    assert_eq!(parts("let a = 7\n% 3;\n"), Ok(vec![Part::Rust("let a = 7\n% 3;\n".into())]));
    assert_eq!(
        parts("let a = 1;\n%who\na"),
        Ok(vec![Part::Rust("let a = 1;\n".into()), Part::Who, Part::Rust("\n\na\n".into())])
    );
    assert_eq!(parts("\n%%bash\nls\n"), Ok(vec![Part::Shell { program: "bash", text: "ls\n" }]));
    assert_eq!(parts("%budget 2GB"), Ok(vec![Part::Budget("2GB")]));
    assert_eq!(parts("%dep serde = \"1\""), Ok(vec![Part::Dependency("serde = \"1\"")]));
    for (code, text) in [
        ("%timme x", "there is no magic `%timme`; there are %time"),
        ("%%who", "%who: works on one line only"),
        ("%time", "%time: write the code behind it"),
    ] {
        assert!(parts(code).unwrap_err().to_string().starts_with(text), "{code}");
    }
}

#[test]
fn magics_run_through_the_evaluator() {
    let (outcome, printed, ran) = run("%time 1 + 1");
    assert!(matches!(&outcome, Outcome::Done { result: Some(result) } if result.plain() == "1 + 1"), "{outcome:?}");
    assert!(printed.starts_with("took ") && printed.contains("5.0 ms to run"), "{printed}");
    assert_eq!(ran, ["1 + 1\n"]);
    assert_eq!(run("%who").1, "t  Vec<f64>");
    assert_eq!(run("%dep serde = \"1\"").2, [":dep serde = \"1\""]);
    let (outcome, _, ran) = run("let a = 1;\n%nothing\nlet b = 2;");
    assert!(matches!(&outcome, Outcome::Failed(error) if error.name == "UnknownMagic"), "{outcome:?}");
    assert!(ran.is_empty(), "nothing runs of a cell that is wrong: {ran:?}");
}

#[test]
fn scripts_stream_fail_and_stop() {
    let (outcome, printed, _) = run("%%bash\necho one; echo två >&2; printf é");
    assert!(matches!(outcome, Outcome::Done { .. }));
    // The two streams come in any order.
    assert!(["one\n", "två\n", "é"].iter().all(|part| printed.contains(part)), "{printed}");
    assert!(matches!(run("%bash exit 3").0, Outcome::Failed(error) if error.value.contains("exit status: 3")));

    let mut evaluator = WithMagics::new(Box::new(Echo::default()));
    let interrupt = evaluator.interrupter();
    let start = Instant::now();
    let mut output = |output| {
        if matches!(&output, Output::Stdout(text) if text.contains("begun")) {
            interrupt();
        }
    };
    let outcome = evaluator.execute("%%bash\necho begun; sleep 60 | cat", &mut output);
    assert!(matches!(&outcome, Outcome::Failed(error) if error.name == "Interrupted"), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn names_of_magics_are_completed_and_explained() {
    let mut evaluator = WithMagics::new(Box::new(Echo::default()));
    let found = evaluator.complete("let a = 1;\n%ti", 14);
    assert_eq!((found.matches, found.start, found.end), (vec!["%time".to_owned(), "%timeit".to_owned()], 11, 14));
    assert_eq!(evaluator.complete("%%w", 3).matches, Vec::<String>::new());
    assert!(evaluator.inspect("%budget 2GB", 4).unwrap().plain().contains("how much memory"));
}
