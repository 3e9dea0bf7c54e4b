//! From a label to positions.
use super::{Index, Inner, Key, Keys, Order, less};
use crate::base::{Error, ErrorKind, Result};
use crate::data::positions::{PositionRange, Positions};
use crate::data::select::{Label, LabelValue};

impl Index {
    /// The positions that a label selects. Ranges keep the stored order, lists their own.
    ///
    /// ```
    /// use terracube_cube::{Block, ErrorKind};
    /// use terracube_cube::data::{Index, IndexHints, IntoLabel};
    /// let index = Index::build("x", &Block::new(&[3], vec![10.0, 20.0, 30.0])?, IndexHints::default())?;
    /// assert_eq!(index.locate(&20.0.into_label())?.to_vec(), [1]);
    /// assert_eq!(index.locate(&(15.0..=30.0).into_label())?.to_vec(), [1, 2]);
    /// assert_eq!(index.locate(&25.0.into_label()).unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// `NotFound` if a value is no label (with the nearest ones), `Empty` if a range holds none (with the extent of the axis),
    /// `InvalidArgument` if the axis is unsorted and a range is asked for, or has equal labels and nearest is asked for.
    pub fn locate(&self, label: &Label) -> Result<Positions> {
        let inner = &*self.0;
        match label {
            Label::All => Ok(Positions::Range(PositionRange::new(0, self.len() as u64))),
            Label::Value(value) => inner.value(value),
            Label::List(list) => inner.list(list),
            Label::Range { start, end } => inner.range(start.as_ref(), end.as_ref(), label),
            Label::Near { to, tolerance, side } => inner.near(to, tolerance.as_ref(), *side),
        }
    }

    /// As [`Index::locate`], but a range without labels, or an empty list, selects nothing instead of being an error.
    ///
    /// ```
    /// use terracube_cube::Block;
    /// use terracube_cube::data::{Index, IndexHints, IntoLabel};
    /// let index = Index::build("x", &Block::new(&[2], vec![10.0, 20.0])?, IndexHints::default())?;
    /// assert!(index.locate_or_empty(&(50.0..=60.0).into_label())?.is_empty());
    /// assert!(index.locate(&(50.0..=60.0).into_label()).is_err());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Index::locate`], but for `Empty`.
    pub fn locate_or_empty(&self, label: &Label) -> Result<Positions> {
        match self.locate(label) {
            Err(error) if error.kind() == ErrorKind::Empty => Ok(Positions::Range(PositionRange::new(0, 0))),
            found => found,
        }
    }
}

impl Inner {
    fn value(&self, value: &LabelValue) -> Result<Positions> {
        let span = self.span(value)?;
        let ranks = self.ranks(&span.low, &span.high);
        if span.is_period {
            return if ranks.0 < ranks.1 { Ok(self.positions(ranks)) } else { Err(self.not_found(value, &span.low)) };
        }
        match self.with_turns(&span.low, ranks) {
            (first, last) if first >= last => Err(self.not_found(value, &span.low)),
            (first, last) if last - first == 1 => Ok(Positions::Scalar(self.position(first) as u64)),
            ranks => Ok(self.positions(ranks)),
        }
    }

    fn list(&self, list: &[LabelValue]) -> Result<Positions> {
        if list.is_empty() {
            return Err(self.empty("an empty list"));
        }
        let mut found = Vec::with_capacity(list.len());
        for value in list {
            let (first, last) = match self.moment(value)? {
                Some(key) => self.with_turns(&key, self.ranks(&key, &key)),
                None => (0, 0),
            };
            if first >= last {
                return Err(self.not_found(value, &self.span(value)?.low));
            }
            let start = found.len();
            found.extend((first..last).map(|rank| self.position(rank) as u64));
            // Equal labels in stored order.
            found[start..].sort_unstable();
        }
        Ok(Positions::from_list(found))
    }

    fn range(&self, start: Option<&LabelValue>, end: Option<&LabelValue>, label: &Label) -> Result<Positions> {
        let start = start.map(|value| self.span(value)).transpose()?;
        let end = end.map(|value| self.span(value)).transpose()?;
        if let Order::Unsorted { inversion, .. } = self.order {
            return Err(self.unsorted(inversion));
        }
        let (low, high) = match (start, end) {
            (Some(a), Some(b)) => {
                // Bounds are values: either may be the larger.
                let turned = less(&b.low, &a.low);
                if turned { (Some(b.low), Some(a.high)) } else { (Some(a.low), Some(b.high)) }
            }
            // `a..` is all labels from `a` up, also where they are stored descending.
            (start, end) => (start.map(|span| span.low), end.map(|span| span.high)),
        };
        if let (true, Some(Key::Number(low)), Some(Key::Number(high))) = (self.is_cyclic, &low, &high) {
            return self.cyclic_range(*low, *high).ok_or_else(|| self.empty(&label.to_string()));
        }
        let first = low.map_or(0, |key| self.rank_at_least(&key));
        let last = high.map_or(self.n_ranks(), |key| self.rank_above(&key));
        if first >= last { Err(self.empty(&label.to_string())) } else { Ok(self.positions((first, last))) }
    }

    /// The ranks of the labels from `low` to `high`, half-open.
    pub(super) fn ranks(&self, low: &Key, high: &Key) -> (usize, usize) {
        (self.rank_at_least(low), self.rank_above(high))
    }

    /// The positions of half-open ranks, in stored order.
    pub(super) fn positions(&self, (first, last): (usize, usize)) -> Positions {
        let len = (last - first) as u64;
        match &self.order {
            Order::Ascending => Positions::Range(PositionRange::new(first as u64, len)),
            Order::Descending => Positions::Range(PositionRange::new((self.len() - last) as u64, len)),
            Order::Unsorted { sorted, .. } => {
                let mut list: Vec<u64> = sorted[first..last].iter().map(|&position| position as u64).collect();
                list.sort_unstable();
                Positions::from_list(list)
            }
        }
    }

    fn not_found(&self, value: &LabelValue, key: &Key) -> Error {
        if let (Keys::Text(labels), LabelValue::Text(text)) = (&self.keys, value) {
            return Error::unknown_name(&format!("label on `{}`:", self.dim), text, labels.iter().flatten());
        }
        let error = Error::new(ErrorKind::NotFound, format!("no label {value} on `{}`", self.dim));
        let above = self.rank_at_least(key);
        let text = |rank: usize| self.text(self.position(rank));
        match (above, self.n_ranks()) {
            (_, 0) => error.hint("the axis has no labels"),
            (0, _) => error.hint(self.extent()),
            (rank, n) if rank == n => error.hint(self.extent()),
            (rank, _) => {
                error.hint(format!("the nearest are {} and {}; write near({value})", text(rank - 1), text(rank)))
            }
        }
    }

    fn empty(&self, what: &str) -> Error {
        Error::new(ErrorKind::Empty, format!("{what} selects nothing on `{}`", self.dim)).hint(self.extent())
    }

    fn unsorted(&self, inversion: usize) -> Error {
        let dim = &self.dim;
        let is_missing = match &self.keys {
            Keys::Number(values) => values[inversion].is_nan(),
            Keys::Integer(values) => self.dtype.is_time_like() && values[inversion] == i64::MIN,
            Keys::Text(_) => false,
        };
        let why = if is_missing {
            format!("the label at position {inversion} is missing")
        } else {
            let before = inversion - 1;
            format!("{} at position {before} is followed by {}", self.text(before), self.text(inversion))
        };
        Error::invalid(format!("`{dim}` is not sorted, so a range has no meaning on it: {why}"))
            .hint(format!("select a list of labels, or sort by `{dim}` first"))
    }
}
