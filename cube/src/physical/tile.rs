//! Cutting the box of a task into tiles that stay in the cache.
use crate::base::Region;

/// Bytes of one tile of one operand: a few of them fit a core's second-level cache.
const TILE_BYTES: u64 = 192 << 10;

/// Boxes that make up `region`, in C order. `kept` axes are cut first, from the outside in, because tiles of them touch few
/// accumulator cells; the innermost axis is cut last, so that runs stay long.
pub(crate) fn tiles(region: &Region, item_size: usize, kept: &[bool]) -> Vec<Region> {
    let mut shape = region.shape();
    let rank = shape.len();
    let bytes = |shape: &[u64]| shape.iter().fold(item_size as u64, |n, &len| n.saturating_mul(len));
    let mut order: Vec<usize> = (0..rank.saturating_sub(1)).filter(|&axis| kept[axis]).collect();
    order.extend((0..rank.saturating_sub(1)).filter(|&axis| !kept[axis]));
    order.extend(rank.checked_sub(1));
    for axis in order {
        let total = bytes(&shape);
        if total <= TILE_BYTES {
            break;
        }
        shape[axis] = (shape[axis].saturating_mul(TILE_BYTES) / total).max(1);
    }
    let mut tiles = vec![Vec::with_capacity(rank)];
    for (axis, range) in region.ranges().iter().enumerate() {
        let step = shape[axis].max(1);
        let cuts: Vec<_> =
            (range.start..range.end).step_by(step as usize).map(|at| at..(at + step).min(range.end)).collect();
        tiles = tiles
            .into_iter()
            .flat_map(|tile| {
                cuts.iter().map(move |cut| {
                    let mut longer = tile.clone();
                    longer.push(cut.clone());
                    longer
                })
            })
            .collect();
    }
    tiles.into_iter().map(Region::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_region_once_and_are_small() {
        for (region, kept) in [
            (Region::new(vec![24..48, 0..121, 240..480]), vec![false, true, true]),
            (Region::whole(&[1_000_000]), vec![false]),
            (Region::new(vec![0..3, 0..0]), vec![true, true]),
            (Region::new(vec![]), vec![]),
        ] {
            let tiles = tiles(&region, 4, &kept);
            assert_eq!(tiles.iter().map(Region::size).sum::<u64>(), region.size());
            assert!(tiles.iter().all(|tile| tile.size() * 4 <= TILE_BYTES && region.contains(tile)));
        }
    }
}
