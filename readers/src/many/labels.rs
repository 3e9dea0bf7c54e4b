//! The labels of one dimension in one file, in a form in which files can be compared and put in order.
use terracube_cube::base::BlockData;
use terracube_cube::{Block, Calendar, DType, Error, Result};

/// The decoded values of a dimension coordinate.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    pub block: Block,
    keys: Vec<Key>,
}

/// A label; labels of one kind compare.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Key {
    /// Integers, and times and durations in nanoseconds.
    Integer(i128),
    Float(f64),
    Text(String),
}

/// How labels run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// One label or none.
    Either,
    Up,
    Down,
}

impl Labels {
    pub(super) fn new(block: Block) -> Result<Self> {
        let block = block.contiguous()?;
        let keys = keys(&block)?;
        Ok(Self { block, keys })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The calendar, if the labels are times.
    pub(super) fn calendar(&self) -> Option<Calendar> {
        match self.block.dtype() {
            DType::Time { calendar, .. } => Some(calendar),
            _ => None,
        }
    }

    /// Whether two files have the same labels.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.keys == other.keys
    }

    /// How they run; an error says where they turn back.
    pub(super) fn direction(&self) -> Result<Direction> {
        let mut direction = Direction::Either;
        for (at, pair) in self.keys.windows(2).enumerate() {
            let step = match pair[0].partial_cmp(&pair[1]) {
                Some(std::cmp::Ordering::Less) => Direction::Up,
                Some(std::cmp::Ordering::Greater) => Direction::Down,
                _ => return Err(Error::invalid(format!("{} stands twice or is missing", self.show(at)))),
            };
            if direction != Direction::Either && direction != step {
                return Err(Error::invalid(format!("they turn back at {}", self.show(at + 1))));
            }
            direction = step;
        }
        Ok(direction)
    }

    /// Which of two files comes first, by their first labels.
    pub(super) fn compare_first(&self, other: &Self) -> std::cmp::Ordering {
        self.keys.first().partial_cmp(&other.keys.first()).unwrap_or(std::cmp::Ordering::Equal)
    }

    /// Whether all labels of `next` come after all of these, in a direction.
    pub(super) fn ends_before(&self, next: &Self, direction: Direction) -> bool {
        match (self.keys.last(), next.keys.first()) {
            (Some(last), Some(first)) if direction == Direction::Down => last > first,
            (Some(last), Some(first)) => last < first,
            _ => true,
        }
    }

    /// "1850-01-16 to 1859-12-16".
    pub(super) fn extent(&self) -> String {
        match self.len() {
            0 => "no labels".to_owned(),
            1 => self.show(0),
            n => format!("{} to {}", self.show(0), self.show(n - 1)),
        }
    }

    fn show(&self, at: usize) -> String {
        match (&self.keys[at], self.block.dtype()) {
            (Key::Integer(nanoseconds), DType::Time { unit, calendar }) => {
                let count = nanoseconds / i128::from(1_000_000_000 / unit.per_second());
                calendar.format(count as i64, unit)
            }
            (Key::Integer(n), _) => n.to_string(),
            (Key::Float(x), _) => x.to_string(),
            (Key::Text(text), _) => format!("\"{text}\""),
        }
    }
}

fn keys(block: &Block) -> Result<Vec<Key>> {
    if let BlockData::Text(texts) = block.data() {
        return Ok(texts.iter().map(|text| Key::Text(text.unwrap_or_default().to_owned())).collect());
    }
    Ok(match block.dtype() {
        DType::Time { unit, .. } | DType::Duration { unit } => {
            let length = i128::from(1_000_000_000 / unit.per_second());
            block.values::<i64>()?.iter().map(|&count| Key::Integer(i128::from(count) * length)).collect()
        }
        DType::I64 => block.values::<i64>()?.iter().map(|&n| Key::Integer(n.into())).collect(),
        DType::U64 => block.values::<u64>()?.iter().map(|&n| Key::Integer(n.into())).collect(),
        dtype if dtype.is_integer() => block.to_f64()?.into_iter().map(|n| Key::Integer(n as i128)).collect(),
        _ => block.to_f64()?.into_iter().map(Key::Float).collect(),
    })
}
