//! Values of a block as text.
use super::view::{Corner, Preview};
use super::words::{Digits, bounded, float};
use crate::base::{Block, DType, Result, dispatch_numeric};

/// Values at each end of a preview.
const CORNER: usize = 30;
/// Characters of a string value.
const MOST_TEXT: usize = 60;

/// The first and the last values of a block in memory.
pub(crate) fn preview(block: &Block) -> Preview {
    match corner(block, CORNER) {
        Ok(corner) => Preview::Values(corner),
        Err(error) => Preview::Failed(error.to_string()),
    }
}

/// The values of two ends that were read apart from an array of `n` values.
pub(crate) fn preview_of_ends(first: &Block, last: &Block, n: u64) -> Preview {
    let read = || {
        let first = texts(first, Digits::FEW)?;
        Ok(Corner { first, last: texts(last, Digits::FEW)?, n })
    };
    read().map_or_else(|error: crate::base::Error| Preview::Failed(error.to_string()), Preview::Values)
}

fn corner(block: &Block, size: usize) -> Result<Corner> {
    let n = block.len();
    if n <= 2 * size {
        return Ok(Corner { first: texts(block, Digits::FEW)?, last: Vec::new(), n: n as u64 });
    }
    // Dates drop their time of day only if all of those shown do, so both ends are written together.
    let mut ends = texts(&flat_part(block, 0, size)?, Digits::FEW)?;
    let last = texts(&flat_part(block, n - size, n)?, Digits::FEW)?;
    if last.iter().any(|text| text.contains('T')) != ends.iter().any(|text| text.contains('T')) {
        let midnight = |text: String| if text.len() == 10 { text + "T00:00:00" } else { text };
        ends = ends.into_iter().map(midnight).collect();
        return Ok(Corner { first: ends, last: last.into_iter().map(midnight).collect(), n: n as u64 });
    }
    Ok(Corner { first: ends, last, n: n as u64 })
}

/// Values `start..end` in C order, as a 1-D block.
fn flat_part(block: &Block, start: usize, end: usize) -> Result<Block> {
    let length = end - start;
    let block = block.contiguous()?;
    if let Some(texts) = block.text() {
        return Block::from_strings(&[length], (start..end).map(|i| texts.value(i)));
    }
    dispatch_numeric!(block.dtype(), T => {
        Block::with_dtype(block.dtype(), &[length], block.values::<T>()?[start..end].to_vec())
    }, text => Err(crate::base::Error::internal("strings as numbers")))
}

/// All values of a block in C order.
pub(crate) fn texts(block: &Block, digits: Digits) -> Result<Vec<String>> {
    let block = block.contiguous()?;
    Ok(match block.dtype() {
        DType::Bool => {
            block.values::<u8>()?.iter().map(|v| if *v == 0 { "False" } else { "True" }.to_owned()).collect()
        }
        DType::F32 => block.values::<f32>()?.iter().map(|v| float(f64::from(*v), v.to_string(), digits)).collect(),
        DType::F64 => block.values::<f64>()?.iter().map(|v| float(*v, v.to_string(), digits)).collect(),
        DType::Time { unit, calendar } => calendar.format_all(block.values::<i64>()?, unit),
        DType::Duration { unit } => block.values::<i64>()?.iter().map(|v| duration(*v, unit.per_second())).collect(),
        DType::Utf8 => {
            let Some(array) = block.text() else { return Ok(Vec::new()) };
            (0..block.len()).map(|i| format!("'{}'", bounded(array.value(i), MOST_TEXT))).collect()
        }
        dtype => dispatch_numeric!(dtype, T => {
            block.values::<T>()?.iter().map(|v| format!("{v:?}")).collect()
        }, text => Vec::new()),
    })
}

/// "3 days 06:00:00", "06:00:00", "NaT".
fn duration(value: i64, per_second: i64) -> String {
    if value == i64::MIN {
        return "NaT".into();
    }
    let (seconds, rest) = (value.div_euclid(per_second), value.rem_euclid(per_second));
    let (days, in_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let clock = format!("{:02}:{:02}:{:02}", in_day / 3600, in_day / 60 % 60, in_day % 60);
    let fraction =
        if rest == 0 { String::new() } else { format!("{:.9}", rest as f64 / per_second as f64)[1..].to_owned() };
    let fraction = fraction.trim_end_matches('0');
    match (days, in_day, rest) {
        (0, ..) => clock + fraction,
        (_, 0, 0) => format!("{days} days"),
        _ => format!("{days} days {clock}{fraction}"),
    }
}
