"""What is read of posted forms, and which of it names a row: the table, and two ways to find out what belongs in it.

The source is searched for every place that reads a posted form; and a request listens to what is asked of its form.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass
from pathlib import Path
from typing import Any

from django.forms import BaseForm
from django.http import QueryDict

from tests.architecture.source import APPS, Function, functions, modules, name_of

NO_ROW = ""  # the field names no row
POSTED = {"POST", "FILES"}  # by what source reads a posted form

# field -> what it names, by form.
_WORDS_OF_RIGHTS = dict.fromkeys(("role", "can_manage_tenants", "can_view_sensitive_tenants", "is_read_only"), NO_ROW)
_COPIES = {"items": "copy of a campaign", "whole": "tenant of a campaign"}
FORMS: dict[str, dict[str, str]] = {
    "AcceptForm": {"display_name": NO_ROW, "password": NO_ROW, "repeated": NO_ROW},
    "ActivityFilter": {
        "tenant": "tenant of a filter",
        "incident": "incident of a filter",
        "before": NO_ROW,  # a place in the reader's own trail: ids are held against it, and none is looked up
        "text": NO_ROW,
        "who": NO_ROW,
        "verb": NO_ROW,
        "outcome": NO_ROW,
        "since": NO_ROW,
        "until": NO_ROW,
    },
    "AddForm": {"name": "tenant's name", "is_sensitive": NO_ROW, "is_demo": NO_ROW},
    "ApprovalForm": {"rule": NO_ROW, "mails": NO_ROW, "tenants": NO_ROW},
    "AssignForm": {"owner": "member"},
    "ChosenForm": _COPIES,
    "ConfirmForm": {
        **_COPIES,
        "key": NO_ROW,  # of a form of one's own: another member's is not looked for
        "digest": NO_ROW,
        "reason": NO_ROW,
        "emergency": NO_ROW,
    },
    "ConsentForm": {"application": NO_ROW, "service": NO_ROW},
    "DismissForm": {"reason": NO_ROW},
    "FinishForm": {
        "state": "consent",
        "microsoft_tenant_id": NO_ROW,  # a directory at Microsoft, to be proven: integration/tenants/test_connecting.py
    },
    "IndicatorForm": {"kind": NO_ROW, "value": NO_ROW, "note": NO_ROW},  # held against the incident's own logs
    "InvitationForm": {"email": "member's address", "tenants": "tenant id", **_WORDS_OF_RIGHTS},
    "JudgeForm": {"verdict": NO_ROW},
    "LogFilter": dict.fromkeys(
        (
            *("tab", "who", "since", "until", "operation", "result", "country_is", "country", "ip", "network"),
            *("hosting", "application", "user", "subject", "sender"),
            "before",  # a place in one's own logs: rows are held against it, and none is looked up
        ),
        NO_ROW,
    ),
    "MarkForm": {"is_sensitive": NO_ROW},
    "NameForm": {"name": "tenant's name"},
    "NoteForm": {"text": NO_ROW},
    "OpeningForm": {"user": "account", "since": NO_ROW, "title": NO_ROW},
    "OwnApplicationForm": dict.fromkeys(
        # The ids are Microsoft's, to be proven by signing in: integration/tenants/test_connecting.py
        ("cloud", "microsoft_tenant_id", "client_id", "client_secret", "secret_ends_on"),
        NO_ROW,
    ),
    "PauseForm": {"reason": NO_ROW},
    "PhishForm": {"record": "record", "message": "message"},
    "PressForm": {
        "items": "finding",
        "key": "press",
        "all": NO_ROW,
        "again": NO_ROW,
        "reason": NO_ROW,
        "typed_address": NO_ROW,  # held against the incident's own account and findings
    },
    "ReasonForm": {"reason": NO_ROW},
    "RemoveForm": {"typed_name": NO_ROW, "reason": NO_ROW},  # held against the address's own tenant
    "ResponseSwitch": {"switch": NO_ROW, "place": NO_ROW},
    "RightsForm": {"tenants": "tenant id", **_WORDS_OF_RIGHTS},
    "SweepForm": {
        "subject": NO_ROW,
        "sender": NO_ROW,
        "message_id": NO_ROW,
        "link": NO_ROW,
        "attachment_hash": NO_ROW,
        "since": NO_ROW,
        "until": NO_ROW,
        "where": "tenant of a sweep",
    },
    "TakeBackForm": {"runs": "run of a campaign", "whole": "tenant of a campaign"},
    "UndoForm": {"runs": "run", "confirmed": NO_ROW},
}
# What is read by its name, without a form.
TENANT = {"tenant": "tenant"}
KIND = {"kind": NO_ROW}
SECOND_FACTOR = {"require_second_factor": NO_ROW}

Fields = dict[str, str]


def _fields(*forms: Fields | str) -> Fields:
    found: Fields = {}
    for form in forms:
        found |= FORMS[form] if isinstance(form, str) else form
    return found


def _acts(*names: str, forms: tuple[Fields | str, ...] = ()) -> dict[str, Fields]:
    """Acts on one tenant: their forms say which one they were made for."""
    return {name: _fields(*forms, TENANT) for name in names}


def _on_campaigns(place: str) -> dict[str, Fields]:
    """Acts on a campaign, on its own page or under its incident."""
    forms = {"plan": "ChosenForm", "begin": "ConfirmForm", "refuse": "ReasonForm", "undo": "TakeBackForm"}
    acts = ("search", "plan", "begin", "approve", "refuse", "stop", "resume", "retry", "undo")
    return {f"remediation:{place}_{act}": _fields(*([forms[act]] if act in forms else [])) for act in acts}


# What each address reads of what is posted to it, all pages that it answers with included: where the whole incident
# page is one of them, its logs take their filter from the form.
ADDRESSES: dict[str, Fields] = {
    **_acts("incidents:publish", "incidents:reopen", forms=("LogFilter",)),
    **_acts("incidents:indicator_accept", "incidents:indicator_reject"),
    **_acts("incidents:phish_mark", "incidents:phish_pick", "incidents:phish_unmark", forms=("PhishForm", "LogFilter")),
    **_acts("incidents:assign", forms=("AssignForm", "LogFilter")),
    **_acts("incidents:dismiss", forms=("DismissForm", "LogFilter")),
    **_acts("incidents:indicator_add", forms=("IndicatorForm", "LogFilter")),
    **_acts("incidents:note", forms=("NoteForm", "LogFilter")),
    **_acts("incidents:report_ask", forms=(KIND, "LogFilter")),
    **_acts("incidents:logs_export", "incidents:tenant_export", "incidents:user_export", forms=(KIND, "LogFilter")),
    **_acts("incidents:import_upload"),
    **_acts("incidents:open", forms=("OpeningForm",)),
    **_acts("remediation:retry", "remediation:scan", "remediation:stop_watch", "remediation:reveal_password"),
    **_acts("remediation:approve"),
    **_acts("remediation:refuse", "remediation:override", forms=("ReasonForm",)),
    **_acts("remediation:judge", forms=("JudgeForm",)),
    **_acts("remediation:press", forms=("PressForm",)),
    **_acts("remediation:undo", forms=("UndoForm",)),
    **{name: fields | TENANT for name, fields in _on_campaigns("cross_tenant").items()},
    **_acts("connections:test", "connections:resume"),
    **_acts("connections:consent", forms=("ConsentForm",)),
    **_acts("connections:finish", forms=("FinishForm",)),
    **_acts("connections:mark", forms=("MarkForm",)),
    **_acts("connections:own", forms=("OwnApplicationForm",)),
    **_acts("connections:pause", forms=("PauseForm",)),
    **_acts("connections:remove", forms=("RemoveForm",)),
    **_acts("connections:rename", forms=("NameForm",)),
    **_acts("tenants:petra_response", forms=("ResponseSwitch",)),
    "demo_reset": {},
    "invitation_accept": _fields("AcceptForm"),
    **_on_campaigns("campaign"),
    "remediation:sweep": _fields("SweepForm"),
    "session_end": {},
    "sessions_end_others": {},
    "tenants:activity_export": _fields("ActivityFilter"),
    "tenants:approval_change": _fields("ApprovalForm"),
    "tenants:factors_remove": {},
    "tenants:invitation_withdraw": {},
    "tenants:member_change": _fields("RightsForm"),
    "tenants:member_deactivate": {},
    "tenants:member_invite": _fields("InvitationForm"),
    "tenants:member_reactivate": {},
    "tenants:security_change": SECOND_FACTOR,
    "tenants:tenant_add": _fields("AddForm"),
}


class Listening(QueryDict):
    """A posted form that notes what it is asked for; what is looked up ends at one of these three."""

    asked: set[str]

    @classmethod
    def to(cls, form: QueryDict, asked: set[str]) -> "Listening":
        made = cls(mutable=True, encoding=form.encoding)
        made.asked = asked
        for name, values in form.lists():
            made.setlist(name, values)
        return made

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def getlist(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().getlist(name, default)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


# --- In the source ----------------------------------------------------------------------------------------------------
def readers() -> dict[str, list[str]]:
    """`file:function` -> what it does with the posted form: "OpeningForm", "[kind]", or the name it goes on under."""
    found: dict[str, list[str]] = {}
    for path in modules(*APPS):
        for function in functions(path):
            for told in _readings(function):
                found.setdefault(f"{name_of(path)}:{function.name}", []).append(told)
    return found


def _readings(function: Function) -> Iterator[str]:
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr in POSTED and _within(node, parents) is function:
            yield _use(node, parents)


def _within(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """The innermost function around a node."""
    while node in parents:
        node = parents[node]
        if isinstance(node, Function):
            break
    return node


def _use(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> str:
    """What becomes of a posted form; how it is written, where that is none of the known ways."""
    match parents[node]:
        case ast.BoolOp() | ast.IfExp() as choice:
            return _use(choice, parents)
        case ast.Call(func=ast.Name(id=name)):
            return name
        case ast.Attribute(attr="get" | "getlist") as asked:
            match parents[asked]:
                case ast.Call(args=[ast.Constant(value=str(name)), *_]):
                    return f"[{name}]"
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return f"[{name}]"
        case ast.Assign(targets=[ast.Name(id=name)]):
            return f"{name} ="
    return ast.unparse(parents[node])


def posted_forms() -> dict[str, set[str]]:
    """The forms that posted forms are put into, each with its fields; files apart."""
    found = {}
    for where, uses in readers().items():
        module = import_module(Path(where.partition(":")[0]).with_suffix("").as_posix().replace("/", "."))
        for use in uses:
            form = getattr(module, use, None)
            if isclass(form) and issubclass(form, BaseForm):
                found[use] = {name for name, field in form.base_fields.items() if not field.widget.needs_multipart_form}
    return found
