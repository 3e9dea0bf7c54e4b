//! `terracube convert`: a dataset in another format, with other chunks or codecs.
use terracube::cube::{Dataset, Error};
use terracube::prelude::{OpenOptions, WriteData as _, WriteOptions};
use terracube::readers::ZarrVersion;

use crate::arguments::ConvertArguments;
use crate::failure::Failure;

/// Opens the input and writes it; what cannot be read of it is an error before anything is written.
pub(crate) fn convert(arguments: &ConvertArguments) -> Result<(), Failure> {
    let failed = |error: Error| Failure::of(&error);
    let dataset = opened(arguments).map_err(failed)?;
    let options = options(arguments).map_err(failed)?;
    dataset.write_with(&arguments.output, &Default::default(), options).map_err(failed)?;
    Ok(())
}

fn opened(arguments: &ConvertArguments) -> Result<Dataset, Error> {
    let options = match &arguments.group {
        Some(group) => OpenOptions::new().group(group),
        None => OpenOptions::new(),
    };
    let dataset = options.open(&arguments.input)?;
    if arguments.variables.is_empty() { Ok(dataset) } else { dataset.select(&arguments.variables) }
}

fn options(arguments: &ConvertArguments) -> Result<WriteOptions, Error> {
    let named = |lengths: &[(String, u64)]| lengths.to_vec();
    let mut options = WriteOptions::default()
        .chunks(named(&arguments.chunks))
        .shards(named(&arguments.shards))
        .unlimited(arguments.unlimited.clone())
        .zarr_version(if arguments.zarr == 2 { ZarrVersion::V2 } else { ZarrVersion::V3 });
    if let Some(codec) = &arguments.codec {
        options = options.compression(codec.parse()?);
    }
    let mode = &arguments.mode;
    if mode.overwrite {
        options = options.overwrite();
    } else if let Some(dim) = &mode.append {
        options = options.append(dim);
    } else if !mode.region.is_empty() {
        options = options.region(mode.region.clone());
    }
    #[cfg(feature = "icechunk")]
    if let Some(message) = &arguments.commit {
        options = options.commit(message).branch(&arguments.branch);
    }
    let flags: [(bool, fn(WriteOptions) -> WriteOptions); 3] = [
        (arguments.unconsolidated, WriteOptions::unconsolidated),
        (arguments.decoded, WriteOptions::decoded),
        (arguments.take_over, WriteOptions::take_over),
    ];
    Ok(flags.into_iter().filter(|(wanted, _)| *wanted).fold(options, |options, (_, set)| set(options)))
}
