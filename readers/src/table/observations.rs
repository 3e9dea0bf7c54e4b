//! Discrete sampling geometries of CF (chapter 9) as tables: a row for every observation, with all that is known of it.
use terracube_cube::data::{Coords, Dataset, Variable, cf_role};
use terracube_cube::{DType, DataArray, Error, Result};

use super::ROW;

/// The observations of profiles, trajectories and time series as one table along `row`.
///
/// Understood are contiguous ragged arrays (a variable with `sample_dimension` counts the observations of each feature), indexed ones (a
/// variable with `instance_dimension` names the feature of each observation), both together (profiles of stations), and arrays of two
/// dimensions such as Argo's, of which positions without any value are left out. What is known of a feature (its place, its name) stands
/// beside each of its observations. Times, latitudes, longitudes and depths are coordinates, so that the table can be given to
/// [`at_points`](terracube_cube::DataArray::at_points). Counts and indexes are read, and the values of two-dimensional arrays once to see
/// which are there; the rest stays lazy.
///
/// ```no_run
/// let profiles = terracube_readers::observations(&terracube_readers::open("2902269_prof.nc")?)?;
/// # Ok::<(), terracube_cube::Error>(())
/// ```
///
/// # Errors
/// If the dataset has no such form, or its counts and indexes do not fit together.
pub fn observations(dataset: &Dataset) -> Result<Dataset> {
    let all = every_variable(dataset);
    let placed = match ragged(&all)? {
        Some(placed) => placed,
        None => rectangular(&all)?,
    };
    let mut rows: Vec<(String, Variable)> = Vec::new();
    for (name, variable) in &all {
        if variable.attrs().get("sample_dimension").is_some() || variable.attrs().get("instance_dimension").is_some() {
            continue;
        }
        if let Some(array) = placed.along_rows(name, variable) {
            if let Some(error) = array.error() {
                return Err(error.clone().context(format!("variable `{name}`")));
            }
            rows.push((name.clone(), array.variable().clone().with_encoding(variable.encoding().clone())));
        }
    }
    let is_coordinate = |(name, variable): &&(String, Variable)| {
        cf_role(name, variable).is_some() || variable.attrs().get("cf_role").is_some()
    };
    let coordinates: Vec<String> = rows.iter().filter(is_coordinate).map(|(name, _)| name.clone()).collect();
    Dataset::new(rows, coordinates.iter().map(String::as_str), dataset.attrs().clone())
}

fn every_variable(dataset: &Dataset) -> Vec<(String, Variable)> {
    let coords = dataset.coords().iter().map(|coord| (coord.name().to_owned(), coord.variable().clone()));
    coords.chain(dataset.variables().map(|(name, variable)| (name.to_owned(), variable.clone()))).collect()
}

/// Where the rows stand.
struct Placed {
    /// The dimensions that make rows together: the one of observations, or two that are laid out.
    dims: Vec<String>,
    /// Which positions of these dimensions, laid out, are rows; `None` if all are.
    kept: Option<Vec<i64>>,
    /// For other dimensions, the position that belongs to each row.
    beside: Vec<(String, Vec<i64>)>,
}

impl Placed {
    /// A variable along the rows; `None` if it has another dimension.
    fn along_rows(&self, name: &str, variable: &Variable) -> Option<DataArray> {
        let mut array = DataArray::new(Some(name), variable.clone(), Coords::default());
        let dims: Vec<String> = variable.dims().iter().map(str::to_owned).collect();
        if !self.dims.is_empty() && dims == self.dims {
            if self.dims.len() > 1 {
                array = array.stack(ROW, &self.dims);
            } else if self.dims[0] != ROW {
                array = array.rename([(self.dims[0].as_str(), ROW)]);
            }
            return Some(match &self.kept {
                Some(kept) => array.isel(ROW, kept.clone()),
                None => array,
            });
        }
        let [dim] = &dims[..] else { return None };
        let (_, positions) = self.beside.iter().find(|(beside, _)| beside == dim)?;
        Some(array.isel(dim, positions.clone()).rename([(dim.as_str(), ROW)]))
    }
}

