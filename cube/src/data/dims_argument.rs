//! Naming the dimensions of a reduction.
use super::select::All;
use crate::base::{Dims, Result};

/// Names of dimensions: one name, a list of names, or `ALL`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name dimensions",
    label = "expected a name, a list of names, or ALL",
    note = "write `.mean(\"time\")`, `.mean([\"lat\", \"lon\"])` or `.mean(ALL)`"
)]
pub trait IntoDims {
    /// The axes named, ascending.
    ///
    /// # Errors
    /// If a name is no dimension.
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>>;

    /// The names; `None` stands for all dimensions.
    fn names(&self) -> Option<Vec<String>>;
}

fn of_names<S: AsRef<str>>(names: &[S], dims: &Dims) -> Result<Vec<usize>> {
    let mut axes = names.iter().map(|name| dims.axis(name.as_ref())).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

impl IntoDims for &str {
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>> {
        of_names(&[self], dims)
    }
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![(*self).to_string()])
    }
}

impl IntoDims for String {
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>> {
        of_names(&[self], dims)
    }
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![(*self).to_string()])
    }
}

impl IntoDims for &String {
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>> {
        of_names(&[self], dims)
    }
    fn names(&self) -> Option<Vec<String>> {
        Some(vec![(*self).to_string()])
    }
}

impl<S: AsRef<str>, const N: usize> IntoDims for [S; N] {
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>> {
        of_names(self, dims)
    }
    fn names(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|name| name.as_ref().to_owned()).collect())
    }
}

impl<S: AsRef<str>> IntoDims for &[S] {
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>> {
        of_names(self, dims)
    }
    fn names(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|name| name.as_ref().to_owned()).collect())
    }
}

impl<S: AsRef<str>> IntoDims for Vec<S> {
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>> {
        of_names(self, dims)
    }
    fn names(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|name| name.as_ref().to_owned()).collect())
    }
}

impl IntoDims for All {
    fn axes(&self, dims: &Dims) -> Result<Vec<usize>> {
        Ok((0..dims.len()).collect())
    }
    fn names(&self) -> Option<Vec<String>> {
        None
    }
}
