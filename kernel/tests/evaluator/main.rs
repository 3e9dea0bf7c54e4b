//! The evaluator, with real compilations. Needs the kit: `make cells`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod library;
mod mistakes;
mod session;
mod signatures;

use std::time::Duration;

use session::Session;
use terracube_kernel::evaluator::{CellError, Evaluator, Output};

#[test]
fn results_and_output_arrive_in_order() {
    let mut session = Session::start();
    assert_eq!(session.run("let x = 40 + 2; x").result(), "42");
    let cell = session.run("print!(\"a\"); println!(\"b\"); std::eprintln!(\"c\"); print!(\"no newline\"); x + 1");
    assert_eq!(
        (cell.result().as_str(), cell.stdout().as_str(), cell.stderr().as_str()),
        ("43", "ab\nno newline", "c\n")
    );
    assert_eq!(session.run("()").result(), "");
    assert_eq!(session.run("#[derive(Debug)] struct Mine { a: i32 }\nMine { a: 1 }").result(), "Mine { a: 1 }");
    // Long output without a newline, and bytes that are no UTF-8.
    let cell = session
        .run("print!(\"{}\", \"x\".repeat(100_000)); use std::io::Write; std::io::stdout().write_all(b\"\\xff\\n\")?;");
    assert_eq!(cell.stdout().chars().filter(|c| *c == 'x').count(), 100_000, "{cell:?}");
    assert!(cell.stdout().ends_with("\u{fffd}\n"));
}

#[test]
fn output_streams_while_the_cell_runs() {
    let mut session = Session::start();
    let mut first = None;
    let cell = session.run_with(
        "println!(\"early\"); std::thread::sleep(std::time::Duration::from_millis(1500)); println!(\"late\");",
        &mut |output, when| {
            if matches!(output, Output::Stdout(text) if text.contains("early")) {
                first = Some(when);
            }
        },
    );
    assert_eq!(cell.stdout(), "early\nlate\n");
    assert!(cell.took - first.unwrap() > Duration::from_millis(1200), "{first:?} of {:?}", cell.took);
}

#[test]
fn a_failed_question_mark_is_an_error_and_keeps_variables() {
    let mut session = Session::start();
    session.run("let kept = vec![1.0, 2.0];").result();
    let cell = session.run("let lost = 1; let n: i32 = \"no number\".parse()?; println!(\"not reached\");");
    let error = cell.error();
    assert_eq!((error.name.as_str(), error.value.as_str()), ("Error", "invalid digit found in string"));
    assert_eq!((cell.stdout().as_str(), cell.stderr().as_str()), ("", ""));
    assert_eq!(session.run("kept.len()").result(), "2");
    assert_eq!(
        session.run("Err::<(), _>(\"first line\\nhint: second\")?;").error().traceback,
        ["first line", "hint: second", "  at line 1: `Err::<(), _>(\"first line\\nhint: second\")?;`"]
    );
    let cell = session.run("let error = 5; eprintln!(\"{}\", error); eprintln!(\"{error}\"); kept[0]");
    assert_eq!((cell.result().as_str(), cell.stderr().as_str()), ("1.0", "5\n5\n"));
    assert_eq!(session.type_of("lost"), None);
}

