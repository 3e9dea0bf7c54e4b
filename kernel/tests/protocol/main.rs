//! The protocol loop over real sockets, with a scripted evaluator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
mod client;
mod scripted;

use std::time::{Duration, Instant};

use client::Client;
use jupyter_protocol::Channel;
use serde_json::{Value, json};
use terracube_kernel::{Ended, KernelOptions};

async fn kernel() -> Client {
    Client::start(KernelOptions::default(), scripted::starter(Duration::ZERO)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_output_becomes_its_message_in_order() {
    let mut client = kernel().await;
    let rows: &[(&str, &str, &[&str])] = &[
        ("out hello", "ok", &["stdout hello"]),
        ("err oh\nout a", "ok", &["stderr oh", "stdout a"]),
        ("result 42", "ok", &["result 3 42"]),
        ("show d one\nupdate d two", "ok", &["display_data d <b>one</b>", "update_display_data d <b>two</b>"]),
        ("clear wait\nout x", "ok", &["clear_output {\"wait\":true}", "stdout x"]),
        ("out before\nfail why", "error", &["stdout before", "error Error why"]),
        ("nonsense", "error", &["error CompileError no command `nonsense`"]),
        ("panic deep inside", "error", &["error KernelError the evaluator panicked: deep inside"]),
        ("result alive", "ok", &["result 9 alive"]),
    ];
    for (index, (code, status, outputs)) in rows.iter().enumerate() {
        let transcript = client.execute(code).await;
        let input = format!("input {} {code}", index + 1);
        let expected: Vec<&str> = ["busy", &input].into_iter().chain(outputs.iter().copied()).chain(["idle"]).collect();
        assert_eq!(transcript.lines, expected, "{code}");
        assert_eq!(transcript.reply["status"], *status, "{code}");
        assert_eq!(transcript.reply["execution_count"], index + 1);
    }
    assert_eq!(client.shutdown(false).await, Ended { restart: false });
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_empty_and_unstored_cells_do_not_count() {
    let mut client = kernel().await;
    let mut run = async |content: Value| client.request(Channel::Shell, "execute_request", content).await;
    let silent = run(json!({"code": "out a\nresult b", "silent": true})).await;
    assert_eq!(silent.lines, ["busy", "idle"]);
    assert_eq!(run(json!({"code": " \n"})).await.lines, ["busy", "idle"]);
    let unstored = run(json!({"code": "result b", "store_history": false})).await;
    assert_eq!(unstored.lines, ["busy", "input 0 result b", "result 0 b", "idle"]);
    let counted = run(json!({"code": "result c", "user_expressions": {"x": "result 7", "y": "fail no"}})).await;
    assert_eq!(counted.lines[1], "input 1 result c");
    assert_eq!(counted.reply["user_expressions"]["x"]["data"]["text/plain"], "7");
    assert_eq!(counted.reply["user_expressions"]["y"]["evalue"], "no");
    let history = json!({"hist_access_type": "tail", "n": 9, "output": true});
    let history = client.request(Channel::Shell, "history_request", history).await;
    assert_eq!(history.reply["history"], json!([[1, 1, ["result c", "c"]]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn kernel_info_is_answered_while_the_evaluator_starts() {
    let mut client = Client::start(KernelOptions::default(), scripted::starter(Duration::from_millis(1500))).await;
    let start = Instant::now();
    let execute = client.send(Channel::Shell, "execute_request", json!({"code": "out late"})).await;
    let id = client.send(Channel::Shell, "kernel_info_request", json!({})).await;
    let info = client.shell().await;
    assert_eq!((info.parent.as_str(), info.kind.as_str()), (id.as_str(), "kernel_info_reply"));
    assert!(start.elapsed() < Duration::from_millis(700), "{:?}", start.elapsed());
    assert_eq!(info.content["language_info"]["name"], "rust");
    assert_eq!(info.content["language_info"]["file_extension"], ".rs");
    assert_eq!(info.content["supported_features"], json!([]));
    assert_eq!(client.until_idle(&id).await, ["~busy", "~input 1 out late", "busy", "idle"]);
    let reply = client.shell().await;
    assert_eq!((reply.parent.as_str(), &reply.content["status"]), (execute.as_str(), &json!("ok")));
    // The running cell's status is said again, so that front ends do not show an idle kernel.
    assert_eq!(client.until_idle(&execute).await, ["busy", "stdout late", "idle"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_start_is_the_error_of_every_cell() {
    let starter: terracube_kernel::Starter = Box::new(|_| Err("no compiler".into()));
    let mut client = Client::start(KernelOptions::default(), starter).await;
    for _ in 0..2 {
        let transcript = client.execute("out a").await;
        assert_eq!(transcript.reply["ename"], "EvaluatorError");
        assert_eq!(transcript.reply["evalue"], "the evaluator did not start: no compiler");
    }
    let complete = client.request(Channel::Shell, "complete_request", json!({"code": "a", "cursor_pos": 1})).await;
    assert_eq!(complete.reply["matches"], json!([]));
    client.shutdown(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_aborts_the_cells_queued_behind_it() {
    let mut client = kernel().await;
    for (stop_on_error, expected) in [(true, ["error", "aborted", "aborted"]), (false, ["error", "ok", "ok"])] {
        let mut ids = Vec::new();
        for code in ["fail first", "out second", "out third"] {
            let content = json!({"code": code, "stop_on_error": stop_on_error});
            ids.push(client.send(Channel::Shell, "execute_request", content).await);
        }
        let tail = client.send(Channel::Shell, "complete_request", json!({"code": "a", "cursor_pos": 1})).await;
        for (id, status) in ids.iter().zip(expected) {
            let reply = client.shell().await;
            assert_eq!((&reply.parent, reply.content["status"].as_str().unwrap()), (id, status));
        }
        assert_eq!(client.shell().await.parent, tail, "other requests are not aborted");
        client.until_idle(&tail).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupt_stops_the_running_cell_and_aborts_the_queue() {
    let mut client = kernel().await;
    let running = client.send(Channel::Shell, "execute_request", json!({"code": "wait"})).await;
    let queued = client.send(Channel::Shell, "execute_request", json!({"code": "out b"})).await;
    while client.iopub().await.kind != "stream" {}
    let interrupt = client.request(Channel::Control, "interrupt_request", json!({})).await;
    assert_eq!(interrupt.reply, json!({"status": "ok"}));
    assert_eq!(interrupt.lines[..2], ["busy", "idle"], "control has its own busy and idle");
    let reply = client.shell().await;
    assert_eq!((&reply.parent, &reply.content["ename"]), (&running, &json!("Interrupted")));
    let reply = client.shell().await;
    assert_eq!((&reply.parent, &reply.content["status"]), (&queued, &json!("aborted")));
    client.until_idle(&queued).await;
    assert_eq!(client.execute("result ok").await.reply["status"], "ok");
    // With nothing running it is harmless, and the next cell does not feel it.
    client.request(Channel::Control, "interrupt_request", json!({})).await;
    assert_eq!(client.execute("result ok").await.reply["status"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupt_takes_back_a_cell_that_waits_for_the_evaluator() {
    let mut client = Client::start(KernelOptions::default(), scripted::starter(Duration::from_millis(1500))).await;
    let start = Instant::now();
    let id = client.send(Channel::Shell, "execute_request", json!({"code": "out never"})).await;
    while client.iopub().await.kind != "execute_input" {}
    client.send(Channel::Control, "interrupt_request", json!({})).await;
    let reply = client.shell().await;
    assert_eq!((&reply.parent, &reply.content["ename"]), (&id, &json!("Interrupted")));
    assert!(start.elapsed() < Duration::from_millis(700));
    let next = client.execute("out then").await;
    assert_eq!(next.lines.last().unwrap(), "idle");
    assert!(next.lines.contains(&"stdout then".to_owned()) && !next.lines.contains(&"stdout never".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_can_ask_the_user() {
    let mut client = kernel().await;
    let id = client.send(Channel::Shell, "execute_request", json!({"code": "ask name?", "allow_stdin": true})).await;
    let question = client.stdin().await;
    assert_eq!((question.kind.as_str(), &question.parent), ("input_request", &id));
    assert_eq!(question.content, json!({"prompt": "name?", "password": false}));
    client.send(Channel::Stdin, "input_reply", json!({"value": "Ada", "status": "ok"})).await;
    assert_eq!(client.shell().await.content["status"], "ok");
    assert!(client.until_idle(&id).await.contains(&"stdout answer Ada".to_owned()));
    let refused = json!({"code": "ask name?", "allow_stdin": false});
    let refused = client.request(Channel::Shell, "execute_request", refused).await;
    assert_eq!(refused.reply["evalue"], "no answer");
    // An interrupt ends the wait.
    let id = client.send(Channel::Shell, "execute_request", json!({"code": "ask again", "allow_stdin": true})).await;
    client.stdin().await;
    client.send(Channel::Control, "interrupt_request", json!({})).await;
    let reply = client.shell().await;
    assert_eq!((&reply.parent, &reply.content["status"]), (&id, &json!("error")));
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_code_points() {
    let mut client = kernel().await;
    let content = json!({"code": "é😀 é😀z tail", "cursor_pos": 6});
    let complete = client.request(Channel::Shell, "complete_request", content).await;
    assert_eq!(complete.reply["matches"], json!(["é😀z!"]));
    assert_eq!((&complete.reply["cursor_start"], &complete.reply["cursor_end"]), (&json!(3), &json!(6)));
    for (code, found) in [("😀 known", true), ("😀 other", false)] {
        let content = json!({"code": code, "cursor_pos": 7, "detail_level": 0});
        let inspect = client.request(Channel::Shell, "inspect_request", content).await;
        assert_eq!((&inspect.reply["found"], &inspect.reply["status"]), (&json!(found), &json!("ok")), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_mark_opens_the_pager() {
    let mut client = kernel().await;
    let known = client.execute("?known").await;
    assert_eq!(known.reply["payload"], json!([{"source": "page", "data": {"text/plain": "well known"}, "start": 0}]));
    let unknown = client.execute("??other").await;
    assert_eq!(unknown.reply["payload"], json!([]));
    assert_eq!(unknown.lines[2], "stdout nothing is known of `other`");
}

#[tokio::test(flavor = "multi_thread")]
async fn comms_open_answer_and_close() {
    let mut client = kernel().await;
    let open = json!({"comm_id": "c1", "target_name": "terracube.variables", "data": {}});
    let id = client.send(Channel::Shell, "comm_open", open).await;
    let variables = r#"comm_msg {"comm_id":"c1","data":{"variables":[{"name":"ds","type":"Dataset","summary":""}]}}"#;
    assert_eq!(client.until_idle(&id).await, ["busy", variables, "idle"]);
    let id = client.send(Channel::Shell, "comm_msg", json!({"comm_id": "c1", "data": {}})).await;
    assert_eq!(client.until_idle(&id).await, ["busy", variables, "idle"]);
    let id =
        client.send(Channel::Shell, "comm_open", json!({"comm_id": "c2", "target_name": "widget", "data": {}})).await;
    assert_eq!(client.until_idle(&id).await[1], r#"comm_close {"comm_id":"c2","data":{}}"#);
    let info = client.request(Channel::Shell, "comm_info_request", json!({})).await;
    assert_eq!(info.reply, json!({"status": "ok", "comms": {"c1": {"target_name": "terracube.variables"}}}));
    let info = client.request(Channel::Shell, "comm_info_request", json!({"target_name": "widget"})).await;
    assert_eq!(info.reply["comms"], json!({}));
    let id = client.send(Channel::Shell, "comm_close", json!({"comm_id": "c1"})).await;
    client.until_idle(&id).await;
    let info = client.request(Channel::Control, "comm_info_request", json!({})).await;
    assert_eq!(info.reply["comms"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_messages_get_an_error_or_nothing_and_never_end_the_kernel() {
    let mut client = kernel().await;
    for (channel, kind, content, name) in [
        (Channel::Shell, "execute_request", json!({}), "MalformedRequest"),
        (Channel::Shell, "execute_request", json!({"code": 5}), "MalformedRequest"),
        (Channel::Shell, "complete_request", json!({"code": "", "cursor_pos": -1}), "MalformedRequest"),
        (Channel::Control, "history_request", json!({"hist_access_type": "all"}), "MalformedRequest"),
        (Channel::Control, "debug_request", json!({"command": "x"}), "UnknownRequest"),
        // Subshells are not among the features that kernel_info names.
        (Channel::Control, "create_subshell_request", json!({}), "UnknownRequest"),
        (Channel::Shell, "future_request", json!({}), "UnknownRequest"),
    ] {
        let transcript = client.request(channel, kind, content).await;
        assert_eq!(
            (&transcript.reply["status"], &transcript.reply["ename"]),
            (&json!("error"), &json!(name)),
            "{kind}"
        );
        assert_eq!(transcript.lines, ["busy", "idle"]);
    }
    let id = client.send(Channel::Shell, "no_idea", json!({"x": [1]})).await;
    assert_eq!(client.until_idle(&id).await, ["busy", "idle"]);
    client.send(Channel::Stdin, "input_reply", json!({"value": "nobody asked"})).await;
    let wrong_signature = [b"<IDS|MSG>".as_slice(), b"00ff", b"{}", b"{}", b"{}", b"{}"];
    for frames in [
        wrong_signature.as_slice(),
        &[b"<IDS|MSG>"],
        &[b"<IDS|MSG>", b"", b"{}"],
        &[b"<IDS|MSG>", b"not hex", b"{}", b"{}", b"{}", b"{}"],
        &[b"nothing"],
        &[b"", b""],
    ] {
        client.send_frames(frames).await;
    }
    assert_eq!(client.execute("result alive").await.reply["status"], "ok");
}

/// JupyterLab's server reconnects to a restarted kernel, and may be answered before it hears the status.
#[tokio::test(flavor = "multi_thread")]
async fn who_subscribes_late_is_told_the_status() {
    let mut client = kernel().await;
    client.request(Channel::Shell, "kernel_info_request", json!({})).await;
    let mut late = client.subscribe_again().await;
    assert_eq!(late.kind, "iopub_welcome");
    late = client.iopub().await;
    assert_eq!((late.kind.as_str(), late.parent.as_str()), ("status", ""));
    assert_eq!(late.content, json!({"execution_state": "idle"}));
    assert_eq!(client.execute("result alive").await.lines, ["busy", "input 1 result alive", "result 1 alive", "idle"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_outputs_all_arrive_in_order() {
    let mut client = kernel().await;
    let lines = client.execute("many 5000").await.lines;
    let expected: Vec<String> = (0..5000).map(|n| format!("stdout {n}")).collect();
    assert_eq!(lines[2..5002], expected);
    assert_eq!(lines[5002], "idle");
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_and_shutdown_work_while_a_cell_runs() {
    let mut client = kernel().await;
    let mut heartbeat = jupyter_zmq_client::create_client_heartbeat_connection(&client.connection).await.unwrap();
    client.send(Channel::Shell, "execute_request", json!({"code": "wait"})).await;
    while client.iopub().await.kind != "stream" {}
    heartbeat.single_heartbeat().await.unwrap();
    assert_eq!(client.shutdown(true).await, Ended { restart: true });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_file_survives_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let options = KernelOptions { history_file: Some(folder.path().join("history")), ..Default::default() };
    for session in 1..=2 {
        let mut client = Client::start(options.clone(), scripted::starter(Duration::ZERO)).await;
        client.execute(&format!("result {session}")).await;
        let all = json!({"hist_access_type": "search", "pattern": "result *", "output": false, "raw": true});
        let history = client.request(Channel::Shell, "history_request", all).await.reply["history"].clone();
        assert_eq!(history.as_array().unwrap().len(), session);
        assert_eq!(history[session - 1], json!([session, 1, format!("result {session}")]));
        client.shutdown(false).await;
    }
}