/// Ragged arrays: which feature each observation belongs to.
fn ragged(all: &[(String, Variable)]) -> Result<Option<Placed>> {
    let named = |attribute: &'static str| {
        all.iter().filter_map(move |(name, variable)| {
            Some((
                name,
                variable,
                variable.attrs().text(attribute)?.to_owned(),
                variable.dims().iter().next()?.to_owned(),
            ))
        })
    };
    let mut beside: Vec<(String, Vec<i64>)> = Vec::new();
    let mut rows: Option<String> = None;
    for (name, variable, sample, instance) in named("sample_dimension") {
        let mut positions = Vec::new();
        for (feature, count) in numbers(name, variable)?.into_iter().enumerate() {
            if count < 0 || count as u64 > MOST_ROWS - positions.len() as u64 {
                return Err(Error::corrupt(format!("`{name}` counts {count} observations")));
            }
            positions.extend(std::iter::repeat_n(feature as i64, count as usize));
        }
        check_length(all, name, &sample, positions.len())?;
        beside.push((instance, positions));
        rows = Some(sample);
    }
    for (name, variable, instance, own) in named("instance_dimension") {
        let index = numbers(name, variable)?;
        let len = length(all, &instance);
        if let Some(wrong) = index.iter().find(|&&i| i < 0 || len.is_some_and(|len| i as u64 >= len)) {
            return Err(Error::corrupt(format!("`{name}` names feature {wrong} of `{instance}`, which is not there")));
        }
        // Profiles of stations: the rows' profile tells the station.
        let positions = match beside.iter().find(|(dim, _)| *dim == own) {
            Some((_, profile)) => profile.iter().filter_map(|&p| index.get(p as usize).copied()).collect(),
            None => {
                rows.get_or_insert(own);
                index
            }
        };
        beside.push((instance, positions));
    }
    Ok(rows.map(|rows| Placed { dims: vec![rows], kept: None, beside }))
}

/// Rows of a table at most.
const MOST_ROWS: u64 = 1 << 32;

/// Arrays of two dimensions, of which only the positions with a value are rows.
fn rectangular(all: &[(String, Variable)]) -> Result<Placed> {
    let is_value = |variable: &Variable| variable.dtype().is_float() && variable.error().is_none();
    let rank = |n: usize| all.iter().find(|(_, variable)| variable.dims().len() == n && is_value(variable));
    let Some((_, main)) = rank(2) else {
        return Err(Error::unsupported("there are no observations: no ragged arrays, and no values of two dimensions")
            .hint("CF names them with `sample_dimension` or `instance_dimension`"));
    };
    let dims: Vec<String> = main.dims().iter().map(str::to_owned).collect();
    let n_inner = main.shape()[1] as i64;
    let mut present = vec![false; main.shape().iter().product::<u64>() as usize];
    for (name, variable) in all.iter().filter(|(_, variable)| is_value(variable)) {
        if variable.dims().iter().eq(main.dims().iter()) {
            let array = DataArray::new(Some(name), variable.clone(), Coords::default());
            for (known, value) in present.iter_mut().zip(array.to_f64()?) {
                *known |= !value.is_nan();
            }
        }
    }
    let kept: Vec<i64> = (0..present.len() as i64).filter(|&i| present[i as usize]).collect();
    let beside = vec![
        (dims[0].clone(), kept.iter().map(|i| i / n_inner).collect()),
        (dims[1].clone(), kept.iter().map(|i| i % n_inner).collect()),
    ];
    Ok(Placed { dims, kept: Some(kept), beside })
}

fn numbers(name: &str, variable: &Variable) -> Result<Vec<i64>> {
    let array = DataArray::new(Some(name), variable.clone(), Coords::default());
    if variable.dims().len() != 1 || !variable.dtype().is_numeric() {
        return Err(Error::corrupt(format!(
            "`{name}` should count or number features, but is {} of {} dimensions",
            variable.dtype(),
            variable.dims().len()
        )));
    }
    array.cast(DType::I64).values()?.to_vec::<i64>()
}

fn length(all: &[(String, Variable)], dim: &str) -> Option<u64> {
    all.iter().find_map(|(_, variable)| variable.dims().position(dim).map(|axis| variable.shape()[axis]))
}

