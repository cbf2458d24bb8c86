"""Does the work: claims action runs, sends their requests together, writes down what came of it, and reads back.

No transaction is open while Microsoft is being asked. Each try is written down before it is made.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from graph import GraphClient, Request
from remediation import doorbell, outcomes, passwords, verification
from remediation.actions.base import Reading, Stages, State
from remediation.actions.registry import ACTIONS
from remediation.claims import CLAIM_LIMIT, claim_runs, claim_unverified, renew_lease
from remediation.enums import FINDING_STEPS, AttemptKind, RunState, Step
from remediation.leases import LeaseLost, Pulse
from remediation.models import ActionAttempt, ActionRun
from remediation.reading import BROKEN, read_states
from remediation.selectors import incidents_listing
from remediation.services.scans import scan_queue
from remediation.services.watches import watches_begin
from remediation.stages import advance
from remediation.transitions import Settlement, settle
from tenants.connections import ConnectionUnusable, calls_count, contact_made, graph_client
from tenants.encryption import InvalidToken
from tenants.models import Connection, Tenant
from tenants.scoping import tenant_scope

logger = structlog.get_logger(__name__)

TOO_OFTEN = "Petra's worker ended each time it tried this. The trace is in the log. Retry, or do it by hand."
LONGEST_BELL = 60.0  # seconds; a later one is rung by the sweeper
IN_FLIGHT = 8  # batches of a set; a tenant has several sets under way


def run_due(*, tenant: Tenant, strikes_only: bool = False) -> int:
    """Do, undo and verify what is due in a tenant. Returns how many runs were worked on."""
    count = 0
    with tenant_scope([tenant.pk]):
        while runs := claim_runs(tenant=tenant, now=timezone.now(), strikes_only=strikes_only):
            count += len(runs)
            if len(runs) == CLAIM_LIMIT:
                doorbell.ring_runs(tenant.pk)  # more may be waiting: for another worker, where one is free
            with _named(runs):
                _take_through(runs, tenant)
        while runs := [] if strikes_only else claim_unverified(tenant=tenant, now=timezone.now()):
            with _named(runs):
                _read_back(runs, tenant)
    return count


def _named(runs: Sequence[ActionRun]) -> AbstractContextManager[None]:
    """What is logged inside names these runs."""
    return structlog.contextvars.bound_contextvars(run_ids=[run.pk for run in runs])


def _take_through(runs: list[ActionRun], tenant: Tenant) -> None:
    """One claimed set: tried, written down, and read back."""
    # A strike is sent even where Microsoft has not been answering: nobody is to wait for a circuit to close.
    client = _client(tenant, always_asks=runs[0].step == Step.CONTAIN)
    if isinstance(client, str):
        settle([outcomes.failed(run, message=client) for run in runs], tenant=tenant)
        return
    try:
        written = _work_guarded(client, _hopeful(runs, tenant), tenant)
        _come_back(written, tenant)
        done = [one.run for one in written if one.run.lease_until]
        verification.verify(client, done, tenant=tenant, pulse=_pulse(done))
    except LeaseLost:  # another worker has it, and looks before it sends anything
        logger.warning("lease_lost", tenant_id=tenant.pk, fence=runs[0].fence)
    finally:
        calls_count(client)


def _read_back(runs: list[ActionRun], tenant: Tenant) -> None:
    client = _client(tenant)
    if isinstance(client, str):
        verification.give_up(runs, words=client)
        return
    try:
        verification.verify(client, runs, tenant=tenant, pulse=_pulse(runs))
    except LeaseLost:
        logger.warning("lease_lost", tenant_id=tenant.pk, fence=runs[0].fence)
    finally:
        calls_count(client)


def _pulse(runs: Sequence[ActionRun], *, all_of_them: bool = False) -> Pulse:
    """Keeps the lease of these runs. With `all_of_them` it is lost as soon as one of them is somebody else's."""
    fence, least = (runs[0].fence, len(runs) if all_of_them else 1) if runs else ("", 1)

    def renew(now: datetime) -> bool:
        return renew_lease(fence, now=now, at_least=least)

    leases = [run.lease_until for run in runs if run.lease_until]
    return Pulse(renew, lease_until=min(leases, default=timezone.now()))


