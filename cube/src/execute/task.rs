//! One task: decode the pieces of a drive chunk and run the stage's program over them, tile by tile.
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::accumulate::{Accumulators, Target, feed, new_accumulator, targets_of, whole_target};
use super::coordinator::panicked;
use super::{CancelToken, Sink};
use crate::base::{Assembly, Block, Error, ErrorKind, Region, Result};
use crate::compute::reduce::Accumulator;
use crate::physical::{
    Environment, InnerResults, Memo, Needs, OutputKind, Pieces, Reduction, Resident, Role, Stage, evaluate,
    reduced_box, tiles,
};
use crate::plan::Op;
use crate::source::{Encoded, Fetch, Source};

/// What all tasks of a stage share.
pub(super) struct StageRun {
    pub stage: Arc<Stage>,
    pub resident: Arc<Resident>,
    pub accumulators: Vec<Option<Accumulators>>,
    /// Where the blocks of each output go.
    pub targets: Vec<Vec<Arc<dyn Sink>>>,
    pub cancel: CancelToken,
    pub bytes_read: AtomicU64,
    pub chunks_read: AtomicU64,
}

/// A piece on its way: read or being read, not decoded.
pub(super) struct Arrived {
    pub key: (usize, Vec<u64>),
    pub source: Arc<dyn Source>,
    pub region: Region,
    pub encoded: Encoding,
}

/// The bytes of a piece, or how the worker gets them.
pub(super) enum Encoding {
    Here(Result<Encoded>),
    Later(Box<dyn FnOnce() -> Result<Encoded> + Send>),
}

impl StageRun {
    /// Runs the task of one drive chunk. Called on a worker; never waits for budget or network.
    pub fn run(
        &self,
        index: &[u64],
        region: &Region,
        arrived: Vec<Arrived>,
        asked: &HashMap<usize, Region>,
    ) -> Result<()> {
        let mut pieces = Pieces::with_capacity(arrived.len());
        for piece in arrived {
            self.cancel.check()?;
            let name = Name::of(&piece);
            let (key, region, block) = self.decode(piece).map_err(|error| name.in_error(error))?;
            pieces.insert(key, (region, block));
        }
        let inner = self.inner(&pieces, asked)?;
        let environment =
            Environment { resident: &self.resident, inner: &inner, pieces: &pieces, shared: &self.stage.shared };
        let mut open = Open { run: self, held: HashMap::new(), assemblies: HashMap::new() };
        for part in self.tiles(region) {
            self.cancel.check()?;
            let mut memo = Memo::default();
            for (n, output) in self.stage.outputs.iter().enumerate() {
                let block = evaluate(output.walked(), &part, environment, &mut memo)?;
                match &output.kind {
                    OutputKind::Reduction(reduction) => open.feed(n, reduction, index, region, &part, &block)?,
                    OutputKind::Values => open.put(n, region, &part, block)?,
                }
            }
        }
        open.finish(index, region)
    }

    /// The reductions that this task finishes by itself.
    fn inner(&self, pieces: &Pieces, asked: &HashMap<usize, Region>) -> Result<InnerResults> {
        let mut results = InnerResults::new();
        for (expr, reduction) in &self.stage.inner {
            let Some(asked) = asked.get(&expr.id()) else { continue };
            let target = whole_target(asked);
            let mut accumulator = new_accumulator(reduction, &asked.extents())?;
            let kept: Vec<bool> = reduction.roles.iter().map(Role::is_kept).collect();
            let item_size = reduction.input.dtype().item_size();
            for part in tiles(&reduced_box(reduction, asked), item_size, &kept) {
                self.cancel.check()?;
                let environment =
                    Environment { resident: &self.resident, inner: &results, pieces, shared: &self.stage.shared };
                let block = evaluate(&reduction.input, &part, environment, &mut Memo::default())?;
                feed(reduction, &mut accumulator, &block, &part, &target)?;
            }
            results.insert(expr.id(), (asked.clone(), accumulator.finish()?));
        }
        Ok(results)
    }

