//! Writing into a repository: a transaction that is committed once everything is there, unless somebody else changed the same meanwhile.
use icechunk::conflicts::detector::ConflictDetector;
use terracube_cube::{Error, ErrorKind, Result, RunReport};

use super::{Repository, failure};
use crate::runtime;
use crate::store::{Store, StoreOptions};
use crate::write::{Commit, Lock, Mode, Plan, WriteOptions, ZarrVersion};
use crate::zarr;

/// Commits of others that are taken in before ours, if they touch nothing of it.
const REBASES: u16 = 20;

/// Computes everything, writes it and commits it. A repository is made if nothing is at the place.
///
/// # Errors
/// If the branch does not exist, it holds data and the mode is to create, what is written does not fit, or another commit changed the same
/// chunks or arrays. Nothing is then changed.
pub(crate) fn write(
    plan: &Plan,
    url: &str,
    store: &StoreOptions,
    options: &WriteOptions,
    commit: &Commit,
) -> Result<RunReport> {
    if options.version == ZarrVersion::V2 {
        return Err(Error::unsupported("Icechunk repositories hold Zarr version 3"));
    }
    let place = Store::open(url, store)?;
    let repository = if place.list("").wait().is_ok_and(|entries| entries.is_empty()) {
        Repository::create(url, store)?
    } else {
        Repository::at(&place, store)?
    };
    let branch = commit.branch.as_deref().unwrap_or("main");
    let (out, session) = repository.transaction(branch)?;
    let report = match &options.mode {
        Mode::Create | Mode::Overwrite => {
            let is_taken = out.list("").wait()?.iter().any(|entry| entry.is_dir);
            if is_taken && options.mode == Mode::Create {
                return Err(Error::new(ErrorKind::Exists, format!("branch `{branch}` of {url} holds data already"))
                    .hint("append to it, call `.overwrite()`, or write to another branch"));
            }
            out.remove_all("").wait()?;
            zarr::write_new_within(plan, &out, options.clone().unconsolidated())?
        }
        Mode::Append(_) | Mode::Region(_) => zarr::write_into_transaction(plan, &out, options)?,
    };
    // Files cannot be changed on a condition: on this machine one commits after the other.
    let _lock = if place.local_path().is_some() { Some(Lock::wait(&place)?) } else { None };
    let (message, url) = (commit.message.clone(), place.url().to_owned());
    runtime::wait(async move {
        let mut session = session.write().await;
        // Whoever wrote other chunks meanwhile is no obstacle.
        let committed = session.commit(message).rebase(&ConflictDetector, REBASES).execute().await;
        committed.map(|_| ()).map_err(|error| failure::of_session(&url, &error))
    })?;
    Ok(report)
}
