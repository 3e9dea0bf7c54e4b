//! Small PNG pictures of at most 256 colours.
use terracube_cube::{Error, Result};

/// A PNG of `width` x `height` pixels, one palette index each, rows from the top. Palette entries are RGBA.
pub(crate) fn indexed_png(width: usize, height: usize, palette: &[[u8; 4]], pixels: &[u8]) -> Result<Vec<u8>> {
    let refused =
        |why: &dyn std::fmt::Display| Error::internal(format!("a picture of {width} x {height} pixels: {why}"));
    let size = |length: usize| u32::try_from(length).map_err(|e| refused(&e));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size(width)?, size(height)?);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_palette(palette.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect::<Vec<u8>>());
    encoder.set_trns(palette.iter().map(|[.., alpha]| *alpha).collect::<Vec<u8>>());
    let mut writer = encoder.write_header().map_err(|e| refused(&e))?;
    writer.write_image_data(pixels).map_err(|e| refused(&e))?;
    writer.finish().map_err(|e| refused(&e))?;
    Ok(out)
}
