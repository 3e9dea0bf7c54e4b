//! The standard library's source, from which rust-analyzer infers the types of variables.
//!
//! Three crates without the vendors' intrinsics are copied from the component `rust-src` where it is installed: half the text, and half of
//! what a session would read at its start. Where it is not, the same source is read back from the pages of the component
//! `rust-docs`, which rustup installs by default: each holds one source file, highlighted.
use std::fs;
use std::io;
use std::path::Path;

/// Crates of which inference needs the source.
const CRATES: [&str; 3] = ["core", "alloc", "std"];

/// Writes the standard library's source to `target`, from the sources or the documentation in a sysroot. Returns the number of
/// files, 0 if neither is installed.
///
/// # Errors
/// If a file cannot be read or written.
pub fn write(sysroot: &Path, target: &Path) -> io::Result<usize> {
    let (library, pages) = (sysroot.join("lib/rustlib/src/rust/library"), sysroot.join("share/doc/rust/html/src"));
    let mut n_files = 0;
    for name in CRATES {
        let (source, page) = (library.join(name).join("src"), pages.join(name));
        if source.join("lib.rs").is_file() {
            n_files += copy_folder(&source, target, &Path::new(name).join("src"))?;
        } else if page.is_dir() {
            n_files += rebuild_folder(&page, target)?;
        }
    }
    Ok(n_files)
}

/// Copies Rust files, but for tests, to their `place` below `target`.
fn copy_folder(from: &Path, target: &Path, place: &Path) -> io::Result<usize> {
    let mut n_files = 0;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let place = place.join(name);
        if path.is_dir() {
            if name != "tests" && name != "benches" {
                n_files += copy_folder(&path, target, &place)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            write_file(target, &place, &fs::read_to_string(&path)?)?;
            n_files += 1;
        }
    }
    Ok(n_files)
}

fn write_file(target: &Path, place: &Path, source: &str) -> io::Result<()> {
    let file = target.join(place);
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    if place.starts_with("core/src/num") { fs::write(file, without_docs(source)) } else { fs::write(file, source) }
}

/// Without the documentation of numbers' methods: macros write it anew for each of a dozen types, which takes a tenth of a session's start.
fn without_docs(source: &str) -> String {
    let is_doc = |line: &str| line.starts_with("///") || (line.starts_with("#[doc =") && line.ends_with(']'));
    source.lines().filter(|line| !is_doc(line.trim())).flat_map(|line| [line, "\n"]).collect()
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
            write_file(target, Path::new(place), &source)?;
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
    fn numbers_lose_their_documentation_only() {
        let source = "/// Adds.\n    #[doc = \"x\"]\n    #[doc = concat!(\n\"y\")]\nfn add() { \"/// kept\"; }\n";
        assert_eq!(without_docs(source), "    #[doc = concat!(\n\"y\")]\nfn add() { \"/// kept\"; }\n");
    }

    #[test]
    fn a_page_gives_back_its_file() {
        let page = "<title>x</title><pre class=\"rust\"><code><a href=#1 id=1 data-nosnippet>1</a><span class=\"kw\">fn </span>\
                    f() -&gt; <a class=\"t\" href=\"x\">T</a> {\n<a href=#2 id=2 data-nosnippet>2</a>    a &lt; b &amp;&amp; c\n}</code></pre>";
        assert_eq!(source_of(page).as_deref(), Some("fn f() -> T {\n    a < b && c\n}"));
    }
}
