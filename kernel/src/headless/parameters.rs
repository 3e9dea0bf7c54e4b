//! Parameters as papermill has them: a cell tagged `parameters` holds the defaults, and a cell tagged
//! `injected-parameters` behind it the given values, as Rust.
use nbformat::v4::{Cell, CellId, CellMetadata, Notebook};
use syn::{Expr, Item, Lit, Pat, Stmt, Type};

use crate::session::without_commands;

const DEFAULTS: &str = "parameters";
const INJECTED: &str = "injected-parameters";

/// A value from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    name: String,
    value: String,
    /// The value is a string whatever it looks like.
    text: bool,
}

/// Why a parameter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// It is not of the form `name=value` with a Rust name.
    #[error("`{0}` is no parameter; write name=value with a name that Rust accepts")]
    Form(String),
    /// The value does not fit the type that the notebook gives the name.
    #[error("parameter `{name}`: `{value}` is no {kind}, which `{name}` is in the notebook")]
    Value {
        /// The parameter.
        name: String,
        /// What was given.
        value: String,
        /// What the notebook wants.
        kind: String,
    },
    /// The notebook's default is of a type that has no form on the command line.
    #[error("parameter `{name}` is a `{kind}` in the notebook: only bool, numbers and strings can be given")]
    Type {
        /// The parameter.
        name: String,
        /// Its type.
        kind: String,
    },
}

impl Parameter {
    /// Reads `name=value`. The value takes the type that the notebook's default has; without a default it is a bool, an
    /// integer, a float or a string, whichever it looks like first. A string may stand in quotes, as Rust writes it.
    ///
    /// # Errors
    /// If there is no `=` or the name is none.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let form = || ParameterError::Form(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let name = name.trim();
        syn::parse_str::<syn::Ident>(name).map_err(|_| form())?;
        Ok(Self { name: name.to_owned(), value: value.to_owned(), text: false })
    }

    /// Reads `name=value` where the value is a string whatever it looks like.
    ///
    /// # Errors
    /// As [`Parameter::parse`].
    pub fn parse_text(text: &str) -> Result<Self, ParameterError> {
        Ok(Self { text: true, ..Self::parse(text)? })
    }

    /// The value as a string: one in quotes, as Rust writes it, is what stands between them.
    fn string(&self) -> String {
        let quoted = if self.text { None } else { syn::parse_str::<syn::LitStr>(&self.value).ok() };
        quoted.map_or_else(|| self.value.clone(), |literal| literal.value())
    }
}

/// Puts the values into the notebook, in a new cell or in the one that an earlier run left. Returns the names for which the
/// notebook has no default. The last of several values of one name holds.
///
/// # Errors
/// If a value does not fit its default.
pub(super) fn inject(notebook: &mut Notebook, parameters: &[Parameter]) -> Result<Vec<String>, ParameterError> {
    if parameters.is_empty() {
        return Ok(Vec::new());
    }
    let tagged = |tag: &str| {
        notebook.cells.iter().position(|cell| cell.metadata().tags.iter().flatten().any(|name| name == tag))
    };
    let (defaults_at, injected_at) = (tagged(DEFAULTS), tagged(INJECTED));
    let defaults = defaults_at.map(|at| defaults(&notebook.cells[at].source().concat())).unwrap_or_default();
    let mut lines: Vec<(&str, String)> = Vec::new();
    let mut unknown = Vec::new();
    for parameter in parameters {
        let default = defaults.iter().find(|default| default.name == parameter.name);
        if default.is_none() && defaults_at.is_some() {
            unknown.push(parameter.name.clone());
        }
        let line = statement(parameter, default)?;
        lines.retain(|(name, _)| *name != parameter.name);
        lines.push((&parameter.name, line));
    }
    let source = std::iter::once("// Parameters".to_owned()).chain(lines.into_iter().map(|(_, line)| line));
    let source: Vec<String> = source.collect::<Vec<_>>().join("\n").split_inclusive('\n').map(str::to_owned).collect();
    let cell = Cell::Code {
        id: free_id(notebook),
        metadata: CellMetadata { tags: Some(vec![INJECTED.to_owned()]), ..Default::default() },
        execution_count: None,
        source,
        outputs: Vec::new(),
    };
    match injected_at {
        Some(at) => notebook.cells[at] = cell,
        None => notebook.cells.insert(defaults_at.map_or(0, |at| at + 1), cell),
    }
    Ok(unknown)
}

