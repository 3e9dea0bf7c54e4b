//! Indexes: from labels of a 1-D coordinate to positions on its axis.
mod align;
mod cyclic;
mod keys;
mod locate;
mod nearest;
mod reindex;
mod sphere;
mod values;

use std::cmp::Ordering;
use std::sync::Arc;

pub use align::AxisMatch;
use keys::{Key, Keys, Order};
pub use reindex::Fill;
pub use sphere::SphereIndex;

use crate::base::{Block, DType, DatePrecision, Error, Result, TimeUnit};

/// What is known of a coordinate beside its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IndexHints {
    /// It is a longitude by CF, in degrees: points, nearest labels and ranges wrap around the circle.
    pub is_longitude: bool,
}

impl IndexHints {
    /// The hints for a longitude.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints, IntoLabel};
    /// let index = Index::build("lon", &Block::new(&[4], vec![0.0, 90.0, 180.0, 270.0])?, IndexHints::longitude())?;
    /// assert_eq!(index.locate(&(-90.0).into_label())?.to_vec(), [3]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn longitude() -> Self {
        Self { is_longitude: true }
    }
}

/// How an index finds labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    /// Evenly spaced numbers.
    Range,
    /// Ascending or descending labels.
    Sorted,
    /// Labels in no order: no ranges.
    Unsorted,
    /// Times in ascending or descending order.
    Time,
}

/// The labels of one dimension, ready to be searched. Cheap to clone.
///
/// ```
/// use terracube_cube::Block;
/// use terracube_cube::data::{Index, IndexHints, IntoLabel};
/// let latitudes = Block::new(&[5], vec![60.0, 30.0, 0.0, -30.0, -60.0])?;
/// let index = Index::build("lat", &latitudes, IndexHints::default())?;
/// assert_eq!(index.locate(&(-10.0..=30.0).into_label())?.to_vec(), [1, 2]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Index(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dim: Arc<str>,
    dtype: DType,
    keys: Keys,
    order: Order,
    /// A position whose label stands at another position too.
    duplicate: Option<usize>,
    /// How finely times are written out: days if all are at midnight.
    precision: DatePrecision,
    is_cyclic: bool,
    spacing: Option<f64>,
}

impl Index {
    /// An index over the values of a coordinate of one dimension. Takes memory and time in proportion to them.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// let index = Index::build("x", &Block::new(&[3], vec![10.0, 20.0, 30.0])?, IndexHints::default())?;
    /// assert_eq!((index.len(), index.spacing()), (3, Some(10.0)));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the block is not 1-D, or has labels above the largest i64.
    #[track_caller]
    pub fn build(dim: &str, labels: &Block, hints: IndexHints) -> Result<Self> {
        if labels.rank() != 1 {
            return Err(Error::mismatch(format!("the coordinate of `{dim}` has {} dimensions, not 1", labels.rank())));
        }
        let dtype = labels.dtype();
        let keys =
            Keys::read(labels, hints.is_longitude).map_err(|error| error.context(format!("coordinate `{dim}`")))?;
        let is_missing = |position: usize| match &keys {
            Keys::Number(values) => values[position].is_nan(),
            Keys::Integer(values) => dtype.is_time_like() && values[position] == i64::MIN,
            Keys::Text(_) => false,
        };
        let order = Order::of(&keys, is_missing);
        let len = keys.len();
        let duplicate = (1..order.n_ranks(len)).map(|rank| (order.position(rank - 1, len), order.position(rank, len)));
        let duplicate = duplicate.into_iter().find(|&(a, b)| keys.compare_positions(a, b) == Ordering::Equal);
        let mut inner = Inner {
            dim: dim.into(),
            dtype,
            duplicate: duplicate.map(|(a, b)| a.max(b)),
            precision: precision_of(&keys, dtype),
            is_cyclic: false,
            spacing: None,
            keys,
            order,
        };
        inner.spacing = inner.even_spacing();
        inner.is_cyclic = hints.is_longitude && dtype.is_numeric() && inner.fits_the_circle();
        Ok(Self(Arc::new(inner)))
    }

