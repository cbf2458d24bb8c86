"""The verdict can fail: a sound run, and the same run with one thing wrong at a time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.effects import KILLED, LOST, OUTAGE, repeats
from tests.chaos.evidence import (
    Attempt,
    Change,
    Cloud,
    Effect,
    Evidence,
    Kill,
    Order,
    Outage,
    Row,
    Run,
    Search,
    Sent,
    Stall,
)
from tests.chaos.verdict import CHECKS, judge
from tests.chaos.world import folder_id

MOVE, MOVE_BACK, LOCK = "move", "move back", "lock"
INBOX, DELETED = folder_id("anna", "inbox"), folder_id("anna", "deleteditems")


def _run(number: int, action: str, **more: Any) -> Run:
    values = {"id": number, "town": "mill", "incident": 1, "order": 1, "step": 2, "action": action}
    return Run(**values | {"target_key": f"{action} target", "state": "succeeded"} | more)


def sound() -> Evidence:
    """A mail was retracted, the account locked; the worker of the first try of the lock died before it could write."""
    mail = {"user_id": "anna", "message_id": "phish"}
    requests = {"apply": frozenset({MOVE}), "undo": frozenset({MOVE_BACK})}
    return Evidence(
        runs=[
            _run(1, "retract_message", target=mail, requests=requests, finished_at=10.0),
            _run(
                2, "lock_account", target={"user_id": "anna"}, requests={"apply": frozenset({LOCK})}, finished_at=20.0
            ),
        ],
        attempts=[
            Attempt(id=1, run=1, kind="apply", fence="f1", started_at=1.0),
            Attempt(id=2, run=2, kind="apply", fence="f2", started_at=2.0, is_open=True),
            Attempt(id=3, run=2, kind="apply", fence="f3", started_at=15.0),
        ],
        orders=[Order(id=1, incident=1, key="key", state="finished")],
        searches=[Search(id=1, state="complete")],
        audit=[
            _row(1, "press_step", "work_order", "Pressed", outcome="requested"),
            _row(2, "retract_message", "action_run", "Moved to Deleted Items"),
            _row(3, "lock_account", "action_run", "Sign-in blocked", object_id="2"),
            _row(4, "mark_remediated", "incident", "Remediated"),
        ],
        history=[*_ran(1, "f1", 1.0), *_ran(2, "f2", 2.0, end="queued"), *_ran(2, "f3", 15.0, old="f2")],
        effects=[_effect(1, "a"), _effect(2, "b"), _effect(3, "c")],
        sent=[_sent("a", 1, MOVE, 201), _sent("b", 2, LOCK, None), _sent("c", 3, LOCK, 204)],
        kills=[Kill(point="sent", ordinal=4, fences=frozenset({"f2"}))],
        planned_kills=frozenset({("sent", 4)}),
        before={"mill": Cloud(accounts={"anna": True}, mails=_mails(phish=INBOX))},
        after={"mill": Cloud(accounts={"anna": False}, mails=_mails(phish=DELETED))},
        posted_keys=frozenset({"key"}),
        remediated={1: True},
    )


def _mails(phish: str, honest: str = INBOX) -> dict[str, tuple[str, str, str]]:
    return {"phish": ("anna", phish, "<phish>"), "honest": ("anna", honest, "<honest>")}


def _row(number: int, verb: str, kind: str, summary: str, *, object_id: str = "1", outcome: str = "done") -> Row:
    return Row(
        id=number, verb=verb, object_type=kind, object_id=object_id, incident=1, outcome=outcome, summary=summary
    )


def _ran(run: int, fence: str, at: float, *, old: str = "", end: str = "succeeded") -> list[Change]:
    claimed = Change(id=int(at * 10), run=run, old="queued", new="running", old_fence=old, new_fence=fence, at=at)
    ended = Change(id=int(at * 10) + 1, run=run, old="running", new=end, old_fence=fence, new_fence=fence, at=at + 1)
    return [claimed, ended]


def _effect(number: int, identity: str) -> Effect:
    return Effect(id=number, client_request_id=identity, what=f"PATCH /{identity}")


def _sent(identity: str, attempt: int | None, fingerprint: str, status: int | None) -> Sent:
    return Sent(client_request_id=identity, attempt=attempt, fingerprint=fingerprint, status=status)


def test_a_sound_run_passes_every_check():
    assert judge(sound()) == {}


def _second_effect_of_an_answered_write(seen: Evidence) -> None:
    seen.attempts.append(Attempt(id=4, run=1, kind="apply", fence="f4", started_at=30.0))
    seen.sent.append(_sent("d", 4, MOVE, 201))
    seen.effects.append(_effect(4, "d"))


def _second_effect_in_one_attempt(seen: Evidence) -> None:
    seen.sent.append(_sent("d", 1, MOVE, 201))
    seen.effects.append(_effect(4, "d"))


def _kill_of_another_set(seen: Evidence) -> None:
    seen.kills = [replace(seen.kills[0], fences=frozenset({"f9"}))]


def _effect_that_nobody_sent(seen: Evidence) -> None:
    seen.effects.append(_effect(4, "z"))


def _effect_that_is_not_the_runs(seen: Evidence) -> None:
    seen.sent.append(_sent("d", 1, "delete everything", 204))
    seen.effects.append(_effect(4, "d"))


def _done_without_effect(seen: Evidence) -> None:
    del seen.effects[0]


def _two_runs_do_the_same(seen: Evidence) -> None:
    twin = replace(seen.runs[0], id=3, step=3)
    seen.runs.append(twin)
    seen.attempts.append(Attempt(id=4, run=3, kind="apply", fence="f4", started_at=30.0))
    seen.sent.append(_sent("d", 4, MOVE, 201))
    seen.effects.append(_effect(4, "d"))
    seen.history += _ran(3, "f4", 30.0)
    seen.audit.append(_row(5, "retract_message", "action_run", "Moved to Deleted Items", object_id="3"))


def _audit_row_missing(seen: Evidence) -> None:
    del seen.audit[1]


def _audit_row_twice(seen: Evidence) -> None:
    seen.audit.append(replace(seen.audit[1], id=9))


def _audit_row_of_another_end(seen: Evidence) -> None:
    seen.audit[1] = replace(seen.audit[1], outcome="failed", summary="Failed: Move to Deleted Items")


def _press_not_told(seen: Evidence) -> None:
    del seen.audit[0]


def _retry_not_told(seen: Evidence) -> None:
    failed = [*_ran(1, "f0", 0.2, end="failed"), Change(id=4, run=1, old="failed", new="queued", at=0.4)]
    seen.history = [*failed, *seen.history]
    seen.audit.insert(0, _row(0, "retract_message", "action_run", "Failed: Move", outcome="failed"))


def _closing_told_twice(seen: Evidence) -> None:
    seen.audit.append(replace(seen.audit[3], id=9))


def _stuck_run(seen: Evidence) -> None:
    seen.runs[0] = replace(seen.runs[0], state="running", has_lease=True)


def _failed_without_reason(seen: Evidence) -> None:
    seen.runs[0] = replace(seen.runs[0], state="failed")


def _waits_to_be_read_back(seen: Evidence) -> None:
    seen.runs[0] = replace(seen.runs[0], is_verified=False, is_verification_due=True)


def _never_read_back(seen: Evidence) -> None:
    seen.runs[0] = replace(seen.runs[0], is_verified=False)


def _stuck_search(seen: Evidence) -> None:
    seen.searches.append(Search(id=2, state="queued"))


def _open_order(seen: Evidence) -> None:
    seen.orders[0] = replace(seen.orders[0], state="approved")


def _open_attempt_of_a_living_worker(seen: Evidence) -> None:
    seen.attempts.append(Attempt(id=4, run=1, kind="apply", fence="f4", started_at=30.0, is_open=True))


def _illegal_arrow(seen: Evidence) -> None:
    seen.history.append(Change(id=900, run=1, old="succeeded", new="canceled", at=40.0))
    seen.audit.append(_row(5, "retract_message", "action_run", "Canceled: Move"))


def _stolen_from_a_living_worker(seen: Evidence) -> None:
    steal = Change(id=900, run=1, old="undoing", new="undoing", old_fence="f1", new_fence="f5", old_lease=99.0, at=50.0)
    seen.history.append(steal)


def _untrue_done(seen: Evidence) -> None:
    seen.after = {"mill": Cloud(accounts={"anna": True}, mails=_mails(phish=DELETED))}


def _mail_still_there(seen: Evidence) -> None:
    seen.after = {"mill": Cloud(accounts={"anna": False}, mails=_mails(phish=INBOX))}


def _mail_there_twice(seen: Evidence) -> None:
    copies = _mails(phish=DELETED) | {"copy": ("anna", DELETED, "<phish>")}
    seen.after = {"mill": Cloud(accounts={"anna": False}, mails=copies)}


def _untrue_not_done(seen: Evidence) -> None:
    words = "Petra tried this six times and looked afterwards: it is not done."
    seen.runs[1] = replace(seen.runs[1], state="failed", message=words)
    seen.history[-1] = replace(seen.history[-1], new="failed")
    seen.audit[2] = replace(seen.audit[2], outcome="failed", summary=f"Failed: Block sign-in. {words}")


def _untrue_account(seen: Evidence) -> None:
    seen.accounts = {"mill": ("anna", True)}


def _consent_given_twice(seen: Evidence) -> None:
    seen.after["mill"].grants = {"one": "app Mail.Read", "two": "app Mail.Read"}


def _honest_mail_moved(seen: Evidence) -> None:
    seen.after = {"mill": Cloud(accounts={"anna": False}, mails=_mails(phish=DELETED, honest=DELETED))}


def _honest_mail_lost(seen: Evidence) -> None:
    mails = {"phish": ("anna", DELETED, "<phish>")}
    seen.after = {"mill": Cloud(accounts={"anna": False}, mails=mails)}


def _two_orders_of_one_form(seen: Evidence) -> None:
    seen.orders.append(replace(seen.orders[0], id=2))
    seen.audit.append(_row(5, "press_step", "work_order", "Pressed", object_id="2", outcome="requested"))


def _order_without_a_press(seen: Evidence) -> None:
    seen.posted_keys = frozenset()


def _kill_that_never_came(seen: Evidence) -> None:
    seen.planned_kills = frozenset({("sent", 4), ("claimed", 1)})


def _not_remediated(seen: Evidence) -> None:
    seen.remediated = {1: False}
    del seen.audit[3]


def _worker_ended_by_itself(seen: Evidence) -> None:
    seen.surprises.append("worker0 ended by itself with status 1")


WRONG: dict[Callable[[Evidence], None], set[str]] = {
    _second_effect_of_an_answered_write: {"effects_once"},
    _second_effect_in_one_attempt: {"effects_once"},
    _kill_of_another_set: {"effects_once", "only_the_dead_left_attempts_open"},
    _effect_that_nobody_sent: {"nothing_unordered"},
    _effect_that_is_not_the_runs: {"nothing_unordered"},
    _done_without_effect: {"effects_once"},
    _two_runs_do_the_same: {"effects_once"},
    _audit_row_missing: {"audit_has_no_gap"},
    _audit_row_twice: {"audit_has_no_gap"},
    _audit_row_of_another_end: {"audit_has_no_gap"},
    _press_not_told: {"every_act_is_told_once"},
    _retry_not_told: {"every_act_is_told_once"},
    _closing_told_twice: {"every_act_is_told_once"},
    _stuck_run: {"every_run_ended", "nothing_is_stuck"},
    _failed_without_reason: {"every_run_ended"},
    _waits_to_be_read_back: {"every_run_ended", "nothing_is_stuck"},
    _never_read_back: {"every_run_ended"},
    _stuck_search: {"nothing_is_stuck"},
    _open_order: {"nothing_is_stuck"},
    _open_attempt_of_a_living_worker: {"only_the_dead_left_attempts_open"},
    _illegal_arrow: {"transitions_are_legal"},
    _stolen_from_a_living_worker: {"transitions_are_legal"},
    _untrue_done: {"says_what_is_true"},
    _untrue_not_done: {"says_what_is_true"},
    _untrue_account: {"says_what_is_true"},
    _consent_given_twice: {"nothing_is_there_twice"},
    _mail_still_there: {"says_what_is_true"},
    _mail_there_twice: {"says_what_is_true", "honest_mail_is_untouched"},
    _honest_mail_moved: {"honest_mail_is_untouched"},
    _honest_mail_lost: {"honest_mail_is_untouched"},
    _two_orders_of_one_form: {"a_press_is_one_order"},
    _order_without_a_press: {"a_press_is_one_order"},
    _kill_that_never_came: {"every_planned_kill_happened"},
    _not_remediated: {"nothing_is_stuck"},
    _worker_ended_by_itself: {"nothing_is_stuck"},
}


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__.strip("_"))
def test_what_is_wrong_is_caught(spoil):
    seen = sound()
    spoil(seen)
    assert set(judge(seen)) == WRONG[spoil]


def test_every_check_can_fail():
    assert set().union(*WRONG.values()) == {check.__name__ for check in CHECKS}


def _excuses(seen: Evidence) -> list[str]:
    return [excuse for _, _, excuse in repeats(seen)]


def test_a_second_write_is_excused_where_the_worker_died():
    assert _excuses(sound()) == [KILLED]


@pytest.mark.parametrize("status", [0, 429, 503, 504])
def test_a_second_write_is_excused_where_the_first_answer_was_spoiled(status):
    seen = sound()
    seen.sent[1] = _sent("b", 2, LOCK, status)
    assert _excuses(seen) == [LOST]


def test_a_second_write_is_excused_where_the_database_was_away():
    seen = sound()
    seen.kills, seen.planned_kills = [], frozenset()
    seen.outages = [Outage(2.5, 2.8)]
    assert _excuses(seen) == [OUTAGE]
    assert judge(seen) == {}


def test_a_late_worker_leaves_its_attempt_open_and_is_no_excuse_for_a_second_write():
    seen = sound()
    seen.kills, seen.planned_kills = [], frozenset()
    seen.stalls = [Stall("sent", "f2")]
    assert set(judge(seen)) == {"effects_once"}
    del seen.effects[1]
    assert judge(seen) == {}


def test_one_who_finds_it_taken_over_leaves_its_attempt_open():
    seen = sound()
    seen.kills, seen.planned_kills, seen.late = [], frozenset(), frozenset({"f2"})
    del seen.effects[1]
    assert judge(seen) == {}


def test_an_outage_that_came_later_excuses_nothing():
    seen = sound()
    seen.kills, seen.planned_kills = [], frozenset()
    seen.outages = [Outage(50.0, 60.0)]
    assert _excuses(seen) == [""]


def test_a_write_after_it_was_taken_back_is_no_repeat():
    seen = sound()
    seen.runs[0] = replace(seen.runs[0], state="undone")
    seen.attempts.append(Attempt(id=4, run=1, kind="undo", fence="f4", started_at=30.0))
    seen.sent.append(_sent("d", 4, MOVE_BACK, 201))
    seen.effects.append(_effect(4, "d"))
    seen.history += [Change(id=400, run=1, old="succeeded", new="undoing", at=29.0)]
    seen.history += [Change(id=401, run=1, old="undoing", new="undone", at=31.0)]
    seen.audit += [_row(5, "undo", "incident", "Undo: Put back to its folder (1)", outcome="requested")]
    seen.audit += [_row(6, "retract_message", "action_run", "Put back to its folder")]
    seen.after = {"mill": Cloud(accounts={"anna": False}, mails=_mails(phish=INBOX))}
    assert judge(seen) == {}
