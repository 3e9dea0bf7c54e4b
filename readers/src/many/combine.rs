//! Files put together by their coordinates: which dimension they differ in, in which order they come, and whether they fit.
use terracube_cube::{Error, Result};

use super::join::{joined, stacked};
use super::labels::Direction;
use super::part::Part;

/// How files go together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Along {
    /// Along the dimensions whose labels differ from file to file.
    #[default]
    Coordinates,
    /// Along one dimension that they have, in the order of its labels.
    Labels(String),
    /// Along one dimension that they have, in the order in which they are listed, whatever their labels.
    Order(String),
    /// Along a new dimension, with its labels if it has some.
    New(String, Vec<String>),
}

/// One dataset of all files.
pub(super) fn combined(parts: Vec<Part>, along: &Along) -> Result<Part> {
    match along {
        Along::Coordinates => by_variables(parts),
        Along::Labels(dim) => {
            have(&parts, dim)?;
            let dims = [dim.clone()];
            same_labels(&parts, &dims)?;
            tiles(parts, &dims)
        }
        Along::Order(dim) => {
            have(&parts, dim)?;
            same_labels(&parts, std::slice::from_ref(dim))?;
            joined(parts, dim)
        }
        Along::New(dim, labels) => {
            if let Some(part) = parts.iter().find(|part| part.has_dim(dim)) {
                return Err(part
                    .at(Error::invalid(format!("it has a dimension `{dim}` already")))
                    .hint(format!("join along it with `.along(\"{dim}\")`, or take another name")));
            }
            same_labels(&parts, &[])?;
            stacked(parts, dim, labels)
        }
    }
}

fn have(parts: &[Part], dim: &str) -> Result<()> {
    match parts.iter().find(|part| !part.has_dim(dim)) {
        None => Ok(()),
        Some(part) => {
            let dims = part.group.variables.iter().flat_map(|variable| variable.dims.iter().map(String::as_str));
            Err(part.at(Error::unknown_name("dimension", dim, dims)))
        }
    }
}

/// Files of different variables are combined apart, then brought together.
fn by_variables(parts: Vec<Part>) -> Result<Part> {
    let mut sets: Vec<(Vec<String>, Vec<Part>)> = Vec::new();
    for part in parts {
        let names: Vec<String> = part.data_variables().into_iter().map(str::to_owned).collect();
        match sets.iter_mut().find(|(known, _)| *known == names) {
            Some((_, members)) => members.push(part),
            None => sets.push((names, vec![part])),
        }
    }
    let mut whole: Option<Part> = None;
    for (_, members) in sets {
        let next = by_coordinates(members)?;
        whole = Some(match whole {
            None => next,
            Some(first) => merged(first, next)?,
        });
    }
    whole.ok_or_else(|| Error::invalid("no files are named"))
}

fn by_coordinates(parts: Vec<Part>) -> Result<Part> {
    if parts.len() == 1 {
        return parts.into_iter().next().ok_or_else(|| Error::internal("no part"));
    }
    let first = &parts[0];
    let mut differing: Vec<String> = Vec::new();
    for (dim, labels) in &first.labels {
        for other in &parts[1..] {
            let Some(found) = other.labels(dim) else {
                return Err(
                    other.at(Error::mismatch(format!("it has no coordinate `{dim}`, which {} has", first.name)))
                );
            };
            if !labels.same(found) {
                differing.push(dim.clone());
                break;
            }
        }
    }
    if differing.is_empty() {
        return Err(Error::mismatch(format!(
            "{} and {} more files have the same labels along every dimension",
            first.name,
            parts.len() - 1
        ))
        .hint("stack them along a new dimension: `OpenMany::new().along_new(\"member\")`, or join them in order: `.in_order(\"time\")`"));
    }
    let known = |dim: &str| first.labels(dim).is_some();
    let unlabelled = first
        .group
        .variables
        .iter()
        .flat_map(|v| &v.dims)
        .find(|dim| !known(dim) && parts.iter().any(|part| part.len(dim) != first.len(dim)));
    if let Some(dim) = unlabelled {
        return Err(Error::mismatch(format!(
            "dimension `{dim}` has no labels and differs in length from file to file"
        ))
        .hint(format!("join along it in order: `OpenMany::new().in_order(\"{dim}\")`")));
    }
    tiles(parts, &differing)
}

