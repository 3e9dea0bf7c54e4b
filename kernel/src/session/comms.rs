//! The comms that are open between this kernel and front ends, and what they are for.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::event::Variable;
use super::event_loop::Session;
use super::front_end::{FromCells, ToCells};
use super::replies::content;
use crate::protocol::incoming::Incoming;

/// The target that is answered with the session's variables.
const VARIABLES: &str = "terracube.variables";

/// Who speaks at the kernel's end of a comm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Told the session's variables: when it is opened, at each message, and when a cell is over.
    Variables,
    /// Code of the user's, under the target's name.
    Cells(String),
}

impl Target {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Variables => VARIABLES,
            Self::Cells(name) => name,
        }
    }
}

/// Open comms by id, and the targets that cells registered.
#[derive(Debug, Default)]
pub(crate) struct CommRegistry {
    open: BTreeMap<String, Target>,
    targets: BTreeSet<String>,
}

impl CommRegistry {
    /// Registers a comm that a front end opens. `None` if nobody here knows the target: the caller closes the comm.
    pub(crate) fn open(&mut self, id: &str, target: &str) -> Option<Target> {
        let target = match target {
            VARIABLES => Target::Variables,
            name if self.targets.contains(name) => Target::Cells(name.to_owned()),
            _ => return None,
        };
        self.open.insert(id.to_owned(), target.clone());
        Some(target)
    }

    /// What an open comm is for; `None` if it is not open.
    pub(crate) fn target(&self, id: &str) -> Option<&Target> {
        self.open.get(id)
    }

    /// Whether cells would take a comm for this target.
    pub(crate) fn is_of_cells(&self, target: &str) -> bool {
        self.targets.contains(target)
    }

    /// Forgets a comm; harmless if it is not open.
    pub(crate) fn close(&mut self, id: &str) {
        self.open.remove(id);
    }

    /// Ids and targets of the open comms, all or those of one target.
    pub(crate) fn list(&self, target: Option<&str>) -> impl Iterator<Item = (&str, &Target)> {
        let wanted = target.map(str::to_owned);
        let keep = move |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
        self.open.iter().map(|(id, target)| (id.as_str(), target)).filter(move |(_, target)| keep(target.name()))
    }

    /// Comms that are told the variables.
    pub(crate) fn watch_variables(&self) -> bool {
        self.open.values().any(|target| *target == Target::Variables)
    }
}

/// What a front end does with a comm.
pub(super) enum Act {
    Open { target: String, data: Value },
    Message { data: Value },
    Close,
}

impl Session {
    /// Takes what a front end does with a comm of cells to them.
    pub(super) fn comm_to_cells(&mut self, message: &Incoming, id: &str, act: Act) {
        let id = id.to_owned();
        let sent = match act {
            Act::Open { target, data } => {
                self.comms.open(&id, &target);
                ToCells::Open { id: id.clone(), target, data }
            }
            Act::Message { data } => ToCells::Message { id: id.clone(), data },
            Act::Close => {
                self.comms.close(&id);
                ToCells::Close { id: id.clone() }
            }
        };
        self.comm_parent = Some(message.header.clone());
        let heard = self.to_cells.as_ref().is_some_and(|to_cells| to_cells(sent));
        if !heard && self.comms.target(&id).is_some() {
            self.comms.close(&id);
            self.out.publish(Some(&message.header), content("comm_close", json!({"comm_id": id, "data": {}})));
        }
    }

    /// Tells front ends what cells do with comms.
    pub(super) fn comm_from_cells(&mut self, what: FromCells) {
        let (kind, message) = match what {
            FromCells::Target(name) => {
                self.comms.targets.insert(name);
                return;
            }
            FromCells::Open { id, target, data } => {
                let message = json!({"comm_id": id, "target_name": target, "data": data});
                self.comms.open.insert(id, Target::Cells(target));
                ("comm_open", message)
            }
            // Closed by the front end meanwhile.
            FromCells::Message { id, .. } | FromCells::Close { id } if self.comms.target(&id).is_none() => return,
            FromCells::Message { id, data } => ("comm_msg", json!({"comm_id": id, "data": data})),
            FromCells::Close { id } => {
                self.comms.close(&id);
                ("comm_close", json!({"comm_id": id, "data": {}}))
            }
            FromCells::Gone => return self.comms_of_cells_gone(),
        };
        self.publish_comm(kind, message);
    }

    fn comms_of_cells_gone(&mut self) {
        self.comms.targets.clear();
        let ids: Vec<String> = self
            .comms
            .open
            .iter()
            .filter(|(_, target)| **target != Target::Variables)
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            self.comms.close(&id);
            self.publish_comm("comm_close", json!({"comm_id": id, "data": {}}));
        }
    }

    /// Such messages belong to the running cell, or to what the front end last said on a comm.
    fn publish_comm(&self, kind: &str, message: Value) {
        let parent = self.running_header().or(self.comm_parent.as_ref());
        self.out.publish(parent, content(kind, message));
    }

    /// Tells the variables to those who watch them.
    pub(super) fn publish_variables(&self, parent: &jupyter_protocol::Header, variables: &[Variable]) {
        for (id, _) in self.comms.list(Some(VARIABLES)) {
            self.out.publish(Some(parent), content("comm_msg", variables_message(id, variables)));
        }
    }
}

/// The content of the message that tells the variables on a comm.
pub(super) fn variables_message(id: &str, variables: &[Variable]) -> Value {
    let list: Vec<Value> = variables
        .iter()
        .map(|Variable { name, kind, summary }| json!({"name": name, "type": kind, "summary": summary}))
        .collect();
    json!({"comm_id": id, "data": {"variables": list}})
}