fn free_id(notebook: &Notebook) -> CellId {
    let mut id = CellId::from(uuid::Uuid::new_v4());
    let taken = |id: &CellId| {
        notebook
            .cells
            .iter()
            .any(|cell| cell.id() == id && !cell.metadata().tags.iter().flatten().any(|tag| tag == INJECTED))
    };
    if let Ok(plain) = CellId::new(INJECTED)
        && !taken(&plain)
    {
        id = plain;
    }
    id
}

/// What the notebook says of a name.
struct Declared {
    name: String,
    /// What stands before the value: `let name: T` or `const NAME: T`.
    head: String,
    kind: Kind,
}

/// What values a name takes.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Bool,
    /// With its type, if the notebook says one.
    Integer(Option<String>),
    Float(Option<String>),
    /// `&str`
    Text,
    /// `String`
    Owned,
    /// A type that only code can make.
    Other(String),
    /// The notebook computes the default, so the value's looks decide.
    Unknown,
}

fn defaults(source: &str) -> Vec<Declared> {
    use syn::parse::Parser as _;
    let statements = syn::Block::parse_within.parse_str(&without_commands(source)).unwrap_or_default();
    statements.iter().filter_map(default_of).collect()
}

fn default_of(statement: &Stmt) -> Option<Declared> {
    match statement {
        Stmt::Local(local) => {
            let value = local.init.as_ref().map(|init| init.expr.as_ref());
            let (pattern, kind_of_type) = match &local.pat {
                Pat::Type(typed) => (typed.pat.as_ref(), Some(kind_of_type(&typed.ty))),
                pattern => (pattern, None),
            };
            let Pat::Ident(ident) = pattern else { return None };
            let kind = kind_of_type.unwrap_or_else(|| value.map_or(Kind::Unknown, kind_of_value));
            Some(Declared { name: ident.ident.to_string(), head: local_head(local), kind })
        }
        Stmt::Item(Item::Const(item)) => {
            let kind = kind_of_type(&item.ty);
            let head = format!("const {}: {}", item.ident, tokens(&item.ty));
            Some(Declared { name: item.ident.to_string(), head, kind })
        }
        _ => None,
    }
}

fn local_head(local: &syn::Local) -> String {
    match &local.pat {
        Pat::Type(typed) => format!("let {}: {}", tokens(&typed.pat), tokens(&typed.ty)),
        pattern => format!("let {}", tokens(pattern)),
    }
}

fn tokens(part: &impl quote::ToTokens) -> String {
    part.to_token_stream().to_string().replace("& ", "&").replace("' ", "'")
}

fn kind_of_type(kind: &Type) -> Kind {
    match kind {
        Type::Reference(reference) if matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str")) => {
            Kind::Text
        }
        Type::Path(path) => {
            let Some(name) = path.path.segments.last().map(|segment| segment.ident.to_string()) else {
                return Kind::Other(tokens(kind));
            };
            match name.as_str() {
                "bool" => Kind::Bool,
                "String" => Kind::Owned,
                "f32" | "f64" => Kind::Float(Some(name)),
                _ if integer_fits(&name, 0) => Kind::Integer(Some(name)),
                _ => Kind::Other(tokens(kind)),
            }
        }
        _ => Kind::Other(tokens(kind)),
    }
}

fn kind_of_value(value: &Expr) -> Kind {
    match value {
        Expr::Lit(literal) => kind_of_literal(&literal.lit),
        Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => kind_of_value(expr),
        Expr::MethodCall(call) => {
            let owns = call.method == "to_string" || call.method == "to_owned";
            if owns && kind_of_value(&call.receiver) == Kind::Text { Kind::Owned } else { Kind::Unknown }
        }
        Expr::Call(call) if tokens(&call.func).replace(' ', "") == "String::from" => Kind::Owned,
        _ => Kind::Unknown,
    }
}

fn kind_of_literal(literal: &Lit) -> Kind {
    let suffix = |suffix: &str| (!suffix.is_empty()).then(|| suffix.to_owned());
    match literal {
        Lit::Bool(_) => Kind::Bool,
        Lit::Str(_) => Kind::Text,
        Lit::Int(int) if int.suffix().starts_with('f') => Kind::Float(suffix(int.suffix())),
        Lit::Int(int) => Kind::Integer(suffix(int.suffix())),
        Lit::Float(float) => Kind::Float(suffix(float.suffix())),
        _ => Kind::Unknown,
    }
}

