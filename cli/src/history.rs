//! `terracube history`: the snapshots of an Icechunk repository, and the branches and tags that name some of them.
use serde_json::json;
use terracube::cube::Error;
use terracube::readers::repository::{Repository, Version};

use crate::arguments::HistoryArguments;
use crate::failure::Failure;
use crate::info::print;

/// Prints one line for each snapshot, the newest first, or JSON.
pub(crate) fn history(arguments: &HistoryArguments) -> Result<(), Failure> {
    let failed = |error: Error| Failure::of(&error);
    let repository = Repository::open(&arguments.url, &Default::default()).map_err(failed)?;
    let version = arguments.version.version().unwrap_or_default();
    let snapshots = repository.history(&version).map_err(failed)?;
    let mut names = Vec::new();
    for branch in repository.branches().map_err(failed)? {
        names.push(("branch", branch.clone(), Version::Branch(branch)));
    }
    for tag in repository.tags().map_err(failed)? {
        names.push(("tag", tag.clone(), Version::Tag(tag)));
    }
    let mut named = Vec::with_capacity(names.len());
    for (kind, name, version) in names {
        let newest = repository.history(&version).map_err(failed)?.into_iter().next();
        named.push((kind, name, newest.map(|snapshot| snapshot.id).unwrap_or_default()));
    }
    let names_of = |id: &str| -> Vec<String> {
        named.iter().filter(|(_, _, at)| at == id).map(|(kind, name, _)| format!("{kind} {name}")).collect()
    };
    if arguments.json {
        let all: Vec<_> = snapshots
            .iter()
            .map(|snapshot| {
                json!({"id": snapshot.id, "parent": snapshot.parent, "written_at": snapshot.written_at,
                       "message": snapshot.message, "names": names_of(&snapshot.id)})
            })
            .collect();
        return print(&format!("{:#}\n", json!(all)));
    }
    let mut text = String::new();
    for snapshot in &snapshots {
        let names = names_of(&snapshot.id);
        let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        text.push_str(&format!("{} {}{names} {}\n", snapshot.id, snapshot.written_at, snapshot.message));
    }
    print(&text)
}
