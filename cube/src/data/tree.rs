//! Datasets in groups.
use std::fmt;

use super::{DataArray, Dataset, IntoDims};
use crate::base::{Error, Result};

/// Datasets by path (xarray's `DataTree`): what `open_tree` gives, or [`DataTree::from_groups`]. Cheap to clone.
///
/// Coordinates are those of each group itself; dimensions of outer groups have their length but not their labels, unless
/// [`DataTree::inherited`] hands them down.
///
/// ```
/// use terracube_cube::{DataArray, DataTree};
/// let ds = |v: f64| DataArray::from_vec(["x"], &[2], vec![v, v + 1.0]).named("t").to_dataset();
/// let tree = DataTree::from_groups([("model/a", ds(1.0)), ("model/b", ds(5.0))]);
/// assert_eq!(tree.paths().collect::<Vec<_>>(), ["/", "/model", "/model/a", "/model/b"]);
/// let means = tree.map(|ds| ds.mean("x"));
/// assert_eq!(means.group("model/b")?.var("t").item()?, 5.5);
/// let bias = &tree - &tree.group("model/a")?;
/// assert_eq!(bias.var("model/b", "t").to_f64()?, [4.0, 4.0]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Clone)]
pub struct DataTree {
    url: String,
    groups: Vec<(String, Result<Dataset>)>,
}

