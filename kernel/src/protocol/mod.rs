//! The Jupyter wire: sockets, signed messages, requests as a closed enum. Knows nothing of cells or of what runs them.
#[cfg(test)]
mod fuzz;
mod gate;
pub(crate) mod incoming;
pub(crate) mod media;
pub(crate) mod outgoing;
pub(crate) mod positions;
pub(crate) mod request;
pub(crate) mod sockets;
