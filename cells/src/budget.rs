//! What `%budget` runs.
use terracube::cube::{Context, MemoryBudget, Result};

/// Sets how much memory computations of this session may hold: "2GB", "1.5GiB", "50%" of what is free, or "auto", which
/// follows what is free.
///
/// # Errors
/// If the text is no amount of memory.
pub fn set(amount: &str) -> Result<()> {
    let budget = match amount.trim() {
        "auto" => MemoryBudget::of_this_machine(),
        amount => MemoryBudget::parse(amount)?,
    };
    let mut context = Context::current()?;
    let limit = budget.limit();
    context.budget = budget;
    context.install();
    crate::println!("computations may hold {:.2} GB", limit as f64 / 1e9);
    Ok(())
}
