//! Whether values are among those of a list.
use std::sync::Arc;

use super::cast;
use super::rows::map1;
use crate::base::{Block, DType, Error, Result};

/// The values looked for; sorted.
#[derive(Debug, Clone, PartialEq)]
pub enum IsIn {
    /// Numbers; missing ones are never found.
    Numbers(Arc<[f64]>),
    /// Whole numbers and counts of times in the unit of the values.
    Counts(Arc<[i64]>),
    /// Strings.
    Texts(Arc<[String]>),
}

impl IsIn {
    /// The values of a block, to be looked for among values of `dtype`.
    ///
    /// ```
    /// use terracube_cube::{Block, DType};
    /// use terracube_cube::compute::pointwise::{IsIn, UnaryOp, unary};
    /// let list = IsIn::new(&Block::new(&[2], vec![3, 5])?, DType::I32)?;
    /// assert_eq!(unary(&UnaryOp::IsIn(list), &Block::new(&[3], vec![1, 3, 5])?)?.values::<u8>()?, [0, 1, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the two cannot be compared.
    pub fn new(list: &Block, dtype: DType) -> Result<Self> {
        if let (Some(texts), DType::Utf8) = (list.text(), dtype) {
            let mut texts: Vec<String> = texts.iter().flatten().map(ToOwned::to_owned).collect();
            texts.sort();
            return Ok(Self::Texts(texts.into()));
        }
        if (list.dtype() == DType::Utf8) != (dtype == DType::Utf8)
            || list.dtype().is_time_like() != dtype.is_time_like()
        {
            let message = format!("values of {dtype} cannot be among values of {}", list.dtype());
            return Err(Error::dtype(message).hint("give a list of the same kind"));
        }
        if list.dtype().is_float() || dtype.is_float() {
            let mut numbers: Vec<f64> = list.to_f64()?.into_iter().filter(|value| !value.is_nan()).collect();
            numbers.sort_by(f64::total_cmp);
            // Zero has two signs and one value.
            numbers.iter_mut().for_each(|value| *value += 0.0);
            return Ok(Self::Numbers(numbers.into()));
        }
        let wide =
            if dtype.is_time_like() { cast(list, dtype)?.reinterpret(DType::I64)? } else { cast(list, DType::I64)? };
        let mut counts = wide.contiguous()?.values::<i64>()?.to_vec();
        counts.sort_unstable();
        Ok(Self::Counts(counts.into()))
    }

    pub(super) fn output_dtype(&self, x: DType) -> Result<DType> {
        match (self, x) {
            (Self::Texts(_), DType::Utf8) => Ok(DType::Bool),
            (Self::Texts(_), _) | (_, DType::Utf8) => Err(Error::dtype(format!("`isin` of {x} and another kind"))),
            _ => Ok(DType::Bool),
        }
    }

    pub(super) fn holds(&self, x: &Block) -> Result<Block> {
        match self {
            Self::Numbers(list) => map1::<f64, u8>(x, DType::Bool, &mut |x, out| {
                out.extend(
                    x.iter().map(|v| u8::from(list.binary_search_by(|held| held.total_cmp(&(v + 0.0))).is_ok())),
                );
            }),
            Self::Counts(list) => map1::<i64, u8>(x, DType::Bool, &mut |x, out| {
                out.extend(x.iter().map(|v| u8::from(list.binary_search(v).is_ok())));
            }),
            Self::Texts(list) => {
                let texts = x.text().ok_or_else(|| Error::internal("strings expected"))?;
                let found = texts
                    .iter()
                    .flatten()
                    .map(|text| u8::from(list.binary_search_by(|held| held.as_str().cmp(text)).is_ok()));
                Block::with_dtype(DType::Bool, x.shape(), found.collect())
            }
        }
    }
}
