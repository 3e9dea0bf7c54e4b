//! Who this kernel is.
use jupyter_protocol::{CodeMirrorMode, HelpLink, JupyterMessageContent, KernelInfoReply, LanguageInfo, ReplyStatus};

use super::replies::with_fields;
use crate::protocol::incoming::PROTOCOL_VERSION;

/// The language of the cells, as notebooks record it.
pub(crate) fn language_info() -> LanguageInfo {
    LanguageInfo {
        name: "rust".to_owned(),
        version: env!("CARGO_PKG_RUST_VERSION").to_owned(),
        mimetype: Some("text/x-rustsrc".to_owned()),
        file_extension: Some(".rs".to_owned()),
        pygments_lexer: Some("rust".to_owned()),
        codemirror_mode: Some(CodeMirrorMode::Simple("rust".to_owned())),
        nbconvert_exporter: None,
    }
}

/// The content of `kernel_info_reply`.
pub(crate) fn kernel_info() -> JupyterMessageContent {
    let link = |text: &str, url: &str| HelpLink { text: text.to_owned(), url: url.to_owned() };
    let reply = KernelInfoReply {
        status: ReplyStatus::Ok,
        protocol_version: PROTOCOL_VERSION.to_owned(),
        implementation: "terracube".to_owned(),
        implementation_version: env!("CARGO_PKG_VERSION").to_owned(),
        language_info: language_info(),
        banner: format!("Terracube {}: lazy labelled datacubes in Rust cells", env!("CARGO_PKG_VERSION")),
        help_links: vec![
            link("Terracube", env!("CARGO_PKG_REPOSITORY")),
            link("The Rust Book", "https://doc.rust-lang.org/book/"),
        ],
        debugger: false,
        error: None,
    };
    with_fields(JupyterMessageContent::from(reply), [("supported_features", serde_json::json!([]))])
}
