"""What the Remediation Actions panel shows, computed from the rows: a handful of queries, however many items."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from incidents.enums import IncidentState
from incidents.models import Incident
from remediation import policies
from remediation.actions.finding import FINDING_KINDS
from remediation.contexts.advice import containment_advice, password_advice
from remediation.contexts.approval import ApprovalView, approval_of
from remediation.contexts.notices import OutageView, outages_of, watch_of
from remediation.contexts.response import ResponseView, response_view
from remediation.contexts.rows import GroupView, ItemView, RunView, group_view, item_view, run_view
from remediation.enums import FINDING_STEPS, RETRIABLE_STATES, WAITING_STATES, RunState, ScanState, Step
from remediation.log_evidence import SEEN_IN_LOG
from remediation.models import ActionRun, Finding, IssuedPassword, Scan, SyncWatch
from remediation.selectors import DONE_STATES, latest_scans, runs_of, unsearched_steps
from remediation.services import protected_addresses
from tenants.access import can_act, can_see_organization
from tenants.models import Member

STEP_NOTES = {
    Step.CONTAIN: "Acts at once, without a question. Ended sessions cannot be brought back; the lock can be undone. "
    "Access tokens already issued may live on for up to an hour.",
    Step.RETRACT: "Moves the selected mails to Deleted Items. Undo puts each back to the folder it came from.",
    Step.PERSISTENCE: "Switches off what the attacker left behind. Only suspicious items are preselected.",
    Step.PASSWORD: "Makes a strong new password and shows it once, to you. Tell it by phone, never by mail.",
    Step.RE_ENABLE: "Unlocks the account and ends all sessions once more.",
    Step.REMEDIATED: "Closes the incident. The panel folds and can be opened again.",
}


@dataclass(slots=True, kw_only=True)
class StepView:
    """One of the six rows. `state` is one of: blocked, todo, awaiting, running, done, partly, failed, clear."""

    number: int
    label: str
    note: str
    state: str
    words: str
    done_count: int = 0
    total_count: int = 0
    failed_count: int = 0
    open_count: int = 0
    undecided_count: int = 0  # what a person has to look at first
    selectable_count: int = 0
    at: datetime | None = None
    by_name: str = ""
    verified_at: datetime | None = None
    is_next: bool = False
    runs: list[RunView] = field(default_factory=list)
    groups: list[GroupView] = field(default_factory=list)
    scan: Scan | None = None
    scan_again_at: datetime | None = None  # Microsoft asked to wait before it shows the rest
    address_to_type: str = ""
    address_reason: str = ""
    open_items: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    watch: SyncWatch | None = None  # over the lock of a synchronized account
    password_run: int | None = None  # a password waits here for the reader
    approval: ApprovalView | None = None  # what waits for a second member

    @property
    def is_busy(self) -> bool:
        return self.state == "running"

    @property
    def is_alarmed(self) -> bool:
        """Whether the account was enabled again behind the lock."""
        return self.watch is not None and bool(self.watch.warning or self.watch.relocks)

    @property
    def is_scanning(self) -> bool:
        return self.scan is not None and self.scan.state in (ScanState.QUEUED, ScanState.RUNNING)


@dataclass(frozen=True, slots=True)
class PanelView:
    steps: list[StepView]
    next_step: StepView | None
    can_act: bool
    is_open: bool
    is_unpublished: bool
    outages: list[OutageView]
    can_sweep: bool = False  # whether the organization's pages are the reader's, too
    is_reachable: bool = True  # whether anything can be done in the tenant; only logs were imported where not
    response: ResponseView | None = None

    @property
    def done_count(self) -> int:
        return sum(step.state == "done" for step in self.steps)


def panel_view(*, incident: Incident, member: Member) -> PanelView:
    """The whole panel. The scope of the incident's tenant is open."""
    reader = _Reader(incident, member)
    steps = [reader.step(step) for step in Step]
    following = next((step for step in steps if step.state in ("todo", "partly", "failed")), None)
    if following and policies.can_take_steps(incident) and incident.is_active:
        following.is_next = True
    return PanelView(
        steps=steps,
        next_step=following if incident.is_active else None,
        can_act=can_act(member),
        can_sweep=can_act(member) and can_see_organization(member),
        is_open=incident.state in (IncidentState.ACTIVE, IncidentState.UNPUBLISHED),
        is_unpublished=incident.state == IncidentState.UNPUBLISHED,
        outages=outages_of(incident.tenant),
        is_reachable=policies.is_reachable(incident.tenant),
        response=response_view(incident, runs=reader.runs, findings=reader.findings, scans=reader.scans),
    )


