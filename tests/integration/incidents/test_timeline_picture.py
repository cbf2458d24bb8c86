"""The picture of the timeline: what it counts, where its marks lead, and what stands beside it."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from incidents import extensions
from incidents.contexts.timeline_picture import BUCKETS, MOST_TICKS, TEAM, _edges, _team, _ticks, whole_span
from incidents.enums import LogSource, Workload
from incidents.extensions import DoneAction
from incidents.models import SourceReading
from incidents.selectors.logs import Span
from tenants.scoping import unscoped
from tests.factories import rows
from tests.factories.rows import NOON
from tests.fixtures.console import HTMX
from tests.integration.incidents.test_impact import read

ATTACKER = "203.0.113.66"


@pytest.fixture
def attack(console):
    rows.indicator(console.incident, ATTACKER)

    def make(minutes, workload=Workload.EXCHANGE):
        at = NOON + timedelta(minutes=minutes)
        return rows.log_record(console.incident, ip_address=ATTACKER, workload=workload, occurred_at=at)

    return make


def act_at(console, at):
    return DoneAction(
        incident_id=console.incident.pk, at=at, step=1, words="Locked", by_name="Ravi", outcome="succeeded",
        verified_at=None,
    )  # fmt: skip


@pytest.fixture
def acted(console, monkeypatch):
    """The team's acts, as remediation would tell them."""

    def at(*minutes):
        done = [act_at(console, NOON + timedelta(minutes=one)) for one in minutes]
        monkeypatch.setattr(extensions.remediation(), "actions_of", lambda _ids: done, raising=False)

    return at


def view(client, incident, **query):
    address = reverse("incidents:timeline", args=[incident.tenant.slug, incident.pk])
    return client.get(address, query, headers=HTMX)


def counted(mark):
    return int(re.search(r": ([\d,]+) ", mark.name)[1].replace(",", ""))


def test_each_service_has_a_lane_and_every_row_is_in_a_mark(analyst, console, attack, acted):
    for minutes in (0, 1, 1, 59, 600):
        attack(minutes)
    attack(30, Workload.LOGINS)
    acted(610, 611)
    rows.log_record(console.incident, ip_address="192.0.2.1", occurred_at=NOON)
    picture = view(analyst, console.incident).context["timeline"].picture
    found = {lane.label: sum(map(counted, lane.marks)) for lane in picture.lanes}
    assert found == {"Logins": 1, "Exchange": 5, TEAM: 2}
    assert {lane.label: {mark.is_team for mark in lane.marks} for lane in picture.lanes} == {
        "Logins": {False}, "Exchange": {False}, TEAM: {True},
    }  # fmt: skip
    assert max(len(lane.marks) for lane in picture.lanes) <= BUCKETS
    assert all(0 <= mark.x <= picture.width - mark.width for lane in picture.lanes for mark in lane.marks)


def test_pressing_marks_leads_down_to_single_events(analyst, console, attack):
    for minutes in range(200):
        attack(minutes * 7)
    address, steps = reverse("incidents:timeline", args=["acme-corp", console.incident.pk]), 0
    while address:
        timeline = analyst.get(address, headers=HTMX).context["timeline"]
        mark = timeline.picture.lanes[0].marks[0]
        assert sum(row.count for row in timeline.summary) == sum(map(counted, timeline.picture.lanes[0].marks))
        address, steps = mark.url, steps + 1
        assert steps < 20
    assert (counted(mark), timeline.total) == (1, 1)


def test_the_picture_stays_as_high_when_one_looks_closer(analyst, console, attack, acted):
    attack(0)
    attack(300, Workload.SHAREPOINT)
    acted(600)
    whole = view(analyst, console.incident).context["timeline"].picture
    closer = analyst.get(whole.lanes[0].marks[0].url, headers=HTMX).context["timeline"].picture
    assert [(lane.label, len(lane.marks)) for lane in closer.lanes] == [("Exchange", 1), ("SharePoint", 0), (TEAM, 0)]
    assert closer.height == whole.height


