//! Projections: from one coordinate reference system to another.
use proj4rs::Proj;
use proj4rs::transform::transform;

use super::cells::{of_corners, overlaps, place};
use super::grid::Grid;
use super::onto::on_axes;
use super::regridder::{RegridMethod, Regridder};
use super::weights::Axis;
use crate::base::{Error, Result};
use crate::data::{CfRole, Coord, DataArray};

/// The pole of a rotated grid (CF's grid mapping `rotated_latitude_longitude`).
///
/// ```
/// use terracube_cube::RotatedPole;
/// let pole = RotatedPole::new(39.25, -162.0);
/// let (lat, lon) = pole.to_rotated(50.75, 18.0);
/// assert!(lat.abs() < 1e-9 && lon.abs() < 1e-9);
/// let (lat, lon) = pole.to_geographic(1.5, -2.0);
/// let (rlat, rlon) = pole.to_rotated(lat, lon);
/// assert!((rlat - 1.5).abs() < 1e-9 && (rlon + 2.0).abs() < 1e-9);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RotatedPole {
    latitude: f64,
    longitude: f64,
    grid_longitude: f64,
}

impl RotatedPole {
    /// A pole by `grid_north_pole_latitude` and `grid_north_pole_longitude`, in degrees.
    ///
    /// ```
    /// use terracube_cube::RotatedPole;
    /// let (lat, lon) = RotatedPole::new(39.25, -162.0).to_rotated(50.75, 18.0);
    /// assert!(lat.abs() < 1e-9 && lon.abs() < 1e-9);
    /// ```
    #[track_caller]
    pub fn new(latitude: f64, longitude: f64) -> Self {
        Self { latitude, longitude, grid_longitude: 0.0 }
    }

    /// The longitude of the true north pole on the rotated grid (`north_pole_grid_longitude`).
    ///
    /// ```
    /// use terracube_cube::RotatedPole;
    /// let (lat, lon) = RotatedPole::new(39.25, -162.0).with_grid_longitude(10.0).to_rotated(50.75, 18.0);
    /// assert!(lat.abs() < 1e-9 && (lon + 10.0).abs() < 1e-9);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_grid_longitude(self, degrees: f64) -> Self {
        Self { grid_longitude: degrees, ..self }
    }

    /// Rotated latitude and longitude of a place (Baldauf et al., 2018, COSMO documentation part I, section 3.2).
    ///
    /// ```
    /// use terracube_cube::RotatedPole;
    /// let (lat, _) = RotatedPole::new(39.25, -162.0).to_rotated(39.25, -162.0);
    /// assert!((lat - 90.0).abs() < 1e-5);
    /// ```
    pub fn to_rotated(self, latitude: f64, longitude: f64) -> (f64, f64) {
        turned(self.latitude, latitude, longitude - self.longitude, |lon| wrapped(lon + 180.0 - self.grid_longitude))
    }

    /// Latitude and longitude of a place of the rotated grid.
    ///
    /// ```
    /// use terracube_cube::RotatedPole;
    /// let (lat, lon) = RotatedPole::new(39.25, -162.0).to_geographic(0.0, 0.0);
    /// assert!((lat - 50.75).abs() < 1e-9 && (lon - 18.0).abs() < 1e-9);
    /// ```
    pub fn to_geographic(self, latitude: f64, longitude: f64) -> (f64, f64) {
        turned(self.latitude, latitude, longitude + self.grid_longitude, |lon| wrapped(lon + 180.0 + self.longitude))
    }
}

/// The place as seen from a pole: `delta` is its longitude from the meridian through both poles; the result's is counted from there too.
fn turned(pole: f64, latitude: f64, delta: f64, longitude: impl Fn(f64) -> f64) -> (f64, f64) {
    let (spole, cpole) = pole.to_radians().sin_cos();
    let (slat, clat) = latitude.to_radians().sin_cos();
    let (sdelta, cdelta) = delta.to_radians().sin_cos();
    let sine = spole * slat + cpole * clat * cdelta;
    let around = (clat * sdelta).atan2(spole * clat * cdelta - cpole * slat);
    (sine.clamp(-1.0, 1.0).asin().to_degrees(), longitude(around.to_degrees()))
}

