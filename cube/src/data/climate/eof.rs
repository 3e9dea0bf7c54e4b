//! Empirical orthogonal functions: the patterns that explain most of the variance.
use std::sync::{Arc, Mutex, PoisonError};

use nalgebra::{DMatrix, SymmetricEigen};

use super::trends::dataset;
use crate::base::{AxisChunks, Block, ChunkGrid, DType, Dims, Error, Region, Result};
use crate::data::coords::Coord;
use crate::data::{DataArray, Dataset, Variable};
use crate::execute::{ArraySpec, Sink};

/// The leading patterns of an array. Made by [`DataArray::eofs`].
#[derive(Debug, Clone)]
pub struct Eofs {
    anomalies: DataArray,
    weights: Option<DataArray>,
    dim: String,
    /// Principal components of unit length, one column for each mode; singular values; the variance of all.
    units: Vec<Vec<f64>>,
    singular: Vec<f64>,
    total: f64,
}

impl DataArray {
    /// The `n` patterns over the other dimensions that explain most of the variance along `dim` (CDO's `eof`, Python's eofs): anomalies from the
    /// mean, times `weights` if given (the root of the cosine of the latitude gives each area its due). Columns with a missing value are left
    /// out as a whole. With X = U S Vᵗ, weighted anomalies by time and place, patterns are the columns of V, components those of U S, and mode k
    /// explains s_k² / Σ s² (von Storch and Zwiers, 1999, ch. 13).
    ///
    /// Reads the data now, once for the means and once for X Xᵗ, which is of the length of `dim` squared and is decomposed in memory. The patterns themselves are
    /// lazy. Their sign is that in which the values sum up to more than 0.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "x"], &[4, 3], vec![1.0, 2.0, 0.1, -1.0, -2.0, 0.1, 2.0, 4.0, -0.1, -2.0, -4.0, -0.1]);
    /// let eofs = t.eofs("time", 2, None)?;
    /// let explained = eofs.variance_fractions().to_f64()?;
    /// assert!(explained[0] > 0.99 && (explained[0] + explained[1] - 1.0).abs() < 1e-9);
    /// let pattern = eofs.patterns().isel("mode", 0).to_f64()?;
    /// assert!((pattern[1] / pattern[0] - 2.0).abs() < 1e-6);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such dimension, it is longer than 20,000, or all columns have missing values.
    pub fn eofs(&self, dim: &str, n: usize, weights: Option<&DataArray>) -> Result<Eofs> {
        self.decomposed(dim, n, weights).map_err(|error| error.context("eofs"))
    }

    fn decomposed(&self, dim: &str, n: usize, weights: Option<&DataArray>) -> Result<Eofs> {
        const LONGEST: u64 = 20_000;
        self.check()?;
        let axis = self.dims().axis(dim)?;
        let len = self.shape()[axis];
        if !(2..=LONGEST).contains(&len) {
            let message = format!("`{dim}` has {len} positions; between 2 and {LONGEST} can be decomposed");
            return Err(Error::unsupported(message).hint("average over longer periods first"));
        }
        let wide = self.cast(DType::F64);
        // A column with a missing value has no place in the matrix.
        let whole = wide.keep_columns(dim);
        let anomalies = &whole - whole.mean(dim);
        let weighted = match weights {
            Some(weights) => &anomalies * weights,
            None => anomalies.clone(),
        };
        let order: Vec<String> = std::iter::once(dim.to_owned())
            .chain(weighted.dims().iter().filter(|name| *name != dim).map(ToOwned::to_owned))
            .collect();
        let weighted = weighted.transpose(order).checked()?;
        let n_times = len as usize;
        let matrix = weighted.gram()?;
        let total = matrix.trace();
        if total.is_nan() || total <= 0.0 {
            return Err(Error::invalid("there is no variance, or every column has a missing value"));
        }
        let eigen = SymmetricEigen::new(matrix);
        let mut places: Vec<usize> = (0..n_times).collect();
        places.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        places.truncate(n.min(n_times - 1));
        let singular: Vec<f64> = places.iter().map(|&k| eigen.eigenvalues[k].max(0.0).sqrt()).collect();
        let units: Vec<Vec<f64>> =
            places.iter().map(|&k| eigen.eigenvectors.column(k).iter().copied().collect()).collect();
        let mut found =
            Eofs { anomalies: weighted, weights: weights.cloned(), dim: dim.to_owned(), units, singular, total };
        // The sign of an eigenvector is free: patterns that sum up to more than 0.
        let rest: Vec<String> =
            found.anomalies.dims().iter().filter(|name| *name != dim).map(ToOwned::to_owned).collect();
        let sums = if rest.is_empty() { vec![] } else { found.patterns().sum(rest).to_f64()? };
        for (unit, sum) in found.units.iter_mut().zip(sums) {
            if sum < 0.0 {
                unit.iter_mut().for_each(|value| *value = -*value);
            }
        }
        Ok(found)
    }

