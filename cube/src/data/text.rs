//! Operations on strings: xarray's `.str` accessor.
use std::sync::Arc;

use super::DataArray;
use crate::base::{DType, Error, Result};
use crate::compute::pointwise::{BinaryOp, Case, CharKind, Ends, Pattern, TextOp, UnaryOp};

/// No string is filled up to more characters, or repeated more often.
const MOST: usize = 1 << 20;

/// Operations on every string of an array (xarray's `.str`); made by [`DataArray::str`]. Lazy, chunk by chunk; dims and labels stay. Positions and
/// widths count characters. Patterns are regular expressions of the crate `regex`. Missing strings are empty ones. Anything but strings is an error,
/// which travels inside.
///
/// ```
/// use terracube_cube::{Block, DataArray};
/// let names = DataArray::from_block(["station"], Block::from_strings(&[2], ["de_Bonn", "fr_Brest"])?);
/// assert_eq!(names.str().slice(3, None).str().upper().values()?.to_strings()?, ["BONN", "BREST"]);
/// assert_eq!(names.str().startswith("fr").to_vec::<u8>()?, [0, 1]);
/// assert_eq!(names.str().len().to_vec::<i64>()?, [7, 8]);
/// # Ok::<(), terracube_cube::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Texts(DataArray);

impl DataArray {
    /// The strings of an array, to be changed and searched (xarray's `.str`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().len().to_vec::<i64>()?, [7, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn str(&self) -> Texts {
        Texts(self.clone())
    }
}

impl Texts {
    /// An operation; errors name the method that was called.
    #[track_caller]
    fn of(&self, method: &str, op: TextOp) -> DataArray {
        match self.0.dtype() {
            DType::Utf8 => self.0.unary(UnaryOp::Text(op)),
            other => self.0.fail(Error::dtype(format!("`str().{method}` is for strings, these are {other}"))),
        }
    }

    #[track_caller]
    fn of_result(&self, method: &str, op: Result<TextOp>) -> DataArray {
        match op {
            Ok(op) => self.of(method, op),
            Err(error) => self.0.fail(error.context(format!("str().{method}"))),
        }
    }

    /// An operation whose strings get as long as a number says.
    #[track_caller]
    fn of_size(&self, method: &str, what: &str, size: usize, op: TextOp) -> DataArray {
        let bounded = match size <= MOST {
            true => Ok(op),
            false => Err(Error::invalid(format!("a {what} of {size}")).hint(format!("the greatest is {MOST}"))),
        };
        self.of_result(method, bounded)
    }

    #[track_caller]
    fn padded(&self, method: &str, width: usize, side: Ends, fill: char) -> DataArray {
        self.of_size(method, "width", width, TextOp::Pad { width, side, fill })
    }

    /// Whether a regular expression is found anywhere (bool; xarray's `str.contains`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[3], ["tas_day", "pr_day", "tas_mon"])?);
    /// assert_eq!(names.str().contains("^tas_(day|mon)$").to_vec::<u8>()?, [1, 0, 1]);
    /// assert!(names.str().contains("(").error().is_some());
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn contains(&self, pattern: &str) -> DataArray {
        self.of_result("contains", Pattern::new(pattern).map(TextOp::Contains))
    }

