"""Indicators on the incident page: suggested, accepted, rejected, added by hand; rows are red at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents import collection
from incidents.enums import Confidence, IndicatorKind, IndicatorOrigin, IndicatorState, Workload
from incidents.evidence.weigh import weigh_evidence
from incidents.models import Incident, Indicator, LogRecord
from incidents.selectors import incident_get, log_counts, logbook_of_incident
from incidents.services.indicators import Suggested, indicators_suggest
from tenants.enums import TenantState
from tenants.models import AuditEvent
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX

EVIL = "203.0.113.66"


@pytest.fixture(autouse=True)
def nobody_collects(monkeypatch):
    """Tasks run at once in tests, and no cloud is here."""
    rung = []
    monkeypatch.setattr("incidents.doorbell._send", lambda *arguments: rung.append(arguments))
    monkeypatch.setattr("remediation.doorbell._send", lambda *arguments: rung.append(arguments))
    return rung


def sign_in(incident, minutes=0, **more) -> LogRecord:
    at = incident.first_access_at + timedelta(minutes=minutes)
    values = {"workload": Workload.LOGINS, "operation": "UserLoggedIn", "is_success": True, "ip_address": EVIL}
    return rows.log_record(incident, occurred_at=at, **values | more)


@pytest.fixture
def evidence(console):
    """Three sign-ins from home, then one from elsewhere with a program."""
    for day in (3, 4, 5):
        sign_in(console.incident, minutes=-day * 1440, ip_address="198.51.100.7", user_agent="Edge")
    sign_in(console.incident, user_agent="axios/1.7")


def weigh(incident: Incident) -> None:
    with tenant_scope([incident.tenant_id]):
        weigh_evidence(incident=incident)


def indicators(incident) -> dict[tuple[str, str], Indicator]:
    with unscoped(reason="a test looks"):
        return {(one.kind, one.value): one for one in Indicator.objects.filter(incident=incident)}


def version(incident) -> int:
    with unscoped(reason="a test looks"):
        return Incident.objects.get(pk=incident.pk).version


def red(incident) -> int:
    with tenant_scope([incident.tenant_id]):
        return log_counts(logbook_of_incident(incident_get(incident.pk)))["logins"][1]


def url(act, incident, *ids):
    return reverse(f"incidents:{act}", args=[incident.tenant.slug, incident.pk, *ids])


def press(client, act, incident, *ids, htmx=False, **fields):
    form = {"tenant": incident.tenant.slug} | fields
    return client.post(url(act, incident, *ids), form, headers=HTMX if htmx else {})


def trail(incident):
    return list(AuditEvent.objects.filter(incident_id=incident.pk).order_by("pk").values_list("verb", "actor_name"))


# --- Suggested --------------------------------------------------------------------------------------------------------
def test_suggestions_are_kept_and_their_rows_are_red(console, evidence):
    weigh(console.incident)
    kept = indicators(console.incident)["ip", EVIL]
    assert (kept.state, kept.origin, kept.confidence) == ("suggested", IndicatorOrigin.EVIDENCE, Confidence.HIGH)
    assert kept.reason.splitlines()[1] == "A program signed in, and no browser: axios/1.7"
    assert red(console.incident) == 1


def test_weighed_again_nothing_changes(console, evidence):
    weigh(console.incident)
    before, seen = version(console.incident), set(indicators(console.incident))
    weigh(console.incident)
    assert (version(console.incident), set(indicators(console.incident))) == (before, seen)


def test_what_a_person_decided_stays(console, analyst, evidence):
    weigh(console.incident)
    press(analyst, "indicator_reject", console.incident, indicators(console.incident)["ip", EVIL].pk)
    sign_in(console.incident, minutes=3, application="OfficeHome")
    weigh(console.incident)
    kept = indicators(console.incident)["ip", EVIL]
    assert (kept.state, "OfficeHome" in kept.reason) == (IndicatorState.REJECTED, False)


def test_a_suggestion_that_the_evidence_bears_no_more_goes(console, evidence):
    weigh(console.incident)
    sign_in(console.incident, minutes=-6 * 1440)  # older logs come in late: the address was used before
    weigh(console.incident)
    assert indicators(console.incident) == {}


def test_indicators_of_other_incidents_are_left_alone(console, evidence):
    theirs = rows.indicator(console.their_incident, EVIL)
    mine = rows.indicator(console.incident, "198.51.100.200")
    with tenant_scope([console.tenant.pk]):
        indicators_suggest(incident=console.incident, suggested=[])
    assert set(indicators(console.incident)) == {("ip", mine.value)}
    assert set(indicators(console.their_incident)) == {("ip", theirs.value)}


def test_a_suggestion_of_low_confidence_counts_only_once_accepted(console, analyst):
    sign_in(console.incident)
    with tenant_scope([console.tenant.pk]):
        one = Suggested(kind=IndicatorKind.IP_ADDRESS, value=EVIL, confidence=Confidence.LOW, reason="New")
        indicators_suggest(incident=console.incident, suggested=[one])
    assert red(console.incident) == 0
    press(analyst, "indicator_accept", console.incident, indicators(console.incident)["ip", EVIL].pk)
    assert red(console.incident) == 1


# --- Accept and reject ------------------------------------------------------------------------------------------------
def test_reject_and_accept_undo_each_other(console, analyst, evidence):
    weigh(console.incident)
    for one in indicators(console.incident).values():
        press(analyst, "indicator_reject", console.incident, one.pk)
    assert red(console.incident) == 0
    pk, before = indicators(console.incident)["ip", EVIL].pk, version(console.incident)
    for _ in range(2):
        answer = press(analyst, "indicator_accept", console.incident, pk, htmx=True)
    kept = indicators(console.incident)["ip", EVIL]
    assert (answer.status_code, kept.state, kept.decided_by_name) == (200, "accepted", "Ravi Okonkwo")
    assert (red(console.incident), version(console.incident) > before) == (1, True)
    assert b"<html" not in answer.content
    assert trail(console.incident).count(("accept_indicator", "Ravi Okonkwo")) == 1


def test_without_javascript_it_leads_back_to_the_overview(console, analyst):
    one = rows.indicator(console.incident, EVIL)
    answer = press(analyst, "indicator_reject", console.incident, one.pk)
    assert (answer.status_code, answer.url) == (303, url("detail", console.incident) + "#threat")


@pytest.mark.parametrize("act", ["indicator_accept", "indicator_reject"])
def test_an_indicator_of_another_incident_is_not_decided_here(console, analyst, act):
    other = rows.incident(console.tenant, rows.account(console.tenant, "Bob"))
    foreign = [rows.indicator(other, EVIL), rows.indicator(console.their_incident, EVIL)]
    for one in foreign:
        assert press(analyst, act, console.incident, one.pk).status_code == 404
    assert indicators(other)["ip", EVIL].decided_by_name == ""


@pytest.mark.parametrize("act", ["indicator_accept", "indicator_reject"])
def test_readers_and_strangers_decide_nothing(console, reader, client, act):
    one = rows.indicator(console.incident, EVIL)
    assert press(reader, act, console.incident, one.pk).status_code == 403
    assert press(client, act, console.incident, one.pk).status_code == 302
    assert trail(console.incident) == []


# --- By hand ----------------------------------------------------------------------------------------------------------
GOOD = {
    "an address": ("ip", " 203.0.113.66 ", EVIL),
    "an address with its port": ("ip", "203.0.113.66:51234", EVIL),
    "an IPv6 address": ("ip", "2001:DB8:0::5", "2001:db8::5"),
    "a country": ("country", "is", "IS"),
    "a network's number": ("network", "64511", "AS64511"),
    "a network with its name": ("network", "as64511 Cheap Hosting", "AS64511 Cheap Hosting"),
    "a session": ("session", "abc-1", "abc-1"),
}


@pytest.mark.parametrize(("kind", "given", "kept"), GOOD.values(), ids=GOOD)
def test_added_by_hand(console, analyst, kind, given, kept):
    answer = press(analyst, "indicator_add", console.incident, kind=kind, value=given, note="From the client")
    added = indicators(console.incident)[kind, kept]
    assert answer.status_code == 303
    assert (added.state, added.origin, added.reason) == ("accepted", IndicatorOrigin.HAND, "From the client")
    assert trail(console.incident) == [("add_indicator", "Ravi Okonkwo")]


BAD = {
    "no value": ("ip", "", "Give the value"),
    "no address": ("ip", "example.com", "This is no IP address"),
    "a range": ("ip", "203.0.113.0/24", "This is no IP address"),
    "a country's name": ("country", "Iceland", "two letters"),
    "no network": ("network", "Cheap Hosting", "AS64500"),
    "a long session": ("session", "x" * 65, "at most 64"),
    "no kind": ("colour", "red", "not one of the available choices"),
    "too long": ("device", "x" * 513, "at most 512"),
}


@pytest.mark.parametrize(("kind", "given", "words"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_is_none_is_told(console, analyst, kind, given, words, htmx):
    answer = press(analyst, "indicator_add", console.incident, kind=kind, value=given, htmx=htmx)
    assert (answer.status_code, indicators(console.incident)) == (422, {})
    assert words in answer.content.decode()


def test_added_twice_it_is_told(console, analyst):
    press(analyst, "indicator_add", console.incident, kind="ip", value=EVIL)
    answer = press(analyst, "indicator_add", console.incident, kind="ip", value=EVIL)
    assert answer.status_code == 409
    assert "is among the indicators already. Nothing was changed." in answer.content.decode()


def test_adding_what_was_suggested_accepts_it(console, analyst, evidence):
    weigh(console.incident)
    press(analyst, "indicator_add", console.incident, kind="ip", value=EVIL)
    kept = indicators(console.incident)["ip", EVIL]
    assert (kept.state, kept.origin) == ("accepted", IndicatorOrigin.EVIDENCE)


def test_a_networks_number_means_every_name_of_it(console, analyst):
    for number, network in enumerate(["AS64511", "AS64511 Cheap Hosting", "AS645110 Other"]):
        sign_in(console.incident, minutes=number, network=network, ip_address="")
    press(analyst, "indicator_add", console.incident, kind="network", value="AS64511")
    assert red(console.incident) == 2


def test_an_application_is_known_by_what_was_done_to_it_too(console, analyst):
    sign_in(console.incident, application="Mail Helper")
    sign_in(console.incident, workload=Workload.DIRECTORY, item="Mail Helper", operation="Consent to application.")
    sign_in(console.incident, workload=Workload.SHAREPOINT, item="Mail Helper")
    press(analyst, "indicator_add", console.incident, kind="application", value="Mail Helper")
    with tenant_scope([console.tenant.pk]):
        counts = log_counts(logbook_of_incident(incident_get(console.incident.pk)))
    assert {workload: red for workload, (_, red) in counts.items()} == {"logins": 1, "directory": 1, "sharepoint": 0}


def test_hostile_values_are_text(console, analyst):
    press(analyst, "indicator_add", console.incident, kind="device", value="<script>x</script>", note="<b>n</b>")
    page = analyst.get(url("threat", console.incident), headers=HTMX).content.decode()
    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page


# --- What the overview says -------------------------------------------------------------------------------------------
def overview(client, incident) -> str:
    return " ".join(client.get(url("threat", incident), headers=HTMX).content.decode().split())


def test_not_collected_and_none_found_are_two_things(console, analyst):
    assert "Not collected yet" in overview(analyst, console.incident)
    with unscoped(reason="a test's rows"):
        console.incident.tenant.state = TenantState.UNCONNECTED
        console.incident.tenant.save()
    assert "No imported log row is of this account" in overview(analyst, console.incident)
    sign_in(console.incident)
    assert "None found: nothing in the 1 imported rows stands out" in overview(analyst, console.incident)


def test_no_baseline_is_told(console, analyst, evidence):
    assert "No baseline" not in overview(analyst, console.incident)
    with unscoped(reason="a test's rows"):
        LogRecord.objects.filter(ip_address="198.51.100.7").delete()
    assert "No baseline: there is no sign-in of Alice Example" in overview(analyst, console.incident)


def test_rows_that_match_are_counted(console, analyst, evidence):
    weigh(console.incident)
    assert '<span class="muted">1 row</span>' in overview(analyst, console.incident)


def test_the_number_of_queries_does_not_grow(console, analyst):
    counts = []
    for number in range(1, 5):
        rows.indicator(console.incident, f"203.0.113.{number}")
        with CaptureQueriesContext(connection) as queries:
            overview(analyst, console.incident)
        counts.append(len(queries))
    assert len(set(counts)) == 1


# --- The phish, where the evidence cannot say which -------------------------------------------------------------------
def test_mails_read_before_the_first_sign_in_are_offered(console, analyst):
    rows.indicator(console.incident, EVIL)
    sign_in(console.incident)
    early, late = (console.incident.first_access_at - timedelta(minutes=back) for back in (90, 20))
    rows.mail_record(console.incident, rows.message("<old@x>", subject="Old"), occurred_at=early)
    record = rows.mail_record(console.incident, rows.message("<lure@x>", subject="Sign <here>"), occurred_at=late)
    page = overview(analyst, console.incident)
    assert "Sign &lt;here&gt;" in page
    assert "Old" not in page
    answer = press(analyst, "phish_pick", console.incident, record=record.pk, message="<lure@x>", htmx=True)
    assert answer.status_code == 200
    assert "Mails read in the hour before" not in answer.content.decode()
    assert trail(console.incident) == [("mark_as_phish", "Ravi Okonkwo")]


def test_at_most_ten_are_offered(console, analyst):
    rows.indicator(console.incident, EVIL)
    sign_in(console.incident)
    letters = [rows.message(f"<{number}@x>") for number in range(30)]
    rows.mail_record(console.incident, *letters, occurred_at=console.incident.first_access_at - timedelta(minutes=9))
    assert overview(analyst, console.incident).count("Mark as Phish") == 10


# --- The task ---------------------------------------------------------------------------------------------------------
def test_imported_rows_are_weighed_for_the_open_incidents_of_their_tenant(
    console, nobody_collects, django_capture_on_commit_callbacks
):
    rows.incident(console.tenant, rows.account(console.tenant, "Bob"), state="dismissed")
    unpublished = rows.incident(console.tenant, rows.account(console.tenant, "Cleo"), state="unpublished")
    with tenant_scope([console.tenant.pk]), django_capture_on_commit_callbacks(execute=True):
        collection.ring_imported(console.tenant.pk)
    assert {arguments[1] for arguments in nobody_collects} == {console.incident.pk, unpublished.pk}


def test_the_bell_has_the_rows_weighed(console, evidence):
    collection.weigh_for(console.incident.pk)
    assert ("ip", EVIL) in indicators(console.incident)


def test_an_incident_that_is_gone_is_no_matter(console):
    assert collection.weigh_for(999_999) is None
