//! Large vectors on large pages: where the system hands those out on request, touching a fresh vector costs a five-hundredth of the
//! page faults.
use super::Element;

/// From this size on a vector is worth large pages (numpy draws the same line).
const LEAST_BYTES: usize = 4 << 20;

/// `len` zeros.
pub(crate) fn zeros<T: Element + Default>(len: usize) -> Vec<T> {
    // Fresh zeros come untouched from the system: there is time to ask.
    let mut values = vec![T::default(); len];
    ask_for_large_pages(values.as_mut_ptr().cast(), size_of_val(values.as_slice()));
    values
}

/// [`zeros`] whose pages are there already, to be read and written over and over. A page that is read before it is written is mapped twice, and
/// the second time every processor is interrupted.
pub(crate) fn touched_zeros<T: Element + Default>(len: usize) -> Vec<T> {
    const PAGE: usize = 4096;
    let mut values: Vec<T> = zeros(len);
    for first in values.iter_mut().step_by((PAGE / size_of::<T>()).max(1)) {
        // SAFETY: a write to a value that is borrowed; volatile, since it changes nothing that the compiler could see.
        unsafe { std::ptr::write_volatile(first, T::default()) }
    }
    values
}

/// An empty vector with room for `capacity` values.
pub(crate) fn with_capacity<T: Element>(capacity: usize) -> Vec<T> {
    let mut values: Vec<T> = Vec::with_capacity(capacity);
    ask_for_large_pages(values.as_mut_ptr().cast::<u8>(), capacity * size_of::<T>());
    values
}

/// Asks the system to back memory by large pages. Only a wish: it may do nothing.
pub(crate) fn ask_for_large_pages(start: *mut u8, n_bytes: usize) {
    #[cfg(target_os = "linux")]
    if n_bytes >= LEAST_BYTES {
        const PAGE: usize = 4096;
        let first = start.addr().next_multiple_of(PAGE);
        let end = (start.addr() + n_bytes) / PAGE * PAGE;
        if first < end {
            // SAFETY: the range lies within one live allocation, and the advice changes no byte of it.
            unsafe {
                libc::madvise(start.with_addr(first).cast(), end - first, libc::MADV_HUGEPAGE);
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, n_bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_vectors_are_like_others() {
        for len in [0, 1, 1 << 10, 3 << 20] {
            let touched: Vec<i64> = touched_zeros(len);
            assert!(touched.len() == len && touched.iter().all(|&value| value == 0));
            let mut zeros: Vec<f64> = zeros(len);
            assert!(zeros.len() == len && zeros.iter().all(|&value| value == 0.0));
            zeros.push(1.0);
            let mut empty = with_capacity::<u32>(len);
            assert!(empty.is_empty() && empty.capacity() >= len);
            empty.extend(0..len as u32);
            assert_eq!(empty.last().copied(), len.checked_sub(1).map(|last| last as u32));
        }
    }
}
