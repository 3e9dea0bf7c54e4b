//! The one error type of the cube: opaque, with a kind that says what the caller can do about it.
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::Place;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The result; an error in it that has no place yet is the caller's.
#[track_caller]
pub(crate) fn placed<T>(result: Result<T>) -> Result<T> {
    // A closure would not know who called.
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error.at(Location::caller())),
    }
}

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A name (variable, dimension, coordinate, label, path) does not exist: use another.
    NotFound,
    /// An argument makes no sense here: change the call.
    InvalidArgument,
    /// Shapes, dimensions, dtypes or labels do not fit together: align, cast or rename.
    Mismatch,
    /// The operation is not defined for this dtype: cast or choose another.
    DType,
    /// A selection holds nothing: choose another range.
    Empty,
    /// Stored data is damaged or breaks its own format: get the data again.
    Corrupt,
    /// Something valid that is not supported: convert the data or ask for it.
    Unsupported,
    /// The job does not fit the memory or disk budget: raise it or make the job smaller.
    OverBudget,
    /// The user or the caller cancelled.
    Cancelled,
    /// Access was refused: check the credentials.
    Denied,
    /// Reading, writing or the network failed: try again.
    Io,
    /// The target exists already: choose another or say that it may be replaced.
    Exists,
    /// A bug of ours.
    Internal,
}

/// An error that names the thing, says why, and hints at what to do. Cheap to clone, because it travels inside lazy values.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    context: Vec<String>,
    hint: Option<String>,
    place: Option<Place>,
}

