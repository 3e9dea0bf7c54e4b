//! What may stand beside an array in arithmetic: another array, or a literal.
use std::sync::Arc;

use super::DataArray;
use crate::compute::scalar::Scalar;

/// An array or a literal.
#[derive(Debug, Clone)]
pub enum OperandValue {
    /// A lazy array.
    Array(DataArray),
    /// A literal, whose dtype gives way to that of the array.
    Literal(Scalar),
}

/// What may stand beside an array in arithmetic and comparisons: `DataArray`, `&DataArray`, numbers, `bool`, text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand beside a DataArray",
    label = "not an array, a number, a bool or a text",
    note = "write `&array`, a number such as `2.0`, or compute the value first"
)]
pub trait Operand {
    /// The operand as a value.
    fn into_operand(self) -> OperandValue;
}

impl Operand for DataArray {
    fn into_operand(self) -> OperandValue {
        OperandValue::Array(self)
    }
}

impl Operand for &DataArray {
    fn into_operand(self) -> OperandValue {
        OperandValue::Array(self.clone())
    }
}

macro_rules! literals {
    ($($t:ty => $make:expr;)*) => {$(
        impl Operand for $t {
            fn into_operand(self) -> OperandValue {
                let make: fn($t) -> Scalar = $make;
                OperandValue::Literal(make(self))
            }
        }
    )*};
}
literals! {
    f64 => Scalar::Float;
    f32 => |value| Scalar::Float(f64::from(value));
    i32 => |value| Scalar::Int(i64::from(value));
    i64 => Scalar::Int;
    u32 => |value| Scalar::Int(i64::from(value));
    u64 => Scalar::UInt;
    usize => |value| Scalar::UInt(value as u64);
    bool => Scalar::Bool;
    String => |text| Scalar::Text(text.into());
}

impl Operand for &str {
    fn into_operand(self) -> OperandValue {
        OperandValue::Literal(Scalar::Text(Arc::from(self)))
    }
}