def _client(tenant: Tenant, *, always_asks: bool = False) -> GraphClient | str:
    """A client for the tenant, or why there can be none."""
    try:
        connection = Connection.objects.select_related("tenant").get(tenant=tenant)
        return graph_client(
            connection, resolve_secret=passwords.resolve, always_asks=always_asks, max_in_flight=IN_FLIGHT
        )
    except ConnectionUnusable as error:
        return str(error)
    except Connection.DoesNotExist:
        return "This tenant is not connected to Microsoft 365."
    except InvalidToken:
        return "The connection's secret cannot be decrypted with the keys of this installation. Enter it again."


def _hopeful(runs: Sequence[ActionRun], tenant: Tenant) -> list[ActionRun]:
    """Those runs that are worth a try. The others, whose workers ended each time, are ended here."""
    most = outcomes.MAX_TRIES + outcomes.LAST_LOOKS
    hopeless = [run for run in runs if run.tries - run.waits > most]
    settle([outcomes.failed(run, message=TOO_OFTEN, is_ours=True) for run in hopeless], tenant=tenant)
    return [run for run in runs if run.tries - run.waits <= most]


def _work_guarded(client: GraphClient, runs: Sequence[ActionRun], tenant: Tenant) -> list[Settlement]:
    """One try; a mistake of ours ends it as an error that can be retried, and never leaves it running."""
    states = {run.pk: run.state for run in runs}
    try:
        return work(client, runs, tenant=tenant, pulse=_pulse(runs, all_of_them=True)) if runs else []
    except LeaseLost:
        raise
    except Exception as error:
        logger.exception("work_broke", tenant_id=tenant.pk, runs=[run.pk for run in runs])
        for run in runs:
            run.state = states[run.pk]  # a settlement that broke half-way has changed it in memory alone
        broken = [outcomes.failed(run, message=BROKEN, code=type(error).__name__, is_ours=True) for run in runs]
        with transaction.atomic():
            # What was sent before it broke is not known any more: for the next try that is an open end.
            open_ends = ActionAttempt.objects.filter(run__in=runs, fence=runs[0].fence, finished_at=None)
            open_ends.update(
                finished_at=timezone.now(), code=type(error).__name__, message=BROKEN, is_outcome_unknown=True
            )
            return settle(broken, tenant=tenant)


def work(client: GraphClient, runs: Sequence[ActionRun], *, tenant: Tenant, pulse: Pulse) -> list[Settlement]:
    """One try of claimed runs, all together: read where the action wants it, act, settle.

    Raises:
        LeaseLost: when the runs were taken over meanwhile; nothing more was sent, and nothing is written.
    """
    attempts = _begin_attempts(runs)
    readings = read_states(client, [run for run in runs if _reads_first(run)], pulse=pulse)
    settlements = {run.pk: outcomes.without_acting(run, readings[run.pk]) for run in runs if run.pk in readings}
    settled = {pk: one for pk, one in settlements.items() if one is not None}
    acting = [run for run in runs if run.pk not in settled]
    for run in acting:
        run.before = _before(run, readings.get(run.pk))
    stages = [_noting(_stages(run), attempts[run.pk]) for run in acting]
    results = advance(client, stages, pulse=pulse)
    ends = [*settled.values(), *(outcomes.outcome(run, result) for run, result in zip(acting, results, strict=True))]
    return _write(ends, attempts, tenant)


def _reads_first(run: ActionRun) -> bool:
    # After a first try nobody knows how far it came, so even the strike looks before it sends again.
    return ACTIONS[run.action_key].reads_first or run.tries > 1 or run.state == RunState.UNDOING


def _before(run: ActionRun, reading: Reading | None) -> State | None:
    """The state to come back to: what was read now, but never what an earlier try of ours has left."""
    if outcomes.is_first(run) and run.state == RunState.RUNNING and isinstance(reading, dict):
        return reading
    return run.before


