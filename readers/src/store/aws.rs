//! S3 and what speaks its protocol: which credentials, which endpoint, and no probing of metadata services unless asked.
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ini::Ini;
use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use terracube_cube::{Error, ErrorKind, Result};

use super::StoreOptions;
use super::connect::{client_options, reached, retries, unusable};
use super::failure::Reached;
use super::options::AccessKey;

/// Which keys are sent to which service.
pub(super) struct Access {
    pub found: Found,
    pub endpoint: Option<String>,
    pub region: String,
}

impl Access {
    /// From the options, the environment and the profile, in this order.
    ///
    /// # Errors
    /// If a profile that was named has no keys.
    pub(super) fn of(options: &StoreOptions) -> Result<Self> {
        let profile = Profile::read(options)?;
        let found = credentials(options, &profile)?;
        let endpoint = options
            .endpoint
            .clone()
            .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
            .or_else(|| variable("AWS_ENDPOINT_URL"))
            .or_else(|| variable("AWS_ENDPOINT"))
            .or_else(|| profile.endpoint.clone());
        let region = options
            .region
            .clone()
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .or_else(|| profile.region.clone())
            .unwrap_or_else(|| "us-east-1".into());
        Ok(Self { found, endpoint, region })
    }
}

/// The client of a bucket.
pub(super) fn connect(bucket: &str, options: &StoreOptions) -> Result<(Arc<dyn ObjectStore>, Reached)> {
    let Access { found, endpoint, region } = Access::of(options)?;
    let is_http = endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_client_options(client_options(options, is_http)?)
        .with_retry(retries(options))
        .with_virtual_hosted_style_request(options.virtual_hosted);
    if let Some(endpoint) = &endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    builder = match &found {
        Found::Keys(keys, _) => {
            let builder = builder.with_access_key_id(&keys.id).with_secret_access_key(&keys.secret);
            match &keys.session_token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
        Found::Role(variables, _) => variables.iter().fold(builder, |builder, (key, name)| match variable(name) {
            Some(value) => builder.with_config(*key, value),
            None => builder,
        }),
        Found::Instance => builder,
        Found::Nothing(_) => builder.with_skip_signature(true),
    };
    let place = format!("s3://{bucket}");
    let store = builder.build().map_err(|error| unusable(&place, &error))?;
    let source = match &found {
        Found::Keys(_, source) | Found::Role(_, source) => source.clone(),
        Found::Instance => "the machine's own role".into(),
        Found::Nothing(why) => format!("none ({why})"),
    };
    let source = match &endpoint {
        Some(endpoint) => format!("{source}; endpoint {}", super::redact(endpoint)),
        None => source,
    };
    let hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE with a profile in ~/.aws/credentials, or StoreOptions::access_key";
    Ok((Arc::new(store), reached(place, false, source, hint)))
}

/// The credentials to send and where they come from.
pub(super) enum Found {
    Keys(AccessKey, String),
    Role(&'static [(AmazonS3ConfigKey, &'static str)], String),
    Instance,
    Nothing(String),
}

