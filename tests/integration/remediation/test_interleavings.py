"""Whatever crosses whatever: after any script of presses, workers, deaths and faults, what Petra says is so.

PETRA_SCRIPTS sets how many scripts are played (50 in the normal suite; `PETRA_SCRIPTS=500` before a release). They are
the same ones each time, unless PETRA_SCRIPTS is set.
"""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from graph.simulator.control import SimulatorControl
from remediation.enums import WAITING_STATES, OrderState, RunState, ScanState, Step
from remediation.models import ActionRun, Finding, IssuedPassword, Scan, WorkOrder
from remediation.transitions import READ_BACK_STATES
from tenants.models import AuditEvent
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk
from tests.integration.remediation.stage import (
    Cue,
    Fault,
    Later,
    Press,
    Retry,
    Search,
    Stage,
    Sweep,
    TimeUp,
    Undo,
    Work,
    open_stage,
)
from tests.integration.remediation.witness import Witness

SCRIPTS = int(os.environ.get("PETRA_SCRIPTS", "50"))
MOST_ROUNDS = 40  # of sweeping and working, until everything has to be through
STEPS = (Step.CONTAIN, Step.RETRACT, Step.PERSISTENCE, Step.PASSWORD, Step.RE_ENABLE)
LETTER = "<many@evil.example>"

presses = st.builds(
    Press,
    step=st.sampled_from(STEPS),
    by_colleague=st.booleans(),
    form=st.sampled_from([0, 0, 0, 1, 2]),
    again=st.booleans(),
)
retries = st.builds(Retry, step=st.sampled_from(STEPS))
undos = st.builds(Undo, which=st.integers(0, 5))
faults = st.one_of(
    st.builds(
        Fault,
        method=st.sampled_from(["PATCH", "POST", "GET"]),
        answer=st.sampled_from([429, 503]),
        times=st.integers(1, 3),
        retry_after=st.sampled_from([1, 60]),
    ),
    st.builds(
        Fault,
        method=st.sampled_from(["PATCH", "POST"]),
        answer=st.sampled_from([503, "lost"]),
        times=st.integers(1, 2),
        effect=st.just(True),
    ),
    st.builds(Fault, method=st.sampled_from(["PATCH", "POST", "GET"]), answer=st.just(403), times=st.just(1)),
)
plain = st.one_of(
    presses,
    retries,
    undos,
    st.just(Search()),
    st.just(TimeUp()),
    st.just(Sweep()),
    st.just(Later()),
    faults,
)
beats = st.integers(0, 4)
whats = st.sampled_from(["runs", "runs", "runs", "runs", "strikes", "scans"])


def work(*cues: st.SearchStrategy[Cue]) -> st.SearchStrategy[Work]:
    return st.builds(Work, what=whats, cues=st.tuples(*cues))


dying = work(st.builds(Cue, beat=beats, dies=st.just(True)))
plain_work = work()
# What a worker that nobody hears of for long finds when it goes on: somebody else was there, or still is.
taken_over = st.tuples(st.just(TimeUp()), st.just(Sweep()), st.just(Later()), plain_work | dying)
inside = st.one_of(
    taken_over,
    taken_over,
    taken_over,
    st.tuples(st.just(TimeUp()), plain_work | dying),
    st.tuples(st.just(TimeUp()), st.just(Sweep())),
    st.tuples(presses | undos, plain_work | dying),
    st.tuples(plain),
)
held_up = work(st.builds(Cue, beat=beats, moves=inside, dies=st.sampled_from([False, False, True])))
twice_held_up = work(
    st.builds(Cue, beat=st.just(1), moves=inside), st.builds(Cue, beat=st.integers(2, 4), moves=inside)
)
works = st.one_of(held_up, held_up, dying, twice_held_up, plain_work)
scenes = st.one_of(
    st.tuples(presses, works),
    st.tuples(presses, presses, works),
    st.tuples(presses, plain_work, undos, works),
    st.tuples(presses, plain_work, undos, presses, works),
    st.tuples(faults, presses, works),
    st.tuples(faults, presses, works, st.just(TimeUp()), st.just(Sweep()), st.just(Later()), works),
    st.tuples(undos, works),
    st.tuples(retries, works),
    st.tuples(st.just(Search()), works),
    st.tuples(plain),
)
scripts = st.lists(scenes, min_size=1, max_size=4).map(lambda parts: [move for part in parts for move in part])


