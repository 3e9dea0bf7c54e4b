//! Values in nested brackets, as numpy prints them.
use super::values::texts;
use super::words::Digits;
use crate::base::{Block, Result};

/// Beyond this number of values, only the ends of each axis are shown.
const MOST_VALUES: usize = 1000;
/// Values or rows at each end of an axis that is cut.
const EDGE: usize = 3;
const WIDTH: usize = 78;

/// The values of a block; a scalar without brackets.
///
/// # Errors
/// If the block is not what its dtype says.
pub(crate) fn nested(block: &Block) -> Result<String> {
    if block.is_empty() {
        return Ok("[]".into());
    }
    let cut = block.len() > MOST_VALUES;
    let mut shown = block.clone();
    if cut {
        for (axis, length) in block.shape().iter().enumerate().filter(|(_, length)| **length > 2 * EDGE) {
            let edges: Vec<i64> = (0..EDGE).chain(length - EDGE..*length).map(|position| position as i64).collect();
            shown = shown.take(axis, &edges)?;
        }
    }
    let values = texts(&shown, Digits::MANY)?;
    let width = values.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    // Strings stand at the left, numbers at the right of their column.
    let aligned: Vec<String> = values
        .into_iter()
        .map(|text| if text.starts_with('\'') { format!("{text:<width$}") } else { format!("{text:>width$}") })
        .collect();
    let is_cut: Vec<bool> = block.shape().iter().map(|length| cut && *length > 2 * EDGE).collect();
    let mut out = String::new();
    write(&mut out, &aligned, shown.shape(), &is_cut, 1);
    Ok(out)
}

fn write(out: &mut String, values: &[String], shape: &[usize], is_cut: &[bool], indent: usize) {
    let [length, inner @ ..] = shape else {
        out.push_str(values.first().map_or("", |value| value.trim()));
        return;
    };
    out.push('[');
    if inner.is_empty() {
        let mut line = indent;
        for (position, value) in values.iter().enumerate() {
            let dots = is_cut[0] && position == EDGE;
            let word = if dots { format!("... {value}") } else { value.clone() };
            let taken = word.chars().count() + usize::from(position > 0);
            if position > 0 && line + taken > WIDTH {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                line = indent + taken - 1;
            } else {
                out.push_str(if position > 0 { " " } else { "" });
                line += taken;
            }
            out.push_str(&word);
        }
    } else {
        let step = values.len() / length;
        for position in 0..*length {
            if position > 0 {
                out.push_str(&"\n".repeat(inner.len()));
                out.push_str(&" ".repeat(indent));
            }
            if is_cut[0] && position == EDGE {
                out.push_str("...");
                out.push_str(&"\n".repeat(inner.len()));
                out.push_str(&" ".repeat(indent));
            }
            write(out, &values[position * step..(position + 1) * step], inner, &is_cut[1..], indent + 1);
        }
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(shape: &[usize]) -> String {
        nested(&Block::new(shape, (0..shape.iter().product::<usize>() as i32).collect()).unwrap()).unwrap()
    }

    #[test]
    fn values_are_nested_and_cut() {
        assert_eq!(counted(&[]), "0");
        assert_eq!(counted(&[0, 3]), "[]");
        assert_eq!(counted(&[3]), "[0 1 2]");
        assert_eq!(counted(&[2, 3]), "[[0 1 2]\n [3 4 5]]");
        assert_eq!(counted(&[2, 1, 2]), "[[[0 1]]\n\n [[2 3]]]");
        assert_eq!(counted(&[2000]), "[   0    1    2 ... 1997 1998 1999]");
        assert_eq!(
            counted(&[1000, 2]),
            "[[   0    1]\n [   2    3]\n [   4    5]\n ...\n [1994 1995]\n [1996 1997]\n [1998 1999]]"
        );
        assert!(counted(&[60]).lines().all(|line| line.len() <= 80));
        let floats = Block::new(&[3], vec![1.0f32, 0.1, 1.0 / 3.0]).unwrap();
        assert_eq!(nested(&floats).unwrap(), "[       1.0        0.1 0.33333334]");
        assert_eq!(nested(&Block::from_strings(&[2], ["DJF", "x"]).unwrap()).unwrap(), "['DJF' 'x'  ]");
    }
}