#[test]
fn errors_name_the_lines_of_cells_that_led_to_them() {
    let mut session = Session::start();
    let lines = |error: &CellError| -> Vec<String> {
        error.traceback.iter().filter(|line| !line.starts_with("note:")).cloned().collect()
    };
    session.run("let t = DataArray::from_vec([\"lat\", \"lon\"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]);").result();
    // The mistake is made in one cell, and met in another one.
    session.run("// zonal\nlet zonal = t\n    .mean(\"latt\");").result();
    let shown = session.run("zonal.clone()").result();
    assert!(shown.contains("at line 3 of an earlier cell: `.mean(\"latt\");`"), "{shown}");
    let error = session.run("let one = 1;\n\nlet values = zonal.to_f64()?;").error().clone();
    assert_eq!(error.value, "no dimension `latt`; did you mean `lat`?");
    let expected = [
        "no dimension `latt`; did you mean `lat`?",
        "  at line 3 of an earlier cell: `.mean(\"latt\");`",
        "  at line 3: `let values = zonal.to_f64()?;`",
    ];
    assert_eq!(lines(&error), expected);
    // One line says it once; the last expression, a function and a closure have lines too.
    let error = session.run("let one = 1;\nt.mean(\"latt\").to_f64()?").error().clone();
    assert_eq!(lines(&error)[1..], ["  at line 2: `t.mean(\"latt\").to_f64()?`"]);
    let code =
        "fn wrong(t: &DataArray) -> Result<f64> {\n    t.sel(\"lat\", 7.0).item()\n}\nprintln!(\"{}\", wrong(&t)?);";
    let error = session.run(code).error().clone();
    assert_eq!(
        lines(&error)[1..],
        ["  at line 2: `t.sel(\"lat\", 7.0).item()`", "  at line 4: `println!(\"{}\", wrong(&t)?);`"]
    );
    let error = session.run("let names = vec![\"lon\", \"latt\"];\nlet all: Vec<f64> = names.iter()\n    .map(|name| t.mean(*name).mean(ALL).item())\n    .collect::<Result<_>>()?;").error().clone();
    assert!(
        lines(&error).contains(&"  at line 3: `.map(|name| t.mean(*name).mean(ALL).item())`".to_owned()),
        "{error:?}"
    );
    // A function and a closure of earlier cells have no line in this one, whatever stands at theirs.
    session
        .run("let stored: Box<dyn Fn(&DataArray) -> Result<f64>> = Box::new(|t| t.sel(\"lat\", 9.0).item());")
        .result();
    for code in ["wrong(&t)?;", "t.clone();\nt.clone();\nt.clone();\nstored(&t)?;", "stored(&t)?;", "stored(&t)?;\nt"] {
        let error = session.run(code).error().clone();
        let line = 1 + code.lines().position(|line| line.ends_with("?;")).unwrap();
        let named = lines(&error);
        assert_eq!(named.len(), 2, "{code}: {named:?}");
        assert_eq!(named[1], format!("  at line {line}: `{}`", code.lines().nth(line - 1).unwrap()));
    }
    // A panic too.
    let error = session.run("let a = [1, 2];\nlet i = a.len();\nprintln!(\"{}\", a[i]);").error().clone();
    assert_eq!(
        (error.name.as_str(), lines(&error).last().unwrap().as_str()),
        ("Panic", "  at line 3: `println!(\"{}\", a[i]);`")
    );
}

#[test]
fn a_panic_is_an_error_and_keeps_variables() {
    let mut session = Session::start();
    session.run("let mut kept = vec![1, 2];").result();
    let cell = session.run("kept.push(3); let none: Option<i32> = None; none.expect(\"nothing there\");");
    let error = cell.error();
    assert_eq!((error.name.as_str(), error.value.as_str(), cell.stderr().as_str()), ("Panic", "nothing there", ""));
    assert_eq!(session.run("kept[7]").error().name, "Panic");
    assert_eq!(session.run("kept.len()").result(), "3");
}

#[test]
fn compile_errors_are_readable() {
    let mut session = Session::start();
    session.run("let x = 1;").result();
    let cell = session.run("let y = 2;\nlet z = x + unknown_name;");
    let error = cell.error();
    let text = error.traceback.join("\n");
    assert_eq!(
        (error.name.as_str(), error.value.as_str()),
        ("CompileError", "cannot find value `unknown_name` in this scope")
    );
    assert!(
        text.contains("line 2, column 13")
            && text.contains("let z = x + unknown_name;")
            && text.contains("^^^^^^^^^^^^"),
        "{text}"
    );
    assert!(!text.contains("evcxr"), "{text}");
    assert_eq!(session.run("let s: String = 5;").error().name, "CompileError");
    assert_eq!(session.run("x").result(), "1");
}

#[test]
fn borrowing_keeps_a_variable_and_moving_it_is_told() {
    let mut session = Session::start();
    session.run("let text = String::from(\"abc\"); fn by_value(t: String) -> usize { t.len() } fn by_reference(t: &str) -> usize { t.len() }").result();
    assert_eq!(session.run("by_reference(&text)").result(), "3");
    assert_eq!(session.run("text").result(), "\"abc\"");
    let cell = session.run("let n = by_value(text);");
    cell.result();
    assert!(cell.stderr().contains("`text` was moved by this cell and is gone; write `&text`"), "{cell:?}");
    assert_eq!(session.run("n").result(), "3");
    let error = session.run("text.len()").error().clone();
    assert!(error.traceback.join("\n").contains("`text` was moved by an earlier cell"), "{error:?}");
}

