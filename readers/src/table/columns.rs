//! Arrow arrays and blocks.
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array as _, ArrayRef, BooleanArray, LargeStringArray, PrimitiveArray};
use arrow_schema::{DataType, TimeUnit as ArrowUnit};
use terracube_cube::{Block, Calendar, DType, Error, Result, TimeUnit};

/// The dtype of a column; where values `may_lack`, integers are floats, as pandas has it: NaN is what is missing.
pub(super) fn dtype_of(data_type: &DataType, may_lack: bool) -> Result<DType> {
    let time = |unit| DType::Time { unit, calendar: Calendar::Standard };
    let number = |exact: DType, float: DType| if may_lack { float } else { exact };
    Ok(match data_type {
        DataType::Int8 => number(DType::I8, DType::F32),
        DataType::Int16 => number(DType::I16, DType::F32),
        DataType::Int32 => number(DType::I32, DType::F64),
        DataType::Int64 => number(DType::I64, DType::F64),
        DataType::UInt8 => number(DType::U8, DType::F32),
        DataType::UInt16 => number(DType::U16, DType::F32),
        DataType::UInt32 => number(DType::U32, DType::F64),
        DataType::UInt64 => number(DType::U64, DType::F64),
        DataType::Float16 | DataType::Float32 => DType::F32,
        DataType::Float64 => DType::F64,
        DataType::Boolean => number(DType::Bool, DType::F32),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DType::Utf8,
        DataType::Date32 => time(TimeUnit::S),
        DataType::Date64 => time(TimeUnit::Ms),
        DataType::Timestamp(unit, _) => time(match unit {
            ArrowUnit::Second => TimeUnit::S,
            ArrowUnit::Millisecond => TimeUnit::Ms,
            ArrowUnit::Microsecond => TimeUnit::Us,
            ArrowUnit::Nanosecond => TimeUnit::Ns,
        }),
        other => {
            return Err(Error::unsupported(format!("values of type {other} have no place in a labelled array"))
                .hint("the other columns can be used"));
        }
    })
}

/// The values of an array in `dtype`.
pub(super) fn block_of(array: &ArrayRef, dtype: DType) -> Result<Block> {
    let shape = [array.len()];
    macro_rules! numbers {
        ($kind:ty) => {
            numbers::<$kind>(array.as_primitive::<$kind>(), dtype)
        };
    }
    match array.data_type() {
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float32 => numbers!(Float32Type),
        DataType::Float64 => numbers!(Float64Type),
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>().iter().map(|v| v.map_or(f32::NAN, |v| v.to_f32()));
            Block::new(&shape, values.collect())
        }
        DataType::Boolean if dtype == DType::Bool => Block::with_dtype(
            DType::Bool,
            &shape,
            array.as_boolean().iter().map(|v| u8::from(v == Some(true))).collect(),
        ),
        DataType::Boolean => {
            let value = |v: Option<bool>| v.map_or(f32::NAN, |v| f32::from(u8::from(v)));
            Block::new(&shape, array.as_boolean().iter().map(value).collect())
        }
        DataType::Utf8 => Block::from_strings(&shape, array.as_string::<i32>().iter().map(Option::unwrap_or_default)),
        DataType::LargeUtf8 => {
            Block::from_strings(&shape, array.as_string::<i64>().iter().map(Option::unwrap_or_default))
        }
        DataType::Utf8View => Block::from_strings(&shape, array.as_string_view().iter().map(Option::unwrap_or_default)),
        DataType::Null => Block::from_strings(&shape, std::iter::repeat_n("", array.len())),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().iter();
            Block::with_dtype(dtype, &shape, days.map(|v| v.map_or(i64::MIN, |v| i64::from(v) * 86_400)).collect())
        }
        DataType::Date64 => times(array.as_primitive::<Date64Type>(), dtype),
        DataType::Timestamp(ArrowUnit::Second, _) => times(array.as_primitive::<TimestampSecondType>(), dtype),
        DataType::Timestamp(ArrowUnit::Millisecond, _) => {
            times(array.as_primitive::<TimestampMillisecondType>(), dtype)
        }
        DataType::Timestamp(ArrowUnit::Microsecond, _) => {
            times(array.as_primitive::<TimestampMicrosecondType>(), dtype)
        }
        DataType::Timestamp(ArrowUnit::Nanosecond, _) => times(array.as_primitive::<TimestampNanosecondType>(), dtype),
        other => Err(Error::internal(format!("a column of {other}"))),
    }
}

