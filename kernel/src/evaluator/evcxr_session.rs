//! Evcxr set up for our cells: what it compiles against, in which folder, with which child process.
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use evcxr::{CommandContext, Error, EvalContext};
use terracube_display::{Data, MimeBundle};

use super::child_link::ChildLink;
use super::kit::Kit;
use super::{CellError, Completions, Output, compile_errors, compiler, compiler_wire, deleted, syntax, wire};
use crate::session::{Completeness, completeness};

/// What every session runs before the first cell. The second line makes evcxr accept a top-level `?` from now on, and
/// makes rust-analyzer infer over the standard library once; since it fails, it leaves no variable.
const FIRST_CELL: &str = "use terracube::prelude::*;\nuse terracube::{println, eprintln};\n\
    let warm_up: Vec<f64> = [1.0, 2.0].iter().map(|x| x * 2.0).collect(); let mean = warm_up.iter().sum::<f64>() / 2.0;\n\
    Err::<(), String>(format!(\"{mean}\"))?;\n";

/// Outputs of a start that are kept: a start prints nothing, unless it fails.
const START_OUTPUTS: usize = 1024;

/// One evcxr session. Lives on the thread that made it.
pub struct EvcxrSession {
    context: CommandContext,
    moved: HashMap<String, u64>,
    n_cells: u64,
    levels: compiler::Levels,
    compile_folder: PathBuf,
    rustc: PathBuf,
    library: PathBuf,
}

/// How evcxr left a cell.
pub enum Ended {
    /// The cell's code ran to an end; `moved` are variables that it used up.
    Ran {
        /// Names of session variables that are gone.
        moved: Vec<String>,
        /// The session's variables before the cell.
        before: HashSet<String>,
        /// And behind it.
        after: HashSet<String>,
    },
    /// It could not be compiled.
    NotCompiled(CellError),
    /// The process that runs cells ended.
    Died {
        /// Evcxr's words for it.
        reason: String,
        /// The session's variables, which are gone.
        lost: Vec<String>,
    },
}

impl EvcxrSession {
    /// Starts evcxr and its child process and runs the hidden first cell.
    ///
    /// # Errors
    /// With a text for the user, if the toolchain or the kit does not work.
    pub fn start(kit: &Kit, link: &ChildLink, compile_folder: &Path) -> Result<Self, String> {
        let mut runner = Command::new(kit.runner());
        runner.envs(link.environment());
        runner.env(wire::CELL_FOLDER_VARIABLE, compile_folder);
        runner.env(wire::LIBRARY_VARIABLE, kit.library()).env("LD_LIBRARY_PATH", kit.library_path());
        let (said, heard) = std::sync::mpsc::sync_channel(START_OUTPUTS);
        link.begin_cell(Some(said));
        // To the end: rust-analyzer looks for the source of the standard library again when it loads a dependency.
        let _alone = alone();
        set_environment(compile_folder)?;
        // What a start compiles runs once: unoptimised it is there sooner, and a compiler for the user's first cell is ready.
        let mut levels = compiler::Levels::default();
        levels.choose("", compile_folder);
        let started = {
            // SAFETY: as in `set_environment`.
            let _stand_ins =
                unsafe { compiler::StandIns::show(kit, &compile_folder.join(compiler_wire::TOOLS_FOLDER)) }?;
            EvalContext::with_subprocess_command(runner)
        };
        show_source(kit);
        let (mut context, outputs) = match started {
            Ok(started) => started,
            Err(error) => {
                let process = link.lock().process;
                link.end_cell(process);
                return Err(format!("{}{}", printed(&heard), start_error(&error)));
            }
        };
        // Cells write to our own sockets; evcxr's channels only carry what it says itself, which nobody waits for.
        for (channel, name) in [(outputs.stdout, "stdout"), (outputs.stderr, "stderr")] {
            let drain = move || {
                for line in channel {
                    tracing::debug!(line, name, "evcxr");
                }
            };
            std::thread::Builder::new().name("evcxr-output".into()).spawn(drain).map_err(|error| error.to_string())?;
        }
        let mut state = context.state();
        state.set_linker("system".into());
        state.set_build_env("CARGO_ENCODED_RUSTFLAGS", &rustc_flags(kit));
        state.set_error_format("{}").map_err(|error| start_error(&error))?;
        state.set_opt_level("1").map_err(|error| start_error(&error))?;
        let shim = serde_json::Value::String(kit.shim().display().to_string());
        state.add_dep("terracube", &format!("{{ path = {shim} }}")).map_err(|error| start_error(&error))?;
        let eval = context.eval_with_state(FIRST_CELL, state);
        link.end_cell(None);
        if let Err(error) = eval {
            return Err(format!("{}{}", printed(&heard), start_error(&error)));
        }
        give_back_memory();
        Ok(Self {
            context: CommandContext::with_eval_context(context),
            moved: HashMap::new(),
            n_cells: 0,
            levels,
            compile_folder: compile_folder.to_owned(),
            rustc: kit.rustc(),
            library: kit.library(),
        })
    }

