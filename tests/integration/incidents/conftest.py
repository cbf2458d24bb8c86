"""Incidents in which the attacker did something."""

from datetime import timedelta

import pytest

from incidents.enums import IndicatorKind, Workload
from tests.factories import rows
from tests.factories.rows import NOON
from tests.integration.incidents.stage import ATTACKER


@pytest.fixture
def attacked(console):
    """An incident with a bit of everything in it."""
    incident = console.incident
    rows.indicator(incident, ATTACKER)
    rows.indicator(incident, "IS", IndicatorKind.COUNTRY)
    for minutes in range(3):
        letter = rows.message(f"<{minutes}@mail.example>", subject=f"Payment {minutes}", sender="a@b.example")
        at = NOON + timedelta(minutes=minutes)
        rows.mail_record(incident, letter, ip_address=ATTACKER, occurred_at=at)
    rows.log_record(
        incident, ip_address=ATTACKER, workload=Workload.SHAREPOINT, operation="FileDownloaded", item="Pay.xlsx"
    )
    rows.log_record(incident, ip_address="192.0.2.1", item="the owner's")
    return incident


@pytest.fixture
def attack(console):
    """Makes rows of the attacker in the console's incident."""
    rows.indicator(console.incident, ATTACKER)

    def make(operation, *messages, minutes=0, **more):
        at = NOON + timedelta(minutes=minutes)
        values = {"operation": operation, "ip_address": ATTACKER, "occurred_at": at} | more
        return rows.mail_record(
            console.incident, *(rows.message(one, subject=f"About {one}") for one in messages), **values
        )

    return make