class _Reader:
    """Reads once, and puts the six rows together."""

    def __init__(self, incident: Incident, member: Member) -> None:
        self.incident, self.account, self.member = incident, incident.account, member
        self.protected = protected_addresses()
        self.runs: dict[int, list[ActionRun]] = defaultdict(list)
        for run in runs_of(incident.pk).select_related("order"):
            self.runs[run.step].append(run)
        self.findings: dict[int, list[Finding]] = defaultdict(list)
        for finding in Finding.objects.filter(incident=incident).order_by("-is_suspicious", "pk"):
            self.findings[finding.step].append(finding)
        self.scans, self.scans_put_off = latest_scans(incident.pk)
        self.unsearched = unsearched_steps(incident.pk)
        self.password = self._waiting_password()

    def step(self, step: Step) -> StepView:
        runs = _latest(self.runs[step])
        if step in FINDING_STEPS:  # what was ordered and never begun says nothing of the step
            runs = [run for run in runs if run.state != RunState.CANCELED]
        view = StepView(number=step, label=step.label, note=STEP_NOTES[step], state="todo", words="Not started")
        view.scan, view.scan_again_at = self.scans.get(step), self.scans_put_off.get(step)
        view.approval = approval_of(runs, member=self.member)
        _count(view, runs)
        _tell_when(view, runs)
        if step in FINDING_STEPS:
            self._add_groups(view)
        else:
            view.runs = [run_view(run) for run in runs]
        _tell_state(view, runs)
        self._add_particulars(view, step)
        if not policies.is_reachable(self.incident.tenant):
            _tell_unreachable(view)
        elif not policies.can_take_steps(self.incident) and view.state == "todo":
            view.state, view.words = "blocked", "Waits for the incident to be published"
        return view

    def _add_groups(self, view: StepView) -> None:
        # What was done to a thing is told wherever it is listed, in step 2 or 3.
        runs = sorted((run for step in FINDING_STEPS for run in self.runs[step]), key=lambda run: run.pk)
        latest = {(run.action_key, run.target_key): run for run in runs}
        by_kind: dict[str, list[ItemView]] = defaultdict(list)
        for finding in self.findings[view.number]:
            item = item_view(finding, latest.get((finding.action_key, finding.target_key)))
            if finding.gone_at and item.run is None:
                continue
            by_kind[finding.kind].append(item)
        coverage = {row["kind"]: row for row in (view.scan.coverage if view.scan else [])}
        for kind, (heading, empty) in FINDING_KINDS.items():
            if kind in by_kind or kind in coverage:
                view.groups.append(group_view(kind, heading, empty, by_kind[kind], view.scan))
        items = [item for rows in by_kind.values() for item in rows]
        view.open_count = sum(item.is_checked for item in items)
        view.undecided_count = sum(item.can_select and item.finding.is_undecided for item in items)
        view.selectable_count = sum(item.can_select for item in items)

    def _add_particulars(self, view: StepView, step: Step) -> None:
        account = self.account
        if step in (Step.CONTAIN, Step.PASSWORD, Step.RE_ENABLE):
            address, why = policies.address_to_type(self.incident, protected=self.protected, by=self.member)
            view.address_to_type, view.address_reason = address, why
            if policies.is_sync_account(account):
                view.state, view.words = "blocked", "Never offered: this is the directory-sync account"
        if step in (Step.RE_ENABLE, Step.REMEDIATED):
            counts = {int(number): self._open_count(number) for number in FINDING_STEPS}
            view.open_items = [
                item.words
                for item in policies.open_items(
                    self.incident, open_findings=counts, before=step, lock=self._lock(), unsearched=self.unsearched
                )
            ]
        if step == Step.CONTAIN:
            view.advice, view.commands = containment_advice(account)
            view.watch = watch_of(self.incident)
            if view.watch and view.watch.warning and view.state == "done":
                view.state, view.words, view.verified_at = "partly", "Locked, but enabled again since", None
        if step == Step.PASSWORD:
            view.advice, view.commands = password_advice(account)
            view.password_run = self.password
        if step == Step.REMEDIATED and self.incident.state == IncidentState.REMEDIATED:
            view.state, view.words = "done", "Remediated"
            view.at, view.by_name = self.incident.closed_at, self.incident.closed_by_name

    def _lock(self) -> ActionRun | None:
        locks = [run for run in self.runs[Step.CONTAIN] if run.action_key == "lock_account"]
        return next((run for run in reversed(locks) if run.state == RunState.SUCCEEDED), None)

    def _open_count(self, step: int) -> int:
        runs = (run for number in FINDING_STEPS for run in self.runs[number] if run.state in DONE_STATES)
        done = {(run.action_key, run.target_key) for run in runs}
        left = (finding for finding in self.findings[step] if (finding.action_key, finding.target_key) not in done)
        return sum(finding.is_meant_by_all or finding.is_undecided for finding in left)

    def _waiting_password(self) -> int | None:
        waiting = IssuedPassword.objects.filter(
            run__incident=self.incident, viewer_id=self.member.pk, accepted_at__isnull=False, destroyed_at=None
        )
        return waiting.order_by("-pk").values_list("run_id", flat=True).first()