impl DataTree {
    /// A tree of what was found at a URL (without secrets); paths begin with "/", outer ones stand before inner ones.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::new("file.nc".to_owned(), vec![("/".to_owned(), Ok(t))]);
    /// assert_eq!((tree.url(), tree.root()?.var("t").to_f64()?), ("file.nc", vec![1.0, 2.0]));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn new(url: String, groups: Vec<(String, Result<Dataset>)>) -> Self {
        Self { url, groups }
    }

    /// A tree of datasets by path; groups in between are empty (xarray's `DataTree.from_dict`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a/b", ds)]);
    /// assert_eq!(tree.paths().collect::<Vec<_>>(), ["/", "/a", "/a/b"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn from_groups<S: AsRef<str>>(groups: impl IntoIterator<Item = (S, Dataset)>) -> Self {
        let tree = Self { url: "memory".to_owned(), groups: vec![("/".to_owned(), Ok(Dataset::default()))] };
        groups.into_iter().fold(tree, |tree, (path, dataset)| tree.with_group(path.as_ref(), dataset))
    }

    /// Where it was opened from, without secrets.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).url(), "memory");
    /// ```
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The paths of all groups, "/" first, outer ones before inner ones.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a/b", t)]).paths().collect::<Vec<_>>(), ["/", "/a", "/a/b"]);
    /// ```
    #[track_caller]
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(path, _)| &path[..])
    }

    /// The paths of the groups right inside one.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a/b", ds)]);
    /// assert_eq!(tree.children("/"), ["/a"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn children(&self, path: &str) -> Vec<&str> {
        let outer = absolute(path);
        let prefix = if outer == "/" { outer } else { format!("{outer}/") };
        self.paths()
            .filter(|held| held.strip_prefix(&prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')))
            .collect()
    }

    /// The dataset of a group ("/", "a", "/a/b").
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("run/a", t)]);
    /// assert_eq!(tree.group("run/a")?.var("t").to_f64()?, [1.0, 2.0]);
    /// assert_eq!(tree.group("run/b").unwrap_err().message(), "no group `/run/b`");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such group, with a suggestion, or it is damaged.
    #[track_caller]
    pub fn group(&self, path: &str) -> Result<Dataset> {
        let wanted = absolute(path);
        match self.groups.iter().find(|(known, _)| *known == wanted) {
            Some((_, dataset)) => dataset.clone(),
            None => Err(Error::unknown_name("group", &wanted, self.paths()).context(self.url.clone())),
        }
    }

    /// A variable of a group; a wrong path or name travels in it as a mistake.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a/b", ds)]);
    /// assert_eq!(tree.var("a/b", "t").to_f64()?, [1.0, 2.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn var(&self, path: &str, name: &str) -> DataArray {
        self.group(path).map_or_else(DataArray::failed, |dataset| dataset.var(name))
    }

    /// The dataset of the outermost group.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("/", t)]).root()?.var("t").to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it is damaged.
    #[track_caller]
    pub fn root(&self) -> Result<Dataset> {
        self.group("/")
    }

    /// All groups in the order of [`paths`](Self::paths).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a", t)]);
    /// let counts: Vec<_> = tree.iter().map(|(path, group)| (path, group.as_ref().map_or(0, |held| held.names().count()))).collect();
    /// assert_eq!(counts, [("/", 0), ("/a", 1)]);
    /// ```
    #[track_caller]
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Result<Dataset>)> {
        self.groups.iter().map(|(path, dataset)| (&path[..], dataset))
    }

    /// The tree with a group added or replaced; groups around it are made where they lack (xarray's `tree[path] = dataset`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a", t.clone())]).with_group("b/c", t);
    /// assert_eq!(tree.children("/"), ["/a", "/b"]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_group(&self, path: &str, dataset: Dataset) -> Self {
        let path = absolute(path);
        let mut groups = self.groups.clone();
        let around = path.match_indices('/').skip(1).map(|(at, _)| path[..at].to_owned());
        for outer in std::iter::once("/".to_owned()).chain(around) {
            if !groups.iter().any(|(held, _)| *held == outer) {
                groups.push((outer, Ok(Dataset::default())));
            }
        }
        match groups.iter_mut().find(|(held, _)| *held == path) {
            Some((_, held)) => *held = Ok(dataset),
            None => groups.push((path, Ok(dataset))),
        }
        // Outer groups before inner ones; siblings stay in their order.
        let depth = |path: &str| if path == "/" { 0 } else { path.matches('/').count() };
        groups.sort_by_key(|(path, _)| depth(path));
        Self { url: self.url.clone(), groups }
    }

    /// The groups at and inside a path, which becomes "/" (xarray's `tree[path]`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a/b", ds)]);
    /// assert_eq!(tree.subtree("a")?.paths().collect::<Vec<_>>(), ["/", "/b"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such group.
    #[track_caller]
    pub fn subtree(&self, path: &str) -> Result<Self> {
        let outer = absolute(path);
        self.group(&outer)
            .map(drop)
            .or_else(|error| if self.paths().any(|held| held == outer) { Ok(()) } else { Err(error) })?;
        let inside = |held: &str| -> Option<String> {
            let rest = held.strip_prefix(outer.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then(|| absolute(rest))
        };
        let groups = self.groups.iter().filter_map(|(held, dataset)| Some((inside(held)?, dataset.clone())));
        Ok(Self { url: format!("{}{outer}", self.url), groups: groups.collect() })
    }

    /// The same function of every dataset that has variables (xarray's `map_over_datasets`). Damaged groups stay as they are.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let ds = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 6.0]).with_coord("x", vec![0.0, 1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a/b", ds)]);
    /// assert_eq!(tree.map(|ds| ds.max("x")).var("a/b", "t").item()?, 6.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map(&self, change: impl Fn(&Dataset) -> Dataset) -> Self {
        self.map_with_path(|_, dataset| change(dataset))
    }

    /// As [`DataTree::map`], with the path of each group. Groups without variables stay as they are.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a", t)]).map_with_path(|path, group| group.assign_attrs([("path", path)]));
    /// assert_eq!(tree.group("a")?.attrs().text("path"), Some("/a"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map_with_path(&self, change: impl Fn(&str, &Dataset) -> Dataset) -> Self {
        let one = |(path, dataset): &(String, Result<Dataset>)| {
            let changed = match dataset {
                Ok(held) if held.names().next().is_some() => Ok(change(path, held)),
                other => other.clone(),
            };
            (path.clone(), changed)
        };
        Self { url: self.url.clone(), groups: self.groups.iter().map(one).collect() }
    }

    /// The groups for which something holds, and those around them (xarray's `filter`).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("a/b", t.clone()), ("c", t)]).filter(|path, _| path.ends_with("b"));
    /// assert_eq!(tree.paths().collect::<Vec<_>>(), ["/", "/a", "/a/b"]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn filter(&self, keep: impl Fn(&str, &Dataset) -> bool) -> Self {
        let kept: Vec<&str> = self
            .iter()
            .filter(|(path, dataset)| dataset.as_ref().is_ok_and(|held| keep(path, held)))
            .map(|(path, _)| path)
            .collect();
        let around =
            |path: &str| path == "/" || kept.iter().any(|held| *held == path || held.starts_with(&format!("{path}/")));
        let groups = self.groups.iter().filter(|(path, _)| around(path)).cloned();
        Self { url: self.url.clone(), groups: groups.collect() }
    }

    /// Every group with the coordinates of the groups around it that it lacks, where their dimensions fit (what xarray's `DataTree` always
    /// does).
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let outer = DataArray::from_vec(["x"], &[2], vec![5.0, 6.0]).with_coord("x", vec![10.0, 20.0]).named("p").to_dataset();
    /// let inner = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).named("t").to_dataset();
    /// let tree = DataTree::from_groups([("/", outer), ("a", inner)]).inherited();
    /// assert_eq!(tree.group("a")?.sel("x", 20.0).var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn inherited(&self) -> Self {
        let with_outer = |path: &str, dataset: &Dataset| {
            let outer = self.iter().filter(|(held, _)| *held == "/" || path.starts_with(&format!("{held}/")));
            // The nearest group around counts first.
            let mut outer: Vec<_> =
                outer.filter_map(|(held, outer)| Some((held.len(), outer.as_ref().ok()?))).collect();
            outer.sort_by_key(|(len, _)| std::cmp::Reverse(*len));
            outer.into_iter().fold(dataset.clone(), |dataset, (_, outer)| dataset.with_lacking_coords(outer))
        };
        self.map_with_path(with_outer)
    }

    #[track_caller]
    fn against(&self, other: &Dataset, op: impl Fn(&DataArray, &DataArray) -> DataArray) -> Self {
        self.map(|dataset| {
            dataset.map(|array| match array.name().filter(|name| other.names().any(|held| held == *name)) {
                Some(name) => op(array, &other.var(name)),
                None => array.clone(),
            })
        })
    }
}

