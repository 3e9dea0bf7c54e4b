//! One task: decode the pieces of a drive chunk and run the stage's program over them, tile by tile.
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::accumulate::{Accumulators, Target, feed, target, targets_of, whole_target};
use super::coordinator::panicked;
use super::tiling::{asked_by_units, bounding, is_plain, units, units_of};
use super::{CancelToken, Sink};
use crate::base::{Block, Error, ErrorKind, Region, Result, SharedAssembly};
use crate::compute::reduce::Accumulator;
use crate::physical::{
    Environment, InnerResults, Memo, Needs, OutputKind, Pieces, Reduction, Resident, Stage, StageOutput, evaluate,
    reduced_box,
};
use crate::plan::Expr;
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
    /// The part of it that is kept once it is decoded.
    pub held: Region,
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
        asked: HashMap<usize, Region>,
    ) -> Result<()> {
        let pieces = self.decode_all(arrived)?;
        let assemblies = Assemblies::default();
        let cut = units(&self.stage, region);
        let groups = if self.stage.inner.is_empty() {
            cut.into_iter().map(|unit| (unit, HashMap::new())).collect()
        } else {
            asked_by_units(&self.stage, cut, asked, &self.resident)?
        };
        let one = |open: &mut Open<'_>, (unit, asked): &(Vec<Region>, HashMap<usize, Region>)| {
            let inner = self.inner(&pieces, asked)?;
            let (resident, shared) = (&*self.resident, &self.stage.shared);
            let environment = Environment { resident, inner: &inner, pieces: &pieces, shared };
            self.walk(unit, index, region, environment, open)
        };
        let mut open = Open { run: self, held: HashMap::new(), assemblies: &assemblies };
        if self.stage.wide && groups.len() > 1 {
            let next = AtomicUsize::new(0);
            let share = |_| {
                let mut open = Open { run: self, held: HashMap::new(), assemblies: &assemblies };
                while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(&mut open, group)?;
                }
                // Others may wait for what this share holds.
                open.give_back();
                Ok(())
            };
            // Whoever waits for the shares may take up another task meanwhile, so nothing is held here.
            (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).try_for_each(share)?;
        } else {
            groups.iter().try_for_each(|group| one(&mut open, group))?;
        }
        open.finish(index, region)
    }

    /// All pieces of the task; by all workers if they share it.
    fn decode_all(&self, arrived: Vec<Arrived>) -> Result<Pieces> {
        let decode = |piece: Arrived| {
            self.cancel.check()?;
            let name = Name::of(&piece);
            let (key, region, block) = self.decode(piece).map_err(|error| name.in_error(error))?;
            Ok((key, (region, block)))
        };
        if self.stage.wide {
            return arrived.into_par_iter().with_max_len(1).map(decode).collect();
        }
        arrived.into_iter().map(decode).collect()
    }

    /// Evaluates the tiles of a unit and feeds them to the outputs.
    fn walk(
        &self,
        unit: &[Region],
        index: &[u64],
        region: &Region,
        environment: Environment<'_>,
        open: &mut Open<'_>,
    ) -> Result<()> {
        if self.stage.by_unit {
            return self.finish_unit(unit, environment);
        }
        if let [StageOutput { kind: OutputKind::Reduction(reduction), .. }] = self.stage.outputs.as_slice()
            && is_plain(&reduction.input)
        {
            let views = self.views(&reduction.input, unit, environment)?;
            return open.feed(0, reduction, index, region, &views);
        }
        for part in unit {
            self.cancel.check()?;
            let mut memo = Memo::default();
            for (n, output) in self.stage.outputs.iter().enumerate() {
                let block = evaluate(output.walked(), part, environment, &mut memo)?;
                match &output.kind {
                    OutputKind::Reduction(reduction) => {
                        open.feed(n, reduction, index, region, &[(part.clone(), block)])?;
                    }
                    OutputKind::Values => open.put(n, region, part, block)?,
                }
            }
        }
        Ok(())
    }

    /// Reduces a unit, which holds all that feeds its cells.
    fn finish_unit(&self, unit: &[Region], environment: Environment<'_>) -> Result<()> {
        let Some(whole) = bounding(unit) else { return Ok(()) };
        let reductions = self.stage.outputs.iter().filter_map(|output| match &output.kind {
            OutputKind::Reduction(reduction) => Some(reduction),
            OutputKind::Values => None,
        });
        let mut open = Vec::new();
        for reduction in reductions {
            let target = target(reduction, &vec![0; whole.rank()], &whole, 0, None);
            let accumulator = reduction.accumulator(&target.region.extents())?;
            open.push((reduction, target, accumulator));
        }
        if let [(reduction, target, accumulator)] = open.as_mut_slice()
            && is_plain(&reduction.input)
        {
            feed(reduction, accumulator, &self.views(&reduction.input, unit, environment)?, target)?;
        } else {
            for part in unit {
                self.cancel.check()?;
                let mut memo = Memo::default();
                for (reduction, target, accumulator) in &mut open {
                    let block = evaluate(&reduction.input, part, environment, &mut memo)?;
                    feed(reduction, accumulator, &[(part.clone(), block)], target)?;
                }
            }
        }
        for (n, (_, target, accumulator)) in open.into_iter().enumerate() {
            let block = accumulator.finish()?;
            self.targets[n].iter().try_for_each(|sink| sink.write(&target.region, &block))?;
        }
        Ok(())
    }

    /// Tiles of what is read as it is stored: they take no memory of their own, unless chunks are small.
    fn views(&self, plain: &Expr, unit: &[Region], environment: Environment<'_>) -> Result<Vec<(Region, Block)>> {
        self.cancel.check()?;
        let view = |part: &Region| Ok((part.clone(), evaluate(plain, part, environment, &mut Memo::default())?));
        unit.iter().map(view).collect()
    }

    /// The reductions that this task finishes by itself.
    fn inner(&self, pieces: &Pieces, asked: &HashMap<usize, Region>) -> Result<InnerResults> {
        let mut results = InnerResults::new();
        for (expr, reduction) in &self.stage.inner {
            let Some(asked) = asked.get(&expr.id()) else { continue };
            let target = whole_target(asked);
            let mut accumulator = reduction.accumulator(&asked.extents())?;
            for unit in units_of(reduction, &reduced_box(reduction, asked)) {
                self.cancel.check()?;
                let environment =
                    Environment { resident: &self.resident, inner: &results, pieces, shared: &self.stage.shared };
                if is_plain(&reduction.input) {
                    let views = self.views(&reduction.input, &unit, environment)?;
                    feed(reduction, &mut accumulator, &views, &target)?;
                    continue;
                }
                for part in unit {
                    let block = evaluate(&reduction.input, &part, environment, &mut Memo::default())?;
                    feed(reduction, &mut accumulator, &[(part, block)], &target)?;
                }
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
        if piece.held != piece.region {
            // A copy, so that the whole can go.
            let part = block.region(&piece.held.relative_to(&piece.region))?;
            let whole = Region::whole(&piece.held.shape());
            let part = Block::assemble(part.dtype(), &piece.held.extents(), &[(whole, part)])?;
            return Ok((piece.key, piece.held, part));
        }
        Ok((piece.key, piece.region, block))
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

/// Finished blocks on their way, by output.
type Assemblies = Mutex<HashMap<usize, Arc<SharedAssembly>>>;

/// What a task, or a worker's share of it, holds while it runs; given back whatever happens.
struct Open<'a> {
    run: &'a StageRun,
    held: HashMap<usize, Vec<(Target, Accumulator)>>,
    assemblies: &'a Assemblies,
}

impl Open<'_> {
    fn feed(
        &mut self,
        output: usize,
        reduction: &Reduction,
        index: &[u64],
        region: &Region,
        parts: &[(Region, Block)],
    ) -> Result<()> {
        if !self.held.contains_key(&output) {
            self.check_out(output, reduction, index, region)?;
        }
        let Some(held) = self.held.get_mut(&output) else { return Err(Error::internal("an accumulator went missing")) };
        held.iter_mut().try_for_each(|(target, accumulator)| feed(reduction, accumulator, parts, target))
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
        let assembly = {
            let mut assemblies = self.assemblies.lock().unwrap_or_else(PoisonError::into_inner);
            // Tiles fill all of it.
            let new = || Arc::new(SharedAssembly::reusing(dtype, &region.extents()));
            assemblies.entry(output).or_insert_with(new).clone()
        };
        assembly.put(&part.relative_to(region), &block)
    }

    fn write(&self, output: usize, region: &Region, block: &Block) -> Result<()> {
        self.run.targets[output].iter().try_for_each(|sink| sink.write(region, block))
    }

    /// Gives back what is held, to be taken up again.
    fn give_back(&mut self) {
        for (output, held) in self.held.drain() {
            let Some(accumulators) = &self.run.accumulators[output] else { continue };
            held.into_iter().for_each(|(target, accumulator)| accumulators.give_back(&target, accumulator));
        }
    }

    fn finish(mut self, index: &[u64], region: &Region) -> Result<()> {
        for (n, output) in self.run.stage.outputs.iter().enumerate() {
            match &output.kind {
                OutputKind::Values => {
                    let assembly = self.assemblies.lock().unwrap_or_else(PoisonError::into_inner).remove(&n);
                    if let Some(assembly) = assembly {
                        // All shares of the task have ended.
                        let assembly = Arc::into_inner(assembly);
                        let assembly = assembly.ok_or_else(|| Error::internal("a block is still being filled"))?;
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
            let held = need.held().clone();
            (Arrived { key, source: need.source, region: need.region, held, encoded }, pending)
        })
        .collect()
}
