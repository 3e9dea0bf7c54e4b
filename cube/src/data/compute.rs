//! Terminal calls: from lazy to values.
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, BooleanArray, LargeStringArray, PrimitiveArray, types};
use arrow_buffer::{BooleanBuffer, ScalarBuffer};

use super::{DataArray, Dataset, run};
use crate::base::{Block, DType, Dims, Element, Error, Result, TimeUnit, placed};
use crate::execute::{Context, RunReport, Sink};
use crate::plan::{Expr, Op};

/// Values in memory, with the names of their axes; C order.
#[derive(Debug, Clone)]
pub struct Array {
    dims: Dims,
    block: Block,
}

impl Array {
    /// The dimensions in axis order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let values = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]).values()?;
    /// assert_eq!(values.dims().iter().collect::<Vec<_>>(), ["y", "x"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn dims(&self) -> &Dims {
        &self.dims
    }

    /// The length of each axis.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]).values()?.shape(), [1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn shape(&self) -> &[usize] {
        self.block.shape()
    }

    /// The dtype.
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.0f32, 2.0]).values()?.dtype(), DType::F32);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn dtype(&self) -> DType {
        self.block.dtype()
    }

    /// The values as a block.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let values = DataArray::from_vec(["x"], &[2], vec![1i16, 2]).values()?;
    /// assert_eq!(values.block().values::<i16>()?, [1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// The values in C order without copying (`u8` for bool, `i64` for times and durations).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let values = DataArray::from_vec(["x"], &[2], vec![1.0f32, 2.0]).values()?;
    /// assert_eq!(values.as_slice::<f32>()?, [1.0, 2.0]);
    /// assert_eq!(values.as_slice::<f64>().unwrap_err().message(), "the values are float32, not float64");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the dtype is held as another type.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        if self.dtype().storage() != T::DTYPE {
            let message = format!("the values are {}, not {}", self.dtype(), T::DTYPE);
            return Err(Error::dtype(message).hint("call `.cast(...)` first, or `.to_f64()`"));
        }
        self.block.values::<T>()
    }

    /// The values in C order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let values = DataArray::from_vec(["x"], &[2], vec![1, 5]).gt(2).values()?;
    /// assert_eq!(values.to_vec::<u8>()?, [0, 1]);
    /// assert!(values.to_vec::<i32>().is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the dtype is held as another type.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.as_slice::<T>().map(<[T]>::to_vec)
    }

    /// The values in C order as f64; missing times are NaN.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1i16, 2]).values()?.to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// For strings.
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        self.block.to_f64()
    }

    /// The strings in C order.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[2], ["Bonn", "Oslo"])?).values()?;
    /// assert_eq!(names.to_strings()?, ["Bonn", "Oslo"]);
    /// assert_eq!(DataArray::from_vec(["x"], &[1], vec![1.0]).values()?.to_strings().unwrap_err().message(), "the values are float64, not strings");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// For other dtypes.
    pub fn to_strings(&self) -> Result<Vec<String>> {
        let texts =
            self.block.text().ok_or_else(|| Error::dtype(format!("the values are {}, not strings", self.dtype())))?;
        Ok((0..texts.len()).map(|i| texts.value(i).to_owned()).collect())
    }

    /// The times in C order as text ("1981-01-16T12:00:00"), in their own calendar; "NaT" where missing.
    ///
    /// ```
    /// use terracube_cube::{Calendar, date_range};
    /// let days = date_range("2000-02-29", "2000-03-01", "12h", Calendar::Standard);
    /// assert_eq!(days.values()?.to_dates()?, ["2000-02-29T00:00:00", "2000-02-29T12:00:00", "2000-03-01T00:00:00"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// For other dtypes.
    pub fn to_dates(&self) -> Result<Vec<String>> {
        let DType::Time { unit, calendar } = self.dtype() else {
            return Err(Error::dtype(format!("the values are {}, not times", self.dtype())));
        };
        Ok(calendar.format_all(self.block.values::<i64>()?, unit))
    }

    /// The values in C order as a flat Arrow array, without a copy but for bool. Missing floats are NaN, not null; times of other than
    /// standard calendars have no Arrow type and come as Int64 counts.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let arrow = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]).values()?.to_arrow()?;
    /// assert_eq!((arrow.len(), arrow.null_count(), arrow.data_type().to_string().as_str()), (2, 0, "Float64"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn to_arrow(&self) -> Result<ArrayRef> {
        fn flat<A: types::ArrowPrimitiveType>(block: &Block) -> Result<ArrayRef>
        where
            A::Native: Element,
        {
            let (_, offset, _) = block.strided::<A::Native>()?;
            let crate::base::BlockData::Fixed { buffer, .. } = block.data() else {
                return Err(Error::internal("strings as numbers"));
            };
            let values = ScalarBuffer::<A::Native>::new(buffer.clone(), offset as usize, block.len());
            Ok(Arc::new(PrimitiveArray::<A>::new(values, None)))
        }
        let block = &self.block;
        match self.dtype() {
            DType::Bool => {
                let bits = BooleanBuffer::from_iter(block.values::<u8>()?.iter().map(|&value| value != 0));
                Ok(Arc::new(BooleanArray::new(bits, None)))
            }
            DType::I8 => flat::<types::Int8Type>(block),
            DType::I16 => flat::<types::Int16Type>(block),
            DType::I32 => flat::<types::Int32Type>(block),
            DType::I64 => flat::<types::Int64Type>(block),
            DType::U8 => flat::<types::UInt8Type>(block),
            DType::U16 => flat::<types::UInt16Type>(block),
            DType::U32 => flat::<types::UInt32Type>(block),
            DType::U64 => flat::<types::UInt64Type>(block),
            DType::F32 => flat::<types::Float32Type>(block),
            DType::F64 => flat::<types::Float64Type>(block),
            DType::Utf8 => {
                let texts: &LargeStringArray = block.text().ok_or_else(|| Error::internal("no strings"))?;
                Ok(Arc::new(texts.clone()))
            }
            DType::Time { unit, calendar } if calendar.is_standard() => match unit {
                TimeUnit::S => flat::<types::TimestampSecondType>(block),
                TimeUnit::Ms => flat::<types::TimestampMillisecondType>(block),
                TimeUnit::Us => flat::<types::TimestampMicrosecondType>(block),
                TimeUnit::Ns => flat::<types::TimestampNanosecondType>(block),
            },
            DType::Time { .. } => flat::<types::Int64Type>(block),
            DType::Duration { unit } => match unit {
                TimeUnit::S => flat::<types::DurationSecondType>(block),
                TimeUnit::Ms => flat::<types::DurationMillisecondType>(block),
                TimeUnit::Us => flat::<types::DurationMicrosecondType>(block),
                TimeUnit::Ns => flat::<types::DurationNanosecondType>(block),
            },
        }
    }
}

