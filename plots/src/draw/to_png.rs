//! SVG drawn into pixels by resvg.
use std::sync::{Arc, OnceLock};

use resvg::{tiny_skia, usvg};
use terracube_cube::{Error, Result};

/// The PNG of an SVG of ours, `scale` pixels to each of its units.
///
/// # Errors
/// If the machine has no font to write with, or the picture is too large.
pub(crate) fn svg_to_png(svg: &str, scale: f32) -> Result<Vec<u8>> {
    let fonts = fonts();
    if fonts.is_empty() {
        return Err(Error::unsupported("a PNG cannot be drawn: no font was found on this machine")
            .hint("install a font, for example Debian's fonts-dejavu-core, or save as .svg"));
    }
    let options = usvg::Options { fontdb: fonts, ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| Error::internal(format!("a figure is no SVG: {e}")))?;
    let size = tree.size();
    let (width, height) = ((size.width() * scale).ceil() as u32, (size.height() * scale).ceil() as u32);
    let mut pixels = tiny_skia::Pixmap::new(width, height)
        .ok_or_else(|| Error::invalid(format!("a picture of {width} x {height} pixels cannot be made")))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| Error::internal(format!("a PNG was not written: {e}")))
}

/// The machine's fonts, looked up once. Where the usual names are absent, any font stands in for "sans-serif".
fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut database = usvg::fontdb::Database::new();
            database.load_system_fonts();
            let preferred = ["Liberation Sans", "Arial", "Helvetica", "DejaVu Sans", "Noto Sans"];
            let families: Vec<String> =
                database.faces().flat_map(|face| face.families.iter().map(|(name, _)| name.clone())).collect();
            let known = preferred.iter().find(|name| families.iter().any(|family| family == *name));
            if let Some(family) = known.map(|name| (*name).to_owned()).or_else(|| families.first().cloned()) {
                database.set_sans_serif_family(family);
            }
            Arc::new(database)
        })
        .clone()
}
