//! What a process used, from Linux's own books.
use std::time::Instant;

use crate::Failure;

/// Started before the work, asked after it.
pub struct Meter {
    start: Instant,
    cpu_before: f64,
}

/// What the work took.
pub struct Used {
    /// Seconds by the clock.
    pub wall: f64,
    /// Seconds of all threads, user and system.
    pub cpu: f64,
    /// Largest resident size of the whole process so far, in MB of 1024 * 1024 bytes.
    pub peak_mb: u64,
}

impl Meter {
    /// Starts to measure.
    pub fn start() -> Result<Self, Failure> {
        Ok(Self { cpu_before: cpu_seconds()?, start: Instant::now() })
    }

    /// What was used since.
    pub fn stop(self) -> Result<Used, Failure> {
        let wall = self.start.elapsed().as_secs_f64();
        Ok(Used { wall, cpu: cpu_seconds()? - self.cpu_before, peak_mb: peak_mb()? })
    }
}

/// User and system time from /proc/self/stat (fields 14 and 15, in ticks of 1/100 s).
fn cpu_seconds() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit_once(')').ok_or("no process name in /proc/self/stat")?.1;
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}

fn peak_mb() -> Result<u64, Failure> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.split_whitespace().nth(1).ok_or("VmHWM without a number")?.parse()?;
    Ok(kib / 1024)
}
