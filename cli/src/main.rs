//! The `terracube` command.
fn main() {}
