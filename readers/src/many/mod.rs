//! Many files as one dataset: headers are read side by side, files are put in order by their coordinates, and values stay where they are.
mod combine;
mod join;
mod labels;
mod part;
mod source;
mod stepped;
mod urls;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use terracube_cube::data::{Attribute, Dataset};
use terracube_cube::{Error, Result};

use crate::OpenOptions;
use crate::assemble;
use crate::store::Store;
use combine::{Along, combined};
use part::Part;

pub use urls::Urls;

/// Files whose headers are read at the same time, where reading waits for a network.
const REMOTE_AT_ONCE: usize = 16;

/// Opens many files as one dataset (xarray's `open_mfdataset` with `combine="by_coords"`, `data_vars="minimal"`, `coords="minimal"`,
/// `compat="override"`, `join="exact"`): a pattern, or a list of URLs.
///
/// Files are joined along the dimensions whose labels differ from file to file, in the order of these labels; tiles of several
/// dimensions and files of different variables go together too. Headers are read side by side, values are not read. Variables without
/// such a dimension and all attributes are those of the first file. What does not fit is an error with the file's name: labels that
/// overlap, other calendars, other variables, other labels along other dimensions. [`OpenMany`] joins along a new dimension, or in the
/// order of the list.
///
/// ```no_run
/// let tas = terracube_readers::open_many("cmip/tas_Amon_*.nc")?.var("tas");
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If nothing matches, a file cannot be opened, or files do not fit together.
pub fn open_many(urls: impl Urls) -> Result<Dataset> {
    OpenMany::new().open(urls)
}

/// How to open many files; [`open_many`] uses the defaults.
///
/// ```no_run
/// use terracube_readers::OpenMany;
/// let members = OpenMany::new().along_new("member").labels(["r1", "r2"]).open(["r1.nc", "r2.nc"])?;
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct OpenMany {
    options: OpenOptions,
    along: Along,
}

impl OpenMany {
    /// The defaults: by coordinates.
    pub fn new() -> Self {
        Self::default()
    }

    /// How each file is opened: group, decoding, credentials.
    #[must_use]
    pub fn options(mut self, options: OpenOptions) -> Self {
        self.options = options;
        self
    }

    /// Joins along this dimension, in the order of its labels; labels along all others must be the same.
    #[must_use]
    pub fn along(mut self, dim: impl Into<String>) -> Self {
        self.along = Along::Labels(dim.into());
        self
    }

    /// Joins along this dimension in the order in which files are listed (of a pattern: by name), whatever its labels (xarray's
    /// `combine="nested"`).
    #[must_use]
    pub fn in_order(mut self, dim: impl Into<String>) -> Self {
        self.along = Along::Order(dim.into());
        self
    }

    /// Stacks files along a new dimension, in the order in which they are listed; variables that are no coordinates get it.
    #[must_use]
    pub fn along_new(mut self, dim: impl Into<String>) -> Self {
        self.along = Along::New(dim.into(), Vec::new());
        self
    }

    /// The labels of the new dimension, one for each file.
    #[must_use]
    pub fn labels<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        if let Along::New(_, known) = &mut self.along {
            *known = labels.into_iter().map(Into::into).collect();
        }
        self
    }

    /// Opens the files.
    ///
    /// # Errors
    /// As [`open_many`].
    pub fn open(&self, urls: impl Urls) -> Result<Dataset> {
        let urls = urls::expand(&urls.urls(), self.options.store_options())?;
        let parts = self.parts(&urls)?;
        let n_files = parts.len();
        let mut whole = combined(parts, &self.along)?.group;
        if n_files > 1 {
            let along = match &self.along {
                Along::Coordinates => "their coordinates".to_owned(),
                Along::Labels(dim) | Along::Order(dim) | Along::New(dim, _) => format!("`{dim}`"),
            };
            let line = format!("Terracube: {n_files} files joined along {along}");
            let history = match whole.attributes.get("history").and_then(Attribute::as_text) {
                Some(before) => format!("{before}\n{line}"),
                None => line,
            };
            whole.attributes.set("history", history);
        }
        assemble::dataset(whole)
    }

    /// Opens all files, several at once; the first error in their order is returned.
    fn parts(&self, urls: &[String]) -> Result<Vec<Part>> {
        let is_remote = |url: &String| url.contains("://") && !url.starts_with("file://");
        let n_cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        let n_threads = if urls.iter().any(is_remote) { REMOTE_AT_ONCE } else { n_cores }.min(urls.len());
        let next = AtomicUsize::new(0);
        let opened: Mutex<Vec<(usize, Result<Part>)>> = Mutex::new(Vec::with_capacity(urls.len()));
        std::thread::scope(|scope| {
            for _ in 0..n_threads {
                scope.spawn(|| {
                    while let Some((at, url)) = {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        urls.get(at).map(|url| (at, url))
                    } {
                        let part = self.part(url);
                        if part.is_err() {
                            // No need to open the rest.
                            next.store(urls.len(), Ordering::Relaxed);
                        }
                        opened.lock().unwrap_or_else(PoisonError::into_inner).push((at, part));
                    }
                });
            }
        });
        let mut opened = opened.into_inner().unwrap_or_else(PoisonError::into_inner);
        opened.sort_by_key(|(at, _)| *at);
        let parts = opened.into_iter().map(|(_, part)| part).collect::<Result<Vec<_>>>()?;
        if parts.len() == urls.len() { Ok(parts) } else { Err(Error::internal("a file was not opened")) }
    }

    fn part(&self, url: &str) -> Result<Part> {
        let name = Store::open(url, self.options.store_options())?.url().to_owned();
        Part::new(name, self.options.open_decoded(url)?)
    }
}
