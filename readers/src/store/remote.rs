//! Objects behind `object_store`: bounded concurrency, bounded time, retries of broken bodies, errors that name the URL.
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as Location;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use terracube_cube::{Error, Result};
use tokio::sync::Semaphore;

use super::failure::{self, Reached};
use super::{ByteRange, Entry, Reading, too_large};
use crate::runtime;

/// Ranges of one object that are nearer than this are read in one request: a request costs more than the bytes between.
const COALESCE_WITHIN: u64 = 256 * 1024;
/// Parts of one object that are read at the same time under one permit.
const PARTS_AT_ONCE: usize = 8;

/// A place behind `object_store`.
#[derive(Clone)]
pub(super) struct Remote {
    pub objects: Arc<dyn ObjectStore>,
    /// The same place for listings, where those are better not retried.
    pub lister: Arc<dyn ObjectStore>,
    pub prefix: Location,
    pub reached: Arc<Reached>,
    pub permits: Arc<Semaphore>,
    pub max_retries: usize,
    pub total_timeout: Duration,
    /// Where headers of files are kept, if they are.
    pub header_cache: Option<Arc<std::path::Path>>,
}

/// Why one try failed.
enum Failure {
    Store(object_store::Error),
    Ours(Error),
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}

type Try<T> = Result<T, Failure>;

/// What a server says of an object's state: its ETag, or when it was changed.
type Version = Option<Arc<str>>;

fn version_of(meta: &ObjectMeta) -> Version {
    // A server that says neither gives the start of time.
    let changed = meta.last_modified.timestamp();
    meta.e_tag.clone().or_else(|| (changed != 0).then(|| format!("changed {changed}"))).map(Into::into)
}

impl Remote {
    pub fn child(&self, key: &str) -> Self {
        Self { prefix: self.location(key), ..self.clone() }
    }

    pub fn get(self: Arc<Self>, key: &str, limit: u64) -> Reading<Option<Bytes>> {
        self.run(key, move |remote, at| async move {
            if remote.is_bucket(&at) {
                return Ok(None);
            }
            let Some(result) = found(remote.objects.get(&at).await)? else { return Ok(None) };
            if result.meta.size > limit {
                return Err(Failure::Ours(too_large(&remote.url(&at), result.meta.size, limit)));
            }
            Ok(Some(result.bytes().await?))
        })
    }

    pub fn get_range(self: Arc<Self>, key: &str, range: ByteRange) -> Reading<Option<Bytes>> {
        self.run(key, move |remote, at| {
            let range = range.clone();
            async move { remote.read_part(&at, &range, &None).await }
        })
    }

    /// The first `n` bytes of an object (all of it, if it has fewer or the server gives no parts), and the size of the whole.
    pub fn start(self: Arc<Self>, key: &str, n: u64) -> Reading<Option<(Bytes, u64, Version)>> {
        self.run(key, move |remote, at| async move {
            if remote.is_bucket(&at) {
                return Ok(None);
            }
            if !remote.reached.lacks_ranges.load(Ordering::Relaxed) {
                let options = GetOptions { range: Some(GetRange::Bounded(0..n)), ..Default::default() };
                match found(remote.objects.get_opts(&at, options).await) {
                    Ok(None) => return Ok(None),
                    Ok(Some(result)) => {
                        let (size, version) = (result.meta.size, version_of(&result.meta));
                        let bytes = result.bytes().await?;
                        remote.check_length(&at, &bytes, n.min(size))?;
                        return Ok(Some((bytes, size, version)));
                    }
                    Err(error) if failure::ranges_unsupported(&error) => {
                        tracing::warn!(
                            url = remote.url(&at),
                            "the server gives no parts of files: they are read whole"
                        );
                        remote.reached.lacks_ranges.store(true, Ordering::Relaxed);
                    }
                    // What is empty has no first byte.
                    Err(error) => match found(remote.objects.head(&at).await) {
                        Ok(Some(meta)) if meta.size == 0 => return Ok(Some((Bytes::new(), 0, None))),
                        _ => return Err(error.into()),
                    },
                }
            }
            let Some(result) = found(remote.objects.get(&at).await)? else { return Ok(None) };
            let version = version_of(&result.meta);
            let whole = result.bytes().await?;
            let size = whole.len() as u64;
            Ok(Some((whole, size, version)))
        })
    }