    /// The dimension.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// assert_eq!(Index::build("x", &Block::new(&[1], vec![10.0])?, IndexHints::default())?.dim(), "x");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn dim(&self) -> &str {
        &self.0.dim
    }

    /// The dtype of the labels.
    ///
    /// ```
    /// use terracube_cube::{Block, DType};
    /// use terracube_cube::data::{Index, IndexHints};
    /// assert_eq!(Index::build("x", &Block::new(&[1], vec![10i16])?, IndexHints::default())?.dtype(), DType::I16);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// The number of labels.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// assert_eq!(Index::build("x", &Block::new(&[2], vec![10, 20])?, IndexHints::default())?.len(), 2);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.0.keys.len()
    }

    /// Whether there is no label.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// assert!(Index::build("x", &Block::new(&[0], Vec::<f64>::new())?, IndexHints::default())?.is_empty());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether labels wrap around the circle of longitudes.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// let longitudes = Block::new(&[4], vec![0.0, 90.0, 180.0, 270.0])?;
    /// assert!(Index::build("lon", &longitudes, IndexHints::longitude())?.is_cyclic());
    /// assert!(!Index::build("lon", &longitudes, IndexHints::default())?.is_cyclic());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn is_cyclic(&self) -> bool {
        self.0.is_cyclic
    }

    /// Whether no two labels are equal.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// assert!(!Index::build("x", &Block::new(&[2], vec![7, 7])?, IndexHints::default())?.is_unique());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn is_unique(&self) -> bool {
        self.0.duplicate.is_none()
    }

    /// Whether labels ascend or descend all along (equal neighbours allowed).
    ///
    /// ```
    /// use terracube_cube::{Block, Error};
    /// use terracube_cube::data::{Index, IndexHints};
    /// let is_sorted = |labels: Vec<i32>| Ok::<_, Error>(Index::build("x", &Block::new(&[3], labels)?, IndexHints::default())?.is_sorted());
    /// assert!(is_sorted(vec![3, 2, 2])? && !is_sorted(vec![1, 3, 2])?);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn is_sorted(&self) -> bool {
        !matches!(self.0.order, Order::Unsorted { .. })
    }

    /// Whether labels descend.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// assert!(Index::build("lat", &Block::new(&[2], vec![90, -90])?, IndexHints::default())?.is_descending());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn is_descending(&self) -> bool {
        matches!(self.0.order, Order::Descending)
    }

    /// How labels are found.
    ///
    /// ```
    /// use terracube_cube::{Block, Error};
    /// use terracube_cube::data::{Index, IndexHints, IndexKind};
    /// let kind = |labels: Vec<i32>| Ok::<_, Error>(Index::build("x", &Block::new(&[3], labels)?, IndexHints::default())?.kind());
    /// assert_eq!([kind(vec![0, 5, 10])?, kind(vec![0, 5, 6])?, kind(vec![5, 0, 6])?], [IndexKind::Range, IndexKind::Sorted, IndexKind::Unsorted]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn kind(&self) -> IndexKind {
        match (&self.0.order, self.0.spacing, self.0.dtype) {
            (Order::Unsorted { .. }, ..) => IndexKind::Unsorted,
            (_, _, DType::Time { .. }) => IndexKind::Time,
            (_, Some(_), _) => IndexKind::Range,
            _ => IndexKind::Sorted,
        }
    }

    /// The step from a label to the next, if all steps are equal up to rounding: negative where labels descend; times in counts.
    ///
    /// ```
    /// use terracube_cube::{Block, Error};
    /// use terracube_cube::data::{Index, IndexHints};
    /// let spacing = |labels: Vec<i32>| Ok::<_, Error>(Index::build("x", &Block::new(&[3], labels)?, IndexHints::default())?.spacing());
    /// assert_eq!((spacing(vec![90, 0, -90])?, spacing(vec![0, 5, 6])?), (Some(-90.0), None));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn spacing(&self) -> Option<f64> {
        self.0.spacing
    }

    /// From where to where the axis goes: "`lat` runs from 90 to -90 (721 labels)".
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// let index = Index::build("lat", &Block::new(&[3], vec![90, 0, -90])?, IndexHints::default())?;
    /// assert_eq!(index.extent(), "`lat` runs from 90 to -90 (3 labels)");
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn extent(&self) -> String {
        self.0.extent()
    }

    /// The label at a position as people read it; "" past the end.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints};
    /// let index = Index::build("lat", &Block::new(&[2], vec![2.5, 5.0])?, IndexHints::default())?;
    /// assert_eq!((index.label_text(0), index.label_text(2)), ("2.5".to_owned(), String::new()));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    pub fn label_text(&self, position: u64) -> String {
        usize::try_from(position).ok().filter(|&p| p < self.len()).map_or(String::new(), |p| self.0.text(p))
    }
}

impl Inner {
    fn len(&self) -> usize {
        self.keys.len()
    }

    fn n_ranks(&self) -> usize {
        self.order.n_ranks(self.len())
    }

    fn position(&self, rank: usize) -> usize {
        self.order.position(rank, self.len())
    }

    /// The first rank whose label is not below `key`.
    fn rank_at_least(&self, key: &Key) -> usize {
        self.first_rank(|position| self.keys.compare(position, key) != Ordering::Less)
    }

    /// The first rank whose label is above `key`.
    fn rank_above(&self, key: &Key) -> usize {
        self.first_rank(|position| self.keys.compare(position, key) == Ordering::Greater)
    }

