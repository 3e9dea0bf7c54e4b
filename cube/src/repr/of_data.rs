//! From the data model to what is shown. Reads at most the labels of 1-D coordinates.
use super::values::{preview, preview_of_ends};
use super::view::{ChunksView, ErrorView, Preview, VariableView, View};
use crate::base::Error;
use crate::data::{Attributes, Coord, Coords, DataArray, Dataset, Variable, compute};

/// 1-D coordinates of up to so many bytes are read whole, and kept as a selection by label would keep them.
const SMALL: u64 = 1 << 20;
/// Coordinates that are read for one representation; the others show nothing but their shape.
const MOST_READ: usize = 40;
/// Values read from each end of a larger 1-D coordinate.
const END: i64 = 10;

/// What is shown of an array.
pub(crate) fn array_view(array: &DataArray) -> View {
    let name = array.name().map(str::to_owned);
    if let Some(error) = array.error() {
        return View { kind: "DataArray", name, error: Some(error_view(error)), ..View::default() };
    }
    let mut view = variable_view(array.name().unwrap_or_default(), array.variable());
    if let Some(values) = array.loaded() {
        view.preview = preview(values.block());
        view.chunks = None;
    }
    View {
        kind: "DataArray",
        name,
        dims: lengths(array.variable()),
        n_bytes: array.n_bytes(),
        coords: coord_views(array.coords()),
        attrs: attribute_texts(array.attrs()),
        array: Some(view),
        ..View::default()
    }
}

/// What is shown of a dataset. Variables that carry a mistake show it on their own line.
pub(crate) fn dataset_view(dataset: &Dataset) -> View {
    let variables = dataset.variables().map(|(name, variable)| {
        let mut view = variable_view(name, variable);
        if let Some(values) = DataArray::new(None, variable.clone(), Coords::default()).loaded() {
            view.preview = preview(values.block());
            view.chunks = None;
        }
        view
    });
    View {
        kind: "Dataset",
        dims: dataset.dims(),
        n_bytes: dataset.n_bytes(),
        coords: coord_views(dataset.coords()),
        variables: variables.collect(),
        attrs: attribute_texts(dataset.attrs()),
        ..View::default()
    }
}

/// The message and the hint apart.
pub(crate) fn error_view(error: &Error) -> ErrorView {
    let hint = error.hint_text().map(str::to_owned);
    let whole = error.to_string();
    let message = hint.as_ref().and_then(|hint| whole.strip_suffix(hint.as_str()));
    let message = message.and_then(|text| text.strip_suffix("; ")).unwrap_or(&whole).to_owned();
    ErrorView { message, hint, place: error.place().map(ToString::to_string) }
}

fn variable_view(name: &str, variable: &Variable) -> VariableView {
    let item = variable.dtype().item_size() as u64;
    let bytes = |shape: &[u64]| shape.iter().fold(item, |n, length| n.saturating_mul(*length));
    let grid = variable.chunks();
    let largest = grid.largest_chunk();
    VariableView {
        name: name.to_owned(),
        dims: variable.dims().iter().map(str::to_owned).collect(),
        shape: variable.shape().to_vec(),
        dtype: variable.dtype().to_string(),
        n_bytes: bytes(variable.shape()),
        is_index: false,
        chunks: variable.error().is_none().then(|| ChunksView {
            n_bytes: bytes(&largest),
            counts: grid.counts(),
            n_chunks: grid.n_chunks(),
            largest,
        }),
        preview: Preview::Unread,
        attrs: attribute_texts(variable.attrs()),
        error: variable.error().map(error_view),
    }
}

fn coord_views(coords: &Coords) -> Vec<VariableView> {
    let mut n_read = 0;
    // A store that does not answer is asked once.
    let mut failed = false;
    let mut views: Vec<VariableView> = Vec::with_capacity(coords.len());
    for coord in coords.iter() {
        let mut view = variable_view(coord.name(), coord.variable());
        view.is_index = coord.is_dimension();
        if view.error.is_none() {
            let may_read = n_read < MOST_READ && !failed && coord.variable().dims().len() <= 1;
            if let Some(block) = coord.loaded() {
                view.preview = preview(&block);
                view.chunks = None;
            } else if may_read {
                n_read += 1;
                view.preview = read_corner(coord, view.n_bytes);
                failed = matches!(view.preview, Preview::Failed(_));
                view.chunks = view.chunks.filter(|chunks| chunks.n_chunks > 1);
            }
        }
        views.push(view);
    }
    // As xarray: what labels a dimension comes first.
    views.sort_by_key(|view| !view.is_index);
    views
}

fn read_corner(coord: &Coord, n_bytes: u64) -> Preview {
    if n_bytes <= SMALL {
        return coord.values().map_or_else(|error| Preview::Failed(error.to_string()), |block| preview(&block));
    }
    let array = DataArray::new(None, coord.variable().clone(), Coords::default());
    let Some(dim) = array.dims().iter().next() else { return Preview::Unread };
    let ends = compute((&array.isel(dim, ..END), &array.isel(dim, -END..)));
    match ends.and_then(|(first, last)| Ok((first.values()?, last.values()?))) {
        Ok((first, last)) => preview_of_ends(first.block(), last.block(), array.size()),
        Err(error) => Preview::Failed(error.to_string()),
    }
}

fn lengths(variable: &Variable) -> Vec<(String, u64)> {
    variable.dims().iter().map(str::to_owned).zip(variable.shape().iter().copied()).collect()
}

fn attribute_texts(attrs: &Attributes) -> Vec<(String, String)> {
    attrs.iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect()
}
