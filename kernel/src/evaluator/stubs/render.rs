//! Items as Rust text without bodies.
use std::collections::HashSet;
use std::fmt::Write as _;

use rustdoc_types::{
    Crate, Enum, Function, GenericParamDefKind, Generics, Id, Impl, Item, ItemEnum, Struct, StructKind, Trait, Type,
    Use, VariantKind,
};

use super::places::{Places, absolute};
use super::types::{Types, identifier};

/// Traits of the language itself that need no signature and cannot be written.
const LANGUAGE_TRAITS: [&str; 4] = ["StructuralPartialEq", "Freeze", "UnsafeUnpin", "RefUnwindSafe"];

/// What became of a crate.
pub struct Rendered {
    /// All its public items, for the module that stands for it.
    pub text: String,
    /// Items that could not be written, because they name what cannot be named here.
    pub undefined: Vec<Id>,
}

/// Renders a crate's public items.
pub fn crate_items(name: &str, documented: &Crate, places: &Places) -> Rendered {
    let mut renderer = Renderer {
        types: Types { krate: name, documented, places },
        open: HashSet::new(),
        undefined: Vec::new(),
        skipped: Vec::new(),
    };
    let mut output = renderer.module(documented.root, name);
    let mut ids: Vec<Id> = documented.index.keys().copied().collect();
    ids.sort();
    for id in ids {
        let Some(item) = documented.index.get(&id) else { continue };
        if let ItemEnum::Impl(implementation) = &item.inner
            && item.crate_id == 0
            && let Some(text) = renderer.implementation(implementation)
        {
            output.push_str(&text);
        }
    }
    for skipped in &renderer.skipped {
        tracing::debug!(krate = name, skipped, "not in the signatures: a type in it cannot be named");
    }
    Rendered { text: output, undefined: renderer.undefined }
}

struct Renderer<'a> {
    types: Types<'a>,
    /// Modules being rendered, against circles of globs.
    open: HashSet<Id>,
    undefined: Vec<Id>,
    skipped: Vec<String>,
}