    /// Parts of an object, of the `version` that is given if one is.
    pub fn get_ranges(
        self: Arc<Self>,
        key: &str,
        ranges: Vec<Range<u64>>,
        version: Version,
    ) -> Reading<Option<Vec<Bytes>>> {
        self.run(key, move |remote, at| {
            let (ranges, version) = (ranges.clone(), version.clone());
            async move {
                let mut parts = vec![Bytes::new(); ranges.len()];
                let reads = joined(&ranges).into_iter().map(|(whole, members)| {
                    let (remote, at, version) = (remote.clone(), at.clone(), version.clone());
                    async move {
                        let read = remote.read_part(&at, &ByteRange::Of(whole.clone()), &version).await;
                        read.map(|bytes| bytes.map(|bytes| (bytes, whole, members)))
                    }
                });
                let read: Vec<_> =
                    futures::stream::iter(reads.collect::<Vec<_>>()).buffered(PARTS_AT_ONCE).try_collect().await?;
                for part in read {
                    let Some((bytes, whole, members)) = part else { return Ok(None) };
                    for member in members {
                        let range = &ranges[member];
                        parts[member] =
                            bytes.slice((range.start - whole.start) as usize..(range.end - whole.start) as usize);
                    }
                }
                Ok(Some(parts))
            }
        })
    }

    pub fn size(self: Arc<Self>, key: &str) -> Reading<Option<u64>> {
        self.run(key, |remote, at| async move {
            if remote.is_bucket(&at) {
                return Ok(None);
            }
            Ok(found(remote.objects.head(&at).await)?.map(|meta| meta.size))
        })
    }

    pub fn list(self: Arc<Self>, key: &str) -> Reading<Vec<Entry>> {
        self.run(key, |remote, at| async move {
            let prefix = (!at.as_ref().is_empty()).then_some(&at);
            let listed = match remote.lister.list_with_delimiter(prefix).await {
                Ok(listed) => listed,
                Err(object_store::Error::NotFound { .. }) if !remote.reached.is_http => return Ok(Vec::new()),
                Err(error) if remote.reached.is_http => {
                    return Err(Failure::Ours(failure::cannot_list(&remote.url(&at), &error)));
                }
                Err(error) => return Err(error.into()),
            };
            let files = listed.objects.iter().map(|object| (&object.location, false));
            let dirs = listed.common_prefixes.iter().map(|prefix| (prefix, true));
            let mut entries: Vec<Entry> = files
                .chain(dirs)
                .filter(|(location, _)| **location != at)
                .filter_map(|(location, is_dir)| Some(Entry { name: location.filename()?.to_owned(), is_dir }))
                .collect();
            entries.sort();
            Ok(entries)
        })
    }

    pub fn put(self: Arc<Self>, key: &str, bytes: Bytes) -> Reading<()> {
        self.run(key, move |remote, at| {
            let bytes = bytes.clone();
            async move {
                remote.objects.put(&at, bytes.into()).await?;
                Ok(())
            }
        })
    }

