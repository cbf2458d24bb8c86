"""One row of the panel: a run, a finding with what was done to it, a group of findings."""

from dataclasses import dataclass
from datetime import datetime

from remediation import policies
from remediation.actions.registry import ACTIONS
from remediation.enums import HOLDING_STATES, RunState, Verdict
from remediation.extension import run_words
from remediation.models import ActionRun, Finding, Scan
from remediation.selectors import DONE_STATES

_TONES = {
    RunState.SUCCEEDED: "done",
    RunState.SKIPPED: "done",
    RunState.UNDONE: "undone",
    RunState.FAILED: "failed",
    RunState.ERRORED: "failed",
    RunState.UNDO_FAILED: "failed",
    RunState.PLANNED: "planned",
    RunState.CANCELED: "canceled",
}


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as a row shows it. `tone` is a word: done, failed, waiting, undone, planned, canceled."""

    pk: int
    words: str
    title: str
    tone: str
    at: datetime | None
    by_name: str
    verified_at: datetime | None
    message: str
    code: str
    request_id: str
    waits_until: datetime | None  # Microsoft asked to wait, or a passing fault: the next try is then
    can_undo: bool
    undo_note: str
    undo_question: str  # has to be answered before undoing; empty: nothing to ask


@dataclass(frozen=True, slots=True)
class ItemView:
    """One finding as a row shows it, with the latest thing done to it."""

    finding: Finding
    run: RunView | None
    is_checked: bool  # preselected
    can_select: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    """The findings of one kind: suspicious ones first, legitimate ones and refused ones apart."""

    kind: str
    heading: str
    suspicious: list[ItemView]
    others: list[ItemView]
    is_checked: bool  # whether every source of this kind could be looked at
    empty_words: str
    notes: list[str]


def run_view(run: ActionRun) -> RunView:
    action = ACTIONS[run.action_key]
    return RunView(
        pk=run.pk,
        words=run_words(run),
        title=run.title,
        tone=_TONES.get(RunState(run.state), "waiting"),
        at=run.finished_at,
        by_name=run.undone_by_name or run.order.requested_by_name,
        verified_at=run.verified_at,
        message=run.message,
        code=run.code,
        request_id=run.request_id,
        waits_until=_waits_until(run),
        can_undo=action.can_undo and run.state in (RunState.SUCCEEDED, RunState.UNDO_FAILED),
        undo_note=action.undo_note,
        undo_question=_undo_question(run),
    )


def _waits_until(run: ActionRun) -> datetime | None:
    is_put_back = run.tries > 0 and run.state in (RunState.QUEUED, RunState.UNDOING) and run.lease_until is None
    return run.due_at if is_put_back else None


def _undo_question(run: ActionRun) -> str:
    if run.action_key != "lock_account" or policies.was_enabled_before(run):
        return ""
    return "The account was disabled already before it was locked here, or that is not known. Enable it all the same?"


def item_view(finding: Finding, run: ActionRun | None) -> ItemView:
    is_taken = run is not None and run.state in HOLDING_STATES + DONE_STATES
    can_select = not finding.refusal and not is_taken and not finding.gone_at
    return ItemView(
        finding=finding,
        run=run_view(run) if run else None,
        is_checked=can_select and finding.is_meant_by_all,
        can_select=can_select,
    )


def group_view(kind: str, heading: str, empty: str, items: list[ItemView], scan: Scan | None) -> GroupView:
    rows = [row for row in (scan.coverage if scan else []) if row["kind"] == kind]
    suspicious = [item for item in items if _stands_out(item)]
    return GroupView(
        kind=kind,
        heading=heading,
        suspicious=suspicious,
        others=[item for item in items if not _stands_out(item)],
        is_checked=all(row["is_checked"] for row in rows),
        empty_words=empty,
        notes=[f"{row['source']}: {row['note']}" for row in rows if row["note"]],
    )


def _stands_out(item: ItemView) -> bool:
    finding = item.finding
    if finding.refusal or finding.verdict == Verdict.LEGITIMATE:
        return False
    return finding.is_suspicious or finding.verdict == Verdict.MALICIOUS or item.run is not None
