"""Reading logs page by page, going on where a reading was broken off, and following what comes later."""

# ruff: noqa: F811  # fixtures of the neighbouring module, asked for by name
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from graph import audit
from graph.odata import literal
from incidents import collection, tasks
from incidents.enums import IncidentState, LogSource
from incidents.evidence import risk_detections
from incidents.evidence.collect import collect
from incidents.evidence.pages import Pages
from incidents.models import Incident, LogRecord, SourceReading
from tenants.connections import graph_client
from tenants.models import Connection
from tests.factories import world
from tests.integration.incidents.test_collect import incident, plant, records, rung, sign_in  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
ACCESS = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
FIVE = range(11, 16)


class Killed(Exception):
    """The worker is gone."""


@pytest.fixture
def reading(incident, plant):
    for number in FIVE:
        plant("signIns", sign_in(number, at=ACCESS + timedelta(minutes=number)))
    return SourceReading.objects.create(
        tenant=incident.tenant, incident=incident, source=LogSource.SIGN_INS, started_at=ACCESS, since=ACCESS
    )


def pages(reading, extend=lambda: None):
    client = graph_client(Connection.objects.select_related("tenant").get())
    return Pages(client, SourceReading.objects.get(pk=reading.pk), extend)


def two_a_page(object_id=world.ALICE):
    return audit.sign_ins(filter=f"userId eq {literal(object_id)} and createdDateTime ge 2026-03-01T10:00:00Z", top=2)


def die():
    raise Killed


def asked(simulator):
    found = [one["path"] for one in simulator.requests()["requests"] if "signIns" in one["path"]]
    return len(found)


def test_all_pages_are_read(reading):
    assert pages(reading).read([two_a_page()]) == len(FIVE)
    kept = SourceReading.objects.get(pk=reading.pk)
    assert (kept.found, kept.added, kept.position) == (5, 5, None)


def test_a_reading_that_was_broken_off_goes_on_at_its_page(reading, simulator):
    with pytest.raises(Killed):
        pages(reading, die).read([two_a_page()])
    kept = SourceReading.objects.get(pk=reading.pk)
    assert (kept.found, LogRecord.objects.count(), bool(kept.position)) == (2, 2, True)
    simulator.clear_requests()
    pages(reading).read([two_a_page()])
    kept = SourceReading.objects.get(pk=reading.pk)
    assert (kept.found, kept.added, LogRecord.objects.count()) == (5, 5, 5)
    assert asked(simulator) == 2  # not the first page again


def test_the_parts_of_a_log_follow_one_another(reading, plant):
    plant("signIns", sign_in(21, at=ACCESS + timedelta(minutes=5), userId=world.BOB))
    one_page_each, calls = [two_a_page(), two_a_page(world.BOB)], iter(range(3))
    reader = pages(reading, lambda: die() if next(calls) == 2 else None)
    with pytest.raises(Killed):
        reader.read(one_page_each)
    assert SourceReading.objects.get(pk=reading.pk).position["part"] == 1
    pages(reading).read(one_page_each)
    assert LogRecord.objects.count() == 6


def test_a_place_that_microsoft_forgot_begins_anew(incident, reading, simulator):
    place = {"part": 0, "path": "/auditLogs/signIns?$skiptoken=gone", "version": "beta"}
    now = timezone.now()
    SourceReading.objects.filter(pk=reading.pk).update(position=place, found=3, added=3, started_at=now)
    collect(incident=incident)
    kept = SourceReading.objects.get(pk=reading.pk)
    assert (kept.found, kept.failure, kept.note.startswith("Read from v1.0"), kept.position) == (5, "", False, None)


def test_a_later_reading_asks_only_for_what_may_be_new(incident, simulator, plant):
    collect(incident=incident)
    first = SourceReading.objects.get(source=LogSource.SIGN_INS)
    assert first.complete_until == first.started_at
    now = timezone.now()
    plant("signIns", sign_in(30, at=now))
    simulator.clear_requests()
    collect(incident=incident)
    later = SourceReading.objects.get(source=LogSource.SIGN_INS)
    assert (later.found, later.added, later.since) == (first.found + 1, first.added + 1, first.since)
    assert later.complete_until > first.complete_until
    [query] = [one["path"] for one in simulator.requests()["requests"] if "/signIns" in one["path"]]
    assert f"{first.complete_until - timedelta(minutes=30):%Y-%m-%dT%H:%M}" in query.replace("%3A", ":")


def test_active_incidents_are_followed_until_they_are_over(
    incident,
    rung,
    django_capture_on_commit_callbacks,
):
    def sweep():
        rung.clear()
        with django_capture_on_commit_callbacks(execute=True):
            tasks.collect_overdue()
        return [incident_id for incident_id, _ in rung]

    collect(incident=incident)
    Incident.objects.update(published_at=timezone.now())
    assert sweep() == []
    SourceReading.objects.update(finished_at=timezone.now() - collection.FOLLOWING - timedelta(seconds=1))
    assert sweep() == [incident.pk]
    Incident.objects.update(state=IncidentState.REMEDIATED)
    assert sweep() == []


def test_a_worker_that_was_taken_for_dead_stops(incident, monkeypatch):
    def taken_over(self):
        Incident.objects.update(collecting_until=timezone.now() + timedelta(minutes=3))
        extend(self)

    extend = collection.Hold.extend
    monkeypatch.setattr(collection.Hold, "extend", taken_over)
    tasks.collect_evidence(incident.pk)
    assert SourceReading.objects.get().finished_at is None  # the first log was not read to its end by this one
    assert Incident.objects.get().collecting_until is not None  # the other's hold stands


# --- Risk detections --------------------------------------------------------------------------------------------------
DETECTION = {
    "id": "risk-1", "userId": world.ALICE, "userPrincipalName": "Alice@tiny.example", "riskEventType": "anomalousToken",
    "activityDateTime": "2026-03-01T10:00:00Z", "detectedDateTime": "2026-03-01T10:31:00Z", "riskLevel": "high",
    "riskState": "atRisk", "ipAddress": "203.0.113.66", "location": {"city": "Utrecht", "countryOrRegion": "NL"},
    "additionalInfo": '[{"Key":"userAgent","Value":"axios/1.7.9"}]',
}  # fmt: skip


def test_risk_detections_become_rows_of_the_logins(incident, plant):
    plant("riskDetections", DETECTION)
    collect(incident=incident)
    [found] = records(source=LogSource.RISK_DETECTIONS)
    assert (found.workload, found.operation, found.item, found.result) == (
        "logins", "Risk detection", "anomalousToken", "level high, atRisk",
    )  # fmt: skip
    assert (found.ip_address, found.country, found.user_agent) == ("203.0.113.66", "NL", "axios/1.7.9")


@pytest.mark.parametrize("additional", [None, "", "{", "[]", '[{"Key":1}]', '"x"', "[" * 5000])
def test_additional_information_may_be_anything(additional):
    assert risk_detections.parse(DETECTION | {"additionalInfo": additional}).user_agent == ""
