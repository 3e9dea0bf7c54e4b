//! Times at whole steps of a fixed length: the day, the hour.
use super::rows::map1;
use crate::base::{Block, DType, Error, Result};

/// Which whole step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoundTimeTo {
    /// The one before.
    Floor,
    /// The one after.
    Ceil,
    /// The nearer one, of two equally near ones the even one.
    Nearest,
}

/// Moves times to whole steps since 1970 of their calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoundTime {
    /// Which.
    pub to: RoundTimeTo,
    /// Nanoseconds of a step, above 0.
    pub step: i64,
}

impl RoundTime {
    pub(super) fn name(self) -> &'static str {
        match self.to {
            RoundTimeTo::Floor => "dt.floor",
            RoundTimeTo::Ceil => "dt.ceil",
            RoundTimeTo::Nearest => "dt.round",
        }
    }

    pub(super) fn output_dtype(self, x: DType) -> Result<DType> {
        match x {
            DType::Time { .. } => Ok(x),
            _ => Err(Error::dtype(format!("`{}` is for times, not {x}", self.name()))),
        }
    }

    pub(super) fn of(self, x: &Block) -> Result<Block> {
        let DType::Time { unit, .. } = self.output_dtype(x.dtype())? else {
            return Err(Error::internal("times expected"));
        };
        // Counts coarser than the step are whole steps already, or the step is no number of counts.
        let per_count = 1_000_000_000 / unit.per_second();
        let step = self.step / per_count;
        if step <= 1 {
            return Ok(x.clone());
        }
        let one = |count: i64| {
            let below = count.div_euclid(step);
            let rest = count.rem_euclid(step);
            let up = match self.to {
                RoundTimeTo::Floor => false,
                RoundTimeTo::Ceil => rest > 0,
                RoundTimeTo::Nearest => rest > step - rest || (rest == step - rest && below % 2 != 0),
            };
            (below + i64::from(up)).saturating_mul(step)
        };
        map1::<i64, i64>(x, x.dtype(), &mut |x, out| {
            out.extend(x.iter().map(|&count| if count == i64::MIN { count } else { one(count) }));
        })
    }
}
