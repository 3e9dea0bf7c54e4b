//! The variables of a session between cells, compiled once.
//!
//! Every cell that evcxr generates brings the source of such a store along; the kernel's compiler driver puts this one in
//! its place, so that a cell compiles neither the store nor its hash map. Names, signatures and printed lines are evcxr's
//! 0.22 and must stay so: they are what the generated code calls and what evcxr reads.
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// Begins the line that tells evcxr of a variable whose type was defined anew.
pub const VARIABLE_CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
/// The line that tells evcxr of a failed top-level `?`.
pub const USER_ERROR_OCCURRED: &str = "EVCXR_ERROR_OCCURRED";

/// The variables of earlier cells, by name. Everything but a thin shell is not generic, so that cells compile little.
#[derive(Default)]
pub struct VariableStore {
    variables: HashMap<String, Box<dyn Any>>,
}

impl VariableStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a value.
    #[inline]
    pub fn put_variable<T: 'static>(&mut self, name: &str, value: T) {
        self.put(name, Box::new(value));
    }

    /// Whether the variable has this type, or does not exist; says so in evcxr's way where it has another.
    #[inline]
    pub fn check_variable<T: 'static>(&mut self, name: &str) -> bool {
        self.has_type(name, TypeId::of::<T>())
    }

    /// Takes a value out.
    ///
    /// # Panics
    /// If there is no variable of that name and type; the generated code checks both before.
    #[inline]
    pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
        let taken = self.take(name, TypeId::of::<T>());
        // SAFETY: `take` returns only a box whose value has this very type.
        *unsafe { Box::from_raw(Box::into_raw(taken).cast::<T>()) }
    }

    /// A shared value, made when it is first asked for.
    ///
    /// # Panics
    /// If a variable of that name has another type.
    #[expect(clippy::panic, reason = "evcxr's signature has no room for an error, and it names the variables itself")]
    pub fn lazy_arc<T: 'static, F: FnOnce() -> T>(&mut self, name: &str, create: F) -> Arc<T> {
        let value = self.variables.entry(name.to_owned()).or_insert_with(|| Box::new(Arc::new(create())));
        match value.downcast_ref::<Arc<T>>() {
            Some(value) => Arc::clone(value),
            None => panic!("lazy_arc {name} changed type"),
        }
    }

    /// Takes over all variables of another store.
    pub fn merge(&mut self, mut other: Self) {
        self.variables.extend(other.variables.drain());
    }

    /// All variables, to be looked at between cells.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &dyn Any)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_ref()))
    }

    fn put(&mut self, name: &str, value: Box<dyn Any>) {
        self.variables.insert(name.to_owned(), value);
    }

    #[expect(clippy::print_stdout, clippy::print_stderr, reason = "evcxr reads these lines")]
    fn has_type(&self, name: &str, wanted: TypeId) -> bool {
        let changed = self.variables.get(name).is_some_and(|value| value.as_ref().type_id() != wanted);
        if changed {
            std::eprintln!("The type of the variable {name} was redefined, so was lost.");
            std::println!("{VARIABLE_CHANGED_TYPE}{name}");
        }
        !changed
    }

    #[expect(clippy::panic, reason = "the generated code has checked name and type")]
    fn take(&mut self, name: &str, wanted: TypeId) -> Box<dyn Any> {
        match self.variables.remove(name) {
            Some(value) if value.as_ref().type_id() == wanted => value,
            Some(_) => panic!("Variable changed type"),
            None => panic!("Variable '{name}' has gone missing"),
        }
    }
}

/// A new store, which the process that runs cells holds by its address.
pub fn create_variable_store() -> *mut VariableStore {
    Box::into_raw(Box::new(VariableStore::new()))
}
