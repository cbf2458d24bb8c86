"""Makes scans: advances all finders of a step together, and keeps what they found."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from graph import GraphClient, GraphError, in_plain_words, users
from incidents.evidence.accounts import account_values
from incidents.models import Account, Incident
from incidents.services import phish_read
from remediation import passwords
from remediation.actions.base import Stages
from remediation.actions.finders import FINDERS, Finder, find_campaign_copies
from remediation.actions.finders.tagged import TAGGED, read_tagged
from remediation.actions.finding import Candidate, FindScope, Found, clean_json
from remediation.actions.registry import ACTIONS
from remediation.claims import is_paused, one_claim_at_a_time
from remediation.enums import ScanState, Step
from remediation.find_scopes import campaign_scope, find_scope
from remediation.leases import LEASE, LeaseLost, Pulse
from remediation.log_evidence import NOT_CONNECTED as NO_TENANT_TO_ASK
from remediation.log_evidence import find_in_logs, log_key
from remediation.models import Finding, Scan
from remediation.services.campaigns import campaign_learn
from remediation.services.response import response_advance
from remediation.services.scans import coverage_of, scan_changed, scan_give_up, scan_queue
from remediation.stages import advance
from remediation.transitions import lock_incidents, progress
from tenants.connections import ConnectionUnusable, calls_count, contact_made, graph_client
from tenants.encryption import InvalidToken
from tenants.enums import TenantState
from tenants.models import Connection, Tenant
from tenants.scoping import tenant_scope

MOST_REPEATS = 5  # how often a search is put off by itself because Microsoft asked to wait
ONCE_AN_INCIDENT = ["incident", "step", "action_key", "target_key"]
COPIES = {"phish_copy", "remaining_phish"}
BROKEN = "Petra made a mistake here; the trace is in the log."
NOT_CONNECTED = "No Microsoft 365 connection is stored for this tenant. Connect it, then search again."
UNREADABLE = "The stored secret of the connection cannot be decrypted with this installation's keys. Store it anew."
logger = structlog.get_logger(__name__)


def scan_due(*, tenant: Tenant) -> int:
    """Make the scans that wait in a tenant. Returns how many."""
    count = 0
    with tenant_scope([tenant.pk]):
        while scan := _claim(tenant, timezone.now()):
            _scan(scan, tenant)
            count += 1
    return count


def _claim(tenant: Tenant, now: datetime) -> Scan | None:
    """Take the next scan that is due. One at a time in a tenant: other tenants need hands, too."""
    with one_claim_at_a_time(tenant):
        if is_paused(tenant):
            return None
        if Scan.objects.filter(state=ScanState.RUNNING, lease_until__gt=now).exists():
            return None
        due = Scan.objects.filter(Q(due_at=None) | Q(due_at__lte=now), state=ScanState.QUEUED)
        # What the people at an incident wait for comes before the search of a campaign.
        first = F("campaign").asc(nulls_first=True)
        scan = due.select_related("incident__account", "campaign").order_by(first, "pk").first()
        if scan is None:
            return None
        lock_incidents([scan.incident_id])  # before its scan, as everywhere
        scan.fence, scan.lease_until = uuid.uuid4().hex, now + LEASE
        waiting = Scan.objects.filter(pk=scan.pk, state=ScanState.QUEUED)
        waiting.update(state=ScanState.RUNNING, fence=scan.fence, lease_until=scan.lease_until)
        scan_changed(scan)
    return scan


def _renew(fence: str, now: datetime) -> bool:
    held = Scan.objects.filter(fence=fence, state=ScanState.RUNNING).exclude(tenant__state=TenantState.PAUSED)
    return bool(held.update(lease_until=now + LEASE))


def _scan(scan: Scan, tenant: Tenant) -> None:
    """Make one scan. Whatever breaks, it comes to an end, and the next one is made."""
    try:
        _look(scan, tenant)
    except LeaseLost:  # another worker makes it
        logger.warning("scan_lease_lost", scan_id=scan.pk)
    except (ConnectionUnusable, Connection.DoesNotExist, InvalidToken) as error:
        words = {Connection.DoesNotExist: NOT_CONNECTED, InvalidToken: UNREADABLE}.get(type(error), str(error))
        scan_give_up(scan=scan, source="Microsoft", words=words)
    except Exception:
        logger.exception("scan_broke", scan_id=scan.pk)
        scan_give_up(scan=scan, source="Search", words=BROKEN)


def _look(scan: Scan, tenant: Tenant) -> None:
    """Look, and keep what was found. A finder that fails is told as "not checked"; the others count all the same."""
    if tenant.state == TenantState.UNCONNECTED:
        _look_in_logs(scan)
        return
    connection = Connection.objects.select_related("tenant").get(tenant=tenant)
    client = graph_client(connection, resolve_secret=passwords.resolve)
    try:
        _look_with(client, scan, _scope(scan, connection), tenant)
    finally:
        calls_count(client)


def _scope(scan: Scan, connection: Connection | None) -> FindScope:
    if scan.campaign:
        return campaign_scope(scan.campaign, connection)
    assert scan.incident  # noqa: S101  # a scan is of one or the other: a constraint of the table
    return find_scope(scan.incident, connection)


def _look_in_logs(scan: Scan) -> None:
    """There is nobody to ask: what the imported rows say was left."""
    found = [_not_checked("Mailboxes", NO_TENANT_TO_ASK)]
    if scan.incident and scan.step == Step.PERSISTENCE:
        found = find_in_logs(scan.incident, _scope(scan, None))
    candidates = [candidate for one in found for candidate in one.candidates]
    _finish(scan, candidates, found, state=ScanState.COMPLETE, gone=set())


def _look_with(client: GraphClient, scan: Scan, scope: FindScope, tenant: Tenant) -> None:
    ear, pulse = _Ear(), Pulse(partial(_renew, scan.fence), lease_until=scan.lease_until or timezone.now())
    unread: list[Found] = []
    if scan.incident is not None:
        scope, unread = _look_at(scan.incident, client, scope, ear, pulse)
    looks = [ear.listen(finder(scope)) for finder in _finders(scan)]
    found = list(_flatten(advance(client, looks, pulse=pulse)))
    checked = [one for one in found if one.is_checked]
    candidates = [candidate for one in found for candidate in one.candidates]
    state = ScanState.COMPLETE if checked or not scope.phish else ScanState.FAILED
    gone = {one.kind for one in checked}
    gone |= set() if scope.phish else COPIES  # nothing is tagged any more: what was a copy of the phish is none now
    with transaction.atomic():
        _finish(scan, candidates, [*found, *unread], state=state, gone=gone)
        if ear.told_to_wait is not None:
            _look_later(scan, ear.told_to_wait)
    if ear.has_heard:
        contact_made(tenant)


def _look_at(
    incident: Incident, client: GraphClient, scope: FindScope, ear: "_Ear", pulse: Pulse
) -> tuple[FindScope, list[Found]]:
    """Read the account and the tagged mails first, and keep both at once: the finders take minutes, and somebody may
    press a step meanwhile. Returns the scope with what stands in the mails, and what could not be read.
    """
    asked_at = timezone.now()
    looks = [ear.listen(_read_account(scope)), ear.listen(read_tagged(scope))]
    account, tagged = advance(client, looks, pulse=pulse)
    _keep_account(incident.account, account, asked_at)
    unread = [_not_checked("Account", _words(account))] if isinstance(account, Exception) else []
    if isinstance(tagged, Exception):
        return scope, [*unread, _not_checked(TAGGED, _words(tagged))]
    with transaction.atomic():
        lock_incidents([incident.pk])
        phish_read(incident=incident, contents=tagged.contents)
        if incident.is_active:
            campaign_learn(incident=incident)
    return tagged.known(scope), [*unread, *tagged.gaps()]


def _finders(scan: Scan) -> list[Finder]:
    return [find_campaign_copies] if scan.campaign_id else [finder for step, finder in FINDERS if step == scan.step]


class _Ear:
    """Listens to what Microsoft answers: whether at all, and how long it asks to wait, in seconds, where it does."""

    def __init__(self) -> None:
        self.has_heard = False
        self.told_to_wait: float | None = None

    def listen(self, stages: Stages[Any]) -> Stages[Any]:
        """Pass the stages on."""
        try:
            asked = next(stages)
            while True:
                answers = yield asked
                self.has_heard = self.has_heard or any(answer.error is None for answer in answers)
                waits = [answer.error.retry_after for answer in answers if answer.error and answer.error.is_transient]
                self.told_to_wait = max([self.told_to_wait, *waits], key=lambda wait: wait or 0.0)
                asked = stages.send(answers)
        except StopIteration as end:
            return end.value


def _flatten(results: Iterable[Any]) -> Iterable[Found]:
    for result in results:
        if isinstance(result, Exception):
            yield _not_checked("Search", _words(result))
        elif isinstance(result, Found):
            yield result
        else:
            yield from result


def _words(error: Exception) -> str:
    return in_plain_words(error) if isinstance(error, GraphError) else BROKEN


def _not_checked(source: str, note: str) -> Found:
    return Found(source=source, is_checked=False, note=note)


def _read_account(scope: FindScope) -> Stages[dict[str, Any]]:
    """The account as it is now, with the roles it holds."""
    profile, roles = yield [users.get(scope.user_id, select=users.PROFILE), users.directory_roles(scope.user_id)]
    return {**profile.require(), "roles": [role["displayName"] for role in roles.items()]}


def _keep_account(account: Account, read: Any, asked_at: datetime) -> None:
    """Keep what was read, unless the account was read again after this was asked."""
    if isinstance(read, dict):
        older = Account.objects.filter(pk=account.pk).filter(Q(read_at=None) | Q(read_at__lt=asked_at))
        older.update(**account_values(clean_json(read)), read_at=asked_at)


def _finish(scan: Scan, candidates: list[Candidate], found: list[Found], *, state: ScanState, gone: set[str]) -> None:
    """Write down what was found, and that it was looked for.

    Raises:
        LeaseLost: when another worker makes this scan now; nothing is written.
    """
    now = timezone.now()
    ended = {"coverage": coverage_of(found), "finished_at": now, "lease_until": None}
    with transaction.atomic():
        lock_incidents([scan.incident_id])
        ours = Scan.objects.filter(pk=scan.pk, fence=scan.fence, state=ScanState.RUNNING)
        if not ours.update(state=state, **ended):
            raise LeaseLost
        _keep_findings(scan, candidates, now)
        _tell_gone(scan, gone, now, spared={one.kind for one in found if not one.is_content_whole})
        if scan.incident_id:
            progress({scan.incident_id})
            response_advance(incident_id=scan.incident_id)


def _look_later(scan: Scan, seconds: float) -> None:
    """Microsoft asked to wait before it shows the rest: search again by itself then, some times."""
    if scan.repeats < MOST_REPEATS:
        due_at = timezone.now() + timedelta(seconds=seconds)
        scan_queue({**scan.of, "step": scan.step}, due_at=due_at, repeats=scan.repeats + 1)


def _keep_findings(scan: Scan, candidates: list[Candidate], now: datetime) -> None:
    """Insert what is new, refresh what is known; an analyst's verdict stays."""
    # Two finders may come upon the same thing; one statement must not write the same row twice.
    rows = {(row.action_key, row.target_key): row for row in (_finding(scan, one, now) for one in candidates)}.values()
    fresh = ["target", "title", "facts", "reasons", "is_suspicious", "is_uncertain", "refusal", "protected_address"]
    fresh += ["others_affected", "before", "seen_at", "gone_at", "kind"]
    Finding.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["campaign", "tenant", "action_key", "target_key"] if scan.campaign_id else ONCE_AN_INCIDENT,
        update_fields=fresh,
        batch_size=200,
    )


