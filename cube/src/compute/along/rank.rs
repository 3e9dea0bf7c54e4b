//! Places in ascending order.
use std::cmp::Ordering;
use std::ops::Range;

use super::lines::Lines;

/// The place of each value, from 1; equal ones share the mean of their places; missing ones stay missing.
pub(super) fn rank(lines: Lines<'_, f64>, as_part: bool, wanted: &Range<u64>, out: &mut Vec<f64>) {
    let mut order: Vec<usize> = Vec::with_capacity(lines.len);
    for line in lines.iter() {
        order.clear();
        order.extend((0..line.len()).filter(|&i| !line[i].is_nan()));
        order.sort_by(|&a, &b| line[a].total_cmp(&line[b]));
        let mut places = vec![f64::NAN; line.len()];
        let count = order.len() as f64;
        let mut before = 0.0;
        for equal in order.chunk_by(|&a, &b| line[a] == line[b]) {
            let place = before + (equal.len() as f64 + 1.0) / 2.0;
            for &i in equal {
                places[i] = if as_part { place / count } else { place };
            }
            before += equal.len() as f64;
        }
        out.extend_from_slice(&places[wanted.start as usize..wanted.end as usize]);
    }
}

/// The positions of the values in ascending order, equal ones in theirs; missing ones last.
pub(super) fn sorted_positions<T: PartialOrd + Copy, R>(
    lines: Lines<'_, T>,
    is_missing: impl Fn(T) -> bool,
    number: impl Fn(usize) -> R,
    wanted: &Range<u64>,
    out: &mut Vec<R>,
) {
    let mut order: Vec<usize> = Vec::with_capacity(lines.len);
    for line in lines.iter() {
        order.clear();
        order.extend(0..line.len());
        order.sort_by(|&a, &b| {
            let missing = is_missing(line[a]).cmp(&is_missing(line[b]));
            missing.then_with(|| line[a].partial_cmp(&line[b]).unwrap_or(Ordering::Equal))
        });
        out.extend(order[wanted.start as usize..wanted.end as usize].iter().map(|&position| number(position)));
    }
}