    /// Values of columns along `dim` without a missing value; the others are missing as a whole.
    #[track_caller]
    fn keep_columns(&self, dim: &str) -> Self {
        let len = self.dims().axis(dim).map_or(0, |axis| self.shape()[axis]);
        self.where_(self.count(dim).eq_to(len as i64))
    }

    /// The products of all pairs of positions of the first axis, summed over the others: missing values count as 0. Every chunk is read once.
    fn gram(&self) -> Result<DMatrix<f64>> {
        /// Whole columns of about this many bytes are multiplied at a time.
        const BLOCK: u64 = 16 << 20;
        let filled = self.fillna(0.0);
        let n = self.shape()[0];
        let mut axes = filled.chunks().axes().to_vec();
        axes[0] = AxisChunks::single(n);
        let bytes = |axes: &[AxisChunks]| axes.iter().fold(8u64, |all, axis| all.saturating_mul(axis.largest().max(1)));
        while bytes(&axes) > BLOCK
            && let Some(longest) =
                axes[1..].iter_mut().max_by_key(|axis| axis.largest()).filter(|axis| axis.largest() > 1)
        {
            *longest = AxisChunks::regular(longest.len(), longest.largest().div_ceil(2));
        }
        let sink = Arc::new(Products { n: n as usize, chunks: ChunkGrid::new(axes), sum: Mutex::new(None) });
        filled.compute_into(&(sink.clone() as Arc<dyn Sink>))?;
        let sum = sink.sum.lock().unwrap_or_else(PoisonError::into_inner).take();
        sum.ok_or_else(|| Error::invalid("an array without values has no patterns"))
    }
}

/// Adds up the products of columns with themselves.
struct Products {
    n: usize,
    chunks: ChunkGrid,
    sum: Mutex<Option<DMatrix<f64>>>,
}

impl Sink for Products {
    fn chunks(&self) -> Option<ChunkGrid> {
        Some(self.chunks.clone())
    }

    fn held_bytes(&self, _spec: &ArraySpec) -> u64 {
        // The sum, a product that is added to it, and what the decomposition takes.
        4 * 8 * (self.n as u64).pow(2)
    }

    fn begin(&self, _spec: &ArraySpec) -> Result<()> {
        Ok(())
    }