    fn decode(&self, piece: Arrived) -> Result<((usize, Vec<u64>), Region, Block)> {
        let encoded = match piece.encoded {
            Encoding::Here(encoded) => encoded?,
            Encoding::Later(read) => read()?,
        };
        let n_bytes = encoded.n_bytes();
        self.bytes_read.fetch_add(n_bytes, Ordering::Relaxed);
        self.chunks_read.fetch_add(1, Ordering::Relaxed);
        let bound = piece.source.encoded_bound(&piece.region);
        if n_bytes > bound {
            let message = format!("{n_bytes} bytes came, at most {bound} are possible");
            return Err(Error::corrupt(message).hint("the store or its server is broken; get the data again"));
        }
        // A codec that panics must not take the name of its chunk with it.
        let decode = AssertUnwindSafe(|| piece.source.decode(encoded, &piece.region));
        let block = catch_unwind(decode).unwrap_or_else(|panic| Err(panicked(&*panic)))?;
        if block.shape() != piece.region.extents() || block.dtype() != piece.source.dtype() {
            return Err(Error::corrupt(format!("decoded to {block:?}")));
        }
        Ok((piece.key, piece.region, block))
    }

    /// The tiles of a task: all of it where only one kernel runs over it, for that has tiles of its own.
    fn tiles(&self, region: &Region) -> Vec<Region> {
        let outputs = &self.stage.outputs;
        let plain = |n: usize| {
            let walked = outputs[n].walked();
            match walked.op() {
                Op::Read(_) | Op::Constant(_) => true,
                Op::Slice(input, _) => matches!(input.op(), Op::Read(_)),
                _ => false,
            }
        };
        if outputs.len() == 1 && plain(0) {
            return vec![region.clone()];
        }
        let kept: Vec<bool> = (0..region.rank())
            .map(|axis| {
                outputs.iter().all(|output| match &output.kind {
                    OutputKind::Reduction(reduction) => reduction.roles[axis].is_kept(),
                    OutputKind::Values => true,
                })
            })
            .collect();
        let item_size = outputs.iter().map(|output| output.walked().dtype().item_size()).max().unwrap_or(8);
        let columns = &self.stage.columns;
        if !columns.kept_whole.contains(&true) && columns.fan_in == 1 {
            return tiles(region, item_size, &kept);
        }
        // Axes that operations run along are one unit here: tiles of them would compute the same column again and again.
        let mut unit = region.clone();
        let mut column = columns.fan_in as usize * item_size;
        for axis in (0..region.rank()).filter(|&axis| columns.kept_whole[axis]) {
            let range = region.range(axis);
            column = column.saturating_mul((range.end - range.start) as usize);
            unit = unit.with(axis, range.start..range.start + u64::from(!range.is_empty()));
        }
        let whole = |tile: Region| {
            (0..region.rank())
                .filter(|&axis| columns.kept_whole[axis])
                .fold(tile, |tile, axis| tile.with(axis, region.range(axis)))
        };
        tiles(&unit, column, &kept).into_iter().map(whole).collect()
    }
}

/// What a piece is called in an error.
struct Name {
    source: Arc<dyn Source>,
    region: Region,
}

impl Name {
    fn of(piece: &Arrived) -> Self {
        Self { source: piece.source.clone(), region: piece.region.clone() }
    }

    /// The error with the chunk and the variable in front, where it does not name a chunk itself.
    fn in_error(self, error: Error) -> Error {
        if error.kind() == ErrorKind::Cancelled || error.to_string().contains("chunk") {
            return error;
        }
        let error = error.context(format!("chunk {:?}", self.region));
        match self.source.spec() {
            Some(spec) => error.context(format!("{} of {}", spec.variable, spec.url)),
            None => error,
        }
    }
}