def _finding(scan: Scan, candidate: Candidate, now: datetime) -> Finding:
    target = clean_json(dict(candidate.target))
    from_log = target.get("from_log")
    return Finding(
        tenant_id=scan.tenant_id,
        incident_id=scan.incident_id,
        campaign_id=scan.campaign_id,
        step=scan.step,
        kind=candidate.kind,
        action_key=candidate.action_key,
        target_key=log_key(from_log) if from_log else ACTIONS[candidate.action_key].target_key(target),
        target=target,
        title=clean_json(candidate.title)[:400],
        facts=clean_json([list(fact) for fact in candidate.facts]),
        reasons=clean_json(list(candidate.reasons)),
        is_suspicious=candidate.is_suspicious,
        is_uncertain=candidate.is_uncertain,
        refusal=clean_json(candidate.refusal),
        protected_address=clean_json(candidate.protected_address),
        others_affected=candidate.others_affected,
        before=clean_json(candidate.before),
        seen_at=now,
    )


def _tell_gone(scan: Scan, kinds: set[str], now: datetime, *, spared: set[str]) -> None:
    """What was found earlier and is not there any more, of the kinds that this scan really looked at. Of those spared,
    what was found by its content is left alone: not all mails were opened again.
    """
    # What was seen in a log alone is looked for anew by every search: among the rows, or at Microsoft.
    concerned = Q(kind__in=kinds) | Q(target__has_key="from_log")
    stale = Finding.objects.filter(concerned, **scan.of, step=scan.step, gone_at=None)
    stale.filter(seen_at__lt=now).exclude(kind__in=spared, is_uncertain=True).update(gone_at=now)
