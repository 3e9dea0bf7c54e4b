//! Where each item of the documented crates can be named.
use std::collections::{BTreeMap, HashMap, VecDeque};

use rustdoc_types::{Crate, Id, ItemEnum};

/// The shortest public path of every public item, by crate and item.
pub struct Places {
    /// Paths below `crate::__crates`, such as `terracube_cube::DataArray`.
    by_id: HashMap<(String, Id), String>,
    /// The same by the path of the definition, which is how other crates refer to an item.
    by_definition: HashMap<String, String>,
    crates: Vec<String>,
}

impl Places {
    /// Walks all crates from their roots.
    pub fn new(crates: &BTreeMap<String, Crate>) -> Self {
        let mut places =
            Self { by_id: HashMap::new(), by_definition: HashMap::new(), crates: crates.keys().cloned().collect() };
        for (name, documented) in crates {
            for (id, path) in walk(name, documented) {
                if let Some(summary) = documented.paths.get(&id) {
                    places.by_definition.insert(summary.path.join("::"), path.clone());
                }
                places.by_id.insert((name.clone(), id), path);
            }
        }
        places
    }

    /// Where an item of this crate is defined in the signatures; `None` if it is not public.
    pub fn own(&self, krate: &str, id: Id) -> Option<&str> {
        self.by_id.get(&(krate.to_owned(), id)).map(String::as_str)
    }

    /// Forgets an item that turned out not to be definable, so that nothing refers to it.
    pub fn forget(&mut self, krate: &str, id: Id) {
        if let Some(path) = self.by_id.remove(&(krate.to_owned(), id)) {
            self.by_definition.retain(|_, other| *other != path);
        }
    }

    /// Whether a crate of this name is among the signatures.
    pub fn is_crate(&self, name: &str) -> bool {
        self.crates.iter().any(|krate| krate == name)
    }

    /// How code anywhere in the signatures names what `id` means in this crate; `None` if it cannot.
    pub fn name(&self, krate: &str, documented: &Crate, id: Id) -> Option<String> {
        if let Some(path) = self.own(krate, id) {
            return Some(absolute(path));
        }
        let summary = documented.paths.get(&id)?;
        if matches!(summary.path.first()?.as_str(), "std" | "core" | "alloc") {
            return Some(standard_path(&summary.path));
        }
        self.by_definition.get(&summary.path.join("::")).map(|path| absolute(path))
    }
}

/// The name of a path below `__crates`.
pub fn absolute(path: &str) -> String {
    format!("crate::signatures::__crates::{path}")
}

/// Breadth first, so that the first path found is the shortest.
fn walk(name: &str, documented: &Crate) -> HashMap<Id, String> {
    let mut found: HashMap<Id, String> = HashMap::from([(documented.root, name.to_owned())]);
    let mut waiting = VecDeque::from([(documented.root, name.to_owned())]);
    // Globs over private modules are walked once per place where they stand.
    let mut steps = 0;
    while let Some((module, path)) = waiting.pop_front() {
        steps += 1;
        let Some(ItemEnum::Module(content)) = documented.index.get(&module).map(|item| &item.inner) else { continue };
        if steps > 100_000 {
            break;
        }
        for id in &content.items {
            let Some(item) = documented.index.get(id) else { continue };
            let (target, target_name) = match &item.inner {
                ItemEnum::Use(import) if import.is_glob => {
                    if let Some(target) = import.id.filter(|target| !found.contains_key(target)) {
                        waiting.push_back((target, path.clone()));
                    }
                    continue;
                }
                ItemEnum::Use(import) => match import.id {
                    Some(target) => (target, import.name.clone()),
                    None => continue,
                },
                _ => match &item.name {
                    Some(name) => (*id, name.clone()),
                    None => continue,
                },
            };
            let Some(target_item) = documented.index.get(&target) else { continue };
            if found.contains_key(&target) {
                continue;
            }
            let target_path = format!("{path}::{}", super::types::identifier(&target_name));
            found.insert(target, target_path.clone());
            if matches!(target_item.inner, ItemEnum::Module(_)) {
                waiting.push_back((target, target_path));
            }
        }
    }
    found
}

/// The public path of an item of the standard library, whose data gives the path of the definition, often in a private
/// module. Modules of the standard library that are public below the first level are few.
fn standard_path(definition: &[String]) -> String {
    const DEEPER: [&str; 7] = ["atomic", "mpsc", "hash_map", "hash_set", "btree_map", "btree_set", "vec_deque"];
    let (Some(first), Some(last)) = (definition.get(1), definition.last()) else { return "::std".into() };
    if definition.len() <= 2 {
        return format!("::std::{last}");
    }
    if definition.len() == 3 {
        return format!("::std::{first}::{last}");
    }
    // HashMap itself is public one level up; its iterators are not.
    let middle = &definition[2..definition.len() - 1];
    let is_collection = matches!(
        last.as_str(),
        "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" | "VecDeque" | "BinaryHeap" | "LinkedList"
    );
    if is_collection {
        return format!("::std::{first}::{last}");
    }
    let joined = middle.join("_");
    match DEEPER.iter().find(|deeper| middle.iter().any(|module| module == *deeper) || joined.contains(*deeper)) {
        Some(deeper) => format!("::std::{first}::{deeper}::{last}"),
        None => format!("::std::{first}::{last}"),
    }
}
