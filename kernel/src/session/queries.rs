//! Requests that look at the session without running a cell.
use jupyter_protocol::{
    CommId, CommInfo, CommInfoReply, CompleteReply, HistoryReply, InspectReply, IsCompleteReply, IsCompleteReplyStatus,
    JupyterMessageContent, ReplyStatus,
};
use serde_json::json;
use terracube_display::MimeBundle;

use super::comms::{Target, variables_message};
use super::completeness::{Completeness, completeness};
use super::event::Variable;
use super::event_loop::{Asked, InFlight, Session};
use super::replies::{content, with_fields};
use super::worker::{JobId, Task};
use crate::evaluator::Completions;
use crate::protocol::media::media;
use crate::protocol::positions::{byte_offset, code_points};
use crate::protocol::request::{HistoryQuery, Request};

/// A request that the evaluator has.
pub(super) struct Query {
    job: JobId,
    pub(super) asked: Asked,
}

impl Query {
    /// The evaluator counts bytes, the reply counts code points.
    pub(super) fn complete_reply(&self, completions: Completions) -> JupyterMessageContent {
        let Request::Complete { code, .. } = &self.asked.request else { return CompleteReply::default().into() };
        CompleteReply {
            matches: completions.matches,
            cursor_start: code_points(code, completions.start),
            cursor_end: code_points(code, completions.end),
            ..Default::default()
        }
        .into()
    }
}

impl Session {
    /// Gives a request to the evaluator, or answers it if it needs none.
    pub(super) fn begin_query(&mut self, asked: Asked) {
        let task = match &asked.request {
            Request::Complete { code, cursor } => {
                Task::Complete { code: code.clone(), offset: byte_offset(code, *cursor) }
            }
            Request::Inspect { code, cursor } => {
                Task::Inspect { code: code.clone(), offset: byte_offset(code, *cursor) }
            }
            Request::CommOpen { comm_id, target, .. } => match self.comms.open(comm_id, target) {
                Some(Target::Variables) => Task::Variables,
                Some(Target::Cells(_)) | None => {
                    tracing::debug!(target, "a comm for an unknown target was closed");
                    let closed = json!({"comm_id": comm_id, "data": {}});
                    self.out.publish(Some(&asked.message.header), content("comm_close", closed));
                    return;
                }
            },
            Request::CommMessage { comm_id, .. } => match self.comms.target(comm_id) {
                Some(Target::Variables) => Task::Variables,
                Some(Target::Cells(_)) | None => return, // closed meanwhile
            },
            _ => return,
        };
        let (job, _) = self.worker.submit(task);
        self.in_flight = InFlight::Query(Query { job, asked });
    }

    /// Ends the request in flight with a reply, or without one.
    pub(super) fn answered(&mut self, job: JobId, reply: impl FnOnce(&Query) -> Option<JupyterMessageContent>) {
        if !matches!(&self.in_flight, InFlight::Query(query) if query.job == job) {
            return;
        }
        let InFlight::Query(query) = std::mem::replace(&mut self.in_flight, InFlight::Nothing) else { return };
        if let Some(reply) = reply(&query) {
            self.out.reply(query.asked.channel, &query.asked.message, reply);
        }
        self.out.idle(&query.asked.message.header);
        self.next();
    }

    /// Documentation arrived, for an inspection or for a cell that asked `?name`.
    pub(super) fn inspected(&mut self, job: JobId, found: Option<MimeBundle>) {
        if self.cell(job).is_some() {
            return self.explained(job, found);
        }
        let reply = InspectReply {
            found: found.is_some(),
            data: found.as_ref().map(media).unwrap_or_default(),
            ..Default::default()
        };
        self.answered(job, |_| Some(reply.into()));
    }

    /// Sends the session's variables over the comm that asked.
    pub(super) fn variables(&mut self, job: JobId, variables: Vec<Variable>) {
        let out = self.out.clone();
        self.answered(job, |query| {
            let (Request::CommOpen { comm_id, .. } | Request::CommMessage { comm_id, .. }) = &query.asked.request
            else {
                return None;
            };
            let message = variables_message(comm_id, &variables);
            out.publish(Some(&query.asked.message.header), content("comm_msg", message));
            None
        });
    }

    pub(super) fn is_complete(code: &str) -> JupyterMessageContent {
        let (status, indent) = match completeness(code) {
            Completeness::Complete => (IsCompleteReplyStatus::Complete, String::new()),
            Completeness::Incomplete { indent } => (IsCompleteReplyStatus::Incomplete, indent),
            Completeness::Invalid => (IsCompleteReplyStatus::Invalid, String::new()),
            Completeness::Unknown => (IsCompleteReplyStatus::Unknown, String::new()),
        };
        IsCompleteReply::new(status, indent).into()
    }

    /// Entries as JSON: a missing result is `null`, which the typed reply cannot say.
    pub(super) fn history_reply(&self, query: &HistoryQuery) -> JupyterMessageContent {
        with_fields(HistoryReply::default().into(), [("history", self.history.find(query).into())])
    }

    pub(super) fn comm_info(&self, target: Option<&str>) -> CommInfoReply {
        let comms = self
            .comms
            .list(target)
            .map(|(id, target)| (CommId(id.to_owned()), CommInfo { target_name: target.name().to_owned() }))
            .collect();
        CommInfoReply { status: ReplyStatus::Ok, comms, error: None }
    }
}
