//! From an address and options to an `object_store` client.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::memory::InMemory;
use object_store::path::Path as Location;
use object_store::{BackoffConfig, Certificate, ClientOptions, HeaderMap, HeaderValue, ObjectStore, RetryConfig};
use terracube_cube::{Error, Result};
use tokio::sync::Semaphore;
use url::Url;

use super::address::{Address, Cloud};
use super::failure::Reached;
use super::remote::Remote;
use super::{StoreOptions, aws, redact};

/// The client of a remote address.
pub(super) fn connect(address: &Address, options: &StoreOptions) -> Result<Remote> {
    let (objects, lister, prefix, reached) = match address {
        Address::Local(path) => return Err(Error::internal(format!("{} is not remote", path.display()))),
        Address::Memory { name, path } => {
            let objects: Arc<dyn ObjectStore> = in_memory(name);
            (objects.clone(), objects, path.as_str(), reached(format!("memory://{name}"), false, "none".into(), ""))
        }
        Address::Http(url) => {
            let (objects, lister, reached) = http(url, options)?;
            (objects, lister, "", reached)
        }
        Address::Bucket { cloud, bucket, path } => {
            let (objects, reached) = match cloud {
                Cloud::S3 => aws::connect(bucket, options)?,
                Cloud::Google => google(bucket, options)?,
                Cloud::Azure => azure(bucket, options)?,
            };
            (objects.clone(), objects, path.as_str(), reached)
        }
    };
    Ok(Remote {
        objects,
        lister,
        prefix: Location::from(prefix),
        reached: Arc::new(reached),
        permits: Arc::new(Semaphore::new(options.max_requests)),
        max_retries: options.max_retries,
        total_timeout: options.total_timeout,
        header_cache: options
            .header_cache_directory()
            .filter(|_| !matches!(address, Address::Memory { .. }))
            .map(Into::into),
    })
}

/// Time limits, certificates and headers. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, and the
/// system's certificates (or those of `SSL_CERT_FILE`) are trusted, both by the client's own default.
pub(super) fn client_options(options: &StoreOptions, allow_http: bool) -> Result<ClientOptions> {
    let mut client = ClientOptions::new()
        .with_allow_http(allow_http)
        .with_connect_timeout(options.connect_timeout)
        .with_read_timeout(options.idle_timeout)
        .with_timeout_disabled()
        .with_pool_idle_timeout(Duration::from_secs(60));
    let bundle = options.ca_bundle.clone().or_else(|| std::env::var_os("AWS_CA_BUNDLE").map(PathBuf::from));
    if let Some(path) = bundle.filter(|path| !path.as_os_str().is_empty()) {
        for certificate in certificates(&path)? {
            client = client.with_root_certificate(certificate);
        }
    }
    Ok(client)
}

pub(super) fn retries(options: &StoreOptions) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        max_retries: options.max_retries,
        retry_timeout: options.total_timeout,
    }
}

pub(super) fn reached(base: String, is_http: bool, credentials: String, how_to_authenticate: &'static str) -> Reached {
    let is_anonymous = credentials.starts_with("none");
    Reached { base, is_http, credentials, is_anonymous, lacks_ranges: false.into(), how_to_authenticate }
}

/// A client that could not be made, without whatever secret its builder may name.
pub(super) fn unusable(what: &str, error: &object_store::Error) -> Error {
    Error::invalid(format!("cannot reach {what}: {}", redact(&error.to_string())))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let failed = |why: String| {
        Error::invalid(format!("cannot use the certificates in {}: {why}", path.display()))
            .hint("StoreOptions::ca_bundle and AWS_CA_BUNDLE name a file of PEM certificates")
    };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.to_string()))?;
    if certificates.is_empty() { Err(failed("there is none".into())) } else { Ok(certificates) }
}

type Connected = (Arc<dyn ObjectStore>, Arc<dyn ObjectStore>, Reached);

