"""What the panel's templates are told. Without a database."""

import re
from dataclasses import replace
from typing import Any

import pytest

from remediation.contexts import GroupView, ItemView, PanelView, RunView, StepView
from remediation.enums import ScanState
from remediation.models import Finding, Scan
from remediation.templatetags import remediation_tags as tags

KEY = "0" * 32
RUN = RunView(
    pk=1,
    words="Sign-in blocked",
    title="Dana",
    tone="done",
    at=None,
    by_name="Ravi",
    verified_at=None,
    message="",
    waits_until=None,
    code="",
    request_id="",
    can_undo=True,
    undo_note="",
    undo_question="",
)


def item(*, run: RunView | None = None, can_select: bool = True, **finding: object) -> ItemView:
    return ItemView(finding=Finding(**finding), run=run, is_checked=can_select, can_select=can_select)


def group(*suspicious: ItemView, others: tuple[ItemView, ...] = (), is_checked: bool = True) -> GroupView:
    return GroupView("device", "Devices", list(suspicious), list(others), is_checked, "None", [])


def step(state: str = "todo", **more: object) -> StepView:
    return StepView(number=3, label="Disable", note="", state=state, words="", **more)


def test_each_form_has_a_key_of_its_own_and_keeps_it():
    keys = {tags.form_key(KEY, part) for part in ("step-1", "step-2", "item-1", 1, 11)}
    assert len(keys) == 5
    assert all(re.fullmatch(r"[0-9a-f]{32}", key) for key in keys)
    assert tags.form_key(KEY, "step-1") == tags.form_key(KEY, "step-1")
    assert tags.form_key("1" * 32, "step-1") not in keys


@pytest.mark.parametrize(
    ("state", "is_next", "classes"),
    [
        ("todo", True, "is-open is-next"),
        ("blocked", False, "is-open"),
        ("running", False, "is-running"),
        ("done", False, "is-done"),
        ("clear", False, "is-clear"),
        ("partly", True, "is-partial is-next"),
        ("failed", False, "is-failed"),
    ],
)
def test_a_step_bears_its_state(state: str, is_next: bool, classes: str):
    assert tags.step_class(step(state, is_next=is_next)) == classes


@pytest.mark.parametrize(
    ("state", "is_checked", "scan", "is_uncertain"),
    [
        ("clear", True, ScanState.COMPLETE, False),
        ("clear", False, ScanState.COMPLETE, True),
        ("clear", True, ScanState.FAILED, True),
        ("done", False, ScanState.FAILED, False),
    ],
)
def test_nothing_found_where_nothing_was_looked_at_is_no_all_clear(
    state: str, is_checked: bool, scan: ScanState, is_uncertain: bool
):
    shown = step(state, groups=[group(is_checked=is_checked)], scan=Scan(state=scan))
    assert tags.is_uncertain(shown) == is_uncertain
    assert (tags.step_class(shown) == "is-partial") == is_uncertain


def test_undo_all_means_what_can_be_taken_back_without_a_question():
    runs = [RUN, replace(RUN, pk=2, can_undo=False), replace(RUN, pk=3, undo_question="Sure?")]
    groups = [group(item(run=replace(RUN, pk=4)), item(), others=(item(run=replace(RUN, pk=5)),))]
    assert tags.undoable(step(runs=runs, groups=groups)) == [1, 4, 5]


def test_what_others_notice_and_what_is_protected_is_no_part_of_a_selection():
    plain, shared, protected = item(), item(others_affected=9), item(protected_address="safe@acme.example")
    taken = item(can_select=False)
    assert [tags.is_checkable(one) for one in (plain, shared, protected, taken)] == [True, False, False, False]
    assert tags.checkable_count(step(groups=[group(plain, shared), group(protected, item())])) == 2


def test_others_are_legitimate_or_refused():
    fine, ours = item(title="LAPTOP"), item(refusal="Petra's own application")
    shown = group(others=(fine, ours))
    assert (tags.legitimate(shown), tags.refused(shown)) == ([fine], [ours])


@pytest.mark.parametrize(
    ("can_act", "state", "may"), [(True, "todo", True), (True, "blocked", False), (False, "todo", False)]
)
def test_buttons_are_offered_to_those_who_may(can_act: bool, state: str, may: bool):
    panel = PanelView(steps=[], next_step=None, can_act=can_act, is_open=True, is_unpublished=False, outages=[])
    assert tags.may_press(panel, step(state)) == may


@pytest.mark.parametrize(
    ("tone", "can_undo", "mark"),
    [("undone", False, "Put back"), ("failed", True, "Undo failed"), ("failed", False, "Failed")],
)
def test_a_mail_says_how_it_stands(tone: str, can_undo: bool, mark: str):
    assert tags.mail_mark(replace(RUN, tone=tone, can_undo=can_undo)) == mark


def test_facts_are_found_by_their_label():
    finding = Finding(facts=[["Mailbox", "dana@acme.example"], ["Folder", "Inbox"]], action_key="retract_message")
    assert (tags.fact(finding, "Folder"), tags.fact(finding, "Read")) == ("Inbox", "")
    assert (tags.verb_of(finding), tags.action_of(finding).key) == ("Retract", "retract_message")
    assert tags.verb_of(Finding(action_key="disable_device")) == "Disable"


@pytest.mark.parametrize(
    ("finding", "offered"),
    [
        ({"is_suspicious": True}, ["Mark legitimate"]),
        ({"is_suspicious": True, "is_uncertain": True}, ["Mark legitimate", "Mark malicious"]),
        ({}, ["Mark malicious"]),
        ({"is_suspicious": True, "is_uncertain": True, "verdict": "legitimate"}, ["Undo mark"]),
    ],
)
def test_the_verdicts_that_are_offered(finding: dict[str, Any], offered: list[str]):
    assert [label for *_, label in tags.verdicts_offered(Finding(**finding))] == offered
