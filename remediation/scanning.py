"""Makes scans: advances all finders of a step together, and keeps what they found."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from graph import GraphError, in_plain_words, users
from incidents.enums import IndicatorKind
from incidents.models import Account, Incident, Indicator, LogRecord, PhishTag
from incidents.services import incident_changed
from remediation import passwords
from remediation.actions.base import Stages, moment
from remediation.actions.finders import FINDERS
from remediation.actions.finding import AttackerAct, Candidate, FindScope, Found, TaggedPhish
from remediation.actions.registry import ACTIONS
from remediation.enums import ScanState
from remediation.models import Finding, Scan
from remediation.services.presses import protected_addresses
from remediation.stages import advance
from remediation.transitions import progress
from tenants.connections import ConnectionUnusable, contact_made, graph_client
from tenants.models import Connection, Tenant
from tenants.scoping import tenant_scope

LEASE = timedelta(minutes=5)
COPIES = {"phish_copy", "remaining_phish"}
logger = structlog.get_logger(__name__)


def scan_due(*, tenant: Tenant) -> int:
    """Make the scans that wait in a tenant. Returns how many."""
    count = 0
    with tenant_scope([tenant.pk]):
        while scan := _claim(timezone.now()):
            _scan(scan, tenant)
            count += 1
    return count


def _claim(now: datetime) -> Scan | None:
    for scan in Scan.objects.filter(state=ScanState.QUEUED).select_related("incident__account").order_by("pk"):
        waiting = Scan.objects.filter(pk=scan.pk, state=ScanState.QUEUED)
        if waiting.update(state=ScanState.RUNNING, lease_until=now + LEASE):
            incident_changed(incident_id=scan.incident_id)
            return scan
    return None


def _scan(scan: Scan, tenant: Tenant) -> None:
    """Look, and keep what was found. A finder that fails is told as "not checked"; the others count all the same."""
    connection = Connection.objects.select_related("tenant").get(tenant=tenant)
    try:
        client = graph_client(connection, resolve_secret=passwords.resolve)
    except ConnectionUnusable as error:
        _finish(scan, [], [_not_checked("Microsoft", str(error))], state=ScanState.FAILED)
        return
    scope = find_scope(scan.incident, connection)
    finders = [finder for step, finder in FINDERS if step == scan.step]
    account, *results = advance(client, [_read_account(scope), *(finder(scope) for finder in finders)])
    _keep_account(scan.incident.account, account)
    found = list(_flatten(results))
    checked = [one for one in found if one.is_checked]
    candidates = [candidate for one in found for candidate in one.candidates]
    state = ScanState.COMPLETE if checked or not scope.phish else ScanState.FAILED
    _finish(scan, candidates, found, state=state)
    if not scope.phish:  # nothing is tagged any more: what was a copy of the phish is none now
        _tell_gone(scan, COPIES, timezone.now())


def _flatten(results: Iterable[Any]) -> Iterable[Found]:
    for result in results:
        if isinstance(result, Exception):
            words = in_plain_words(result) if isinstance(result, GraphError) else "Petra made a mistake here (see log)."
            yield _not_checked("Search", words)
        elif isinstance(result, Found):
            yield result
        else:
            yield from result


def _not_checked(source: str, note: str) -> Found:
    return Found(source=source, is_checked=False, note=note)


def find_scope(incident: Incident, connection: Connection) -> FindScope:
    """Whose traces are looked for, and what is known of the attacker, from the evidence and the analysts' marks."""
    account = incident.account
    addresses = Indicator.objects.filter(incident=incident, kind=IndicatorKind.IP_ADDRESS)
    attacker_addresses = frozenset(addresses.values_list("value", flat=True))
    now = timezone.now()
    return FindScope(
        user_id=account.object_id,
        user_principal_name=account.user_principal_name,
        mailbox=account.mail or account.user_principal_name,
        display_name=account.display_name,
        since=incident.first_access_at,
        until=incident.closed_at or now,
        domains=frozenset(domain.casefold() for domain in connection.domains),
        attacker_addresses=attacker_addresses,
        attacker_acts=_attacker_acts(incident, attacker_addresses),
        phish=tuple(
            TaggedPhish(
                internet_message_id=tag.internet_message_id, subject=tag.subject, sender_address=tag.sender_address
            )
            for tag in PhishTag.objects.filter(incident=incident).order_by("pk")
        ),
        own_client_id=connection.client_id,
        microsoft_tenant_id=connection.microsoft_tenant_id,
        protected_accounts=protected_addresses(),
    )


