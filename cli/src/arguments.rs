//! The command line.
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use terracube::prelude::OpenOptions;
use terracube::readers::repository::Version;

/// Lazy labelled datacubes, in notebooks and from the command line.
#[derive(Debug, Parser)]
#[command(name = "terracube", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the kernel that Jupyter talks to (Jupyter calls this).
    Kernel(KernelArguments),
    /// Tell Jupyter of the kernel.
    Install(InstallArguments),
    /// Say what works here and what does not: compiler, kit, kernel, folders, memory, a cell; and a URL, from its name to its data.
    Doctor(DoctorArguments),
    /// Run a notebook without a front end and write it with its outputs.
    Run(RunArguments),
    /// Say what a dataset is: dimensions, coordinates, variables, chunks, attributes. Reads no values.
    Info(LookArguments),
    /// Count, min, max, mean and std of every numeric variable, in one pass.
    Stats(StatsArguments),
    /// Write a dataset in another format, with other chunks or codecs: the output's name tells the format (.zarr, .nc, .nc3).
    Convert(ConvertArguments),
    /// Where the chunks of a NetCDF or HDF5 file stand, as kerchunk references (JSON or Parquet): `open` reads them in place of the file.
    Refs(RefsArguments),
    /// The history of an Icechunk repository: its snapshots, branches and tags.
    #[cfg(feature = "icechunk")]
    History(HistoryArguments),
}

/// The version of an Icechunk repository.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct VersionArguments {
    /// The newest snapshot of this branch of an Icechunk repository; `main` otherwise.
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    /// The snapshot of this tag.
    #[arg(long, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// The snapshot of this id.
    #[arg(long, value_name = "ID")]
    pub(crate) snapshot: Option<String>,
}

impl VersionArguments {
    /// The version, if one is named.
    pub(crate) fn version(&self) -> Option<Version> {
        match (&self.branch, &self.tag, &self.snapshot) {
            (Some(name), ..) => Some(Version::Branch(name.clone())),
            (_, Some(name), _) => Some(Version::Tag(name.clone())),
            (.., Some(id)) => Some(Version::Snapshot(id.clone())),
            _ => None,
        }
    }
}

#[cfg(feature = "icechunk")]
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// A path or URL of a repository.
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) version: VersionArguments,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KernelArguments {
    /// The file that Jupyter wrote with ports and key.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) connection_file: PathBuf,
    /// Keep the history of all sessions in this file, not in the user's data folder; `none` keeps it nowhere.
    #[arg(long, value_name = "FILE", env = "TERRACUBE_HISTORY")]
    pub(crate) history: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct InstallArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The kernel's name, as in `jupyter console --kernel NAME`.
    #[arg(long, default_value = "terracube", value_parser = kernel_name)]
    pub(crate) name: String,
    /// The name that front ends show.
    #[arg(long, default_value = "Terracube (Rust)")]
    pub(crate) display_name: String,
    /// Let the kernel use what cells are compiled against where it is, instead of copying it to the place.
    #[arg(long, conflicts_with = "from")]
    pub(crate) kit_in_place: bool,
    /// Give the kernel a compiler of its own, copied from this toolchain (`rustc --print sysroot` names one) or from an unpacked
    /// package: it then needs no rustc, Cargo or C compiler on the machine.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// A path or URL of a dataset to look at, too.
    pub(crate) url: Option<String>,
    /// Run no cell.
    #[arg(long)]
    pub(crate) no_cell: bool,
}

/// Where Jupyter looks for kernels.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Place {
    /// For this user (the default).
    #[arg(long)]
    pub(crate) user: bool,
    /// Under a folder, as PREFIX/share/jupyter/kernels.
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<PathBuf>,
    /// Into the active Python or Conda environment.
    #[arg(long)]
    pub(crate) sys_prefix: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The notebook, or several.
    #[arg(value_name = "IN.ipynb", required = true)]
    pub(crate) notebooks: Vec<PathBuf>,
    /// Where the notebook with its outputs is written, whether or not a cell fails.
    #[arg(short, long, value_name = "OUT.ipynb", required_unless_present_any = ["output_dir", "check"])]
    pub(crate) output: Option<PathBuf>,
    /// The folder where notebooks are written under their own names: for several of them.
    #[arg(long, value_name = "FOLDER", conflicts_with = "output")]
    pub(crate) output_dir: Option<PathBuf>,
    /// How many notebooks run at a time.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) jobs: u8,
    /// The memory that computations of all running notebooks may hold together: 2GB; otherwise what is free.
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) budget: Option<String>,
    /// Give a parameter a value of the type that the notebook's default has.
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Give a parameter a string, whatever it looks like.
    #[arg(short = 'r', long = "raw-parameter", value_name = "NAME=TEXT")]
    pub(crate) raw_parameters: Vec<String>,
    /// Stop a cell that runs longer than this.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) cell_timeout: Option<Duration>,
    /// Stop a notebook that runs longer than this.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Write a page of HTML beside each output.
    #[arg(long)]
    pub(crate) html: bool,
    /// Write a PDF beside each output, printed by an installed Chromium or Chrome.
    #[arg(long)]
    pub(crate) pdf: bool,
    /// Write what became of each notebook and cell as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The same as XML for CI servers.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Leave out notebooks whose output is there already: the same code and parameters, run to its end without an error.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Run nothing: see whether the notebooks can be read, their cells are Rust and the parameters fit. Needs no compiler.
    #[arg(long)]
    pub(crate) check: bool,
    /// Print what cells print, as it comes.
    #[arg(long)]
    pub(crate) log_output: bool,
    /// Show no progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LookArguments {
    /// A path, or a URL: file://, http(s)://, s3://, gs://, az://.
    pub(crate) url: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only this group; otherwise all of them (as text: the root, and the names of the others).
    #[arg(long, value_name = "PATH")]
    pub(crate) group: Option<String>,
    #[command(flatten)]
    pub(crate) version: VersionArguments,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArguments {
    #[command(flatten)]
    pub(crate) look: LookArguments,
    /// Measure only the variable of this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) var: Option<String>,
}

