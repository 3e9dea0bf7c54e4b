//! How values of the data model are displayed: `Display` for the terminal, [`RichDisplay`] for the notebook.
use std::fmt;

use terracube_display::{Data, MimeBundle, RichDisplay};

use super::html::{html, html_of_values};
use super::nested::nested;
use super::of_data::{array_view, dataset_view, error_view};
use super::text::text;
use super::view::View;
use crate::data::{Array, DataArray, Dataset, GroupBy};

/// As xarray prints it: dimensions, coordinates with their first and last labels, attributes. Reads at most 1-D coordinates.
impl fmt::Display for DataArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&array_view(self)))
    }
}

/// As xarray prints it: dimensions, coordinates with their first and last labels, variables, attributes. Reads at most 1-D coordinates.
impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&dataset_view(self)))
    }
}

/// The values as numpy prints them, with the names of the axes; the middle of long axes is left out.
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<terracube.{}>\n{}", head(self), values(self))
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error() {
            Some(_) => f.write_str(&text(&failed_groups(self))),
            None => write!(f, "<terracube.GroupBy> with {} groups", self.n_groups()),
        }
    }
}

impl RichDisplay for DataArray {
    fn mime_bundle(&self) -> MimeBundle {
        of_view(&array_view(self))
    }
}

impl RichDisplay for Dataset {
    fn mime_bundle(&self) -> MimeBundle {
        of_view(&dataset_view(self))
    }
}

impl RichDisplay for Array {
    fn mime_bundle(&self) -> MimeBundle {
        let page = html_of_values(&format!("terracube.{}", head(self)), &values(self));
        MimeBundle::text(self.to_string()).with("text/html", Data::Text(page))
    }
}

impl RichDisplay for GroupBy {
    fn mime_bundle(&self) -> MimeBundle {
        match self.error() {
            Some(_) => of_view(&failed_groups(self)),
            None => MimeBundle::text(self.to_string()),
        }
    }
}

fn of_view(view: &View) -> MimeBundle {
    MimeBundle::text(text(view)).with("text/html", Data::Text(html(view)))
}

fn failed_groups(groups: &GroupBy) -> View {
    View { kind: "GroupBy", error: groups.error().map(error_view), ..View::default() }
}

/// "Array (lat: 3, lon: 4) float32".
fn head(array: &Array) -> String {
    let lengths = array.dims().iter().zip(array.shape()).map(|(name, length)| format!("{name}: {length}"));
    format!("Array ({}) {}", lengths.collect::<Vec<_>>().join(", "), array.dtype())
}

fn values(array: &Array) -> String {
    nested(array.block()).unwrap_or_else(|error| error.to_string())
}