#[test]
fn a_crash_loses_variables_names_them_and_nothing_else() {
    let mut session = Session::start();
    session.run("fn survives() -> i32 { 5 }").result();
    for (code, name, reason) in [
        ("println!(\"last words\"); std::process::abort();", "ChildDied", "SIGABRT"),
        ("println!(\"last words\"); std::process::exit(3);", "ChildDied", "exit status: 3"),
        (
            "println!(\"last words\"); unsafe { *std::hint::black_box(std::ptr::null_mut::<i32>()) = 1 };",
            "ChildDied",
            "signal",
        ),
        (
            "fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { std::hint::black_box(deep(n + 1)) + 1 } } println!(\"last words\"); deep(0)",
            "StackOverflow",
            "overflowed its stack",
        ),
        (
            "println!(\"last words\"); let all: Vec<u8> = Vec::with_capacity(1 << 60); all.len()",
            "OutOfMemory",
            "allocation of 1152921504606846976 bytes failed",
        ),
        (
            "println!(\"last words\"); std::process::Command::new(\"sh\").args([\"-c\", &format!(\"kill -KILL {}\", std::process::id())]).status()?;",
            "OutOfMemory",
            "SIGKILL",
        ),
    ] {
        session.run("let kept = 1; let also = 2;").result();
        let cell = session.run(code);
        let error = cell.error();
        assert_eq!((error.name.as_str(), cell.stdout().as_str()), (name, "last words\n"), "{code}: {error:?}");
        assert!(error.value.contains(reason), "{error:?}");
        assert!(
            error.value.contains("all variables are lost: ") && error.value.ends_with("`also`, `kept`"),
            "{error:?}"
        );
        assert_eq!(session.run("kept").error().name, "CompileError");
        assert_eq!(session.run("let again = survives(); again").result(), "5");
    }
}

#[test]
fn a_failed_cell_names_the_variables_that_it_did_not_keep() {
    let mut session = Session::start();
    session.run("let text = String::from(\"abc\"); let kept = 1; fn by_value(t: String) -> usize { t.len() }").result();
    let error = session.run("let (first, second) = (1, 2); let n: i32 = \"x\".parse()?;").error().clone();
    let text = error.traceback.join("\n");
    assert!(text.contains("`first`, `second`, `n` of this cell are not kept"), "{text}");
    let error = session.run("let length = by_value(text); let n: i32 = \"x\".parse()?;").error().clone();
    let text = error.traceback.join("\n");
    assert!(text.contains("`text` of earlier cells is gone"), "{text}");
    assert_eq!(session.run("kept").result(), "1");
}

#[test]
fn floods_and_huge_outputs_do_no_harm() {
    let mut session = Session::start();
    let mut n_messages = 0;
    let flood = session.run_with("for n in 0..2_000_000 { println!(\"line {n}\"); }", &mut |_, _| n_messages += 1);
    assert_eq!(flood.stdout().lines().count(), 2_000_000);
    assert!(n_messages < 2000, "{n_messages} messages");
    let large = session.run(
        "struct Large; impl terracube::display::RichDisplay for Large { fn mime_bundle(&self) -> terracube::display::MimeBundle {\n\
         use terracube::display::{Data, MimeBundle}; MimeBundle::text(\"large\").with(\"text/html\", Data::Text(\"<\\\"é>\".repeat(20_000_000))) } }\n\
         println!(\"before\"); Large",
    );
    assert_eq!((large.result().as_str(), large.stdout().as_str()), ("large", "before\n"));
    assert!(large.took < Duration::from_secs(30), "{:?}", large.took);
    // The second compilation of a type without a display goes another way.
    let debug = session.run("#[derive(Debug)] struct Many(Vec<u8>); Many(vec![7; 8_000_000])");
    assert!(debug.result().starts_with("Many([7, 7, 7"), "{:.40}", debug.result());
    assert_eq!(session.run("1 + 1").result(), "2");
}

#[test]
fn an_interrupt_keeps_variables() {
    let mut session = Session::start();
    session.run("let mut counter = 0_u64; let kept = vec![1, 2, 3];").result();
    let checked = "println!(\"ready\"); loop { counter += 1; terracube::interrupt::check()?; std::thread::sleep(std::time::Duration::from_millis(1)); }";
    let printing =
        "loop { counter += 1; println!(\"ready\"); std::thread::sleep(std::time::Duration::from_millis(5)); }";
    for code in [checked, printing] {
        let cell = session.run_interrupted(code, &[]);
        assert_eq!(cell.error().name, "Interrupted", "{cell:?}");
        assert!(cell.took < Duration::from_secs(6), "{:?}", cell.took);
        assert_eq!(session.run("kept.len()").result(), "3");
        assert!(session.run("counter").result().parse::<u64>().unwrap() > 0);
    }
}

