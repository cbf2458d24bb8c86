"""Sender, subject and time of the messages that log records name only by id, read from the account's mailbox."""

from collections.abc import Sequence

from graph import GraphClient, mail
from incidents.enums import LogSource
from incidents.evidence.fields import Record, first, mapping, text
from incidents.models import Incident, LogRecord
from incidents.selectors import incident_records

MOST = 400  # messages looked up in one collection; the latest rows come first
AT_ONCE = 10  # ids in one filter
FIELDS = ("id", "internetMessageId", "subject", "from", "receivedDateTime")

Letter = dict[str, str]  # {"subject", "sender", "sender_name", "received"}


def letters_of(client: GraphClient, object_id: str, message_ids: Sequence[str]) -> dict[str, Letter]:
    """What the mailbox tells of these messages, by internet message id. What it does not hold, or does not tell
    (no mailbox, no permission), is left out: the records stand without it.
    """
    chunks = [message_ids[start : start + AT_ONCE] for start in range(0, len(message_ids), AT_ONCE)]
    responses = client.send_all([mail.by_internet_message_ids(object_id, chunk, FIELDS) for chunk in chunks])
    found = [row for response in responses if response.ok for row in response.items()]
    return {text(row.get("internetMessageId")): _letter(row) for row in found}


def _letter(row: Record) -> Letter:
    sender = mapping(mapping(row.get("from")).get("emailAddress"))
    return {
        "subject": text(row.get("subject")),
        "sender": text(sender.get("address")),
        "sender_name": text(sender.get("name")),
        "received": text(row.get("receivedDateTime")),
    }


def messages_name(client: GraphClient, incident: Incident) -> None:
    """Write sender and subject beside the messages of the account's records that lack them."""
    records = incident_records(incident).filter(source=LogSource.UNIFIED_AUDIT_LOG).exclude(messages=[])
    lacking = [record for record in records.order_by("-occurred_at") if _unnamed(record)]
    wanted = list(dict.fromkeys(message for record in lacking for message in _unnamed(record)))[:MOST]
    if not wanted:
        return
    letters = letters_of(client, incident.account.object_id, wanted)
    changed = [record for record in lacking if _name(record, letters)]
    LogRecord.objects.bulk_update(changed, ["messages", "subject", "sender"], batch_size=200)


def _unnamed(record: LogRecord) -> list[str]:
    return [message["id"] for message in record.messages if not message["sender"]]


def _name(record: LogRecord, letters: dict[str, Letter]) -> bool:
    """Fill in what the letters tell; whether that changed anything."""
    is_changed = False
    for message in record.messages:
        letter = letters.get(message["id"])
        if letter and not message["sender"]:
            message["subject"] = first([message["subject"], letter["subject"]])
            message["sender"], message["received"] = letter["sender"], letter["received"]
            is_changed = True
    if is_changed and len(record.messages) == 1:
        record.subject = record.messages[0]["subject"][:400]
        record.sender = record.messages[0]["sender"][:320]
    return is_changed