def test_a_range_narrows_picture_summary_and_list(analyst, console, attack, acted):
    for minutes in (0, 10, 20):
        attack(minutes)
    acted(10, 300)
    asked = {"from": "2026-03-01T12:05:00Z", "to": "2026-03-01T12:15:00Z"}
    begin = NOON + timedelta(minutes=5)
    asked = {"from": begin.isoformat(), "to": (begin + timedelta(minutes=10)).isoformat(), "timeline": "full"}
    timeline = view(analyst, console.incident, **asked).context["timeline"]
    assert [(row.label, row.count) for row in timeline.summary] == [("Exchange", 1), (TEAM, 1)]
    assert [event.at for day in timeline.days for event in day.events] == [NOON + timedelta(minutes=10)] * 2
    wider = analyst.get(timeline.wider_url, headers=HTMX).context["timeline"]
    assert wider.total > timeline.total
    whole = analyst.get(timeline.whole_url, headers=HTMX).context["timeline"]
    assert (whole.total, whole.span) == (5, None)


def test_an_empty_range_is_not_an_empty_incident(analyst, console, attack):
    assert "Nothing yet" in view(analyst, console.incident).content.decode()
    attack(0)
    asked = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
    told = view(analyst, console.incident, **asked).content.decode()
    assert "None found in this range" in told
    assert "Nothing yet" not in told


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "x", "to": "y"}, {"from": "2026-01-02", "to": "2026-01-01"}, {"from": "9" * 99},
        {"from": "0001-01-01", "to": "9999-12-31T23:59:59Z"}, {"from": "0001-01-01", "to": "0001-01-02"},
        {"from": "9999-12-30", "to": "9999-12-31T23:59"}, {"from": "2026-03-01", "to": "9999-12-31"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_range_that_is_none_shows_all(console, attack, asked, zone, signed_in):
    attack(0)
    client = signed_in(rows.member(console.organization, time_zone=zone))
    assert view(client, console.incident, **asked).context["timeline"].span is None


def test_a_range_over_the_change_of_clocks_is_as_long_as_it_is(console, attack, signed_in):
    """01:30 to 03:30 in the night in which 02:00 comes twice: three hours."""
    attack(0)
    client = signed_in(rows.member(console.organization, time_zone="Europe/Oslo"))
    asked = {"from": "2026-10-25T01:30", "to": "2026-10-25T03:30"}
    span = view(client, console.incident, **asked).context["timeline"].span
    assert span.end - span.begin == timedelta(hours=3)


def test_a_range_far_from_everything_leads_back(analyst, console, attack):
    attack(0)
    timeline = view(analyst, console.incident, **{"from": "2020-01-01", "to": "2020-01-02"}).context["timeline"]
    assert analyst.get(timeline.wider_url, headers=HTMX).context["timeline"].total == 1


def test_ranges_lead_to_the_attack_and_its_ends(analyst, console, attack, acted):
    for minutes in (0, 30, 200):
        attack(minutes)
    acted(14 * 24 * 60)
    ranges = view(analyst, console.incident).context["timeline"].ranges
    found = {}
    for one in ranges:
        timeline = analyst.get(one.url, headers=HTMX).context["timeline"]
        found[one.label] = (timeline.total, [each.label for each in timeline.ranges if each.is_current])
    assert found == {
        "Attack only": (3, ["Attack only"]), "First hour": (2, ["First hour"]), "First day": (3, ["First day"]),
        "Last day": (1, ["Last day"]),
    }  # fmt: skip


def test_ranges_longer_than_the_whole_are_not_offered(analyst, console, attack):
    for minutes in (0, 90):
        attack(minutes)
    assert [one.label for one in view(analyst, console.incident).context["timeline"].ranges] == ["First hour"]


def test_an_act_of_the_team_is_in_the_mark_that_leads_to_it(console):
    """Also at the very edge between two marks."""
    edges = _edges(whole_span(NOON, NOON + timedelta(minutes=601)))
    for bucket, (begin, end) in enumerate(pairwise(edges)):
        for at in (begin, end - timedelta(microseconds=1)):
            assert _team([act_at(console, at)], edges) == {bucket: 1}


# --- The full list ----------------------------------------------------------------------------------------------------
def listed(timeline):
    return [(event.at - NOON) / timedelta(minutes=1) for day in timeline.days for event in day.events]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_of_the_list_hold_every_event_once(analyst, console, attack, acted, monkeypatch, size):
    monkeypatch.setattr("incidents.contexts.timeline.LONGEST", size)
    minutes = [0, 1, 1, 1, 2, 7, 7, 9]
    for one in minutes:
        attack(one)
    done = [-5, 0, 1, 5, 9, 100]
    acted(*done)
    address, found = reverse("incidents:timeline", args=["acme-corp", console.incident.pk]) + "?timeline=full", []
    while address:
        timeline = analyst.get(address, headers=HTMX).context["timeline"]
        assert (timeline.total, timeline.shown + timeline.left_out) == (14, 14)
        found += listed(timeline)
        address = timeline.next_url
    assert found == sorted(found)
    assert sorted(found) == sorted(minutes + done)


def test_the_list_is_narrowed_to_a_service(analyst, console, attack, acted):
    attack(0)
    attack(1, Workload.LOGINS)
    attack(2)
    acted(3)
    timeline = view(analyst, console.incident).context["timeline"]
    found = {row.key: listed(analyst.get(row.url, headers=HTMX).context["timeline"]) for row in timeline.summary}
    assert found == {"exchange": [0, 2], "logins": [1], "team": [3]}
    narrowed = view(analyst, console.incident, timeline="full", service="exchange").context["timeline"]
    assert [(one.label, one.count, one.is_current) for one in narrowed.services] == [
        ("All", 4, False), ("Exchange", 2, True), ("Logins", 1, False), (TEAM, 1, False),
    ]  # fmt: skip
    assert (narrowed.total, narrowed.left_out) == (2, 0)


def test_a_service_without_events_is_not_an_empty_incident(analyst, console, attack):
    attack(0)
    told = view(analyst, console.incident, timeline="full", service="teams").content.decode()
    assert "None found in this service" in told
    assert "Nothing yet" not in told


@pytest.mark.parametrize(
    "asked", [{"service": "x"}, {"after": "x"}, {"after": "9" * 17 + "-1"}, {"service": "team\x00"}]
)
def test_a_place_in_the_list_that_makes_no_sense_is_no_error(analyst, console, attack, asked):
    attack(0)
    assert view(analyst, console.incident, timeline="full", **asked).status_code == 200


def test_logs_that_were_not_collected_are_told(analyst, console, attack):
    attack(0)
    for source in LogSource:
        read(console, source=source, complete_until=NOON)
    assert view(analyst, console.incident).context["timeline"].gaps == []
    with unscoped(reason="a test's row"):
        SourceReading.objects.filter(source=LogSource.SIGN_INS).update(complete_until=None, failure="No permission.")
    told = view(analyst, console.incident).content.decode()
    assert "Not collected: <bdi>Sign-in logs: failed. No permission." in " ".join(told.split()).replace("> ", ">")


def test_times_without_a_zone_are_the_readers(console, attack, signed_in):
    attack(0)
    client = signed_in(rows.member(console.organization, time_zone="Pacific/Auckland"))
    asked = {"from": "2026-11-26T10:00", "to": "2026-11-26T11:00"}
    span = view(client, console.incident, **asked).context["timeline"].span
    assert span.begin == datetime(2026, 11, 26, 10, tzinfo=ZoneInfo("Pacific/Auckland"))


def test_marks_are_links_with_names(analyst, console, attack):
    attack(0)
    attack(100)
    told = view(analyst, console.incident).content.decode()
    names = re.findall(r'aria-label="(Exchange, [^"]+)"', told)
    assert len(names) == 2
    assert all(name.endswith(": 1 event of the attacker") for name in names)
    assert "style=" not in told


@pytest.mark.parametrize("length", [timedelta(seconds=61), timedelta(hours=3), timedelta(days=20), timedelta(days=900)])
def test_ticks_are_few_and_within(length):
    span = Span(datetime(2026, 3, 1, 9, 41, tzinfo=UTC), datetime(2026, 3, 1, 9, 41, tzinfo=UTC) + length)
    with timezone.override("Europe/Oslo"):
        ticks = _ticks(span)
    assert 1 <= len(ticks) <= MOST_TICKS + 1
    assert all(100 <= tick.x <= 1000 for tick in ticks)


def test_queries_do_not_grow(analyst, console, attack):
    def queries():
        with CaptureQueriesContext(connection) as found:
            view(analyst, console.incident, timeline="full")
        return len(found)

    attack(0)
    few = queries()
    for minutes in range(40):
        attack(minutes, list(Workload)[minutes % 6])
    assert queries() == few
