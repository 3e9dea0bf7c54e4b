//! A small drawing of a chunk grid: a strip, a sheet or a box for the last three dimensions.
use std::fmt::Write as _;

/// Longest side of the drawing in pixels.
const LONGEST: f64 = 120.0;
/// Shortest side, so that a flat array can still be seen.
const SHORTEST: f64 = 18.0;
/// Lines per axis; more would be a grey area.
const MOST_LINES: u64 = 40;

/// SVG of an array cut into `counts` chunks per axis; empty for a scalar or an empty array.
pub(crate) fn chunk_picture(shape: &[u64], counts: &[u64]) -> String {
    if shape.is_empty() || shape.len() != counts.len() || shape.contains(&0) {
        return String::new();
    }
    let skipped = shape.len().saturating_sub(3);
    let (shape, counts) = (&shape[skipped..], &counts[skipped..]);
    let longest = shape.iter().copied().max().unwrap_or(1) as f64;
    // The square root brings very unequal sides nearer to each other.
    let side = |length: u64| (LONGEST * (length as f64 / longest).sqrt()).clamp(SHORTEST, LONGEST);
    let sides: Vec<f64> = shape.iter().map(|length| side(*length)).collect();
    let cuts: Vec<Vec<f64>> = counts.iter().zip(&sides).map(|(count, side)| cuts(*count, *side)).collect();
    let (width, height, depth) = match sides.as_slice() {
        [x] => (*x, SHORTEST, 0.0),
        [y, x] => (*x, *y, 0.0),
        // The first axis goes back and up, drawn shorter.
        [z, y, x] => (*x, *y, *z * 0.35),
        _ => return String::new(),
    };
    let (left, top) = (1.0, depth + 1.0);
    let mut body = String::new();
    let mut face = |points: &[(f64, f64)], class: &str| {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(body, "<polygon class=\"{class}\" points=\"{}\"/>", points.join(" "));
    };
    let (right, bottom) = (left + width, top + height);
    face(&[(left, top), (right, top), (right, bottom), (left, bottom)], "tc-front");
    if depth > 0.0 {
        face(&[(left, top), (left + depth, top - depth), (right + depth, top - depth), (right, top)], "tc-top");
        face(
            &[(right, top), (right + depth, top - depth), (right + depth, bottom - depth), (right, bottom)],
            "tc-side",
        );
    }
    let mut path = String::new();
    let mut stroke = |from: (f64, f64), to: (f64, f64)| {
        let _ = write!(path, "M{:.1} {:.1}L{:.1} {:.1}", from.0, from.1, to.0, to.1);
    };
    for x in cuts.last().into_iter().flatten().map(|cut| left + cut) {
        stroke((x, top), (x, bottom));
        stroke((x, top), (x + depth, top - depth));
    }
    if cuts.len() >= 2 {
        for y in cuts[cuts.len() - 2].iter().map(|cut| top + cut) {
            stroke((left, y), (right, y));
            stroke((right, y), (right + depth, y - depth));
        }
    }
    if let [back, ..] = cuts.as_slice()
        && cuts.len() == 3
    {
        for cut in back.iter().map(|cut| cut * 0.35) {
            stroke((left + cut, top - cut), (right + cut, top - cut));
            stroke((right + cut, top - cut), (right + cut, bottom - cut));
        }
    }
    let (page_width, page_height) = (width + depth + 2.0, height + depth + 2.0);
    format!(
        "<svg class=\"tc-chunks\" width=\"{page_width:.0}\" height=\"{page_height:.0}\" viewBox=\"0 0 {page_width:.0} {page_height:.0}\">\
         {body}<path d=\"{path}\"/></svg>"
    )
}

/// Places of the lines between chunks along a side.
fn cuts(count: u64, side: f64) -> Vec<f64> {
    let n = count.clamp(1, MOST_LINES);
    (1..n).map(|i| side * i as f64 / n as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_bounded() {
        let strokes = |svg: &str| svg.matches('M').count();
        assert_eq!(chunk_picture(&[], &[]), "");
        assert_eq!(chunk_picture(&[0, 3], &[0, 1]), "");
        assert_eq!(strokes(&chunk_picture(&[100], &[4])), 6);
        assert_eq!(strokes(&chunk_picture(&[10, 20], &[2, 4])), 8);
        assert!(strokes(&chunk_picture(&[5, u64::MAX, 1_000_000, 1], &[5, u64::MAX, 1_000_000, 1])) < 300);
    }
}
