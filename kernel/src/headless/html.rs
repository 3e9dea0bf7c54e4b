//! A notebook as one HTML page that needs nothing else: no server, no scripts, no files beside it.
use std::fmt::Write as _;

use nbformat::v4::Notebook;
use pulldown_cmark::{Options, Parser, html::push_html};
use serde_json::Value;

/// Representations that a page can show, best first.
const SHOWN: &[&str] = &["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"];

const STYLE: &str = "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff}\
pre{overflow-x:auto;font:13px/1.45 ui-monospace,monospace;margin:0}\
.in{background:#f5f6f8;border:1px solid #e1e4e8;border-radius:4px;padding:.6rem .8rem}\
.cell{margin:1rem 0}.count{color:#6a737d;font:12px ui-monospace,monospace}\
.out{padding:.5rem .8rem;overflow-x:auto}.stderr{background:#fff4f4}.error{background:#fff0f0;border-left:3px solid #d1242f}\
table{border-collapse:collapse}th,td{padding:.2rem .6rem;border-bottom:1px solid #e1e4e8;text-align:left}img,svg{max-width:100%;height:auto}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}.in{background:#1f2329;border-color:#333a42}.error,.stderr{background:#3a1f22}.out svg,.out img{background:#fff}}";

/// The page. HTML in outputs and in Markdown stands as it is: a page of a notebook that one does not trust is to be opened
/// as any page that one does not trust.
pub fn html(notebook: &Notebook, title: &str) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        escape(title)
    );
    let cells = serde_json::to_value(&notebook.cells).unwrap_or_default();
    for cell in cells.as_array().map(Vec::as_slice).unwrap_or_default() {
        let source = text_of(&cell["source"]);
        match cell["cell_type"].as_str() {
            Some("markdown") => {
                page.push_str("<div class=\"cell\">");
                push_markdown(&mut page, &source);
                page.push_str("</div>\n");
            }
            Some("code") if !source.trim().is_empty() => push_code(&mut page, cell, &source),
            Some("raw") => _ = writeln!(page, "<pre class=\"cell\">{}</pre>", escape(&source)),
            _ => {}
        }
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn push_code(page: &mut String, cell: &Value, source: &str) {
    let count = cell["execution_count"].as_i64().map_or(" ".to_owned(), |count| count.to_string());
    _ = write!(
        page,
        "<div class=\"cell\"><div class=\"count\">[{count}]</div><pre class=\"in\"><code>{}</code></pre>",
        escape(source)
    );
    for output in cell["outputs"].as_array().map(Vec::as_slice).unwrap_or_default() {
        match output["output_type"].as_str() {
            Some("stream") => {
                let name = if output["name"] == "stderr" { " stderr" } else { "" };
                _ = write!(page, "<pre class=\"out{name}\">{}</pre>", ansi(&text_of(&output["text"])));
            }
            Some("error") => {
                let lines: Vec<&str> =
                    output["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let headline = format!(
                    "{}: {}",
                    output["ename"].as_str().unwrap_or("Error"),
                    output["evalue"].as_str().unwrap_or_default()
                );
                let text = if lines.is_empty() { headline } else { lines.join("\n") };
                _ = write!(page, "<pre class=\"out error\">{}</pre>", ansi(&text));
            }
            Some("display_data" | "execute_result") => push_display(page, &output["data"]),
            _ => {}
        }
    }
    page.push_str("</div>\n");
}

fn push_display(page: &mut String, data: &Value) {
    let Some(mime) = SHOWN.iter().find(|mime| !data[**mime].is_null()) else { return };
    let content = text_of(&data[*mime]);
    if content.trim().is_empty() {
        return;
    }
    page.push_str("<div class=\"out\">");
    match *mime {
        "text/html" | "image/svg+xml" => page.push_str(&content),
        "text/markdown" => push_markdown(page, &content),
        "text/plain" => _ = write!(page, "<pre>{}</pre>", ansi(&content)),
        image => {
            let base64: String = content.split_whitespace().collect();
            let words = escape(&text_of(&data["text/plain"]));
            _ = write!(page, "<img alt=\"{words}\" src=\"data:{image};base64,{base64}\">");
        }
    }
    page.push_str("</div>");
}

fn push_markdown(page: &mut String, text: &str) {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS;
    push_html(page, Parser::new_ext(text, options));
}

/// Text as notebooks hold it: a string, or a list of lines.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Text with the colours of a terminal, as HTML: bold and the eight colours; other codes are left out.
fn ansi(text: &str) -> String {
    const COLOURS: [&str; 8] = ["#24292f", "#cf222e", "#116329", "#7d4e00", "#0969da", "#8250df", "#1b7c83", "#6e7781"];
    let mut html = String::new();
    let mut is_open = false;
    let mut parts = text.split("\u{1b}[");
    html.push_str(&escape(parts.next().unwrap_or_default()));
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(part.len());
        let rest = part.get(end + 1..).unwrap_or_default();
        if part[end..].starts_with('m') {
            if std::mem::take(&mut is_open) {
                html.push_str("</span>");
            }
            let codes: Vec<u8> = part[..end].split(';').filter_map(|code| code.parse().ok()).collect();
            let mut style = String::new();
            for code in codes {
                match code {
                    1 => style.push_str("font-weight:bold;"),
                    30..=37 => _ = write!(style, "color:{};", COLOURS[usize::from(code - 30)]),
                    90..=97 => _ = write!(style, "color:{};", COLOURS[usize::from(code - 90)]),
                    _ => {}
                }
            }
            if !style.is_empty() {
                _ = write!(html, "<span style=\"{style}\">");
                is_open = true;
            }
        }
        html.push_str(&escape(rest));
    }
    if is_open {
        html.push_str("</span>");
    }
    html
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_cell_and_output_is_on_the_page() {
        let cells = json!([
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title\n\n| a |\n|---|\n| 1 |"},
            {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 3, "source": "let a = b < c;", "outputs": [
                {"output_type": "stream", "name": "stderr", "text": ["<warning>\n"]},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "x", "text/html": "<b>bold</b>"}},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "a map", "image/png": "iVBO\nRw=="}},
                {"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {"text/plain": "1 < 2"}},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "", "text/html": ""}},
                {"output_type": "error", "ename": "Error", "evalue": "no", "traceback": ["\u{1b}[1;31merror\u{1b}[0m: no <T>"]},
            ]},
            {"cell_type": "code", "id": "c", "metadata": {}, "execution_count": null, "source": " ", "outputs": []},
        ]);
        let notebook: Notebook =
            serde_json::from_value(json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
                .unwrap();
        let page = html(&notebook, "a & b");
        for part in [
            "<title>a &amp; b</title>",
            "<h1>Title</h1>",
            "<td>1</td>",
            "[3]",
            "let a = b &lt; c;",
            "<pre class=\"out stderr\">&lt;warning&gt;\n</pre>",
            "<b>bold</b>",
            "<img alt=\"a map\" src=\"data:image/png;base64,iVBORw==\">",
            "<pre>1 &lt; 2</pre>",
            "<span style=\"font-weight:bold;color:#cf222e;\">error</span>: no &lt;T&gt;",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert_eq!(page.matches("class=\"cell\"").count(), 2, "empty cells are left out: {page}");
    }
}
