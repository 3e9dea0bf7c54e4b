//! From decoded variables to a dataset of lazy expressions.
use terracube_cube::compute::UnaryOp;
use terracube_cube::data::{Attribute, Dataset, Encoding, EncodingFields, Variable};
use terracube_cube::{DType, Dims, Error, Result};

use crate::cf::encode::true_sign;
use crate::cf::{DecodedGroup, DecodedVariable, Step};

/// The dataset of a group. A variable that does not fit the others carries an error and leaves them usable.
pub(crate) fn dataset(group: DecodedGroup) -> Result<Dataset> {
    let mut lengths: Vec<(String, u64)> = Vec::new();
    let mut variables = Vec::with_capacity(group.variables.len());
    for decoded in group.variables {
        let misfit = misfit(&decoded, &lengths);
        let name = decoded.name.clone();
        let variable = match misfit {
            Some(error) => failed(decoded, error, true)?,
            None => {
                for (dim, &len) in decoded.dims.iter().zip(&decoded.shape) {
                    if !lengths.iter().any(|(known, _)| known == dim) {
                        lengths.push((dim.clone(), len));
                    }
                }
                variable(decoded)?
            }
        };
        variables.push((name, variable));
    }
    Dataset::new(variables, group.coordinates.iter().map(String::as_str), group.attributes)
}

fn variable(decoded: DecodedVariable) -> Result<Variable> {
    let data = match &decoded.data {
        Ok(data) => data.clone(),
        Err(error) => {
            let error = error.clone();
            return failed(decoded, error, false);
        }
    };
    let encoding = encoding(&decoded);
    let mut variable = Variable::from_source(Dims::new(&decoded.dims)?, data.source, decoded.attributes, encoding);
    for step in data.steps {
        variable = match step {
            Step::Cast(dtype) => variable.with_expr(variable.expr().cast(dtype)),
            Step::Unpack(unpack) => variable.unary(UnaryOp::Unpack(unpack)),
            Step::Time(decode) => variable.unary(UnaryOp::DecodeTime(decode)),
        };
    }
    Ok(variable)
}

/// Why a variable cannot stand beside the others.
fn misfit(decoded: &DecodedVariable, lengths: &[(String, u64)]) -> Option<Error> {
    if let Err(error) = Dims::new(&decoded.dims) {
        return Some(error);
    }
    decoded.dims.iter().zip(&decoded.shape).find_map(|(dim, &len)| {
        let (_, known) = lengths.iter().find(|(known, _)| known == dim)?;
        let message = format!("dimension `{dim}` has {len} positions here, but {known} in other variables");
        (len != *known).then(|| Error::corrupt(message))
    })
}

/// A variable that says why it has no values. Its dimensions get names of their own if they `clash` with those of others.
fn failed(decoded: DecodedVariable, error: Error, clash: bool) -> Result<Variable> {
    let own =
        |(axis, dim): (usize, &String)| if clash { format!("{}_{dim}_{axis}", decoded.name) } else { dim.clone() };
    let dims = Dims::new(decoded.dims.iter().enumerate().map(own))?;
    let known = decoded.data.as_ref().map(|data| data.dtype).ok();
    let dtype = known.or(decoded.stored_dtype).unwrap_or(DType::F64);
    let error = match error.to_string().contains(&format!("`{}`", decoded.name)) {
        true => error,
        false => error.context(format!("variable `{}`", decoded.name)),
    };
    Ok(Variable::failed(dims, decoded.shape, dtype, decoded.attributes, error))
}

fn encoding(decoded: &DecodedVariable) -> Encoding {
    let moved = |name: &str| decoded.encoding.get(name).cloned();
    let text = |name: &str| moved(name).and_then(|value: Attribute| value.as_text().map(str::to_owned));
    let (mut dtype, mut fill_value, mut missing_value) =
        (decoded.stored_dtype, moved("_FillValue"), moved("missing_value"));
    if let (Some(stored), Some(unsigned)) = (dtype, text("_Unsigned")) {
        (_, missing_value) = true_sign(stored, &unsigned, missing_value);
        let (true_dtype, fill) = true_sign(stored, &unsigned, fill_value);
        (dtype, fill_value) = (Some(true_dtype), fill);
    }
    Encoding::new(EncodingFields {
        dtype,
        fill_value,
        missing_value,
        scale_factor: moved("scale_factor"),
        add_offset: moved("add_offset"),
        units: text("units"),
        calendar: text("calendar"),
        chunks: decoded.storage.chunks.clone(),
        shards: decoded.storage.shards.clone(),
        codecs: decoded.storage.codecs.clone(),
    })
}