fn absolute(path: &str) -> String {
    format!("/{}", path.trim_matches('/'))
}

impl Dataset {
    #[track_caller]
    fn with_lacking_coords(&self, outer: &Dataset) -> Self {
        let sizes = self.dims();
        let fits = |coord: &super::Coord| {
            let of = |(dim, len): (&str, &u64)| {
                sizes.iter().find(|(held, _)| held == dim).is_none_or(|(_, held)| held == len)
            };
            coord.variable().dims().iter().zip(coord.variable().shape()).all(of)
        };
        let mut coords = self.coords().clone();
        for coord in outer.coords().iter().filter(|coord| fits(coord)) {
            if coords.get(coord.name()).is_none() && !self.names().any(|name| name == coord.name()) {
                coords.set(coord.clone());
            }
        }
        self.rebuilt(self.variables.to_vec(), coords)
    }
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        impl DataTree {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self, dims: impl IntoDims) -> Self {
                let names = dims.names();
                self.map(|dataset| {
                    let own: Vec<String> = dataset.dims().into_iter().map(|(dim, _)| dim)
                        .filter(|dim| names.as_ref().is_none_or(|names| names.contains(dim))).collect();
                    dataset.$name(own)
                })
            })*
        }
    };
}
reductions! {
    /// The means of every group over those of the dims that it has.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).mean("x").group("a")?.var("t").item()?, 3.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    mean;
    /// The sums of every group.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).sum("x").group("a")?.var("t").item()?, 1.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    sum;
    /// The least values of every group.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).min("x").group("a")?.var("t").item()?, 1.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    min;
    /// The greatest values of every group.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).max("x").group("a")?.var("t").item()?, 5.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    max;
    /// The standard deviations of every group.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 5.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).std("x").group("a")?.var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    std;
    /// The medians of every group.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 9.0, 2.0]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).median("x").group("a")?.var("t").item()?, 2.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    median;
    /// How many values of every group are not missing.
    ///
    /// ```
    /// use terracube_cube::{DataArray, DataTree};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, f64::NAN]).named("t").to_dataset();
    /// assert_eq!(DataTree::from_groups([("a", t)]).count("x").group("a")?.var("t").to_vec::<i64>()?, [1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    count;
}

macro_rules! operators {
    ($($trait:ident $method:ident;)*) => {$(
        impl std::ops::$trait<&Dataset> for &DataTree {
            type Output = DataTree;
            /// With the variables of the same names of one dataset, group by group; variables that it lacks stay.
            #[track_caller]
            fn $method(self, other: &Dataset) -> DataTree {
                self.against(other, |a, b| std::ops::$trait::$method(a, b))
            }
        }
    )*};
}
operators! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
}

impl fmt::Display for DataTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataTree of {}: {} groups", self.url, self.groups.len())?;
        for (path, dataset) in &self.groups {
            match dataset {
                Err(error) => write!(f, "\n{path}: {error}")?,
                Ok(dataset) => {
                    let dims: Vec<String> = dataset.dims().iter().map(|(name, len)| format!("{name}: {len}")).collect();
                    let names: Vec<&str> = dataset.names().collect();
                    write!(f, "\n{path} ({}): {}", dims.join(", "), names.join(", "))?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DataTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
