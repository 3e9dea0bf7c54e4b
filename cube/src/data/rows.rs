//! Cubes as tables and tables as cubes.
use super::{DataArray, Dataset};
use crate::base::{Error, Result};

impl DataArray {
    /// A table with a column for the values and one for the labels of each dimension; see [`Dataset::to_table`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 2.0]).with_coord("y", vec![5]).with_coord("x", vec![0, 1]);
    /// let table = t.named("t").to_table();
    /// assert_eq!((table.var("t").to_f64()?, table.var("x").to_f64()?), (vec![1.0, 2.0], vec![0.0, 1.0]));
    /// assert_eq!(table.var("y").to_f64()?, [5.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_table(&self) -> Dataset {
        self.to_dataset().to_table()
    }
}

impl Dataset {
    /// A table: every combination of labels is a position of the one dimension `row`, and coordinates are columns as variables are
    /// (xarray's `to_dataframe().reset_index()`). Dimensions without labels count from 0. The columns of labels are made in memory. Write it
    /// with `.write("x.parquet")`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 2, 3, 4]).with_coord("x", vec![10, 20]).with_coord("y", vec![0, 1]).named("t");
    /// let table = t.to_table();
    /// assert_eq!(table.var("x").to_vec::<i32>()?, [10, 20, 10, 20]);
    /// assert_eq!(table.pivot(["y", "x"]).var("t").to_vec::<i32>()?, [1, 2, 3, 4]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_table(&self) -> Self {
        self.or_failing(self.as_rows().map_err(|error| error.context("to_table")))
    }

    #[track_caller]
    fn as_rows(&self) -> Result<Self> {
        let dims: Vec<(String, u64)> = self.dims();
        let names: Vec<&str> = dims.iter().map(|(dim, _)| dim.as_str()).collect();
        if names.is_empty() {
            return Err(Error::invalid("a dataset without dimensions is no table"));
        }
        if names.contains(&"row") {
            return Err(
                Error::invalid("there is a dimension `row` already").hint("it is a table, or rename the dimension")
            );
        }
        let counted: Vec<(&str, DataArray)> = dims
            .iter()
            .filter(|(dim, _)| self.coords().get(dim).is_none())
            .map(|(dim, len)| (dim.as_str(), DataArray::from_vec([dim], &[*len as usize], (0..*len as i64).collect())))
            .collect();
        let labelled = self.assign_coords(counted.iter().map(|(dim, labels)| (*dim, labels)));
        // A field over all dimensions makes every variable as long as the table.
        let stacked = labelled.stack("row", &names);
        if let Some(error) = stacked.error() {
            return Err(error.clone());
        }
        let columns: Vec<String> = stacked.coords().names().map(ToOwned::to_owned).collect();
        let scalars = |name: &String| stacked.coords().get(name).is_some_and(|c| c.variable().dims().is_empty());
        let along: Vec<&String> = columns.iter().filter(|name| !scalars(name)).collect();
        let table = stacked.reset_coords(&along);
        // Labels first, as a table is read.
        let order = along.iter().map(|name| name.as_str()).chain(self.names());
        table.select(order)
    }

    /// A cube out of a table: the named columns become dimensions with sorted labels, every other column a variable over them, missing where
    /// no row has such labels (xarray's `set_index([...]).to_xarray()`, pandas' `pivot`). Reads the named columns. Rows with the same labels
    /// are an error.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let column = |values: Vec<f64>| DataArray::from_vec(["row"], &[3], values);
    /// let table = column(vec![1.0, 2.0, 3.0]).named("t").to_dataset()
    ///     .assign([("y", &column(vec![0.0, 0.0, 1.0])), ("x", &column(vec![7.0, 8.0, 7.0]))]);
    /// let cube = table.pivot(["y", "x"]);
    /// assert_eq!(cube.var("t").fill_missing(-1.0).to_f64()?, [1.0, 2.0, 3.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pivot<S: AsRef<str>>(&self, columns: impl IntoIterator<Item = S>) -> Self {
        let names: Vec<String> = columns.into_iter().map(|name| name.as_ref().to_owned()).collect();
        self.or_failing(self.as_cube(&names).map_err(|error| error.context("pivot")))
    }

    #[track_caller]
    fn as_cube(&self, names: &[String]) -> Result<Self> {
        let dims = self.dims();
        let [(row, _)] = dims.as_slice() else {
            let held: Vec<&str> = dims.iter().map(|(dim, _)| dim.as_str()).collect();
            return Err(Error::invalid(format!("a table has one dimension, this dataset has {}", held.join(", "))));
        };
        if let Some(unknown) = names.iter().find(|name| self.var(name).error().is_some()) {
            return Err(Error::unknown_name("column", unknown, self.names().chain(self.coords().names())));
        }
        let keys = names.iter().filter(|name| self.coords().get(name).is_none());
        let keyed = self.set_coords(keys);
        let cube = keyed.unstack(row, names);
        cube.error().map_or(Ok(cube.clone()), |error| Err(error.clone()))
    }
}