impl DataArray {
    /// The same array with its values in memory (xarray's `compute`). Runs on all cores within the memory budget, with progress, and
    /// can be interrupted.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, f64::NAN, 4.0]).with_coord("x", vec![0.0, 1.0, 2.0, 3.0]);
    /// let kept = (&t * 2.0).compute()?;
    /// assert_eq!(kept.isel("x", 3).to_f64()?, [8.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// The mistake that the array carries, what reading gives, [`crate::ErrorKind::OverBudget`], [`crate::ErrorKind::Cancelled`].
    #[track_caller]
    pub fn compute(&self) -> Result<Self> {
        compute(self)
    }

    /// As [`DataArray::compute`], under another budget, observer or cancel token; with what the run did.
    ///
    /// ```
    /// use terracube_cube::{Context, DataArray};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// let (doubled, report) = (&t * 2.0).compute_with(&Context::current()?.with_budget(64 << 20))?;
    /// assert_eq!((doubled.to_f64()?, report.spilled_bytes), (vec![2.0, 4.0], 0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::compute`].
    #[track_caller]
    pub fn compute_with(&self, context: &Context) -> Result<(Self, RunReport)> {
        compute_with(self, context)
    }

    /// The values, computed if they are not in memory.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.values()?.shape(), [2, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::compute`].
    #[track_caller]
    pub fn values(&self) -> Result<Array> {
        let computed = self.compute()?;
        match computed.variable.expr().op() {
            Op::Constant(block) => Ok(Array { dims: computed.dims().clone(), block: block.contiguous()? }),
            _ => Err(Error::internal("computed values are not in memory")),
        }
    }