def _tell_unreachable(view: StepView) -> None:
    """Only logs were imported: what they show is told, and nothing can be done about it from here."""
    if view.number == Step.PERSISTENCE:
        view.note = SEEN_IN_LOG
        if not view.open_count and view.scan and view.scan.finished_at:
            view.words = "Nothing suspicious in the imported logs"
    elif view.number != Step.REMEDIATED:
        view.state, view.words, view.note = "blocked", "Not from here: the tenant is not connected", ""


def _latest(runs: Sequence[ActionRun]) -> list[ActionRun]:
    return list({(run.action_key, run.target_key): run for run in runs}.values())


def _count(view: StepView, runs: Sequence[ActionRun]) -> None:
    view.total_count = len(runs)
    view.done_count = sum(run.state in DONE_STATES for run in runs)
    view.failed_count = sum(run.state in RETRIABLE_STATES for run in runs)


def _tell_when(view: StepView, runs: Sequence[ActionRun]) -> None:
    """When the last of it came to its end, and by whom."""
    ends = [run for run in runs if run.finished_at]
    if ends:
        last = max(ends, key=lambda run: run.finished_at or run.due_at)
        view.at, view.by_name = last.finished_at, last.undone_by_name or last.order.requested_by_name


def _tell_state(view: StepView, runs: Sequence[ActionRun]) -> None:
    """The row's state and the words for it, from the latest run of each target."""
    waiting = [run for run in runs if run.state in WAITING_STATES]
    if waiting:
        is_undo = any(run.state == RunState.UNDOING for run in waiting)
        finished = view.total_count - len(waiting)
        view.state, view.words = "running", f"{'Undoing' if is_undo else 'Running'}, {finished} of {view.total_count}"
    elif view.approval:
        view.state, view.words = "awaiting", view.approval.words
    elif view.failed_count:
        view.state = "partly" if view.done_count else "failed"
        view.words = f"{view.done_count} of {view.total_count} done, {view.failed_count} failed"
    elif view.done_count:
        _tell_done(view, runs)
    elif runs:
        view.words = "Undone"
    elif view.groups and not view.open_count and not view.is_scanning:
        _tell_clear(view)
    elif view.open_count:
        view.words = f"{view.open_count} suspicious{_to_look_at(view)}"


def _to_look_at(view: StepView) -> str:
    return f", {view.undecided_count} to look at first" if view.undecided_count else ""


def _tell_clear(view: StepView) -> None:
    """Nothing suspicious: clear only when everything could be looked at."""
    if view.undecided_count:
        view.words = _to_look_at(view).lstrip(", ")
    elif view.scan and view.scan.is_whole:
        view.state, view.words = "clear", "Nothing suspicious found"
    else:
        view.words = "Not everything could be checked"


def _tell_done(view: StepView, runs: Sequence[ActionRun]) -> None:
    verified = [run.verified_at for run in runs if run.state in DONE_STATES and run.verified_at]
    skipped = [run for run in runs if run.state == RunState.SKIPPED]
    if len(verified) + len(skipped) == view.done_count and verified:
        view.verified_at = max(verified)
    is_whole = view.done_count == view.total_count or view.number in FINDING_STEPS
    if is_whole and not view.open_count and view.scan and not view.scan.is_whole and not view.is_scanning:
        view.state, view.words = "partly", f"{view.done_count} done; not everything could be checked"
    elif is_whole and not view.open_count and view.undecided_count:
        view.state, view.words = "partly", f"{view.done_count} done{_to_look_at(view)}"
    elif is_whole and not view.open_count:
        view.state, view.words = "done", _DONE_WORDS[Step(view.number)].format(count=view.done_count)
    else:
        view.state, view.words = "partly", f"{view.done_count} of {view.done_count + view.open_count} done"


_DONE_WORDS = {
    Step.CONTAIN: "Sessions ended and account locked",
    Step.RETRACT: "{count} mails moved to Deleted Items",
    Step.PERSISTENCE: "{count} items disabled",
    Step.PASSWORD: "New password set",
    Step.RE_ENABLE: "Account re-enabled and sessions ended",
    Step.REMEDIATED: "Remediated",
}