    /// Compiles and runs one cell.
    pub fn execute(&mut self, code: &str) -> Ended {
        match self.compile_and_run(code) {
            Ended::NotCompiled(error) => {
                Ended::NotCompiled(deleted::error(&self.library, &self.compile_folder).unwrap_or(error))
            }
            ended => ended,
        }
    }

    fn compile_and_run(&mut self, code: &str) -> Ended {
        self.n_cells += 1;
        if matches!(completeness(code), Completeness::Invalid)
            && let Some(error) = syntax::error(&self.rustc, code)
        {
            return Ended::NotCompiled(error);
        }
        self.levels.choose(code, &self.compile_folder);
        let cell = format!("{}\n{code}", self.n_cells);
        if let Err(error) = std::fs::write(self.compile_folder.join(wire::CELL_FILE), cell) {
            tracing::debug!(%error, "errors will not name their lines");
        }
        let before: HashSet<String> = self.variable_names();
        match self.evaluate(code) {
            Ok(()) => {
                let after = self.variable_names();
                let mut moved: Vec<String> = before.difference(&after).cloned().collect();
                moved.sort();
                self.moved.retain(|name, _| !after.contains(name));
                self.moved.extend(moved.iter().map(|name| (name.clone(), self.n_cells)));
                Ended::Ran { moved, before, after }
            }
            Err(Error::CompilationErrors(_)) if matches!(completeness(code), Completeness::Incomplete { .. }) => {
                let value = "the cell is not complete: a bracket, a string or a comment is left open".to_owned();
                Ended::NotCompiled(CellError { name: "CompileError".into(), traceback: vec![value.clone()], value })
            }
            Err(Error::CompilationErrors(errors)) => {
                Ended::NotCompiled(compile_errors::cell_error(&errors, &self.moved))
            }
            Err(Error::SubprocessTerminated(reason)) => {
                self.moved.clear();
                let mut lost: Vec<String> = before.into_iter().collect();
                lost.sort();
                Ended::Died { reason, lost }
            }
            Err(Error::TypeRedefinedVariablesLost(names)) => Ended::NotCompiled(CellError {
                name: "Error".into(),
                value: format!(
                    "the type of {} was defined anew, so the variables are gone; run the cells that make them again",
                    names.join(", ")
                ),
                traceback: Vec::new(),
            }),
            Err(error) => {
                let text = error.to_string();
                let value = text.lines().next().unwrap_or_default().to_owned();
                Ended::NotCompiled(CellError {
                    name: "CompileError".into(),
                    value,
                    traceback: text.lines().map(str::to_owned).collect(),
                })
            }
        }
    }

    fn evaluate(&mut self, code: &str) -> Result<(), Error> {
        let Some((commands, rust)) = before_dependency(code) else { return self.context.execute(code).map(drop) };
        {
            // What a dependency makes rust-analyzer load must not meet the start of another session. The cell's own code runs later:
            // it may take as long as it likes.
            let _alone = alone();
            self.context.execute(&commands)?;
        }
        if rust.trim().is_empty() { Ok(()) } else { self.context.execute(&rust).map(drop) }
    }

    /// Names and types of the session's variables, by name.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = self
            .context
            .variables_and_types()
            .map(|(name, type_name)| (name.to_owned(), type_name.to_owned()))
            .collect();
        variables.sort();
        variables
    }

    /// Candidates at a byte offset.
    pub fn complete(&mut self, code: &str, offset: usize) -> Completions {
        match self.context.completions(code, offset) {
            Ok(found) => {
                let mut matches: Vec<String> = Vec::new();
                for completion in found.completions {
                    let hidden = completion.code.contains("evcxr") || completion.code.starts_with("__");
                    // Names only: parameters would have to be replaced one by one.
                    let name = completion.code.split('(').next().unwrap_or_default().to_owned();
                    if !hidden && !name.is_empty() && !matches.contains(&name) {
                        matches.push(name);
                    }
                }
                Completions { matches, start: found.start_offset, end: found.end_offset }
            }
            Err(error) => {
                tracing::debug!(%error, "no completion");
                Completions { matches: Vec::new(), start: offset, end: offset }
            }
        }
    }

    /// Documentation of what stands at a byte offset.
    pub fn inspect(&mut self, code: &str, offset: usize) -> Option<MimeBundle> {
        let end = end_of_word(code, offset);
        let (plain, html) = self.context.hover_at(code, end).ok()?;
        let nothing = plain.trim().is_empty() || plain == "No documentation found";
        (!nothing).then(|| MimeBundle::text(plain).with("text/html", Data::Text(html)))
    }

    fn variable_names(&self) -> HashSet<String> {
        self.context.variables_and_types().map(|(name, _)| name.to_owned()).collect()
    }
}

/// Evcxr and rust-analyzer read where to work from the environment of this process, so that one session starts at a time.
static STARTING: Mutex<()> = Mutex::new(());