    /// The values if they are in memory already; computes nothing.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]);
    /// assert_eq!(t.loaded().unwrap().to_f64()?, [1.0, 2.0]);
    /// assert!((&t * 2.0).loaded().is_none());
    /// assert!((&t * 2.0).compute()?.loaded().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn loaded(&self) -> Option<Array> {
        match self.variable.expr().op() {
            Op::Constant(block) => Some(Array { dims: self.dims().clone(), block: block.contiguous().ok()? }),
            _ => None,
        }
    }

    /// The values in C order as f64; missing times are NaN. Computes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.isel("y", 0).to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::compute`]; for strings.
    #[track_caller]
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        placed(self.values()?.to_f64())
    }

    /// The values in C order (`u8` for bool, `i64` for times). Computes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1i64, 2]);
    /// assert_eq!(t.to_vec::<i64>()?, [1, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::compute`]; if the dtype is held as another type.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        placed(self.values()?.to_vec())
    }

    /// The only value, as f64. Computes.
    ///
    /// ```
    /// use terracube_cube::{ALL, DataArray};
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert_eq!(t.mean(ALL).item()?, 2.5);
    /// assert!(t.item().is_err(), "four values are not one");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::compute`]; if there is not exactly one value.
    #[track_caller]
    pub fn item(&self) -> Result<f64> {
        if let Some(error) = self.error() {
            return Err(error.clone());
        }
        if self.size() != 1 {
            let message = format!("the array has {} values, `item` wants one", self.size());
            return placed(Err(Error::invalid(message).hint("reduce it with `.mean(ALL)` or select one with `isel`")));
        }
        self.to_f64()?.first().copied().ok_or_else(|| Error::internal("no value"))
    }

    /// The optimised plan as text: operations, passes over the data, tasks, bytes, memory. Reads at most coordinates.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0]).with_coord("y", vec![0.0, 10.0]).with_coord("x", vec![5.0, 7.0]);
    /// assert!(!t.mean("y").explain()?.is_empty());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// The mistake that the array carries.
    #[track_caller]
    pub fn explain(&self) -> Result<String> {
        self.explain_with(&Context::current()?)
    }

    /// As [`DataArray::explain`], under another budget.
    ///
    /// ```
    /// use terracube_cube::{Context, DataArray};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).mean("x");
    /// assert!(!t.explain_with(&Context::current()?.with_budget(64 << 20))?.is_empty());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// The mistake that the array carries.
    #[track_caller]
    pub fn explain_with(&self, context: &Context) -> Result<String> {
        placed(run::explanation(std::slice::from_ref(self.variable.expr()), context))
    }

    /// Computes into a sink.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use terracube_cube::{DataArray, Sink};
    /// use terracube_cube::execute::MemorySink;
    /// let memory = Arc::new(MemorySink::new());
    /// let sink: Arc<dyn Sink> = memory.clone();
    /// DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).compute_into(&sink)?;
    /// assert_eq!(memory.take()?.to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::compute`], and what the sink gives.
    #[track_caller]
    pub fn compute_into(&self, sink: &Arc<dyn Sink>) -> Result<RunReport> {
        let exprs = std::slice::from_ref(self.variable.expr());
        placed(run::into_sinks(exprs, std::slice::from_ref(sink), &Context::current()?))
    }
}

impl Dataset {
    /// The same dataset with all variables in memory; chunks that several need are read once.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(ds.compute()?.var("t").to_f64()?, [1.0, 2.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`DataArray::compute`].
    #[track_caller]
    pub fn compute(&self) -> Result<Self> {
        compute(self)
    }
}

/// Lazy values that are computed together: arrays, datasets, tuples and lists of them.
pub trait Computable {
    /// The same with values in memory.
    type Output;
    /// The expressions to compute.
    fn exprs(&self, into: &mut Vec<Expr>);
    /// The same over the values of those expressions, in the same order.
    #[track_caller]
    fn with_values(&self, blocks: &mut dyn Iterator<Item = Block>) -> Self::Output;
}