#[test]
fn a_late_interrupt_does_not_touch_the_next_cell() {
    let mut session = Session::start();
    let interrupt = session.evaluator.interrupter();
    interrupt();
    assert_eq!(session.run("let x = 1; terracube::interrupt::check()?; println!(\"through\"); x").result(), "1");
    interrupt();
    assert_eq!(session.run("terracube::interrupt::check()?; x + 1").result(), "2");
}

#[test]
fn a_cell_that_ignores_the_interrupt_is_ended() {
    let mut session = Session::start();
    session.run("let lost = 1;").result();
    let deaf = "println!(\"ready\"); loop { std::thread::sleep(std::time::Duration::from_millis(50)); }";
    let cell = session.run_interrupted(deaf, &[Duration::from_millis(800)]);
    assert_eq!(cell.error().name, "Interrupted", "{cell:?}");
    assert!(cell.error().value.contains("variables are lost") && cell.took < Duration::from_secs(8), "{cell:?}");
    // One request and ten seconds do the same.
    let cell = session.run_interrupted(deaf, &[]);
    assert!(cell.error().value.contains("variables are lost") && cell.took < Duration::from_secs(20), "{cell:?}");
    assert_eq!(session.run("1 + 1").result(), "2");
}

#[test]
fn an_interrupt_during_compilation_ends_it() {
    let mut session = Session::start();
    session.run("let kept = 7;").result();
    let interrupt = session.evaluator.interrupter();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        interrupt();
    });
    let cell =
        session.run("println!(\"ran\"); let x = kept + 1; std::thread::sleep(std::time::Duration::from_secs(1));");
    stopper.join().unwrap();
    assert_eq!((cell.error().name.as_str(), cell.stdout().as_str()), ("Interrupted", ""), "{cell:?}");
    assert_eq!(session.run("kept").result(), "7");
}

#[test]
fn displays_stand_between_printed_lines() {
    let mut session = Session::start();
    let cell = session.run(
        "use terracube::display::{Data, MimeBundle, RichDisplay};\n\
         struct Picture(&'static str);\n\
         impl RichDisplay for Picture { fn mime_bundle(&self) -> MimeBundle { MimeBundle::text(self.0).with(\"text/html\", Data::Text(format!(\"<b>{}</b>\", self.0))).with(\"image/png\", Data::Bytes(vec![1, 2, 255])) } }\n\
         println!(\"1\"); terracube::display(&Picture(\"one\")); print!(\"2\"); terracube::display_as(\"id\", &Picture(\"two\"));\n\
         println!(\"3\"); terracube::update_display(\"id\", &Picture(\"three\")); terracube::clear_output(true); Picture(\"result\")",
    );
    assert_eq!(cell.result(), "result");
    let shown: Vec<String> = cell
        .outputs
        .iter()
        .map(|output| match output {
            Output::Stdout(text) => text.clone(),
            Output::Stderr(text) => format!("stderr {text}"),
            Output::Display { bundle, display_id, update } => {
                format!("{} {} {}", bundle.plain(), display_id.as_deref().unwrap_or("-"), update)
            }
            Output::Clear { wait } => format!("clear {wait}"),
        })
        .collect();
    assert_eq!(shown, ["1\n", "one - false", "2", "two id false", "3\n", "three id true", "clear true"]);
}

#[test]
fn a_progress_bar_appears_moves_and_ends() {
    let mut session = Session::start();
    let quick = session.run("let p = Progress::new(\"quick\", 3); for _ in 0..3 { p.advance(1); } p.finish();");
    assert!(quick.outputs.is_empty(), "{quick:?}");
    session.run("terracube::progress::when_done(\"line\")?;").result();
    let cell = session.run(
        "let p = Progress::new(\"slow\", 30); for _ in 0..30 { std::thread::sleep(std::time::Duration::from_millis(50)); p.advance(1); } p.finish();",
    );
    let bars: Vec<(String, bool)> = cell
        .outputs
        .iter()
        .filter_map(|output| {
            if let Output::Display { bundle, update, .. } = output {
                Some((bundle.plain().to_owned(), *update))
            } else {
                None
            }
        })
        .collect();
    assert!((4..=16).contains(&bars.len()), "{bars:?}");
    assert!(!bars[0].1 && bars[1..].iter().all(|bar| bar.1), "{bars:?}");
    assert!(bars.last().unwrap().0.starts_with("slow: 30/30 done in 1."), "{bars:?}");
    // What is not asked for goes when the work is done.
    session.run("terracube::progress::when_done(\"gone\")?;").result();
    let cell = session.run(
        "let p = Progress::new(\"slow\", 3); for _ in 0..3 { std::thread::sleep(std::time::Duration::from_millis(300)); p.advance(1); } p.finish();",
    );
    let Some(Output::Display { bundle, update: true, .. }) = cell.outputs.last() else { panic!("{cell:?}") };
    assert_eq!(bundle.plain(), "");
}

