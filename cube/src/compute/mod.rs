//! Compute kernels: pure functions from blocks to blocks. Imports `base` only.
