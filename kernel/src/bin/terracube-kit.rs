//! Makes the kit that notebook cells are compiled against: `terracube-kit [FOLDER]`, by default `kit` beside itself.
use std::path::PathBuf;
use std::process::ExitCode;

use terracube_kernel::evaluator::install;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("terracube-kit: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or("this program has no folder")?;
    let target = std::env::args_os().nth(1).map_or_else(|| folder.join("kit"), PathBuf::from);
    let runner = folder.join("terracube-runner");
    let workspace = std::env::current_dir()?;
    let kit = install::build_kit(&workspace, &runner, &target)?;
    std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("kit: {}\n", kit.root().display()))?;
    Ok(())
}
