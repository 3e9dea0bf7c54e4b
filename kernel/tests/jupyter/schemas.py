"""What the specification (Jupyter messaging 5.5) says of every message that a kernel sends, as JSON schemas.

Objects that the specification describes in full are closed: a field that it does not know is an error here.
"""

TEXT, COUNT, FLAG = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
ANY_OBJECT = {"type": "object"}
LINES = {"type": "array", "items": TEXT}


def closed(required, optional=None):
    return {"type": "object", "properties": required | (optional or {}), "required": list(required), "additionalProperties": False}


def either(*schemas):
    return {"oneOf": list(schemas)}


def status(word):
    return {"const": word}


BUNDLE = {
    "type": "object",
    "propertyNames": {"pattern": r"^[a-z]+/[A-Za-z0-9.+-]+$"},
    "patternProperties": {r"^text/": TEXT, r"^image/": TEXT},
}
TRANSIENT = {"type": "object", "properties": {"display_id": {"type": ["string", "null"]}}}
PROBLEM = {"ename": TEXT, "evalue": TEXT, "traceback": LINES}
ERROR = closed({"status": status("error")} | PROBLEM)
EXPRESSION = either(closed({"status": status("ok"), "data": BUNDLE, "metadata": ANY_OBJECT}), ERROR)
PAYLOAD = either(
    closed({"source": {"const": "page"}, "data": BUNDLE, "start": COUNT}),
    closed({"source": {"const": "set_next_input"}, "text": TEXT, "replace": FLAG}),
    closed({"source": {"const": "edit_magic"}, "filename": TEXT, "line_number": COUNT}),
    closed({"source": {"const": "ask_exit"}, "keepkernel": FLAG}),
)
EXECUTED = {"execution_count": COUNT}
EXPRESSIONS = {"user_expressions": {"type": "object", "additionalProperties": EXPRESSION}, "payload": {"type": "array", "items": PAYLOAD}}
LANGUAGE = closed(
    {"name": TEXT, "version": TEXT, "mimetype": TEXT, "file_extension": {"type": "string", "pattern": r"^\."}},
    {"pygments_lexer": TEXT, "codemirror_mode": {"type": ["string", "object"]}, "nbconvert_exporter": TEXT},
)
ENTRY = {"type": "array", "prefixItems": [COUNT, COUNT, either(TEXT, {"type": "array", "prefixItems": [TEXT, {"type": ["string", "null"]}], "minItems": 2, "maxItems": 2})], "minItems": 3, "maxItems": 3}
COMM = {"comm_id": TEXT, "data": ANY_OBJECT}

HEADER = closed(
    {"msg_id": {"type": "string", "minLength": 1}, "username": TEXT, "session": {"type": "string", "minLength": 1}, "msg_type": TEXT, "version": {"const": "5.5"},
     "date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}},
    {"subshell_id": {"type": ["string", "null"]}},
)  # fmt: skip

CONTENT = {
    # shell and control
    "execute_reply": either(
        closed({"status": status("ok")} | EXECUTED | EXPRESSIONS),
        closed({"status": status("error")} | EXECUTED | PROBLEM, EXPRESSIONS),
        closed({"status": status("aborted")} | EXECUTED, EXPRESSIONS),
    ),
    "inspect_reply": closed({"status": status("ok"), "found": FLAG, "data": BUNDLE, "metadata": ANY_OBJECT}),
    "complete_reply": closed({"status": status("ok"), "matches": LINES, "cursor_start": COUNT, "cursor_end": COUNT, "metadata": ANY_OBJECT}),
    "history_reply": closed({"status": status("ok"), "history": {"type": "array", "items": ENTRY}}),
    "is_complete_reply": either(
        closed({"status": {"enum": ["complete", "invalid", "unknown"]}}, {"indent": TEXT}),
        closed({"status": status("incomplete"), "indent": TEXT}),
    ),
    "comm_info_reply": closed({"status": status("ok"), "comms": {"type": "object", "additionalProperties": closed({"target_name": TEXT})}}),
    "kernel_info_reply": closed(
        {"status": status("ok"), "protocol_version": {"const": "5.5"}, "implementation": TEXT, "implementation_version": TEXT, "language_info": LANGUAGE, "banner": TEXT},
        {"debugger": FLAG, "help_links": {"type": "array", "items": closed({"text": TEXT, "url": {"type": "string", "pattern": "^https?://"}})},
         "supported_features": {"type": "array", "items": {"enum": ["debugger", "kernel subshells"]}}},
    ),
    "shutdown_reply": closed({"status": status("ok"), "restart": FLAG}),
    "interrupt_reply": closed({"status": status("ok")}),
    # stdin
    "input_request": closed({"prompt": TEXT, "password": FLAG}),
    # iopub
    "stream": closed({"name": {"enum": ["stdout", "stderr"]}, "text": TEXT}),
    "display_data": closed({"data": BUNDLE, "metadata": ANY_OBJECT}, {"transient": TRANSIENT}),
    "update_display_data": closed({"data": BUNDLE, "metadata": ANY_OBJECT, "transient": closed({"display_id": TEXT})}),
    "execute_input": closed({"code": TEXT, "execution_count": COUNT}),
    "execute_result": closed({"execution_count": COUNT, "data": BUNDLE, "metadata": ANY_OBJECT}, {"transient": TRANSIENT}),
    "error": closed(PROBLEM),
    "status": closed({"execution_state": {"enum": ["busy", "idle", "starting"]}}),
    "clear_output": closed({"wait": FLAG}),
    "iopub_welcome": closed({"subscription": TEXT}),
    "comm_open": closed(COMM | {"target_name": TEXT}, {"target_module": TEXT}),
    "comm_msg": closed(COMM),
    "comm_close": closed(COMM),
}  # fmt: skip