const WEB_IDENTITY: &[(AmazonS3ConfigKey, &str)] = &[
    (AmazonS3ConfigKey::WebIdentityTokenFile, "AWS_WEB_IDENTITY_TOKEN_FILE"),
    (AmazonS3ConfigKey::RoleArn, "AWS_ROLE_ARN"),
    (AmazonS3ConfigKey::RoleSessionName, "AWS_ROLE_SESSION_NAME"),
    (AmazonS3ConfigKey::StsEndpoint, "AWS_ENDPOINT_URL_STS"),
];
const CONTAINER: &[(AmazonS3ConfigKey, &str)] = &[
    (AmazonS3ConfigKey::ContainerCredentialsRelativeUri, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    (AmazonS3ConfigKey::ContainerCredentialsFullUri, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    (AmazonS3ConfigKey::ContainerAuthorizationTokenFile, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
];

fn credentials(options: &StoreOptions, profile: &Profile) -> Result<Found> {
    if let Some(keys) = &options.keys {
        return Ok(Found::Keys(keys.clone(), "the access key of the options".into()));
    }
    if options.anonymous {
        return Ok(Found::Nothing("anonymous was asked for".into()));
    }
    let from_profile = || profile.keys.clone().map(|keys| Found::Keys(keys, profile.shown()));
    if options.profile.is_some() {
        return from_profile().ok_or_else(|| profile.without_keys());
    }
    if let (Some(id), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        let keys = AccessKey { id, secret, session_token: variable("AWS_SESSION_TOKEN") };
        return Ok(Found::Keys(keys, "environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into()));
    }
    if let Some(found) = from_profile() {
        return Ok(found);
    }
    if profile.is_named {
        return Err(profile.without_keys());
    }
    if variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() && variable("AWS_ROLE_ARN").is_some() {
        return Ok(Found::Role(WEB_IDENTITY, "web identity of AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN".into()));
    }
    if let Some((_, name)) = CONTAINER[..2].iter().find(|(_, name)| variable(name).is_some()) {
        return Ok(Found::Role(CONTAINER, format!("container role of {name}")));
    }
    if options.instance_credentials {
        return Ok(Found::Instance);
    }
    Ok(Found::Nothing(format!(
        "none were found: no key in the options, no AWS_ACCESS_KEY_ID in the environment, no profile `{}` with keys in {} or {}",
        profile.name,
        profile.credentials_file.display(),
        profile.config_file.display()
    )))
}

/// What `~/.aws/{credentials,config}` say of one profile.
struct Profile {
    name: String,
    /// Whether the user named it (the default profile need not exist).
    is_named: bool,
    exists: bool,
    keys: Option<AccessKey>,
    region: Option<String>,
    endpoint: Option<String>,
    /// A way of getting keys that we do not know.
    other_way: Option<&'static str>,
    credentials_file: PathBuf,
    config_file: PathBuf,
}

impl Profile {
    fn read(options: &StoreOptions) -> Result<Self> {
        let named = options.profile.clone().or_else(|| variable("AWS_PROFILE"));
        let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let file =
            |name: &str, default: &str| variable(name).map_or_else(|| home.join(".aws").join(default), PathBuf::from);
        let credentials_file = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config_file = file("AWS_CONFIG_FILE", "config");
        Self::read_files(named, credentials_file, config_file)
    }

    fn read_files(named: Option<String>, credentials_file: PathBuf, config_file: PathBuf) -> Result<Self> {
        let name = named.clone().unwrap_or_else(|| "default".into());
        let mut profile = Self {
            is_named: named.is_some(),
            exists: false,
            keys: None,
            region: None,
            endpoint: None,
            other_way: None,
            credentials_file,
            config_file,
            name,
        };
        // The config file is read first: keys of the credentials file win.
        let section =
            if profile.name == "default" { "default".to_owned() } else { format!("profile {}", profile.name) };
        if let Some(file) = load(&profile.config_file)? {
            profile.take(&file, &section);
        }
        if let Some(file) = load(&profile.credentials_file)? {
            let section = profile.name.clone();
            profile.take(&file, &section);
        }
        Ok(profile)
    }

    fn take(&mut self, file: &Ini, section: &str) {
        let Some(section) = file.section(Some(section)) else { return };
        let value = |key: &str| section.get(key).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
        self.exists = true;
        if let (Some(id), Some(secret)) = (value("aws_access_key_id"), value("aws_secret_access_key")) {
            self.keys = Some(AccessKey { id, secret, session_token: value("aws_session_token") });
        }
        self.region = value("region").or(self.region.take());
        self.endpoint = value("endpoint_url").or(self.endpoint.take());
        let ways = ["credential_process", "sso_session", "sso_start_url", "role_arn", "login_session"];
        self.other_way = ways.into_iter().find(|way| section.contains_key(way)).or(self.other_way);
    }

    fn shown(&self) -> String {
        format!("profile `{}` of {} or {}", self.name, self.credentials_file.display(), self.config_file.display())
    }

    fn without_keys(&self) -> Error {
        let files = format!("{} or {}", self.credentials_file.display(), self.config_file.display());
        match (self.exists, self.other_way) {
            (false, _) => Error::new(ErrorKind::NotFound, format!("no AWS profile `{}` in {files}", self.name))
                .hint("check AWS_PROFILE, or add the profile with `aws configure --profile`"),
            (true, Some(way)) => Error::unsupported(format!(
                "AWS profile `{}` gets its keys by {way}, which is not supported",
                self.name
            ))
            .hint("run `aws configure export-credentials --format env` and set the variables that it prints"),
            (true, None) => {
                Error::new(ErrorKind::Denied, format!("AWS profile `{}` in {files} holds no keys", self.name))
                    .hint("add aws_access_key_id and aws_secret_access_key, or call StoreOptions::anonymous")
            }
        }
    }
}

fn load(path: &Path) -> Result<Option<Ini>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        // A home without ~/.aws, or one that may not be read, is the normal case.
        Err(_) => return Ok(None),
    };
    // AWS files indent nested settings, which have no meaning for us.
    let text: String =
        text.lines().filter(|line| !line.starts_with([' ', '\t'])).flat_map(|line| [line, "\n"]).collect();
    let options = ini::ParseOption { enabled_quote: false, enabled_escape: false, ..Default::default() };
    Ini::load_from_str_opt(&text, options).map(Some).map_err(|error| {
        Error::corrupt(format!("cannot understand {}: line {}: {}", path.display(), error.line, error.msg))
    })
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(named: Option<&str>, credentials: &str, config: &str) -> Result<Profile> {
        let directory = tempfile::tempdir().unwrap();
        let (a, b) = (directory.path().join("credentials"), directory.path().join("config"));
        std::fs::write(&a, credentials).unwrap();
        std::fs::write(&b, config).unwrap();
        Profile::read_files(named.map(str::to_owned), a, b)
    }

    const CREDENTIALS: &str = "[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key = a/b+c\\d\"e\n\n[lab]\naws_access_key_id=AKLAB\naws_secret_access_key=lab\naws_session_token=tok\n";
    const CONFIG: &str = "[default]\nregion = eu-west-3\n[profile lab]\nregion = eu-central-1\nendpoint_url = https://s3.lab.org\ns3 =\n  max_concurrent_requests = 20\n[profile sso]\nsso_session = x\n[profile empty]\nregion = a\n";

    #[test]
    fn profiles_are_read() {
        let default = profile(None, CREDENTIALS, CONFIG).unwrap();
        assert_eq!(default.keys.as_ref().unwrap().secret, "a/b+c\\d\"e");
        assert_eq!((default.region.as_deref(), default.endpoint), (Some("eu-west-3"), None));
        let lab = profile(Some("lab"), CREDENTIALS, CONFIG).unwrap();
        assert_eq!(lab.keys.as_ref().unwrap().session_token.as_deref(), Some("tok"));
        assert_eq!(
            (lab.region.as_deref(), lab.endpoint.as_deref()),
            (Some("eu-central-1"), Some("https://s3.lab.org"))
        );
    }

    #[test]
    fn profiles_without_keys_are_explained() {
        let options = StoreOptions::default().profile("x");
        let rows = [("none", "no AWS profile `none`"), ("sso", "by sso_session"), ("empty", "holds no keys")];
        for (name, part) in rows {
            let profile = profile(Some(name), CREDENTIALS, CONFIG).unwrap();
            let error = credentials(&options, &profile).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(part), "{name}: {error}");
        }
        let broken = profile(None, "[default\nkey", "").err().map(|e| e.to_string()).unwrap_or_default();
        assert!(broken.contains("cannot understand"), "{broken}");
    }
}