@pytest.fixture
def play(
    desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[Any]], None]:
    """Plays a script in a fresh cloud, and leaves no trace of it."""
    stages: list[Stage] = []
    open_stage(monkeypatch, lambda: stages[-1])

    def run(script: list[Any]) -> None:
        simulator.load_world(world.tiny_world())
        whole = transaction.atomic()
        whole._from_testcase = True  # the code's own transactions end inside of it, and write their audit rows
        with whole:
            stages.append(Stage(desk, simulator, Witness(), _findings(desk, simulator, raw_cloud)))
            stages[-1].witness.arrive()
            for move in script:
                stages[-1].play(move)
                assert not stages[-1].wrongs
            _let_run_out(stages[-1])
            _judge(stages[-1], raw_cloud)
            transaction.set_rollback(True)

    return run


def _findings(desk: Desk, simulator: SimulatorControl, raw: RawCloud) -> dict[Step, list[int]]:
    """A device and a mail filter rule for step 3, a letter in somebody else's mailbox for step 2."""
    simulator.plant(
        world.TENANT_ID, "messages", world.message(world.BOB, 300, internetMessageId=LETTER), owner=world.BOB
    )
    letter = {"user_id": world.BOB, "message_id": _letter(raw)["id"], "internet_message_id": LETTER}
    rule = {"user_id": world.ALICE, "mailbox": "alice@tiny.example", "rule_id": "AQAAAJ5dZp8=", "identity": ""}
    made = [
        desk.find("disable_device", {"device_id": world.DEVICE}),
        desk.find("disable_inbox_rule", {**rule, "is_hidden": False}),
        desk.find("retract_message", letter, step=Step.RETRACT),
    ]
    return {step: [one.pk for one in made if one.step == step] for step in (Step.RETRACT, Step.PERSISTENCE)}


def _letter(raw: RawCloud) -> dict[str, Any]:
    address = f"/users/{world.BOB}/messages?$filter=internetMessageId eq '{LETTER}'"
    (letter,) = raw.get(address, Prefer='IdType="ImmutableId"')["value"]
    return dict(letter)


def _let_run_out(stage: Stage) -> None:
    """No more faults; every bell is heard and every wait is over, until nothing is left to do."""
    stage.simulator.configure(world.TENANT_ID, faults=[])
    for _ in range(MOST_ROUNDS):
        for move in (TimeUp(), Sweep(), Later(), Work(), Work("scans")):
            stage.play(move)
        assert not stage.wrongs
        if not _is_open():
            return
    pytest.fail(f"still open: {_open_rows()}")


def _open_rows() -> list[Any]:
    runs = ActionRun.objects
    return [
        *runs.filter(state__in=WAITING_STATES),
        *runs.filter(lease_until__isnull=False),
        *runs.filter(verify_due_at__isnull=False, state__in=READ_BACK_STATES),
        *Scan.objects.filter(state__in=(ScanState.QUEUED, ScanState.RUNNING)),
    ]


def _is_open() -> bool:
    return bool(_open_rows())


def _judge(stage: Stage, raw: RawCloud) -> None:
    assert {*WorkOrder.objects.values_list("state", flat=True)} <= {OrderState.FINISHED, OrderState.CANCELED}
    told = AuditEvent.objects.filter(object_type="action_run").exclude(verb="reveal_password")
    assert Counter(map(int, told.values_list("object_id", flat=True))) == stage.ends, "one audit row for each end"
    _judge_effects(stage)
    _judge_cloud(stage, raw)


WRITES = {
    "lock_account": ("PATCH", f"/users/{world.ALICE}", {"accountEnabled": False}),
    "enable_account": ("PATCH", f"/users/{world.ALICE}", {"accountEnabled": True}),
    "disable_device": ("PATCH", f"/devices/{world.DEVICE}", None),
    "retract_message": ("POST", f"/users/{world.BOB}/messages", None),
    "disable_inbox_rule": ("PATCH", f"/users/{world.ALICE}/mailFolders", None),
    "revoke_sessions": ("POST", f"/users/{world.ALICE}/revokeSignInSessions", None),
}


def _judge_effects(stage: Stage) -> None:
    """Each order has one effect. A worker that was taken for dead may have been in the middle of one more."""
    requests = stage.simulator.requests()["requests"]
    for key, (method, path, body) in WRITES.items():
        done = [
            each
            for each in requests
            if each["method"] == method
            and each["path"].startswith(path)
            and each["status"] in range(200, 300)
            and body in (None, each["body"])
        ]
        opposite = {"lock_account": "enable_account", "enable_account": "lock_account"}.get(key, "")
        assert len(done) <= stage.orders[key] + stage.orders[opposite] + stage.lates, f"{key} more often than ordered"


