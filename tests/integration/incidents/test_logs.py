"""Logs and timeline: whose rows are the attacker's, in which order, page by page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from incidents import extensions
from incidents.contexts.logs import PAGE
from incidents.enums import IndicatorKind, LogSource, Workload
from incidents.extensions import DoneAction
from incidents.models import SourceReading
from incidents.selectors import Keyset
from tenants.scoping import unscoped
from tests.factories import rows
from tests.factories.rows import NOON
from tests.fixtures.console import HTMX


def logs(client, incident, **query):
    address = reverse("incidents:logs", args=[incident.tenant.slug, incident.pk])
    return client.get(address, {"tab": "exchange"} | query, headers=HTMX).context["logs"]


def timeline(client, incident, mode):
    address = reverse("incidents:timeline", args=[incident.tenant.slug, incident.pk])
    return client.get(address, {"timeline": mode}, headers=HTMX).context["timeline"]


def subjects(view):
    return [row.record.item for row in view.rows]


# --- Whose rows -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        (IndicatorKind.IP_ADDRESS, "ip_address", "203.0.113.66"),
        (IndicatorKind.NETWORK, "network", "AS64511"),
        (IndicatorKind.COUNTRY, "country", "IS"),
        (IndicatorKind.DEVICE, "device", "DESKTOP-7QK2F1B"),
        (IndicatorKind.SESSION, "session_id", "3964413c"),
        (IndicatorKind.USER_AGENT, "user_agent", "Firefox on Linux"),
        (IndicatorKind.APPLICATION, "application", "MailVault Sync"),
    ],
)
def test_a_row_that_matches_an_indicator_is_the_attackers(analyst, console, kind, column, value):
    rows.indicator(console.incident, value, kind)
    rows.log_record(console.incident, item="theirs", **{column: value}, occurred_at=NOON)
    rows.log_record(console.incident, item="hers", occurred_at=NOON - timedelta(hours=1))
    view = logs(analyst, console.incident)
    assert [(row.record.item, row.is_attacker) for row in view.rows] == [("theirs", True), ("hers", False)]
    assert subjects(logs(analyst, console.incident, who="attacker")) == ["theirs"]
    assert (view.current.count, view.current.attacker_count) == (2, 1)


def test_without_indicators_no_row_is_the_attackers(analyst, console):
    rows.log_record(console.incident)
    view = logs(analyst, console.incident)
    assert [row.is_attacker for row in view.rows] == [False]
    assert view.current.attacker_count == 0
    assert logs(analyst, console.incident, who="attacker").rows == []
    assert timeline(analyst, console.incident, "full").total == 0


def test_indicators_of_other_incidents_do_not_count(analyst, console):
    other = rows.incident(console.neighbour)
    rows.indicator(other, "203.0.113.66")
    rows.indicator(console.their_incident, "203.0.113.66")
    rows.log_record(console.incident, ip_address="203.0.113.66")
    assert [row.is_attacker for row in logs(analyst, console.incident).rows] == [False]


def test_only_rows_of_the_account(analyst, console):
    address = console.incident.account.user_principal_name
    rows.log_record(console.incident, item="hers")
    rows.log_record(console.incident, item="a colleague's", user_principal_name="bob@client.example")
    rows.log_record(console.their_incident, item="a stranger's", user_principal_name=address)
    assert subjects(logs(analyst, console.incident)) == ["hers"]


def test_what_was_done_to_the_account_stands_in_the_directory(analyst, console):
    address = console.incident.account.user_principal_name
    audit = {"source": LogSource.DIRECTORY_AUDITS, "workload": Workload.DIRECTORY, "operation": "Reset user password"}
    rows.log_record(console.incident, **audit, user_principal_name="helpdesk@client.example", item=address)
    rows.log_record(console.incident, **audit, user_principal_name="helpdesk@client.example", item="bob@client.example")
    (row,) = logs(analyst, console.incident, tab="directory").rows
    assert row.words == f"Reset the password of {address}"


def test_repetitions_of_logs_that_were_read_are_left_out(analyst, console):
    rows.log_record(console.incident, workload=Workload.LOGINS, operation="UserLoggedIn")
    assert len(logs(analyst, console.incident, tab="logins").rows) == 1
    with unscoped(reason="a test's row"):
        SourceReading.objects.create(
            tenant=console.tenant, incident=console.incident, source=LogSource.SIGN_INS,
            started_at=NOON, finished_at=NOON, since=NOON,
        )  # fmt: skip
    assert logs(analyst, console.incident, tab="logins").rows == []


# --- Tabs and pages ---------------------------------------------------------------------------------------------------
def test_tabs_tell_how_many_rows_they_hold(analyst, console):
    rows.indicator(console.incident, "203.0.113.66")
    rows.log_record(console.incident, workload=Workload.LOGINS, ip_address="203.0.113.66")
    for _ in range(2):
        rows.log_record(console.incident, workload=Workload.SHAREPOINT)
    tabs = logs(analyst, console.incident, tab="logins").tabs
    counts = {tab.key: (tab.count, tab.attacker_count, tab.is_current) for tab in tabs}
    assert counts == {
        "logins": (1, 1, True), "exchange": (0, 0, False), "sharepoint": (2, 0, False),
        "teams": (0, 0, False), "directory": (0, 0, False),
    }  # fmt: skip


def test_pages_hold_every_row_once(analyst, console):
    """Also where many rows are of one moment, and while newer ones come in."""
    for number in range(PAGE * 2 + 3):
        rows.log_record(console.incident, item=str(number), occurred_at=NOON - timedelta(seconds=number // 40))
    seen, query, pages = [], {}, 0
    while True:
        view = logs(analyst, console.incident, **query)
        seen += subjects(view)
        pages += 1
        assert (view.first_url == "") is (pages == 1)
        if not view.next_url:
            break
        query = {"before": view.next_url.partition("before=")[2]}
        rows.log_record(console.incident, item="new", occurred_at=NOON + timedelta(hours=pages))
    assert pages == 3
    assert sorted(map(int, seen)) == list(range(PAGE * 2 + 3))


@pytest.mark.parametrize("query", [{"before": "x"}, {"before": "1-"}, {"before": "9" * 30 + "-1"}, {"tab": "nonsense"}])
def test_what_cannot_be_understood_gives_the_first_page(analyst, console, query):
    rows.log_record(console.incident, item="hers")
    view = logs(analyst, console.incident, **query)
    assert view.first_url == ""


def test_a_place_in_the_logs_survives_the_address():
    place = Keyset(NOON + timedelta(microseconds=123_457), 42)
    assert Keyset.parse(str(place)) == place


def test_fifty_rows_take_as_many_queries_as_one(analyst, console, django_assert_num_queries):
    rows.indicator(console.incident, "203.0.113.66")
    address = reverse("incidents:logs", args=["acme-corp", console.incident.pk])
    query = {"tab": "exchange"}
    rows.mail_record(console.incident, rows.message("<1@x>"), occurred_at=console.incident.first_access_at)
    # session, member, its standing, tenants; incident, indicators, readings; rows, habits, counts, tags
    queries = 11
    with django_assert_num_queries(queries):
        analyst.get(address, query, headers=HTMX)
    for number in range(60):
        rows.mail_record(console.incident, rows.message(f"<{number}@y>"))
    with django_assert_num_queries(queries):
        analyst.get(address, query, headers=HTMX)


def test_what_was_read_is_told_and_what_could_not_be(analyst, console):
    readings = {
        LogSource.SIGN_INS: {
            "finished_at": NOON,
            "complete_until": NOON,
            "found": 240,
            "note": "Session ids are missing.",
        },
        LogSource.DIRECTORY_AUDITS: {"finished_at": NOON, "failure": "AuditLog.Read.All is missing."},
        LogSource.UNIFIED_AUDIT_LOG: {"finished_at": NOON, "failure": "There is no licence.", "is_licensed": False},
    }
    with unscoped(reason="a test's rows"):
        for source, values in readings.items():
            SourceReading.objects.create(
                tenant=console.tenant, incident=console.incident, source=source, started_at=NOON, since=NOON, **values
            )
    told = [(source.tone, source.words) for source in logs(analyst, console.incident).sources]
    assert told == [
        ("done", "240 records"),
        ("warn", "failed. AuditLog.Read.All is missing."),
        ("none", "not licensed. There is no licence."),
        ("waiting", "not collected yet"),
    ]
    address = reverse("incidents:logs", args=["acme-corp", console.incident.pk])
    assert b"Session ids are missing." in analyst.get(address, headers=HTMX).content


def test_hostile_words_are_only_words(analyst, console):
    letter = rows.message("<x@x>", subject="<script>alert(1)</script>")
    rows.mail_record(console.incident, letter, item='"><img src=x onerror=alert(1)>')
    address = reverse("incidents:logs", args=["acme-corp", console.incident.pk])
    page = analyst.get(address, {"tab": "exchange"}).content
    assert b"<script>alert" not in page
    assert b"<img src=x" not in page


# --- Timeline ---------------------------------------------------------------------------------------------------------
class Done:
    """A remediation that did these things."""

    def __init__(self, actions):
        self.actions = actions

    def actions_of(self, incident_ids):
        return [action for action in self.actions if action.incident_id in incident_ids]


@pytest.fixture
def story(console, monkeypatch):
    """Two days: a login and two mails read by the attacker, then the team's answer."""
    rows.indicator(console.incident, "203.0.113.66")
    by_attacker = {"ip_address": "203.0.113.66"}
    rows.log_record(console.incident, workload=Workload.LOGINS, operation="Sign-in", **by_attacker, occurred_at=NOON)
    for minutes in (20, 10):
        at = NOON + timedelta(minutes=minutes)
        rows.mail_record(console.incident, rows.message("<a@x>"), **by_attacker, item="Inbox", occurred_at=at)
    rows.log_record(console.incident, occurred_at=NOON + timedelta(minutes=5))
    action = DoneAction(
        incident_id=console.incident.pk, at=NOON + timedelta(days=1), step=1, words="Account locked",
        by_name="Ravi Okonkwo", outcome="succeeded", verified_at=NOON + timedelta(days=1, seconds=2),
    )  # fmt: skip
    monkeypatch.setattr(extensions, "_registered", [Done([action])])
    return console.incident