impl LookArguments {
    /// How the dataset is opened.
    pub(crate) fn options(&self) -> OpenOptions {
        let options = match &self.group {
            Some(group) => OpenOptions::new().group(group),
            None => OpenOptions::new(),
        };
        match self.version.version() {
            Some(version) => options.version(version),
            None => options,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArguments {
    /// A path, or a URL: file://, http(s)://, s3://, gs://, az://.
    #[arg(value_name = "IN")]
    pub(crate) input: String,
    /// Where to write: a path, or a URL of an object store.
    #[arg(value_name = "OUT")]
    pub(crate) output: String,
    /// The group of the input to read; the root otherwise.
    #[arg(long, value_name = "PATH")]
    pub(crate) group: Option<String>,
    /// Only these variables, with their coordinates.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) variables: Vec<String>,
    /// The lengths of chunks along dimensions: time=24,lat=90.
    #[arg(long, value_name = "DIM=N,...", value_delimiter = ',', value_parser = length)]
    pub(crate) chunks: Vec<(String, u64)>,
    /// The lengths of shards, multiples of the chunks (Zarr version 3).
    #[arg(long, value_name = "DIM=N,...", value_delimiter = ',', value_parser = length)]
    pub(crate) shards: Vec<(String, u64)>,
    /// The compression: none, zstd:3, gzip:5, zlib:4, blosc:lz4:5.
    #[arg(long, value_name = "CODEC")]
    pub(crate) codec: Option<String>,
    /// The version of a Zarr store.
    #[arg(long, value_name = "2|3", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=3))]
    pub(crate) zarr: u8,
    /// Do not gather the metadata of a Zarr store at its root.
    #[arg(long)]
    pub(crate) unconsolidated: bool,
    /// Dimensions of a NetCDF file that can grow later.
    #[arg(long, value_name = "DIM,...", value_delimiter = ',')]
    pub(crate) unlimited: Vec<String>,
    /// Write values as they are after decoding, not packed again.
    #[arg(long)]
    pub(crate) decoded: bool,
    #[command(flatten)]
    pub(crate) mode: WriteMode,
    /// Write although another writer's mark is there: only if that writer was killed.
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Write into an Icechunk repository, as one commit with this message.
    #[cfg(feature = "icechunk")]
    #[arg(long, value_name = "MESSAGE")]
    pub(crate) commit: Option<String>,
    /// The branch that the commit goes to.
    #[cfg(feature = "icechunk")]
    #[arg(long, value_name = "NAME", requires = "commit", default_value = "main")]
    pub(crate) branch: String,
}

/// What becomes of what is there.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct WriteMode {
    /// Replace the store or file that is there, once the new one is complete.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Append to the Zarr store that is there along a dimension.
    #[arg(long, value_name = "DIM")]
    pub(crate) append: Option<String>,
    /// Write into positions of the Zarr store that is there: time=0:24,lat=10:20.
    #[arg(long, value_name = "DIM=FROM:TO,...", value_delimiter = ',', value_parser = range)]
    pub(crate) region: Vec<(String, std::ops::Range<u64>)>,
}

#[derive(Debug, Args)]
pub(crate) struct RefsArguments {
    /// A path or URL of a NetCDF or HDF5 file.
    pub(crate) url: String,
    /// Write to this file, not to standard output. A name that ends in .parq or .parquet becomes a directory of Parquet tables, which
    /// open at once however many chunks there are.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

fn kernel_name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("only letters, digits, `.`, `_` and `-` make a kernel's name".to_owned()),
    }
}

fn length(text: &str) -> Result<(String, u64), String> {
    let wrong = || format!("`{text}` is not of the form `time=24`");
    let (dim, len) = text.split_once('=').ok_or_else(wrong)?;
    let len = len.trim().parse().ok().filter(|&len| len > 0).ok_or_else(wrong)?;
    Ok((dim.trim().to_owned(), len))
}

fn range(text: &str) -> Result<(String, std::ops::Range<u64>), String> {
    let wrong = || format!("`{text}` is not of the form `time=0:24`");
    let (dim, range) = text.split_once('=').ok_or_else(wrong)?;
    let (from, to) = range.split_once(':').ok_or_else(wrong)?;
    let (from, to) = (from.trim().parse().map_err(|_| wrong())?, to.trim().parse().map_err(|_| wrong())?);
    Ok((dim.trim().to_owned(), from..to))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("a cell cannot run in no time".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn wrong_values_are_usage_errors() {
        for line in [
            "terracube run a.ipynb",
            "terracube run a.ipynb -o b.ipynb --cell-timeout 0",
            "terracube run a.ipynb -o b.ipynb --jobs 0",
            "terracube run a.ipynb -o b.ipynb --output-dir c",
            "terracube run --check",
            "terracube run a.ipynb -o b.ipynb --cell-timeout soon",
            "terracube install --user --prefix /x",
            "terracube install --name a/b",
            "terracube kernel",
            "terracube convert a.nc",
            "terracube convert a.nc b.zarr --chunks time",
            "terracube convert a.nc b.zarr --chunks time=0",
            "terracube convert a.nc b.zarr --region time=3",
            "terracube convert a.nc b.zarr --append time --overwrite",
            "terracube convert a.nc b.zarr --zarr 4",
        ] {
            let error = Arguments::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
