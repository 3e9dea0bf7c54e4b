//! Repositories: their branches, tags and history, and the store of each version.
use std::fmt;
use std::sync::Arc;

use futures::TryStreamExt as _;
use icechunk::repository::VersionInfo;
use terracube_cube::{Error, ErrorKind, Result};
use tokio::sync::RwLock;

use super::session::SessionObjects;
use super::{Version, failure, place};
use crate::runtime;
use crate::store::{Store, StoreOptions};

/// An Icechunk repository: Zarr with history. `open` reads one of its versions as any other store, `WriteOptions::commit` adds one.
///
/// ```no_run
/// use terracube_readers::repository::{Repository, Version};
/// let repository = Repository::open("s3://bucket/era5", &Default::default())?;
/// for snapshot in repository.history(&Version::default())? {
///     println!("{} {} {}", snapshot.id, snapshot.written_at, snapshot.message);
/// }
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Clone)]
pub struct Repository {
    pub(super) inner: Arc<icechunk::Repository>,
    pub(super) place: Store,
}

/// One state of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// The one before it; none for the first.
    pub parent: Option<String>,
    /// When it was written, in UTC ("2026-11-26T18:00:00Z").
    pub written_at: String,
    /// What its writer said.
    pub message: String,
}

impl Repository {
    /// The repository at a URL: a path, `s3://` or `http(s)://`.
    ///
    /// # Errors
    /// If there is none, it is damaged, or it cannot be reached.
    pub fn open(url: &str, options: &StoreOptions) -> Result<Self> {
        Self::at(&Store::open(url, options)?, options)
    }

    /// A new repository at a URL where nothing stands yet, with an empty branch `main`.
    ///
    /// # Errors
    /// [`Exists`](ErrorKind::Exists) if something is there; if it cannot be written.
    pub fn create(url: &str, options: &StoreOptions) -> Result<Self> {
        let place = Store::open(url, options)?;
        if let Some(path) = place.local_path() {
            place::make_folder(path)?;
        }
        let taken = place.list("").wait()?;
        if !taken.is_empty() {
            return Err(Error::new(ErrorKind::Exists, format!("there is something at {} already", place.url()))
                .hint("choose another place for the repository"));
        }
        let (at, options) = (place.clone(), options.clone());
        let inner = runtime::wait(async move {
            let storage = place::storage_of(&at, &options).await?;
            icechunk::Repository::create(storage)
                .execute()
                .await
                .map_err(|error| failure::of_repository(at.url(), &error))
        })?;
        Ok(Self { inner: Arc::new(inner), place })
    }

    pub(crate) fn at(place: &Store, options: &StoreOptions) -> Result<Self> {
        let (at, options) = (place.clone(), options.clone());
        let inner = runtime::wait(async move {
            let failed = |error| failure::of_repository(at.url(), &error);
            let storage = place::storage_of(&at, &options).await?;
            let config = icechunk::Repository::fetch_config(storage.clone()).await.map_err(failed)?;
            let may = place::authorized(config.as_ref().map(|(config, _)| config), &at, &options)?;
            icechunk::Repository::open(storage).authorize_virtual_chunk_access(may).execute().await.map_err(failed)
        })?;
        Ok(Self { inner: Arc::new(inner), place: place.clone() })
    }

