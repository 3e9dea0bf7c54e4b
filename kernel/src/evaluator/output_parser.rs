//! Takes a cell's printed bytes apart: text for people, marks of the side channel, and the evaluator's own lines.
//! Nothing is held back longer than it takes to tell these apart, so that output streams as it comes.
use super::wire;

/// A piece of what a cell printed, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text to show.
    Text(String),
    /// A mark of the side channel: the frame that stands here, or `end`.
    Mark(String),
    /// A line that the evaluator's code printed for the evaluator.
    Line(String),
    /// A value in text form: MIME type and content.
    Content(String, String),
}

/// The state between two reads.
pub struct OutputParser {
    nonce: String,
    /// Bytes that could still become something other than text.
    held: Vec<u8>,
    /// How far the held bytes were searched for the end of a value in text form, which can be long.
    searched: usize,
}

impl OutputParser {
    /// A parser that believes marks with this word.
    pub fn new(nonce: impl Into<String>) -> Self {
        Self { nonce: nonce.into(), held: Vec::new(), searched: 0 }
    }

    /// Adds bytes and returns the pieces that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.held.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        loop {
            let special = find_special(&self.held);
            self.take_text(special.unwrap_or(self.held.len()), special.is_some(), &mut pieces);
            if special.is_none() {
                return pieces;
            }
            match self.special_piece() {
                Special::Piece(piece, length) => {
                    self.held.drain(..length);
                    pieces.push(piece);
                }
                Special::Ordinary => self.take_text(1, true, &mut pieces),
                Special::Incomplete => return pieces,
            }
        }
    }

    /// The stream ended: what was held back is text after all.
    pub fn finish(&mut self) -> Option<Piece> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then(|| Piece::Text(String::from_utf8_lossy(&held).into_owned()))
    }

    /// Moves the first `length` bytes out as text. At the end of what has arrived (`more_known` false) a possible
    /// beginning of a special line and an unfinished character stay.
    fn take_text(&mut self, length: usize, more_known: bool, pieces: &mut Vec<Piece>) {
        let mut length = length;
        if !more_known {
            length -= begun_prefix(&self.held[..length]);
            length -= unfinished_character(&self.held[..length]);
        }
        if length == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&self.held[..length]).into_owned();
        self.held.drain(..length);
        match pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            _ => pieces.push(Piece::Text(text)),
        }
    }

    /// What stands at the start of the held bytes, which is a mark byte or the evaluator's prefix.
    fn special_piece(&mut self) -> Special {
        let held = &self.held;
        if held.first() == Some(&wire::MARK) {
            let expected = format!("{}:", self.nonce);
            let body = &held[1..];
            let known = body.len().min(expected.len());
            if body[..known] != expected.as_bytes()[..known] {
                return Special::Ordinary;
            }
            return match body.iter().position(|byte| *byte == wire::MARK) {
                Some(end) => {
                    let word = String::from_utf8_lossy(&body[expected.len()..end]).into_owned();
                    Special::Piece(Piece::Mark(word), end + 2)
                }
                None if body.len() > 256 => Special::Ordinary,
                None => Special::Incomplete,
            };
        }
        let Some(end) = held.iter().position(|byte| *byte == b'\n') else {
            return if could_be_line(held) { Special::Incomplete } else { Special::Ordinary };
        };
        let Ok(line) = std::str::from_utf8(&held[..end]) else { return Special::Ordinary };
        if line == wire::PANIC_LINE || line == wire::ERROR_LINE || line.starts_with(wire::CHANGED_TYPE_PREFIX) {
            return Special::Piece(Piece::Line(line.to_owned()), end + 1);
        }
        let Some(mime) = line.strip_prefix(wire::CONTENT_PREFIX) else { return Special::Ordinary };
        let closing = format!("\n{}\n", wire::CONTENT_END);
        let from = self.searched.max(end);
        match find(&held[from..], closing.as_bytes()).map(|at| from - end + at) {
            Some(at) => {
                self.searched = 0;
                let content = String::from_utf8_lossy(held.get(end + 1..end + at).unwrap_or_default()).into_owned();
                Special::Piece(Piece::Content(mime.to_owned(), content), end + at + closing.len())
            }
            None => {
                self.searched = held.len().saturating_sub(closing.len());
                Special::Incomplete
            }
        }
    }
}

enum Special {
    /// A piece and how many bytes it took.
    Piece(Piece, usize),
    /// Only looks like one.
    Ordinary,
    /// More bytes are needed.
    Incomplete,
}

/// Whether a line without its end can still become one of the evaluator's.
fn could_be_line(begun: &[u8]) -> bool {
    [wire::PANIC_LINE, wire::ERROR_LINE, wire::CHANGED_TYPE_PREFIX, wire::CONTENT_PREFIX].iter().any(|line| {
        let known = begun.len().min(line.len());
        let open_ended = line.ends_with([':', ' ']);
        begun[..known] == line.as_bytes()[..known] && (begun.len() <= line.len() || open_ended && begun.len() < 4096)
    })
}