def _stages(run: ActionRun) -> Stages[State]:
    action = ACTIONS[run.action_key]
    if run.state == RunState.UNDOING:
        return action.undo(run.target, run.before or {}, run.after or {})
    return action.apply(run.target, run.before)


def _noting(stages: Stages[State], attempt: ActionAttempt) -> Stages[State]:
    """Pass the stages on, and keep on the attempt what was sent and the id that Microsoft gave it."""
    try:
        asked = next(stages)
        while True:
            attempt.requests += [_note(request) for request in asked]
            answers = yield asked
            attempt.status = answers[-1].status
            attempt.request_id = answers[-1].request_id
            asked = stages.send(answers)
    except StopIteration as end:
        result: State = end.value
        return result


def _note(request: Request) -> str:
    return f"{request.method} {request.cmdlet or request.path}"


def _begin_attempts(runs: Sequence[ActionRun]) -> dict[int, ActionAttempt]:
    """Write down the tries before they are made."""
    now = timezone.now()
    attempts = [
        ActionAttempt(
            tenant_id=run.tenant_id,
            run=run,
            kind=AttemptKind.UNDO if run.state == RunState.UNDOING else AttemptKind.APPLY,
            fence=run.fence,
            started_at=now,
        )
        for run in runs
    ]
    ActionAttempt.objects.insert_rows(attempts)
    return {attempt.run_id: attempt for attempt in attempts}


def _write(ends: list[Settlement], attempts: dict[int, ActionAttempt], tenant: Tenant) -> list[Settlement]:
    """Outcomes, attempts, audit rows and what hangs on them, in one transaction."""
    now = timezone.now()
    for one in ends:
        attempt = attempts[one.run.pk]
        attempt.finished_at, attempt.code, attempt.message = now, one.code, one.message
        attempt.is_outcome_unknown = one.is_unknown
        one.request_id = attempt.request_id = one.request_id or attempt.request_id
    with transaction.atomic():
        written = settle(ends, tenant=tenant)
        columns = ["finished_at", "requests", "status", "code", "message", "request_id", "is_outcome_unknown"]
        ActionAttempt.objects.save_columns([attempts[one.run.pk] for one in written], columns)
        watches_begin([one.run for one in written if _is_lock(one)])
        resets = [one for one in written if one.run.action_key == "reset_password"]
        passwords.accept([one.run for one in resets if one.state == RunState.SUCCEEDED], at=now)
        passwords.discard([one.run for one in resets if one.state == RunState.FAILED and not one.is_unknown])
        _look_again([one.run for one in written if one.state == RunState.UNDONE])
    if any(attempt.status for attempt in attempts.values()):
        contact_made(tenant)
    return written


def _look_again(undone: Sequence[ActionRun]) -> None:
    """What came back is looked for anew: a search that ran meanwhile has not seen it."""
    for run in {(run.order_id, run.step): run for run in undone if run.step in FINDING_STEPS}.values():
        of = {"tenant_id": run.tenant_id, "incident_id": run.incident_id, "step": run.step}
        if ActionRun.objects.filter(order=run.order_id, **of, state=RunState.UNDOING).exists():
            continue
        if run.order.retraction is None:
            scan_queue(of)
            continue
        scan_queue({**of, "campaign_id": run.order.retraction.campaign_id})
        for incident_id in incidents_listing(run.order_id):
            scan_queue({**of, "incident_id": incident_id})


def _is_lock(one: Settlement) -> bool:
    return one.run.action_key == "lock_account" and one.state == RunState.SUCCEEDED


def _come_back(written: Sequence[Settlement], tenant: Tenant) -> None:
    """Ring again when the earliest of those that went back to the queue is due."""
    waits = [one.due_at for one in written if one.due_at]
    if waits:
        seconds = max(0.0, (min(waits) - timezone.now()).total_seconds())
        doorbell.ring_runs(tenant.pk, countdown=min(seconds, LONGEST_BELL))
