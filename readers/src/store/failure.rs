//! What went wrong with a remote store, in words: the URL, the cause, what to do. Never a secret.
use std::error::Error as StdError;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use object_store::client::{HttpError, HttpErrorKind};
use terracube_cube::{Error, ErrorKind};

use super::redact;

/// How a remote place is reached, for messages.
pub(super) struct Reached {
    /// The URL above all keys, without secrets.
    pub base: String,
    /// Whether this is a web server (which may not list).
    pub is_http: bool,
    /// Which credentials are sent: a source, never a value.
    pub credentials: String,
    /// Whether no credentials are sent.
    pub is_anonymous: bool,
    /// Whether the server was found to give no parts of files.
    pub lacks_ranges: AtomicBool,
    /// What to do about a refusal.
    pub how_to_authenticate: &'static str,
}

/// The error in our words.
pub(super) fn explain(error: &object_store::Error, url: &str, reached: &Reached) -> Error {
    match error {
        object_store::Error::NotFound { .. } => {
            Error::new(ErrorKind::NotFound, format!("there is nothing at {url}")).hint("check the URL")
        }
        object_store::Error::PermissionDenied { .. } => refused(error, url, reached, 403),
        object_store::Error::Unauthenticated { .. } => refused(error, url, reached, 401),
        _ => unreached(error, url),
    }
}

/// A read or write that took longer than it may.
pub(super) fn out_of_time(url: &str, limit: Duration) -> Error {
    Error::io(format!("{url} was not read within {} s, retries included", limit.as_secs_f64()))
        .hint("the server is slow or out of reach; StoreOptions::total_timeout allows more time")
}

/// A web server that does not list.
pub(super) fn cannot_list(url: &str, error: &object_store::Error) -> Error {
    let cause = status_of(&chain(error)).map(|status| format!(" (it answered {status})")).unwrap_or_default();
    Error::unsupported(format!("the web server does not list what stands under {url}{cause}"))
}

/// Whether an answer began well and then broke off, so that it is worth asking again. (`object_store` retries what failed earlier.)
pub(super) fn broke_off(error: &object_store::Error) -> bool {
    let causes = chain(error);
    let is_of_request = causes.iter().any(|cause| cause.starts_with("Error performing "));
    // The body of a refusal may break off too, which nobody has tried again.
    let is_new = !causes.iter().any(|cause| cause.contains(", after "));
    http_error(error).is_some_and(|error| {
        !is_of_request || (is_new && matches!(error.kind(), HttpErrorKind::Decode | HttpErrorKind::Interrupted))
    })
}

/// Whether a server sent the whole object where a part was asked for.
pub(super) fn ranges_unsupported(error: &object_store::Error) -> bool {
    chain(error).iter().any(|cause| cause.starts_with("Range request not supported"))
}

fn refused(error: &object_store::Error, url: &str, reached: &Reached, status: u16) -> Error {
    let code = code_of(&chain(error)).map(|code| format!(", {code}")).unwrap_or_default();
    let refused = Error::new(
        ErrorKind::Denied,
        format!("access to {url} was refused ({status}{code}); credentials sent: {}", reached.credentials),
    );
    if reached.is_anonymous {
        refused.hint(reached.how_to_authenticate)
    } else {
        refused.hint("check that these credentials are right and may be used here, and that the name is right")
    }
}

fn unreached(error: &object_store::Error, url: &str) -> Error {
    let causes = chain(error);
    let retried = causes.iter().find_map(|cause| between(cause, ", after ", " retries")).unwrap_or_default();
    let tries = if retried.is_empty() { String::new() } else { format!(", after {retried} retries") };
    if let Some(status) = status_of(&causes) {
        let code = code_of(&causes).map(|code| format!(" ({code})")).unwrap_or_default();
        let failed = Error::io(format!("the server answered {status}{code} for {url}{tries}"));
        return if status.starts_with('5') || status.starts_with("429") {
            failed.hint("the fault is the server's: try again later")
        } else if status.starts_with('3') {
            failed.hint("the bucket may be in another region: set StoreOptions::region or AWS_REGION")
        } else {
            failed.hint("check the URL and the endpoint")
        };
    }
    if causes.iter().any(|cause| cause.contains("redirect without LOCATION")) {
        return Error::io(format!("the server sends {url} elsewhere without saying where"))
            .hint("the bucket may be in another region: set StoreOptions::region or AWS_REGION");
    }
    let root = causes.last().map(|cause| redact(cause)).unwrap_or_default();
    match http_error(error).map(HttpError::kind) {
        Some(HttpErrorKind::Connect) => Error::io(format!("cannot connect to {url}: {root}{tries}"))
            .hint("check the host and port, your network, and the proxy variables HTTPS_PROXY and NO_PROXY"),
        Some(HttpErrorKind::Timeout) => Error::io(format!("{url} did not answer in time{tries}"))
            .hint("the server is slow or out of reach; StoreOptions::idle_timeout allows more time"),
        _ => Error::io(format!("cannot read {url}: {root}{tries}")),
    }
}

/// The messages of an error and all its causes, outermost first.
fn chain(error: &object_store::Error) -> Vec<String> {
    let mut causes = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

fn http_error(error: &object_store::Error) -> Option<&HttpError> {
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<HttpError>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

/// "503 Service Unavailable".
fn status_of(causes: &[String]) -> Option<String> {
    causes.iter().find_map(|cause| between(cause, "status code: ", ":")).map(|status| status.trim().to_owned())
}

/// The code of an S3 error ("InvalidAccessKeyId"). The rest of its body may repeat what was sent.
fn code_of(causes: &[String]) -> Option<&str> {
    let code = causes.iter().find_map(|cause| between(cause, "<Code>", "</Code>"))?;
    code.chars().all(char::is_alphanumeric).then_some(code)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.find(after).map(|end| &rest[..end])
}