/// A block of one dimension as an array; missing values as nulls where the type has no NaN.
pub(super) fn array_of(block: &Block) -> Result<ArrayRef> {
    let block = block.contiguous()?;
    macro_rules! plain {
        ($kind:ty, $t:ty) => {
            Arc::new(PrimitiveArray::<$kind>::from_iter_values(block.values::<$t>()?.iter().copied())) as ArrayRef
        };
    }
    macro_rules! times {
        ($kind:ty) => {{
            let values = block.values::<i64>()?.iter().map(|&v| (v != i64::MIN).then_some(v));
            Arc::new(PrimitiveArray::<$kind>::from_iter(values)) as ArrayRef
        }};
    }
    Ok(match block.dtype() {
        DType::I8 => plain!(Int8Type, i8),
        DType::I16 => plain!(Int16Type, i16),
        DType::I32 => plain!(Int32Type, i32),
        DType::I64 => plain!(Int64Type, i64),
        DType::U8 => plain!(UInt8Type, u8),
        DType::U16 => plain!(UInt16Type, u16),
        DType::U32 => plain!(UInt32Type, u32),
        DType::U64 => plain!(UInt64Type, u64),
        DType::F32 => plain!(Float32Type, f32),
        DType::F64 => plain!(Float64Type, f64),
        DType::Bool => Arc::new(BooleanArray::from_iter(block.values::<u8>()?.iter().map(|&v| Some(v != 0)))),
        DType::Utf8 => {
            let texts = block.text().ok_or_else(|| Error::internal("text that is none"))?;
            Arc::new(LargeStringArray::from_iter(texts.iter()))
        }
        DType::Time { unit, calendar } if calendar.is_standard() => match unit {
            // Parquet has no whole seconds: without its arrow schema they would be plain integers.
            TimeUnit::S => {
                let too_far = || Error::invalid("a time is too far away for a Parquet table");
                let in_ms = |&v: &i64| match v {
                    i64::MIN => Ok(None),
                    _ => v.checked_mul(1000).map(Some).ok_or_else(too_far),
                };
                let values = block.values::<i64>()?.iter().map(in_ms).collect::<Result<Vec<Option<i64>>>>()?;
                Arc::new(PrimitiveArray::<TimestampMillisecondType>::from_iter(values)) as ArrayRef
            }
            TimeUnit::Ms => times!(TimestampMillisecondType),
            TimeUnit::Us => times!(TimestampMicrosecondType),
            TimeUnit::Ns => times!(TimestampNanosecondType),
        },
        other => {
            return Err(Error::unsupported(format!("values of {other} have no place in a Parquet table"))
                .hint("Parquet knows the standard calendar only: write Zarr or NetCDF"));
        }
    })
}

fn numbers<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, dtype: DType) -> Result<Block>
where
    T::Native: terracube_cube::base::Element,
{
    use terracube_cube::base::Element as _;
    let shape = [array.len()];
    if array.null_count() == 0 && T::Native::DTYPE == dtype {
        return Block::new(&shape, array.values().to_vec());
    }
    match dtype {
        DType::F32 => Block::new(&shape, array.iter().map(|v| v.map_or(f32::NAN, |v| v.to_f64() as f32)).collect()),
        DType::F64 => Block::new(&shape, array.iter().map(|v| v.map_or(f64::NAN, |v| v.to_f64())).collect()),
        _ => Err(Error::corrupt("a value is missing where the statistics of the column say that none is")),
    }
}

fn times<T: ArrowPrimitiveType<Native = i64>>(array: &PrimitiveArray<T>, dtype: DType) -> Result<Block> {
    Block::with_dtype(dtype, &[array.len()], array.iter().map(|v| v.unwrap_or(i64::MIN)).collect())
}
