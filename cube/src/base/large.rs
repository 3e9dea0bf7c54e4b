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
