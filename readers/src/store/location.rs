//! Where a store stands and which keys open it, for libraries that make connections of their own.
use std::path::PathBuf;

use terracube_cube::{Error, Result};
use url::Url;

use super::{Place, Store, StoreOptions, aws};

/// The place of a store.
pub(crate) enum Where {
    Local(PathBuf),
    /// Bucket and path in it.
    S3(String, String),
    Http(Url),
    Other,
}

/// How to reach an S3 service.
pub(crate) struct S3Access {
    pub region: String,
    pub endpoint: Option<String>,
    /// Id, secret and session token.
    pub keys: Option<(String, String, Option<String>)>,
    /// Whether keys come by a role that variables of the environment describe.
    pub is_from_environment: bool,
    pub is_virtual_hosted: bool,
}

impl Store {
    /// Where it stands.
    ///
    /// # Errors
    /// If its URL cannot be used by others.
    pub(crate) fn location(&self) -> Result<Where> {
        Ok(match &self.place {
            Place::Local(path) => Where::Local(path.to_path_buf()),
            Place::Remote(remote) => match remote.reached.base.split_once("://") {
                Some(("s3", bucket)) => Where::S3(bucket.to_owned(), remote.prefix.to_string()),
                Some(("http" | "https", _)) => {
                    let parsed = Url::parse(self.url());
                    Where::Http(parsed.map_err(|error| Error::invalid(format!("{}: {error}", self.url())))?)
                }
                _ => Where::Other,
            },
            Place::Within(..) => Where::Other,
        })
    }
}

impl StoreOptions {
    /// The keys and the service that a bucket is reached with.
    ///
    /// # Errors
    /// If credentials that were asked for are missing.
    pub(crate) fn s3(&self) -> Result<S3Access> {
        let access = aws::Access::of(self)?;
        let is_from_environment = matches!(access.found, aws::Found::Role(..) | aws::Found::Instance);
        let keys = match access.found {
            aws::Found::Keys(keys, _) => Some((keys.id, keys.secret, keys.session_token)),
            _ => None,
        };
        Ok(S3Access {
            region: access.region,
            endpoint: access.endpoint,
            keys,
            is_from_environment,
            is_virtual_hosted: self.virtual_hosted,
        })
    }

    /// The bearer token for web servers.
    pub(crate) fn token(&self) -> Option<&str> {
        self.bearer_token.as_deref()
    }

    /// Whether what comes from afar may point to files of this machine.
    pub(crate) fn allows_local_references(&self) -> bool {
        self.allow_local_references
    }
}
