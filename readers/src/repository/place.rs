//! From a place and its options to where a repository keeps its objects, and to which files its virtual chunks may reach.
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use icechunk::config::{Credentials, ObjectStoreConfig, S3Options};
use icechunk::storage::{S3Credentials, S3StaticCredentials, Storage};
use icechunk::{RepositoryConfig, storage};
use terracube_cube::{Error, Result};

use crate::store::{Store, StoreOptions, Where};

/// The objects of a repository.
///
/// # Errors
/// If a repository cannot stand at such a place.
pub(super) async fn storage_of(place: &Store, options: &StoreOptions) -> Result<Arc<dyn Storage + Send + Sync>> {
    let unusable =
        |error: storage::StorageError| Error::invalid(format!("cannot reach {}: {}", place.url(), error.kind));
    match place.location()? {
        Where::Local(path) => storage::new_local_filesystem_storage(&path).await.map_err(unusable),
        Where::S3(bucket, prefix) => {
            let prefix = (!prefix.is_empty()).then_some(prefix);
            let (s3, keys) = s3(options)?;
            storage::new_s3_object_store_storage(s3, bucket, prefix, Some(keys), Vec::new(), Vec::new())
                .await
                .map_err(unusable)
        }
        Where::Http(url) => storage::new_http_storage(url.as_str(), None, bearer(options)).map_err(unusable),
        Where::Other => Err(Error::unsupported(format!("an Icechunk repository at {} is not supported", place.url()))
            .hint("repositories stand on this machine, at s3:// or at http(s)://")),
    }
}

/// Which of the places that a repository names its virtual chunks may be read from, and with which keys: those that references could
/// reach. Files of this machine only if the repository is on it, or it is allowed.
pub(super) fn authorized(
    config: Option<&RepositoryConfig>,
    place: &Store,
    options: &StoreOptions,
) -> Result<HashMap<String, Option<Credentials>>> {
    let mut may = HashMap::new();
    for container in config.iter().flat_map(|config| config.virtual_chunk_containers()) {
        let credentials = match &container.store {
            ObjectStoreConfig::LocalFileSystem(_)
                if place.local_path().is_some() || options.allows_local_references() =>
            {
                Credentials::LocalFileSystemAccess
            }
            ObjectStoreConfig::Http(_) => Credentials::HttpAccess,
            ObjectStoreConfig::S3(_) | ObjectStoreConfig::S3Compatible(_) | ObjectStoreConfig::Tigris(_) => {
                Credentials::S3(s3(options)?.1)
            }
            _ => continue,
        };
        may.insert(container.url_prefix().to_owned(), Some(credentials));
    }
    Ok(may)
}

/// Icechunk reads on many connections at once by itself; ours are for the chunks.
fn s3(options: &StoreOptions) -> Result<(S3Options, S3Credentials)> {
    let found = options.s3()?;
    let is_http = found.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let mut s3 = S3Options::default()
        .with_region(found.region)
        .with_allow_http(is_http)
        .with_force_path_style(!found.is_virtual_hosted)
        .with_anonymous(found.keys.is_none() && !found.is_from_environment);
    if let Some(endpoint) = found.endpoint {
        s3 = s3.with_endpoint_url(endpoint);
    }
    let credentials = match found.keys {
        Some((access_key_id, secret_access_key, session_token)) => S3Credentials::Static(S3StaticCredentials {
            access_key_id,
            secret_access_key,
            session_token,
            expires_after: None,
        }),
        None if found.is_from_environment => S3Credentials::FromEnv,
        None => S3Credentials::Anonymous,
    };
    Ok((s3, credentials))
}

fn bearer(options: &StoreOptions) -> Option<HashMap<String, String>> {
    let token = options.token()?;
    Some(HashMap::from([("authorization".to_owned(), format!("Bearer {token}"))]))
}

/// The folder of a new repository.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| Error::io(format!("cannot write to {}: {error}", path.display())))
}
