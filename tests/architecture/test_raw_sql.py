"""No SQL written by hand, no HTML trusted blindly: what cannot be written cannot be injected into."""

import ast
import re

from tests.architecture.source import APPS, called_name, calls, modules, name_of, templates, tree

BY_HAND = frozenset({"raw", "extra", "cursor", "RawSQL"})
TRUSTING = frozenset({"mark_safe", "SafeString", "SafeText"})  # format_html escapes what it is given
UNESCAPED = re.compile(r"\|\s*(safe|safeseq)\b|{%\s*autoescape\s+off")

# file -> why what it trusts is harmless
TRUSTED = {
    "incidents/templatetags/log_rows.py": "rows of the logs, each text escaped there; test_hostile_logs feeds them",
}


# file -> why its SQL is written by hand
SQL = {
    "petra/database/postgresql/base.py": "DISCARD ALL, before a connection is used again",
    "incidents/evidence/bulk.py": "COPY, which Django does not know; all names go through psycopg2.sql",
    "tenants/row_writes.py": "UPDATE … FROM (VALUES …), which Django does not know; names are the model's, and quoted",
}


def test_no_sql_is_written_by_hand():
    found = [
        f"{name_of(path)}:{call.lineno} {called_name(call)}("
        for path in modules(*APPS)
        if name_of(path) not in SQL
        for call in calls(path)
        if called_name(call) in BY_HAND
    ]
    assert found == []


def test_no_html_is_trusted_in_code():
    found = {name_of(path) for path in modules(*APPS) for call in calls(path) if called_name(call) in TRUSTING} | {
        name_of(path)
        for path in modules(*APPS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name) and node.id == "mark_safe"  # as a decorator, or handed on
    }
    assert found == {name for name in TRUSTED if name.endswith(".py")}


def test_no_template_switches_escaping_off():
    found = {name_of(path) for path in templates() if UNESCAPED.search(path.read_text(encoding="utf-8"))}
    assert found == {name for name in TRUSTED if not name.endswith(".py")}
