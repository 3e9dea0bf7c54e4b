//! Datasets from arrays and arrays from datasets: a dimension as variables, variables as a dimension.
use super::{DataArray, Dataset, broadcast, concat};
use crate::base::{Block, Error, Kind, Result};

/// More labels than this are no names of variables.
const MOST_VARIABLES: u64 = 10_000;

impl DataArray {
    /// A variable for every label of a dimension, under that label as name (xarray's `to_dataset(dim=...)`): bands, members. Reads the
    /// coordinate.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let t = DataArray::from_vec(["band", "x"], &[2, 2], vec![1, 2, 3, 4])
    ///     .with_coord_block("band", Block::from_strings(&[2], &["red", "nir"])?);
    /// let bands = t.to_dataset_along("band");
    /// assert_eq!(bands.var("nir").to_vec::<i32>()?, [3, 4]);
    /// assert_eq!(bands.to_array("band").to_vec::<i32>()?, [1, 2, 3, 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_dataset_along(&self, dim: &str) -> Dataset {
        self.to_dataset().or_failing(self.parts(dim).map_err(|error| error.context("to_dataset_along")))
    }

    #[track_caller]
    fn parts(&self, dim: &str) -> Result<Dataset> {
        self.check()?;
        let len = self.shape()[self.dims().axis(dim)?];
        if len > MOST_VARIABLES {
            return Err(Error::unsupported(format!(
                "`{dim}` has {len} labels, at most {MOST_VARIABLES} become variables"
            )));
        }
        let labels = self.labels(dim)?.values()?;
        let names: Vec<String> = match labels.dtype().kind() {
            Kind::Text => (0..labels.len()).filter_map(|i| Some(labels.text()?.value(i).to_owned())).collect(),
            Kind::Float => labels.to_f64()?.iter().map(ToString::to_string).collect(),
            Kind::Integer => labels.to_f64()?.iter().map(|label| format!("{label:.0}")).collect(),
            _ => return Err(Error::dtype(format!("`{dim}` has labels of {}, names are needed", labels.dtype()))),
        };
        (0..len as i64).zip(&names).try_fold(
            Dataset::default().with_attrs(self.attrs().clone()),
            |made, (position, name)| {
                if made.names().any(|held| held == name) {
                    return Err(Error::invalid(format!("label {name} of `{dim}` stands twice")));
                }
                made.with_var(name, &self.isel(dim, position).drop_vars([dim]).named(name))
            },
        )
    }
}

impl Dataset {
    /// All variables one behind the other along a new dimension in front, whose labels are their names; each is repeated along the
    /// dimensions that it lacks, dtypes meet (xarray's `to_dataarray`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t");
    /// let array = t.to_dataset().assign([("p", &DataArray::from_vec(["x"], &[2], vec![5.0, 6.0]))]).to_array("variable");
    /// assert_eq!((array.shape(), array.sel("variable", "p").to_f64()?), (&[2u64, 2][..], vec![5.0, 6.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_array(&self, dim: &str) -> DataArray {
        let built = || -> Result<DataArray> {
            let arrays: Vec<DataArray> = self.names().map(|name| self.var(name)).collect();
            if arrays.is_empty() {
                return Err(Error::invalid("a dataset without variables"));
            }
            if arrays.iter().any(|array| array.dims().contains(dim)) {
                return Err(Error::invalid(format!("there is a dimension `{dim}` already")));
            }
            let full = broadcast(&arrays.iter().collect::<Vec<_>>())?;
            let unnamed: Vec<DataArray> = full.iter().map(Self::plain).collect();
            let names: Vec<&str> = self.names().collect();
            let joined = concat(&unnamed.iter().collect::<Vec<_>>(), dim).checked()?;
            Ok(joined
                .with_coord_block(dim, Block::from_strings(&[names.len()], &names)?)
                .with_attrs(self.attrs().clone()))
        };
        DataArray::from_result(built().map_err(|error| error.context("to_array")))
    }

    /// Without a name and attributes, which are those of one variable.
    #[track_caller]
    fn plain(array: &DataArray) -> DataArray {
        DataArray { name: None, ..array.with_attrs(Default::default()) }
    }
}
