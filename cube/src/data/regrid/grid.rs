//! The grid that values are brought to.
use crate::base::{Error, Result};
use crate::data::{CfRole, DataArray};

/// A grid of latitudes and longitudes in degrees: cells end halfway between the labels.
///
/// ```
/// use terracube_cube::Grid;
/// let grid = Grid::regular((-90.0, 90.0), (0.0, 360.0), 1.0)?;
/// assert_eq!((grid.latitudes().len(), grid.longitudes()[0]), (180, 0.5));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    latitudes: Vec<f64>,
    longitudes: Vec<f64>,
}

impl Grid {
    /// A grid of labels, in degrees. Cells end halfway between labels; the cell of a single label is one degree wide.
    ///
    /// ```
    /// use terracube_cube::Grid;
    /// let grid = Grid::new(vec![-45.0, 45.0], vec![0.0, 180.0])?;
    /// assert_eq!((grid.latitudes(), grid.longitudes()), (&[-45.0, 45.0][..], &[0.0, 180.0][..]));
    /// assert_eq!(Grid::new(vec![95.0], vec![0.0]).unwrap_err().message(), "latitude 95 lies beyond a pole");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are none, they neither rise nor fall throughout, or a latitude lies beyond a pole.
    #[track_caller]
    pub fn new(latitudes: Vec<f64>, longitudes: Vec<f64>) -> Result<Self> {
        if let Some(wrong) = latitudes.iter().find(|lat| !(-90.0..=90.0).contains(*lat)) {
            return Err(Error::invalid(format!("latitude {wrong} lies beyond a pole")));
        }
        super::weights::Axis::new("latitudes", latitudes.clone(), false)?;
        super::weights::Axis::new("longitudes", longitudes.clone(), false)?;
        Ok(Self { latitudes, longitudes })
    }

    /// Cells of `step` degrees that fill a box; labels stand in their middles.
    ///
    /// ```
    /// use terracube_cube::Grid;
    /// let grid = Grid::regular((-90.0, 90.0), (0.0, 360.0), 90.0)?;
    /// assert_eq!((grid.latitudes(), grid.longitudes()), (&[-45.0, 45.0][..], &[45.0, 135.0, 225.0, 315.0][..]));
    /// assert!(Grid::regular((-90.0, 90.0), (0.0, 360.0), 50.0).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `step` does not fit into the box.
    #[track_caller]
    pub fn regular(latitudes: (f64, f64), longitudes: (f64, f64), step: f64) -> Result<Self> {
        let middles = |(from, to): (f64, f64)| -> Result<Vec<f64>> {
            let n = ((to - from) / step).round();
            if !(1.0..1e7).contains(&n) || (n * step - (to - from)).abs() > 1e-6 * (to - from).abs() {
                return Err(Error::invalid(format!("cells of {step} degrees do not fill {from} to {to}")));
            }
            Ok((0..n as usize).map(|k| from + (k as f64 + 0.5) * step).collect())
        };
        Self::new(middles(latitudes)?, middles(longitudes)?)
    }

    /// The grid of an array: its latitudes and longitudes by CF, which must be axes.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Grid};
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 1], vec![1.0, 2.0]).with_coord("lat", vec![10.0, 20.0]).with_coord("lon", vec![5.0]);
    /// assert_eq!(Grid::of(&t)?.latitudes(), [10.0, 20.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it has none.
    #[track_caller]
    pub fn of(array: &DataArray) -> Result<Self> {
        let labels = |role| -> Result<Vec<f64>> {
            let coord = array.by_role(role)?;
            if !coord.is_dimension() {
                return Err(Error::unsupported(format!("`{}` is no axis of one dimension", coord.name())));
            }
            coord.values()?.to_f64()
        };
        Self::new(labels(CfRole::Latitude)?, labels(CfRole::Longitude)?)
    }

    /// The latitudes of the middles of cells.
    ///
    /// ```
    /// use terracube_cube::Grid;
    /// assert_eq!(Grid::regular((0.0, 20.0), (0.0, 10.0), 10.0)?.latitudes(), [5.0, 15.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn latitudes(&self) -> &[f64] {
        &self.latitudes
    }

    /// The longitudes of the middles of cells.
    ///
    /// ```
    /// use terracube_cube::Grid;
    /// assert_eq!(Grid::regular((0.0, 10.0), (-10.0, 10.0), 10.0)?.longitudes(), [-5.0, 5.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn longitudes(&self) -> &[f64] {
        &self.longitudes
    }
}
