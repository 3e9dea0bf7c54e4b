//! Arithmetic of whole datasets: variable by variable.
use std::ops;

use super::operand::{Operand, OperandValue};
use super::{DataArray, Dataset, DatasetGroupBy, GroupBy};
use crate::base::Error;

/// What may stand beside a dataset: a number or an array, which meets every variable, or a dataset, whose variables meet those of the same
/// names.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand beside a Dataset",
    label = "not a dataset, an array or a number",
    note = "write `&dataset`, `&array`, or a number such as `2.0`"
)]
pub trait DatasetOperand {
    /// What meets the variable of this name; `None` if there is nothing.
    fn beside(&self, name: &str) -> Option<OperandValue>;
}

impl<T: Operand + Clone> DatasetOperand for T {
    fn beside(&self, _: &str) -> Option<OperandValue> {
        Some(self.clone().into_operand())
    }
}

impl DatasetOperand for Dataset {
    fn beside(&self, name: &str) -> Option<OperandValue> {
        self.names().any(|held| held == name).then(|| OperandValue::Array(self.var(name)))
    }
}

impl DatasetOperand for &Dataset {
    fn beside(&self, name: &str) -> Option<OperandValue> {
        DatasetOperand::beside(*self, name)
    }
}

impl Dataset {
    /// Variables that have no partner are left out (xarray's inner join of variables).
    #[track_caller]
    fn meeting(&self, other: &impl DatasetOperand, op: impl Fn(&DataArray, OperandValue) -> DataArray) -> Self {
        let met = self.names().filter(|name| other.beside(name).is_some());
        let met = self.select(met);
        match met {
            Ok(met) if met.names().next().is_none() && self.names().next().is_some() => {
                let names: Vec<&str> = self.names().collect();
                let message = format!("the datasets share no variable: the first has {}", names.join(", "));
                self.failing(&Error::mismatch(message).hint("rename the variables of one of them: `rename_vars`"))
            }
            Ok(met) => met.map(|array| match array.name().and_then(|name| other.beside(name)) {
                Some(operand) => op(array, operand),
                None => array.clone(),
            }),
            Err(error) => self.failing(&error),
        }
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident;)*) => {$(
        impl<T: DatasetOperand> ops::$trait<T> for &Dataset {
            type Output = Dataset;
            #[track_caller]
            fn $method(self, other: T) -> Dataset {
                self.meeting(&other, |array, operand| ops::$trait::$method(array, operand))
            }
        }
        impl<T: DatasetOperand> ops::$trait<T> for Dataset {
            type Output = Dataset;
            #[track_caller]
            fn $method(self, other: T) -> Dataset { ops::$trait::$method(&self, other) }
        }
    )*};
}
operators! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
    Rem rem;
}

impl ops::Neg for &Dataset {
    type Output = Dataset;
    #[track_caller]
    fn neg(self) -> Dataset {
        self.map(|array| -array)
    }
}

macro_rules! of_groups {
    ($($trait:ident $method:ident;)*) => {$(
        impl ops::$trait<&Dataset> for DatasetGroupBy {
            type Output = Dataset;
            /// Every variable of the groups with that of the same name: an anomaly.
            #[track_caller]
            fn $method(self, other: &Dataset) -> Dataset {
                self.against(other, |group, array| ops::$trait::$method(group, array))
            }
        }
    )*};
}
of_groups! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
}

impl DatasetGroupBy {
    #[track_caller]
    fn against(&self, other: &Dataset, op: impl Fn(GroupBy, &DataArray) -> DataArray) -> Dataset {
        self.each(|name, group| match (group, other.names().any(|held| held == name)) {
            (Some(group), true) => Some(op(group.clone(), &other.var(name))),
            (None, true) => Some(self.dataset().var(name)),
            _ => None,
        })
    }
}