/// Joins along the last of `dims` those files that agree in the others, then goes on with what that gives.
fn tiles(parts: Vec<Part>, dims: &[String]) -> Result<Part> {
    let Some((dim, others)) = dims.split_last() else {
        return parts.into_iter().next().ok_or_else(|| Error::internal("no part"));
    };
    let mut rows: Vec<Vec<Part>> = Vec::new();
    for part in parts {
        let agrees = |row: &Vec<Part>| {
            others.iter().all(|other| match (row[0].labels(other), part.labels(other)) {
                (Some(a), Some(b)) => a.same(b),
                _ => false,
            })
        };
        match rows.iter_mut().find(|row| others.is_empty() || agrees(row)) {
            Some(row) => row.push(part),
            None => rows.push(vec![part]),
        }
    }
    let rows = rows.into_iter().map(|row| joined(in_order(row, dim)?, dim)).collect::<Result<Vec<_>>>()?;
    if !others.is_empty() {
        // All rows must have the same labels along what was joined, or a tile is missing.
        let first = &rows[0];
        for row in &rows[1..] {
            if let (Some(a), Some(b)) = (first.labels(dim), row.labels(dim))
                && !a.same(b)
            {
                return Err(row
                    .at(Error::mismatch(format!(
                        "with its neighbours it covers `{dim}` from {}, where {} and its neighbours cover {}",
                        b.extent(),
                        first.name,
                        a.extent()
                    )))
                    .hint("the files are no full grid of tiles: one is missing, or they overlap"));
            }
        }
    }
    tiles(rows, others)
}

/// Files in the order of their labels; overlaps and mixed calendars are refused.
fn in_order(mut parts: Vec<Part>, dim: &str) -> Result<Vec<Part>> {
    if parts.iter().any(|part| part.labels(dim).is_none()) {
        // Without labels the order of the list is all there is.
        return Ok(parts);
    }
    let mut direction = Direction::Either;
    let calendar = parts[0].labels(dim).and_then(|labels| labels.calendar());
    for part in &parts {
        let Some(labels) = part.labels(dim) else { continue };
        if labels.calendar() != calendar {
            let name = |calendar: Option<terracube_cube::Calendar>| {
                calendar.map_or_else(|| "no times at all".to_owned(), |calendar| format!("the {calendar} calendar"))
            };
            return Err(part
                .at(Error::mismatch(format!(
                    "its `{dim}` has {}, but {} has {}",
                    name(labels.calendar()),
                    parts[0].name,
                    name(calendar)
                )))
                .hint("times of different calendars have no common axis: open the files apart"));
        }
        let own = labels.direction().map_err(|error| part.at(error.context(format!("the labels of `{dim}`"))))?;
        if own != Direction::Either && direction != Direction::Either && own != direction {
            return Err(part.at(Error::mismatch(format!("its `{dim}` runs the other way than that of other files"))));
        }
        direction = if own == Direction::Either { direction } else { own };
    }
    parts.sort_by(|a, b| match (a.labels(dim), b.labels(dim)) {
        (Some(a), Some(b)) if direction == Direction::Down => b.compare_first(a),
        (Some(a), Some(b)) => a.compare_first(b),
        _ => std::cmp::Ordering::Equal,
    });
    for pair in parts.windows(2) {
        if let (Some(a), Some(b)) = (pair[0].labels(dim), pair[1].labels(dim))
            && !a.ends_before(b, direction)
        {
            return Err(Error::mismatch(format!(
                "{} and {} overlap along `{dim}`: {} and {}",
                pair[0].name,
                pair[1].name,
                a.extent(),
                b.extent()
            ))
            .hint(format!(
                "leave one of them out, or take all as they are listed: `OpenMany::new().in_order(\"{dim}\")`"
            )));
        }
    }
    Ok(parts)
}

/// All files must have the same labels along the dimensions that are not joined.
fn same_labels(parts: &[Part], except: &[String]) -> Result<()> {
    let Some(first) = parts.first() else { return Err(Error::invalid("no files are named")) };
    for (dim, labels) in first.labels.iter().filter(|(dim, _)| !except.contains(dim)) {
        for other in &parts[1..] {
            if let Some(found) = other.labels(dim)
                && !labels.same(found)
            {
                return Err(other.at(differ(dim, &found.extent(), &labels.extent(), &first.name)));
            }
        }
    }
    Ok(())
}

fn differ(dim: &str, found: &str, expected: &str, first: &str) -> Error {
    Error::mismatch(format!("its labels of `{dim}` are {found}, but those of {first} are {expected}"))
        .hint("open the files apart and align them: `align(&[&a, &b], Join::Outer)`")
}

/// The variables of both, whose shared dimensions must have the same labels.
fn merged(mut first: Part, second: Part) -> Result<Part> {
    for (dim, labels) in &second.labels {
        if let Some(known) = first.labels(dim)
            && !known.same(labels)
        {
            return Err(second.at(differ(dim, &labels.extent(), &known.extent(), &first.name)));
        }
    }
    for variable in second.group.variables {
        if first.variable(&variable.name).is_none() {
            if second.group.coordinates.contains(&variable.name) {
                first.group.coordinates.push(variable.name.clone());
            }
            first.group.variables.push(variable);
        }
    }
    for (dim, labels) in second.labels {
        if first.labels(&dim).is_none() {
            first.labels.push((dim, labels));
        }
    }
    Ok(first)
}