fn find_special(bytes: &[u8]) -> Option<usize> {
    let line = find(bytes, wire::LINE_PREFIX.as_bytes());
    // Not beyond the line: what follows it may be long, and is looked at again with each read.
    let mark = bytes[..line.unwrap_or(bytes.len())].iter().position(|byte| *byte == wire::MARK);
    mark.or(line)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// How many bytes at the end could be the beginning of the evaluator's prefix.
fn begun_prefix(bytes: &[u8]) -> usize {
    let prefix = wire::LINE_PREFIX.as_bytes();
    (1..prefix.len()).rev().find(|length| bytes.ends_with(&prefix[..*length])).unwrap_or(0)
}

/// How many bytes at the end belong to a UTF-8 character that has not arrived in full.
fn unfinished_character(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let needed = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => 1,
        };
        return if needed > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.into())
    }

    /// The pieces must not depend on how the bytes were cut, except where text was cut.
    fn check(printed: &str, expected: &[Piece]) {
        for cut in [1, 2, 3, 7, 64, 100_000] {
            let mut parser = OutputParser::new("abc");
            let mut pieces: Vec<Piece> = Vec::new();
            let rest = printed.as_bytes().chunks(cut).flat_map(|chunk| parser.push(chunk)).collect::<Vec<_>>();
            for piece in rest.into_iter().chain(parser.finish()) {
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Text(before)), Piece::Text(more)) => before.push_str(&more),
                    (_, piece) => pieces.push(piece),
                }
            }
            assert_eq!(pieces, expected, "cut into {cut}");
        }
    }

    #[test]
    fn output_is_taken_apart_the_same_however_it_is_cut() {
        check("hello\nworld", &[text("hello\nworld")]);
        check("a\u{1e}abc:12\u{1e}b", &[text("a"), Piece::Mark("12".into()), text("b")]);
        check("a\u{1e}xyz:12\u{1e}b", &[text("a\u{1e}xyz:12\u{1e}b")]);
        check("no newlineEVCXR_PANIC_NOTIFICATION\n", &[text("no newline"), Piece::Line(wire::PANIC_LINE.into())]);
        check("EVCXR_SOMETHING else\nEVCX", &[text("EVCXR_SOMETHING else\nEVCX")]);
        check(
            "EVCXR_VARIABLE_CHANGED_TYPE:x\nnext",
            &[Piece::Line("EVCXR_VARIABLE_CHANGED_TYPE:x".into()), text("next")],
        );
        check(
            "EVCXR_BEGIN_CONTENT text/plain\nTwo\nlines\nEVCXR_END_CONTENT\n",
            &[Piece::Content("text/plain".into(), "Two\nlines".into())],
        );
        check("température 25 °C — 🌍\n", &[text("température 25 °C — 🌍\n")]);
    }

    #[test]
    fn text_is_not_held_back() {
        let mut parser = OutputParser::new("abc");
        assert_eq!(parser.push(b"50 %\r"), [text("50 %\r")]);
        assert_eq!(parser.push(b"bytes \xff\xfe"), [text("bytes \u{fffd}\u{fffd}")]);
    }

    proptest::proptest! {
        /// A cell may print what looks like marks and lines of the evaluator: nothing panics, no text is lost or made up.
        #[test]
        fn printed_bytes_of_any_kind_are_taken_apart(parts in proptest::collection::vec(part(), 0..12), cut in 1_usize..40) {
            let printed = parts.concat();
            let mut parser = OutputParser::new("abc");
            let mut shown = String::new();
            let pieces: Vec<Piece> = printed.as_bytes().chunks(cut).flat_map(|chunk| parser.push(chunk)).collect();
            for piece in pieces.into_iter().chain(parser.finish()) {
                match piece {
                    Piece::Text(text) => shown.push_str(&text),
                    Piece::Mark(word) => shown.push_str(&format!("\u{1e}abc:{word}\u{1e}")),
                    Piece::Line(line) => shown.push_str(&format!("{line}\n")),
                    Piece::Content(mime, content) => {
                        let line_end = if content.is_empty() { "" } else { "\n" };
                        shown.push_str(&format!("EVCXR_BEGIN_CONTENT {mime}\n{content}{line_end}EVCXR_END_CONTENT\n"));
                    }
                }
            }
            proptest::prop_assert_eq!(shown, printed);
        }
    }

    fn part() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let known = [
            "\u{1e}",
            "\u{1e}abc:",
            "\u{1e}abc:7\u{1e}",
            "\n",
            "EVCXR_",
            "EVCXR_PANIC_NOTIFICATION\n",
            "EVCXR_ERROR_OCCURRED",
            "EVCXR_BEGIN_CONTENT text/plain\n",
            "x\nEVCXR_END_CONTENT\n",
            "é",
            "\u{1f30d}",
        ];
        prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), ".{0,6}"]
    }
}
