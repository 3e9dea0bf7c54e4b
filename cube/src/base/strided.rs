//! Walking several strided arrays of one shape together, in the longest contiguous runs there are.

/// A loop over one shape for `N` operands with strides of their own (in elements; 0 repeats a value).
///
/// Adjacent axes that are contiguous for all operands are joined, axes of length 1 dropped.
#[derive(Debug, Clone)]
pub struct StridedLoop<const N: usize> {
    shape: Vec<usize>,
    strides: Vec<[isize; N]>,
}

impl<const N: usize> StridedLoop<N> {
    /// A loop over `shape`; every operand gives one stride per axis.
    ///
    /// ```
    /// use terracube_cube::base::StridedLoop;
    /// let rows = StridedLoop::new(&[2, 3], [&[3, 1], &[0, 1]]);
    /// assert_eq!((rows.run_len(), rows.run_strides()), (3, [1, 1]));
    /// ```
    pub fn new(shape: &[usize], operands: [&[isize]; N]) -> Self {
        let mut joined = Self { shape: Vec::new(), strides: Vec::new() };
        for (axis, &len) in shape.iter().enumerate() {
            if len == 1 {
                continue;
            }
            let strides = operands.map(|operand| operand[axis]);
            match (joined.shape.last_mut(), joined.strides.last_mut()) {
                (Some(outer_len), Some(outer)) if (0..N).all(|k| outer[k] == strides[k] * len as isize) => {
                    *outer_len *= len;
                    *outer = strides;
                }
                _ => {
                    joined.shape.push(len);
                    joined.strides.push(strides);
                }
            }
        }
        joined
    }

    /// The length of the innermost run.
    ///
    /// ```
    /// use terracube_cube::base::StridedLoop;
    /// assert_eq!(StridedLoop::new(&[2, 3], [&[3, 1]]).run_len(), 6);
    /// ```
    pub fn run_len(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// The strides of the operands within a run.
    ///
    /// ```
    /// use terracube_cube::base::StridedLoop;
    /// assert_eq!(StridedLoop::new(&[2, 3], [&[1, 2]]).run_strides(), [2]);
    /// ```
    pub fn run_strides(&self) -> [isize; N] {
        self.strides.last().copied().unwrap_or([1; N])
    }

    /// Calls `run` with the operands' offsets (in elements) at the start of every run, in C order.
    ///
    /// ```
    /// use terracube_cube::base::StridedLoop;
    /// let mut starts = Vec::new();
    /// StridedLoop::new(&[2, 3], [&[1, 2]]).for_each_run(|[at]| starts.push(at));
    /// assert_eq!(starts, [0, 1]);
    /// ```
    pub fn for_each_run(&self, mut run: impl FnMut([isize; N])) {
        if self.shape.contains(&0) {
            return;
        }
        let outer = self.shape.len().saturating_sub(1);
        let mut index = vec![0usize; outer];
        let mut offsets = [0isize; N];
        loop {
            run(offsets);
            let mut axis = outer;
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                index[axis] += 1;
                for k in 0..N {
                    offsets[k] += self.strides[axis][k];
                }
                if index[axis] < self.shape[axis] {
                    break;
                }
                for k in 0..N {
                    offsets[k] -= self.strides[axis][k] * self.shape[axis] as isize;
                }
                index[axis] = 0;
            }
        }
    }
}

/// The strides of a C-ordered array of `shape`, in elements.
///
/// ```
/// use terracube_cube::base::contiguous_strides;
/// assert_eq!(contiguous_strides(&[2, 3, 4]), [12, 4, 1]);
/// ```
pub fn contiguous_strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1isize;
    for axis in (0..shape.len()).rev() {
        strides[axis] = step;
        step *= shape[axis].max(1) as isize;
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_axes_are_joined_and_offsets_follow() {
        let c = contiguous_strides(&[2, 3, 4]);
        let one = StridedLoop::new(&[2, 3, 4], [&c]);
        assert_eq!((one.run_len(), one.run_strides()), (24, [1]));
        let t = [1isize, 4, 12]; // the same array seen transposed
        let mut offsets = Vec::new();
        StridedLoop::new(&[4, 3, 2], [&t]).for_each_run(|[o]| offsets.push(o));
        assert_eq!(offsets, [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
        let mut scalars = 0;
        StridedLoop::<1>::new(&[], [&[]]).for_each_run(|_| scalars += 1);
        assert_eq!(scalars, 1);
    }
}