impl Computable for DataArray {
    type Output = DataArray;
    fn exprs(&self, into: &mut Vec<Expr>) {
        into.push(self.variable.expr().clone());
    }
    #[track_caller]
    fn with_values(&self, blocks: &mut dyn Iterator<Item = Block>) -> DataArray {
        match blocks.next() {
            Some(block) => {
                let expr = Expr::constant(self.dims().clone(), block);
                DataArray { variable: self.variable.with_expr(expr), ..self.clone() }
            }
            None => self.clone(),
        }
    }
}

impl Computable for Dataset {
    type Output = Dataset;
    fn exprs(&self, into: &mut Vec<Expr>) {
        into.extend(self.variables().map(|(_, variable)| variable.expr().clone()));
    }
    #[track_caller]
    fn with_values(&self, mut blocks: &mut dyn Iterator<Item = Block>) -> Dataset {
        self.with_computed(&mut blocks)
    }
}

impl<C: Computable + ?Sized> Computable for &C {
    type Output = C::Output;
    fn exprs(&self, into: &mut Vec<Expr>) {
        (**self).exprs(into);
    }
    fn with_values(&self, blocks: &mut dyn Iterator<Item = Block>) -> C::Output {
        (**self).with_values(blocks)
    }
}

impl<C: Computable> Computable for Vec<C> {
    type Output = Vec<C::Output>;
    fn exprs(&self, into: &mut Vec<Expr>) {
        self.iter().for_each(|one| one.exprs(into));
    }
    #[track_caller]
    fn with_values(&self, blocks: &mut dyn Iterator<Item = Block>) -> Self::Output {
        self.iter().map(|one| one.with_values(blocks)).collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),*);)*) => {$(
        impl<$($name: Computable),*> Computable for ($($name,)*) {
            type Output = ($($name::Output,)*);
            fn exprs(&self, into: &mut Vec<Expr>) { $(self.$index.exprs(into);)* }
            #[track_caller]
            fn with_values(&self, blocks: &mut dyn Iterator<Item = Block>) -> Self::Output { ($(self.$index.with_values(blocks),)*) }
        }
    )*};
}
tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}

/// Computes several lazy values together: a chunk that several need is read once per pass.
///
/// ```
/// use terracube_cube::{DataArray, compute};
/// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]);
/// let (mean, max) = compute((&t.mean("x"), &t.max("x")))?;
/// assert_eq!((mean.item()?, max.item()?), (3.0, 6.0));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// As [`DataArray::compute`].
#[track_caller]
pub fn compute<C: Computable>(lazy: C) -> Result<C::Output> {
    Ok(compute_with(lazy, &Context::current()?)?.0)
}

/// As [`compute`], under another budget, observer or cancel token; with what the run did.
///
/// ```
/// use terracube_cube::{Context, DataArray, compute_with};
/// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
/// let (both, report) = compute_with(vec![t.min("x"), t.max("x")], &Context::current()?)?;
/// assert_eq!((both[0].item()?, both[1].item()?, report.spilled_bytes), (1.0, 3.0, 0));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// As [`DataArray::compute`].
#[track_caller]
pub fn compute_with<C: Computable>(lazy: C, context: &Context) -> Result<(C::Output, RunReport)> {
    let mut exprs = Vec::new();
    lazy.exprs(&mut exprs);
    let (blocks, report) = placed(run::blocks(&exprs, context))?;
    Ok((lazy.with_values(&mut blocks.into_iter()), report))
}

/// As [`compute`], for async callers: runs on a thread of its own.
///
/// ```
/// use terracube_cube::{DataArray, compute_async};
/// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
/// let both = futures::executor::block_on(compute_async(vec![t.min("x"), t.max("x")]))?;
/// assert_eq!((both[0].item()?, both[1].item()?), (1.0, 3.0));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// As [`DataArray::compute`].
pub async fn compute_async<C>(lazy: C) -> Result<C::Output>
where
    C: Computable + Send + 'static,
    C::Output: Send + 'static,
{
    let (sender, receiver) = futures::channel::oneshot::channel();
    std::thread::spawn(move || {
        // A receiver that is gone no longer wants the answer.
        let _ = sender.send(compute(lazy));
    });
    receiver.await.map_err(|_| Error::internal("the computing thread ended without an answer"))?
}
