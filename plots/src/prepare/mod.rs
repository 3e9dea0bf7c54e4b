//! From an array to a chart: what kind, which values, which labels.
mod axis_of;
mod facet;
mod histogram;
mod line;
mod map;
mod sample;
mod scatter;
mod wording;

use terracube_cube::data::IntoPosition as _;
use terracube_cube::{DataArray, Error, Result};

use crate::chart::{MapStyle, Page};
use crate::colour::Wanted;

/// What the user asked of a figure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub title: Option<String>,
    pub size: Option<(f64, f64)>,
    pub wanted: Wanted,
    pub colour_map: Option<String>,
    pub kind: Kind,
    /// Lines go in steps.
    pub steps: bool,
    /// Components drawn as arrows over a map.
    pub arrows: Option<(DataArray, DataArray)>,
    /// A panel for each position of a dimension, and how many in a row.
    pub facet: Option<(String, usize)>,
    /// No colour bar: one is drawn for several.
    pub without_bar: bool,
}

/// The kind of a figure.
#[derive(Debug, Clone, Default)]
pub(crate) enum Kind {
    /// By the number of dimensions.
    #[default]
    Automatic,
    /// Lines along the named dimension.
    Lines(String),
    /// Counts in so many bins.
    Histogram(usize),
    /// About so many lines of equal value.
    Contours(usize),
    /// About so many bands of colour.
    Bands(usize),
    /// Points of these values against those of another array.
    Scatter(Box<DataArray>),
    /// Arrows of these values to the right and those of another array upwards.
    Quiver(Box<DataArray>),
}

/// The figure as SVG.
///
/// # Errors
/// The mistake that the array carries, what computing gives, or a kind that does not fit the array.
pub(crate) fn draw(array: &DataArray, options: &Options) -> Result<String> {
    if let Some(error) = array.error() {
        return Err(error.clone());
    }
    check_drawable(array)?;
    if let Some((dim, columns)) = &options.facet {
        return facet::draw(&squeezed(array, Some(dim.as_str())), dim, *columns, options);
    }
    let array = squeezed(array, None);
    match (&options.kind, array.dims().len()) {
        (Kind::Histogram(n_bins), _) => histogram::draw(&array, *n_bins, options),
        (Kind::Lines(x), 1 | 2) => line::draw(&array, Some(x), options),
        (Kind::Automatic, 1) => line::draw(&array, None, options),
        (Kind::Automatic, 2) => map::draw(&array, MapStyle::Cells, options),
        (Kind::Contours(n), 2) => map::draw(&array, MapStyle::Lines(*n), options),
        (Kind::Bands(n), 2) => map::draw(&array, MapStyle::Bands(*n), options),
        (Kind::Scatter(x), _) => scatter::draw(&array, x, options),
        (Kind::Quiver(v), 2) => {
            let arrows = Some((array.clone(), squeezed(v, None)));
            map::draw(&array, MapStyle::Nothing, &Options { arrows, ..options.clone() })
        }
        (Kind::Contours(_) | Kind::Bands(_), _) => Err(wrong_rank(&array, "contours need two dimensions")),
        (Kind::Quiver(_), _) => Err(wrong_rank(&array, "arrows need two dimensions")),
        (Kind::Lines(_), _) => Err(wrong_rank(&array, "lines need one or two dimensions")),
        (Kind::Automatic, _) => Err(wrong_rank(&array, "a figure needs one or two dimensions")),
    }
}

/// The page with the wanted title, or one that names the scalar coordinates.
fn page(array: &DataArray, options: &Options) -> Page {
    Page { title: options.title.clone().unwrap_or_else(|| wording::title(array)), size: options.size }
}

fn check_drawable(array: &DataArray) -> Result<()> {
    let name = wording::name(array);
    if array.dtype() == terracube_cube::DType::Utf8 {
        return Err(Error::dtype(format!("`{name}` holds strings, which cannot be drawn")));
    }
    if let Some(empty) = array.shape().iter().position(|length| *length == 0) {
        let dim = array.dims().name(empty);
        return Err(Error::new(
            terracube_cube::ErrorKind::Empty,
            format!("`{name}` has no values along `{dim}`, so there is nothing to draw"),
        ));
    }
    Ok(())
}

/// Without dimensions of one position; their labels stay for the title.
fn squeezed(array: &DataArray, but: Option<&str>) -> DataArray {
    let single: Vec<String> = array
        .dims()
        .iter()
        .zip(array.shape())
        .filter(|(dim, length)| **length == 1 && but != Some(*dim))
        .map(|(dim, _)| dim.to_owned())
        .collect();
    single.iter().fold(array.clone(), |array, dim| array.isel(dim, 0_i64.into_position()))
}

fn wrong_rank(array: &DataArray, needs: &str) -> Error {
    let name = wording::name(array);
    if array.dims().is_empty() {
        return Error::invalid(format!("`{name}` is a single value: there is nothing to draw"))
            .hint("display it as it is, or select less");
    }
    let lengths: Vec<String> =
        array.dims().iter().zip(array.shape()).map(|(dim, length)| format!("{dim}: {length}")).collect();
    // What is left is the last two dimensions, as a map would have them.
    let spare: Vec<String> = array
        .dims()
        .iter()
        .take(array.dims().len().saturating_sub(2))
        .map(|dim| format!(".isel(\"{dim}\", 0)"))
        .collect();
    let error = Error::invalid(format!("{needs}, `{name}` has {} ({})", lengths.len(), lengths.join(", ")));
    error
        .hint(format!("select with `{}`, take a mean over dimensions, or draw `.plot().histogram(50)`", spare.concat()))
}
