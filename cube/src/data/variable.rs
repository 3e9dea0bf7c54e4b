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
    ///
    /// ```
    /// use terracube_cube::{Attributes, DataArray, Encoding, Variable};
    /// let expr = DataArray::from_vec(["x"], &[2], vec![1.0, 2.0]).variable().expr().clone();
    /// let attrs: Attributes = [("units", "K".into())].into_iter().collect();
    /// let variable = Variable::new(expr, attrs, Encoding::default());
    /// assert_eq!((variable.shape(), variable.attrs().text("units")), (&[2u64][..], Some("K")));
    /// ```
    #[track_caller]
    pub fn new(expr: Expr, attrs: Attributes, encoding: Encoding) -> Self {
        Self { expr, attrs, encoding }
    }

    /// A variable that reads from a source; carries an error if `dims` and the source differ in rank. Reads nothing yet.
    ///
    /// ```
    /// use terracube_cube::{Attributes, Block, ChunkGrid, Coords, DataArray, Dims, Encoding, Variable};
    /// use terracube_cube::source::MemorySource;
    /// let source = MemorySource::new(Block::new(&[4], vec![1.0, 2.0, 3.0, 6.0])?, ChunkGrid::regular(&[4], &[2]));
    /// let variable = Variable::from_source(Dims::new(["x"])?, source, Attributes::new(), Encoding::default());
    /// assert_eq!(variable.chunks().n_chunks(), 2);
    /// assert_eq!(DataArray::new(None, variable, Coords::default()).mean("x").item()?, 3.0);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn from_source(dims: Dims, source: Arc<dyn Source>, attrs: Attributes, encoding: Encoding) -> Self {
        Self::new(Expr::read(dims, source), attrs, encoding)
    }

    /// A variable over values in memory.
    ///
    /// ```
    /// use terracube_cube::{Block, DType, Dims, Variable};
    /// let variable = Variable::from_block(Dims::new(["x"])?, Block::new(&[2], vec![1.0f32, 2.0])?);
    /// assert_eq!((variable.shape(), variable.dtype()), (&[2u64][..], DType::F32));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn from_block(dims: Dims, block: Block) -> Self {
        Self::new(Expr::constant(dims, block), Attributes::new(), Encoding::default())
    }

    /// A variable whose shape is known and whose values cannot be had: `error` says why, and shows when it is used.
    ///
    /// ```
    /// use terracube_cube::{Attributes, DType, Dims, Error, Variable};
    /// let error = Error::unsupported("codec `xyz`");
    /// let variable = Variable::failed(Dims::new(["x"])?, vec![3], DType::F64, Attributes::new(), error);
    /// assert_eq!((variable.shape(), variable.error().unwrap().message()), (&[3u64][..], "codec `xyz`"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[track_caller]
    pub fn failed(dims: Dims, shape: Vec<u64>, dtype: DType, attrs: Attributes, error: Error) -> Self {
        Self::new(Expr::failed_with_shape(dims, shape, dtype, error), attrs, Encoding::default())
    }

    /// The same variable with an element-wise operation on top (CF decoding); attributes and encoding stay.
    ///
    /// ```
    /// use terracube_cube::{Block, Coords, DataArray, Dims, Variable};
    /// use terracube_cube::compute::pointwise::UnaryOp;
    /// let variable = Variable::from_block(Dims::new(["x"])?, Block::new(&[2], vec![-1.0, 2.0])?);
    /// assert_eq!(DataArray::new(None, variable.unary(UnaryOp::Abs), Coords::default()).to_f64()?, [1.0, 2.0]);
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unary(&self, op: UnaryOp) -> Self {
        self.with_expr(self.expr.unary(op))
    }

    /// The same attributes and encoding over other values.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).with_attr("units", "K");
    /// let variable = t.variable().with_expr(t.mean("x").variable().expr().clone());
    /// assert_eq!((variable.dims().len(), variable.attrs().text("units")), (0, Some("K")));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_expr(&self, expr: Expr) -> Self {
        Self { expr, attrs: self.attrs.clone(), encoding: self.encoding.clone() }
    }

    /// The same values with other attributes.
    ///
    /// ```
    /// use terracube_cube::{Attributes, DataArray};
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).with_attr("units", "K");
    /// assert!(t.variable().with_attrs(Attributes::new()).attrs().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_attrs(&self, attrs: Attributes) -> Self {
        Self { expr: self.expr.clone(), attrs, encoding: self.encoding.clone() }
    }

    /// The same values with another encoding.
    ///
    /// ```
    /// use terracube_cube::{Block, DType, Dims, Encoding, EncodingFields, Variable};
    /// let variable = Variable::from_block(Dims::new(["x"])?, Block::new(&[1], vec![1.0])?);
    /// let stored = variable.with_encoding(Encoding::new(EncodingFields { dtype: Some(DType::I16), ..Default::default() }));
    /// assert_eq!((stored.encoding().fields().dtype, stored.dtype()), (Some(DType::I16), DType::F64));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_encoding(&self, encoding: Encoding) -> Self {
        Self { expr: self.expr.clone(), attrs: self.attrs.clone(), encoding }
    }

    /// The plan of its values.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// assert_eq!(t.variable().expr().shape(), [2]);
    /// ```
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The dimensions, in axis order.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 3.0]);
    /// assert_eq!(t.variable().dims().iter().collect::<Vec<_>>(), ["y", "x"]);
    /// ```
    pub fn dims(&self) -> &Dims {
        self.expr.dims()
    }

    /// The length of each axis.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["y", "x"], &[1, 2], vec![1.0, 3.0]).variable().shape(), [1, 2]);
    /// ```
    pub fn shape(&self) -> &[u64] {
        self.expr.shape()
    }

    /// The dtype of its values once decoded.
    ///
    /// ```
    /// use terracube_cube::{DType, DataArray};
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1i16, 3]).variable().dtype(), DType::I16);
    /// ```
    pub fn dtype(&self) -> DType {
        self.expr.dtype()
    }

    /// The chunks in which it is read.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert_eq!(DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).variable().chunks().n_chunks(), 1);
    /// ```
    pub fn chunks(&self) -> &ChunkGrid {
        self.expr.grid()
    }

    /// The attributes.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).with_attr("units", "K");
    /// assert_eq!(t.variable().attrs().text("units"), Some("K"));
    /// ```
    pub fn attrs(&self) -> &Attributes {
        &self.attrs
    }

    /// How it was stored.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// assert!(DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]).variable().encoding().is_empty());
    /// ```
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The mistake that was made while building it.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![1.0, 3.0]);
    /// assert!(t.variable().error().is_none() && t.mean("y").variable().error().is_some());
    /// ```
    pub fn error(&self) -> Option<&Error> {
        self.expr.error()
    }
}