fn check_length(all: &[(String, Variable)], name: &str, dim: &str, n: usize) -> Result<()> {
    match length(all, dim) {
        Some(len) if len != n as u64 => {
            Err(Error::corrupt(format!("`{name}` counts {n} observations in all, but `{dim}` has {len}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use terracube_cube::{Attribute, Attributes, Block, Dims};

    fn variable(dims: &[&str], block: Block, attributes: &[(&str, &str)]) -> Variable {
        let attributes: Attributes = attributes.iter().map(|(name, value)| (*name, Attribute::from(*value))).collect();
        Variable::from_block(Dims::new(dims).unwrap(), block).with_attrs(attributes)
    }

    fn dataset(variables: Vec<(&str, Variable)>) -> Dataset {
        let variables = variables.into_iter().map(|(name, variable)| (name.to_owned(), variable));
        Dataset::new(variables.collect::<Vec<_>>(), ["lat"], Attributes::new()).unwrap()
    }

    fn stations() -> Vec<(&'static str, Variable)> {
        vec![
            (
                "lat",
                variable(
                    &["station"],
                    Block::new(&[3], vec![10.0, 20.0, 30.0]).unwrap(),
                    &[("units", "degrees_north")],
                ),
            ),
            (
                "name",
                variable(
                    &["station"],
                    Block::from_strings(&[3], ["a", "b", "c"]).unwrap(),
                    &[("cf_role", "timeseries_id")],
                ),
            ),
            ("t", variable(&["obs"], Block::new(&[4], vec![1.0, 2.0, 3.0, 4.0]).unwrap(), &[])),
        ]
    }

    fn column(table: &Dataset, name: &str) -> Vec<f64> {
        if table.coords().get(name).is_some() {
            table.coord(name).to_f64().unwrap()
        } else {
            table.var(name).to_f64().unwrap()
        }
    }

    #[test]
    fn contiguous_ragged_arrays_are_rows_with_their_feature() {
        let mut variables = stations();
        variables.push((
            "n",
            variable(&["station"], Block::new(&[3], vec![1i32, 0, 3]).unwrap(), &[("sample_dimension", "obs")]),
        ));
        let table = observations(&dataset(variables)).unwrap();
        assert_eq!(table.dims(), [("row".to_owned(), 4)]);
        assert_eq!(column(&table, "lat"), [10.0, 30.0, 30.0, 30.0]);
        assert_eq!(column(&table, "t"), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(table.coord("name").values().unwrap().to_strings().unwrap(), ["a", "c", "c", "c"]);
        let mut wrong = stations();
        wrong.push((
            "n",
            variable(&["station"], Block::new(&[3], vec![1i32, 0, 9]).unwrap(), &[("sample_dimension", "obs")]),
        ));
        assert!(observations(&dataset(wrong)).unwrap_err().to_string().contains("counts 10 observations in all"));
    }

    #[test]
    fn indexed_ragged_arrays_are_rows_with_their_feature() {
        let index = |values: Vec<i32>| {
            let mut variables = stations();
            variables.push((
                "i",
                variable(&["obs"], Block::new(&[4], values).unwrap(), &[("instance_dimension", "station")]),
            ));
            observations(&dataset(variables))
        };
        assert_eq!(column(&index(vec![2, 0, 0, 1]).unwrap(), "lat"), [30.0, 10.0, 10.0, 20.0]);
        assert!(index(vec![2, 0, 0, 3]).unwrap_err().to_string().contains("names feature 3"));
    }

    #[test]
    fn profiles_of_stations_know_both() {
        let mut variables = stations();
        variables.push(("time", variable(&["profile"], Block::new(&[2], vec![5.0, 6.0]).unwrap(), &[])));
        variables.push((
            "i",
            variable(&["profile"], Block::new(&[2], vec![1i32, 2]).unwrap(), &[("instance_dimension", "station")]),
        ));
        variables.push((
            "n",
            variable(&["profile"], Block::new(&[2], vec![3i32, 1]).unwrap(), &[("sample_dimension", "obs")]),
        ));
        let table = observations(&dataset(variables)).unwrap();
        assert_eq!(column(&table, "time"), [5.0, 5.0, 5.0, 6.0]);
        assert_eq!(column(&table, "lat"), [20.0, 20.0, 20.0, 30.0]);
    }

    #[test]
    fn arrays_of_two_dimensions_lose_their_gaps() {
        let nan = f64::NAN;
        let table = observations(&dataset(vec![
            ("lat", variable(&["profile"], Block::new(&[2], vec![10.0, 20.0]).unwrap(), &[("units", "degrees_north")])),
            (
                "temperature",
                variable(&["profile", "level"], Block::new(&[2, 3], vec![1.0, nan, nan, 4.0, 5.0, nan]).unwrap(), &[]),
            ),
            (
                "pressure",
                variable(&["profile", "level"], Block::new(&[2, 3], vec![7.0, 8.0, nan, 9.0, 6.0, nan]).unwrap(), &[]),
            ),
        ]))
        .unwrap();
        assert_eq!(column(&table, "lat"), [10.0, 10.0, 20.0, 20.0]);
        assert_eq!(column(&table, "pressure"), [7.0, 8.0, 9.0, 6.0]);
        assert!(column(&table, "temperature")[1].is_nan());
    }
}