/// The line that gives a parameter its value.
fn statement(parameter: &Parameter, default: Option<&Declared>) -> Result<String, ParameterError> {
    let Parameter { name, value, text } = parameter;
    let kind = default.map_or(Kind::Unknown, |default| default.kind.clone());
    let wrong = |kind: &str| {
        let (name, value) = (name.clone(), value.clone());
        ParameterError::Value { name, value, kind: kind.to_owned() }
    };
    let literal = match &kind {
        Kind::Text => format!("{:?}", parameter.string()),
        Kind::Owned => format!("String::from({:?})", parameter.string()),
        Kind::Other(kind) => return Err(ParameterError::Type { name: name.clone(), kind: kind.clone() }),
        Kind::Unknown if *text => format!("{value:?}"),
        Kind::Unknown => by_looks(value).unwrap_or_else(|| format!("{:?}", parameter.string())),
        Kind::Bool => value.parse::<bool>().map_err(|_| wrong("bool"))?.to_string(),
        Kind::Integer(kind) => {
            let number: i128 = value.parse().map_err(|_| wrong("integer"))?;
            match kind {
                Some(kind) if !integer_fits(kind, number) => return Err(wrong(kind)),
                Some(kind) => format!("{number}{kind}"),
                None => integer(number).ok_or_else(|| wrong("64-bit integer"))?,
            }
        }
        Kind::Float(kind) => float(value, kind.as_deref().unwrap_or("f64")).ok_or_else(|| wrong("number"))?,
    };
    let head = default.map_or_else(|| format!("let {name}"), |default| default.head.clone());
    Ok(format!("{head} = {literal};"))
}

/// The literal of a value that looks like a bool or a number.
fn by_looks(value: &str) -> Option<String> {
    if let Ok(flag) = value.parse::<bool>() {
        return Some(flag.to_string());
    }
    if let Some(number) = value.parse().ok().and_then(integer) {
        return Some(number);
    }
    let numeric = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let number = value.parse::<f64>().ok().filter(|number| numeric && number.is_finite())?;
    Some(format!("{number:?}"))
}

/// An integer literal of Rust's default type, or of a 64-bit one if it is too large for that.
fn integer(number: i128) -> Option<String> {
    match number {
        _ if integer_fits("i32", number) => Some(number.to_string()),
        _ if integer_fits("i64", number) => Some(format!("{number}i64")),
        _ if integer_fits("u64", number) => Some(format!("{number}u64")),
        _ => None,
    }
}

/// Whether the type is an integer type and holds the number.
fn integer_fits(kind: &str, number: i128) -> bool {
    match kind {
        "i8" => i8::try_from(number).is_ok(),
        "i16" => i16::try_from(number).is_ok(),
        "i32" => i32::try_from(number).is_ok(),
        "i64" => i64::try_from(number).is_ok(),
        "isize" => isize::try_from(number).is_ok(),
        "i128" => true,
        "u8" => u8::try_from(number).is_ok(),
        "u16" => u16::try_from(number).is_ok(),
        "u32" => u32::try_from(number).is_ok(),
        "u64" => u64::try_from(number).is_ok(),
        "usize" => usize::try_from(number).is_ok(),
        "u128" => number >= 0,
        _ => false,
    }
}

