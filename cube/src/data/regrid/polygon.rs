//! Regions: masks of polygons, and statistics of the cells inside each.
use serde_json::Value;

use crate::base::{Block, DType, Dims, Error, Result};
use crate::data::{CfRole, Coords, DataArray, GroupBy};

/// Named regions of polygons in longitude and latitude (degrees). A point is inside a region if a ray from it crosses its rings an odd number of
/// times, so that rings inside others are holes; edges are straight lines in longitude and latitude, as in GeoJSON (RFC 7946).
///
/// ```
/// use terracube_cube::{DataArray, Polygons};
/// let regions = Polygons::from_geojson(r#"{"type": "Feature", "properties": {"name": "west"},
///     "geometry": {"type": "Polygon", "coordinates": [[[-10, 0], [1, 0], [1, 50], [-10, 50], [-10, 0]]]}}"#)?;
/// let t = DataArray::from_vec(["lat", "lon"], &[1, 3], vec![1.0, 2.0, 9.0]).with_coord("lat", vec![10.0]).with_coord("lon", vec![355.0, 0.0, 5.0]);
/// assert_eq!(t.inside(&regions).to_vec::<u8>()?, [1, 1, 0]);
/// assert_eq!(t.by_region(&regions).mean().to_f64()?, [1.5]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Polygons {
    regions: Vec<(String, Vec<Vec<(f64, f64)>>)>,
}

impl Polygons {
    /// A region by its rings of (longitude, latitude); a ring need not be closed.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Polygons};
    /// let west = Polygons::default().with_region("west", vec![vec![(-10.0, 0.0), (1.0, 0.0), (1.0, 50.0), (-10.0, 50.0)]]);
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 2], vec![1.0, 2.0]).with_coord("lat", vec![10.0]).with_coord("lon", vec![-5.0, 5.0]);
    /// assert_eq!(t.inside(&west).to_vec::<u8>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_region(mut self, name: &str, rings: Vec<Vec<(f64, f64)>>) -> Self {
        self.regions.push((name.to_owned(), rings));
        self
    }

    /// The regions of GeoJSON: a geometry, a feature or a collection of features of polygons. Names are the properties `name`, `NAME` or `id`,
    /// else numbers from 0.
    ///
    /// ```
    /// use terracube_cube::Polygons;
    /// let regions = Polygons::from_geojson(r#"{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}"#)?;
    /// assert_eq!(regions.names().collect::<Vec<_>>(), ["0"]);
    /// assert!(Polygons::from_geojson(r#"{"type": "Point", "coordinates": [0, 0]}"#).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the text is no GeoJSON or has no polygons.
    #[track_caller]
    pub fn from_geojson(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| Error::invalid(format!("no JSON: {error}")))?;
        let mut found = Self::default();
        found.read(&value)?;
        if found.regions.is_empty() {
            return Err(Error::invalid("the GeoJSON has no polygons"));
        }
        Ok(found)
    }

    /// The names of the regions.
    ///
    /// ```
    /// use terracube_cube::Polygons;
    /// let west = Polygons::default().with_region("west", vec![vec![(-10.0, 0.0), (1.0, 0.0), (1.0, 50.0)]]);
    /// assert_eq!(west.names().collect::<Vec<_>>(), ["west"]);
    /// ```
    #[track_caller]
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().map(|(name, _)| &name[..])
    }

    fn read(&mut self, value: &Value) -> Result<()> {
        match value["type"].as_str() {
            Some("FeatureCollection") => {
                value["features"].as_array().into_iter().flatten().try_for_each(|feature| self.read(feature))
            }
            Some("Feature") => {
                let named = ["name", "NAME", "id"].iter().find_map(|key| match &value["properties"][key] {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                });
                self.geometry(&value["geometry"], named)
            }
            Some(_) => self.geometry(value, None),
            None => Err(Error::invalid("no GeoJSON: there is no `type`")),
        }
    }

    fn geometry(&mut self, value: &Value, name: Option<String>) -> Result<()> {
        let name = name.unwrap_or_else(|| self.regions.len().to_string());
        let polygons: Vec<&Value> = match value["type"].as_str() {
            Some("Polygon") => vec![&value["coordinates"]],
            Some("MultiPolygon") => value["coordinates"].as_array().into_iter().flatten().collect(),
            Some("GeometryCollection") => {
                return value["geometries"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .try_for_each(|part| self.geometry(part, Some(name.clone())));
            }
            Some(other) => return Err(Error::unsupported(format!("a {other} has no inside")).hint("give polygons")),
            None => return Ok(()),
        };
        let mut rings = Vec::new();
        for ring in polygons.into_iter().filter_map(Value::as_array).flatten() {
            let point = |point: &Value| Some((point[0].as_f64()?, point[1].as_f64()?));
            let points: Option<Vec<(f64, f64)>> =
                ring.as_array().map(|all| all.iter().map(point).collect()).unwrap_or_default();
            rings.push(
                points.ok_or_else(|| Error::invalid(format!("region `{name}`: a position is no pair of numbers")))?,
            );
        }
        self.regions.push((name, rings));
        Ok(())
    }

    /// The number of the first region around each point of a row; `latitude` is that of all.
    fn along_row(&self, latitude: f64, longitudes: &[f64], found: &mut [Option<usize>]) {
        for (number, (_, rings)) in self.regions.iter().enumerate() {
            let mut crossings: Vec<f64> = Vec::new();
            for ring in rings {
                for (k, a) in ring.iter().enumerate() {
                    let b = &ring[(k + 1) % ring.len()];
                    // Half-open in latitude: a vertex counts for one of its two edges.
                    if (a.1 > latitude) != (b.1 > latitude) {
                        crossings.push(a.0 + (latitude - a.1) / (b.1 - a.1) * (b.0 - a.0));
                    }
                }
            }
            if crossings.is_empty() {
                continue;
            }
            crossings.sort_unstable_by(f64::total_cmp);
            for (place, longitude) in found.iter_mut().zip(longitudes).filter(|(place, _)| place.is_none()) {
                let inside = |turn: f64| crossings.partition_point(|crossing| *crossing <= longitude + turn) % 2 == 1;
                if [0.0, 360.0, -360.0].into_iter().any(inside) {
                    *place = Some(number);
                }
            }
        }
    }
}

