//! A panel for each position of a dimension, all to one scale.
use terracube_cube::data::IntoPosition as _;
use terracube_cube::{DataArray, Error, Result};

use super::axis_of::{kind_and_values, value_label};
use super::sample::Sample;
use super::wording::title;
use super::{Kind, Options, draw as draw_one};
use crate::chart::{ColourBar, Panels, levels};
use crate::colour::{ColourMap, Limits, Wanted};
use crate::scale::{AxisKind, padded};

/// More panels cannot be looked at.
const MOST_PANELS: u64 = 48;
/// Positions along each axis of a panel.
const MOST_POSITIONS: u64 = 600;
/// Of a panel, if nothing is said.
const PANEL: (f64, f64) = (300.0, 230.0);

/// Panels of the kind that was asked for.
///
/// # Errors
/// If there is no such dimension, there are too many panels, or values cannot be computed.
pub(crate) fn draw(array: &DataArray, dim: &str, columns: usize, options: &Options) -> Result<String> {
    let axis = array.dims().axis(dim)?;
    let n = array.shape()[axis];
    if n > MOST_PANELS {
        return Err(Error::invalid(format!("{n} panels, one for each position of `{dim}`"))
            .hint(format!("select some with `.isel(\"{dim}\", every({}))`", n.div_ceil(12))));
    }
    let columns = columns.clamp(1, n.max(1) as usize);
    // These look at all values of a panel, and sample them by themselves.
    let is_whole = matches!(options.kind, Kind::Histogram(_) | Kind::Scatter(_));
    let others: Vec<String> = array.dims().iter().filter(|name| *name != dim).map(ToOwned::to_owned).collect();
    let sampled = others.iter().filter(|_| !is_whole).try_fold(array.clone(), |array, name| -> Result<DataArray> {
        let len = array.shape()[array.dims().axis(name)?];
        Ok(Sample::new(len, MOST_POSITIONS).of(&array, name))
    })?;
    // Once, for all panels.
    let sampled = if is_whole { sampled } else { sampled.compute()? };
    let (kind, values) = match is_whole {
        true => (AxisKind::Number, Vec::new()),
        false => kind_and_values(sampled.values()?.block(), None)?,
    };
    let limits = if is_whole { None } else { Limits::of(&values, options.wanted)? };
    let coloured = others.len() == 2 && matches!(options.kind, Kind::Automatic | Kind::Bands(_) | Kind::Contours(_));
    let chosen = options.colour_map.as_deref().map(ColourMap::named).transpose()?;
    let diverging = limits.is_some_and(|limits| limits.diverging);
    let map = chosen.unwrap_or_else(|| if diverging { ColourMap::diverging() } else { ColourMap::sequential() });
    let name = options.colour_map.clone().unwrap_or_else(|| if diverging { "RdBu_r" } else { "viridis" }.to_owned());
    let wanted = match limits {
        Some(limits) if coloured => Wanted { low: Some(limits.low), high: Some(limits.high), robust: false },
        Some(limits) if matches!(options.kind, Kind::Automatic | Kind::Lines(_)) => {
            let (low, high) = extremes(&values, limits, options.wanted);
            Wanted { low: Some(low), high: Some(high), robust: false }
        }
        _ => options.wanted,
    };
    let size = match options.size {
        Some((width, height)) => {
            let rows = (n as usize).div_ceil(columns);
            (width / columns as f64, height / rows.max(1) as f64)
        }
        None => PANEL,
    };
    let charts = (0..n as i64).map(|position| {
        let panel = sampled.isel(dim, position.into_position());
        let at = |array: &DataArray| {
            if array.dims().contains(dim) { array.isel(dim, position.into_position()) } else { array.clone() }
        };
        // What all panels have in common stands above them.
        let own = Options {
            title: Some(panel_title(&panel, dim)),
            size: Some(size),
            wanted,
            colour_map: Some(name.clone()),
            facet: None,
            without_bar: true,
            arrows: options.arrows.as_ref().map(|(u, v)| (at(u), at(v))),
            kind: match &options.kind {
                Kind::Scatter(x) => Kind::Scatter(Box::new(at(x))),
                Kind::Quiver(v) => Kind::Quiver(Box::new(at(v))),
                other => other.clone(),
            },
            ..options.clone()
        };
        draw_one(&panel, &own)
    });
    let charts = charts.collect::<Result<Vec<String>>>()?;
    let label = value_label(array);
    let bands = match (&options.kind, &limits) {
        (Kind::Bands(n), Some(limits)) => levels(limits.low, limits.high, *n),
        _ => Vec::new(),
    };
    let bar = limits.as_ref().filter(|_| coloured).map(|limits| ColourBar {
        map: &map,
        limits,
        kind: &kind,
        label: &label,
        levels: &bands,
    });
    let title = options.title.clone().unwrap_or_else(|| title(array));
    Panels { title, charts, columns, size, bar }.draw()
}

fn panel_title(panel: &DataArray, dim: &str) -> String {
    let alone = panel.coords().iter().filter(|coord| coord.name() != dim).map(|coord| coord.name().to_owned());
    let named = title(&panel.drop_vars(alone.filter(|name| !panel.dims().contains(name)).collect::<Vec<_>>()));
    if named.is_empty() { dim.to_owned() } else { named }
}

/// The ends of the value axis that lines in all panels share: those given, else those of the values with a little room.
fn extremes(values: &[f64], limits: Limits, given: Wanted) -> (f64, f64) {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (least, most) = finite.fold((limits.high, limits.low), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = padded(least, most, 0.05);
    (given.low.unwrap_or(low), given.high.unwrap_or(high))
}
