//! Types, generics and bounds as Rust text. Everything returns `None` for what cannot be named in the signatures.
use rustdoc_types::{
    AssocItemConstraintKind, Crate, FunctionPointer, GenericArg, GenericArgs, GenericBound, GenericParamDef,
    GenericParamDefKind, Generics, Path, PreciseCapturingArg, Term, TraitBoundModifier, Type, WherePredicate,
};

use super::places::Places;

/// Renders types as one crate means them.
pub struct Types<'a> {
    /// The crate's name.
    pub krate: &'a str,
    /// Its data.
    pub documented: &'a Crate,
    /// Where everything is.
    pub places: &'a Places,
}

impl Types<'_> {
    /// A type.
    pub fn ty(&self, ty: &Type) -> Option<String> {
        Some(match ty {
            Type::ResolvedPath(path) => self.path(path)?,
            Type::Generic(name) => name.clone(),
            Type::Primitive(name) if name == "never" => "!".into(),
            Type::Primitive(name) => name.clone(),
            Type::Tuple(parts) => {
                let parts: Option<Vec<String>> = parts.iter().map(|part| self.ty(part)).collect();
                let parts = parts?;
                if parts.len() == 1 { format!("({},)", parts[0]) } else { format!("({})", parts.join(", ")) }
            }
            Type::Slice(part) => format!("[{}]", self.ty(part)?),
            Type::Array { type_, len } => format!("[{}; {len}]", self.ty(type_)?),
            Type::Pat { type_, .. } => self.ty(type_)?,
            Type::ImplTrait(bounds) => match self.bounds(bounds) {
                bounds if bounds.is_empty() => return None,
                bounds if bounds.contains(" + ") => format!("(impl {bounds})"),
                bounds => format!("impl {bounds}"),
            },
            Type::DynTrait(object) => {
                let mut parts: Vec<String> = Vec::new();
                for bound in &object.traits {
                    parts.push(format!("{}{}", self.higher_ranked(&bound.generic_params), self.path(&bound.trait_)?));
                }
                parts.extend(object.lifetime.clone());
                format!("(dyn {})", parts.join(" + "))
            }
            Type::Infer => "_".into(),
            Type::RawPointer { is_mutable, type_ } => {
                format!("*{} {}", if *is_mutable { "mut" } else { "const" }, self.ty(type_)?)
            }
            Type::BorrowedRef { lifetime, is_mutable, type_ } => {
                let lifetime = lifetime.as_deref().map(|lifetime| format!("{lifetime} ")).unwrap_or_default();
                format!("&{lifetime}{}{}", if *is_mutable { "mut " } else { "" }, self.ty(type_)?)
            }
            Type::FunctionPointer(pointer) => self.function_pointer(pointer)?,
            Type::QualifiedPath { name, args, self_type, trait_ } => {
                let args = self.optional_arguments(args.as_deref())?;
                let this = self.ty(self_type)?;
                match trait_ {
                    Some(of) if !of.path.is_empty() => format!("<{this} as {}>::{name}{args}", self.path(of)?),
                    _ => format!("{this}::{name}{args}"),
                }
            }
        })
    }

    /// A path with its arguments.
    pub fn path(&self, path: &Path) -> Option<String> {
        let name = self.places.name(self.krate, self.documented, path.id)?;
        Some(format!("{name}{}", self.optional_arguments(path.args.as_deref())?))
    }

    /// `<...>` of a definition; parameters that stand for `impl Trait` arguments are left out.
    pub fn parameters(&self, generics: &Generics) -> Option<String> {
        let written = generics.params.iter().filter(|parameter| !is_synthetic(parameter));
        let parameters: Option<Vec<String>> = written.map(|parameter| self.parameter(parameter)).collect();
        let parameters = parameters?;
        Some(if parameters.is_empty() { String::new() } else { format!("<{}>", parameters.join(", ")) })
    }

    /// The `where` clause, with a space before it, or nothing.
    pub fn conditions(&self, generics: &Generics) -> Option<String> {
        let conditions: Option<Vec<String>> =
            generics.where_predicates.iter().map(|condition| self.condition(condition)).collect();
        let conditions: Vec<String> = conditions?.into_iter().filter(|condition| !condition.ends_with(": ")).collect();
        Some(if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(", ")) })
    }

    /// Bounds joined by `+`. A bound on another library's trait is left out: it cannot be named, and inference gets
    /// along without.
    pub fn bounds(&self, bounds: &[GenericBound]) -> String {
        let bounds: Vec<String> = bounds.iter().filter_map(|bound| self.bound(bound)).collect();
        bounds.join(" + ")
    }

    fn parameter(&self, parameter: &GenericParamDef) -> Option<String> {
        let name = &parameter.name;
        Some(match &parameter.kind {
            GenericParamDefKind::Lifetime { outlives } if outlives.is_empty() => name.clone(),
            GenericParamDefKind::Lifetime { outlives } => format!("{name}: {}", outlives.join(" + ")),
            GenericParamDefKind::Type { bounds, default, .. } => {
                let bounds = self.bounds(bounds);
                let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
                let default = match default {
                    Some(default) => format!(" = {}", self.ty(default)?),
                    None => String::new(),
                };
                format!("{name}{bounds}{default}")
            }
            GenericParamDefKind::Const { type_, default } => {
                let default = default.as_deref().map(|default| format!(" = {default}")).unwrap_or_default();
                format!("const {name}: {}{default}", self.ty(type_)?)
            }
        })
    }

    fn condition(&self, condition: &WherePredicate) -> Option<String> {
        Some(match condition {
            WherePredicate::BoundPredicate { type_, bounds, generic_params } => {
                format!("{}{}: {}", self.higher_ranked(generic_params), self.ty(type_)?, self.bounds(bounds))
            }
            WherePredicate::LifetimePredicate { lifetime, outlives } => format!("{lifetime}: {}", outlives.join(" + ")),
            WherePredicate::EqPredicate { lhs, rhs } => format!("{} = {}", self.ty(lhs)?, self.term(rhs)?),
        })
    }

    fn bound(&self, bound: &GenericBound) -> Option<String> {
        Some(match bound {
            GenericBound::TraitBound { trait_, generic_params, modifier } => {
                let modifier = if *modifier == TraitBoundModifier::Maybe { "?" } else { "" };
                format!("{modifier}{}{}", self.higher_ranked(generic_params), self.path(trait_)?)
            }
            GenericBound::Outlives(lifetime) => lifetime.clone(),
            GenericBound::Use(captured) => {
                let names: Vec<&str> = captured
                    .iter()
                    .map(|captured| match captured {
                        PreciseCapturingArg::Lifetime(name) | PreciseCapturingArg::Param(name) => name.as_str(),
                    })
                    .collect();
                format!("use<{}>", names.join(", "))
            }
        })
    }

    fn higher_ranked(&self, parameters: &[GenericParamDef]) -> String {
        let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        if names.is_empty() { String::new() } else { format!("for<{}> ", names.join(", ")) }
    }

    fn optional_arguments(&self, arguments: Option<&GenericArgs>) -> Option<String> {
        arguments.map_or_else(|| Some(String::new()), |arguments| self.arguments(arguments))
    }

    fn arguments(&self, arguments: &GenericArgs) -> Option<String> {
        match arguments {
            GenericArgs::AngleBracketed { args, constraints } => {
                let mut parts: Vec<String> = Vec::new();
                for argument in args {
                    parts.push(match argument {
                        GenericArg::Lifetime(name) => name.clone(),
                        GenericArg::Type(ty) => self.ty(ty)?,
                        GenericArg::Const(constant) => format!("{{ {} }}", constant.expr),
                        GenericArg::Infer => "_".into(),
                    });
                }
                for constraint in constraints {
                    let arguments = self.optional_arguments(constraint.args.as_deref())?;
                    let binding = match &constraint.binding {
                        AssocItemConstraintKind::Equality(term) => format!(" = {}", self.term(term)?),
                        AssocItemConstraintKind::Constraint(bounds) => format!(": {}", self.bounds(bounds)),
                    };
                    parts.push(format!("{}{arguments}{binding}", constraint.name));
                }
                Some(if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) })
            }
            GenericArgs::Parenthesized { inputs, output } => {
                let inputs: Option<Vec<String>> = inputs.iter().map(|input| self.ty(input)).collect();
                let output = match output {
                    Some(output) => format!(" -> {}", self.ty(output)?),
                    None => String::new(),
                };
                Some(format!("({}){output}", inputs?.join(", ")))
            }
            GenericArgs::ReturnTypeNotation => None,
        }
    }

    fn term(&self, term: &Term) -> Option<String> {
        match term {
            Term::Type(ty) => self.ty(ty),
            Term::Constant(constant) => Some(constant.expr.clone()),
        }
    }

    fn function_pointer(&self, pointer: &FunctionPointer) -> Option<String> {
        let inputs: Option<Vec<String>> = pointer.sig.inputs.iter().map(|(_, input)| self.ty(input)).collect();
        let output = match &pointer.sig.output {
            Some(output) => format!(" -> {}", self.ty(output)?),
            None => String::new(),
        };
        let unsafety = if pointer.header.is_unsafe { "unsafe " } else { "" };
        Some(format!("{}{unsafety}fn({}){output}", self.higher_ranked(&pointer.generic_params), inputs?.join(", ")))
    }
}

/// Whether a parameter was made for an argument of type `impl Trait`.
fn is_synthetic(parameter: &GenericParamDef) -> bool {
    matches!(parameter.kind, GenericParamDefKind::Type { is_synthetic: true, .. })
}

/// A name as an identifier: keywords are escaped.
pub fn identifier(name: &str) -> String {
    const KEYWORDS: [&str; 14] =
        ["type", "match", "move", "ref", "where", "loop", "in", "box", "try", "async", "await", "dyn", "yield", "gen"];
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}
