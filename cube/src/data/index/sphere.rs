//! Nearest points on the sphere, for grids whose latitudes and longitudes have two dimensions.
use crate::base::{Error, Result};

/// A k-d tree over unit vectors.
#[derive(Debug)]
pub struct SphereIndex {
    /// Vectors and their numbers: the middle one of every range splits it along x, y, z in turn.
    nodes: Vec<([f64; 3], u32)>,
}

impl SphereIndex {
    /// An index over points of latitudes and longitudes in degrees; points with a missing one are left out.
    ///
    /// ```
    /// use terracube_cube::data::index::SphereIndex;
    /// let points = SphereIndex::new(&[0.0, f64::NAN], &[10.0, 20.0])?;
    /// assert_eq!(points.nearest_few(0.0, 20.0, 5).len(), 1);
    /// assert!(SphereIndex::new(&[0.0], &[]).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are not as many of both, or none at all.
    #[track_caller]
    pub fn new(latitudes: &[f64], longitudes: &[f64]) -> Result<Self> {
        if latitudes.len() != longitudes.len() {
            return Err(Error::mismatch(format!("{} latitudes and {} longitudes", latitudes.len(), longitudes.len())));
        }
        let all = latitudes.iter().zip(longitudes).enumerate();
        let mut nodes: Vec<([f64; 3], u32)> = all
            .filter(|(_, (lat, lon))| lat.is_finite() && lon.is_finite())
            .map(|(number, (lat, lon))| (vector(*lat, *lon), number as u32))
            .collect();
        if nodes.is_empty() {
            return Err(Error::invalid("there is no point with a latitude and a longitude"));
        }
        arrange(&mut nodes, 0);
        Ok(Self { nodes })
    }

    /// The number of the nearest point and its distance in degrees of a great circle; `None` for a missing place.
    ///
    /// ```
    /// use terracube_cube::data::index::SphereIndex;
    /// let (number, distance) = SphereIndex::new(&[0.0, 0.0], &[0.0, 359.0])?.nearest(0.0, -4.0).unwrap();
    /// assert!(number == 1 && (distance - 3.0).abs() < 1e-9);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn nearest(&self, latitude: f64, longitude: f64) -> Option<(u32, f64)> {
        self.nearest_few(latitude, longitude, 1).into_iter().next()
    }

    /// The nearest `n` points, nearest first, each with its distance in degrees of a great circle.
    ///
    /// ```
    /// use terracube_cube::data::index::SphereIndex;
    /// let found = SphereIndex::new(&[0.0, 0.0, 0.0], &[0.0, 10.0, 20.0])?.nearest_few(0.0, 12.0, 2);
    /// assert_eq!((found[0].0, found[1].0), (1, 2));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn nearest_few(&self, latitude: f64, longitude: f64, n: usize) -> Vec<(u32, f64)> {
        if !(latitude.is_finite() && longitude.is_finite()) || n == 0 {
            return vec![];
        }
        let mut best: Vec<(f64, u32)> = Vec::with_capacity(n + 1);
        search(&self.nodes, 0, &vector(latitude, longitude), n, &mut best);
        // From the square of a chord to an angle.
        best.into_iter()
            .map(|(square, number)| (number, 2.0 * (square.sqrt() / 2.0).min(1.0).asin().to_degrees()))
            .collect()
    }
}

fn vector(latitude: f64, longitude: f64) -> [f64; 3] {
    let ((slat, clat), (slon, clon)) = (latitude.to_radians().sin_cos(), longitude.to_radians().sin_cos());
    [clat * clon, clat * slon, slat]
}

fn arrange(nodes: &mut [([f64; 3], u32)], axis: usize) {
    if nodes.len() < 2 {
        return;
    }
    let middle = nodes.len() / 2;
    nodes.select_nth_unstable_by(middle, |a, b| a.0[axis].total_cmp(&b.0[axis]));
    let (low, high) = nodes.split_at_mut(middle);
    arrange(low, (axis + 1) % 3);
    arrange(&mut high[1..], (axis + 1) % 3);
}

fn search(nodes: &[([f64; 3], u32)], axis: usize, to: &[f64; 3], n: usize, best: &mut Vec<(f64, u32)>) {
    if nodes.is_empty() {
        return;
    }
    let middle = nodes.len() / 2;
    let (place, number) = nodes[middle];
    let square: f64 = place.iter().zip(to).map(|(a, b)| (a - b) * (a - b)).sum();
    // Equal distances go to the lower number, so that the order of points does not matter.
    if best.len() < n || best.last().is_some_and(|worst| (square, number) < *worst) {
        let at = best.partition_point(|held| *held < (square, number));
        best.insert(at, (square, number));
        best.truncate(n);
    }
    let side = to[axis] - place[axis];
    let (near, far) =
        if side < 0.0 { (&nodes[..middle], &nodes[middle + 1..]) } else { (&nodes[middle + 1..], &nodes[..middle]) };
    search(near, (axis + 1) % 3, to, n, best);
    if best.len() < n || best.last().is_some_and(|worst| side * side <= worst.0) {
        search(far, (axis + 1) % 3, to, n, best);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_those_of_a_plain_search() {
        let mut seed = 7u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f64 / f64::from(1u32 << 31)
        };
        let points: Vec<(f64, f64)> = (0..500).map(|_| (random() * 180.0 - 90.0, random() * 720.0 - 360.0)).collect();
        let (lats, lons): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let index = SphereIndex::new(&lats, &lons).unwrap();
        for _ in 0..200 {
            let (lat, lon) = (random() * 180.0 - 90.0, random() * 360.0);
            let to = vector(lat, lon);
            let mut plain: Vec<(f64, u32)> = points
                .iter()
                .enumerate()
                .map(|(i, p)| (vector(p.0, p.1).iter().zip(&to).map(|(a, b)| (a - b) * (a - b)).sum(), i as u32))
                .collect();
            plain.sort_by(|a, b| a.partial_cmp(b).unwrap());
            let found: Vec<u32> = index.nearest_few(lat, lon, 4).into_iter().map(|(number, _)| number).collect();
            assert_eq!(found, plain[..4].iter().map(|p| p.1).collect::<Vec<_>>());
        }
        assert!(index.nearest(f64::NAN, 0.0).is_none());
        assert!((index.nearest(lats[3], lons[3] + 360.0).unwrap().1).abs() < 1e-6);
    }
}
