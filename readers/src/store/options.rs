//! How a store is reached: credentials, endpoints, limits.
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a store is reached. The default asks the environment, as the tools of each cloud do.
///
/// Credentials for `s3://`, first found wins: [`access_key`](Self::access_key), [`anonymous`](Self::anonymous), [`profile`](Self::profile),
/// `AWS_ACCESS_KEY_ID`, `AWS_PROFILE` or the `default` profile in `~/.aws/{credentials,config}`, web identity and container roles
/// where their variables are set, the machine's own role if [`instance_credentials`](Self::instance_credentials) was called; else no credentials.
///
/// ```
/// use terracube_readers::store::StoreOptions;
/// let options = StoreOptions::default().endpoint("http://localhost:9000").anonymous().max_retries(3);
/// ```
#[derive(Clone)]
pub struct StoreOptions {
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) keys: Option<AccessKey>,
    pub(super) profile: Option<String>,
    pub(super) anonymous: bool,
    pub(super) instance_credentials: bool,
    pub(super) virtual_hosted: bool,
    pub(super) bearer_token: Option<String>,
    pub(super) ca_bundle: Option<PathBuf>,
    pub(super) allow_local_references: bool,
    pub(super) max_requests: usize,
    pub(super) max_retries: usize,
    pub(super) connect_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) total_timeout: Duration,
    pub(super) header_cache: HeaderCacheChoice,
}

/// Where headers of remote files are kept.
#[derive(Debug, Clone)]
pub(super) enum HeaderCacheChoice {
    /// As the environment says.
    Usual,
    In(PathBuf),
    Nowhere,
}

/// An access key of an S3 store.
#[derive(Clone)]
pub(super) struct AccessKey {
    pub id: String,
    pub secret: String,
    pub session_token: Option<String>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            keys: None,
            profile: None,
            anonymous: false,
            instance_credentials: false,
            virtual_hosted: false,
            bearer_token: None,
            ca_bundle: None,
            allow_local_references: false,
            max_requests: 64,
            max_retries: 5,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(120),
            header_cache: HeaderCacheChoice::Usual,
        }
    }
}

impl StoreOptions {
    /// The URL of the S3 service, such as `http://localhost:9000`; else `AWS_ENDPOINT_URL`, the profile's, or Amazon's.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The region of the bucket; else `AWS_REGION`, the profile's, or `us-east-1`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// An access key and its secret.
    #[must_use]
    pub fn access_key(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.keys = Some(AccessKey { id: id.into(), secret: secret.into(), session_token: None });
        self
    }

    /// A temporary access key, its secret and its session token.
    #[must_use]
    pub fn session_key(mut self, id: impl Into<String>, secret: impl Into<String>, token: impl Into<String>) -> Self {
        self.keys = Some(AccessKey { id: id.into(), secret: secret.into(), session_token: Some(token.into()) });
        self
    }

    /// A profile of `~/.aws/{credentials,config}`.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// No credentials, for public data.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Asks the cloud's metadata service for the machine's own role. Elsewhere that service does not exist and asking it takes long.
    #[must_use]
    pub fn instance_credentials(mut self) -> Self {
        self.instance_credentials = true;
        self
    }

    /// The bucket stands in the host name (`https://bucket.host/path`), not in the path (`https://host/bucket/path`, the default).
    /// [`endpoint`](Self::endpoint) must then hold the bucket.
    #[must_use]
    pub fn virtual_hosted_style(mut self) -> Self {
        self.virtual_hosted = true;
        self
    }

    /// A bearer token for `http(s)://`.
    #[must_use]
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.bearer_token = Some(token.into());
        self
    }

    /// Lets references that come from a server point to files of this machine. Otherwise they are refused.
    #[must_use]
    pub fn allow_local_references(mut self) -> Self {
        self.allow_local_references = true;
        self
    }

    /// A file of PEM certificates of authorities to trust beside the system's; else `AWS_CA_BUNDLE`. (`SSL_CERT_FILE` replaces the system's.)
    #[must_use]
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// Requests under way at once, 64 by default; at least 1.
    #[must_use]
    pub fn max_concurrent_requests(mut self, n: usize) -> Self {
        self.max_requests = n.max(1);
        self
    }

    /// Further tries after a failure that may pass (connection lost, 5xx, 429), 5 by default, with growing pauses.
    #[must_use]
    pub fn max_retries(mut self, n: usize) -> Self {
        self.max_retries = n;
        self
    }

    /// How long a connection may take to be made, 10 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a server may send nothing, 30 s by default.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Keeps the headers of remote files (NetCDF, HDF5) in this directory, so that opening them again needs one request. Otherwise they
    /// are kept in `TERRACUBE_CACHE`, or `terracube/headers` of the user's cache directory; `TERRACUBE_CACHE=off` keeps none.
    #[must_use]
    pub fn header_cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.header_cache = HeaderCacheChoice::In(directory.into());
        self
    }

    /// Keeps no headers of remote files.
    #[must_use]
    pub fn without_header_cache(mut self) -> Self {
        self.header_cache = HeaderCacheChoice::Nowhere;
        self
    }

    pub(super) fn header_cache_directory(&self) -> Option<PathBuf> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        match &self.header_cache {
            HeaderCacheChoice::In(directory) => Some(directory.clone()),
            HeaderCacheChoice::Nowhere => None,
            HeaderCacheChoice::Usual => match variable("TERRACUBE_CACHE") {
                Some(place) if place.as_os_str() == "off" => None,
                Some(place) => Some(place),
                None => {
                    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
                    Some(cache.join("terracube/headers"))
                }
            },
        }
    }

    /// How long one read may take with all its retries, 120 s by default.
    #[must_use]
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = timeout;
        self
    }
}

// Secrets are named, never shown.
impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |set: bool| if set { "set" } else { "not set" };
        f.debug_struct("StoreOptions")
            .field("endpoint", &self.endpoint.as_deref().map(super::redact))
            .field("region", &self.region)
            .field("access_key", &hidden(self.keys.is_some()))
            .field("profile", &self.profile)
            .field("anonymous", &self.anonymous)
            .field("instance_credentials", &self.instance_credentials)
            .field("virtual_hosted", &self.virtual_hosted)
            .field("bearer_token", &hidden(self.bearer_token.is_some()))
            .field("ca_bundle", &self.ca_bundle)
            .field("max_requests", &self.max_requests)
            .field("max_retries", &self.max_retries)
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("total_timeout", &self.total_timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let options = StoreOptions::default()
            .session_key("AKIDSECRET", "SECRETKEY", "SECRETTOKEN")
            .bearer_token("SECRETBEARER")
            .endpoint("http://u:SECRET@h:1");
        let shown = format!("{options:?}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}
