//! The closed list of operations along axes.
use std::ops::Range;

use super::blend::Blend;
use super::cumulative::{Running, cumulative};
use super::exponential::{Exponential, ExponentialPair};
use super::fill::fill;
use super::fit::Fit;
use super::interpolate::Interpolate;
use super::lines::{map_lines, map_lines_to};
use super::monotonic::{Monotonic, N_RESULTS};
use super::own::OwnFunction;
use super::own_block::OwnBlocks;
use super::own_window::OwnWindow;
use super::pooled::Pooled;
use super::quantile::Quantile;
use super::rank::{rank, sorted_positions};
use super::rolling::Rolling;
use super::runs::{RunStatistic, Runs};
use super::slope::Slope;
use super::weighted_quantile::WeightedQuantile;
use super::window_place::WindowPlace;
use crate::base::{Block, DType, Error, Kind, Result};
use crate::compute::pointwise::cast;

/// An operation along an axis. The axis keeps its length or gets another; further axes that are taken together with it go.
#[derive(Debug, Clone, PartialEq)]
pub enum AxisOp {
    /// Sums of all values up to each; missing ones count as 0, or spread if they are not skipped.
    CumSum {
        /// Leave missing values out.
        skip_missing: bool,
    },
    /// Products of all values up to each.
    CumProd {
        /// Leave missing values out.
        skip_missing: bool,
    },
    /// Missing values become the last value before them, at most `limit` in a row.
    FillForward {
        /// How many missing values in a row are filled at most.
        limit: Option<u64>,
    },
    /// Missing values become the next value after them.
    FillBackward {
        /// How many missing values in a row are filled at most.
        limit: Option<u64>,
    },
    /// Values moved by `offset` positions towards the end; what comes in is missing.
    Shift {
        /// Negative towards the start.
        offset: i64,
    },
    /// A statistic of a window that moves along the axis.
    Rolling(Rolling),
    /// Quantiles, of all values or of groups of positions.
    Quantile(Quantile),
    /// The place of each value in ascending order, from 1; equal values share the mean of their places.
    Rank {
        /// As a part of the number of values.
        as_part: bool,
    },
    /// The positions of the values in ascending order.
    SortedPositions,
    /// Values at other places of the axis.
    Interpolate(Interpolate),
    /// Derivatives or integrals along labels.
    Slope(Slope),
    /// Coefficients of a polynomial of least squares.
    Fit(Fit),
    /// Exponentially weighted means or sums.
    Exponential(Exponential),
    /// Exponentially weighted covariances of two lines.
    ExponentialPair(ExponentialPair),
    /// Where in a moving window its extreme stands.
    WindowPlace(WindowPlace),
    /// Runs of positions on which something holds.
    Runs(Runs),
    /// Theil and Sen's slope, Mann and Kendall's test.
    Monotonic(Monotonic),
    /// Quantiles of groups that may share members.
    Pooled(Pooled),
    /// Quantiles of values that count differently.
    WeightedQuantile(WeightedQuantile),
    /// Weighted sums of a few values each.
    Blend(Blend),
    /// A function of the user's.
    Own(OwnFunction),
    /// A function of the user's over windows.
    OwnWindow(OwnWindow),
    /// A function of the user's over blocks of any size.
    OwnBlocks(OwnBlocks),
}