#[test]
fn types_of_variables_are_inferred() {
    let mut session = Session::start();
    for (code, expected) in [
        ("let a = 1; let b = 2.5; let c = \"text\"; let d = true;", "a: i32, b: f64, c: &str, d: bool"),
        ("let n: f64 = \"2.5\".parse()?;", "n: f64"),
        ("let n = \"25\".parse::<u16>()?;", "n: u16"),
        (
            "let v = vec![1.0, 2.0]; let s = String::from(\"x\"); let f = format!(\"{s}\");",
            "f: String, s: String, v: Vec<f64>",
        ),
        (
            "let o = v.first().copied(); let (i, j) = (1_u8, Some(\"y\".to_string()));",
            "i: u8, j: Option<String>, o: Option<f64>",
        ),
        (
            "let w: Vec<_> = v.iter().map(|x| x * 2.0).collect(); let total = w.iter().sum::<f64>();",
            "total: f64, w: Vec<f64>",
        ),
        (
            "let m = v.iter().cloned().fold(f64::NAN, f64::max); let z = v.iter().zip(&w).map(|(a, b)| a + b).collect::<Vec<_>>();",
            "m: f64, z: Vec<f64>",
        ),
        (
            "let map = std::collections::HashMap::from([(\"a\", 1)]); let t = std::time::Instant::now(); let e = t.elapsed();",
            "e: std::time::Duration",
        ),
        (
            "let lines = \"a b\".split(' ').map(str::to_owned).collect::<Vec<String>>(); let k = lines.len();",
            "k: usize, lines: Vec<String>",
        ),
        ("let bytes = std::fs::read(\"/proc/self/comm\")?; let arr = [1, 2, 3];", "arr: [i32; 3], bytes: Vec<u8>"),
        (
            "let b = Box::new(1.5); let rc = std::sync::Arc::new(vec![1_i64]);",
            "b: Box<f64>, rc: std::sync::Arc<Vec<i64>>",
        ),
        ("let r = 1.0..=2.0; let c = if v.len() > 1 { 'x' } else { 'y' };", "c: char"),
    ] {
        let cell = session.run(code);
        cell.result();
        for pair in expected.split(", ") {
            let (name, type_name) = pair.split_once(": ").unwrap();
            assert_eq!(session.type_of(name).as_deref(), Some(type_name), "{name} of {code}");
        }
    }
}

#[test]
fn completion_and_inspection_know_the_session() {
    let mut session = Session::start();
    session.run("let measurements = vec![1.5];").result();
    let found = session.evaluator.complete("measurem", 8);
    assert!(found.matches.iter().any(|m| m.starts_with("measurements")), "{found:?}");
    assert_eq!((found.start, found.end), (0, 8));
    let found = session.evaluator.complete("let n = measurements.le", 23);
    assert!(found.matches.iter().any(|m| m.starts_with("len")), "{found:?}");
    let documentation = session.evaluator.inspect("measurements", 3).expect("a documented variable");
    assert!(documentation.plain().contains("Vec<f64>"), "{}", documentation.plain());
}

#[test]
fn a_cell_with_a_dependency_does_not_hold_up_other_sessions() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), "pub fn answer() -> u8 { 42 }").unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\n").unwrap();
    let mut session = Session::start();
    let cell = format!(
        ":dep tiny = {{ path = \"{}\" }}\nprintln!(\"ready\"); loop {{ std::thread::sleep(std::time::Duration::from_millis(50)); \
         terracube::interrupt::check()?; }}",
        folder.path().display()
    );
    let interrupt = session.evaluator.interrupter();
    let mut other = None;
    let cell = session.run_with(&cell, &mut |output, _| {
        if matches!(output, Output::Stdout(text) if text.contains("ready")) {
            let (interrupt, (told, started)) = (std::sync::Arc::clone(&interrupt), std::sync::mpsc::channel());
            other = Some(started);
            std::thread::spawn(move || {
                let (said, hears) = std::sync::mpsc::channel();
                std::thread::spawn(move || {
                    drop(Session::start());
                    let _ = said.send(());
                });
                let _ = told.send(hears.recv_timeout(Duration::from_secs(60)).is_ok());
                interrupt();
            });
        }
    });
    assert_eq!(cell.error().name, "Interrupted", "{cell:?}");
    assert!(other.unwrap().recv().unwrap(), "the other session did not start while the cell ran");
    assert_eq!(session.run("tiny::answer()").result(), "42");
}
