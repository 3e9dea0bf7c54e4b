//! Memory that comes back. Buffers of the sizes that a computation needs again and again keep their pages: given to the system and
//! taken anew they would be cleared page by page each time, which costs as much as reading them.
use std::any::{Any, TypeId};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow_buffer::{Buffer, ToByteSlice};
use bytes::Bytes;

use super::Element;

/// Smaller buffers are left to the allocator, which keeps them by itself.
const LEAST_BYTES: usize = 32 << 10;
/// What is kept at most, in bytes and in buffers, beyond what runs allow; the oldest go first.
const MOST_BYTES: usize = 64 << 20;
const MOST_BUFFERS: usize = 1024;

/// What runs allow on top, in bytes.
static ALLOWED: AtomicUsize = AtomicUsize::new(0);

/// While it lives, so many bytes more are kept: for a run whose tasks hold them anyway, one after the other.
#[derive(Debug)]
pub(crate) struct Allowance(usize);

impl Allowance {
    /// Keeps `bytes` more.
    pub fn of(bytes: usize) -> Self {
        ALLOWED.fetch_add(bytes, Ordering::Relaxed);
        Self(bytes)
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        ALLOWED.fetch_sub(self.0, Ordering::Relaxed);
        shrink(kept());
    }
}

/// Numbers whose memory comes back.
#[derive(Debug)]
pub(crate) struct RecycledVec<T: Element>(Vec<T>);

impl<T: Element> RecycledVec<T> {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        match take::<T>(len) {
            Some(mut values) => {
                values.clear();
                values.resize(len, T::from_f64(0.0));
                Self(values)
            }
            None => Self(super::large::touched_zeros(len)),
        }
    }
}

impl<T: Element> From<Vec<T>> for RecycledVec<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<T: Element> Deref for RecycledVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Element> DerefMut for RecycledVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Element> Drop for RecycledVec<T> {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

/// An empty vector with room for at least `capacity` values; one that came back, if one fits.
///
/// ```
/// use terracube_cube::base::recycled_vec;
/// let values: Vec<f64> = recycled_vec(100);
/// assert!(values.is_empty() && values.capacity() >= 100);
/// ```
pub fn recycled_vec<T: Element>(capacity: usize) -> Vec<T> {
    let mut values = take::<T>(capacity).unwrap_or_else(|| Vec::with_capacity(capacity));
    values.clear();
    values
}

/// A vector of `len` values, whatever they are.
///
/// ```
/// use terracube_cube::base::recycled_vec_of_len;
/// assert_eq!(recycled_vec_of_len::<f32>(100).len(), 100);
/// ```
pub fn recycled_vec_of_len<T: Element>(len: usize) -> Vec<T> {
    let mut values = take::<T>(len).unwrap_or_default();
    values.resize(len, T::from_f64(0.0));
    values
}

/// [`recycled_vec_of_len`], but fresh zeros are not touched.
pub(crate) fn recycled_or_zeros<T: Element + Default>(len: usize) -> Vec<T> {
    match take::<T>(len) {
        Some(mut values) => {
            values.resize(len, T::default());
            values
        }
        None => super::large::zeros(len),
    }
}

/// A buffer over values whose memory comes back once nobody reads it any more.
///
/// ```
/// use terracube_cube::base::recycled_buffer;
/// assert_eq!(recycled_buffer(vec![1.0f64, 2.0]).len(), 16);
/// ```
pub fn recycled_buffer<T: Element>(values: Vec<T>) -> Buffer {
    if n_bytes(&values) < LEAST_BYTES {
        return Buffer::from_vec(values);
    }
    Buffer::from(Bytes::from_owner(Recycled(values)))
}

/// Bytes whose memory comes back once nobody reads them any more.
///
/// ```
/// use terracube_cube::base::recycled_bytes;
/// assert_eq!(recycled_bytes(vec![1, 2, 3])[..], [1, 2, 3]);
/// ```
pub fn recycled_bytes(values: Vec<u8>) -> Bytes {
    if n_bytes(&values) < LEAST_BYTES {
        return Bytes::from(values);
    }
    Bytes::from_owner(Recycled(values))
}

struct Recycled<T: Element>(Vec<T>);

impl<T: Element> AsRef<[u8]> for Recycled<T> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice().to_byte_slice()
    }
}

impl<T: Element> Drop for Recycled<T> {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

struct Kept {
    kind: TypeId,
    n_bytes: usize,
    values: Box<dyn Any + Send>,
}

static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn n_bytes<T>(values: &Vec<T>) -> usize {
    values.capacity() * size_of::<T>()
}

fn take<T: Element>(capacity: usize) -> Option<Vec<T>> {
    let wanted = capacity * size_of::<T>();
    if wanted < LEAST_BYTES {
        return None;
    }
    let mut kept = kept();
    // The youngest is the warmest.
    let fits = |one: &Kept| one.kind == TypeId::of::<T>() && (wanted..=wanted + wanted / 2).contains(&one.n_bytes);
    let found = kept.iter().rposition(fits)?;
    let found = kept.remove(found);
    drop(kept);
    found.values.downcast::<Vec<T>>().ok().map(|values| *values)
}

fn give<T: Element>(values: Vec<T>) {
    let n_bytes = n_bytes(&values);
    if !(LEAST_BYTES..=MOST_BYTES / 2).contains(&n_bytes) {
        return;
    }
    let mut kept = kept();
    kept.push(Kept { kind: TypeId::of::<T>(), n_bytes, values: Box::new(values) });
    shrink(kept);
}

fn shrink(mut kept: MutexGuard<'_, Vec<Kept>>) {
    let most = MOST_BYTES.saturating_add(ALLOWED.load(Ordering::Relaxed));
    let mut old = Vec::new();
    let mut all: usize = kept.iter().map(|one| one.n_bytes).sum();
    while all > most || kept.len() > MOST_BUFFERS {
        let one = kept.remove(0);
        all -= one.n_bytes;
        old.push(one);
    }
    drop(kept);
    // Freed without the lock.
    drop(old);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_and_old_values_do_not() {
        let buffer = recycled_buffer::<f64>((0..12_345).map(f64::from).collect());
        assert_eq!(buffer.typed_data::<f64>()[12_344], 12_344.0);
        let place = buffer.as_ptr();
        let shared = buffer.slice(8);
        drop(buffer);
        drop(shared);
        let again = recycled_vec::<f64>(12_000);
        assert!(again.is_empty() && again.capacity() >= 12_000);
        // Other tests take memory too: that it is the same is likely, not certain.
        let _ = again.as_ptr().cast::<u8>() == place;
        assert_eq!(recycled_vec_of_len::<u8>(100_000).len(), 100_000);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let many: Vec<Bytes> = (0..100).map(|_| recycled_bytes(vec![1; 2 << 20])).collect();
        drop(many);
        let kept = kept();
        assert!(kept.len() <= MOST_BUFFERS && kept.iter().map(|one| one.n_bytes).sum::<usize>() <= MOST_BYTES);
        drop(kept);
        let zeros = RecycledVec::<u8>::zeros(2 << 20);
        assert!(zeros.len() == 2 << 20 && zeros.iter().all(|&value| value == 0));
    }
}
