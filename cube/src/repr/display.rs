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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::base::{Block, Calendar, ChunkGrid, DType, Dims, Error, Region, Result, TimeUnit};
    use crate::data::{Attributes, Encoding, Variable};
    use crate::source::{Encoded, Fetch, Source};

    /// A source that counts how often it is read and fails if told to.
    #[derive(Debug)]
    struct Counted {
        grid: ChunkGrid,
        reads: AtomicUsize,
        fails: bool,
    }

    impl Source for Counted {
        fn dtype(&self) -> DType {
            DType::F32
        }
        fn grid(&self) -> &ChunkGrid {
            &self.grid
        }
        fn encoded_bound(&self, _region: &Region) -> u64 {
            0
        }
        fn fetch(&self, _region: &Region) -> Fetch {
            self.reads.fetch_add(1, Ordering::Relaxed);
            Fetch::Ready(if self.fails { Err(Error::io("the store is <gone>")) } else { Ok(Encoded::default()) })
        }
        fn decode(&self, _encoded: Encoded, region: &Region) -> Result<Block> {
            let shape: Vec<usize> = region.ranges().iter().map(|range| (range.end - range.start) as usize).collect();
            let n = shape.iter().product::<usize>();
            let first = region.ranges().first().map_or(0, |range| range.start);
            Block::new(&shape, (0..n).map(|i| (first + i as u64) as f32 / 2.0).collect())
        }
    }

    fn source(shape: &[u64], chunk: &[u64], fails: bool) -> Arc<Counted> {
        Arc::new(Counted { grid: ChunkGrid::regular(shape, chunk), reads: AtomicUsize::new(0), fails })
    }

    fn lazy(dims: &[&str], source: &Arc<Counted>) -> Variable {
        let dims = Dims::new(dims.iter().copied()).unwrap();
        Variable::from_source(dims, source.clone(), Attributes::new(), Encoding::default())
    }

    fn times() -> Variable {
        let dtype = DType::Time { unit: TimeUnit::S, calendar: Calendar::NoLeap };
        let counts: Vec<i64> = (0..4).map(|month| (365 * 30 + 31 * month) * 86_400).collect();
        Variable::from_block(Dims::new(["time"]).unwrap(), Block::with_dtype(dtype, &[4], counts).unwrap())
    }

    #[test]
    fn a_dataset_reads_its_coordinates_once_and_nothing_else() {
        let (big, lon, area) = (
            source(&[4, 1000], &[1, 500], true),
            source(&[1000], &[1000], false),
            source(&[4, 1000], &[4, 1000], true),
        );
        let dataset = Dataset::new(
            [
                ("t2m".to_owned(), lazy(&["time", "lon"], &big)),
                ("area".to_owned(), lazy(&["time", "lon"], &area)),
                ("time".to_owned(), times()),
                ("lon".to_owned(), lazy(&["lon"], &lon)),
            ],
            ["area"],
            [("title", "a\ntitle".into())].into_iter().collect(),
        )
        .unwrap();
        let expected = "\
<terracube.Dataset> Size: 36kB
Dimensions:  (time: 4, lon: 1000)
Coordinates:
  * time    (time) time[s, noleap] 32B 2000-01-01 2000-02-01 ... 2000-04-04
  * lon     (lon) float32 4kB 0.0 0.5 1.0 1.5 2.0 ... 498.0 498.5 499.0 499.5
    area    (time, lon) float32 16kB chunks=(4, 1000)
Data variables:
    t2m     (time, lon) float32 16kB chunks=(1, 500)
Attributes:
    title:    a title";
        assert_eq!(dataset.to_string(), expected);
        assert_eq!(dataset.to_string(), expected);
        let reads = [&big, &lon, &area].map(|source| source.reads.load(Ordering::Relaxed));
        assert_eq!(reads, [0, 1, 0], "only the longitudes are read, and once");
    }

    #[test]
    fn a_store_that_does_not_answer_is_asked_once_and_shown() {
        let gone = source(&[3], &[3], true);
        let dataset =
            Dataset::new(["x", "y"].map(|name| (name.to_owned(), lazy(&[name], &gone))), [], Attributes::new())
                .unwrap();
        let bundle = dataset.mime_bundle();
        assert!(bundle.plain().contains("failed: "), "{}", bundle.plain());
        let Some(Data::Text(page)) = bundle.get("text/html") else { panic!("no HTML") };
        assert!(page.contains("the store is &lt;gone&gt;") && !page.contains("<gone>"));
        assert!(gone.reads.load(Ordering::Relaxed) <= 4, "not asked again for every coordinate");
    }

    #[test]
    fn arrays_show_values_that_are_in_memory_and_mistakes() {
        let array = DataArray::from_vec(["x"], &[3], vec![1.0, 2.5, f64::NAN]).named("t").with_attr("units", "K");
        let expected = "<terracube.DataArray 't' (x: 3)> Size: 24B\n[1.0 2.5 nan]\nAttributes:\n    units:    K";
        assert_eq!(array.to_string(), expected);
        let wrong = array.mean("xx");
        assert!(
            wrong.to_string().starts_with("<terracube.DataArray 't'> that failed\n    no dimension `xx`"),
            "{wrong}"
        );
        assert!(array.group_by("zz").to_string().contains("no coordinate `zz`"));
        let values = array.values().unwrap();
        assert_eq!(values.to_string(), "<terracube.Array (x: 3) float64>\n[1.0 2.5 nan]");
        assert!(
            matches!(values.mime_bundle().get("text/html"), Some(Data::Text(page)) if page.contains("[1.0 2.5 nan]"))
        );
    }

    #[test]
    fn a_large_coordinate_is_read_at_its_ends() {
        let large = source(&[10_000_000], &[1000], false);
        let dataset = Dataset::new([("x".to_owned(), lazy(&["x"], &large))], [], Attributes::new()).unwrap();
        let text = dataset.to_string();
        assert!(text.contains("* x       (x) float32 40MB 0.0 0.5 1.0 ") && text.contains(" ... "), "{text}");
        assert!(large.reads.load(Ordering::Relaxed) <= 4);
    }
}