impl AxisOp {
    /// The name of the method.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CumSum { .. } => "cumsum",
            Self::CumProd { .. } => "cumprod",
            Self::FillForward { .. } => "ffill",
            Self::FillBackward { .. } => "bfill",
            Self::Shift { .. } => "shift",
            Self::Rolling(_) => "rolling",
            Self::Quantile(_) => "quantile",
            Self::Rank { .. } => "rank",
            Self::SortedPositions => "argsort",
            Self::Interpolate(_) => "interp",
            Self::Slope(slope) => slope.name(),
            Self::Fit(_) => "polyfit",
            Self::Exponential(_) | Self::ExponentialPair(_) => "rolling_exp",
            Self::WindowPlace(place) if place.greatest => "rolling argmax",
            Self::WindowPlace(_) => "rolling argmin",
            Self::Runs(_) => "runs",
            Self::Monotonic(_) => "mann_kendall",
            Self::Pooled(_) => "pooled quantile",
            Self::WeightedQuantile(_) => "weighted quantile",
            Self::Blend(_) => "regrid",
            Self::Own(_) => "apply_along",
            Self::OwnWindow(_) => "rolling",
            Self::OwnBlocks(_) => "map_blocks",
        }
    }

    /// What else there is to say in a plan, in a few words: never all weights or labels.
    pub fn details(&self) -> String {
        match self {
            Self::Shift { offset } => format!(" by {offset}"),
            Self::FillForward { limit: Some(n) } | Self::FillBackward { limit: Some(n) } => {
                format!(", at most {n} in a row")
            }
            Self::Rolling(rolling) => {
                let place = if rolling.centered { ", centered" } else { "" };
                format!(": {:?} of {}{place}, from {} values on", rolling.op, rolling.window, rolling.min_periods)
            }
            Self::Quantile(quantile) => match &quantile.groups {
                Some((_, n)) => format!(": {} of {n} groups", quantile.at.first().copied().unwrap_or(0.5)),
                None => format!(": {:?}", &quantile.at[..quantile.at.len().min(6)]),
            },
            Self::Pooled(pooled) => format!(": {} of {} groups that may overlap", pooled.at, pooled.members.len()),
            Self::Blend(blend) => format!(": {} results of {} weights", blend.n_rows(), blend.weights.len()),
            Self::Fit(fit) => format!(": {} coefficients", fit.n_coefficients()),
            Self::Interpolate(interpolate) => format!(" at {} labels", interpolate.len()),
            Self::Exponential(window) => format!(": {:?}, alpha {}", window.op, window.alpha),
            Self::ExponentialPair(pair) if pair.correlation => format!(": correlation, alpha {}", pair.alpha),
            Self::ExponentialPair(pair) => format!(": covariance, alpha {}", pair.alpha),
            Self::WindowPlace(place) => format!(" of {}, from {} values on", place.window, place.min_periods),
            Self::Own(own) => format!(": {own:?}"),
            Self::OwnWindow(own) => format!(": {own:?}"),
            Self::OwnBlocks(own) => format!(": {own:?}"),
            _ => String::new(),
        }
    }

    /// The dtype of the result.
    ///
    /// # Errors
    /// If the operation is not defined for values of `x`.
    pub fn output_dtype(&self, x: DType) -> Result<DType> {
        let kind = x.kind();
        let number = matches!(kind, Kind::Bool | Kind::Integer | Kind::Float);
        let undefined = || Err(Error::dtype(format!("`{}` is not defined for {x}", self.name())));
        match self {
            Self::Shift { .. } => Ok(x),
            Self::SortedPositions if kind != Kind::Text => Ok(DType::I64),
            Self::FillForward { .. } | Self::FillBackward { .. } if kind != Kind::Text => Ok(x),
            Self::CumSum { .. } | Self::CumProd { .. } => match kind {
                Kind::Float => Ok(x),
                Kind::Integer if x.is_unsigned() => Ok(DType::U64),
                Kind::Bool | Kind::Integer => Ok(DType::I64),
                Kind::Duration if matches!(self, Self::CumSum { .. }) => Ok(x),
                _ => undefined(),
            },
            Self::Rolling(rolling) if number => Ok(rolling.output_dtype(x)),
            Self::Quantile(quantile) if number => Ok(quantile.output_dtype(x)),
            Self::OwnBlocks(own) => Ok(own.output_dtype()),
            Self::Runs(_) if number => Ok(DType::I64),
            Self::Interpolate(_) | Self::Slope(_) | Self::Exponential(_) | Self::Blend(_) if number => {
                Ok(if x == DType::F32 { x } else { DType::F64 })
            }
            Self::Rank { .. }
            | Self::WindowPlace(_)
            | Self::ExponentialPair(_)
            | Self::Fit(_)
            | Self::Own(_)
            | Self::OwnWindow(_)
            | Self::Monotonic(_)
            | Self::Pooled(_)
            | Self::WeightedQuantile(_)
                if number =>
            {
                Ok(DType::F64)
            }
            _ => undefined(),
        }
    }

    /// The length of the axis in the result, from that of all axes taken together.
    pub fn output_len(&self, len: u64) -> u64 {
        match self {
            Self::Quantile(quantile) => quantile.n_results(),
            Self::Interpolate(interpolate) => interpolate.len(),
            Self::Slope(slope) => slope.output_len(len),
            Self::Fit(fit) => fit.n_coefficients(),
            Self::Own(own) => own.output_len(len),
            Self::ExponentialPair(_) => len / 2,
            Self::Runs(runs) => runs.output_len(len),
            Self::Monotonic(_) => N_RESULTS,
            Self::Pooled(pooled) => pooled.members.len() as u64,
            Self::Blend(blend) => blend.n_rows(),
            Self::WeightedQuantile(quantile) => quantile.at.len() as u64,
            _ => len,
        }
    }

    /// Whether a result needs only values near to it: `false` if it needs the whole axis.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Shift { .. }
            | Self::Rolling(_)
            | Self::OwnBlocks(_)
            | Self::OwnWindow(_)
            | Self::WindowPlace(_)
            | Self::Blend(_) => true,
            Self::FillForward { limit } | Self::FillBackward { limit } => limit.is_some(),
            Self::Interpolate(interpolate) => interpolate.is_local(),
            _ => false,
        }
    }

    /// The positions of the axis, of `len`, that the results at `wanted` need. Never empty unless `wanted` or the axis is.
    pub fn reads(&self, wanted: &Range<u64>, len: u64) -> Range<u64> {
        let end = |extra: u64| wanted.end.saturating_add(extra).min(len);
        match self {
            _ if wanted.is_empty() => 0..0,
            Self::CumSum { .. }
            | Self::CumProd { .. }
            | Self::Exponential(_)
            | Self::Runs(Runs { statistic: RunStatistic::Reached, .. })
            | Self::FillForward { limit: None } => 0..wanted.end,
            Self::OwnBlocks(_) => wanted.clone(),
            Self::Blend(blend) => blend.reads(wanted, len),
            Self::FillForward { limit: Some(n) } => wanted.start.saturating_sub(*n)..wanted.end,
            Self::FillBackward { limit: None } => wanted.start..len,
            Self::FillBackward { limit: Some(n) } => wanted.start..end(*n),
            Self::Shift { offset } => {
                let moved = |position: u64| (position as i64 - offset).clamp(0, len as i64) as u64;
                moved(wanted.start)..moved(wanted.end)
            }
            Self::Rolling(rolling) => {
                let (before, after) = rolling.reach();
                wanted.start.saturating_sub(before)..end(after)
            }
            Self::WindowPlace(place) => {
                let (before, after) = place.reach();
                wanted.start.saturating_sub(before)..end(after)
            }
            Self::OwnWindow(own) => {
                let (before, after) = own.reach();
                wanted.start.saturating_sub(before)..end(after)
            }
            Self::Interpolate(interpolate) => interpolate.reads(wanted, len),
            _ => 0..len,
        }
    }
}

