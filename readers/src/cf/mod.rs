//! What the CF conventions make of a group of stored variables, by xarray 2026.9's rules: which steps decode each variable, which
//! attributes move to its encoding, and which variables are coordinates. Policy only: the steps are expressions of the cube. `encode` is the
//! way back, for writers.
mod coordinates;
pub(crate) mod encode;
mod numbers;
mod packing;
mod times;
mod vertical;

use std::sync::Arc;

use terracube_cube::compute::{DecodeTime, Unpack};
use terracube_cube::source::Source;
use terracube_cube::{DType, Result};

use crate::netcdf::JoinedText;
use crate::raw::{RawGroup, RawStorage, RawVariable};
use packing::Packing;
use terracube_cube::data::Attributes;
use times::TimeKind;

pub use vertical::vertical;

/// What to decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CfOptions {
    /// Whether conventions are applied at all.
    pub decode: bool,
    /// Whether "days since ..." becomes times.
    pub times: bool,
    /// Whether declared missing values become NaN; `false` keeps integers.
    pub mask: bool,
    /// Decode packed data to f32 where xarray's rules give f64.
    pub decode_f32: bool,
    /// Whether the `fill_value` of a Zarr v2 array masks.
    pub fill_value_as_mask: bool,
}

impl Default for CfOptions {
    fn default() -> Self {
        Self { decode: true, times: true, mask: true, decode_f32: false, fill_value_as_mask: true }
    }
}

/// A group after decoding.
#[derive(Debug, Clone)]
pub struct DecodedGroup {
    /// The variables in the order of the file.
    pub variables: Vec<DecodedVariable>,
    /// The names of those that are coordinates.
    pub coordinates: Vec<String>,
    /// The attributes of the group.
    pub attributes: Attributes,
}

/// A variable after decoding.
#[derive(Debug, Clone)]
pub struct DecodedVariable {
    /// The name.
    pub name: String,
    /// One dimension per axis.
    pub dims: Vec<String>,
    /// The length of each axis.
    pub shape: Vec<u64>,
    /// What is left of the attributes.
    pub attributes: Attributes,
    /// The raw values and the steps that decode them, or why there are none.
    pub data: Result<DecodedData>,
    /// How it is stored, for writing it again: attributes that have moved here, then the storage.
    pub encoding: Attributes,
    /// How the values are stored.
    pub storage: RawStorage,
    /// The dtype as stored, if it is known.
    pub stored_dtype: Option<DType>,
}

/// Values and the steps that decode them.
#[derive(Debug, Clone)]
pub struct DecodedData {
    /// The raw values.
    pub source: Arc<dyn Source>,
    /// Applied in order.
    pub steps: Vec<Step>,
    /// The dtype after all steps.
    pub dtype: DType,
}

/// One step of decoding.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Another dtype, as numpy casts.
    Cast(DType),
    /// Missing values, scale and offset.
    Unpack(Unpack),
    /// Times and durations.
    Time(DecodeTime),
}

/// Decodes the variables of a group (not those of the groups within it).
pub fn decode(group: &RawGroup, options: &CfOptions) -> DecodedGroup {
    let mut attributes: Vec<(String, Attributes)> =
        group.variables.iter().map(|variable| (variable.name.clone(), variable.attributes.clone())).collect();
    if options.decode && options.times {
        times::complete_bounds(&mut attributes);
    }
    let decoded = group.variables.iter().zip(attributes);
    let mut decoded = DecodedGroup {
        variables: decoded
            .map(|(variable, (_, attributes))| decode_variable(group, variable, attributes, options))
            .collect(),
        coordinates: Vec::new(),
        attributes: group.attributes.clone(),
    };
    coordinates::find(&mut decoded, options.decode);
    decoded
}