fn http(url: &Url, options: &StoreOptions) -> Result<Connected> {
    let mut bare = url.clone();
    let path = url.path().trim_end_matches('/').to_owned();
    bare.set_path(&path);
    bare.set_fragment(None);
    let mut client = client_options(options, true)?;
    let mut credentials = "none".to_owned();
    let mut authorization = None;
    if let Some(token) = &options.bearer_token {
        authorization = Some(format!("Bearer {token}"));
        credentials = "the bearer token of the options".into();
    } else if !url.username().is_empty() || url.password().is_some() {
        authorization = Some(basic(url));
        credentials = "user and password of the URL".into();
    } else if url.query().is_some() {
        credentials = "the query of the URL".into();
    }
    // Neither can fail for a URL with a host; kept out of every request line and message all the same.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    if let Some(value) = authorization {
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| Error::invalid("the token or password holds characters that no HTTP header may hold"))?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value);
        client = client.with_default_headers(headers);
    }
    let shown = redact(bare.as_str());
    let build = |retry: RetryConfig| {
        HttpBuilder::new()
            .with_url(bare.as_str())
            .with_client_options(client.clone())
            .with_retry(retry)
            .build()
            .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
            .map_err(|error| unusable(&shown, &error))
    };
    let objects = build(retries(options))?;
    // A server that cannot list often answers 501: nothing to retry.
    let lister = build(RetryConfig { max_retries: 0, ..retries(options) })?;
    let hint = "give StoreOptions::bearer_token, or user and password in the URL";
    Ok((objects, lister, reached(redact(bare.as_str()).trim_end_matches("?***").to_owned(), true, credentials, hint)))
}

fn basic(url: &Url) -> String {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// Stores in memory live as long as the process, so that what one call wrote another can read.
fn in_memory(name: &str) -> Arc<dyn ObjectStore> {
    static STORES: OnceLock<Mutex<BTreeMap<String, Arc<InMemory>>>> = OnceLock::new();
    let mut stores = STORES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    stores.entry(name.to_owned()).or_default().clone()
}

fn google(bucket: &str, options: &StoreOptions) -> Result<(Arc<dyn ObjectStore>, Reached)> {
    let has_key = [
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_PATH",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ]
    .into_iter()
    .find(|name| std::env::var_os(name).is_some());
    let file = std::env::var_os("HOME")
        .map(|home| Path::new(&home).join(".config/gcloud/application_default_credentials.json"));
    let has_file = file.is_some_and(|file| file.exists());
    let credentials = match (options.anonymous, has_key, has_file) {
        (true, ..) => "none (anonymous was asked for)".to_owned(),
        (false, Some(name), _) => format!("environment variable {name}"),
        (false, None, true) => "gcloud's application default credentials".to_owned(),
        (false, None, false) if options.instance_credentials => "the machine's own role".to_owned(),
        _ => "none (none were found)".to_owned(),
    };
    let anonymous = credentials.starts_with("none");
    let store = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(client_options(options, false)?)
        .with_retry(retries(options))
        .with_skip_signature(anonymous)
        .build()
        .map_err(|error| unusable(&format!("gs://{bucket}"), &error))?;
    Ok((
        Arc::new(store),
        reached(
            format!("gs://{bucket}"),
            false,
            credentials,
            "set GOOGLE_APPLICATION_CREDENTIALS to the file of a key",
        ),
    ))
}

fn azure(container: &str, options: &StoreOptions) -> Result<(Arc<dyn ObjectStore>, Reached)> {
    let found = [
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_ACCESS_KEY",
        "AZURE_STORAGE_SAS_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_CLIENT_SECRET",
        "AZURE_STORAGE_CLIENT_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_STORAGE_TOKEN",
    ]
    .into_iter()
    .find(|name| std::env::var_os(name).is_some());
    let credentials = match (options.anonymous, found) {
        (true, _) => "none (anonymous was asked for)".to_owned(),
        (false, Some(name)) => format!("environment variable {name}"),
        (false, None) if options.instance_credentials => "the machine's own role".to_owned(),
        _ => "none (none were found)".to_owned(),
    };
    let anonymous = credentials.starts_with("none");
    let store = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_client_options(client_options(options, false)?)
        .with_retry(retries(options))
        .with_skip_signature(anonymous)
        .build()
        .map_err(|error| unusable(&format!("az://{container}"), &error).hint("set AZURE_STORAGE_ACCOUNT_NAME"))?;
    Ok((
        Arc::new(store),
        reached(
            format!("az://{container}"),
            false,
            credentials,
            "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_authorization_is_encoded() {
        let header = |url: &str| basic(&Url::parse(url).unwrap());
        assert_eq!(header("http://Aladdin:open%20sesame@h"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(header("http://a+b:c@h"), "Basic YStiOmM=");
        assert_eq!(header("http://a:bc@h"), "Basic YTpiYw==");
    }
}
