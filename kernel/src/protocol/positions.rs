//! Jupyter counts Unicode code points, the evaluator counts bytes.

/// The byte offset of the code point at `position`; a position past the end is the end.
pub(crate) fn byte_offset(code: &str, position: usize) -> usize {
    code.char_indices().nth(position).map_or(code.len(), |(offset, _)| offset)
}

/// How many code points stand before a byte offset; an offset inside a code point counts that code point's start.
pub(crate) fn code_points(code: &str, offset: usize) -> usize {
    code.char_indices().take_while(|(start, _)| *start < offset).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_characters_of_every_width() {
        let code = "aé😀z";
        for (position, offset) in [(0, 0), (1, 1), (2, 3), (3, 7), (4, 8), (9, 8)] {
            assert_eq!(byte_offset(code, position), offset);
            assert_eq!(code_points(code, offset), position.min(4));
        }
    }
}
