//! Labelled N-D cubes.
