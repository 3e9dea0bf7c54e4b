//! Operations on strings, one by one. Positions and widths count characters, not bytes.
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::base::{Block, DType, Error, ErrorKind, Result};

/// The most bytes that are made of the strings of one block by filling up or repeating.
const MOST_BYTES: usize = 1 << 30;

/// An operation on every string of an array (xarray's `.str`).
#[derive(Debug, Clone, PartialEq)]
pub enum TextOp {
    /// How many characters (i64).
    Len,
    /// Letters in another case.
    Case(Case),
    /// Whether all characters are of a kind, and there is one (bool).
    Is(CharKind),
    /// Without characters at the ends: white space, or those of a set.
    Strip {
        /// Where.
        side: Ends,
        /// Which, if not white space.
        characters: Option<Arc<str>>,
    },
    /// Filled up to a width.
    Pad {
        /// How wide.
        width: usize,
        /// Where characters are put.
        side: Ends,
        /// With what.
        fill: char,
    },
    /// Whether it begins with a text (bool).
    StartsWith(Arc<str>),
    /// Whether it ends with a text (bool).
    EndsWith(Arc<str>),
    /// Whether a pattern is found (bool).
    Contains(Pattern),
    /// How often a pattern is found (i64).
    Count(Pattern),
    /// Where a text first stands, or last; -1 if nowhere (i64).
    Find {
        /// The text.
        text: Arc<str>,
        /// The last place instead of the first.
        last: bool,
    },
    /// What a pattern finds, replaced.
    Replace {
        /// What goes.
        pattern: Pattern,
        /// What comes; `$1` is the first group of the pattern. See [`TextOp::replacing`].
        with: Arc<str>,
        /// How many are replaced; 0 for all.
        limit: usize,
    },
    /// A group of the first place that a pattern finds; empty if there is none.
    Extract {
        /// The pattern.
        pattern: Pattern,
        /// The group: 0 is all of it.
        group: usize,
    },
    /// The n-th part between separators; empty if there are fewer.
    Part {
        /// The separator; white space if empty.
        separator: Arc<str>,
        /// Which part, from 0; negative from the end.
        number: i64,
    },
    /// Characters from, to, and how far apart, as Python's slices.
    Slice {
        /// The first.
        start: Option<i64>,
        /// The one after the last.
        stop: Option<i64>,
        /// From one to the next; not 0.
        step: i64,
    },
    /// Texts put before and behind.
    Wrap {
        /// Before.
        before: Arc<str>,
        /// Behind.
        after: Arc<str>,
    },
    /// Itself n times.
    Repeat(usize),
}

/// Cases of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// All small.
    Lower,
    /// All large.
    Upper,
    /// The first of each word large.
    Title,
    /// The first large.
    Capitalize,
    /// The other one.
    Swap,
}

/// Kinds of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharKind {
    /// Letters.
    Alpha,
    /// Letters and digits.
    Alphanumeric,
    /// 0 to 9, in any script, raised, lowered or circled too; no other numbers (½, ⑩), as Python's `isdigit` has it.
    Digit,
    /// White space.
    Space,
    /// Letters are small; others do not count, but there is a letter.
    Lower,
    /// Letters are large; others do not count, but there is a letter.
    Upper,
}

/// Ends of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The first characters.
    Left,
    /// The last characters.
    Right,
    /// Both.
    Both,
}

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Regex>);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Pattern {
    /// A regular expression in the syntax of the crate `regex`.
    ///
    /// # Errors
    /// If it is none: references back and looks around are not known there.
    pub fn new(text: &str) -> Result<Self> {
        let made = Regex::new(text).map_err(|error| {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
            Error::invalid(format!("`{text}` is no regular expression: {last}"))
                .hint("write `\\.` for a dot itself; there are no references back and no looks ahead")
        })?;
        Ok(Self(Arc::new(made)))
    }

    /// A text that stands for itself.
    ///
    /// # Errors
    /// Only if it is too long.
    pub fn literal(text: &str) -> Result<Self> {
        Self::new(&regex::escape(text))
    }

    /// How many groups the pattern has, with that of the whole.
    pub fn n_groups(&self) -> usize {
        self.0.captures_len()
    }

    fn has_group(&self, name: &str) -> bool {
        match name.parse::<usize>() {
            Ok(number) => number < self.n_groups(),
            Err(_) => self.0.capture_names().flatten().any(|held| held == name),
        }
    }

    /// The groups by number and name, for people.
    fn groups_text(&self) -> String {
        let names: String = self.0.capture_names().flatten().map(|name| format!(", `{name}`")).collect();
        match self.n_groups() - 1 {
            0 => "none but 0, all that is found".into(),
            last => format!("0 to {last}{names}"),
        }
    }
}