    /// Whether a regular expression is found at the start (bool; xarray's `str.match`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().matches("[a-z]+_").to_vec::<u8>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matches(&self, pattern: &str) -> DataArray {
        self.of_result("matches", Pattern::new(&format!("^(?:{pattern})")).map(TextOp::Contains))
    }

    /// How often a regular expression is found (i64; xarray's `str.count`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().count("a").to_vec::<i64>()?, [2, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn count(&self, pattern: &str) -> DataArray {
        self.of_result("count", Pattern::new(pattern).map(TextOp::Count))
    }

    /// What a regular expression finds, replaced: `$1` is its first group, `$name` one by its name, `$$` a dollar sign (xarray's
    /// `str.replace(..., regex=True)`, where groups are `\1`). Before letters, digits and `_` write `${1}`: `$1_` is a group of the name `1_`. A group
    /// that the pattern does not have is an error.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let days = DataArray::from_block(["x"], Block::from_strings(&[1], ["31.12.1999"])?);
    /// let turned = days.str().replace_pattern(r"(\d+)\.(\d+)\.(\d+)", "$3-$2-$1");
    /// assert_eq!(turned.values()?.to_strings()?, ["1999-12-31"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn replace_pattern(&self, pattern: &str, with: &str) -> DataArray {
        let op = Pattern::new(pattern).and_then(|pattern| TextOp::replacing(pattern, with));
        self.of_result("replace_pattern", op)
    }

    /// A text replaced by another wherever it stands (xarray's `str.replace(..., regex=False)`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().replace("_", ".").values()?.to_strings()?, ["tas.day", "Pr"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn replace(&self, text: &str, with: &str) -> DataArray {
        // A dollar sign stands for itself here.
        let with: Arc<str> = with.replace('$', "$$").into();
        let op = Pattern::literal(text).map(|pattern| TextOp::Replace { pattern, with, limit: 0 });
        self.of_result("replace", op)
    }

    /// A group of the first place that a regular expression finds, "" where there is none (xarray's `str.extract`): group 0 is all of it.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[2], ["tas_195001.nc", "readme"])?);
    /// assert_eq!(names.str().extract(r"_(\d{4})(\d\d)", 1).values()?.to_strings()?, ["1950", ""]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn extract(&self, pattern: &str, group: usize) -> DataArray {
        let op = Pattern::new(pattern).and_then(|pattern| match pattern.n_groups() {
            n if group < n => Ok(TextOp::Extract { pattern, group }),
            n => Err(Error::invalid(format!("the pattern has {} groups, group {group} is wanted", n - 1))
                .hint("put round brackets around what is wanted")),
        });
        self.of_result("extract", op)
    }

    /// The part of a number between separators, "" where there are fewer: 0 is the first, -1 the last (one column of xarray's `str.split`); an empty
    /// separator splits at white space.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[2], ["tas_day_EC", "pr_mon"])?);
    /// assert_eq!(names.str().part("_", 1).values()?.to_strings()?, ["day", "mon"]);
    /// assert_eq!(names.str().part("_", 2).values()?.to_strings()?, ["EC", ""]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn part(&self, separator: &str, number: i64) -> DataArray {
        self.of("part", TextOp::Part { separator: separator.into(), number })
    }

    /// Whether it begins with a text (bool).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().startswith("P").to_vec::<u8>()?, [0, 1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn startswith(&self, text: &str) -> DataArray {
        self.of("startswith", TextOp::StartsWith(text.into()))
    }

    /// Whether it ends with a text (bool).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().endswith("day").to_vec::<u8>()?, [1, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn endswith(&self, text: &str) -> DataArray {
        self.of("endswith", TextOp::EndsWith(text.into()))
    }

    /// Where a text first stands, -1 if nowhere (i64).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().find("a").to_vec::<i64>()?, [1, -1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn find(&self, text: &str) -> DataArray {
        self.of("find", TextOp::Find { text: text.into(), last: false })
    }

    /// Where a text last stands, -1 if nowhere (i64).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().rfind("a").to_vec::<i64>()?, [5, -1]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rfind(&self, text: &str) -> DataArray {
        self.of("rfind", TextOp::Find { text: text.into(), last: true })
    }

    /// The characters from a position to before another, negative ones counted from the end (xarray's `str.slice`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().slice(-3, None).values()?.to_strings()?, ["day", "Pr"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slice(&self, start: impl Into<Option<i64>>, stop: impl Into<Option<i64>>) -> DataArray {
        self.of("slice", TextOp::Slice { start: start.into(), stop: stop.into(), step: 1 })
    }

    /// Every `step`-th character from a position to before another; backwards if negative.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().slice_by(None, None, -1).values()?.to_strings()?, ["yad_sat", "rP"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slice_by(&self, start: impl Into<Option<i64>>, stop: impl Into<Option<i64>>, step: i64) -> DataArray {
        if step == 0 {
            return self.0.fail(Error::invalid("steps of 0 characters").hint("write 1, or -1 for backwards"));
        }
        self.of("slice_by", TextOp::Slice { start: start.into(), stop: stop.into(), step })
    }

    /// The character at a position, "" past the end; negative from the end (xarray's `str.get`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().get(2).values()?.to_strings()?, ["s", ""]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn get(&self, position: i64) -> DataArray {
        let stop = if position == -1 { None } else { Some(position.saturating_add(1)) };
        self.of("get", TextOp::Slice { start: Some(position), stop, step: 1 })
    }

    /// One string behind the other, with a separator between them; the other array is aligned by labels (xarray's `str.cat`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let of = |names: [&str; 2]| DataArray::from_block(["x"], Block::from_strings(&[2], names).unwrap());
    /// let both = of(["tas", "pr"]).str().cat(&of(["day", "mon"]), "_");
    /// assert_eq!(both.values()?.to_strings()?, ["tas_day", "pr_mon"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cat(&self, other: &DataArray, separator: &str) -> DataArray {
        let first = self.of("cat", TextOp::Wrap { before: "".into(), after: separator.into() });
        first.binary(BinaryOp::Add, other, false)
    }

    /// With texts before and behind each (Python's `"a" + s + "b"`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().wrapped("<", ">").values()?.to_strings()?, ["<tas_day>", "<Pr>"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn wrapped(&self, before: &str, after: &str) -> DataArray {
        self.of("wrapped", TextOp::Wrap { before: before.into(), after: after.into() })
    }

    /// Filled up to a width on the left (xarray's `str.rjust`, `str.pad`); an error if that is more than 1,048,576.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().rjust(4, '.').values()?.to_strings()?, ["tas_day", "..Pr"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn rjust(&self, width: usize, fill: char) -> DataArray {
        self.padded("rjust", width, Ends::Left, fill)
    }

    /// Filled up to a width on the right (xarray's `str.ljust`); bounded as [`Texts::rjust`].
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().ljust(4, '.').values()?.to_strings()?, ["tas_day", "Pr.."]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ljust(&self, width: usize, fill: char) -> DataArray {
        self.padded("ljust", width, Ends::Right, fill)
    }

    /// Filled up to a width on both sides (xarray's `str.center`); bounded as [`Texts::rjust`].
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().center(4, '.').values()?.to_strings()?, ["tas_day", ".Pr."]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn center(&self, width: usize, fill: char) -> DataArray {
        self.padded("center", width, Ends::Both, fill)
    }

    /// Filled up to a width with zeros on the left, also before a sign (xarray's `str.zfill`; Python's puts them behind it); bounded as
    /// [`Texts::rjust`].
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["7", "-42"])?);
    /// assert_eq!(names.str().zfill(5).values()?.to_strings()?, ["00007", "00-42"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn zfill(&self, width: usize) -> DataArray {
        self.padded("zfill", width, Ends::Left, '0')
    }

    /// Without any of some characters at both ends (xarray's `str.strip(characters)`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().strip_of("ty").values()?.to_strings()?, ["as_da", "Pr"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn strip_of(&self, characters: &str) -> DataArray {
        self.of("strip_of", TextOp::Strip { side: Ends::Both, characters: Some(characters.into()) })
    }

    /// Itself `n` times; an error if that is more than 1,048,576.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["i"], Block::from_strings(&[2], ["tas_day", "Pr"])?);
    /// assert_eq!(names.str().repeat(2).values()?.to_strings()?, ["tas_daytas_day", "PrPr"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn repeat(&self, n: usize) -> DataArray {
        self.of_size("repeat", "number", n, TextOp::Repeat(n))
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {
        impl Texts {
            $($(#[$doc])* #[must_use] #[track_caller] pub fn $name(&self) -> DataArray { self.of(stringify!($name), $op) })*
        }
    };
}
texts! {
    /// How many characters (i64).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[2], ["tas", "Öl"])?);
    /// assert_eq!(names.str().len().to_vec::<i64>()?, [3, 2]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    len => TextOp::Len;
    /// All letters small (xarray's `str.lower`).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[1], ["Tas_DAY"])?);
    /// assert_eq!(names.str().lower().values()?.to_strings()?, ["tas_day"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    lower => TextOp::Case(Case::Lower);
    /// All letters large.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[1], ["Tas_day"])?);
    /// assert_eq!(names.str().upper().values()?.to_strings()?, ["TAS_DAY"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    upper => TextOp::Case(Case::Upper);
    /// The first letter of each word large, all others small.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[1], ["north SEA"])?);
    /// assert_eq!(names.str().title().values()?.to_strings()?, ["North Sea"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    title => TextOp::Case(Case::Title);
    /// The first letter large, all others small.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[1], ["north SEA"])?);
    /// assert_eq!(names.str().capitalize().values()?.to_strings()?, ["North sea"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    capitalize => TextOp::Case(Case::Capitalize);
    /// Large letters small, small ones large.
    swapcase => TextOp::Case(Case::Swap);
    /// Without white space at both ends.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[1], [" tas\n"])?);
    /// assert_eq!(names.str().strip().values()?.to_strings()?, ["tas"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    strip => TextOp::Strip { side: Ends::Both, characters: None };
    /// Without white space at the start.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[1], [" tas "])?);
    /// assert_eq!(names.str().lstrip().values()?.to_strings()?, ["tas "]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    lstrip => TextOp::Strip { side: Ends::Left, characters: None };
    /// Without white space at the end.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[1], [" tas "])?);
    /// assert_eq!(names.str().rstrip().values()?.to_strings()?, [" tas"]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    rstrip => TextOp::Strip { side: Ends::Right, characters: None };
    /// Whether all characters are letters, and there is one (bool).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[3], ["tas", "t2m", ""])?);
    /// assert_eq!(names.str().isalpha().to_vec::<u8>()?, [1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    isalpha => TextOp::Is(CharKind::Alpha);
    /// Whether all characters are letters or digits, and there is one (bool).
    isalnum => TextOp::Is(CharKind::Alphanumeric);
    /// Whether all characters are digits, and there is one (bool): 0 to 9 in any script, ² and ① too, but no other numbers, as ½ and ⑩.
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[3], ["1990", "19.9", ""])?);
    /// assert_eq!(names.str().isdigit().to_vec::<u8>()?, [1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    isdigit => TextOp::Is(CharKind::Digit);
    /// Whether all characters are white space, and there is one (bool).
    isspace => TextOp::Is(CharKind::Space);
    /// Whether all letters are small, and there is one (bool).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[3], ["t2m", "Tas", "2"])?);
    /// assert_eq!(names.str().islower().to_vec::<u8>()?, [1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    islower => TextOp::Is(CharKind::Lower);
    /// Whether all letters are large, and there is one (bool).
    ///
    /// ```
    /// use terracube_cube::{Block, DataArray};
    /// let names = DataArray::from_block(["x"], Block::from_strings(&[3], ["T2M", "Tas", "2"])?);
    /// assert_eq!(names.str().isupper().to_vec::<u8>()?, [1, 0, 0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    isupper => TextOp::Is(CharKind::Upper);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Block, ErrorKind};

    fn texts(of: &[&str]) -> Texts {
        DataArray::from_block(["x"], Block::from_strings(&[of.len()], of).unwrap()).str()
    }

    #[test]
    fn zeros_stand_before_signs_as_in_xarray() {
        // xarray.DataArray(["-42", "+7", "ab", "½", "123456"]).str.zfill(5).values of xarray 2026.9.0
        let found = texts(&["-42", "+7", "ab", "½", "123456"]).zfill(5).values().unwrap().to_strings().unwrap();
        assert_eq!(found, ["00-42", "000+7", "000ab", "0000½", "123456"]);
    }

    #[test]
    fn sizes_beyond_the_bound_are_refused_when_they_are_asked_for() {
        let names = texts(&["a", "de_Bonn"]);
        for size in [MOST + 1, 1 << 40, usize::MAX] {
            let rows = [
                ("repeat", "number", names.repeat(size)),
                ("rjust", "width", names.rjust(size, '.')),
                ("ljust", "width", names.ljust(size, '.')),
                ("center", "width", names.center(size, '.')),
                ("zfill", "width", names.zfill(size)),
            ];
            for (method, what, array) in rows {
                let error = array.error().unwrap();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
                let expected = format!("str().{method}: a {what} of {size}; the greatest is 1048576");
                assert!(error.to_string().contains(&expected), "{error}");
            }
        }
        assert_eq!(names.rjust(MOST, '.').str().len().to_vec::<i64>().unwrap(), [1 << 20, 1 << 20]);
        assert_eq!(names.get(i64::MAX).values().unwrap().to_strings().unwrap(), ["", ""]);
    }

    #[test]
    fn errors_name_the_method_that_was_called() {
        let numbers = DataArray::from_vec(["x"], &[1], vec![1.0]);
        let s = numbers.str();
        let rows = [
            ("isdigit", s.isdigit()),
            ("isupper", s.isupper()),
            ("lstrip", s.lstrip()),
            ("strip_of", s.strip_of("a")),
            ("center", s.center(3, ' ')),
            ("zfill", s.zfill(3)),
            ("get", s.get(0)),
            ("slice", s.slice(0, 1)),
            ("slice_by", s.slice_by(0, 1, 2)),
            ("rfind", s.rfind("a")),
            ("wrapped", s.wrapped("a", "b")),
            ("cat", s.cat(&texts(&["a"]).0, "_")),
            ("matches", s.matches("a")),
            ("replace_pattern", s.replace_pattern("a", "b")),
        ];
        for (method, array) in rows {
            let error = array.to_f64().unwrap_err().to_string();
            assert!(error.contains(&format!("`str().{method}` is for strings, these are float64")), "{error}");
        }
        let failed = numbers.mean("y").str().upper().to_f64().unwrap_err().to_string();
        assert!(failed.contains("no dimension `y`"), "{failed}");
    }
}