fn decode_variable(
    group: &RawGroup,
    variable: &RawVariable,
    mut attributes: Attributes,
    options: &CfOptions,
) -> DecodedVariable {
    let mut encoding = Attributes::default();
    if let Some(digits) = attributes.remove("least_significant_digit") {
        encoding.set("least_significant_digit", digits);
    }
    // Undecoded, it is an attribute like any other, as in xarray.
    if (options.fill_value_as_mask || attributes.get("_FillValue").is_some())
        && let Some(fill) = &variable.storage.fill_value
    {
        attributes.set("_FillValue", fill.clone());
    }
    let (mut dims, mut shape) = (variable.dims.clone(), variable.shape.clone());
    let joined = options.decode && variable.characters && is_joined(group, variable);
    if joined {
        if let Some(name) = dims.pop() {
            encoding.set("char_dim_name", name);
        }
        shape.pop();
    }
    distinguish(&mut dims, group);
    let data = variable.data.clone().and_then(|source| {
        let source: Arc<dyn Source> = match (variable.characters, joined) {
            (false, _) => source,
            (true, true) => Arc::new(JoinedText::joined(source)),
            (true, false) => Arc::new(JoinedText::single(source)),
        };
        let (steps, dtype) = if options.decode {
            steps(&mut attributes, &mut encoding, source.dtype(), options)
                .map_err(|error| error.context(format!("variable `{}`", variable.name)))?
        } else {
            (Vec::new(), source.dtype())
        };
        Ok(DecodedData { source, steps, dtype })
    });
    let stored_dtype = variable.data.as_ref().ok().map(|source| source.dtype());
    let (name, storage) = (variable.name.clone(), variable.storage.clone());
    DecodedVariable { name, dims, shape, attributes, data, encoding, storage, stored_dtype }
}

/// The steps for values of `raw`, and the dtype that they give.
fn steps(
    attributes: &mut Attributes,
    encoding: &mut Attributes,
    raw: DType,
    options: &CfOptions,
) -> Result<(Vec<Step>, DType)> {
    if raw == DType::Utf8 {
        for name in ["_Encoding", "missing_value", "_FillValue"] {
            moved(attributes, encoding, name);
        }
    }
    let time = if options.times && raw.is_numeric() { times::kind(attributes) } else { TimeKind::None };
    let packing = Packing::take(attributes, encoding, raw);
    let (mut steps, mut dtype) = packing.steps(raw, time != TimeKind::None, options);
    let missing = if options.mask && !packing.is_packed() { &packing.missing[..] } else { &[] };
    let decode = match time {
        TimeKind::Time => Some(times::decode_time(attributes, encoding, dtype, missing)?),
        TimeKind::Duration => times::decode_duration(attributes, encoding, missing),
        TimeKind::None => None,
    };
    if let Some(Step::Time(decode)) = decode {
        dtype = decode.out;
        steps.push(Step::Time(decode));
    }
    if attributes.text("dtype") == Some("bool") && dtype.is_numeric() {
        moved(attributes, encoding, "dtype");
        dtype = DType::Bool;
        steps.push(Step::Cast(DType::Bool));
    }
    Ok((steps, dtype))
}

/// Whether the last dimension only counts characters: no variable is named so, and it is nothing else to any variable.
fn is_joined(group: &RawGroup, variable: &RawVariable) -> bool {
    let Some(last) = variable.dims.last() else { return false };
    group.variables.iter().all(|other| {
        let uses = other.dims.iter().filter(|dim| *dim == last).count();
        other.name != *last && (uses == 0 || uses == 1 && other.characters && other.dims.last() == Some(last))
    })
}

/// A dimension that stands twice in one variable (a covariance over `x` and `x`) is `x_2` the second time, or the next number that is no
/// other name of the group: axes are told by their names here.
fn distinguish(dims: &mut [String], group: &RawGroup) {
    let taken = |name: &str, dims: &[String]| {
        dims.iter().any(|dim| dim == name)
            || group.variables.iter().any(|other| other.name == name || other.dims.iter().any(|dim| dim == name))
    };
    for axis in 1..dims.len() {
        if !dims[..axis].contains(&dims[axis]) {
            continue;
        }
        let nth = 1 + dims[..axis].iter().filter(|dim| **dim == dims[axis]).count();
        if let Some(name) = (nth.max(2)..).map(|n| format!("{}_{n}", dims[axis])).find(|name| !taken(name, dims)) {
            dims[axis] = name;
        }
    }
}

/// Moves an attribute from one list to another.
fn moved(from: &mut Attributes, to: &mut Attributes, name: &str) {
    if let Some(value) = from.remove(name) {
        to.set(name, value);
    }
}
