"""One file per action; each is registered, documented, and asks only for permissions that Petra asks tenants for."""

import importlib
import inspect

import pytest

from graph.permissions import REQUIRED_PERMISSIONS
from remediation.actions.base import Action
from remediation.actions.registry import ACTIONS
from tests.architecture.source import ROOT, modules, name_of


def defined_actions() -> dict[str, list[type[Action]]]:
    """Concrete actions by the file that defines them."""
    found: dict[str, list[type[Action]]] = {}
    for path in modules("remediation/actions"):
        module = importlib.import_module(
            name_of(path).removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        )
        classes = [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, Action)]
        own = [one for one in classes if one.__module__ == module.__name__ and not inspect.isabstract(one)]
        if own:
            found[name_of(path)] = own
    return found


def test_every_action_is_registered():
    defined = {action for actions in defined_actions().values() for action in actions}
    assert {type(action) for action in ACTIONS.values()} == defined


def test_an_action_has_a_file_of_its_own_that_bears_its_key():
    assert {file: [action.key for action in actions] for file, actions in defined_actions().items()} == {
        f"remediation/actions/{key}.py": [key] for key in ACTIONS
    }


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.key)
def test_an_action_is_documented(action):
    assert f"[`{action.key}`]" in (ROOT / "docs/reference/actions.md").read_text()


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.key)
def test_an_action_needs_only_what_petra_asks_tenants_for(action):
    asked = {need.name for need in REQUIRED_PERMISSIONS}
    assert set(action.permissions) - asked == set()


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.key)
def test_an_action_without_undo_says_why(action):
    assert action.can_undo or action.undo_note


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.key)
def test_an_action_that_can_be_undone_knows_how_to_look(action):
    assert action.can_undo == (type(action).undo is not Action.undo)
    assert action.can_undo == (type(action).is_undone is not Action.is_undone)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.key)
def test_what_an_action_counters_exists(action):
    assert action.counters <= set(ACTIONS)
