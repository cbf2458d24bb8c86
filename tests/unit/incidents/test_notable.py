"""What of the attacker's acts the summary of a report counts: things, not rows, and none that failed."""

from incidents.models import LogRecord
from incidents.reports.notable import notable_of


def row(operation: str, item: str = "", **more: object) -> LogRecord:
    return LogRecord(operation=operation, item=item, **more)


def test_things_are_counted_and_not_rows():
    rows = [row("New-InboxRule", "."), row("UpdateInboxRules", "."), row("Set-InboxRule", "Sync")]
    assert notable_of(rows).told == ["made or changed 2 mail rules"]


def test_a_rule_for_the_whole_tenant_is_told_as_such():
    rows = [row("New-InboxRule", "."), row("New-TransportRule", "BCC"), row("Set-TransportRule", "BCC")]
    assert notable_of(rows).told == [
        "made or changed 1 mail rule",
        "made or changed 1 mail flow rule for the whole tenant",
    ]


def test_what_failed_and_what_everybody_does_is_left_out():
    rows = [row("Add member to role", "Admins", is_success=False), row("MailItemsAccessed"), row("Add user", "v")]
    assert notable_of(rows).told == ["added 1 user"]
