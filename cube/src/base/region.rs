//! A half-open N-D box of positions.
use std::fmt;
use std::ops::Range;

/// A half-open box: one range of positions per axis. A region of rank 0 holds one value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Region(Vec<Range<u64>>);

impl Region {
    /// A region from its ranges; an inverted range counts as empty.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// let region = Region::new(vec![0..2, 5..9]);
    /// assert_eq!((region.shape(), region.size()), (vec![2, 4], 8));
    /// ```
    pub fn new(ranges: Vec<Range<u64>>) -> Self {
        Self(ranges)
    }

    /// The whole of an array of `shape`.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::whole(&[2, 4]), Region::new(vec![0..2, 0..4]));
    /// ```
    pub fn whole(shape: &[u64]) -> Self {
        Self(shape.iter().map(|&n| 0..n).collect())
    }

    /// The number of axes.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::whole(&[2, 4]).rank(), 2);
    /// ```
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The ranges, one per axis.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::whole(&[2, 4]).ranges(), [0..2, 0..4]);
    /// ```
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.0
    }

    /// The range of one axis; panics if `axis` is out of bounds, as slices do.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::new(vec![0..2, 5..9]).range(1), 5..9);
    /// ```
    pub fn range(&self, axis: usize) -> Range<u64> {
        self.0[axis].clone()
    }

    /// The same region with another range on one axis.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::whole(&[2, 4]).with(1, 1..3), Region::new(vec![0..2, 1..3]));
    /// ```
    #[must_use]
    pub fn with(&self, axis: usize, range: Range<u64>) -> Self {
        let mut ranges = self.0.clone();
        ranges[axis] = range;
        Self(ranges)
    }

    /// The lengths of the axes.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::new(vec![0..2, 5..9]).shape(), [2, 4]);
    /// ```
    pub fn shape(&self) -> Vec<u64> {
        self.0.iter().map(|r| r.end.saturating_sub(r.start)).collect()
    }

    /// The lengths of the axes as memory sizes. Regions that are materialised fit the address space by the memory model.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::new(vec![0..2, 5..9]).extents(), [2, 4]);
    /// ```
    pub fn extents(&self) -> Vec<usize> {
        self.0.iter().map(|r| usize::try_from(r.end.saturating_sub(r.start)).unwrap_or(usize::MAX)).collect()
    }

    /// The number of values, saturating.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!((Region::new(vec![0..2, 5..9]).size(), Region::new(vec![]).size()), (8, 1));
    /// ```
    pub fn size(&self) -> u64 {
        self.0.iter().fold(1, |n, r| n.saturating_mul(r.end.saturating_sub(r.start)))
    }

    /// Whether there is no value inside.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert!(Region::new(vec![0..2, 5..5]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// What two regions of the same rank share; `None` if nothing.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// let here = Region::new(vec![0..4]);
    /// assert_eq!(here.intersect(&Region::new(vec![2..9])), Some(Region::new(vec![2..4])));
    /// assert_eq!(here.intersect(&Region::new(vec![4..9])), None);
    /// ```
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let ranges: Vec<_> = self.0.iter().zip(&other.0).map(|(a, b)| a.start.max(b.start)..a.end.min(b.end)).collect();
        ranges.iter().all(|r| r.start < r.end).then_some(Self(ranges))
    }

    /// Whether `other` lies inside.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// let here = Region::new(vec![0..4]);
    /// assert!(here.contains(&Region::new(vec![1..4])) && !here.contains(&Region::new(vec![1..5])));
    /// ```
    pub fn contains(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a.start <= b.start && b.end <= a.end)
    }

    /// This region with positions counted from the start of `origin`, which must contain it.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::new(vec![5..7]).relative_to(&Region::new(vec![4..8])), Region::new(vec![1..3]));
    /// ```
    #[must_use]
    pub fn relative_to(&self, origin: &Self) -> Self {
        Self(self.0.iter().zip(&origin.0).map(|(r, o)| r.start - o.start..r.end - o.start).collect())
    }

    /// This region, whose positions are counted from the start of `origin`, counted from zero.
    ///
    /// ```
    /// use terracube_cube::Region;
    /// assert_eq!(Region::new(vec![1..3]).offset_by(&Region::new(vec![4..8])), Region::new(vec![5..7]));
    /// ```
    #[must_use]
    pub fn offset_by(&self, origin: &Self) -> Self {
        Self(self.0.iter().zip(&origin.0).map(|(r, o)| r.start + o.start..r.end + o.start).collect())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, range) in self.0.iter().enumerate() {
            write!(f, "{}{}..{}", if axis > 0 { ", " } else { "" }, range.start, range.end)?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_meet_and_move() {
        let a = Region::new(vec![0..10, 5..8]);
        let b = Region::new(vec![8..20, 0..6]);
        let both = a.intersect(&b).unwrap();
        assert_eq!(both, Region::new(vec![8..10, 5..6]));
        assert_eq!(both.relative_to(&a), Region::new(vec![8..10, 0..1]));
        assert_eq!(both.relative_to(&a).offset_by(&a), both);
        assert!(a.intersect(&Region::new(vec![10..11, 5..8])).is_none());
    }
}