    /// The names of its branches, sorted.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn branches(&self) -> Result<Vec<String>> {
        self.run(|repository| async move { Ok(repository.list_branches().await?.into_iter().collect()) })
    }

    /// The names of its tags, sorted.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn tags(&self) -> Result<Vec<String>> {
        self.run(|repository| async move { Ok(repository.list_tags().await?.into_iter().collect()) })
    }

    /// A snapshot and all before it, the newest first.
    ///
    /// # Errors
    /// If there is no such version, or it cannot be read.
    pub fn history(&self, version: &Version) -> Result<Vec<Snapshot>> {
        let found = self.resolved(version)?;
        self.run_at(version, |repository| async move {
            let all: Vec<_> = repository.ancestry(&found).await?.try_collect().await?;
            let snapshot = |info: icechunk::format::snapshot::SnapshotInfo| Snapshot {
                id: info.id.to_string(),
                parent: info.parent_id.map(|id| id.to_string()),
                written_at: info.flushed_at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                message: info.message,
            };
            Ok(all.into_iter().map(snapshot).collect())
        })
    }

    /// Makes a branch that begins at a version.
    ///
    /// # Errors
    /// If there is a branch of that name, or it cannot be written.
    pub fn create_branch(&self, name: &str, at: &Version) -> Result<()> {
        let (name, found) = (name.to_owned(), self.resolved(at)?);
        self.run_at(at, |repository| async move {
            let id = repository.resolve_version(&found).await?;
            repository.create_branch(&name, &id).await
        })
    }

    /// Names a version for ever.
    ///
    /// # Errors
    /// If there is a tag of that name, or was one, or it cannot be written.
    pub fn create_tag(&self, name: &str, at: &Version) -> Result<()> {
        let (name, found) = (name.to_owned(), self.resolved(at)?);
        self.run_at(at, |repository| async move {
            let id = repository.resolve_version(&found).await?;
            repository.create_tag(&name, &id).await
        })
    }

    /// The Zarr store of a version, to read.
    ///
    /// # Errors
    /// If there is no such version.
    pub fn store(&self, version: &Version) -> Result<Store> {
        let found = self.resolved(version)?;
        let session = self.run_at(version, |repository| async move { repository.readonly_session(&found).await })?;
        Ok(self.store_of(Arc::new(RwLock::new(session)), version, false))
    }

    /// The store of a session that will be committed to a branch.
    pub(super) fn transaction(&self, branch: &str) -> Result<(Store, Arc<RwLock<icechunk::session::Session>>)> {
        let (name, version) = (branch.to_owned(), Version::Branch(branch.to_owned()));
        self.resolved(&version)?;
        let session = self.run_at(&version, |repository| async move { repository.writable_session(&name).await })?;
        let session = Arc::new(RwLock::new(session));
        Ok((self.store_of(session.clone(), &version, true), session))
    }

    fn store_of(
        &self,
        session: Arc<RwLock<icechunk::session::Session>>,
        version: &Version,
        is_writable: bool,
    ) -> Store {
        let concurrency = self.inner.config().get_partial_values_concurrency();
        let store = icechunk::Store::from_session_and_config(session, concurrency);
        Store::within(
            self.place.url(),
            SessionObjects { store, url: format!("{} at {version}", self.place.url()).into(), is_writable },
        )
    }

    /// A version that exists; an error suggests names.
    fn resolved(&self, version: &Version) -> Result<VersionInfo> {
        let known = |kind: &str, name: &str, names: Vec<String>| {
            if names.iter().any(|known| known == name) {
                return Ok(());
            }
            Err(Error::unknown_name(kind, name, names.iter().map(String::as_str)).context(self.place.url().to_owned()))
        };
        let named = |error: Error| error.context(format!("{version} of {}", self.place.url()));
        Ok(match version {
            Version::Branch(name) => {
                known("branch", name, self.branches().map_err(named)?)?;
                VersionInfo::BranchTipRef(name.clone())
            }
            Version::Tag(name) => {
                known("tag", name, self.tags().map_err(named)?)?;
                VersionInfo::TagRef(name.clone())
            }
            Version::Snapshot(id) => {
                let parsed = icechunk::format::SnapshotId::try_from(&id[..]);
                VersionInfo::SnapshotId(parsed.map_err(|_| {
                    Error::invalid(format!("`{id}` is no id of a snapshot"))
                        .hint("`Repository::history` lists them")
                        .context(self.place.url().to_owned())
                })?)
            }
        })
    }

    fn run<T, F>(&self, work: impl FnOnce(Arc<icechunk::Repository>) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = icechunk::repository::RepositoryResult<T>> + Send + 'static,
    {
        let (url, work) = (self.place.url().to_owned(), work(self.inner.clone()));
        runtime::wait(async move { work.await.map_err(|error| failure::of_repository(&url, &error)) })
    }

    /// What fails is an error of this version.
    fn run_at<T, F>(&self, version: &Version, work: impl FnOnce(Arc<icechunk::Repository>) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = icechunk::repository::RepositoryResult<T>> + Send + 'static,
    {
        let (url, version, work) = (self.place.url().to_owned(), version.clone(), work(self.inner.clone()));
        runtime::wait(async move { work.await.map_err(|error| failure::of_version(&url, &version, &error)) })
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({})", self.place.url())
    }
}
