"""Does the work: claims action runs, sends their requests together, writes down what came of it, and reads back.

No transaction is open while Microsoft is being asked. Each try is written down before it is made.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog
from django.db import transaction
from django.utils import timezone

from graph import GraphClient, GraphError, Request, in_plain_words
from remediation import doorbell, passwords
from remediation.actions.base import GONE, Reading, Stages, State
from remediation.actions.registry import ACTIONS
from remediation.enums import AttemptKind, RunState
from remediation.models import ActionAttempt, ActionRun
from remediation.reading import BROKEN, read_states
from remediation.stages import advance
from remediation.transitions import Settlement, claim_runs, renew_lease, settle
from remediation.verification import verify, verify_due
from tenants.connections import ConnectionUnusable, contact_made, graph_client
from tenants.encryption import InvalidToken
from tenants.models import Connection, Tenant
from tenants.scoping import tenant_scope

logger = structlog.get_logger(__name__)

MAX_TRIES = 6
WORN_OUT = "Petra tried this six times and its worker ended each time. Retry, or do it by hand."
BACKOFF = (1, 2, 5, 15, 30)  # seconds before the next try, where Microsoft names no time


def run_due(*, tenant: Tenant) -> int:
    """Do, undo and verify what is due in a tenant. Returns how many runs were worked on."""
    count = 0
    with tenant_scope([tenant.pk]):
        client: GraphClient | None = None
        while runs := claim_runs(tenant=tenant, now=timezone.now()):
            client = client or _client(tenant, runs)
            if client is None:
                return count
            count += len(runs)
            written = _work_guarded(client, runs, tenant)
            _come_back(written, tenant)
            verify(client, [one.run for one in written], tenant=tenant)
        _verify_what_is_due(tenant)
    return count


def _verify_what_is_due(tenant: Tenant) -> None:
    if ActionRun.objects.filter(verify_due_at__lte=timezone.now()).exists():
        client = _client(tenant, [])
        if client:
            verify_due(client, tenant=tenant)


def _client(tenant: Tenant, runs: Sequence[ActionRun]) -> GraphClient | None:
    """A client for the tenant; None when there can be none, and then the runs have failed with the reason."""
    try:
        connection = Connection.objects.select_related("tenant").get(tenant=tenant)
        return graph_client(connection, resolve_secret=passwords.resolve)
    except ConnectionUnusable as error:
        words = str(error)
    except Connection.DoesNotExist:
        words = "This tenant is not connected to Microsoft 365."
    except InvalidToken:
        words = "The connection's secret cannot be decrypted with the keys of this installation. Enter it again."
    settle([_failed(run, message=words) for run in runs], tenant=tenant)
    return None


def _work_guarded(client: GraphClient, runs: Sequence[ActionRun], tenant: Tenant) -> list[Settlement]:
    """One try; a mistake of ours ends it as an error that can be retried, and never leaves it running."""
    worn_out = [run for run in runs if run.tries >= MAX_TRIES]
    ended = settle([_failed(run, message=WORN_OUT, is_ours=True) for run in worn_out], tenant=tenant)
    fresh = [run for run in runs if run.tries < MAX_TRIES]
    try:
        return ended + (work(client, fresh, tenant=tenant) if fresh else [])
    except Exception as error:
        logger.exception("work_broke", tenant_id=tenant.pk, runs=[run.pk for run in fresh])
        broken = [_failed(run, message=BROKEN, code=type(error).__name__, is_ours=True) for run in fresh]
        return ended + settle(broken, tenant=tenant)


def work(client: GraphClient, runs: Sequence[ActionRun], *, tenant: Tenant) -> list[Settlement]:
    """One try of claimed runs, all together: read where the action wants it, act, settle."""
    attempts = _begin_attempts(runs)
    readings = read_states(client, [run for run in runs if _reads_first(run)])
    settlements = {run.pk: _without_acting(run, readings[run.pk]) for run in runs if run.pk in readings}
    settled = {pk: one for pk, one in settlements.items() if one is not None}
    acting = [run for run in runs if run.pk not in settled]
    for run in acting:
        run.before = _before(run, readings.get(run.pk))
    stages = [_noting(_stages(run), attempts[run.pk]) for run in acting]
    results = advance(client, stages, before_each=partial(_still_at_it, runs[0].fence))
    outcomes = [*settled.values(), *(_outcome(run, result) for run, result in zip(acting, results, strict=True))]
    return _write(outcomes, attempts, tenant)


def _still_at_it(fence: str) -> None:
    renew_lease(fence, now=timezone.now())


def _reads_first(run: ActionRun) -> bool:
    # After a first try nobody knows how far it came, so even the strike looks before it sends again.
    return ACTIONS[run.action_key].reads_first or run.tries > 1 or run.state == RunState.UNDOING


def _before(run: ActionRun, reading: Reading | None) -> State | None:
    """The state to come back to: what was read now, but never what an earlier try of ours has left."""
    if run.tries == 1 and run.state == RunState.RUNNING and isinstance(reading, dict):
        return reading
    return run.before


def _without_acting(run: ActionRun, reading: Reading) -> Settlement | None:
    """How a run ends that need not, or cannot, be acted on; None when it has to be."""
    action, now = ACTIONS[run.action_key], timezone.now()
    if isinstance(reading, GraphError):
        return _after_error(run, reading)
    if run.state == RunState.UNDOING:
        is_over = action.is_undone(reading, target=run.target, before=run.before or GONE)
        return Settlement(run=run, state=RunState.UNDONE, changed={"verified_at": now}) if is_over else None
    if not action.is_done(reading, target=run.target, since=run.ordered_at, before=run.before):
        return None
    if run.tries == 1 and action.never_skips:
        return None
    if run.tries > 1:  # our own earlier try did it, and its answer was lost
        return _succeeded(run, after=reading)
    return Settlement(run=run, state=RunState.SKIPPED, before=reading, changed={"applied_at": now, "verified_at": now})


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
    with transaction.atomic():
        ActionAttempt.objects.bulk_create(attempts, batch_size=200)
        for run in runs:
            run.tries += 1
        ActionRun.objects.bulk_update(runs, ["tries"], batch_size=200)
    return {attempt.run_id: attempt for attempt in attempts}


def _outcome(run: ActionRun, result: State | Exception) -> Settlement:
    if isinstance(result, GraphError):
        return _after_error(run, result)
    if isinstance(result, Exception):
        return _failed(run, message=BROKEN, code=type(result).__name__, is_ours=True)
    if run.state == RunState.UNDOING:
        note = str(result.get("note", ""))
        return Settlement(run=run, state=RunState.UNDONE, message=note, changed={"verify_due_at": timezone.now()})
    return _succeeded(run, after=result)


def _succeeded(run: ActionRun, *, after: State) -> Settlement:
    now = timezone.now()
    changed = {"applied_at": now, "verify_due_at": now}
    return Settlement(run=run, state=RunState.SUCCEEDED, after=after, before=run.before, changed=changed)


def _after_error(run: ActionRun, error: GraphError) -> Settlement:
    """A passing fault, or an outcome that nobody knows, goes back to the queue; a refusal is the end."""
    if (error.is_transient or error.outcome_unknown) and run.tries < MAX_TRIES:
        wait = error.retry_after or BACKOFF[min(run.tries, len(BACKOFF)) - 1]
        back = RunState.UNDOING if run.state == RunState.UNDOING else RunState.QUEUED
        due_at = timezone.now() + timedelta(seconds=wait)
        return _with_error(Settlement(run=run, state=back, due_at=due_at), error)
    return _with_error(_failed(run, message=""), error)


def _with_error(settlement: Settlement, error: GraphError) -> Settlement:
    settlement.code = error.code or str(error.status or type(error).__name__)
    settlement.message = in_plain_words(error)
    settlement.request_id = error.request_id
    settlement.is_unknown = error.outcome_unknown
    return settlement


def _failed(run: ActionRun, *, message: str, code: str = "", is_ours: bool = False) -> Settlement:
    state = RunState.ERRORED if is_ours else RunState.FAILED
    if run.state == RunState.UNDOING:
        state = RunState.UNDO_FAILED
    return Settlement(run=run, state=state, message=message, code=code, before=run.before)


def _write(outcomes: list[Settlement], attempts: dict[int, ActionAttempt], tenant: Tenant) -> list[Settlement]:
    """Outcomes, attempts, audit rows and what hangs on them, in one transaction."""
    now = timezone.now()
    for one in outcomes:
        attempt = attempts[one.run.pk]
        attempt.finished_at, attempt.code, attempt.message = now, one.code, one.message
        one.request_id = attempt.request_id = one.request_id or attempt.request_id
    with transaction.atomic():
        written = settle(outcomes, tenant=tenant)
        columns = ["finished_at", "requests", "status", "code", "message", "request_id"]
        ActionAttempt.objects.bulk_update([attempts[one.run.pk] for one in written], columns, batch_size=200)
        resets = [one for one in written if one.run.action_key == "reset_password"]
        passwords.accept([one.run for one in resets if one.state == RunState.SUCCEEDED], at=now)
        passwords.discard([one.run for one in resets if one.state == RunState.FAILED and not one.is_unknown])
    if any(attempt.status for attempt in attempts.values()):
        contact_made(tenant)
    return written


def _come_back(written: Sequence[Settlement], tenant: Tenant) -> None:
    """Ring again when the earliest of those that went back to the queue is due."""
    waits = [one.due_at for one in written if one.due_at]
    if waits:
        seconds = max(0.0, (min(waits) - timezone.now()).total_seconds())
        doorbell.ring_runs(tenant.pk, countdown=seconds)