def _judge_cloud(stage: Stage, raw: RawCloud) -> None:
    """What Petra says last of each target is so."""
    account = raw.get(f"/users/{world.ALICE}?$select=accountEnabled")["accountEnabled"]
    rules = raw.get(f"/users/{world.ALICE}/mailFolders/inbox/messageRules")["value"]
    states = {
        "account": account,
        "disable_device": raw.get(f"/devices/{world.DEVICE}")["accountEnabled"],
        "disable_inbox_rule": next(rule["isEnabled"] for rule in rules if rule["id"] == "AQAAAJ5dZp8="),
        "retract_message": _letter(raw)["parentFolderId"].endswith("inbox"),
    }
    _judge_last_word(stage, account)
    for (what, _), (pk, state) in stage.last_end.items():
        run = ActionRun.objects.get(pk=pk)
        if what == "reset_password" and state == RunState.SUCCEEDED:
            _judge_password(stage, run)
        if what not in states or (what == "account" and stage.has_crossed):
            continue
        if state in (RunState.SUCCEEDED, RunState.SKIPPED, RunState.UNDONE):
            works = (run.action_key == "enable_account") != (state == RunState.UNDONE)
            assert states[what] is works, f"{run} is {state}, and Microsoft shows {states[what]}"


def _judge_last_word(stage: Stage, is_enabled: bool) -> None:
    """An account is as the last one who gave an order wanted it, whatever was still under way then."""
    if stage.last_order and not stage.has_crossed:
        pk, wanted = stage.last_order
        run = ActionRun.objects.get(pk=pk)
        if run.state == wanted:
            assert is_enabled is ((run.action_key == "enable_account") != (wanted == RunState.UNDONE)), (
                "not the last word"
            )


def _judge_password(stage: Stage, run: ActionRun) -> None:
    issued = IssuedPassword.objects.get(run=run)
    assert issued.password, "the password that holds is kept until it is seen"
    assert stage.simulator.password_matches(world.TENANT_ID, world.ALICE, issued.password)


# Crossings that went wrong once, or that chance seldom finds: the other worker is still at it when the late one writes;
# a set of which only a part was taken over; an unlock whose worker died before a new lock.
STILL_AT_IT = (TimeUp(), Sweep(), Work("runs", (Cue(1, dies=True),)))
IN_PARTS = (TimeUp(), Sweep())
KNOWN = (
    [Press(Step.CONTAIN), Work("runs", (Cue(0, (TimeUp(), Sweep(), Work())),))],
    [Press(Step.CONTAIN), Work("runs", (Cue(2, STILL_AT_IT),))],
    [Press(Step.CONTAIN), Work("runs", (Cue(4, STILL_AT_IT),))],
    [Search(), Work("scans", (Cue(6, (TimeUp(), Sweep(), Work("scans", (Cue(1, dies=True),)))),))],
    [Press(Step.PERSISTENCE), Work(), Undo(0), Press(Step.PASSWORD), Work("runs", (Cue(1, IN_PARTS),))],
    [
        *(Press(Step.CONTAIN), Work(), Press(Step.RE_ENABLE), Work("runs", (Cue(1, dies=True),))),
        *(Press(Step.CONTAIN, again=True), Work(), TimeUp(), Sweep(), Work()),
    ],
    [
        Press(Step.PASSWORD),
        Fault("PATCH", "lost", times=1, effect=True),
        Work(),
        Fault("GET", 403, times=9),
        Later(),
        Work(),
    ],
    [
        Press(Step.RETRACT),
        Work("runs", (Cue(4, (Press(Step.RETRACT, by_colleague=True), Work()), dies=True),)),
        Undo(0),
    ],
)


def each_known(test: Callable[..., None]) -> Callable[..., None]:
    for script in KNOWN:
        test = example(script=script)(test)
    return test


@pytest.mark.timeout(0 if "PETRA_SCRIPTS" in os.environ else 300)
@settings(
    max_examples=SCRIPTS,
    derandomize="PETRA_SCRIPTS" not in os.environ,
    database=None,
    report_multiple_bugs=False,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
@given(script=scripts)
@each_known
def test_whatever_crosses_what_petra_says_is_so(script: list[Any], play: Callable[[list[Any]], None]):
    play(script)


def test_the_play_is_rolled_back(play: Callable[[list[Any]], None]):
    play([Press(Step.CONTAIN), Work()])
    assert (Finding.objects.count(), ActionRun.objects.count()) == (0, 0)