impl TextOp {
    /// What a pattern finds, replaced: in `with`, `$1`, `${1}`, `$name` and `${name}` are groups of the pattern, `$$` is a dollar sign. Names without
    /// curly brackets go on as long as letters of English, digits and underscores do.
    ///
    /// # Errors
    /// If `with` names a group that the pattern does not have.
    pub fn replacing(pattern: Pattern, with: &str) -> Result<Self> {
        if let Some(name) = groups_in(with).into_iter().find(|name| !pattern.has_group(name)) {
            let n_digits = name.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = name.split_at(n_digits);
            let hint = match !rest.is_empty() && !number.is_empty() && pattern.has_group(number) {
                true => format!("write `${{{number}}}{rest}`: names go on as long as letters, digits and `_` do"),
                false => format!("its groups: {}; write `$$` for a dollar sign", pattern.groups_text()),
            };
            return Err(Error::invalid(format!("the pattern has no group `{name}`")).hint(hint));
        }
        Ok(Self::Replace { pattern, with: with.into(), limit: 0 })
    }

    /// The name of the method.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Len => "len",
            Self::Case(Case::Lower) => "lower",
            Self::Case(Case::Upper) => "upper",
            Self::Case(Case::Title) => "title",
            Self::Case(Case::Capitalize) => "capitalize",
            Self::Case(Case::Swap) => "swapcase",
            Self::Is(CharKind::Alpha) => "isalpha",
            Self::Is(CharKind::Alphanumeric) => "isalnum",
            Self::Is(CharKind::Digit) => "isdigit",
            Self::Is(CharKind::Space) => "isspace",
            Self::Is(CharKind::Lower) => "islower",
            Self::Is(CharKind::Upper) => "isupper",
            Self::Strip { characters: Some(_), .. } => "strip_of",
            Self::Strip { side: Ends::Both, .. } => "strip",
            Self::Strip { side: Ends::Left, .. } => "lstrip",
            Self::Strip { side: Ends::Right, .. } => "rstrip",
            Self::Pad { side: Ends::Left, .. } => "rjust",
            Self::Pad { side: Ends::Right, .. } => "ljust",
            Self::Pad { side: Ends::Both, .. } => "center",
            Self::StartsWith(_) => "startswith",
            Self::EndsWith(_) => "endswith",
            Self::Contains(_) => "contains",
            Self::Count(_) => "count",
            Self::Find { last: false, .. } => "find",
            Self::Find { last: true, .. } => "rfind",
            Self::Replace { .. } => "replace",
            Self::Extract { .. } => "extract",
            Self::Part { .. } => "part",
            Self::Slice { step: 1, .. } => "slice",
            Self::Slice { .. } => "slice_by",
            Self::Wrap { .. } => "wrapped",
            Self::Repeat(_) => "repeat",
        }
    }

    /// The dtype of the result.
    ///
    /// # Errors
    /// If `x` are no strings.
    pub fn output_dtype(&self, x: DType) -> Result<DType> {
        if x != DType::Utf8 {
            return Err(Error::dtype(format!("`str().{}` is for strings, these are {x}", self.name())));
        }
        Ok(match self {
            Self::Len | Self::Count(_) | Self::Find { .. } => DType::I64,
            Self::Is(_) | Self::StartsWith(_) | Self::EndsWith(_) | Self::Contains(_) => DType::Bool,
            _ => DType::Utf8,
        })
    }

    pub(super) fn of(&self, x: &Block) -> Result<Block> {
        let texts = x.text().ok_or_else(|| Error::internal("strings expected"))?;
        let all = || (0..x.len()).map(|i| texts.value(i));
        match self.output_dtype(x.dtype())? {
            DType::I64 => Block::new(x.shape(), all().map(|text| self.number(text)).collect::<Vec<i64>>()),
            DType::Bool => {
                let held = all().map(|text| u8::from(self.holds(text))).collect::<Vec<u8>>();
                Block::with_dtype(DType::Bool, x.shape(), held)
            }
            _ => {
                let size = all().fold(0usize, |size, text| size.saturating_add(self.added(text)));
                if size > MOST_BYTES {
                    let message = format!("`str().{}` makes {size} bytes of one block of strings", self.name());
                    return Err(Error::new(ErrorKind::OverBudget, message)
                        .hint(format!("at most {MOST_BYTES} are made: pad or repeat less, or use smaller chunks")));
                }
                Block::from_strings(x.shape(), all().map(|text| self.changed(text)))
            }
        }
    }

    /// How many bytes longer a string gets by filling up or repeating.
    fn added(&self, text: &str) -> usize {
        match self {
            Self::Pad { width, fill, .. } => width.saturating_sub(text.chars().count()).saturating_mul(fill.len_utf8()),
            Self::Repeat(n) => text.len().saturating_mul(*n),
            _ => 0,
        }
    }

    fn number(&self, text: &str) -> i64 {
        let characters = |bytes: usize| text[..bytes].chars().count() as i64;
        match self {
            Self::Count(pattern) => pattern.0.find_iter(text).count() as i64,
            Self::Find { text: part, last: false } => text.find(&**part).map_or(-1, characters),
            Self::Find { text: part, last: true } => text.rfind(&**part).map_or(-1, characters),
            _ => text.chars().count() as i64,
        }
    }

    fn holds(&self, text: &str) -> bool {
        match self {
            Self::StartsWith(part) => text.starts_with(&**part),
            Self::EndsWith(part) => text.ends_with(&**part),
            Self::Contains(pattern) => pattern.0.is_match(text),
            Self::Is(kind) => kind.holds(text),
            _ => false,
        }
    }

    fn changed(&self, text: &str) -> String {
        match self {
            Self::Case(case) => case.of(text),
            Self::Strip { side, characters } => stripped(text, *side, characters.as_deref()).to_owned(),
            Self::Pad { width, side, fill } => padded(text, *width, *side, *fill),
            Self::Replace { pattern, with, limit } => pattern.0.replacen(text, *limit, &**with).into_owned(),
            Self::Extract { pattern, group } => {
                let found = pattern.0.captures(text).and_then(|found| found.get(*group));
                found.map_or(String::new(), |found| found.as_str().to_owned())
            }
            Self::Part { separator, number } => {
                let parts: Vec<&str> = match separator.is_empty() {
                    true => text.split_whitespace().collect(),
                    false => text.split(&**separator).collect(),
                };
                let place = if *number < 0 { number + parts.len() as i64 } else { *number };
                usize::try_from(place)
                    .ok()
                    .and_then(|place| parts.get(place))
                    .map_or(String::new(), |part| (*part).to_owned())
            }
            Self::Slice { start, stop, step } => sliced(text, *start, *stop, *step),
            Self::Wrap { before, after } => format!("{before}{text}{after}"),
            Self::Repeat(n) => text.repeat(*n),
            _ => text.to_owned(),
        }
    }
}