fn wrapped(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

/// A coordinate reference system.
#[derive(Debug, Clone, PartialEq)]
pub enum Crs {
    /// Latitudes and longitudes in degrees on WGS 84.
    Geographic,
    /// A projection as PROJ writes it ("+proj=utm +zone=33 +datum=WGS84") or by its code ("EPSG:32633"); in metres.
    Proj(String),
    /// Latitudes and longitudes around another pole, in degrees.
    Rotated(RotatedPole),
}

impl Crs {
    /// Pairs of (y, x) or (latitude, longitude) of this system as degrees of latitude and longitude.
    ///
    /// ```
    /// use terracube_cube::Crs;
    /// let utm = Crs::Proj("+proj=utm +zone=33 +datum=WGS84".to_owned());
    /// let (lat, lon) = utm.to_geographic(&[(0.0, 500_000.0)])?[0];
    /// assert!(lat.abs() < 1e-6 && (lon - 15.0).abs() < 1e-6);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the projection is not known.
    pub fn to_geographic(&self, points: &[(f64, f64)]) -> Result<Vec<(f64, f64)>> {
        match self {
            Self::Geographic => Ok(points.to_vec()),
            Self::Rotated(pole) => Ok(points.iter().map(|&(lat, lon)| pole.to_geographic(lat, lon)).collect()),
            Self::Proj(text) => Ok(through(&proj(text)?, &degrees()?, points)),
        }
    }

    /// Degrees of latitude and longitude as pairs of (y, x) or (latitude, longitude) of this system; NaN where it has none.
    ///
    /// ```
    /// use terracube_cube::Crs;
    /// let utm = Crs::Proj("EPSG:32633".to_owned());
    /// let (y, x) = utm.from_geographic(&[(0.0, 15.0)])?[0];
    /// assert!(y.abs() < 1e-3 && (x - 500_000.0).abs() < 1e-3);
    /// assert!(Crs::Proj("+proj=nothing".to_owned()).from_geographic(&[(0.0, 15.0)]).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the projection is not known.
    pub fn from_geographic(&self, points: &[(f64, f64)]) -> Result<Vec<(f64, f64)>> {
        match self {
            Self::Geographic => Ok(points.to_vec()),
            Self::Rotated(pole) => Ok(points.iter().map(|&(lat, lon)| pole.to_rotated(lat, lon)).collect()),
            Self::Proj(text) => Ok(through(&degrees()?, &proj(text)?, points)),
        }
    }

    /// The names of the dimensions of a grid in this system.
    fn dims(&self) -> [&'static str; 2] {
        match self {
            Self::Geographic => ["lat", "lon"],
            Self::Proj(_) => ["y", "x"],
            Self::Rotated(_) => ["rlat", "rlon"],
        }
    }
}

fn degrees() -> Result<Proj> {
    proj("+proj=longlat +datum=WGS84 +no_defs")
}

fn proj(text: &str) -> Result<Proj> {
    let code = text.trim().to_uppercase().strip_prefix("EPSG:").map(|code| code.parse::<u16>());
    let made = match code {
        Some(Ok(code)) => Proj::from_epsg_code(code),
        Some(Err(_)) => return Err(Error::invalid(format!("`{text}` is no EPSG code"))),
        None => Proj::from_proj_string(text),
    };
    made.map_err(|error| {
        Error::invalid(format!("`{text}` is no projection that is known here: {error}"))
            .hint("write it as PROJ does: \"+proj=utm +zone=33\"")
    })
}

/// Pairs of (y, x) from one system to another; NaN where a point has no place there. proj4rs takes radians for degrees.
fn through(from: &Proj, to: &Proj, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let scale = |is_degrees: bool, value: f64, back: bool| match (is_degrees, back) {
        (false, _) => value,
        (true, false) => value.to_radians(),
        (true, true) => value.to_degrees(),
    };
    let one = |&(y, x): &(f64, f64)| {
        let mut point = (scale(from.is_latlong(), x, false), scale(from.is_latlong(), y, false), 0.0);
        match transform(from, to, &mut point) {
            Ok(()) => (scale(to.is_latlong(), point.1, true), scale(to.is_latlong(), point.0, true)),
            Err(_) => (f64::NAN, f64::NAN),
        }
    };
    points.iter().map(one).collect()
}

impl Regridder {
    /// Weights from the grid of an array in one coordinate reference system to the grid of `y` and `x` in another: bilinear, nearest, or, to latitudes
    /// and longitudes, conservative (by areas on the sphere; edges of old cells are great circles) (rioxarray's `reproject`, gdalwarp). The axes of the array are found by CF: latitudes and longitudes, `projection_y_coordinate` and
    /// `projection_x_coordinate`, `grid_latitude` and `grid_longitude`, or by `axis` or the names y and x. New points outside are missing.
    ///
    /// ```
    /// use terracube_cube::{Crs, DataArray, RegridMethod, Regridder};
    /// let t = DataArray::from_vec(["y", "x"], &[2, 2], vec![1.0, 2.0, 3.0, 4.0])
    ///     .with_coord("y", vec![5_500_000.0, 5_600_000.0]).with_coord("x", vec![400_000.0, 500_000.0]);
    /// let utm = Crs::Proj("+proj=utm +zone=33 +datum=WGS84".into());
    /// let (lat, lon) = utm.to_geographic(&[(5_550_000.0, 500_000.0)])?[0];
    /// let found = Regridder::from_projection(&t, &utm, &[lat], &[lon], &Crs::Geographic, RegridMethod::Bilinear)?.apply(&t);
    /// assert!((found.item()? - 3.0).abs() < 1e-6);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the axes are not found, a projection is not known, or the method is conservative and `to` a projection.
    #[track_caller]
    pub fn from_projection(
        source: &DataArray,
        from: &Crs,
        y: &[f64],
        x: &[f64],
        to: &Crs,
        method: RegridMethod,
    ) -> Result<Self> {
        source.clone().checked()?;
        let (outer, inner) = (axis_of(source, from, 0)?, axis_of(source, from, 1)?);
        let axis = |coord: &Coord| -> Result<Axis> {
            let cyclic = coord.index().is_ok_and(|index| index.is_cyclic());
            Axis::new(coord.name(), coord.values()?.to_f64()?, cyclic)
        };
        if method == RegridMethod::Conservative && *to == Crs::Geographic {
            let (mut rows, columns) = (axis(outer)?.edges(), axis(inner)?.edges());
            // Labels on a pole have cells that end there.
            if !matches!(from, Crs::Proj(_)) {
                rows.iter_mut().for_each(|row| *row = row.clamp(-90.0, 90.0));
            }
            let corners: Vec<(f64, f64)> = rows.iter().flat_map(|&y| columns.iter().map(move |&x| (y, x))).collect();
            let corners: Vec<_> = from.to_geographic(&corners)?.into_iter().map(|(lat, lon)| place(lat, lon)).collect();
            let shape = [rows.len() - 1, columns.len() - 1];
            let weights = overlaps(&of_corners(&corners, shape), &Grid::new(y.to_vec(), x.to_vec())?)?;
            let dims = [outer, inner].map(|coord| (coord.name().to_owned(), coord.variable().expr().size()));
            return Self::of_cells(method, dims, weights, [("lat", y), ("lon", x)]);
        }
        let mesh: Vec<(f64, f64)> = y.iter().flat_map(|&y| x.iter().map(move |&x| (y, x))).collect();
        let places = if from == to { mesh } else { from.from_geographic(&to.to_geographic(&mesh)?)? };
        let inner_axis = axis(inner)?;
        // Degrees around the axis: -10 and 350 are the same place.
        let least = inner_axis.labels.iter().copied().fold(f64::INFINITY, f64::min);
        let around = |x: f64| if matches!(from, Crs::Proj(_)) { x } else { least + (x - least).rem_euclid(360.0) };
        let places: Vec<(f64, f64)> = places.into_iter().map(|(y, x)| (y, around(x))).collect();
        let rows = on_axes(&axis(outer)?, &inner_axis, &places, method)?;
        let dims = [outer, inner].map(|coord| (coord.name().to_owned(), coord.variable().expr().size()));
        let names = to.dims();
        Self::of_cells(method, dims, rows, [(names[0], y), (names[1], x)])
    }
}

/// The axis y (0) or x (1) of an array in a system.
fn axis_of<'a>(source: &'a DataArray, crs: &Crs, which: usize) -> Result<&'a Coord> {
    if *crs == Crs::Geographic {
        let coord = source.by_role([CfRole::Latitude, CfRole::Longitude][which])?;
        return if coord.is_dimension() {
            Ok(coord)
        } else {
            Err(Error::unsupported(format!("`{}` is no axis of one dimension", coord.name())))
        };
    }
    let standard = match crs {
        Crs::Rotated(_) => ["grid_latitude", "grid_longitude"][which],
        _ => ["projection_y_coordinate", "projection_x_coordinate"][which],
    };
    let dims = || source.coords().iter().filter(|coord| coord.is_dimension());
    let text = |coord: &Coord, key: &str| coord.variable().attrs().text(key).map(str::to_lowercase);
    let by_name = |coord: &&Coord| [["y", "rlat"], ["x", "rlon"]][which].contains(&coord.name());
    dims()
        .find(|coord| text(coord, "standard_name").as_deref() == Some(standard))
        .or_else(|| dims().find(|coord| text(coord, "axis").as_deref() == Some(["y", "x"][which])))
        .or_else(|| dims().find(by_name))
        .ok_or_else(|| {
            let names: Vec<&str> = source.coords().names().collect();
            Error::invalid(format!("none of the coordinates ({}) is a `{standard}`", names.join(", ")))
        })
}
