//! The `terracube` command: the kernel for Jupyter, its installation, headless notebooks, and looks into datasets.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arguments;
mod bar;
mod convert;
mod doctor;
mod evaluator;
mod failure;
#[cfg(feature = "icechunk")]
mod history;
mod info;
mod install;
mod kernel;
mod kernelspec;
mod labextension;
mod pdf;
mod refs;
mod run;
mod run_progress;
mod stats;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    let done = match arguments.command {
        Command::Kernel(options) => kernel::kernel(&options),
        Command::Install(options) => install::install(&options),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Run(options) => run::run(&options),
        Command::Info(options) => info::info(&options),
        Command::Stats(options) => {
            bar::show_progress();
            stats::stats(&options)
        }
        Command::Convert(options) => {
            bar::show_progress();
            convert::convert(&options)
        }
        Command::Refs(options) => refs::refs(&options),
        #[cfg(feature = "icechunk")]
        Command::History(options) => history::history(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            drop(write!(std::io::stderr(), "{failure}")); // without a standard error there is nobody to tell
            failure.exit_code()
        }
    }
}

/// Warnings go to standard error; `TERRACUBE_LOG` asks for more (`debug`, `terracube_kernel=trace`).
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::Level::WARN.into())
        .with_env_var("TERRACUBE_LOG")
        .from_env_lossy();
    // It warns of commits on a disk, which stand in line here.
    #[cfg(feature = "icechunk")]
    let filter = match "icechunk_arrow_object_store=error".parse() {
        Ok(quieter) => filter.add_directive(quieter),
        Err(_) => filter,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
