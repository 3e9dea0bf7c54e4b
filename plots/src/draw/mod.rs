//! Marks on a page: SVG, PNG, and how wide text is.
mod canvas;
mod png_image;
mod text_width;
mod to_png;

pub(crate) use canvas::{Anchor, Canvas, Text, escaped};
pub(crate) use png_image::indexed_png;
pub(crate) use text_width::{shorten, text_width};
pub(crate) use to_png::svg_to_png;
