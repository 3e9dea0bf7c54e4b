//! A cell from its request to its reply.
use std::collections::HashMap;

use jupyter_protocol::{
    ClearOutput, DisplayData, ExecuteInput, ExecuteReply, ExecuteResult, ExecutionCount, ExpressionResult, Header,
    JupyterMessageContent, Payload, ReplyStatus, Stdio, StreamContent, Transient, UpdateDisplayData,
};
use terracube_display::MimeBundle;
use tokio::sync::OwnedSemaphorePermit;

use super::event_loop::{InFlight, Session};
use super::replies::{error_output, reply_error};
use super::worker::{JobId, Task, Ticket};
use crate::evaluator::{CellError, Outcome, Output};
use crate::magics::question;
use crate::protocol::incoming::{Channel, Incoming};
use crate::protocol::media::media;
use crate::protocol::request::Execute;

/// A cell that the evaluator has.
pub(super) struct Cell {
    job: JobId,
    pub(super) ticket: Ticket,
    channel: Channel,
    pub(super) message: Incoming,
    pub(super) request: Execute,
    /// The number that the front end shows.
    count: usize,
}

impl Session {
    /// Gives a cell to the evaluator; an empty one is done at once.
    pub(super) fn begin_cell(&mut self, channel: Channel, message: Incoming, mut request: Execute) {
        request.store_history &= !request.silent;
        if request.code.trim().is_empty() {
            self.out.reply(channel, &message, ok_reply(self.execution_count));
            return;
        }
        if request.store_history {
            self.execution_count += 1;
        }
        let count = self.execution_count;
        if !request.silent {
            let input = ExecuteInput { code: request.code.clone(), execution_count: ExecutionCount::new(count) };
            self.out.publish(Some(&message.header), input);
        }
        let task = match question(&request.code) {
            Some(subject) => Task::Inspect { code: subject.to_owned(), offset: subject.len() },
            None => Task::Execute {
                code: request.code.clone(),
                expressions: expressions(&request),
                variables: self.comms.watch_variables(),
            },
        };
        let (job, ticket) = self.worker.submit(task);
        self.in_flight = InFlight::Cell(Cell { job, ticket, channel, message, request, count });
    }

    /// Shows an output of the running cell.
    pub(super) fn output(&mut self, job: JobId, output: Output, permit: OwnedSemaphorePermit) {
        let Some(cell) = self.cell(job) else { return };
        if !cell.request.silent {
            let header: Header = cell.message.header.clone();
            self.out.publish_output(&header, output_content(output), permit);
        }
    }

    /// Ends the running cell: result or error, then the reply, then idle.
    pub(super) fn executed(
        &mut self,
        job: JobId,
        outcome: Outcome,
        expressions: Vec<(String, Result<MimeBundle, CellError>)>,
    ) {
        let Some(cell) = self.take_cell(job) else { return };
        match outcome {
            Outcome::Done { result } => {
                if let (Some(bundle), false) = (&result, cell.request.silent) {
                    let mut content = ExecuteResult::new(ExecutionCount::new(cell.count), media(bundle));
                    content.transient = Some(Transient::default());
                    self.out.publish(Some(&cell.message.header), content);
                }
                let mut reply = ok_reply(cell.count);
                reply.user_expressions = Some(expression_results(expressions));
                self.finish(cell, reply, result.as_ref().map(|bundle| bundle.plain().to_owned()));
            }
            Outcome::Failed(error) => self.fail(cell, &error),
        }
    }

    /// Shows what a cell that asks `?name` wants to know.
    pub(super) fn explained(&mut self, job: JobId, found: Option<MimeBundle>) {
        let Some(cell) = self.take_cell(job) else { return };
        let subject = question(&cell.request.code).unwrap_or_default().to_owned();
        let mut reply = ok_reply(cell.count);
        match found {
            Some(bundle) => reply.payload.push(Payload::Page { data: media(&bundle), start: 0 }),
            None => {
                let text = format!("nothing is known of `{subject}`\n");
                self.out.publish(Some(&cell.message.header), StreamContent { name: Stdio::Stdout, text });
            }
        }
        self.finish(cell, reply, None);
    }

