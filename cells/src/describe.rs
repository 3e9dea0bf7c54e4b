//! What the session's datasets and arrays hold, for completion inside strings and for lists of variables.
use std::collections::BTreeMap;
use std::ffi::{CString, c_char};

use serde_json::{Value, json};
use terracube::cube::{Coords, DType, DataArray, Dataset};

use crate::variable_store::VariableStore;

/// Names beyond which completion of a string helps nobody.
const MOST_NAMES: usize = 2000;
/// Parts of a time that can be grouped by.
const TIME_PARTS: &[&str] = &["year", "month", "season", "dayofyear", "day", "hour"];

/// JSON about the variables of a session, by name: a one-line `summary`, and `strings`: names that may stand in a string
/// argument, by method; under `""` for all others.
pub(crate) fn describe(store: &VariableStore) -> Value {
    let described: BTreeMap<&str, Value> = store
        .values()
        .filter_map(|(name, value)| {
            let description = value
                .downcast_ref::<Dataset>()
                .map(dataset)
                .or_else(|| value.downcast_ref::<DataArray>().map(data_array))?;
            Some((name, description))
        })
        .collect();
    json!(described)
}

/// The same as text that the caller gives back to [`terracube_cells_forget`]; null if there is nothing to say.
///
/// # Safety
/// `store` is null or what a cell's function returned, and no cell runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn terracube_cells_describe(store: *const VariableStore) -> *mut c_char {
    // SAFETY: the caller's promise.
    let Some(store) = (unsafe { store.as_ref() }) else { return std::ptr::null_mut() };
    // A panic must not leave through C frames.
    let text = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| describe(store).to_string()));
    text.ok().and_then(|text| CString::new(text).ok()).map_or(std::ptr::null_mut(), CString::into_raw)
}

/// Frees what [`terracube_cells_describe`] returned.
///
/// # Safety
/// `text` is null or came from that function and was not given back before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn terracube_cells_forget(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { CString::from_raw(text) });
    }
}

fn dataset(dataset: &Dataset) -> Value {
    let variables: Vec<&str> = dataset.names().take(MOST_NAMES).collect();
    let sizes: Vec<String> = dataset.dims().iter().map(|(name, size)| format!("{name}: {size}")).collect();
    let coords: Vec<&str> = dataset.coords().names().collect();
    let mut labels: Vec<String> = dataset.dims().into_iter().map(|(name, _)| name).collect();
    labels.extend(coords.iter().map(|name| (*name).to_owned()));
    let grouped = time_parts(dataset.coords());
    json!({
        "summary": format!("Dataset ({}), {} variables", sizes.join(", "), variables.len()),
        "strings": {"var": variables, "select": variables, "coord": coords, "group_by": grouped, "": sorted(labels)},
    })
}

fn data_array(array: &DataArray) -> Value {
    let coords: Vec<&str> = array.coords().names().collect();
    let sizes: Vec<String> =
        array.dims().iter().zip(array.shape()).map(|(name, size)| format!("{name}: {size}")).collect();
    let mut labels: Vec<String> = array.dims().iter().map(|name| name.to_string()).collect();
    labels.extend(coords.iter().map(|name| (*name).to_owned()));
    let grouped = time_parts(array.coords());
    json!({
        "summary": format!("{} ({}) {}", array.name().unwrap_or("array"), sizes.join(", "), array.dtype()),
        "strings": {"coord": coords, "group_by": grouped, "": sorted(labels)},
    })
}

fn time_parts(coords: &Coords) -> Vec<String> {
    let times = coords.iter().filter(|coord| matches!(coord.variable().dtype(), DType::Time { .. }));
    times.flat_map(|time| TIME_PARTS.iter().map(|part| format!("{}.{part}", time.name()))).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names.truncate(MOST_NAMES);
    names
}
