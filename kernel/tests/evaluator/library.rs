//! Cells that use the cube, and the signatures against the library itself: every snippet's inferred types are asserted,
//! so that signatures that drift from the library fail here.
use std::time::{Duration, Instant};

use terracube_kernel::evaluator::{Evaluator, Outcome};

use super::session::Session;

/// A small cube.
const CUBE: &str = "let t = DataArray::from_vec([\"time\", \"lat\"], &[4, 3], (0..12).map(f64::from).collect::<Vec<_>>()).with_coord(\"lat\", vec![10.0, 20.0, 30.0]).named(\"t2m\");";

#[test]
fn types_of_the_library_are_inferred() {
    let mut session = Session::start();
    for (code, expected) in [
        (CUBE, "t: DataArray"),
        (
            "let m = t.mean(\"time\"); let anomaly = &t - &m; let scaled = 2.0 * &t + 1.0;",
            "m: DataArray, anomaly: DataArray, scaled: DataArray",
        ),
        (
            "let part = t.sel(\"lat\", 10.0..=20.0).isel(\"time\", -1); let one = t.sel(\"lat\", near(12.0));",
            "part: DataArray, one: DataArray",
        ),
        (
            "let values = m.to_f64()?; let array = m.values()?; let shape = t.shape().to_vec();",
            "values: Vec<f64>, array: Array, shape: Vec<u64>",
        ),
        (
            "let hot = t.gt(3.0); let kept = t.where_(&hot); let dtype = t.dtype();",
            "hot: DataArray, kept: DataArray, dtype: DType",
        ),
        (
            "let (low, high) = compute((&t.min(\"time\"), &t.max(\"time\")))?; let plan = m.explain()?;",
            "low: DataArray, high: DataArray, plan: String",
        ),
        (
            "let groups = t.group_by(\"lat\"); let name = t.name().map(str::to_owned); let token = CancelToken::new();",
            "groups: GroupBy, name: Option<String>, token: CancelToken",
        ),
    ] {
        session.run(code).result();
        for pair in expected.split(", ") {
            let (name, type_name) = pair.split_once(": ").unwrap();
            assert_eq!(session.type_of(name).as_deref(), Some(type_name), "{name} of {code}");
        }
    }
    assert_eq!(session.run("values").result(), "[4.5, 5.5, 6.5]");
    let plan = session.run("draw_plan(&anomaly)?");
    let Outcome::Done { result: Some(bundle) } = &plan.outcome else { panic!("{plan:?}") };
    let Some(terracube_display::Data::Text(html)) = bundle.get("text/html") else { panic!("{bundle:?}") };
    let n_operations = bundle.plain().lines().filter(|line| line.trim_start().starts_with(['#', '='])).count();
    assert!(n_operations > 2 && html.matches("<rect").count() == n_operations, "{}", bundle.plain());
    assert_eq!(session.run("t.mean(\"tim\").to_f64()?;").error().name, "Error");
}

/// Times cells and prints them; run with `--run-ignored only --no-capture` on an idle machine.
#[test]
#[ignore = "a measurement"]
fn measure_cells() {
    let start = Instant::now();
    let mut session = Session::start();
    let ready = start.elapsed();
    let first = session.run(CUBE).took;
    let mut report = format!("ready after {ready:?}, first cell {first:?}\n");
    for (what, code) in [
        ("trivial expression", "1 + 1"),
        ("let", "let x = 1 + 1;"),
        ("library call, value", "t.mean(\"time\").to_f64()?"),
        ("library call, let", "let m = t.mean(\"time\");"),
        ("three lets", "let a = t.mean(\"time\"); let b = &t - &a; let c = b.to_f64()?;"),
        ("print", "println!(\"x\");"),
        ("debug fallback", "#[derive(Debug)] struct S; S"),
    ] {
        let mut times: Vec<Duration> = (0..20)
            .map(|_| {
                let cell = session.run(code);
                assert!(matches!(cell.outcome, Outcome::Done { .. }), "{cell:?}");
                cell.took
            })
            .collect();
        times.sort();
        report += &format!("{what}: median {:?}, min {:?}, max {:?}\n", times[10], times[0], times[19]);
    }
    let interrupt = session.evaluator.interrupter();
    interrupt();
    report += &std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
        .map(|line| format!("kernel {line}\n"))
        .collect::<String>();
    let child = session.run("std::fs::read_to_string(\"/proc/self/status\")?.lines().filter(|l| l.starts_with(\"VmRSS\")).collect::<String>()");
    report += &format!("child {}\n", child.result());
    use std::io::Write;
    std::io::stderr().write_all(report.as_bytes()).unwrap();
}