    /// Ends a cell that was interrupted before the evaluator began with it.
    pub(super) fn cell_interrupted(&mut self) {
        let InFlight::Cell(cell) = std::mem::replace(&mut self.in_flight, InFlight::Nothing) else { return };
        let value = "interrupted before it ran".to_owned();
        let traceback = vec![format!("Interrupted: {value}")];
        self.fail(cell, &CellError { name: "Interrupted".to_owned(), value, traceback });
    }

    /// Whether `job` is the running cell; late reports of other jobs are not for anybody.
    pub(super) fn cell(&self, job: JobId) -> Option<&Cell> {
        match &self.in_flight {
            InFlight::Cell(cell) if cell.job == job => Some(cell),
            _ => None,
        }
    }

    fn take_cell(&mut self, job: JobId) -> Option<Cell> {
        self.cell(job)?;
        match std::mem::replace(&mut self.in_flight, InFlight::Nothing) {
            InFlight::Cell(cell) => Some(cell),
            _ => None,
        }
    }

    fn fail(&mut self, cell: Cell, error: &CellError) {
        if !cell.request.silent {
            self.out.publish(Some(&cell.message.header), error_output(error));
        }
        let reply = ExecuteReply {
            status: ReplyStatus::Error,
            execution_count: ExecutionCount::new(cell.count),
            user_expressions: Some(HashMap::new()),
            error: Some(reply_error(error)),
            payload: Vec::new(),
        };
        if cell.request.stop_on_error || error.name == "Interrupted" {
            // Aborted cells are answered after this one.
            self.reply_and_record(&cell, reply, None);
            self.abort_waiting();
            self.next();
        } else {
            self.finish(cell, reply, None);
        }
    }

    fn finish(&mut self, cell: Cell, reply: ExecuteReply, result: Option<String>) {
        self.reply_and_record(&cell, reply, result);
        self.next();
    }

    fn reply_and_record(&mut self, cell: &Cell, reply: ExecuteReply, result: Option<String>) {
        self.question = None;
        if cell.request.store_history {
            self.history.push(cell.count, &cell.request.code, result);
        }
        self.out.reply(cell.channel, &cell.message, reply);
        self.out.idle(&cell.message.header);
    }
}

fn expressions(request: &Execute) -> Vec<(String, String)> {
    let Some(expressions) = &request.user_expressions else { return Vec::new() };
    let text = |code: &serde_json::Value| code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    expressions.iter().map(|(name, code)| (name.clone(), text(code))).collect()
}

fn expression_results(expressions: Vec<(String, Result<MimeBundle, CellError>)>) -> HashMap<String, ExpressionResult> {
    let result = |value: Result<MimeBundle, CellError>| match value {
        Ok(bundle) => ExpressionResult::Ok { data: media(&bundle), metadata: Default::default() },
        Err(error) => {
            let traceback = error.lines();
            ExpressionResult::Error { ename: error.name, evalue: error.value, traceback }
        }
    };
    expressions.into_iter().map(|(name, value)| (name, result(value))).collect()
}

fn ok_reply(count: usize) -> ExecuteReply {
    ExecuteReply {
        execution_count: ExecutionCount::new(count),
        user_expressions: Some(HashMap::new()),
        ..Default::default()
    }
}

fn output_content(output: Output) -> JupyterMessageContent {
    match output {
        Output::Stdout(text) => StreamContent { name: Stdio::Stdout, text }.into(),
        Output::Stderr(text) => StreamContent { name: Stdio::Stderr, text }.into(),
        Output::Display { bundle, display_id: Some(id), update: true } => {
            UpdateDisplayData::new(media(&bundle), &id).into()
        }
        Output::Display { bundle, display_id, .. } => {
            let mut display = DisplayData::new(media(&bundle));
            display.transient = Some(Transient { display_id });
            display.into()
        }
        Output::Clear { wait } => ClearOutput { wait }.into(),
    }
}