impl Case {
    fn of(self, text: &str) -> String {
        let first_large = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
            first + &letters.as_str().to_lowercase()
        };
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Capitalize => first_large(text),
            Self::Title => text.split_inclusive(|letter: char| !letter.is_alphabetic()).map(first_large).collect(),
            Self::Swap => text
                .chars()
                .map(|letter| match letter.is_uppercase() {
                    true => letter.to_lowercase().collect::<String>(),
                    false => letter.to_uppercase().collect(),
                })
                .collect(),
        }
    }
}

impl CharKind {
    fn holds(self, text: &str) -> bool {
        let all = |of: fn(char) -> bool| !text.is_empty() && text.chars().all(of);
        match self {
            Self::Alpha => all(char::is_alphabetic),
            Self::Alphanumeric => all(char::is_alphanumeric),
            Self::Digit => DIGITS.is_match(text),
            Self::Space => all(char::is_whitespace),
            Self::Lower => text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
            Self::Upper => text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        }
    }
}

/// Nothing but digits: those of decimal numbers of any script, and the others that have the value of a digit (Numeric_Type=Digit of Unicode).
#[expect(clippy::expect_used, reason = "a constant that the tests compile")]
static DIGITS: LazyLock<Regex> = LazyLock::new(|| {
    let others = [
        r"\xB2\xB3\xB9\u{1369}-\u{1371}\u{19DA}\u{2070}\u{2074}-\u{2079}\u{2080}-\u{2089}\u{2460}-\u{2468}\u{2474}-\u{247C}",
        r"\u{2488}-\u{2490}\u{24EA}\u{24F5}-\u{24FD}\u{24FF}\u{2776}-\u{277E}\u{2780}-\u{2788}\u{278A}-\u{2792}",
        r"\u{10A40}-\u{10A43}\u{10E60}-\u{10E68}\u{11052}-\u{1105A}\u{1F100}-\u{1F10A}",
    ];
    Regex::new(&format!(r"\A[\p{{Nd}}{}]+\z", others.concat())).expect("a pattern")
});

