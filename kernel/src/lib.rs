//! A Jupyter kernel and a headless notebook runner for Rust cells. Knows no cube: it forwards display bundles.
pub mod evaluator;
