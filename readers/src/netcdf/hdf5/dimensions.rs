//! Which dimensions a file has and which a dataset is over: NetCDF-4's dimension scales, and names of our own where there are none.
use std::collections::{HashMap, HashSet};

use super::attributes::AttributeReader;
use super::objects::{DatasetObject, GroupObject};
use crate::raw::RawDim;

/// What NetCDF-4 writes as the name of a dimension that has no variable.
const NOT_A_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";
/// What NetCDF-4 puts in front of a variable that has a dimension's name but not its meaning.
const NOT_A_COORDINATE: &str = "_nc4_non_coord_";

/// The dimensions of a whole file.
#[derive(Default)]
pub(super) struct Dimensions {
    by_address: HashMap<u64, Scale>,
    by_id: HashMap<i64, u64>,
    /// Names that stand for axes without a dimension, by group.
    phony: HashMap<String, Vec<RawDim>>,
    n_named: usize,
}

struct Scale {
    dim: RawDim,
    is_variable: bool,
}

impl Dimensions {
    /// Finds all dimension scales and the lengths of those that grow.
    pub(super) fn of(root: &GroupObject, reader: &AttributeReader<'_>) -> Self {
        let mut dims = Self::default();
        dims.collect(root, reader);
        dims.n_named = dims.by_address.len();
        dims.grow(root, reader);
        dims
    }

    /// The dimensions defined in a group, those without a name of their own included.
    pub(super) fn defined_in(&self, group: &GroupObject) -> Vec<RawDim> {
        let named =
            group.datasets.iter().filter_map(|dataset| self.by_address.get(&dataset.address)).map(|scale| &scale.dim);
        let mut seen = HashSet::new();
        let phony = self.phony.get(&group.path).into_iter().flatten();
        named.chain(phony).filter(|dim| seen.insert(dim.name.clone())).cloned().collect()
    }

    /// Whether a dataset is a variable, not a dimension alone.
    pub(super) fn is_variable(&self, dataset: &DatasetObject) -> bool {
        self.by_address.get(&dataset.address).is_none_or(|scale| scale.is_variable)
    }

    /// The dimensions of a dataset and the lengths of its axes (longer than stored where a dimension has grown).
    pub(super) fn of_dataset(
        &mut self,
        group: &GroupObject,
        dataset: &DatasetObject,
        reader: &AttributeReader<'_>,
    ) -> (Vec<String>, Vec<u64>) {
        let shape = dataset.shape().to_vec();
        let unlimited = |axis: usize| {
            let max = dataset.stored.as_ref().ok().and_then(|stored| stored.max_shape.as_ref());
            max.and_then(|max| max.get(axis)) == Some(&u64::MAX)
        };
        let mut names: Vec<String> = Vec::with_capacity(shape.len());
        let mut lengths = shape.clone();
        for (axis, address) in self.addresses(dataset, reader).into_iter().enumerate() {
            let scale = address.and_then(|address| self.by_address.get(&address));
            match scale {
                Some(scale) => {
                    names.push(scale.dim.name.clone());
                    // Only an axis that can grow may be shorter in the file than its dimension.
                    if unlimited(axis) {
                        lengths[axis] = lengths[axis].max(scale.dim.len);
                    }
                }
                None => names.push(self.phony(&group.path, shape[axis], unlimited(axis), &names)),
            }
        }
        (names, lengths)
    }

    /// The name under which users know a dataset.
    pub(super) fn visible_name(dataset: &DatasetObject) -> String {
        dataset.name.strip_prefix(NOT_A_COORDINATE).unwrap_or(&dataset.name).to_owned()
    }

    fn collect(&mut self, group: &GroupObject, reader: &AttributeReader<'_>) {
        for dataset in &group.datasets {
            if reader.text_of(dataset.attribute("CLASS")).as_deref() != Some("DIMENSION_SCALE") {
                continue;
            }
            let Ok(stored) = &dataset.stored else { continue };
            let Some(&len) = stored.shape.first() else { continue };
            let name = reader.text_of(dataset.attribute("NAME")).unwrap_or_default();
            let unlimited = stored.max_shape.as_ref().and_then(|max| max.first()) == Some(&u64::MAX);
            let dim = RawDim { name: Self::visible_name(dataset), len, unlimited };
            let is_variable = !name.starts_with(NOT_A_VARIABLE);
            self.by_address.insert(dataset.address, Scale { dim, is_variable });
            if let Some([id]) = reader.integers(dataset.attribute("_Netcdf4Dimid")).as_deref() {
                self.by_id.insert(*id, dataset.address);
            }
        }
        for inner in &group.groups {
            self.collect(inner, reader);
        }
    }

    /// The length of an unlimited dimension is that of the longest variable over it.
    fn grow(&mut self, group: &GroupObject, reader: &AttributeReader<'_>) {
        for dataset in &group.datasets {
            let lengths = dataset.shape().to_vec();
            for (address, len) in self.addresses(dataset, reader).into_iter().zip(lengths) {
                if let Some(scale) = address.and_then(|address| self.by_address.get_mut(&address))
                    && scale.dim.unlimited
                {
                    scale.dim.len = scale.dim.len.max(len);
                }
            }
        }
        for inner in &group.groups {
            self.grow(inner, reader);
        }
    }

    /// The address of the scale of each axis.
    fn addresses(&self, dataset: &DatasetObject, reader: &AttributeReader<'_>) -> Vec<Option<u64>> {
        let rank = dataset.shape().len();
        if let Some(ids) = reader.integers(dataset.attribute("_Netcdf4Coordinates"))
            && ids.len() == rank
        {
            return ids.iter().map(|id| self.by_id.get(id).copied()).collect();
        }
        let mut addresses = vec![None; rank];
        if let Some(list) = dataset.attribute("DIMENSION_LIST") {
            for (slot, address) in addresses.iter_mut().zip(reader.dimension_list(list)) {
                *slot = address.filter(|address| self.by_address.contains_key(address));
            }
        } else if rank > 0 && self.by_address.contains_key(&dataset.address) {
            addresses[0] = Some(dataset.address);
        }
        addresses
    }

    /// A name for an axis without a dimension: one for each length in a group, another if the dataset has that one already.
    fn phony(&mut self, group: &str, len: u64, unlimited: bool, taken: &[String]) -> String {
        let n_phony: usize = self.phony.values().map(Vec::len).sum();
        let list = self.phony.entry(group.to_owned()).or_default();
        if let Some(known) =
            list.iter().find(|dim| dim.len == len && dim.unlimited == unlimited && !taken.contains(&dim.name))
        {
            return known.name.clone();
        }
        let name = format!("phony_dim_{}", self.n_named + n_phony);
        list.push(RawDim { name: name.clone(), len, unlimited });
        name
    }
}
