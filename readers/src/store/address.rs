//! What a user may write for a place: a path or a URL, taken apart; and how it is shown without secrets.
use std::path::{Path, PathBuf};

use terracube_cube::{Error, Result};
use url::Url;

/// A place, taken apart by scheme.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A path on this machine.
    Local(PathBuf),
    /// `memory://name/path`: a store that lives in this process.
    Memory { name: String, path: String },
    /// `http://` or `https://`, as written.
    Http(Url),
    /// A bucket (or container) of an object store and the path in it.
    Bucket { cloud: Cloud, bucket: String, path: String },
}

/// The kinds of object stores with buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    /// `s3://`, `s3a://`.
    S3,
    /// `gs://`, `gcs://`.
    Google,
    /// `az://`, `abfs://`, `abfss://`.
    Azure,
}

impl Cloud {
    /// The scheme that we write.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
        }
    }
}

impl Address {
    /// Takes a path or URL apart.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::invalid("the URL is empty")
                .hint("give a path or a URL, such as \"data/t2m.zarr\" or \"s3://bucket/t2m.zarr\""));
        }
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(Self::Local(expand_home(text))) };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => file_path(text).map(Self::Local),
            "memory" => {
                let (name, path) = split_first(rest);
                Ok(Self::Memory { name: name.to_owned(), path: path.to_owned() })
            }
            "http" | "https" => {
                let url = Url::parse(text)
                    .map_err(|error| Error::invalid(format!("`{}` is no URL: {error}", redact(text))))?;
                Ok(Self::Http(url))
            }
            "s3" | "s3a" => bucket(Cloud::S3, text, rest),
            "gs" | "gcs" => bucket(Cloud::Google, text, rest),
            "az" | "abfs" | "abfss" => bucket(Cloud::Azure, text, rest),
            other => {
                let known = ["file", "http", "https", "s3", "gs", "az", "memory"];
                let error = Error::invalid(format!("cannot open `{}`: unknown scheme `{other}`", redact(text)));
                Err(match terracube_cube::base::did_you_mean(other, known) {
                    Some(near) => error.hint(format!("did you mean `{near}://`?")),
                    None => error.hint(format!("known schemes: {}", known.join(", "))),
                })
            }
        }
    }

    /// How it is shown in messages and kept in specs: without user, password and query.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Local(path) => path.display().to_string(),
            Self::Memory { name, path } if path.is_empty() => format!("memory://{name}"),
            Self::Memory { name, path } => format!("memory://{name}/{path}"),
            Self::Http(url) => redact(url.as_str()).trim_end_matches("?***").to_owned(),
            Self::Bucket { cloud, bucket, path } if path.is_empty() => format!("{}://{bucket}", cloud.scheme()),
            Self::Bucket { cloud, bucket, path } => format!("{}://{bucket}/{path}", cloud.scheme()),
        }
    }
}

/// `text` with everything that may be secret cut out of the URLs in it: user and password, query, fragment.
pub fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let after = at + 3;
        shown.push_str(&rest[..after]);
        rest = &rest[after..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '<' | '>' | '(' | ')'))
            .unwrap_or(rest.len());
        let url = &rest[..end];
        let authority_end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, tail) = url.split_at(authority_end);
        match authority.rfind('@') {
            Some(at) => {
                shown.push_str("***@");
                shown.push_str(&authority[at + 1..]);
            }
            None => shown.push_str(authority),
        }
        match tail.find(['?', '#']) {
            Some(query) => {
                shown.push_str(&tail[..query]);
                shown.push_str("?***");
            }
            None => shown.push_str(tail),
        }
        rest = &rest[end..];
    }
    shown.push_str(rest);
    shown
}

fn split_first(rest: &str) -> (&str, &str) {
    let (first, path) = rest.split_once('/').unwrap_or((rest, ""));
    (first, path.trim_matches('/'))
}

fn bucket(cloud: Cloud, text: &str, rest: &str) -> Result<Address> {
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (bucket, path) = split_first(rest);
    if bucket.is_empty() || bucket.contains('@') && cloud == Cloud::S3 {
        return Err(Error::invalid(format!("`{}` names no bucket", redact(text))).hint(format!(
            "write {}://bucket/path; give keys as options or in the environment, not in the URL",
            cloud.scheme()
        )));
    }
    Ok(Address::Bucket { cloud, bucket: bucket.to_owned(), path: path.to_owned() })
}

fn file_path(text: &str) -> Result<PathBuf> {
    // `file://relative/path` is common in the wild, though the URL standard reads a host in it.
    let rest = &text["file://".len()..];
    if !rest.starts_with('/') && !rest.starts_with("localhost/") {
        return Ok(PathBuf::from(rest));
    }
    Url::parse(text)
        .ok()
        .and_then(|url| url.to_file_path().ok())
        .ok_or_else(|| Error::invalid(format!("`{text}` is no path on this machine")))
}

fn expand_home(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_shown_without_secrets() {
        let rows = [
            ("data/a.zarr", "data/a.zarr"),
            ("file:///data/a%20b.zarr", "/data/a b.zarr"),
            ("s3://bucket/a/b.zarr/", "s3://bucket/a/b.zarr"),
            ("gcs://bucket", "gs://bucket"),
            ("abfss://container/a", "az://container/a"),
            ("memory://test/a/b", "memory://test/a/b"),
            ("https://me:pw@host.org/a.zarr?X-Amz-Signature=abc", "https://***@host.org/a.zarr"),
            ("http://host:81/a", "http://host:81/a"),
        ];
        for (text, shown) in rows {
            assert_eq!(Address::parse(text).unwrap().shown(), shown, "{text}");
        }
    }

    #[test]
    fn bad_addresses_are_explained() {
        let rows = [
            ("", "the URL is empty"),
            ("htps://bucket/a", "unknown scheme `htps`; did you mean `https://`?"),
            ("s3:///a", "`s3:///a` names no bucket"),
            ("ftp://me:secret@h", "known schemes: file, http"),
            ("https://me:secret@", "no URL"),
            ("s3://KEY:secret@bucket/a", "names no bucket"),
        ];
        for (text, part) in rows {
            let error = Address::parse(text).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(part) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn urls_inside_sentences_are_redacted() {
        let text = "GET https://a:b@h.org/x?sig=s failed, then (http://h/y#t) and \"s3://b/k\" too";
        assert_eq!(redact(text), "GET https://***@h.org/x?*** failed, then (http://h/y?***) and \"s3://b/k\" too");
    }
}
