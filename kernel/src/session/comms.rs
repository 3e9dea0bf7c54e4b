//! The comms that front ends have open with this kernel.
use std::collections::BTreeMap;

/// What a comm is for: the targets that this kernel knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Each message is answered with the names and types of the session's variables.
    Variables,
}

impl Target {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "terracube.variables" => Some(Self::Variables),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Variables => "terracube.variables",
        }
    }
}

/// Open comms by id.
#[derive(Debug, Default)]
pub(crate) struct CommRegistry {
    open: BTreeMap<String, Target>,
}

impl CommRegistry {
    /// Registers a comm. `None` if nobody here knows the target: the caller closes the comm.
    pub(crate) fn open(&mut self, id: &str, target: &str) -> Option<Target> {
        let target = Target::named(target)?;
        self.open.insert(id.to_owned(), target);
        Some(target)
    }

    /// What an open comm is for; `None` if it is not open.
    pub(crate) fn target(&self, id: &str) -> Option<Target> {
        self.open.get(id).copied()
    }

    /// Forgets a comm; harmless if it is not open.
    pub(crate) fn close(&mut self, id: &str) {
        self.open.remove(id);
    }

    /// Ids and targets of the open comms, all or those of one target.
    pub(crate) fn list(&self, target: Option<&str>) -> impl Iterator<Item = (&str, Target)> {
        let wanted = target.map(str::to_owned);
        let keep = move |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        self.open.iter().map(|(id, target)| (id.as_str(), *target)).filter(move |(_, target)| keep(target.name()))
    }
}