impl Renderer<'_> {
    /// The content of a module that stands at `path`.
    fn module(&mut self, id: Id, path: &str) -> String {
        let mut output = String::new();
        let mut imports = HashSet::new();
        if !self.open.insert(id) {
            return output;
        }
        let documented = self.types.documented;
        if let Some(ItemEnum::Module(module)) = documented.index.get(&id).map(|item| &item.inner) {
            for child in &module.items {
                let Some(item) = documented.index.get(child) else { continue };
                let text = match (&item.inner, &item.name) {
                    (ItemEnum::Use(import), _) => self.import(import, path),
                    (_, Some(name)) => self.item_at(*child, &identifier(name), path),
                    (_, None) => continue,
                };
                // One `use` of a module and a function of the same name is two in rustdoc's data.
                if !text.starts_with("pub use ") || imports.insert(text.clone()) {
                    output.push_str(&text);
                }
            }
        }
        self.open.remove(&id);
        output
    }

    fn import(&mut self, import: &Use, path: &str) -> String {
        let documented = self.types.documented;
        let Some(target) = import.id else { return self.foreign_import(import) };
        if !documented.index.contains_key(&target) {
            return match self.types.places.name(self.types.krate, documented, target) {
                Some(name) if import.is_glob => format!("pub use {name}::*;\n"),
                Some(name) => format!("pub use {name} as {};\n", identifier(&import.name)),
                None => self.foreign_import(import),
            };
        }
        if !import.is_glob {
            return self.item_at(target, &identifier(&import.name), path);
        }
        match self.types.places.own(self.types.krate, target) {
            Some(place) => format!("pub use {}::*;\n", absolute(place)),
            // A private module: its public items stand here.
            None => self.module(target, path),
        }
    }

    /// An import of something that rustdoc has no data on, by the words in the source.
    fn foreign_import(&mut self, import: &Use) -> String {
        let source = import.source.trim_start_matches("::");
        let first = source.split("::").next().unwrap_or_default();
        let name = if matches!(first, "std" | "core" | "alloc") {
            format!("::{source}")
        } else if self.types.places.is_crate(first) {
            absolute(source)
        } else {
            self.skipped.push(format!("use {source}"));
            return String::new();
        };
        if import.is_glob {
            format!("pub use {name}::*;\n")
        } else {
            format!("pub use {name} as {};\n", identifier(&import.name))
        }
    }

    /// The item's definition if this is its place, else an import.
    fn item_at(&mut self, id: Id, name: &str, path: &str) -> String {
        let here = format!("{path}::{name}");
        match self.types.places.own(self.types.krate, id) {
            Some(place) if place == here => {
                let Some(item) = self.types.documented.index.get(&id) else { return String::new() };
                let defined = self.definition(item, id, name, &here);
                if defined.is_none() {
                    self.undefined.push(id);
                    self.skipped.push(here);
                }
                defined.unwrap_or_default()
            }
            Some(place) => {
                let is_macro =
                    matches!(self.types.documented.index.get(&id).map(|item| &item.inner), Some(ItemEnum::Macro(_)));
                if is_macro { String::new() } else { format!("pub use {} as {name};\n", absolute(place)) }
            }
            None => String::new(),
        }
    }

    fn definition(&mut self, item: &Item, id: Id, name: &str, path: &str) -> Option<String> {
        let docs = documentation(item);
        Some(match &item.inner {
            ItemEnum::Module(_) => format!("{docs}pub mod {name} {{\n{}}}\n", self.module(id, path)),
            ItemEnum::Struct(content) => format!("{docs}{}", self.structure(content, name)?),
            ItemEnum::Enum(content) => format!("{docs}{}", self.enumeration(content, name)?),
            ItemEnum::Union(content) => {
                format!("{docs}pub struct {name}{};\n", self.types.parameters(&content.generics)?)
            }
            ItemEnum::Function(function) => format!("{docs}{}", self.function(function, name, "pub ")?),
            ItemEnum::Trait(content) => format!("{docs}{}", self.trait_definition(content, name)?),
            ItemEnum::TypeAlias(alias) => {
                format!(
                    "{docs}pub type {name}{} = {};\n",
                    self.types.parameters(&alias.generics)?,
                    self.types.ty(&alias.type_)?
                )
            }
            ItemEnum::Constant { type_, const_ } => {
                constant(&docs, name, &self.types.ty(type_)?, const_.is_literal.then_some(const_.expr.as_str()))
            }
            ItemEnum::Static(content) => constant(&docs, name, &self.types.ty(&content.type_)?, None),
            // Only the name is of use; what a macro makes is not inferred.
            ItemEnum::Macro(_) => {
                format!("{docs}#[macro_export]\nmacro_rules! {name} {{ ($($tokens:tt)*) => {{}} }}\n")
            }
            _ => return None,
        })
    }

    fn structure(&self, content: &Struct, name: &str) -> Option<String> {
        let parameters = self.types.parameters(&content.generics)?;
        let conditions = self.types.conditions(&content.generics)?;
        Some(match &content.kind {
            StructKind::Unit => format!("pub struct {name}{parameters}{conditions};\n"),
            StructKind::Tuple(fields) => {
                let mut texts: Vec<String> = Vec::new();
                for field in fields {
                    texts.push(match field.and_then(|field| self.field_type(field)) {
                        Some(ty) => format!("pub {ty}"),
                        None => "()".into(),
                    });
                }
                texts.extend(phantom(&content.generics));
                format!("pub struct {name}{parameters}({}){conditions};\n", texts.join(", "))
            }
            StructKind::Plain { fields, .. } => {
                let mut output = format!("pub struct {name}{parameters}{conditions} {{\n");
                self.fields(fields, "pub ", &mut output);
                if let Some(phantom) = phantom(&content.generics) {
                    let _ = writeln!(output, "__phantom: {phantom},");
                }
                output.push_str("}\n");
                output
            }
        })
    }

    fn fields(&self, fields: &[Id], visibility: &str, output: &mut String) {
        for id in fields {
            let Some(field) = self.types.documented.index.get(id) else { continue };
            if let (Some(name), Some(ty)) = (&field.name, self.field_type(*id)) {
                let _ = writeln!(output, "{}{visibility}{}: {ty},", documentation(field), identifier(name));
            }
        }
    }

    fn field_type(&self, id: Id) -> Option<String> {
        match &self.types.documented.index.get(&id)?.inner {
            ItemEnum::StructField(ty) => self.types.ty(ty),
            _ => None,
        }
    }

    fn enumeration(&self, content: &Enum, name: &str) -> Option<String> {
        let parameters = self.types.parameters(&content.generics)?;
        let mut output = format!("pub enum {name}{parameters}{} {{\n", self.types.conditions(&content.generics)?);
        for id in &content.variants {
            let Some(item) = self.types.documented.index.get(id) else { continue };
            let (Some(name), ItemEnum::Variant(variant)) = (&item.name, &item.inner) else { continue };
            output.push_str(&documentation(item));
            match &variant.kind {
                VariantKind::Plain => {
                    let _ = writeln!(output, "{name},");
                }
                VariantKind::Tuple(fields) => {
                    let types: Vec<String> = fields
                        .iter()
                        .map(|field| field.and_then(|field| self.field_type(field)).unwrap_or_else(|| "()".into()))
                        .collect();
                    let _ = writeln!(output, "{name}({}),", types.join(", "));
                }
                VariantKind::Struct { fields, .. } => {
                    let _ = writeln!(output, "{name} {{");
                    self.fields(fields, "", &mut output);
                    output.push_str("},\n");
                }
            }
        }
        if let Some(phantom) = phantom(&content.generics) {
            let _ = writeln!(output, "#[doc(hidden)] __Phantom({phantom}),");
        }
        output.push_str("}\n");
        Some(output)
    }

    fn function(&self, function: &Function, name: &str, visibility: &str) -> Option<String> {
        let mut arguments: Vec<String> = Vec::new();
        for (position, (argument, ty)) in function.sig.inputs.iter().enumerate() {
            arguments.push(if position == 0 && argument == "self" {
                self.receiver(ty)?
            } else {
                format!("{}: {}", argument_name(argument), self.types.ty(ty)?)
            });
        }
        let output = match &function.sig.output {
            Some(output) => format!(" -> {}", self.types.ty(output)?),
            None => String::new(),
        };
        // rustc would want a value of the hidden type; it is not shown these.
        let hides_type = matches!(&function.sig.output, Some(Type::ImplTrait(_)));
        let mut qualifiers = String::from(if hides_type { "#[cfg(rust_analyzer)]\n" } else { "" });
        qualifiers.push_str(visibility);
        for (applies, word) in [(function.header.is_async, "async "), (function.header.is_unsafe, "unsafe ")] {
            if applies {
                qualifiers.push_str(word);
            }
        }
        Some(format!(
            "{qualifiers}fn {}{}({}){output}{}{}\n",
            identifier(name),
            self.types.parameters(&function.generics)?,
            arguments.join(", "),
            self.types.conditions(&function.generics)?,
            if function.has_body { " { loop {} }" } else { ";" }
        ))
    }

    fn receiver(&self, ty: &Type) -> Option<String> {
        let is_self = |ty: &Type| matches!(ty, Type::Generic(name) if name == "Self");
        Some(match ty {
            ty if is_self(ty) => "self".into(),
            Type::BorrowedRef { lifetime, is_mutable, type_ } if is_self(type_) => {
                let lifetime = lifetime.as_deref().map(|lifetime| format!("{lifetime} ")).unwrap_or_default();
                format!("&{lifetime}{}self", if *is_mutable { "mut " } else { "" })
            }
            ty => format!("self: {}", self.types.ty(ty)?),
        })
    }

    fn trait_definition(&mut self, content: &Trait, name: &str) -> Option<String> {
        let bounds = self.types.bounds(&content.bounds);
        let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
        let mut output = format!(
            "pub {}trait {name}{}{bounds}{} {{\n",
            if content.is_unsafe { "unsafe " } else { "" },
            self.types.parameters(&content.generics)?,
            self.types.conditions(&content.generics)?
        );
        self.members(&content.items, "", &mut output);
        output.push_str("}\n");
        Some(output)
    }

    fn implementation(&mut self, content: &Impl) -> Option<String> {
        if content.is_synthetic || content.blanket_impl.is_some() || content.is_negative {
            return None;
        }
        let of = match &content.trait_ {
            Some(path) if LANGUAGE_TRAITS.contains(&path.path.rsplit("::").next().unwrap_or_default()) => return None,
            Some(path) => format!("{} for ", self.types.path(path)?),
            None => String::new(),
        };
        let mut output = format!(
            "{}impl{} {of}{}{} {{\n",
            if content.is_unsafe { "unsafe " } else { "" },
            self.types.parameters(&content.generics)?,
            self.types.ty(&content.for_)?,
            self.types.conditions(&content.generics)?
        );
        let visibility = if content.trait_.is_some() { "" } else { "pub " };
        self.members(&content.items, visibility, &mut output);
        output.push_str("}\n");
        Some(output)
    }

    fn members(&mut self, items: &[Id], visibility: &str, output: &mut String) {
        for id in items {
            let Some(item) = self.types.documented.index.get(id) else { continue };
            let Some(name) = &item.name else { continue };
            let text = match &item.inner {
                ItemEnum::Function(function) => self.function(function, name, visibility),
                ItemEnum::AssocType { generics, bounds, type_ } => {
                    self.associated_type(name, generics, bounds, type_.as_ref())
                }
                ItemEnum::AssocConst { type_, value } => self.types.ty(type_).map(|ty| match value {
                    Some(_) => format!("{visibility}const {name}: {ty} = loop {{}};\n"),
                    None => format!("{visibility}const {name}: {ty};\n"),
                }),
                _ => None,
            };
            match text {
                Some(text) => {
                    output.push_str(&documentation(item));
                    output.push_str(&text);
                }
                None => self.skipped.push(format!("a member {name}")),
            }
        }
    }

    fn associated_type(
        &self,
        name: &str,
        generics: &Generics,
        bounds: &[rustdoc_types::GenericBound],
        type_: Option<&Type>,
    ) -> Option<String> {
        let parameters = self.types.parameters(generics)?;
        let bounds = self.types.bounds(bounds);
        let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
        let value = match type_ {
            Some(ty) => format!(" = {}", self.types.ty(ty)?),
            None => String::new(),
        };
        Some(format!("type {name}{parameters}{bounds}{value};\n"))
    }
}