    fn write(&self, _region: &Region, block: &Block) -> Result<()> {
        let values = block.to_f64()?;
        if values.is_empty() {
            return Ok(());
        }
        // Row by row in memory is column by column of the transpose.
        let columns = DMatrix::from_vec(values.len() / self.n, self.n, values);
        let product = columns.transpose() * &columns;
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        match sum.as_mut() {
            Some(sum) => *sum += product,
            None => *sum = Some(product),
        }
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

impl Eofs {
    /// The patterns, of unit length in weighted values, along a dimension `mode` in front (lazy: one pass over the data).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "x"], &[3, 2], vec![-1.0, -2.0, 0.0, 0.0, 1.0, 2.0]);
    /// let pattern = t.eofs("time", 1, None)?.patterns().isel("mode", 0).to_f64()?;
    /// assert!((pattern[0] - 1.0 / 5.0f64.sqrt()).abs() < 1e-9 && (pattern[1] - 2.0 / 5.0f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn patterns(&self) -> DataArray {
        let scaled: Vec<f64> = self
            .units
            .iter()
            .zip(&self.singular)
            .flat_map(|(unit, s)| unit.iter().map(move |value| if *s > 0.0 { value / s } else { 0.0 }))
            .collect();
        let projected = || -> Result<DataArray> {
            let units =
                DataArray::from_vec(["mode", self.dim.as_str()], &[self.units.len(), self.len()], scaled.clone());
            let values = (&units * &self.anomalies).sum(&*self.dim);
            // Where a column was left out there is no pattern.
            let held = self.anomalies.count(&*self.dim).gt(0);
            self.with_modes(values.where_(held)).checked()
        };
        projected().unwrap_or_else(DataArray::failed)
    }

    /// The components: how strong each pattern is along the dimension (U S), with its labels.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "x"], &[3, 2], vec![-1.0, -2.0, 0.0, 0.0, 1.0, 2.0]);
    /// let component = t.eofs("time", 1, None)?.components().isel("mode", 0).to_f64()?;
    /// assert!((component[0] + 5.0f64.sqrt()).abs() < 1e-9 && (component[2] - 5.0f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn components(&self) -> DataArray {
        let values: Vec<f64> = self
            .units
            .iter()
            .zip(&self.singular)
            .flat_map(|(unit, s)| unit.iter().map(move |value| value * s))
            .collect();
        let array = DataArray::from_vec(["mode", self.dim.as_str()], &[self.units.len(), self.len()], values);
        let array = match self.anomalies.coords().get(&self.dim) {
            Some(coord) => array.with_coord_variable(&self.dim, coord.variable().clone()),
            None => array,
        };
        self.with_modes(array)
    }

    /// The part of the variance that each mode explains.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "x"], &[4, 2], vec![-2.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, -1.0]);
    /// assert_eq!(t.eofs("time", 2, None)?.variance_fractions().round(9).to_f64()?, [0.8, 0.2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn variance_fractions(&self) -> DataArray {
        let values: Vec<f64> = self.singular.iter().map(|s| s * s / self.total).collect();
        self.with_modes(DataArray::from_vec(["mode"], &[values.len()], values))
    }

    /// All three as a dataset: `pattern`, `component`, `variance_fraction`.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "x"], &[3, 2], vec![-1.0, -2.0, 0.0, 0.0, 1.0, 2.0]);
    /// let all = t.eofs("time", 1, None)?.to_dataset();
    /// assert_eq!(all.names().collect::<Vec<_>>(), ["pattern", "component", "variance_fraction"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_dataset(&self) -> Dataset {
        dataset([
            ("pattern", self.patterns()),
            ("component", self.components()),
            ("variance_fraction", self.variance_fractions()),
        ])
    }

    /// The weights that were given.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["time", "x"], &[3, 2], vec![-1.0, -2.0, 0.0, 0.0, 1.0, 2.0]);
    /// let weights = DataArray::from_vec(["x"], &[2], vec![1.0, 0.5]);
    /// assert_eq!(t.eofs("time", 1, Some(&weights))?.weights().unwrap().to_f64()?, [1.0, 0.5]);
    /// assert!(t.eofs("time", 1, None)?.weights().is_none());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn weights(&self) -> Option<&DataArray> {
        self.weights.as_ref()
    }

    fn len(&self) -> usize {
        self.units.first().map_or(0, Vec::len)
    }

    #[track_caller]
    fn with_modes(&self, array: DataArray) -> DataArray {
        let labels = Block::new(&[self.units.len()], (1..=self.units.len() as i64).collect());
        let made = labels
            .and_then(|labels| Ok(Coord::new(Arc::from("mode"), Variable::from_block(Dims::new(["mode"])?, labels))));
        match made {
            Ok(coord) if array.error().is_none() => {
                let mut array = array;
                array.coords.set(coord);
                array
            }
            Ok(_) => array,
            Err(error) => array.fail(error),
        }
    }
}