/// The results at `wanted` from a block that holds the positions `held` of the axis, whose length is `len`; further `axes` are whole.
/// The block's axes stay in their order; `axes[0]` becomes that of the results, the others go.
///
/// # Errors
/// If the dtype is not one that the operation takes, or a function of the user's fails.
pub fn along(
    op: &AxisOp,
    x: &Block,
    axes: &[usize],
    held: &Range<u64>,
    wanted: &Range<u64>,
    len: u64,
) -> Result<Block> {
    let output = op.output_dtype(x.dtype())?;
    let Some(&axis) = axes.first() else { return Err(Error::internal("an operation along no axis")) };
    let from = (wanted.start.saturating_sub(held.start)) as usize;
    let n_out = (wanted.end - wanted.start) as usize;
    if let AxisOp::Shift { offset } = op {
        return shifted(x, axis, *offset, wanted);
    }
    if let AxisOp::OwnBlocks(own) = op {
        return own.of(x);
    }
    if let AxisOp::Rolling(rolling) = op {
        return rolling.of(x, axis, from, n_out, output);
    }
    let running = |running| match x.dtype().kind() {
        Kind::Float => map_lines::<f64>(x, axes, n_out, output, |lines, out| cumulative(running, lines, from, out)),
        _ => map_lines::<i64>(x, axes, n_out, output, |lines, out| cumulative(running, lines, from, out)),
    };
    match op {
        AxisOp::CumSum { skip_missing } => running(Running { product: false, skip_missing: *skip_missing }),
        AxisOp::CumProd { skip_missing } => running(Running { product: true, skip_missing: *skip_missing }),
        AxisOp::FillForward { limit } => fill(x, axes, from, n_out, *limit, false),
        AxisOp::FillBackward { limit } => fill(x, axes, from, n_out, *limit, true),
        AxisOp::Rank { as_part } => map_lines::<f64>(x, axes, n_out, output, |lines, out| {
            rank(lines, *as_part, wanted, out);
            Ok(())
        }),
        AxisOp::SortedPositions if x.dtype().kind() == Kind::Float => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| {
                sorted_positions(lines, f64::is_nan, |position| position as f64, wanted, out);
                Ok(())
            })
        }
        AxisOp::SortedPositions if x.dtype() == DType::U64 => {
            map_lines_to::<u64, i64>(x, axes, n_out, output, |lines, out| {
                sorted_positions(lines, |_| false, |position| position as i64, wanted, out);
                Ok(())
            })
        }
        AxisOp::SortedPositions => {
            let is_missing = |value: i64| x.dtype().is_time_like() && value == i64::MIN;
            map_lines::<i64>(x, axes, n_out, output, |lines, out| {
                sorted_positions(lines, is_missing, |position| position as i64, wanted, out);
                Ok(())
            })
        }
        AxisOp::WindowPlace(place) => map_lines::<f64>(x, axes, n_out, output, |lines, out| {
            place.of(&lines, held, wanted, out);
            Ok(())
        }),
        AxisOp::ExponentialPair(pair) => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| pair.of(&lines, wanted, out))
        }
        AxisOp::Quantile(quantile) if x.dtype() == DType::F32 => {
            map_lines_to::<f32, f64>(x, axes, n_out, output, |lines, out| quantile.of(&lines, wanted, out))
        }
        AxisOp::Quantile(quantile) => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| quantile.of(&lines, wanted, out))
        }
        AxisOp::Interpolate(interpolate) => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| interpolate.of(&lines, held, wanted, len, out))
        }
        AxisOp::Slope(slope) => map_lines::<f64>(x, axes, n_out, output, |lines, out| slope.of(&lines, wanted, out)),
        AxisOp::Fit(fit) => map_lines::<f64>(x, axes, n_out, output, |lines, out| fit.of(&lines, wanted, out)),
        AxisOp::Exponential(weights) => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| weights.of(&lines, from, n_out, out))
        }
        AxisOp::Runs(runs) => map_lines::<f64>(x, axes, n_out, output, |lines, out| runs.of(&lines, wanted, out)),
        AxisOp::Monotonic(test) => map_lines::<f64>(x, axes, n_out, output, |lines, out| test.of(&lines, wanted, out)),
        AxisOp::Pooled(pooled) if x.dtype() == DType::F32 => {
            map_lines_to::<f32, f64>(x, axes, n_out, output, |lines, out| pooled.of(&lines, wanted, out))
        }
        AxisOp::Pooled(pooled) => map_lines::<f64>(x, axes, n_out, output, |lines, out| pooled.of(&lines, wanted, out)),
        AxisOp::WeightedQuantile(quantile) => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| quantile.of(&lines, wanted, out))
        }
        AxisOp::Blend(blend) if axes.len() == 1 && axis + 1 < x.rank() => {
            let block = blend.rows(x, axis, held, wanted)?;
            cast(&block, output)
        }
        AxisOp::Blend(blend) => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| blend.of(&lines, held, wanted, out))
        }
        AxisOp::OwnWindow(own) => {
            map_lines::<f64>(x, axes, n_out, output, |lines, out| own.of(&lines, held, wanted, out))
        }
        AxisOp::Own(own) => map_lines::<f64>(x, axes, n_out, output, |lines, out| own.of(&lines, wanted, out)),
        AxisOp::Shift { .. } | AxisOp::Rolling(_) | AxisOp::OwnBlocks(_) => Err(Error::internal("handled above")),
    }
}

/// Missing values, the block, missing values.
fn shifted(x: &Block, axis: usize, offset: i64, wanted: &Range<u64>) -> Result<Block> {
    let n = (wanted.end - wanted.start) as i64;
    let before = (offset - wanted.start as i64).clamp(0, n);
    let kept = x.shape()[axis] as i64;
    let missing = |len: i64| {
        let mut shape = x.shape().to_vec();
        shape[axis] = len as usize;
        Block::filled(&Block::missing(x.dtype())?, &shape)
    };
    let parts = [missing(before)?, x.clone(), missing(n - before - kept)?];
    let parts: Vec<Block> = parts.into_iter().filter(|part| part.shape()[axis] > 0).collect();
    Block::concat(axis, &parts)
}
