//! One state of a repository as a store: a snapshot to read, or a transaction to read and write.
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use icechunk::format::ByteRange as Part;
use icechunk::store::{ListDirItem, StoreError};
use terracube_cube::{Error, Result};

use super::failure;
use crate::runtime;
use crate::store::{ByteRange, Entry, Objects, Reading};

/// Keys of Zarr in a session of Icechunk.
pub(super) struct SessionObjects {
    pub store: icechunk::Store,
    pub url: Arc<str>,
    pub is_writable: bool,
}

impl SessionObjects {
    fn run<T, W, F>(self: Arc<Self>, key: &str, work: W) -> Reading<T>
    where
        T: Send + 'static,
        W: FnOnce(Arc<Self>, String) -> F,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        Reading::Remote(runtime::spawn(work(self, key.to_owned())))
    }

    async fn part(&self, key: &str, part: Part) -> Result<Option<Bytes>> {
        self.found(self.store.get(key, &part).await)
    }

    fn found<T>(&self, read: std::result::Result<T, StoreError>) -> Result<Option<T>> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) => failure::of_key(&self.url, &error).map_or(Ok(None), Err),
        }
    }

    fn done(&self, written: std::result::Result<(), StoreError>, key: &str) -> Result<()> {
        written.map_err(|error| {
            let lost = || Error::internal(format!("`{key}` has no place in the repository {}", self.url));
            failure::of_key(&self.url, &error).unwrap_or_else(lost)
        })
    }

    /// Bytes of an object; `None` if there is none. (Icechunk says 0 of chunks that do not exist.)
    async fn len(&self, key: &str) -> Result<Option<u64>> {
        if self.found(self.store.exists(key).await)? != Some(true) {
            return Ok(None);
        }
        self.found(self.store.getsize(key).await)
    }
}

impl Objects for SessionObjects {
    fn what(&self) -> &'static str {
        "a snapshot of an Icechunk repository"
    }

    /// Chunks of a repository on this machine come through the runtime too.
    fn is_remote(&self) -> bool {
        true
    }

    fn get(self: Arc<Self>, key: &str, limit: u64) -> Reading<Option<Bytes>> {
        self.run(key, move |session, key| async move {
            let read = session.part(&key, Part::ALL).await?;
            match &read {
                Some(bytes) if bytes.len() as u64 > limit => {
                    Err(crate::store::too_large(&key, bytes.len() as u64, limit))
                }
                _ => Ok(read),
            }
        })
    }

    fn get_ranges(self: Arc<Self>, key: &str, ranges: Vec<ByteRange>) -> Reading<Option<Vec<Bytes>>> {
        self.run(key, move |session, key| async move {
            let mut parts = Vec::with_capacity(ranges.len());
            for range in ranges {
                let (part, expected) = match range {
                    ByteRange::Of(range) => (Part::Bounded(range.clone()), range.end.saturating_sub(range.start)),
                    ByteRange::Last(n) => (Part::Last(n), n),
                };
                let Some(bytes) = session.part(&key, part).await? else { return Ok(None) };
                if bytes.len() as u64 != expected {
                    return Err(Error::corrupt(format!(
                        "`{key}` of {} gave {} bytes where {expected} were asked for",
                        session.url,
                        bytes.len()
                    )));
                }
                parts.push(bytes);
            }
            Ok(Some(parts))
        })
    }

    fn size(self: Arc<Self>, key: &str) -> Reading<Option<u64>> {
        self.run(key, |session, key| async move { session.len(&key).await })
    }

    fn list(self: Arc<Self>, key: &str) -> Reading<Vec<Entry>> {
        self.run(key, |session, key| async move {
            let Some(items) = session.found(session.store.list_dir_items(&key).await)? else { return Ok(Vec::new()) };
            let items: Vec<ListDirItem> = session.found(items.try_collect().await)?.unwrap_or_default();
            let mut entries: Vec<Entry> = items
                .into_iter()
                .map(|item| match item {
                    ListDirItem::Key(name) => Entry { name, is_dir: false },
                    ListDirItem::Prefix(name) => Entry { name, is_dir: true },
                })
                .collect();
            entries.sort();
            Ok(entries)
        })
    }

    fn put(self: Arc<Self>, key: &str, bytes: Bytes) -> Reading<()> {
        if !self.is_writable {
            return Reading::failed(crate::store::read_only(self.what()));
        }
        self.run(key, |session, key| async move { session.done(session.store.set(&key, bytes).await, &key) })
    }

    fn remove_all(self: Arc<Self>, key: &str) -> Reading<()> {
        if !self.is_writable {
            return Reading::failed(crate::store::read_only(self.what()));
        }
        self.run(key, |session, key| async move {
            // One chunk is not looked for among all.
            let is_object = key.ends_with("zarr.json") || key.split('/').any(|part| part == "c");
            let removed = match (&key[..], is_object) {
                ("", _) => session.store.clear().await,
                (_, true) => session.store.delete(&key).await,
                (_, false) => session.store.delete_dir(&key).await,
            };
            session.found(removed).map(|_| ())
        })
    }

    fn is_transaction(&self) -> bool {
        self.is_writable
    }
}
