//! Verbs of datasets for every group of a tree.
use std::ops;

use super::positions::IntoPosition;
use super::select::IntoLabel;
use super::{DataTree, IntoDims};
use crate::base::Error;

impl DataTree {
    /// Positions of a dimension in every group that has it; see [`super::Dataset::isel`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a/b", ds)]);
    /// assert_eq!(tree.isel("x", -1).var("a/b", "t").item()?, 6.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn isel(&self, dim: &str, position: impl IntoPosition) -> Self {
        let position = position.into_position();
        self.where_found(dim, |dataset| dataset.isel(dim, position.clone()))
    }

    /// Labels of a dimension in every group that has it; see [`super::Dataset::sel`].
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[3], vec![1, 2, 3]).with_coord("x", vec![10, 20, 30]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("/", t.clone()), ("/inner", t)]);
    /// assert_eq!(tree.sel("x", 20..=30).var("/inner", "t").to_vec::<i32>()?, [2, 3]);
    /// assert_eq!((&tree * 2).var("/inner", "t").to_vec::<i32>()?, [2, 4, 6]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sel(&self, dim: &str, label: impl IntoLabel) -> Self {
        let label = label.into_label();
        self.where_found(dim, |dataset| dataset.sel(dim, label.clone()))
    }

    /// `change` of the groups that have the dimension; an error in all of them if none has.
    #[track_caller]
    fn where_found(&self, dim: &str, change: impl Fn(&super::Dataset) -> super::Dataset) -> Self {
        let has = |dataset: &super::Dataset| dataset.dims().iter().any(|(held, _)| held == dim);
        if self.iter().filter_map(|(_, dataset)| dataset.as_ref().ok()).any(has) {
            return self.map(|dataset| if has(dataset) { change(dataset) } else { dataset.clone() });
        }
        let mut known: Vec<String> = Vec::new();
        for (name, _) in self.iter().filter_map(|(_, dataset)| dataset.as_ref().ok()).flat_map(super::Dataset::dims) {
            if !known.contains(&name) {
                known.push(name);
            }
        }
        let error = Error::unknown_name("dimension", dim, known.iter().map(String::as_str));
        self.map(|dataset| dataset.failing(&error))
    }

    /// The groups whose paths fit a pattern, and those around them: `*` stands for any letters but `/`, `**` for any at all (xarray's
    /// `match`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[1], vec![1]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("/a/fine", t.clone()), ("/a/coarse", t.clone()), ("/b/fine", t)]);
    /// assert_eq!(tree.matching("/*/fine").paths().filter(|path| path.ends_with("fine")).count(), 2);
    /// assert!(tree.matching("/*/fine").paths().all(|path| !path.ends_with("coarse")));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matching(&self, pattern: &str) -> Self {
        let pattern: Vec<char> = format!("/{}", pattern.trim_matches('/')).chars().collect();
        self.filter(|path, _| fits(&pattern, &path.chars().collect::<Vec<_>>()))
    }

    /// The variances of every group over those of the dims that it has (xarray's `DataTree.var`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).variance("x").group("a")?.var("t").item()?, 4.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn variance(&self, dims: impl IntoDims) -> Self {
        let names = dims.names();
        self.map(|dataset| {
            let own = dataset.dims().into_iter().map(|(dim, _)| dim);
            let own: Vec<String> = own.filter(|dim| names.as_ref().is_none_or(|names| names.contains(dim))).collect();
            dataset.variance(own)
        })
    }
}

fn fits(pattern: &[char], path: &[char]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ['*', '*', rest @ ..] => (0..=path.len()).any(|n| fits(rest, &path[n..])),
        ['*', rest @ ..] => {
            let most = path.iter().position(|c| *c == '/').unwrap_or(path.len());
            (0..=most).any(|n| fits(rest, &path[n..]))
        }
        [c, rest @ ..] => path.first() == Some(c) && fits(rest, &path[1..]),
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident: $($t:ty),*;)*) => {$($(
        impl ops::$trait<$t> for &DataTree {
            type Output = DataTree;
            /// Every variable of every group with a number.
            #[track_caller]
            fn $method(self, other: $t) -> DataTree {
                self.map(|dataset| ops::$trait::$method(dataset, other))
            }
        }
    )*)*};
}
operators! {
    Add add: f64, i32;
    Sub sub: f64, i32;
    Mul mul: f64, i32;
    Div div: f64, i32;
}
