//! What `%timeit` runs.
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::interrupt;

/// Rounds, of which mean and spread are told.
const N_ROUNDS: u32 = 7;
/// About how long a round should take.
const ROUND: Duration = Duration::from_millis(200);

/// Runs code repeatedly and prints how long one run takes: mean and standard deviation over seven rounds, each long enough
/// to be measured. An interrupt ends it.
pub fn time_repeatedly<T>(mut code: impl FnMut() -> T) {
    let mut round = |n_runs: u32| {
        let mut elapsed = Duration::ZERO;
        for _ in 0..n_runs {
            interrupt::unwind_if_requested();
            let start = Instant::now();
            // Dropping the value is not measured.
            let value = black_box(code());
            elapsed += start.elapsed();
            drop(value);
        }
        elapsed
    };
    let mut n_runs = 1;
    while round(n_runs) < ROUND && n_runs < 10_000_000 {
        n_runs *= if n_runs == 1 { 10 } else { 2 };
    }
    let times: Vec<f64> = (0..N_ROUNDS).map(|_| round(n_runs).as_secs_f64() / f64::from(n_runs)).collect();
    let mean = times.iter().sum::<f64>() / f64::from(N_ROUNDS);
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / f64::from(N_ROUNDS);
    crate::println!(
        "{} ± {} for one run (mean and standard deviation of {N_ROUNDS} rounds of {n_runs})",
        text(mean),
        text(variance.sqrt())
    );
}

fn text(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.3} s"),
        s if s >= 1e-3 => format!("{:.3} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.3} us", s * 1e6),
        s => format!("{:.1} ns", s * 1e9),
    }
}