/// Waits until no session starts, and keeps others from it.
fn alone() -> MutexGuard<'static, ()> {
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names the session's folder to evcxr and rust-analyzer.
fn set_environment(compile_folder: &Path) -> Result<(), String> {
    // Evcxr loads everything twice: for a cell of its own, and when our library comes. The first time needs no standard
    // library, so that its source is named when that is over. Until then an empty one must stand there: rust-analyzer passes over
    // a folder without `core`, and takes the toolchain's source.
    let nothing = compile_folder.join("no-std");
    let core = nothing.join("core/src");
    std::fs::create_dir_all(&core)
        .and_then(|()| std::fs::write(core.join("lib.rs"), ""))
        .map_err(|error| format!("{}: {error}", core.display()))?;
    // SAFETY: Rust's own readers of the environment are synchronised with this; what reads it in C code (name look-ups,
    // time zones) does not run while the kernel starts its evaluator.
    unsafe {
        std::env::set_var("EVCXR_TMPDIR", compile_folder);
        // A user's evcxr.toml would change how our cells compile.
        std::env::set_var("EVCXR_CONFIG_DIR", compile_folder.join("config"));
        std::env::set_var("RUST_SRC_PATH", nothing);
    }
    Ok(())
}

/// What loading took and freed goes back to the system; the allocator would keep it.
fn give_back_memory() {
    // SAFETY: may be called at any time.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Names the standard library's source to rust-analyzer.
fn show_source(kit: &Kit) {
    // SAFETY: as in `set_environment`.
    match kit.rust_source() {
        Some(source) => unsafe { std::env::set_var("RUST_SRC_PATH", source) },
        None => unsafe { std::env::remove_var("RUST_SRC_PATH") },
    }
}

/// Flags for the compiler of cells, separated as Cargo wants them, so that paths may hold spaces.
fn rustc_flags(kit: &Kit) -> String {
    let library = kit.library();
    [
        "-Cprefer-dynamic".to_owned(),
        "--extern".to_owned(),
        format!("terracube_cells={}", library.display()),
        "-L".to_owned(),
        format!("dependency={}", library.parent().unwrap_or(&library).display()),
        "-L".to_owned(),
        format!("dependency={}", kit.dependencies().display()),
    ]
    .join("\u{1f}")
}

/// What the process that runs cells had printed when it failed to start.
fn printed(heard: &std::sync::mpsc::Receiver<Output>) -> String {
    let text = |output| match output {
        Output::Stdout(text) | Output::Stderr(text) => Some(text),
        Output::Display { .. } | Output::Clear { .. } => None,
    };
    heard.try_iter().filter_map(text).collect()
}

fn start_error(error: &Error) -> String {
    match error {
        Error::CompilationErrors(errors) => {
            let rendered: Vec<String> = errors.iter().map(evcxr::CompilationError::rendered).collect();
            format!("the first cell does not compile:\n{}", rendered.join("\n"))
        }
        error => error.to_string(),
    }
}

/// The commands at the head of a cell and the code below them, each with empty lines for the other, so that places in it are right.
/// `None` if no command adds a dependency.
fn before_dependency(code: &str) -> Option<(String, String)> {
    // As evcxr reads it: commands end where Rust begins.
    let is_command = |line: &&str| line.starts_with('!') || line.trim_start_matches(' ').starts_with(':');
    let is_head = |line: &&str| is_command(line) || line.starts_with("//") || line.trim().is_empty();
    let head: Vec<&str> = code.split_inclusive('\n').take_while(is_head).collect();
    if !head.iter().any(|line| line.trim_start().starts_with(":dep")) {
        return None;
    }
    let length = head.iter().map(|line| line.len()).sum();
    Some((head.concat(), "\n".repeat(code[..length].matches('\n').count()) + &code[length..]))
}

/// Where the word at a byte offset ends.
pub fn end_of_word(code: &str, offset: usize) -> usize {
    let start = (0..=offset.min(code.len())).rev().find(|at| code.is_char_boundary(*at)).unwrap_or(0);
    let rest = &code[start..];
    start + rest.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_apart_from_the_code_below_them() {
        for (code, expected) in [
            ("let a = 1;", None),
            (":vars\nlet a = 1;", None),
            ("let a = 1;\n:dep b = \"1\"", None),
            (":dep b = \"1\"", Some((":dep b = \"1\"", ""))),
            ("  :dep b = \"1\"\nb::c()", Some(("  :dep b = \"1\"\n", "\nb::c()"))),
            (
                "// d\n\n:vars\n:dep b = \"1\"\nb::c();\nd",
                Some(("// d\n\n:vars\n:dep b = \"1\"\n", "\n\n\n\nb::c();\nd")),
            ),
        ] {
            let expected = expected.map(|(commands, rust)| (commands.to_owned(), rust.to_owned()));
            assert_eq!(before_dependency(code), expected, "{code}");
        }
    }
}
