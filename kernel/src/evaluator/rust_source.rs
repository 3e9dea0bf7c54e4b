//! The standard library's source, from which rust-analyzer infers the types of variables.
//!
//! The component `rust-src` is used where it is installed. Where it is not, the same source is read back from the pages
//! of the component `rust-docs`, which rustup installs by default: each holds one source file, highlighted.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Crates of which inference needs the source.
const CRATES: [&str; 3] = ["core", "alloc", "std"];

/// Where `rust-src` is, if it is installed in this sysroot.
pub fn component(sysroot: &Path) -> Option<PathBuf> {
    let folder = sysroot.join("lib/rustlib/src/rust/library");
    folder.join("core/src/lib.rs").is_file().then_some(folder)
}

/// Writes the standard library's source, read from the installed documentation, to `target`. Returns the number of
/// files, 0 if the documentation is not installed either.
///
/// # Errors
/// If a file cannot be read or written.
pub fn rebuild_from_documentation(sysroot: &Path, target: &Path) -> io::Result<usize> {
    let pages = sysroot.join("share/doc/rust/html/src");
    let mut n_files = 0;
    for name in CRATES {
        let folder = pages.join(name);
        if folder.is_dir() {
            n_files += rebuild_folder(&folder, target)?;
        }
    }
    Ok(n_files)
}

fn rebuild_folder(folder: &Path, target: &Path) -> io::Result<usize> {
    let mut n_files = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            n_files += rebuild_folder(&path, target)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let page = fs::read_to_string(&path)?;
            // The page's own words for where the file stands; vendor intrinsics are half the text and of no use here.
            let Some(place) = between(&page, "Source of the Rust file `library/", "`") else { continue };
            if place.contains("..") || place.starts_with("stdarch") || place.starts_with("portable-simd") {
                continue;
            }
            let Some(source) = source_of(&page) else { continue };
            let file = target.join(place);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(file, source)?;
            n_files += 1;
        }
    }
    Ok(n_files)
}

/// The text of a highlighted source page.
fn source_of(page: &str) -> Option<String> {
    let code = between(page, "<pre class=\"rust\"><code>", "</code></pre>")?;
    let mut source = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find('<') {
        source.push_str(&rest[..at]);
        let tag = &rest[at..];
        let is_line_number = tag.starts_with("<a href=#");
        let end = tag.find('>')? + 1;
        rest = &tag[end..];
        if is_line_number {
            rest = &rest[rest.find("</a>")? + "</a>".len()..];
        }
    }
    source.push_str(rest);
    Some(unescape(&source))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    let length = text[start..].find(after)?;
    Some(&text[start..start + length])
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_back_its_file() {
        let page = "<title>x</title><pre class=\"rust\"><code><a href=#1 id=1 data-nosnippet>1</a><span class=\"kw\">fn </span>\
                    f() -&gt; <a class=\"t\" href=\"x\">T</a> {\n<a href=#2 id=2 data-nosnippet>2</a>    a &lt; b &amp;&amp; c\n}</code></pre>";
        assert_eq!(source_of(page).as_deref(), Some("fn f() -> T {\n    a < b && c\n}"));
    }
}
