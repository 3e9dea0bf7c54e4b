//! Labels at positions: what turns `argmax` into `idxmax`.
use super::cast;
use super::select::masked_dtype;
use crate::base::{Block, DType, Error, ErrorKind, Result};

/// What becomes of positions (float64, NaN where there is none).
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The labels of the axis; without any the positions themselves are wanted, and a missing one is an error.
    labels: Option<Block>,
}

impl PartialEq for Lookup {
    fn eq(&self, other: &Self) -> bool {
        match (&self.labels, &other.labels) {
            (Some(a), Some(b)) => a.same_values(b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

impl Lookup {
    /// Labels along one axis. Integers become floats, because a position may be missing.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::compute::pointwise::{Lookup, UnaryOp, unary};
    /// let labels = Lookup::labels(&Block::new(&[2], vec![10.0, 20.0])?)?;
    /// assert_eq!(unary(&UnaryOp::Lookup(labels), &Block::new(&[2], vec![1.0, 0.0])?)?.to_f64()?, [20.0, 10.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is not one axis.
    pub fn labels(labels: &Block) -> Result<Self> {
        if labels.rank() != 1 {
            return Err(Error::internal(format!("labels with {} axes", labels.rank())));
        }
        let dtype = masked_dtype(labels.dtype())?;
        Ok(Self { labels: Some(if dtype == labels.dtype() { labels.clone() } else { cast(labels, dtype)? }) })
    }

    /// The positions as integers.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::compute::pointwise::{Lookup, UnaryOp, unary};
    /// let places = unary(&UnaryOp::Lookup(Lookup::positions()), &Block::new(&[2], vec![1.0, 0.0])?)?;
    /// assert_eq!(places.values::<i64>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn positions() -> Self {
        Self { labels: None }
    }

    pub(super) fn output_dtype(&self, x: DType) -> Result<DType> {
        match x {
            DType::F64 => Ok(self.labels.as_ref().map_or(DType::I64, Block::dtype)),
            other => Err(Error::internal(format!("positions of {other}"))),
        }
    }

    pub(super) fn of(&self, x: &Block) -> Result<Block> {
        let found = x.contiguous()?;
        let positions: Vec<i64> =
            found.values::<f64>()?.iter().map(|v| if v.is_nan() { -1 } else { *v as i64 }).collect();
        match &self.labels {
            Some(labels) => labels.take(0, &positions)?.reshape(x.shape()),
            None if positions.contains(&-1) => {
                Err(Error::new(ErrorKind::Empty, "all values are missing: there is no position of the extreme")
                    .hint("`idxmax` and `idxmin` give a missing label there; or fill the missing values first"))
            }
            None => Block::new(x.shape(), positions),
        }
    }
}
