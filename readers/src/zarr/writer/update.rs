//! Into a store that is there: more positions along a dimension, or other values at some positions.
//!
//! The engine brings blocks that end where chunks of the store end, so that no chunk is written by two tasks; chunks that are covered in
//! part are read first. Appended chunks lie past the end of the old arrays, where nobody looks, until the metadata grows as the last step.
//! Chunks of a region are written beside the store and moved to their places once all are there.
use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use terracube_cube::data::into_sinks;
use terracube_cube::execute::Sink;
use terracube_cube::source::Source as _;
use terracube_cube::{Context, DType, Dataset, Error, ErrorKind, Result, RunReport, Variable};

use super::encode::Encoder;
use super::sink::Within;
use super::target::partial_beside;
use super::{Shared, ZarrSink, growth};
use crate::cf::encode::Packer;
use crate::cf::{CfOptions, decode};
use crate::store::{Store, StoreOptions};
use crate::write::{Lock, Mode, Plan, Planned, WriteOptions, ZarrVersion};
use crate::zarr::{ZarrArray, ZarrGroup};
use crate::{assemble, raw_zarr};

/// Appends a dataset to a store, or writes it into a region.
///
/// # Errors
/// If there is no store, the dataset does not fit it, another writer is at work, or it cannot be written.
pub(crate) fn write_into(plan: &Plan, url: &str, store: &StoreOptions, options: WriteOptions) -> Result<RunReport> {
    let place = Store::open(url, store)?;
    let named = |error: Error| error.context(place.url().to_owned());
    ZarrGroup::open(&place).map_err(|error| match error.kind() {
        ErrorKind::NotFound => error.hint("appending and regions need a store: write it first"),
        _ => error,
    })?;
    let lock = Lock::take(&place, options.take_over)?;
    growth::mend(&place).map_err(named)?;
    // Its lengths now, since nobody else changes them from here on.
    let there = There::open(&place)?;
    let (out, replaces) = match &options.mode {
        Mode::Region(_) => (partial_beside(&place, url, store)?, false),
        _ => (place.clone(), true),
    };
    let staged = Staged { place: &place, out: &out, is_apart: !replaces };
    let chosen = there.chosen(plan, &options.mode).map_err(named)?;
    let (report, lengths) = there.filled(&out, replaces, chosen)?;
    if let Mode::Append(_) = options.mode {
        there.grow(&lengths)?;
    }
    staged.finish()?;
    drop(lock);
    Ok(report)
}

/// Appends a dataset to a store within a transaction, or writes it into a region.
///
/// # Errors
/// If there is no store, the dataset does not fit it, or it cannot be written.
#[cfg(feature = "icechunk")]
pub(crate) fn write_into_transaction(plan: &Plan, place: &Store, options: &WriteOptions) -> Result<RunReport> {
    let there = There::open(place)?;
    let chosen = there.chosen(plan, &options.mode).map_err(|error| error.context(place.url().to_owned()))?;
    if let Mode::Append(_) = options.mode {
        // Chunks belong to an array that is long enough. Nobody sees it before the commit.
        let lengths = chosen.iter().map(|(planned, position)| (planned.name.clone(), position.shape.clone()));
        there.grow(&lengths.collect::<Vec<_>>())?;
    }
    there.filled(place, true, chosen).map(|(report, _)| report)
}

/// Arrays by name, and their shapes.
type Shapes = Vec<(String, Vec<u64>)>;

/// Where the first value goes, and the shape that the array will have.
struct Position {
    origin: Vec<u64>,
    shape: Vec<u64>,
}

/// A store as it is.
struct There {
    store: Store,
    group: ZarrGroup,
    decoded: Dataset,
}

impl There {
    fn open(place: &Store) -> Result<Self> {
        let group = ZarrGroup::open(place)?;
        let decoded = assemble::dataset(decode(&raw_zarr::raw_group(&group), &CfOptions::default()))?;
        Ok(Self { store: place.clone(), group, decoded })
    }