impl DataArray {
    /// Whether the middle of each cell lies in one of the regions (bool, over latitudes and longitudes; not lazy).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Polygons};
    /// let west = Polygons::default().with_region("west", vec![vec![(-10.0, 0.0), (1.0, 0.0), (1.0, 50.0), (-10.0, 50.0)]]);
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0; 4]).with_coord("lat", vec![10.0, 60.0]).with_coord("lon", vec![355.0, 5.0]);
    /// assert_eq!(t.inside(&west).to_vec::<u8>()?, [1, 0, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn inside(&self, regions: &Polygons) -> Self {
        let built = || -> Result<Self> {
            let (dims, shape, numbers) = self.region_of_cells(regions)?;
            let flags: Vec<u8> = numbers.iter().map(|number| u8::from(number.is_some())).collect();
            self.over_cells(&dims, Block::with_dtype(DType::Bool, &shape, flags)?).checked()
        };
        self.or_fail(built().map_err(|error| error.context("inside")))
    }

    /// The values of cells whose middle lies in one of the regions; the others are missing (rioxarray's `clip(drop=False)`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Polygons};
    /// let west = Polygons::default().with_region("west", vec![vec![(-10.0, 0.0), (1.0, 0.0), (1.0, 50.0), (-10.0, 50.0)]]);
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 2], vec![1.0, 2.0]).with_coord("lat", vec![10.0]).with_coord("lon", vec![-5.0, 5.0]);
    /// assert_eq!(t.clip_to(&west).fill_missing(-1.0).to_f64()?, [1.0, -1.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn clip_to(&self, regions: &Polygons) -> Self {
        self.where_(self.inside(regions))
    }

    /// The name of the first region in which the middle of each cell lies, "" outside (over latitudes and longitudes; regionmask's
    /// `mask`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, Polygons};
    /// let west = Polygons::default().with_region("west", vec![vec![(-10.0, 0.0), (1.0, 0.0), (1.0, 50.0), (-10.0, 50.0)]]);
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 2], vec![1.0, 2.0]).with_coord("lat", vec![10.0]).with_coord("lon", vec![-5.0, 5.0]);
    /// assert_eq!(t.region_names(&west).values()?.to_strings()?, ["west", ""]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn region_names(&self, regions: &Polygons) -> Self {
        let built = || -> Result<Self> {
            let (dims, shape, numbers) = self.region_of_cells(regions)?;
            let names: Vec<&str> =
                numbers.iter().map(|number| number.map_or("", |k| regions.regions[k].0.as_str())).collect();
            Ok(self.over_cells(&dims, Block::from_strings(&shape, names)?).checked()?.named("region"))
        };
        self.or_fail(built().map_err(|error| error.context("region_names")))
    }

    /// The cells of each region as a group, for statistics by zone: `t.by_region(&countries).mean()`. All cells count the same; for weights
    /// by area see [`DataArray::region_means`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, Polygons};
    /// let west = Polygons::default().with_region("west", vec![vec![(-10.0, 0.0), (1.0, 0.0), (1.0, 50.0), (-10.0, 50.0)]]);
    /// let t = DataArray::from_vec(["lat", "lon"], &[1, 3], vec![1.0, 2.0, 9.0])
    ///     .with_coord("lat", vec![10.0]).with_coord("lon", vec![-5.0, 0.0, 5.0]);
    /// let sums = t.by_region(&west).sum();
    /// assert_eq!((sums.to_f64()?, sums.coord("region").values()?.to_strings()?), (vec![3.0], vec!["west".to_owned()]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn by_region(&self, regions: &Polygons) -> GroupBy {
        let names = self.region_names(regions);
        match names.error() {
            Some(error) => GroupBy::new(self, Err(error.clone())),
            None => self.group_by_key(&names),
        }
    }

    /// The mean of each region, weighted by area ([`DataArray::area_weights`]): Σwx / Σw over the cells that are not missing.
    ///
    /// ```
    /// use terracube_cube::{DataArray, Polygons};
    /// let box_ = Polygons::default().with_region("box", vec![vec![(-1.0, -1.0), (1.0, -1.0), (1.0, 70.0), (-1.0, 70.0)]]);
    /// let t = DataArray::from_vec(["lat", "lon"], &[2, 2], vec![1.0, 9.0, 4.0, 9.0])
    ///     .with_coord("lat", vec![0.0, 60.0]).with_coord("lon", vec![0.0, 5.0]);
    /// assert_eq!(t.region_means(&box_).round(9).to_f64()?, [2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn region_means(&self, regions: &Polygons) -> Self {
        let wide = self.cast(DType::F64);
        let weights = self.area_weights();
        let sums = (&wide * &weights).by_region(regions).sum();
        let all = (wide.notnull().cast(DType::F64) * &weights).by_region(regions).sum();
        let means = sums / all;
        if self.dtype() == DType::F32 { means.cast(DType::F32) } else { means }.keeping_name_and_attrs(self)
    }

    /// Dimensions and shape of the cells, and the number of the region of each.
    fn region_of_cells(&self, regions: &Polygons) -> Result<(Vec<String>, Vec<usize>, Vec<Option<usize>>)> {
        let (lat, lon) = (self.by_role(CfRole::Latitude)?, self.by_role(CfRole::Longitude)?);
        let (lats, lons) = (lat.values()?.to_f64()?, lon.values()?.to_f64()?);
        if lat.variable().dims().len() == 2 && lat.variable().dims() == lon.variable().dims() {
            let mut numbers = vec![None; lats.len()];
            for ((number, lat), lon) in numbers.iter_mut().zip(&lats).zip(&lons) {
                regions.along_row(*lat, std::slice::from_ref(lon), std::slice::from_mut(number));
            }
            let dims = lat.variable().dims().iter().map(ToOwned::to_owned).collect();
            return Ok((dims, lat.variable().shape().iter().map(|&len| len as usize).collect(), numbers));
        }
        if lat.variable().dims().len() != 1 || lon.variable().dims().len() != 1 {
            return Err(Error::unsupported("latitudes and longitudes of different dimensions"));
        }
        let mut numbers = vec![None; lats.len() * lons.len()];
        for (row, &lat) in numbers.chunks_mut(lons.len().max(1)).zip(&lats) {
            regions.along_row(lat, &lons, row);
        }
        let dims = [lat, lon].iter().map(|coord| coord.variable().dims().name(0).to_string()).collect();
        Ok((dims, vec![lats.len(), lons.len()], numbers))
    }

    #[track_caller]
    fn over_cells(&self, dims: &[String], block: Block) -> Self {
        let array = Self::from_block(dims, block);
        match Dims::new(dims) {
            Ok(over) => {
                let coords: Coords = self.coords().filter(|coord| {
                    !coord.variable().dims().is_empty() && coord.variable().dims().iter().all(|dim| over.contains(dim))
                });
                Self { coords, ..array }
            }
            Err(error) => self.fail(error),
        }
    }
}