impl Error {
    /// An error of `kind`; `message` names the thing and says why.
    ///
    /// ```
    /// use terracube_cube::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::NotFound, "no file `a.nc`");
    /// assert_eq!((error.kind(), error.to_string()), (ErrorKind::NotFound, "no file `a.nc`".to_owned()));
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), context: Vec::new(), hint: None, place: None }))
    }

    /// [`ErrorKind::NotFound`] for a name among `known` names, with a suggestion.
    ///
    /// ```
    /// use terracube_cube::Error;
    /// assert_eq!(Error::unknown_name("dimension", "latt", ["lat", "lon"]).to_string(), "no dimension `latt`; did you mean `lat`?");
    /// assert_eq!(Error::unknown_name("dimension", "zz", ["lat", "lon"]).hint_text(), Some("there are: lat, lon"));
    /// ```
    pub fn unknown_name<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let error = Self::new(ErrorKind::NotFound, format!("no {what} `{name}`"));
        if let Some(near) = did_you_mean(name, known.iter().copied()) {
            return error.hint(format!("did you mean `{near}`?"));
        }
        match known.len() {
            0 => error.hint(format!("there is no {what} at all here")),
            1..=12 => error.hint(format!("there are: {}", known.join(", "))),
            n => error.hint(format!("there are {n}: {}, ...", known[..12].join(", "))),
        }
    }

    /// [`ErrorKind::InvalidArgument`].
    ///
    /// ```
    /// use terracube_cube::{Error, ErrorKind};
    /// assert_eq!(Error::invalid("a window of 0").kind(), ErrorKind::InvalidArgument);
    /// ```
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// [`ErrorKind::Mismatch`].
    ///
    /// ```
    /// use terracube_cube::{Error, ErrorKind};
    /// assert_eq!(Error::mismatch("2 values, 3 labels").kind(), ErrorKind::Mismatch);
    /// ```
    pub fn mismatch(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Mismatch, message)
    }

    /// [`ErrorKind::DType`].
    ///
    /// ```
    /// use terracube_cube::{Error, ErrorKind};
    /// assert_eq!(Error::dtype("these are strings").kind(), ErrorKind::DType);
    /// ```
    pub fn dtype(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::DType, message)
    }

    /// [`ErrorKind::Corrupt`].
    ///
    /// ```
    /// use terracube_cube::{Error, ErrorKind};
    /// assert_eq!(Error::corrupt("chunk 0.0 is cut short").kind(), ErrorKind::Corrupt);
    /// ```
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// [`ErrorKind::Unsupported`].
    ///
    /// ```
    /// use terracube_cube::{Error, ErrorKind};
    /// assert_eq!(Error::unsupported("codec `xyz`").kind(), ErrorKind::Unsupported);
    /// ```
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// [`ErrorKind::Io`].
    ///
    /// ```
    /// use terracube_cube::{Error, ErrorKind};
    /// assert_eq!(Error::io("the disk is full").kind(), ErrorKind::Io);
    /// ```
    pub fn io(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Io, message)
    }

    /// [`ErrorKind::Cancelled`].
    ///
    /// ```
    /// use terracube_cube::Error;
    /// assert_eq!(Error::cancelled().to_string(), "the computation was cancelled");
    /// ```
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the computation was cancelled")
    }

    /// [`ErrorKind::Internal`]: a broken invariant of ours.
    ///
    /// ```
    /// use terracube_cube::Error;
    /// assert_eq!(Error::internal("no strings").to_string(), "no strings; this is a bug in Terracube; please report it");
    /// ```
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message).hint("this is a bug in Terracube; please report it")
    }

    /// The same error with a hint of what to do. An earlier hint is replaced.
    ///
    /// ```
    /// use terracube_cube::Error;
    /// assert_eq!(Error::invalid("a window of 0").hint("write 1").to_string(), "a window of 0; write 1");
    /// ```
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.inner_mut().hint = Some(hint.into());
        self
    }

    /// The same error with where it happened ("variable `t2m`, chunk 3.0.1"), outermost last.
    ///
    /// ```
    /// use terracube_cube::Error;
    /// let error = Error::corrupt("cut short").context("chunk 3.0.1").context("variable `t2m`");
    /// assert_eq!(error.to_string(), "variable `t2m`: chunk 3.0.1: cut short");
    /// ```
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.inner_mut().context.push(context.into());
        self
    }

    /// The same error with the line of code that made the mistake; an earlier one of the caller's own stays.
    #[must_use]
    pub(crate) fn at(mut self, location: &Location<'_>) -> Self {
        if self.0.place.is_none()
            && let Some(place) = Place::of(location)
        {
            self.inner_mut().place = Some(place);
        }
        self
    }

    /// The line of the caller's code that made the mistake, if known: `t.mean("latt")` keeps its line, however much later somebody asks for
    /// values. `{:#}` and `{:?}` print it below the message.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["lat"], &[1], vec![1.0]);
    /// let wrong = t.mean("latt");
    /// assert_eq!(wrong.error().unwrap().place().unwrap().line, line!() - 1);
    /// ```
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What the caller can do about it.
    ///
    /// ```
    /// use terracube_cube::{DataArray, ErrorKind};
    /// assert_eq!(DataArray::from_vec(["lat"], &[1], vec![1.0]).mean("latt").error().unwrap().kind(), ErrorKind::NotFound);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without context and hint.
    ///
    /// ```
    /// use terracube_cube::Error;
    /// assert_eq!(Error::corrupt("cut short").context("chunk 3.0.1").hint("copy it anew").message(), "cut short");
    /// ```
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, if known.
    ///
    /// ```
    /// use terracube_cube::Error;
    /// assert_eq!(Error::invalid("a window of 0").hint("write 1").hint_text(), Some("write 1"));
    /// ```
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    fn inner_mut(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for context in self.0.context.iter().rev() {
            write!(f, "{context}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, "; {hint}")?;
        }
        match &self.0.place {
            Some(place) if f.alternate() => write!(f, "\n  at {place}"),
            _ => Ok(()),
        }
    }
}

// A failed `?` in `main` or in a cell prints Debug: it must read like a sentence too.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl std::error::Error for Error {}

/// The candidate most like `name`, if any is near enough to be a slip of the keyboard.
///
/// ```
/// use terracube_cube::base::did_you_mean;
/// assert_eq!(did_you_mean("latt", ["lat", "lon"]), Some("lat"));
/// assert_eq!(did_you_mean("zz", ["lat", "lon"]), None);
/// ```
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let near = strsim::jaro_winkler(&lower, &other);
            (if other.contains(&lower) || lower.contains(&other) { near.max(0.85) } else { near }, candidate)
        })
        .filter(|(similarity, candidate)| *similarity > 0.8 && *candidate != name && !candidate.is_empty())
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_thing_and_hints() {
        let error = Error::unknown_name("dimension", "latt", ["time", "lat", "lon"]).context("variable `t2m`");
        assert_eq!(error.to_string(), "variable `t2m`: no dimension `latt`; did you mean `lat`?");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
