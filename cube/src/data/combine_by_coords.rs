//! Datasets that are pieces of one, in any order, put together by their coordinates.
use std::cmp::Ordering;

use super::index::AxisMatch;
use super::{Dataset, Join, concat_datasets, merge};
use crate::base::{Block, Error, Result};

/// One dataset out of pieces of it, tiles of any number of dimensions in any order: pieces with the same variables are joined along the
/// dimensions whose labels differ, in the order of their labels; pieces with other variables are merged (xarray's `combine_by_coords`).
/// Lazy; reads the coordinates.
///
/// ```
/// use terracube_cube::{DataArray, combine_by_coords};
/// let piece = |x: i32| DataArray::from_vec(["x"], &[2], vec![x, x + 1]).with_coord("x", vec![x, x + 1]).named("t").to_dataset();
/// let whole = combine_by_coords(&[&piece(2), &piece(0), &piece(4)])?;
/// assert_eq!(whole.var("t").to_vec::<i32>()?, [0, 1, 2, 3, 4, 5]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If pieces overlap, a tile is missing, or a variable stands in two pieces with other values.
#[track_caller]
pub fn combine_by_coords(datasets: &[&Dataset]) -> Result<Dataset> {
    let mut groups: Vec<(Vec<&str>, Vec<&Dataset>)> = Vec::new();
    for dataset in datasets {
        if let Some(error) = dataset.error() {
            return Err(error.clone());
        }
        let mut names: Vec<&str> = dataset.names().collect();
        names.sort_unstable();
        match groups.iter_mut().find(|(held, _)| *held == names) {
            Some((_, list)) => list.push(dataset),
            None => groups.push((names, vec![dataset])),
        }
    }
    let joined: Vec<Dataset> = groups.iter().map(|(_, pieces)| tiled(pieces)).collect::<Result<_>>()?;
    match joined.as_slice() {
        [] => Err(Error::invalid("nothing to combine")),
        [only] => Ok(only.clone()),
        several => merge(&several.iter().collect::<Vec<_>>(), Join::Outer),
    }
}

/// Pieces with the same variables, joined along every dimension whose labels are not the same in all.
#[track_caller]
fn tiled(pieces: &[&Dataset]) -> Result<Dataset> {
    let [first, others @ ..] = pieces else { return Err(Error::invalid("nothing to combine")) };
    if others.is_empty() {
        return Ok((*first).clone());
    }
    let mut dims = Vec::new();
    for (dim, _) in first.dims() {
        if first.coords().get(&dim).is_none() {
            continue;
        }
        let mut differs = false;
        for other in others {
            differs |= index(first, &dim)?.same_as(&*index(other, &dim)?) != AxisMatch::Equal;
        }
        if differs {
            dims.push(dim);
        }
    }
    if dims.is_empty() {
        return Err(Error::invalid(
            "the datasets have the same labels along all dimensions: nothing tells their order",
        )
        .hint("join them along a dimension of your own with `concat_datasets`"));
    }
    along(pieces.iter().map(|piece| (*piece).clone()).collect(), &dims)
}

#[track_caller]
fn along(pieces: Vec<Dataset>, dims: &[String]) -> Result<Dataset> {
    let Some((dim, rest)) = dims.split_first() else {
        return match <[Dataset; 1]>::try_from(pieces) {
            Ok([only]) => Ok(only),
            Err(pieces) => Err(Error::invalid(format!("{} datasets have the same labels", pieces.len()))),
        };
    };
    // Pieces with equal labels along this dimension differ along others.
    let mut rows: Vec<(Block, Vec<Dataset>)> = Vec::new();
    for piece in pieces {
        let labels = labels(&piece, dim)?;
        match rows.iter_mut().find(|(held, _)| held.same_values(&labels)) {
            Some((_, row)) => row.push(piece),
            None => rows.push((labels, vec![piece])),
        }
    }
    let descending = rows.iter().any(|(labels, _)| order(labels, 0, labels, labels.len() - 1) == Ordering::Greater);
    rows.sort_by(|(a, _), (b, _)| if descending { order(b, 0, a, 0) } else { order(a, 0, b, 0) });
    for pair in rows.windows(2) {
        let (before, after) = (&pair[0].0, &pair[1].0);
        let ends = order(before, before.len() - 1, after, 0);
        if ends != if descending { Ordering::Greater } else { Ordering::Less } {
            return Err(Error::mismatch(format!("pieces overlap along `{dim}`"))
                .hint("cut them with `sel`, or fill one from the other with `combine_first`"));
        }
    }
    let joined: Vec<Dataset> = rows.into_iter().map(|(_, row)| along(row, rest)).collect::<Result<_>>()?;
    concat_datasets(&joined.iter().collect::<Vec<_>>(), dim)
        .map_err(|error| error.context(format!("combine along `{dim}`")))
}

fn index(dataset: &Dataset, dim: &str) -> Result<std::sync::Arc<super::Index>> {
    let coord =
        dataset.coords().get(dim).ok_or_else(|| Error::invalid(format!("a dataset has no labels along `{dim}`")))?;
    coord.index()
}

fn labels(dataset: &Dataset, dim: &str) -> Result<Block> {
    let coord =
        dataset.coords().get(dim).ok_or_else(|| Error::invalid(format!("a dataset has no labels along `{dim}`")))?;
    let labels = coord.values()?;
    if labels.is_empty() {
        Err(Error::invalid(format!("a dataset is empty along `{dim}`")))
    } else {
        labels.contiguous()
    }
}

/// How two labels stand to each other; equal if that cannot be said.
fn order(a: &Block, i: usize, b: &Block, j: usize) -> Ordering {
    if let (Some(a), Some(b)) = (a.text(), b.text()) {
        return a.value(i).cmp(b.value(j));
    }
    if let (Ok(a), Ok(b)) = (a.values::<i64>(), b.values::<i64>()) {
        return a[i].cmp(&b[j]);
    }
    let number = |block: &Block, i: usize| block.to_f64().ok().and_then(|values| values.get(i).copied());
    number(a, i).partial_cmp(&number(b, j)).unwrap_or(Ordering::Equal)
}