def _attacker_acts(incident: Incident, addresses: frozenset[str]) -> tuple[AttackerAct, ...]:
    rows = LogRecord.objects.filter(
        tenant=incident.tenant,
        user_principal_name=incident.account.user_principal_name.casefold(),
        occurred_at__gte=incident.first_access_at,
        ip_address__in=addresses,
    ).order_by("occurred_at")
    return tuple(
        AttackerAct(operation=operation, item=_object_of(operation, item, subject), at=at, ip_address=ip)
        for operation, item, subject, at, ip in rows.values_list(
            "operation", "item", "subject", "occurred_at", "ip_address"
        )
    )


def _object_of(operation: str, item: str, subject: str) -> str:
    """What an act was done to: the mail for sending, whose item is only the folder; the rule, the application else."""
    return (subject or item) if operation.startswith("Send") else (item or subject)


def _read_account(scope: FindScope) -> Stages[dict[str, Any]]:
    """The account as it is now, with the roles it holds."""
    profile, roles = yield [users.get(scope.user_id, select=users.PROFILE), users.directory_roles(scope.user_id)]
    return {**profile.require(), "roles": [role["displayName"] for role in roles.items()]}


def _keep_account(account: Account, read: Any) -> None:
    if isinstance(read, dict):
        account_update(account, read)
        account.save()


def account_update(account: Account, read: dict[str, Any]) -> None:
    """Take over what Graph says of a user (in memory)."""
    account.user_principal_name = read["userPrincipalName"]
    account.display_name = read.get("displayName") or ""
    account.mail = read.get("mail") or ""
    account.job_title = read.get("jobTitle") or ""
    account.department = read.get("department") or ""
    account.account_enabled = read.get("accountEnabled")
    account.on_premises_sync_enabled = read.get("onPremisesSyncEnabled")
    account.on_premises_domain_name = read.get("onPremisesDomainName") or ""
    account.on_premises_sam_account_name = read.get("onPremisesSamAccountName") or ""
    account.is_guest = read.get("userType") == "Guest"
    account.last_password_change_at = moment(read.get("lastPasswordChangeDateTime"))
    account.sign_in_sessions_valid_from = moment(read.get("signInSessionsValidFromDateTime"))
    account.roles = read.get("roles", account.roles)
    account.read_at = timezone.now()


def _finish(scan: Scan, candidates: list[Candidate], found: list[Found], *, state: ScanState) -> None:
    now = timezone.now()
    coverage = [{name: value for name, value in asdict(one).items() if name != "candidates"} for one in found]
    with transaction.atomic():
        _keep_findings(scan, candidates, now)
        _tell_gone(scan, {one.kind for one in found if one.is_checked}, now)
        Scan.objects.filter(pk=scan.pk).update(state=state, coverage=coverage, finished_at=now, lease_until=None)
        progress({scan.incident_id})
        contact_made(scan.tenant)


def _keep_findings(scan: Scan, candidates: list[Candidate], now: datetime) -> None:
    """Insert what is new, refresh what is known; an analyst's verdict stays."""
    # Two finders may come upon the same thing; one statement must not write the same row twice.
    rows = {(row.action_key, row.target_key): row for row in (_finding(scan, one, now) for one in candidates)}.values()
    fresh = ["target", "title", "facts", "reasons", "is_suspicious", "refusal", "protected_address"]
    fresh += ["others_affected", "before", "seen_at", "gone_at", "kind"]
    Finding.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["incident", "step", "action_key", "target_key"],
        update_fields=fresh,
        batch_size=200,
    )


def _finding(scan: Scan, candidate: Candidate, now: datetime) -> Finding:
    return Finding(
        tenant_id=scan.tenant_id,
        incident_id=scan.incident_id,
        step=scan.step,
        kind=candidate.kind,
        action_key=candidate.action_key,
        target_key=ACTIONS[candidate.action_key].target_key(candidate.target),
        target=dict(candidate.target),
        title=candidate.title[:400],
        facts=[list(fact) for fact in candidate.facts],
        reasons=list(candidate.reasons),
        is_suspicious=candidate.is_suspicious,
        refusal=candidate.refusal,
        protected_address=candidate.protected_address,
        others_affected=candidate.others_affected,
        before=candidate.before,
        seen_at=now,
    )


def _tell_gone(scan: Scan, kinds: set[str], now: datetime) -> None:
    """What was found earlier and is not there any more, of the kinds that this scan really looked at."""
    stale = Finding.objects.filter(incident_id=scan.incident_id, step=scan.step, kind__in=kinds, gone_at=None)
    stale.filter(seen_at__lt=now).update(gone_at=now)