    /// The first rank at whose position `holds`, which holds from there on.
    fn first_rank(&self, holds: impl Fn(usize) -> bool) -> usize {
        let (mut low, mut high) = (0, self.n_ranks());
        while low < high {
            let middle = low.midpoint(high);
            if holds(self.position(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// One machine step of the labels' dtype relative to their size.
    fn epsilon(&self) -> f64 {
        if self.dtype == DType::F32 { f32::EPSILON.into() } else { f64::EPSILON }
    }

    fn even_spacing(&self) -> Option<f64> {
        let len = self.len();
        if len < 2 || matches!(self.keys, Keys::Text(_)) || matches!(self.order, Order::Unsorted { .. }) {
            return None;
        }
        let (first, last) = (self.keys.number(0), self.keys.number(len - 1));
        let step = (last - first) / (len - 1) as f64;
        let slack = 4.0 * self.epsilon() * first.abs().max(last.abs()) + 1e-9 * step.abs();
        let even = (0..len).all(|i| (self.keys.number(i) - (first + i as f64 * step)).abs() <= slack);
        (even && step != 0.0).then_some(step)
    }

    /// Whether the labels stand for at most one turn.
    fn fits_the_circle(&self) -> bool {
        let n = self.n_ranks();
        n > 0 && {
            let (least, most) = (self.keys.number(self.position(0)), self.keys.number(self.position(n - 1)));
            least.is_finite() && most.is_finite() && most - least <= 360.0 * (1.0 + 1e-6)
        }
    }

    fn text(&self, position: usize) -> String {
        match &self.keys {
            Keys::Number(values) if self.dtype == DType::F32 => format!("{}", values[position] as f32),
            Keys::Number(values) => format!("{}", values[position]),
            Keys::Text(values) => format!("{:?}", values.value(position)),
            Keys::Integer(values) => {
                let value = values[position];
                match self.dtype {
                    DType::Bool => format!("{}", value != 0),
                    DType::Time { unit, calendar } if self.precision <= DatePrecision::Day => {
                        calendar.format_all(&[value], unit).concat()
                    }
                    DType::Time { unit, calendar } => calendar.format(value, unit),
                    DType::Duration { .. } if value == i64::MIN => "NaT".into(),
                    DType::Duration { unit } => values::duration_text(value, unit),
                    _ => value.to_string(),
                }
            }
        }
    }

    fn extent(&self) -> String {
        let (dim, len) = (&self.dim, self.len());
        let n = self.n_ranks();
        if n == 0 {
            return format!("`{dim}` has no labels");
        }
        let counted = if len == 1 { "1 label".into() } else { format!("{len} labels") };
        if matches!(self.keys, Keys::Text(_)) && len <= 12 {
            let labels: Vec<String> = (0..len).map(|position| self.text(position)).collect();
            return format!("`{dim}` has the labels {}", labels.join(", "));
        }
        match self.order {
            Order::Unsorted { .. } => format!(
                "`{dim}` is unsorted, with labels between {} and {} ({counted})",
                self.text(self.position(0)),
                self.text(self.position(n - 1))
            ),
            _ if len == 1 => format!("`{dim}` has only the label {}", self.text(0)),
            _ => format!("`{dim}` runs from {} to {} ({counted})", self.text(0), self.text(len - 1)),
        }
    }
}

/// The coarsest precision in which all times can be written; days at least, as pandas has it.
fn precision_of(keys: &Keys, dtype: DType) -> DatePrecision {
    let (Keys::Integer(counts), DType::Time { unit, .. }) = (keys, dtype) else { return DatePrecision::Day };
    let second = unit.per_second();
    let mut steps = vec![
        (86_400 * second, DatePrecision::Day),
        (3_600 * second, DatePrecision::Hour),
        (60 * second, DatePrecision::Minute),
        (second, DatePrecision::Second),
    ];
    let fractions = [TimeUnit::Ms, TimeUnit::Us, TimeUnit::Ns].into_iter().filter(|finer| *finer <= unit);
    steps.extend(fractions.map(|finer| {
        let digits = finer.per_second().ilog10() as u8;
        (second / finer.per_second(), DatePrecision::Fraction(digits))
    }));
    let whole = |length: i64| counts.iter().all(|&count| count == i64::MIN || count % length == 0);
    steps.iter().find(|(length, _)| whole(*length)).map_or(DatePrecision::Fraction(9), |(_, precision)| *precision)
}

/// Whether a key is below another of the same type.
fn less(a: &Key, b: &Key) -> bool {
    match (a, b) {
        (Key::Number(a), Key::Number(b)) => a < b,
        (Key::Integer(a), Key::Integer(b)) => a < b,
        (Key::Text(a), Key::Text(b)) => a < b,
        _ => false,
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
