//! Names of dimensions, in axis order.
use std::fmt;
use std::sync::Arc;

use super::{Error, Result};

/// Names of the dimensions of an array, in axis order; no name stands twice. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dims(Arc<[Arc<str>]>);

impl Dims {
    /// Dimensions from names.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert_eq!(Dims::new(["lat", "lon"])?.len(), 2);
    /// assert!(Dims::new(["lat", "lat"]).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a name stands twice.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self> {
        let names: Vec<Arc<str>> = names.into_iter().map(|name| Arc::from(name.as_ref())).collect();
        for (position, name) in names.iter().enumerate() {
            if names[..position].contains(name) {
                return Err(Error::invalid(format!("dimension `{name}` stands twice in ({})", names.join(", "))));
            }
        }
        Ok(Self(names.into()))
    }

    /// No dimensions: a scalar.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert!(Dims::none().is_empty());
    /// ```
    pub fn none() -> Self {
        Self(Arc::from([]))
    }

    /// The number of dimensions.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert_eq!((Dims::new(["lat", "lon"])?.len(), Dims::none().len()), (2, 0));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is a scalar.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert!(Dims::none().is_empty() && !Dims::new(["lat"])?.is_empty());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The axis of a dimension; `None` if it is not here.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// let dims = Dims::new(["lat", "lon"])?;
    /// assert_eq!((dims.position("lon"), dims.position("time")), (Some(1), None));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|dim| &**dim == name)
    }

    /// The axis of a dimension.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// let dims = Dims::new(["lat", "lon"])?;
    /// assert_eq!(dims.axis("lon")?, 1);
    /// assert_eq!(dims.axis("latt").unwrap_err().to_string(), "no dimension `latt`; did you mean `lat`?");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it is not here, with a suggestion.
    pub fn axis(&self, name: &str) -> Result<usize> {
        self.position(name).ok_or_else(|| Error::unknown_name("dimension", name, self.iter()))
    }

    /// Whether the dimension is here.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// let dims = Dims::new(["lat", "lon"])?;
    /// assert!(dims.contains("lat") && !dims.contains("time"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// The names in axis order.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert_eq!(Dims::new(["lat", "lon"])?.iter().collect::<Vec<_>>(), ["lat", "lon"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.0.iter().map(|name| &**name)
    }

    /// The name of an axis; panics if `axis` is out of bounds, as slices do.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert_eq!(&**Dims::new(["lat", "lon"])?.name(1), "lon");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn name(&self, axis: usize) -> &Arc<str> {
        &self.0[axis]
    }

    /// These dimensions without those of the given axes.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert_eq!(Dims::new(["time", "lat", "lon"])?.without(&[0, 2]), Dims::new(["lat"])?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn without(&self, axes: &[usize]) -> Self {
        Self(self.0.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, n)| n.clone()).collect())
    }

    /// These dimensions followed by those of `other` that are not here: the dimensions of a broadcast.
    ///
    /// ```
    /// use terracube_cube::Dims;
    /// assert_eq!(Dims::new(["time", "lat"])?.union(&Dims::new(["lat", "lon"])?), Dims::new(["time", "lat", "lon"])?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(other.0.iter().filter(|name| !self.contains(name))).cloned().collect())
    }
}

impl fmt::Debug for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({})", self.0.join(", "))
    }
}
