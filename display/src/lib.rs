//! The display contract: the one edge between the cube and the kernel. Plain data, no dependencies.
//!
//! A value that can be drawn implements [`RichDisplay`]; the kernel forwards the [`MimeBundle`] and knows nothing of the value.
//!
//! ```
//! use terracube_display::{Data, MimeBundle};
//! let bundle = MimeBundle::text("hello").with("text/html", Data::Text("<b>hello</b>".into()));
//! assert_eq!(bundle.plain(), "hello");
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod frame;

/// The content of one representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// UTF-8 text (HTML, SVG, plain text, Markdown).
    Text(String),
    /// Raw bytes (PNG ...); base64 on the wire is the kernel's business.
    Bytes(Vec<u8>),
    /// A JSON document, already serialised.
    Json(String),
}

/// One value in several representations, keyed by MIME type, in the order of insertion. `text/plain` is always there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MimeBundle {
    parts: Vec<(String, Data)>,
}

impl MimeBundle {
    /// A bundle with only a plain-text representation.
    pub fn text(plain: impl Into<String>) -> Self {
        Self { parts: vec![("text/plain".into(), Data::Text(plain.into()))] }
    }

    /// The same bundle with one more representation; one of the same MIME type is replaced.
    #[must_use]
    pub fn with(mut self, mime: impl Into<String>, data: Data) -> Self {
        let mime = mime.into();
        match self.parts.iter_mut().find(|(m, _)| *m == mime) {
            Some(part) => part.1 = data,
            None => self.parts.push((mime, data)),
        }
        self
    }

    /// All representations as `(mime, data)`.
    pub fn parts(&self) -> &[(String, Data)] {
        &self.parts
    }

    /// The representation of one MIME type; `None` if the value has none.
    pub fn get(&self, mime: &str) -> Option<&Data> {
        self.parts.iter().find(|(m, _)| m == mime).map(|(_, d)| d)
    }

    /// The plain-text representation.
    pub fn plain(&self) -> &str {
        match self.get("text/plain") {
            Some(Data::Text(text)) => text,
            _ => "",
        }
    }
}

/// Implemented by every value that a notebook draws as more than text.
pub trait RichDisplay {
    /// All representations of the value. Must be cheap: a representation reads at most a corner of the data.
    fn mime_bundle(&self) -> MimeBundle;
}
