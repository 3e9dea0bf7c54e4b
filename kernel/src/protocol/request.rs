//! Requests as a closed enum, read leniently: what a front end left out takes the protocol's default.
use serde::Deserialize;
use serde_json::{Map, Value};

/// Everything a front end can ask.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    KernelInfo,
    Execute(Execute),
    /// The cursor counts Unicode code points.
    Complete {
        code: String,
        cursor: usize,
    },
    Inspect {
        code: String,
        cursor: usize,
    },
    IsComplete {
        code: String,
    },
    History(HistoryQuery),
    CommInfo {
        target: Option<String>,
    },
    CommOpen {
        comm_id: String,
        target: String,
        data: Map<String, Value>,
    },
    CommMessage {
        comm_id: String,
        data: Map<String, Value>,
    },
    CommClose {
        comm_id: String,
    },
    Shutdown {
        restart: bool,
    },
    Interrupt,
    /// A type that this kernel does not know. Those that end in `_request` get an error reply.
    Unknown,
    /// A known type whose content is not what the protocol says.
    Malformed {
        reason: String,
    },
}

/// The content of `execute_request`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Execute {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) silent: bool,
    #[serde(default = "yes")]
    pub(crate) store_history: bool,
    #[serde(default)]
    pub(crate) user_expressions: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) allow_stdin: bool,
    #[serde(default = "yes")]
    pub(crate) stop_on_error: bool,
}

/// Which entries of the history are wanted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistoryQuery {
    /// Whether each entry carries its result beside its input.
    pub(crate) output: bool,
    pub(crate) access: HistoryAccess,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HistoryAccess {
    /// The last `n` entries of all sessions.
    Tail { n: usize },
    /// Lines `start..stop` of a session; 0 is the current one, negative numbers count back from it.
    Range { session: i64, start: usize, stop: Option<usize> },
    /// The last `n` entries that match a glob pattern.
    Search { pattern: String, unique: bool, n: Option<usize> },
}

impl Request {
    /// Reads a message's content according to its type. Never fails: what cannot be read is [`Request::Malformed`].
    pub(crate) fn read(msg_type: &str, content: &Value) -> Self {
        Self::try_read(msg_type, content).unwrap_or_else(|error| Self::Malformed { reason: error.to_string() })
    }

    fn try_read(msg_type: &str, content: &Value) -> serde_json::Result<Self> {
        fn read<T: serde::de::DeserializeOwned>(content: &Value) -> serde_json::Result<T> {
            T::deserialize(content)
        }
        Ok(match msg_type {
            "kernel_info_request" => Self::KernelInfo,
            "execute_request" => Self::Execute(read(content)?),
            "complete_request" => {
                let AtCursor { code, cursor_pos } = read(content)?;
                Self::Complete { code, cursor: cursor_pos }
            }
            "inspect_request" => {
                let AtCursor { code, cursor_pos } = read(content)?;
                Self::Inspect { code, cursor: cursor_pos }
            }
            "is_complete_request" => Self::IsComplete { code: read::<Code>(content)?.code },
            "history_request" => Self::History(read::<RawHistory>(content)?.resolve()?),
            "comm_info_request" => Self::CommInfo { target: read::<CommInfo>(content)?.target_name },
            "comm_open" => {
                let CommOpen { comm_id, target_name, data } = read(content)?;
                Self::CommOpen { comm_id, target: target_name, data }
            }
            "comm_msg" => {
                let Comm { comm_id, data } = read(content)?;
                Self::CommMessage { comm_id, data }
            }
            "comm_close" => Self::CommClose { comm_id: read::<Comm>(content)?.comm_id },
            "shutdown_request" => Self::Shutdown { restart: read::<Shutdown>(content)?.restart },
            "interrupt_request" => Self::Interrupt,
            _ => Self::Unknown,
        })
    }
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct AtCursor {
    code: String,
    cursor_pos: usize,
}

#[derive(Deserialize)]
struct CommInfo {
    #[serde(default)]
    target_name: Option<String>,
}

#[derive(Deserialize)]
struct CommOpen {
    comm_id: String,
    target_name: String,
    #[serde(default)]
    data: Map<String, Value>,
}

#[derive(Deserialize)]
struct Comm {
    comm_id: String,
    #[serde(default)]
    data: Map<String, Value>,
}

#[derive(Deserialize)]
struct Shutdown {
    #[serde(default)]
    restart: bool,
}

#[derive(Deserialize)]
struct RawHistory {
    #[serde(default)]
    output: bool,
    hist_access_type: String,
    #[serde(default)]
    session: Option<i64>,
    #[serde(default)]
    start: Option<i64>,
    #[serde(default)]
    stop: Option<i64>,
    #[serde(default)]
    n: Option<i64>,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    unique: Option<bool>,
}

impl RawHistory {
    fn resolve(self) -> serde_json::Result<HistoryQuery> {
        let count = |number: Option<i64>| number.map(|number| usize::try_from(number).unwrap_or(0));
        let access = match self.hist_access_type.as_str() {
            "tail" => HistoryAccess::Tail { n: count(self.n).unwrap_or(1000) },
            "range" => HistoryAccess::Range {
                session: self.session.unwrap_or(0),
                start: count(self.start).unwrap_or(0),
                stop: count(self.stop),
            },
            "search" => HistoryAccess::Search {
                pattern: self.pattern.unwrap_or_else(|| "*".to_owned()),
                unique: self.unique.unwrap_or(false),
                n: count(self.n),
            },
            other => {
                let reason = format!("hist_access_type `{other}` is none of tail, range, search");
                return Err(serde::de::Error::custom(reason));
            }
        };
        Ok(HistoryQuery { output: self.output, access })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_left_out_takes_the_default() {
        let Request::Execute(execute) = Request::read("execute_request", &json!({"code": "1"})) else {
            panic!("not read as execute")
        };
        assert!(!execute.silent && execute.store_history && !execute.allow_stdin && execute.stop_on_error);
        let search = Request::read("history_request", &json!({"hist_access_type": "search", "pattern": "a*"}));
        let access = HistoryAccess::Search { pattern: "a*".into(), unique: false, n: None };
        assert_eq!(search, Request::History(HistoryQuery { output: false, access }));
    }

    #[test]
    fn bad_content_is_malformed_and_names_the_field() {
        for (msg_type, content, word) in [
            ("execute_request", json!({}), "code"),
            ("execute_request", json!([]), "Execute"),
            ("complete_request", json!({"code": "a", "cursor_pos": -1}), "-1"),
            ("history_request", json!({"hist_access_type": "all"}), "all"),
            ("comm_open", json!({"comm_id": "x"}), "target_name"),
            ("is_complete_request", json!(null), "null"),
        ] {
            match Request::read(msg_type, &content) {
                Request::Malformed { reason } => assert!(reason.contains(word), "{msg_type}: {reason}"),
                other => panic!("{msg_type} was read as {other:?}"),
            }
        }
        assert_eq!(Request::read("debug_request", &json!({})), Request::Unknown);
    }
}