/// What a task holds while it runs; given back whatever happens.
struct Open<'a> {
    run: &'a StageRun,
    held: HashMap<usize, Vec<(Target, Accumulator)>>,
    assemblies: HashMap<usize, Assembly>,
}

impl Open<'_> {
    fn feed(
        &mut self,
        output: usize,
        reduction: &Reduction,
        index: &[u64],
        region: &Region,
        part: &Region,
        block: &Block,
    ) -> Result<()> {
        if !self.held.contains_key(&output) {
            self.check_out(output, reduction, index, region)?;
        }
        let Some(held) = self.held.get_mut(&output) else { return Err(Error::internal("an accumulator went missing")) };
        held.iter_mut().try_for_each(|(target, accumulator)| feed(reduction, accumulator, block, part, target))
    }

    /// All accumulators that the task feeds for one output. Outputs come in order, tiles too: nobody waits for one who waits for him.
    fn check_out(&mut self, output: usize, reduction: &Reduction, index: &[u64], region: &Region) -> Result<()> {
        let Some(accumulators) = &self.run.accumulators[output] else {
            return Err(Error::internal("a reduction without accumulators"));
        };
        for target in targets_of(reduction, index, region) {
            let accumulator = accumulators.check_out(reduction, &target)?;
            self.held.entry(output).or_default().push((target, accumulator));
        }
        self.held.entry(output).or_default();
        Ok(())
    }

    fn put(&mut self, output: usize, region: &Region, part: &Region, block: Block) -> Result<()> {
        if part == region {
            return self.write(output, region, &block);
        }
        let dtype = self.run.stage.outputs[output].dtype();
        let assembly = self.assemblies.entry(output).or_insert_with(|| Assembly::new(dtype, &region.extents()));
        assembly.put(&part.relative_to(region), &block)
    }

    fn write(&self, output: usize, region: &Region, block: &Block) -> Result<()> {
        self.run.targets[output].iter().try_for_each(|sink| sink.write(region, block))
    }

    fn finish(mut self, index: &[u64], region: &Region) -> Result<()> {
        for (n, output) in self.run.stage.outputs.iter().enumerate() {
            match &output.kind {
                OutputKind::Values => {
                    if let Some(assembly) = self.assemblies.remove(&n) {
                        self.write(n, region, &assembly.finish()?)?;
                    }
                }
                OutputKind::Reduction(reduction) => {
                    let Some(accumulators) = &self.run.accumulators[n] else { continue };
                    // A drive chunk that no tile of was fed (an empty axis) still counts as a contribution.
                    if !self.held.contains_key(&n) {
                        self.check_out(n, reduction, index, region)?;
                    }
                    while let Some((target, accumulator)) = self.held.get_mut(&n).and_then(Vec::pop) {
                        if let Some(block) = accumulators.check_in(reduction, &target, accumulator)? {
                            self.write(n, &target.region, &block)?;
                        }
                    }
                    self.held.remove(&n);
                }
            }
        }
        Ok(())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        for (output, held) in self.held.drain() {
            let Some(accumulators) = &self.run.accumulators[output] else { continue };
            held.into_iter().for_each(|(target, accumulator)| accumulators.abandon(&target, accumulator));
        }
    }
}

/// Starts to read all that a task needs. The second list holds reads that are on their way.
pub(super) fn start_reads(
    needs: Needs,
) -> Vec<(Arrived, Option<futures::future::BoxFuture<'static, Result<Encoded>>>)> {
    needs
        .pieces
        .into_iter()
        .map(|(key, need)| {
            let fetch = need.source.fetch(&need.region);
            let (encoded, pending) = match fetch {
                Fetch::Ready(encoded) => (Encoding::Here(encoded), None),
                Fetch::Blocking(read) => (Encoding::Later(read), None),
                Fetch::Pending(future) => (Encoding::Here(Ok(Encoded::default())), Some(future)),
            };
            (Arrived { key, source: need.source, region: need.region, encoded }, pending)
        })
        .collect()
}