def test_the_full_timeline_is_in_order_by_day(analyst, story):
    view = timeline(analyst, story, "full")
    told = [(f"{day.date:%d}", [(event.who, event.words) for event in day.events]) for day in view.days]
    assert told == [
        ("01", [("Attacker", "Signed in"), ("Attacker", "Read 1 mail in Inbox"), ("Attacker", "Read 1 mail in Inbox")]),
        ("02", [("Team", "Account locked")]),
    ]
    assert (view.total, view.left_out, view.days[1].events[0].tick) == (4, 0, "verified")


def test_the_summary_counts_by_workload(analyst, story):
    view = timeline(analyst, story, "summary")
    assert [(row.label, row.count, row.is_team) for row in view.summary] == [
        ("Logins", 1, False), ("Exchange", 2, False), ("Remediation", 1, True),
    ]  # fmt: skip
    exchange = view.summary[1]
    assert (exchange.first_at, exchange.last_at) == (NOON + timedelta(minutes=10), NOON + timedelta(minutes=20))
    assert view.days == []


def test_a_long_timeline_says_what_it_leaves_out(analyst, console, monkeypatch):
    monkeypatch.setattr("incidents.contexts.timeline.LONGEST", 2)
    rows.indicator(console.incident, "203.0.113.66")
    for _ in range(5):
        rows.log_record(console.incident, ip_address="203.0.113.66")
    view = timeline(analyst, console.incident, "full")
    assert (view.total, view.left_out) == (5, 3)


def test_days_are_those_of_the_reader(console, signed_in):
    rows.indicator(console.incident, "203.0.113.66")
    late = timezone.make_aware(NOON.replace(hour=23, minute=30, tzinfo=None), timezone.get_fixed_timezone(0))
    rows.log_record(console.incident, ip_address="203.0.113.66", occurred_at=late)
    tokyo = signed_in(rows.member(console.organization, time_zone="Asia/Tokyo"))
    assert [f"{day.date:%d}" for day in timeline(tokyo, console.incident, "full").days] == ["02"]