/// The groups that the text of a replacement names, as the crate `regex` reads it.
fn groups_in(with: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = with;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            names.push(name);
            rest = after;
        } else {
            let end = rest.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            names.extend((!name.is_empty()).then_some(name));
            rest = after;
        }
    }
    names
}

fn stripped<'a>(text: &'a str, side: Ends, characters: Option<&str>) -> &'a str {
    let goes = |letter: char| characters.map_or(letter.is_whitespace(), |set| set.contains(letter));
    let text = if side == Ends::Right { text } else { text.trim_start_matches(goes) };
    if side == Ends::Left { text } else { text.trim_end_matches(goes) }
}

fn padded(text: &str, width: usize, side: Ends, fill: char) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let before = match side {
        Ends::Left => missing,
        Ends::Right => 0,
        // As Python's `center`.
        Ends::Both => missing / 2 + (missing & width & 1),
    };
    let fills = |n: usize| std::iter::repeat_n(fill, n).collect::<String>();
    format!("{}{text}{}", fills(before), fills(missing - before))
}

/// As `text[start:stop:step]` of Python.
fn sliced(text: &str, start: Option<i64>, stop: Option<i64>, step: i64) -> String {
    let letters: Vec<char> = text.chars().collect();
    let n = letters.len() as i64;
    let (low, high) = if step < 0 { (-1, n - 1) } else { (0, n) };
    let bound = |place: Option<i64>, default: i64| {
        place.map_or(default, |place| if place < 0 { place + n } else { place }.clamp(low, high))
    };
    let (mut at, stop) =
        if step < 0 { (bound(start, high), bound(stop, low)) } else { (bound(start, low), bound(stop, high)) };
    let mut taken = String::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        taken.extend(usize::try_from(at).ok().and_then(|at| letters.get(at)));
        at = at.saturating_add(step);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_changed_as_python_changes_them() {
        let slice = |start, stop, step| TextOp::Slice { start, stop, step };
        let part = |separator: &str, number| TextOp::Part { separator: separator.into(), number };
        let rows = [
            (TextOp::Case(Case::Title), "they're bill's friends", "They'Re Bill'S Friends"),
            (TextOp::Case(Case::Swap), "Bonn 7b", "bONN 7B"),
            (TextOp::Case(Case::Capitalize), "ÉCOLE été", "École été"),
            (slice(Some(1), None, 1), "Köln", "öln"),
            (slice(Some(-2), None, 1), "Köln", "ln"),
            (slice(None, None, -1), "Köln", "nlöK"),
            (slice(Some(2), Some(0), -1), "Köln", "lö"),
            (slice(Some(9), None, 1), "Köln", ""),
            (slice(None, Some(-9), 1), "Köln", ""),
            (slice(Some(1), None, i64::MAX), "Köln", "ö"),
            (slice(Some(2), None, i64::MIN), "Köln", "l"),
            (TextOp::Pad { width: 5, side: Ends::Both, fill: '*' }, "ab", "**ab*"),
            (TextOp::Pad { width: 4, side: Ends::Both, fill: '*' }, "a", "*a**"),
            (TextOp::Pad { width: 4, side: Ends::Left, fill: ' ' }, "ö", "   ö"),
            (TextOp::Strip { side: Ends::Both, characters: None }, " \ta b\n", "a b"),
            (TextOp::Strip { side: Ends::Left, characters: Some("xy".into()) }, "yxaxy", "axy"),
            (part("_", 1), "tas_day_x", "day"),
            (part("_", -1), "tas_day_x", "x"),
            (part("", 0), "  a b", "a"),
            (part("_", 7), "tas_day_x", ""),
        ];
        for (op, from, expected) in rows {
            assert_eq!(op.changed(from), expected, "{op:?} of {from:?}");
        }
    }

    #[test]
    fn patterns_that_are_none_say_why() {
        let error = Pattern::new("a(b").unwrap_err().to_string();
        assert!(error.contains("`a(b` is no regular expression: unclosed group"), "{error}");
        assert!(Pattern::new(r"(?=a)").is_err() && Pattern::literal("a(b").is_ok());
    }

    #[test]
    fn digits_are_those_of_python() {
        // str.isdigit() of Python 3.11
        let digits = ["7", "1999", "٣", "²", "₂", "①", "42²", "𝟗"];
        assert!(digits.iter().all(|text| CharKind::Digit.holds(text)));
        for text in ["½", "⑩", "五", "Ⅷ", "", "4 2", "-1", "1.5", "7\n"] {
            assert!(!CharKind::Digit.holds(text), "{text}");
        }
    }

    #[test]
    fn replacements_name_groups_that_are_there() {
        let of = |pattern: &str, with: &str| TextOp::replacing(Pattern::new(pattern).unwrap(), with);
        let rows = [
            (r"(\w)(\w)", "${2}_$1", "b_a"),
            (r"(\w)(\w)", "$2-$1 $$3 $ $", "b-a $3 $ $"),
            (r"(?P<first>\w)(\w)", "${2}${first}", "ba"),
            (r"(?P<first>\w)(\w)", "$first.$0", "a.ab"),
            (r"\w\w", "${0", "${0"),
            (r"\w\w", "$é", "$é"),
        ];
        for (pattern, with, expected) in rows {
            assert_eq!(of(pattern, with).unwrap().changed("ab"), expected, "{with}");
        }
        let unknown = [
            (r"(\w)(\w)", "$2_$1", "no group `2_`; write `${2}_`"),
            (r"(\w)(\w)", "$$$1st", "no group `1st`; write `${1}st`"),
            (r"(\w)(\w)", "${3}", "no group `3`; its groups: 0 to 2"),
            (r"(?P<first>\w)", "$second", "its groups: 0 to 1, `first`"),
            (r"\w", "5 $US", "no group `US`; its groups: none but 0, all that is found; write `$$`"),
            (r"\w", "${}", "no group ``"),
        ];
        for (pattern, with, expected) in unknown {
            let error = of(pattern, with).unwrap_err().to_string();
            assert!(error.contains(expected), "{with}: {error}");
        }
    }

    #[test]
    fn strings_that_no_memory_holds_are_refused() {
        let texts = Block::from_strings(&[2], ["a".repeat(1000), "b".into()]).unwrap();
        for op in [TextOp::Repeat(1 << 21), TextOp::Pad { width: usize::MAX, side: Ends::Both, fill: '*' }] {
            let error = op.of(&texts).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OverBudget, "{error}");
        }
        assert_eq!(TextOp::Repeat(3).of(&texts).unwrap().text().unwrap().value(1), "bbb");
    }
}
