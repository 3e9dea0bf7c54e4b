//! One file of many, or several that have been joined already: its variables, and the labels of its dimensions.
use terracube_cube::data::Attributes;
use terracube_cube::source::{Fetch, Source as _};
use terracube_cube::{Block, Error, Region, Result};

use super::labels::Labels;
use super::stepped::SteppedSource;
use crate::cf::{DecodedGroup, DecodedVariable};
use crate::{assemble, runtime};

#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The file's URL; that of the first of several.
    pub name: String,
    pub group: DecodedGroup,
    /// By dimension.
    pub labels: Vec<(String, Labels)>,
}

/// A coordinate of more values than this is computed as any other array, within the budget.
const FEW: u64 = 1 << 20;

/// The decoded values of a variable of one dimension. There are thousands of files with a few labels each, which are not worth a run of
/// the engine.
fn values(variable: &DecodedVariable) -> Result<Block> {
    let whole = Region::whole(&variable.shape);
    let data = variable.data.clone()?;
    if whole.is_empty() || whole.size() > FEW || data.source.grid().shape() != variable.shape {
        let alone = DecodedGroup {
            variables: vec![variable.clone()],
            coordinates: vec![variable.name.clone()],
            attributes: Attributes::default(),
        };
        let array = assemble::dataset(alone).and_then(|dataset| dataset.coord(&variable.name).values())?;
        return Ok(array.block().clone());
    }
    let source = SteppedSource::new(&data, data.dtype);
    let mut parts = Vec::new();
    for region in source.grid().touching(&whole) {
        let encoded = match source.fetch(&region) {
            Fetch::Ready(read) => read?,
            Fetch::Blocking(read) => read()?,
            Fetch::Pending(read) => runtime::wait(read)?,
        };
        parts.push((region.clone(), source.decode(encoded, &region)?));
    }
    match (parts.len(), parts.pop()) {
        (1, Some((_, only))) => Ok(only),
        (_, last) => {
            parts.extend(last);
            Block::assemble(source.dtype(), &whole.extents(), &parts)
        }
    }
}

impl Part {
    /// Reads the labels of all dimensions that have a coordinate.
    pub(super) fn new(name: String, group: DecodedGroup) -> Result<Self> {
        let mut labels = Vec::new();
        for variable in &group.variables {
            if variable.dims[..] != [variable.name.clone()] {
                continue;
            }
            let read = values(variable).and_then(Labels::new);
            labels.push((variable.name.clone(), read.map_err(|error| error.context(name.clone()))?));
        }
        Ok(Self { name, group, labels })
    }

    pub(super) fn labels(&self, dim: &str) -> Option<&Labels> {
        self.labels.iter().find(|(name, _)| name == dim).map(|(_, labels)| labels)
    }

    pub(super) fn variable(&self, name: &str) -> Option<&DecodedVariable> {
        self.group.variables.iter().find(|variable| variable.name == name)
    }

    pub(super) fn is_coordinate(&self, name: &str) -> bool {
        self.group.coordinates.iter().any(|coordinate| coordinate == name)
    }

    pub(super) fn has_dim(&self, dim: &str) -> bool {
        self.group.variables.iter().any(|variable| variable.dims.iter().any(|name| name == dim))
    }

    /// The length of a dimension.
    pub(super) fn len(&self, dim: &str) -> Option<u64> {
        self.group.variables.iter().find_map(|variable| {
            let axis = variable.dims.iter().position(|name| name == dim)?;
            variable.shape.get(axis).copied()
        })
    }

    /// The names of the variables that are no coordinates, sorted.
    pub(super) fn data_variables(&self) -> Vec<&str> {
        let names = self.group.variables.iter().map(|variable| &variable.name[..]);
        let mut names: Vec<&str> = names.filter(|name| !self.is_coordinate(name)).collect();
        names.sort_unstable();
        names
    }

    /// An error with this file in front.
    pub(super) fn at(&self, error: Error) -> Error {
        error.context(self.name.clone())
    }
}
