//! A lazy array with named dimensions, attributes and encoding, but without coordinates.
use std::sync::Arc;

use super::{Attributes, Encoding};
use crate::base::{Block, ChunkGrid, DType, Dims, Error};
use crate::compute::pointwise::UnaryOp;
use crate::plan::Expr;
use crate::source::Source;

/// A lazy N-D array with named dimensions, attributes and encoding (xarray's `Variable`). Reads nothing until computed.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Variable {
    expr: Expr,
    attrs: Attributes,
    encoding: Encoding,
}

impl Variable {
    /// A variable over an expression.
    #[track_caller]
    pub fn new(expr: Expr, attrs: Attributes, encoding: Encoding) -> Self {
        Self { expr, attrs, encoding }
    }

    /// A variable that reads from a source; carries an error if `dims` and the source differ in rank.
    #[track_caller]
    pub fn from_source(dims: Dims, source: Arc<dyn Source>, attrs: Attributes, encoding: Encoding) -> Self {
        Self::new(Expr::read(dims, source), attrs, encoding)
    }

    /// A variable over values in memory.
    #[track_caller]
    pub fn from_block(dims: Dims, block: Block) -> Self {
        Self::new(Expr::constant(dims, block), Attributes::new(), Encoding::default())
    }

    /// A variable whose shape is known and whose values cannot be had: `error` says why, and shows when it is used.
    #[track_caller]
    pub fn failed(dims: Dims, shape: Vec<u64>, dtype: DType, attrs: Attributes, error: Error) -> Self {
        Self::new(Expr::failed_with_shape(dims, shape, dtype, error), attrs, Encoding::default())
    }

    /// The same variable with an element-wise operation on top (CF decoding); attributes and encoding stay.
    #[must_use]
    #[track_caller]
    pub fn unary(&self, op: UnaryOp) -> Self {
        self.with_expr(self.expr.unary(op))
    }

    /// The same attributes and encoding over other values.
    #[must_use]
    #[track_caller]
    pub fn with_expr(&self, expr: Expr) -> Self {
        Self { expr, attrs: self.attrs.clone(), encoding: self.encoding.clone() }
    }

    /// The same values with other attributes.
    #[must_use]
    #[track_caller]
    pub fn with_attrs(&self, attrs: Attributes) -> Self {
        Self { expr: self.expr.clone(), attrs, encoding: self.encoding.clone() }
    }

    /// The same values with another encoding.
    #[must_use]
    #[track_caller]
    pub fn with_encoding(&self, encoding: Encoding) -> Self {
        Self { expr: self.expr.clone(), attrs: self.attrs.clone(), encoding }
    }

    /// The plan of its values.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The dimensions, in axis order.
    pub fn dims(&self) -> &Dims {
        self.expr.dims()
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[u64] {
        self.expr.shape()
    }

    /// The dtype of its values once decoded.
    pub fn dtype(&self) -> DType {
        self.expr.dtype()
    }

    /// The chunks in which it is read.
    pub fn chunks(&self) -> &ChunkGrid {
        self.expr.grid()
    }

    /// The attributes.
    pub fn attrs(&self) -> &Attributes {
        &self.attrs
    }

    /// How it was stored.
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The mistake that was made while building it.
    pub fn error(&self) -> Option<&Error> {
        self.expr.error()
    }
}
