//! One measurement in a fresh process: `terracube-bench ours|decode WORKLOAD DATA [--save FILE.npy]` prints one JSON line.
//! `terracube-bench list` prints the names of the workloads. `make bench` drives it (compare.py).
#![allow(clippy::print_stdout)]

mod decode;
mod measure;
mod ours;

use std::io::Write;

use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => {
            for workload in ours::WORKLOADS {
                println!("{}", workload.name);
            }
            Ok(())
        }
        ["ours", name, data] => run_ours(name, data, None),
        ["ours", name, data, "--save", file] => run_ours(name, data, Some(file)),
        ["decode", name, data] => run_decode(name, data),
        _ => Err("usage: terracube-bench list | ours|decode WORKLOAD DATA [--save FILE.npy]".into()),
    }
}

fn run_ours(name: &str, data: &str, save: Option<&str>) -> Result<(), Failure> {
    let workload = workload(name)?;
    let meter = measure::Meter::start()?;
    let (shape, values) = ours::run(workload, data)?;
    let used = meter.stop()?;
    println!("{}", json!({"workload": name, "wall": used.wall, "cpu": used.cpu, "peak_mb": used.peak_mb}));
    match save {
        Some(file) => save_npy(file, &shape, &values),
        None => Ok(()),
    }
}

fn run_decode(name: &str, data: &str) -> Result<(), Failure> {
    let workload = workload(name)?;
    let meter = measure::Meter::start()?;
    let bytes = decode::decode_all(&format!("{data}/{}", workload.store), ours::VARIABLE, workload.passes)?;
    let used = meter.stop()?;
    println!(
        "{}",
        json!({"workload": name, "wall": used.wall, "cpu": used.cpu, "peak_mb": used.peak_mb, "passes": workload.passes, "bytes": bytes})
    );
    Ok(())
}

fn workload(name: &str) -> Result<&'static ours::Workload, Failure> {
    ours::WORKLOADS
        .iter()
        .find(|workload| workload.name == name)
        .ok_or_else(|| format!("no workload `{name}`; `list` prints them").into())
}

/// numpy's format, version 1.0: a header padded to 64 bytes, then the values in C order.
fn save_npy(file: &str, shape: &[u64], values: &[f32]) -> Result<(), Failure> {
    let sizes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&u16::try_from(header.len())?.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for value in values {
        out.write_all(&value.to_le_bytes())?;
    }
    Ok(out.flush()?)
}