fn float(value: &str, kind: &str) -> Option<String> {
    let number: f64 = value.parse().ok()?;
    Some(match number {
        _ if number.is_nan() => format!("{kind}::NAN"),
        f64::INFINITY => format!("{kind}::INFINITY"),
        f64::NEG_INFINITY => format!("{kind}::NEG_INFINITY"),
        _ => format!("{number:?}{kind}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notebook(cells: &[(&str, &str)]) -> Notebook {
        let cells: Vec<_> = cells
            .iter()
            .enumerate()
            .map(|(index, (tag, source))| {
                serde_json::json!({"cell_type": "code", "id": format!("c{index}"), "metadata": {"tags": [tag]},
                    "execution_count": null, "outputs": [], "source": source})
            })
            .collect();
        let text = serde_json::json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells});
        serde_json::from_value(text).unwrap()
    }

    const DEFAULT_CELL: &str = ":opt 2\nlet year = 1990;\nlet mut n: usize = 3;\nlet x = 1.0;\nlet y: f32 = 2.0;\n\
        let path = \"a\";\nlet owned = \"b\".to_string();\nlet typed: &'static str = \"c\";\nlet deep = true;\n\
        let big = -5i64;\nconst K: u8 = 4;\nlet list = vec![1];\nlet pair: (u8, u8) = (1, 2);";

    fn check(parameter: &str, expected: Result<&str, &str>) {
        let mut notebook = notebook(&[("parameters", DEFAULT_CELL)]);
        let parameter = Parameter::parse(parameter).unwrap();
        match inject(&mut notebook, std::slice::from_ref(&parameter)) {
            Ok(_) => {
                let source = notebook.cells[1].source().concat();
                assert_eq!(Ok(source.strip_prefix("// Parameters\n").unwrap()), expected, "{parameter:?}");
                syn::parse_str::<Stmt>(&source).expect("is Rust");
            }
            Err(error) => {
                let expected = expected.expect_err(&error.to_string());
                assert!(error.to_string().contains(expected), "{error}");
            }
        }
    }

    #[test]
    fn values_take_the_type_of_their_default() {
        for (parameter, expected) in [
            ("year=2001", Ok("let year = 2001;")),
            ("year=3000000000", Ok("let year = 3000000000i64;")),
            ("year=later", Err("`later` is no integer")),
            ("n=12", Ok("let mut n: usize = 12usize;")),
            ("n=-1", Err("`-1` is no usize")),
            ("x=3", Ok("let x = 3.0f64;")),
            ("x=1e300", Ok("let x = 1e300f64;")),
            ("x=-inf", Ok("let x = f64::NEG_INFINITY;")),
            ("x=warm", Err("no number")),
            ("y=nan", Ok("let y: f32 = f32::NAN;")),
            ("path=12", Ok("let path = \"12\";")),
            ("path=a\"b\\c\nd=e", Ok("let path = \"a\\\"b\\\\c\\nd=e\";")),
            (r#"path="a \"b\" c""#, Ok(r#"let path = "a \"b\" c";"#)),
            (r#"new="5""#, Ok(r#"let new = "5";"#)),
            ("owned=x", Ok("let owned = String::from(\"x\");")),
            ("typed=", Ok("let typed: &'static str = \"\";")),
            ("deep=false", Ok("let deep = false;")),
            ("deep=1", Err("no bool")),
            ("big=7", Ok("let big = 7i64;")),
            ("K=9", Ok("const K: u8 = 9u8;")),
            ("K=256", Err("no u8")),
            ("list=5", Ok("let list = 5;")),
            ("pair=5", Err("only bool, numbers and strings")),
            ("new=true", Ok("let new = true;")),
            ("new=-7", Ok("let new = -7;")),
            ("new=.5", Ok("let new = 0.5;")),
            ("new=nan", Ok("let new = \"nan\";")),
            ("new=1981-01", Ok("let new = \"1981-01\";")),
        ] {
            check(parameter, expected);
        }
    }

    #[test]
    fn what_is_no_parameter_is_refused() {
        for text in ["a", "=1", "let=1", "a b=1", "a-b=1", "1a=2", "x;y=1"] {
            assert_eq!(Parameter::parse(text), Err(ParameterError::Form(text.to_owned())));
        }
    }

    #[test]
    fn the_cell_stands_behind_the_defaults_or_on_top_and_replaces_its_predecessor() {
        let given =
            [Parameter::parse("a=1").unwrap(), Parameter::parse_text("b=2").unwrap(), Parameter::parse("a=3").unwrap()];
        let expected = "// Parameters\nlet b = \"2\";\nlet a = 3;";
        for (cells, at, n_cells, unknown) in [
            (vec![("x", "1"), ("parameters", "let a = 0;"), ("x", "2")], 2, 4, vec!["b"]),
            (vec![("x", "1")], 0, 2, vec![]),
            (vec![("parameters", "let a = 0;"), ("x", "1"), ("injected-parameters", "let a = 9;")], 2, 3, vec!["b"]),
        ] {
            let mut notebook = notebook(&cells);
            assert_eq!(inject(&mut notebook, &given).unwrap(), unknown);
            assert_eq!(notebook.cells.len(), n_cells);
            assert_eq!(notebook.cells[at].source().concat(), expected);
            assert_eq!(notebook.cells[at].id().as_str(), "injected-parameters");
        }
    }
}