    /// Writes an object unless there is one: whether it was written.
    pub fn put_if_absent(self: Arc<Self>, key: &str, bytes: Bytes) -> Reading<bool> {
        self.run(key, move |remote, at| {
            let bytes = bytes.clone();
            async move {
                let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
                match remote.objects.put_opts(&at, bytes.into(), options).await {
                    Ok(_) => Ok(true),
                    Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                        Ok(false)
                    }
                    Err(object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. }) => Err(
                        Failure::Ours(Error::unsupported(format!("{} knows no conditional writes", remote.url(&at)))),
                    ),
                    Err(error) => Err(error.into()),
                }
            }
        })
    }

    pub fn remove_all(self: Arc<Self>, key: &str) -> Reading<()> {
        self.run(key, |remote, at| async move {
            let under: Vec<Location> =
                remote.objects.list(Some(&at)).map_ok(|object| object.location).try_collect().await?;
            let is_alone = under.is_empty();
            let gone = remote.objects.delete_stream(futures::stream::iter(under.into_iter().map(Ok)).boxed());
            gone.try_for_each(|_| std::future::ready(Ok(()))).await?;
            // Never the bucket itself: S3 would take that request as one to delete it.
            if is_alone && !remote.is_bucket(&at) && found(remote.objects.head(&at).await)?.is_some() {
                found(remote.objects.delete(&at).await)?;
            }
            Ok(())
        })
    }

    /// Copies everything here to `to`, `last` after all others, then removes it here. There is no time limit: it grows with the data.
    pub fn move_all(self: Arc<Self>, to: Arc<Self>, last: &str) -> Reading<()> {
        let last = self.location(last);
        Reading::Remote(runtime::spawn(async move {
            let explain = |error: object_store::Error| failure::explain(&error, &to.url(&to.prefix), &to.reached);
            let listed: Vec<Location> = self
                .objects
                .list(Some(&self.prefix))
                .map_ok(|object| object.location)
                .try_collect()
                .await
                .map_err(explain)?;
            let place_of = |from: &Location| {
                from.prefix_match(&self.prefix).map(|rest| rest.fold(to.prefix.clone(), |at, part| at.join(part)))
            };
            let copies =
                listed.iter().filter(|from| **from != last).filter_map(|from| Some((from.clone(), place_of(from)?)));
            let copies = copies.map(|(from, place)| {
                let objects = self.objects.clone();
                async move { objects.copy(&from, &place).await }
            });
            let n_at_once = self.permits.available_permits().max(1);
            futures::stream::iter(copies.collect::<Vec<_>>())
                .buffer_unordered(n_at_once)
                .try_collect::<Vec<()>>()
                .await
                .map_err(explain)?;
            if let Some(place) = place_of(&last).filter(|_| listed.contains(&last)) {
                self.objects.copy(&last, &place).await.map_err(explain)?;
            }
            let gone = self.objects.delete_stream(futures::stream::iter(listed.into_iter().map(Ok)).boxed());
            gone.try_for_each(|_| std::future::ready(Ok(()))).await.map_err(explain)
        }))
    }

    /// Runs `work` on the runtime, once a permit is free, within the total time, again if a body broke off.
    fn run<T, W, F>(self: Arc<Self>, key: &str, work: W) -> Reading<T>
    where
        T: Send + 'static,
        W: Fn(Arc<Self>, Location) -> F + Send + Sync + 'static,
        F: Future<Output = Try<T>> + Send,
    {
        let at = self.location(key);
        Reading::Remote(runtime::spawn(async move {
            let _permit = self.permits.clone().acquire_owned().await.map_err(|_| Error::cancelled())?;
            let url = self.url(&at);
            let tries = async {
                let mut n_tries = 0;
                loop {
                    match work(self.clone(), at.clone()).await {
                        Ok(value) => return Ok(value),
                        Err(Failure::Store(error)) if failure::broke_off(&error) && n_tries < self.max_retries => {
                            tracing::info!(%url, n_tries, "the answer broke off; asking again");
                            tokio::time::sleep(Duration::from_millis(100 << n_tries.min(6))).await;
                            n_tries += 1;
                        }
                        Err(Failure::Store(error)) => return Err(failure::explain(&error, &url, &self.reached)),
                        Err(Failure::Ours(error)) => return Err(error),
                    }
                }
            };
            match tokio::time::timeout(self.total_timeout, tries).await {
                Ok(result) => result,
                Err(_) => Err(failure::out_of_time(&url, self.total_timeout)),
            }
        }))
    }

    async fn read_part(&self, at: &Location, range: &ByteRange, version: &Version) -> Try<Option<Bytes>> {
        let (asked, expected) = match range {
            ByteRange::Of(range) if range.is_empty() => return Ok(Some(Bytes::new())),
            _ if self.is_bucket(at) => return Ok(None),
            ByteRange::Of(range) => (GetRange::Bounded(range.clone()), range.end - range.start),
            ByteRange::Last(0) => return Ok(Some(Bytes::new())),
            ByteRange::Last(n) => (GetRange::Suffix(*n), *n),
        };
        if self.reached.lacks_ranges.load(Ordering::Relaxed) {
            return self.read_part_of_whole(at, range, expected).await;
        }
        let options = GetOptions { range: Some(asked), ..Default::default() };
        let bytes = match found(self.objects.get_opts(at, options).await) {
            Ok(None) => return Ok(None),
            Ok(Some(result)) => {
                self.check_version(at, &result.meta, version)?;
                result.bytes().await?
            }
            Err(error) if failure::ranges_unsupported(&error) => {
                tracing::warn!(url = self.url(at), "the server gives no parts of files: they are read whole");
                self.reached.lacks_ranges.store(true, Ordering::Relaxed);
                return self.read_part_of_whole(at, range, expected).await;
            }
            Err(error) => return Err(error.into()),
        };
        self.check_length(at, &bytes, expected)?;
        Ok(Some(bytes))
    }

    async fn read_part_of_whole(&self, at: &Location, range: &ByteRange, expected: u64) -> Try<Option<Bytes>> {
        let Some(result) = found(self.objects.get(at).await)? else { return Ok(None) };
        let whole = result.bytes().await?;
        let size = whole.len() as u64;
        let part = range.within(size);
        let bytes = whole.slice(part.start.min(size) as usize..part.end.min(size) as usize);
        self.check_length(at, &bytes, expected)?;
        Ok(Some(bytes))
    }

    fn check_length(&self, at: &Location, bytes: &Bytes, expected: u64) -> Try<()> {
        if bytes.len() as u64 == expected {
            return Ok(());
        }
        Err(Failure::Ours(
            Error::corrupt(format!("{} gave {} bytes where {expected} were asked for", self.url(at), bytes.len()))
                .hint("the object may be truncated: get it again"),
        ))
    }

    fn check_version(&self, at: &Location, meta: &ObjectMeta, expected: &Version) -> Try<()> {
        match (expected, version_of(meta)) {
            (Some(expected), Some(found)) if *expected != found => Err(Failure::Ours(
                Error::corrupt(format!("{} was changed while it was read", self.url(at))).hint("open it again"),
            )),
            _ => Ok(()),
        }
    }

    /// Whether this is the root of a bucket, which is no object.
    fn is_bucket(&self, at: &Location) -> bool {
        at.as_ref().is_empty() && !self.reached.is_http
    }

    fn location(&self, key: &str) -> Location {
        key.split('/').filter(|part| !part.is_empty()).fold(self.prefix.clone(), |at, part| at.join(part))
    }

    fn url(&self, at: &Location) -> String {
        let base = self.reached.base.trim_end_matches('/');
        if at.as_ref().is_empty() { base.to_owned() } else { format!("{base}/{at}") }
    }
}

fn found<T>(result: object_store::Result<T>) -> object_store::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Ranges joined where they are near: the range to read, and which of `ranges` lie in it.
fn joined(ranges: &[Range<u64>]) -> Vec<(Range<u64>, Vec<usize>)> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|&i| (ranges[i].start, ranges[i].end));
    let mut groups: Vec<(Range<u64>, Vec<usize>)> = Vec::new();
    for i in order {
        let range = &ranges[i];
        match groups.last_mut() {
            Some((whole, members)) if range.start <= whole.end.saturating_add(COALESCE_WITHIN) => {
                whole.end = whole.end.max(range.end);
                members.push(i);
            }
            _ => groups.push((range.clone(), vec![i])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_joined() {
        let far = 10 * COALESCE_WITHIN;
        let groups = joined(&[far..far + 5, 0..10, 20..30, 5..8]);
        assert_eq!(groups, [(0..30, vec![1, 3, 2]), (far..far + 5, vec![0])]);
    }
}
