"""Parameters of Rust notebooks for papermill: a translator, and an engine that keeps the types of the notebook's defaults."""

from __future__ import annotations

import math
import re

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

INTEGERS = {f"{sign}{bits}" for sign in "iu" for bits in (8, 16, 32, 64, 128, "size")}
DEFAULT = re.compile(r"^\s*(?P<head>(?:let\s+(?:mut\s+)?|const\s+)(?P<name>\w+)\s*(?::\s*(?P<type>[^=]+?))?)\s*=\s*(?P<value>.+?)\s*;\s*(?://\s*(?P<help>.*))?$", re.MULTILINE)
INJECTED = re.compile(r"^let (?P<name>\w+) = (?P<value>.*);$", re.MULTILINE)


class RustTranslator(Translator):
    """Values of parameters as Rust."""

    @classmethod
    def translate_none(cls, val):
        return "None::<f64>"

    @classmethod
    def translate_str(cls, val):
        escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        return '"' + "".join(escapes.get(c, c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in str(val)) + '"'

    @classmethod
    def translate_int(cls, val):
        if -(2**31) <= val < 2**31:
            return f"{val}"
        return f"{val}_i64" if -(2**63) <= val < 2**63 else f"{val}_i128"

    @classmethod
    def translate_float(cls, val):
        if math.isfinite(val):
            return repr(float(val))
        return "f64::NAN" if math.isnan(val) else ("f64::INFINITY" if val > 0 else "f64::NEG_INFINITY")

    @classmethod
    def translate_list(cls, val):
        return f"vec![{', '.join(cls.translate(item) for item in val)}]"

    @classmethod
    def translate_dict(cls, val):
        pairs = ", ".join(f"({cls.translate_str(name)}, {cls.translate(item)})" for name, item in val.items())
        return f"std::collections::BTreeMap::from([{pairs}])"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        found = DEFAULT.finditer(parameters_cell["source"])
        return [Parameter(m["name"], (m["type"] or "None").strip(), m["value"], m["help"] or "") for m in found]


def with_type_of_default(value: str, type_name: str | None, default: str) -> str:
    """A translated value as the notebook's default is written: its type, and `String` for text that is owned there."""
    is_text = value.startswith('"')
    if is_text and (type_name == "String" or re.search(r"\.(to_owned|to_string)\(\)$|^String::from\(", default)):
        return f"String::from({value})"
    type_name = type_name or (re.search(r"[iuf](?:8|16|32|64|128|size)$", default) or [None])[0]
    is_float = type_name in ("f32", "f64") or type_name is None and re.fullmatch(r"-?[\d_]*\.[\d_]*(?:[eE][+-]?\d+)?", default)
    number = re.fullmatch(r"(-?\d+)(?:_i64|_i128)?", value)
    if number and is_float:
        return f"{number[1]}.0"
    if number and type_name in INTEGERS:
        return f"{number[1]}_{type_name}"
    return value


class Engine(NBClientEngine):
    """papermill's own engine; parameters of Rust notebooks take the types of their defaults first."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **kwargs):
        cells = nb_man.nb.cells
        tagged = {tag: cell for cell in cells for tag in cell.metadata.get("tags", [])}
        defaults, injected = tagged.get("parameters"), tagged.get("injected-parameters")
        if defaults is not None and injected is not None and nb_man.nb.metadata.get("kernelspec", {}).get("language") == "rust":
            known = {m["name"]: m for m in DEFAULT.finditer(defaults.source)}

            def typed(found):
                default = known.get(found["name"])
                if default is None:
                    return found[0]
                type_name = default["type"] and default["type"].strip()
                return f"{default['head'].strip()} = {with_type_of_default(found['value'], type_name, default['value'])};"

            injected.source = INJECTED.sub(typed, injected.source)
        return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


papermill_translators.register("rust", RustTranslator)
