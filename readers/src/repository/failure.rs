//! Errors of Icechunk in our words.
use std::fmt::Display;

use icechunk::format::manifest::VirtualReferenceErrorKind;
use icechunk::refs::RefErrorKind;
use icechunk::repository::{RepositoryError, RepositoryErrorKind};
use icechunk::session::{SessionError, SessionErrorKind};
use icechunk::storage::StorageErrorKind;
use icechunk::store::{StoreError, StoreErrorKind};
use terracube_cube::{Error, ErrorKind};

use super::Version;

/// An error of the repository at `url`.
pub(super) fn of_repository(url: &str, error: &RepositoryError) -> Error {
    repository_kind(url, &error.kind)
}

/// An error of finding or reading a version of the repository at `url`.
pub(super) fn of_version(url: &str, version: &Version, error: &RepositoryError) -> Error {
    match (&error.kind, version) {
        // Repositories of format 1 have no list of snapshots.
        (
            RepositoryErrorKind::StorageError(StorageErrorKind::ObjectNotFound)
            | RepositoryErrorKind::SnapshotNotFound { .. },
            Version::Snapshot(id),
        ) => Error::new(ErrorKind::NotFound, format!("the repository {url} has no snapshot {id}"))
            .hint("`Repository::history` lists those of a branch"),
        _ => of_repository(url, error).context(format!("{version} of {url}")),
    }
}

/// An error of a session or a commit.
pub(super) fn of_session(url: &str, error: &SessionError) -> Error {
    session_kind(url, &error.kind)
}

/// An error of reading or writing a key; `None` says that there is nothing at it.
pub(super) fn of_key(url: &str, error: &StoreError) -> Option<Error> {
    match &error.kind {
        StoreErrorKind::NotFound(_)
        | StoreErrorKind::SessionError(
            SessionErrorKind::NodeNotFound { .. }
            | SessionErrorKind::InvalidIndex { .. }
            | SessionErrorKind::NotAnArray { .. },
        ) => None,
        StoreErrorKind::SessionError(kind) => Some(session_kind(url, kind)),
        StoreErrorKind::RepositoryError(kind) => Some(repository_kind(url, kind)),
        other => Some(plain(url, other)),
    }
}

fn session_kind(url: &str, kind: &SessionErrorKind) -> Error {
    match kind {
        SessionErrorKind::RepositoryError(kind) => repository_kind(url, kind),
        SessionErrorKind::StorageError(kind) => storage_kind(url, kind),
        SessionErrorKind::VirtualReferenceError(
            kind @ (VirtualReferenceErrorKind::UnauthorizedVirtualChunkContainer { .. }
            | VirtualReferenceErrorKind::NoContainerForUrl(_)),
        ) => Error::new(ErrorKind::Denied, format!("a virtual chunk of {url} may not be read: {kind}"))
            .hint("if you trust the repository: `StoreOptions::allow_local_references()` for files of this machine"),
        SessionErrorKind::Conflict { .. } => conflict(url, "somebody else committed to the branch meanwhile"),
        SessionErrorKind::RebaseFailed { conflicts, .. } => {
            let all: Vec<String> = conflicts.iter().take(3).map(|conflict| format!("{conflict:?}")).collect();
            conflict(url, &format!("another commit changed the same chunks or arrays meanwhile ({})", all.join("; ")))
        }
        SessionErrorKind::NoChangesToCommit => Error::invalid(format!("there is nothing to commit to {url}")),
        SessionErrorKind::ReadOnlySession => Error::unsupported(format!("{url} at this version cannot be written"))
            .hint("write to a branch: `WriteOptions::commit(..)`"),
        other => plain(url, other),
    }
}

fn repository_kind(url: &str, kind: &RepositoryErrorKind) -> Error {
    match kind {
        RepositoryErrorKind::RepositoryDoesntExist => {
            Error::new(ErrorKind::NotFound, format!("there is no Icechunk repository at {url}"))
        }
        RepositoryErrorKind::StorageError(kind) => storage_kind(url, kind),
        RepositoryErrorKind::Ref(RefErrorKind::RefNotFound(name)) => {
            Error::new(ErrorKind::NotFound, format!("the repository {url} has no branch or tag `{name}`"))
        }
        RepositoryErrorKind::SnapshotNotFound { id } => {
            Error::new(ErrorKind::NotFound, format!("the repository {url} has no snapshot {id}"))
        }
        RepositoryErrorKind::Conflict { .. } | RepositoryErrorKind::RepoInfoUpdated => {
            conflict(url, "somebody else changed the branch meanwhile")
        }
        other => plain(url, other),
    }
}

fn storage_kind(url: &str, kind: &StorageErrorKind) -> Error {
    match kind {
        StorageErrorKind::ObjectNotFound => Error::corrupt(format!("an object of the repository {url} does not exist"))
            .hint("it may have been removed since"),
        other => plain(url, other),
    }
}

fn conflict(url: &str, why: &str) -> Error {
    Error::new(ErrorKind::Exists, format!("nothing was committed to {url}: {why}"))
        .hint("open it again, and write what is still right")
}

fn plain(url: &str, error: &dyn Display) -> Error {
    Error::io(format!("the Icechunk repository {url}: {}", crate::store::redact(&error.to_string())))
}
