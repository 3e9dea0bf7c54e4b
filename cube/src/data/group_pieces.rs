//! Groups one by one: for what no reduction says.
use super::{DataArray, GroupBy, concat};
use crate::base::{Error, Kind, Result};

impl GroupBy {
    /// The groups in order, each with its label as text and its positions of the array (what iterating over xarray's `groupby` gives). Lazy.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![1.0, 2.0, 5.0]).with_coord("x", vec![7, 8, 7]);
    /// for (label, part) in t.group_by("x").pieces()? {
    ///     assert_eq!(part.size(), if label == "7" { 2 } else { 1 });
    /// }
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a mistake was made before, or the groups lie over several dimensions.
    pub fn pieces(&self) -> Result<Vec<(String, DataArray)>> {
        let groups = self.groups.as_ref().map_err(Clone::clone)?;
        if self.is_joined() {
            return Err(Error::unsupported("pieces of groups over several dimensions")
                .hint("`where_(key.eq_to(...))` gives one"));
        }
        let dim = self.array.dims().name(groups.axis).clone();
        let labels = match groups.labels.dtype().kind() {
            Kind::Text => {
                (0..groups.labels.len()).filter_map(|i| Some(groups.labels.text()?.value(i).to_owned())).collect()
            }
            Kind::Time => DataArray::from_block(["group"], groups.labels.clone()).values()?.to_dates()?,
            _ => groups.labels.to_f64()?.iter().map(ToString::to_string).collect::<Vec<String>>(),
        };
        let members = members(&groups.codes.codes, labels.len());
        let pieces = labels.into_iter().zip(members).filter(|(_, members)| !members.is_empty());
        Ok(pieces.map(|(label, members)| (label, self.array.isel(&dim, members))).collect())
    }

    /// A function of each group as an array (xarray's `groupby(...).map`). Where results keep the dimension they are put together in the
    /// order that the array had; where it is gone, one behind the other along the groups. One operation of the plan for every group.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 5.0, 4.0]).with_coord("x", vec![7, 8, 7, 8]);
    /// let standard = t.group_by("x").map(|part| (part - part.mean("x")) / part.std("x"));
    /// assert_eq!(standard.to_f64()?, [-1.0, -1.0, 1.0, 1.0]);
    /// assert_eq!(t.group_by("x").map(|part| part.max("x")).to_f64()?, [5.0, 4.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map(&self, change: impl Fn(&DataArray) -> DataArray) -> DataArray {
        self.array.or_fail(self.mapped(change).map_err(|error| error.context("map of groups")))
    }

    /// Running sums within each group, in the order of the array (xarray's `groupby(...).cumsum()`); see [`DataArray::cumsum`]. One operation of the
    /// plan for every group.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[4], vec![1.0, 2.0, 5.0, 4.0]).with_coord("x", vec![7, 8, 7, 8]);
    /// assert_eq!(t.group_by("x").cumsum().to_f64()?, [1.0, 2.0, 6.0, 6.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumsum(&self) -> DataArray {
        let dim = self.dim();
        self.map(|part| part.cumsum(&*dim))
    }

    /// Running products within each group, in the order of the array (xarray's `groupby(...).cumprod()`).
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[3], vec![2.0, 3.0, 5.0]).with_coord("x", vec![7, 8, 7]);
    /// assert_eq!(t.group_by("x").cumprod().to_f64()?, [2.0, 3.0, 10.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumprod(&self) -> DataArray {
        let dim = self.dim();
        self.map(|part| part.cumprod(&*dim))
    }

    fn dim(&self) -> String {
        self.groups.as_ref().map_or_else(|_| String::new(), |groups| self.array.dims().name(groups.axis).to_string())
    }

    #[track_caller]
    fn mapped(&self, change: impl Fn(&DataArray) -> DataArray) -> Result<DataArray> {
        let groups = self.groups.as_ref().map_err(Clone::clone)?;
        let dim = self.array.dims().name(groups.axis).clone();
        let made: Vec<DataArray> =
            self.pieces()?.iter().map(|(_, part)| change(part).checked()).collect::<Result<_>>()?;
        let all = members(&groups.codes.codes, groups.labels.len());
        let filled: Vec<&Vec<i64>> = all.iter().filter(|members| !members.is_empty()).collect();
        let parts: Vec<&DataArray> = made.iter().collect();
        if made.iter().all(|part| part.dims().contains(&dim)) {
            let lengths = made.iter().map(|part| part.dims().axis(&dim).map(|axis| part.shape()[axis]));
            for (len, members) in lengths.zip(&filled) {
                if len? != members.len() as u64 {
                    return Err(Error::mismatch(format!("results have other lengths along `{dim}` than their groups"))
                        .hint("keep all positions, or reduce the dimension"));
                }
            }
            // Where each position went.
            let order: Vec<i64> = filled.iter().flat_map(|members| members.iter().copied()).collect();
            let mut places: Vec<i64> = (0..order.len() as i64).collect();
            places.sort_by_key(|&place| order[place as usize]);
            return concat(&parts, &dim).isel(&dim, places).checked();
        }
        if made.iter().any(|part| part.dims().contains(&dim)) {
            return Err(Error::mismatch(format!("some results have the dimension `{dim}`, others do not")));
        }
        let key = &*groups.codes.dim;
        let bare: Vec<DataArray> = made
            .iter()
            .map(|part| DataArray { coords: part.coords().filter(|coord| coord.name() != key), ..part.clone() })
            .collect();
        let joined = concat(&bare.iter().collect::<Vec<_>>(), key).checked()?;
        let kept: Vec<i64> = (0..all.len()).filter(|&i| !all[i].is_empty()).map(|i| i as i64).collect();
        let labels = groups.coord(key).values()?.take(0, &kept)?;
        let mut order: Vec<&str> = joined.dims().iter().filter(|name| *name != key).collect();
        order.insert(groups.axis.min(order.len()), key);
        joined.with_coord_block(key, labels).transpose(order).checked()
    }
}

fn members(codes: &[u32], n_groups: usize) -> Vec<Vec<i64>> {
    let mut members: Vec<Vec<i64>> = vec![Vec::new(); n_groups];
    for (position, &code) in codes.iter().enumerate() {
        if let Some(group) = members.get_mut(code as usize) {
            group.push(position as i64);
        }
    }
    members
}