/// A constant whose value matters to nobody; rustc, which would compute it, is shown a function of the same name.
fn constant(docs: &str, name: &str, ty: &str, literal: Option<&str>) -> String {
    match literal {
        Some(value) => format!("{docs}pub const {name}: {ty} = {value};\n"),
        None => format!(
            "{docs}#[cfg(rust_analyzer)]\npub const {name}: {ty} = loop {{}};\n#[cfg(not(rust_analyzer))]\npub fn {name}() -> {ty} {{ loop {{}} }}\n"
        ),
    }
}

/// A field that uses all parameters, so that the definition is valid whatever fields are private.
fn phantom(generics: &Generics) -> Option<String> {
    let uses: Vec<String> = generics
        .params
        .iter()
        .filter_map(|parameter| match &parameter.kind {
            GenericParamDefKind::Lifetime { .. } => Some(format!("&{} ()", parameter.name)),
            GenericParamDefKind::Type { .. } => Some(format!("*const {}", parameter.name)),
            GenericParamDefKind::Const { .. } => None,
        })
        .collect();
    (!uses.is_empty()).then(|| format!("::std::marker::PhantomData<({},)>", uses.join(", ")))
}

fn documentation(item: &Item) -> String {
    let Some(docs) = &item.docs else { return String::new() };
    docs.lines().map(|line| format!("/// {line}\n")).collect()
}

/// An argument's name; patterns have none.
fn argument_name(name: &str) -> String {
    let is_name = !name.is_empty() && name.chars().all(|character| character.is_alphanumeric() || character == '_');
    if is_name { identifier(name) } else { "_".into() }
}
