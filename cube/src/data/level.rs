//! Selection on a stacked dimension by the labels of its parts.
use super::coords::Coord;
use super::positions::Positions;
use super::{DataArray, IntoLabel, Label, Variable};
use crate::base::{Block, Dims, Error, Result};

impl DataArray {
    /// The positions of a stacked dimension whose labels of one part fit: what `sel` is for a dimension of its own (xarray's `sel` by a level of a
    /// `MultiIndex`). `level` is a 1-D coordinate along the stacked dimension, as [`DataArray::stack`] leaves them; labels as in
    /// [`DataArray::sel`], but no ranges where they are in no order. By a single value the level becomes a scalar, unless that finds several labels (as
    /// "1990-06" finds all of that month); if then one level is left, the dimension is its own, with its name, and the next part is a plain `sel`. Lazy: reads the coordinate. An error travels inside if there is no
    /// such coordinate or label.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1, 2, 3, 4]).with_coord("y", vec![0.0, 1.0]).with_coord("x", vec![10, 20]);
    /// let points = t.stack("point", ["y", "x"]);
    /// let row = points.sel_level("y", 1.0);
    /// assert_eq!((row.dims().name(0).as_ref(), row.to_vec::<i32>()?), ("x", vec![3, 4]));
    /// assert_eq!(points.sel_level("y", 1.0).sel("x", 20).to_vec::<i32>()?, [4]);
    /// assert_eq!(points.sel_level("x", [20]).coord("y").to_f64()?, [0.0, 1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel_level(&self, level: &str, label: impl IntoLabel) -> Self {
        self.or_fail(
            self.at_level(level, &label.into_label()).map_err(|error| error.context(format!("sel_level(\"{level}\")"))),
        )
    }

    #[track_caller]
    fn at_level(&self, level: &str, label: &Label) -> Result<Self> {
        self.check()?;
        let coord =
            self.coords().get(level).ok_or_else(|| Error::unknown_name("coordinate", level, self.coords().names()))?;
        if coord.variable().dims().len() != 1 || coord.is_dimension() {
            let why =
                if coord.is_dimension() { "is a dimension of its own" } else { "does not lie along one dimension" };
            return Err(Error::invalid(format!("`{level}` {why}"))
                .hint("levels are the parts of a stacked dimension; else use `sel`"));
        }
        let dim = coord.variable().dims().name(0).to_string();
        let found: Vec<i64> = match coord.index()?.locate(label)? {
            Positions::Scalar(position) => vec![position as i64],
            Positions::Range(range) => range.iter().map(|position| position as i64).collect(),
            Positions::List(list) => list.iter().map(|&position| position as i64).collect(),
            Positions::Wrapped(ranges) => {
                ranges.iter().flat_map(|range| range.iter()).map(|position| position as i64).collect()
            }
        };
        let labels = coord.values()?.take(0, &found)?;
        let first = labels.take(0, &[0])?;
        let is_one = matches!(label, Label::Value(_)) && labels.same_values(&Block::filled(&first, labels.shape())?);
        let mut array = self.isel(&dim, found).checked()?;
        if is_one {
            let scalar =
                Variable::from_block(Dims::none(), first.reshape(&[])?).with_attrs(coord.variable().attrs().clone());
            array.coords.set(Coord::new(level, scalar));
        }
        let left: Vec<String> = array
            .coords()
            .iter()
            .filter(|coord| coord.variable().dims().len() == 1 && coord.variable().dims().contains(&dim))
            .map(|coord| coord.name().to_owned())
            .collect();
        match left.as_slice() {
            [only] if is_one && *only != dim => array.swap_dims([(&*dim, &**only)]).checked(),
            _ => Ok(array),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Calendar;
    use crate::data::date_range;

    #[test]
    fn a_month_of_days_keeps_its_days_and_one_day_goes() {
        let times = date_range("1990-05-30", "1990-06-03", "D", Calendar::Standard);
        let t = DataArray::from_vec(["time", "x"], &[5, 2], (0..10).collect::<Vec<i32>>())
            .assign_coords([("time", &times)])
            .with_coord("x", vec![10, 20]);
        let points = t.stack("point", ["time", "x"]);
        let june = points.sel_level("time", "1990-06");
        assert_eq!((june.dims().name(0).as_ref(), june.to_vec::<i32>().unwrap()), ("point", vec![4, 5, 6, 7, 8, 9]));
        let days = june.coord("time").dt().day().to_f64().unwrap();
        assert_eq!(days, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(june.sel_level("x", 20).coord("time").dt().day().to_f64().unwrap(), [1.0, 2.0, 3.0]);
        let day = points.sel_level("time", "1990-06-02");
        assert_eq!((day.dims().name(0).as_ref(), day.sel("x", 20).to_vec::<i32>().unwrap()), ("x", vec![7]));
        assert_eq!(day.coord("time").dt().day().item().unwrap(), 2.0);
    }
}
