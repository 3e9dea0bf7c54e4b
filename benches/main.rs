//! One measurement in a fresh process: `terracube-bench ours|floor WORKLOAD DATA [--save PREFIX]` prints one JSON line.
//! `terracube-bench list` prints a JSON line for each workload. `make bench` drives it (compare.py).
#![allow(clippy::print_stdout)]

mod along;
mod floor;
mod floor_netcdf;
mod measure;
mod ours;

use std::io::Write;

use serde_json::json;
use terracube::cube::base::Element;
use terracube::prelude::{Array, DType};

use ours::{Gate, Work, Workload};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => {
            workloads().for_each(|workload| println!("{}", described(workload)));
            Ok(())
        }
        ["ours", name, data] => run_ours(name, data, None),
        ["ours", name, data, "--save", prefix] => run_ours(name, data, Some(prefix)),
        ["floor", name, data] => run_floor(name, data),
        ["part", quarters, data] => run_part(quarters.parse()?, data),
        ["files", ..] => run_files(&arguments[1..]),
        _ => Err(
            "usage: terracube-bench list | ours|floor WORKLOAD DATA [--save PREFIX] | part QUARTERS DATA | files URL.."
                .into(),
        ),
    }
}

fn workloads() -> impl Iterator<Item = &'static Workload> {
    ours::WORKLOADS.iter().chain(along::WORKLOADS)
}

fn described(workload: &Workload) -> serde_json::Value {
    let gate = match workload.gate {
        Gate::Times(times) => json!({"times": times}),
        Gate::Seconds(seconds) => json!({"seconds": seconds}),
        Gate::OfPeer(times) => json!({"of_peer": times}),
        Gate::Chunks(n_chunks) => json!({"chunks": n_chunks}),
        Gate::MicrosecondsPerChunk { most, n_chunks } => json!({"microseconds": most, "n_chunks": n_chunks}),
        Gate::TimesAndMemory { times, part, peer } => json!({"times": times, "part": part, "peer": peer}),
        Gate::Faster { times, part } => json!({"faster": times, "part": part}),
    };
    let passes: u32 = workload.reads.iter().map(|read| read.passes).sum();
    let writes = match workload.work {
        Work::Compute(_) | Work::Open(_) => "",
        Work::Write(..) => "zarr",
        Work::WriteNetcdf(_) => "netcdf",
    };
    let opens = matches!(workload.work, Work::Open(_));
    json!({"name": workload.name, "floor": workload.floor.name(), "gate": gate, "passes": passes, "writes": writes, "opens": opens})
}

fn run_ours(name: &str, data: &str, save: Option<&str>) -> Result<(), Failure> {
    let workload = workload(name)?;
    let meter = measure::Meter::start()?;
    let outcome = ours::run(workload, data)?;
    let used = meter.stop()?;
    println!(
        "{}",
        json!({"workload": name, "wall": used.wall, "cpu": used.cpu, "peak_mb": used.peak_mb,
               "chunks_read": outcome.chunks_read, "passes": outcome.passes, "reserved": outcome.reserved})
    );
    if let Some(prefix) = save {
        for (number, array) in outcome.arrays.iter().enumerate() {
            save_npy(&format!("{prefix}.{number}.npy"), array)?;
        }
    }
    Ok(())
}

/// A mean over the first quarters of the time axis: how cost goes with data.
fn run_part(quarters: i64, data: &str) -> Result<(), Failure> {
    let meter = measure::Meter::start()?;
    ours::mean_of_quarters(quarters, data)?;
    let used = meter.stop()?;
    println!("{}", json!({"quarters": quarters, "wall": used.wall, "cpu": used.cpu, "peak_mb": used.peak_mb}));
    Ok(())
}

/// A mean over time of files that are opened first: what a network costs.
fn run_files(urls: &[String]) -> Result<(), Failure> {
    let meter = measure::Meter::start()?;
    ours::mean_of_files(urls)?;
    let used = meter.stop()?;
    println!("{}", json!({"files": urls.len(), "wall": used.wall, "cpu": used.cpu, "peak_mb": used.peak_mb}));
    Ok(())
}

fn run_floor(name: &str, data: &str) -> Result<(), Failure> {
    let workload = workload(name)?;
    // Where chunks stand is known before the time is taken.
    let places = workload.floor.places(data, workload.reads)?;
    let meter = measure::Meter::start()?;
    let bytes = workload.floor.run(data, workload.reads, &places)?;
    let used = meter.stop()?;
    println!(
        "{}",
        json!({"workload": name, "wall": used.wall, "cpu": used.cpu, "peak_mb": used.peak_mb, "bytes": bytes})
    );
    Ok(())
}

fn workload(name: &str) -> Result<&'static Workload, Failure> {
    workloads()
        .find(|workload| workload.name == name)
        .ok_or_else(|| format!("no workload `{name}`; `list` prints them").into())
}

/// numpy's format, version 1.0: a header padded to 64 bytes, then the values in C order.
fn save_npy(file: &str, array: &Array) -> Result<(), Failure> {
    match array.dtype() {
        DType::F32 => save_values(file, "<f4", array, array.to_vec::<f32>()?, f32::to_le_bytes),
        DType::I64 => save_values(file, "<i8", array, array.to_vec::<i64>()?, i64::to_le_bytes),
        DType::F64 => save_values(file, "<f8", array, array.to_vec::<f64>()?, f64::to_le_bytes),
        other => Err(format!("a result of {other} is not saved").into()),
    }
}

fn save_values<T: Element, const N: usize>(
    file: &str,
    descr: &str,
    array: &Array,
    values: Vec<T>,
    bytes: fn(T) -> [u8; N],
) -> Result<(), Failure> {
    let sizes: String = array.shape().iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&u16::try_from(header.len())?.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for value in values {
        out.write_all(&bytes(value))?;
    }
    Ok(out.flush()?)
}
