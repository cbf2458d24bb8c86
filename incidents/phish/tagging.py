"""Tagging the phish from evidence: a mail read shortly before the attacker's first sign-in, from a stranger outside.

Where that fits no mail, or more than one, nothing is tagged: a person says which it was.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from graph import GraphClient, mail
from graph.odata import literal
from graph.odata import moment as written
from incidents.enums import Workload
from incidents.evidence.fields import moment
from incidents.evidence.messages import letters_of
from incidents.models import Incident, LogRecord, PhishTag
from incidents.selectors import attacker_records, own_records
from incidents.services import phish_found
from tenants.models import AuditEvent

READ_BEFORE = timedelta(minutes=60)  # how long before the sign-in the mail may have been read
RECEIVED_BEFORE = timedelta(days=7)  # and received
MOST = 50  # mails looked at


def phish_tag_from_evidence(*, client: GraphClient, incident: Incident, own_domains: Sequence[str]) -> PhishTag | None:
    """Tag the mail that opened the door, if the evidence says which one it was.

    Nothing is done where a person or an earlier collection has tagged or untagged one already.
    """
    if _is_settled(incident):
        return None
    sign_in = first_attacker_sign_in(incident)
    if sign_in is None:
        return None
    read_at = _read_before(incident, sign_in.occurred_at)
    message_ids = list(read_at)[:MOST]
    letters = letters_of(client, incident.account.object_id, message_ids) if message_ids else {}
    domains = {domain.casefold() for domain in own_domains}
    candidates = [
        {"id": message_id, **letter}
        for message_id, letter in letters.items()
        if _is_external(letter["sender"], domains) and _is_recent(letter["received"], sign_in.occurred_at)
    ]
    strangers = [one for one in candidates if _is_stranger(client, incident, one)]
    if len(strangers) != 1:
        return None
    found = strangers[0]
    reason = _reason(incident, found, read_at[found["id"]], sign_in)
    return phish_found(incident=incident, message=found, reason=reason)


def _is_settled(incident: Incident) -> bool:
    if PhishTag.objects.filter(incident=incident).exists():
        return True
    acts = AuditEvent.objects.filter(tenant_id=incident.tenant_id, incident_id=incident.pk)
    return acts.filter(verb="unmark_phish").exists()


def first_attacker_sign_in(incident: Incident) -> LogRecord | None:
    """The attacker's first sign-in that was let in."""
    return attacker_records(incident, Workload.LOGINS).exclude(is_success=False).first()


def _read_before(incident: Incident, sign_in_at: datetime) -> dict[str, datetime]:
    """The mails that the account's owner read before the sign-in, the latest first, with when."""
    read_at: dict[str, datetime] = {}
    for record in mails_read_before(incident, sign_in_at):
        for message in record.messages:
            read_at.setdefault(message["id"], record.occurred_at)
    return read_at


def mails_read_before(incident: Incident, sign_in_at: datetime) -> QuerySet[LogRecord]:
    """The rows of the hour before the sign-in by which the account's owner read mail, the latest first."""
    records = own_records(incident, Workload.EXCHANGE).filter(
        operation="MailItemsAccessed", occurred_at__gte=sign_in_at - READ_BEFORE, occurred_at__lte=sign_in_at
    )
    return records.order_by("-occurred_at", "-pk")


def _is_external(sender: str, own_domains: set[str]) -> bool:
    _, sign, domain = sender.casefold().rpartition("@")
    return bool(sign) and domain not in own_domains


def _is_recent(received: str, sign_in_at: datetime) -> bool:
    at = moment(received)
    return at is not None and sign_in_at - RECEIVED_BEFORE <= at <= sign_in_at


def _is_stranger(client: GraphClient, incident: Incident, letter: dict[str, str]) -> bool:
    """Whether the sender had not written to this person before. What cannot be asked counts as known: no tag."""
    at = moment(letter["received"])
    if at is None:
        return False
    earlier = f"receivedDateTime lt {written(at)} and from/emailAddress/address eq {literal(letter['sender'])}"
    response = client.send(mail.messages(incident.account.object_id, filter=earlier, select=("id",), top=1))
    return response.ok and not response.items()


def _reason(incident: Incident, letter: dict[str, str], read_at: datetime, sign_in: LogRecord) -> str:
    seconds = int((sign_in.occurred_at - read_at).total_seconds())
    before = f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"
    return (
        f"Read at {read_at:%H:%M:%S} UTC, {before} before the attacker's first sign-in; its sender {letter['sender']} "
        f"is outside {incident.tenant.name} and had not written to {incident.account} before."
    )
