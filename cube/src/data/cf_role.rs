//! What a coordinate is by the CF conventions (sections 4.1 to 4.4).
use super::{Attributes, Variable};

/// The part a coordinate plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CfRole {
    /// Degrees north.
    Latitude,
    /// Degrees east: cyclic.
    Longitude,
    /// Height, depth, pressure, model level.
    Vertical,
    /// Time.
    Time,
}

/// The part that a coordinate plays by `standard_name`, `units`, `axis`, or, if those say nothing, by the usual names.
///
/// ```
/// use terracube_cube::{Attribute, Block, Dims, Variable};
/// use terracube_cube::data::{CfRole, cf_role};
/// let y = Variable::from_block(Dims::new(["y"])?, Block::new(&[1], vec![50.0])?);
/// let attrs = [("units", Attribute::from("degrees_north"))].into_iter().collect();
/// assert_eq!(cf_role("y", &y.with_attrs(attrs)), Some(CfRole::Latitude));
/// assert_eq!(cf_role("lon", &y), Some(CfRole::Longitude));
/// # Ok::<(), terracube_cube::Error>(())
/// ```
pub fn cf_role(name: &str, variable: &Variable) -> Option<CfRole> {
    if variable.dtype().kind() == crate::base::Kind::Time {
        return Some(CfRole::Time);
    }
    by_attributes(variable.attrs()).or_else(|| by_name(name, variable))
}

fn by_attributes(attrs: &Attributes) -> Option<CfRole> {
    let lower = |key: &str| attrs.text(key).map(str::to_lowercase);
    match lower("standard_name").as_deref() {
        Some("latitude") => return Some(CfRole::Latitude),
        Some("longitude") => return Some(CfRole::Longitude),
        Some("time") => return Some(CfRole::Time),
        Some("air_pressure" | "height" | "altitude" | "depth") => return Some(CfRole::Vertical),
        // "grid_latitude", "projection_x_coordinate" and the like are no geographic axes.
        Some(_) => return None,
        None => {}
    }
    match lower("units").as_deref() {
        Some("degrees_north" | "degree_north" | "degree_n" | "degrees_n" | "degreen" | "degreesn") => {
            Some(CfRole::Latitude)
        }
        Some("degrees_east" | "degree_east" | "degree_e" | "degrees_e" | "degreee" | "degreese") => {
            Some(CfRole::Longitude)
        }
        _ if attrs.text("positive").is_some() || attrs.text("axis") == Some("Z") => Some(CfRole::Vertical),
        _ => None,
    }
}

fn by_name(name: &str, variable: &Variable) -> Option<CfRole> {
    // A unit that is no degree says that the name lies.
    let degrees = variable.attrs().text("units").is_none_or(|units| units.to_lowercase().starts_with("deg"));
    match name.to_lowercase().as_str() {
        "lat" | "latitude" if degrees => Some(CfRole::Latitude),
        "lon" | "longitude" if degrees => Some(CfRole::Longitude),
        _ => None,
    }
}