    fn chosen<'a>(&self, plan: &'a Plan, mode: &Mode) -> Result<Vec<(&'a Planned, Position)>> {
        match mode {
            Mode::Append(dim) => self.to_append(plan, dim),
            Mode::Region(ranges) => self.region(plan, ranges),
            Mode::Create | Mode::Overwrite => Err(Error::internal("a new store is no update")),
        }
    }

    /// Computes what was chosen and writes its chunks; the shapes that the arrays then have.
    fn filled(&self, out: &Store, replaces: bool, chosen: Vec<(&Planned, Position)>) -> Result<(RunReport, Shapes)> {
        let shared = Arc::new(Shared {
            url: self.store.url().to_owned(),
            out: out.clone(),
            replaces,
            arrays: Mutex::default(),
            target: None,
        });
        let (mut exprs, mut sinks) = (Vec::new(), Vec::<Arc<dyn Sink>>::new());
        for (planned, position) in chosen {
            let sink = self.sink(&shared, planned, &position);
            let sink = sink.map_err(|error| error.context(self.store.url().to_owned()))?;
            match &planned.values {
                Some(values) => sink.write_whole(values)?,
                None => {
                    exprs.push(planned.variable.expr().clone());
                    sinks.push(Arc::new(sink));
                }
            }
        }
        let report = into_sinks(&exprs, &sinks, &Context::current()?)?;
        drop(sinks);
        let lengths = shared.finished()?.into_iter().map(|(name, node)| (name, shape_of(&node.document))).collect();
        Ok((report, lengths))
    }

    fn variable(&self, name: &str) -> Option<&Variable> {
        let data = self.decoded.variables().find(|(known, _)| *known == name).map(|(_, variable)| variable);
        data.or_else(|| self.decoded.coords().get(name).map(|coord| coord.variable()))
    }

    /// The variables that grow, and where their new values go.
    fn to_append<'a>(&self, plan: &'a Plan, dim: &str) -> Result<Vec<(&'a Planned, Position)>> {
        let grows = |array: &&ZarrArray| array.dims().iter().any(|name| name == dim);
        let growing: Vec<&ZarrArray> = self.group.arrays().iter().filter(grows).collect();
        if growing.is_empty() {
            let dims = self.group.arrays().iter().flat_map(ZarrArray::dims).map(String::as_str);
            return Err(Error::unknown_name("dimension", dim, dims));
        }
        let absent: Vec<&str> = growing
            .iter()
            .map(|array| array.name())
            .filter(|name| !plan.variables.iter().any(|planned| planned.name == *name))
            .collect();
        if !absent.is_empty() {
            return Err(Error::mismatch(format!(
                "`{}` of the store would not grow along `{dim}`",
                absent.join("`, `")
            ))
            .hint("give all variables of the store that have this dimension"));
        }
        let mut chosen = Vec::new();
        for planned in &plan.variables {
            let old = self.matching(planned)?;
            let Some(axis) = old.dims().position(dim) else {
                self.same_labels(planned)?;
                continue;
            };
            self.same_lengths(planned, old, |name| name != dim)?;
            let mut origin = vec![0; old.shape().len()];
            origin[axis] = old.shape()[axis];
            let mut shape = old.shape().to_vec();
            shape[axis] += planned.variable.shape()[axis];
            chosen.push((planned, Position { origin, shape }));
        }
        Ok(chosen)
    }

    fn region<'a>(&self, plan: &'a Plan, ranges: &[(String, Range<u64>)]) -> Result<Vec<(&'a Planned, Position)>> {
        let all_dims = || self.group.arrays().iter().flat_map(ZarrArray::dims).map(String::as_str);
        if let Some((dim, _)) = ranges.iter().find(|(dim, _)| all_dims().all(|known| known != dim)) {
            return Err(Error::unknown_name("dimension", dim, all_dims()));
        }
        let mut chosen = Vec::new();
        for planned in &plan.variables {
            let old = self.matching(planned)?;
            if !ranges.iter().any(|(dim, _)| old.dims().position(dim).is_some()) {
                if !planned.is_coordinate {
                    return Err(Error::mismatch(format!("`{}` has none of the region's dimensions", planned.name))
                        .hint("leave it out: the region does not say where it goes"));
                }
                self.same_labels(planned)?;
                continue;
            }
            self.same_lengths(planned, old, |name| !ranges.iter().any(|(dim, _)| dim == name))?;
            let mut origin = vec![0; old.shape().len()];
            for (dim, range) in ranges {
                let Some(axis) = old.dims().position(dim) else { continue };
                let (len, given) = (old.shape()[axis], planned.variable.shape()[axis]);
                if range.start > range.end || range.end > len {
                    let message =
                        format!("region {}..{} of `{dim}`, which is {len} long in the store", range.start, range.end);
                    return Err(Error::invalid(message).hint("use `append` to make it longer"));
                }
                if range.end - range.start != given {
                    let message = format!("`{}` has {given} positions along `{dim}`, but its region", planned.name);
                    return Err(Error::mismatch(format!(
                        "{message} {}..{} has {}",
                        range.start,
                        range.end,
                        range.end - range.start
                    )));
                }
                origin[axis] = range.start;
            }
            chosen.push((planned, Position { origin, shape: old.shape().to_vec() }));
        }
        if chosen.is_empty() {
            return Err(Error::invalid("the region names no dimension of what is written"));
        }
        Ok(chosen)
    }

    /// The variable of the store that bears the same name, with the same dimensions and dtype.
    fn matching(&self, planned: &Planned) -> Result<&Variable> {
        let names = self.group.arrays().iter().map(ZarrArray::name);
        let old = self.variable(&planned.name).ok_or_else(|| {
            Error::unknown_name("variable", &planned.name, names).hint("the store gets no new variables this way")
        })?;
        if let Some(error) = old.error() {
            return Err(error.clone());
        }
        let new = &planned.variable;
        if !old.dims().iter().eq(new.dims().iter()) {
            let [old, new] = [old, new].map(|v| v.dims().iter().collect::<Vec<_>>().join(", "));
            return Err(Error::mismatch(format!(
                "`{}` has dimensions ({new}), but ({old}) in the store",
                planned.name
            ))
            .hint("transpose it"));
        }
        let is_same = match (old.dtype(), new.dtype()) {
            (DType::Time { calendar: old, .. }, DType::Time { calendar: new, .. }) => old == new,
            (old, new) => old == new,
        };
        if is_same {
            return Ok(old);
        }
        Err(Error::dtype(format!("`{}` is {}, but {} in the store", planned.name, new.dtype(), old.dtype()))
            .hint(format!("cast it: `.cast(DType::{:?})`", old.dtype())))
    }

    fn same_lengths(&self, planned: &Planned, old: &Variable, matters: impl Fn(&str) -> bool) -> Result<()> {
        let axes = old.dims().iter().zip(old.shape().iter().zip(planned.variable.shape()));
        match axes.into_iter().find(|(dim, (old, new))| old != new && matters(dim)) {
            None => Ok(()),
            Some((dim, (old, new))) => {
                Err(Error::mismatch(format!("`{}` is {new} long along `{dim}`, but {old} in the store", planned.name)))
            }
        }
    }

    /// A coordinate that stays as it is must be the one of the store: else values would get other labels.
    fn same_labels(&self, planned: &Planned) -> Result<()> {
        let (Some(new), Some(coord)) = (&planned.values, self.decoded.coords().get(&planned.name)) else {
            return Ok(());
        };
        let old = coord.values()?;
        let is_same = match (new.dtype(), old.dtype()) {
            (new_dtype, old_dtype) if new_dtype == old_dtype => new.same_values(&old),
            // Times in another unit.
            _ => true,
        };
        if is_same {
            return Ok(());
        }
        Err(Error::mismatch(format!("the labels of `{}` are not those of the store", planned.name))
            .hint("align it with the store first: `align`, `reindex`"))
    }

    fn sink(&self, shared: &Arc<Shared>, planned: &Planned, position: &Position) -> Result<ZarrSink> {
        let name = &planned.name;
        let (array, old) = (self.group.array(name)?, self.matching(planned)?);
        let source = array.source()?;
        let mut packer = Packer::new(planned.variable.dtype(), &old.encoding().fields())?;
        if source.dtype() != DType::Bool {
            packer = packer.without_truth();
        }
        if packer.stored() != source.dtype() {
            return Err(Error::unsupported(format!("`{name}` is stored as {}, which is not written", source.dtype())));
        }
        let mut document = array.metadata().clone();
        document["shape"] = position.shape.clone().into();
        let version = if document["zarr_format"] == 2 { ZarrVersion::V2 } else { ZarrVersion::V3 };
        let chunks = match version {
            ZarrVersion::V2 => &document["chunks"],
            ZarrVersion::V3 => &document["chunk_grid"]["configuration"]["chunk_shape"],
        };
        let chunks: Option<Vec<u64>> = chunks.as_array().and_then(|list| list.iter().map(Value::as_u64).collect());
        let chunks = chunks.ok_or_else(|| Error::unsupported(format!("`{name}` has no regular chunks")))?;
        let encoder = Encoder::existing(document, version, packer, chunks)?;
        shared.begin(name)?;
        let within = Within { origin: position.origin.clone(), shape: position.shape.clone(), old: source };
        Ok(ZarrSink::within(shared.clone(), name, encoder, planned.variable.shape(), within))
    }

    fn grow(&self, lengths: &[(String, Vec<u64>)]) -> Result<()> {
        growth::grow(&self.store, &self.group, lengths)
    }
}

/// Chunks on their way: removed if they never get to their places.
struct Staged<'a> {
    place: &'a Store,
    out: &'a Store,
    is_apart: bool,
}

impl Staged<'_> {
    fn finish(mut self) -> Result<()> {
        if self.is_apart {
            self.out.move_all(self.place, "").wait()?;
            self.is_apart = false;
        }
        Ok(())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if self.is_apart {
            let _ = self.out.remove_all("").wait();
        }
    }
}

fn shape_of(document: &Value) -> Vec<u64> {
    document["shape"].as_array().map(|shape| shape.iter().filter_map(Value::as_u64).collect()).unwrap_or_default()
}
