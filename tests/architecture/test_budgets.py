"""How long things may be. Whoever needs more has found a second thing, and gives it a name of its own."""

import ast
from pathlib import Path

from tests.architecture.source import ROOT, Function, functions, length, modules, name_of, templates

FUNCTION, MOST_FUNCTIONS, VIEW, TASK = 40, 25, 25, 10
FILE, TEMPLATE, SETTINGS = 400, 150, 400
FORBIDDEN_NAMES = frozenset(
    "util utils helper helpers common misc manager managers handler handlers data info".split()  # noqa: SIM905
)


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def too_long(found: dict[str, int], limit: int) -> dict[str, int]:
    return {name: lines for name, lines in found.items() if lines > limit}


def all_functions() -> dict[str, int]:
    return {
        f"{name_of(path)}:{node.lineno} {node.name}": length(node) for path in modules() for node in functions(path)
    }


def is_view(path: Path, node: Function) -> bool:
    in_views = path.stem == "views" or path.stem.endswith("_views") or path.parent.name == "views"
    return in_views and bool(node.args.args) and node.args.args[0].arg == "request"


def is_task(node: Function) -> bool:
    return any("shared_task" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_no_function_is_longer_than_forty_lines():
    assert too_long(all_functions(), FUNCTION) == {}


def test_nine_functions_in_ten_fit_into_twenty_five_lines():
    found = all_functions()
    assert len(too_long(found, MOST_FUNCTIONS)) <= len(found) / 10


def test_views_are_short():
    found = {
        f"{name_of(path)}:{node.lineno} {node.name}": length(node)
        for path in modules()
        for node in functions(path)
        if is_view(path, node)
    }
    assert found
    assert too_long(found, VIEW) == {}


def test_tasks_only_call():
    found = {
        f"{name_of(path)}:{node.lineno} {node.name}": length(node)
        for path in modules()
        for node in functions(path)
        if is_task(node)
    }
    assert found
    assert too_long(found, TASK) == {}


def test_no_file_is_longer_than_four_hundred_lines():
    assets = [path for path in (ROOT / "static").rglob("*") if path.suffix in {".css", ".js"}]
    own = [path for path in assets if "vendor" not in path.parts]
    assert too_long({name_of(path): lines_of(path) for path in [*modules(), *own]}, FILE) == {}


def test_templates_are_short():
    assert too_long({name_of(path): lines_of(path) for path in templates()}, TEMPLATE) == {}


def test_settings_are_readable():
    assert lines_of(ROOT / "petra" / "settings.py") <= SETTINGS


def test_modules_are_named_after_what_is_in_them():
    paths = [*modules(), *sorted((ROOT / "tests").rglob("*.py"))]
    names = {name_of(path): {path.stem, *path.relative_to(ROOT).parts[:-1]} for path in paths}
    assert {name: parts & FORBIDDEN_NAMES for name, parts in names.items() if parts & FORBIDDEN_NAMES} == {}
