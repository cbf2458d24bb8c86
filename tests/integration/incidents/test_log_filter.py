"""The filter of the logs: each alone and together, in words, told where it is not understood; page by page."""

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.contexts import logs as contexts
from incidents.enums import Workload
from incidents.selectors import log_search
from tests.factories import rows
from tests.factories.rows import NOON
from tests.fixtures.console import HTMX

# What each of the three rows is made of; the first two are alike but in what the filter asks for.
FIRST = {
    "operation": "Send",
    "is_success": True,
    "country": "DE",
    "ip_address": "203.0.113.66",
    "network": "AS64511 Cheap Hosting",
    "is_hosting": True,
    "application": "Outlook Mobile",
    "subject": "Invoice 7",
    "sender": "Paula@Example.com",
    "occurred_at": NOON,
}
SECOND = {
    "operation": "HardDelete",
    "is_success": False,
    "country": "FR",
    "ip_address": "198.51.100.7",
    "network": "AS64496 Home",
    "is_hosting": False,
    "application": "OfficeHome",
    "subject": "Minutes",
    "sender": "bob@example.com",
    "occurred_at": NOON - timedelta(days=1),
}
BARE = {"operation": "Update", "occurred_at": NOON - timedelta(days=2)}

FILTERED = {
    "since": ({"since": "2026-03-01"}, {"first"}),
    "until": ({"until": "2026-02-28"}, {"second", "bare"}),
    "one day": ({"since": "2026-02-28", "until": "2026-02-28"}, {"second"}),
    "operation": ({"operation": "harddel"}, {"second"}),
    "succeeded": ({"result": "succeeded"}, {"first"}),
    "failed": ({"result": "failed"}, {"second"}),
    "country": ({"country": "de"}, {"first"}),
    "not from a country, and not from nowhere known": ({"country": "DE", "country_is": "not"}, {"second"}),
    "network": ({"network": "cheap"}, {"first"}),
    "hosting": ({"hosting": "yes"}, {"first"}),
    "not hosting": ({"hosting": "no"}, {"second"}),
    "application": ({"application": "outlook"}, {"first"}),
    "user": ({"user": "alice"}, {"first", "second", "bare"}),
    "nobody": ({"user": "mallory"}, set()),
    "subject": ({"subject": "INVOICE"}, {"first"}),
    "sender": ({"sender": "paula@"}, {"first"}),
    "address": ({"ip": "203.0.113.66"}, {"first"}),
    "beginning of an address": ({"ip": "198.51.100."}, {"second"}),
    "no wildcards": ({"subject": "%"}, set()),
    "two at once": ({"country": "DE", "result": "succeeded"}, {"first"}),
    "two that exclude each other": ({"country": "DE", "result": "failed"}, set()),
    "attacker": ({"who": "attacker"}, {"first"}),
    "attacker and another": ({"who": "attacker", "country": "FR"}, set()),
}


@pytest.fixture
def three(console):
    rows.indicator(console.incident, "203.0.113.66")
    for name, values in (("first", FIRST), ("second", SECOND), ("bare", BARE)):
        rows.log_record(console.incident, item=name, **values)
    return console.incident


def page(client, incident, **query):
    address = reverse("incidents:logs", args=[incident.tenant.slug, incident.pk])
    return client.get(address, {"tab": "exchange"} | query, headers=HTMX)


def items(response):
    return {row.record.item for row in response.context["logs"].rows}


@pytest.mark.parametrize(("query", "found"), FILTERED.values(), ids=FILTERED)
def test_a_filter_shows_what_it_asks_for(analyst, three, query, found):
    assert items(page(analyst, three, **query)) == found


@pytest.mark.parametrize("subject", ["Überfällige Rechnung", 'He said "now"', "back\\slash", "見積書"])
def test_subject_and_sender_are_looked_for_in_every_message(analyst, console, subject):
    two = [rows.message("<1@x>", subject="Other"), rows.message("<2@x>", subject=subject, sender="eve@x.example")]
    rows.mail_record(console.incident, *two, item="both")
    rows.mail_record(console.incident, rows.message("<3@x>", subject="subject", folder=subject), item="neither")
    assert items(page(analyst, console.incident, subject=subject)) == {"both"}
    assert items(page(analyst, console.incident, sender="EVE@x")) == {"both"}


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ({"since": "soon"}, "since", "Give a day, as in 2026-03-01."),
        ({"since": "2026-03-01", "until": "2026-02-28"}, "until", "This is before the first day."),
        ({"country": "Germany"}, "country", "Give the two letters of the country, as in DE."),
        ({"ip": "no address"}, "ip", "Give an IP address, or its beginning as in 203.0.113."),
        ({"result": "perhaps"}, "result", "“perhaps” is not one of the choices."),
        ({"subject": "x\x00y"}, "subject", "Null characters are not allowed."),
        ({"network": "x" * 201}, "network", "Ensure this value has at most 200 characters (it has 201)."),
    ],
)
def test_what_is_not_understood_is_told_in_its_field(analyst, three, query, name, words):
    answer = page(analyst, three, **query, hosting="yes")
    assert answer.status_code == 200
    assert answer.context["log_filter"].errors[name] == [words]
    assert items(answer) == {"first"}
    assert "Not all of the filter is understood" in answer.content.decode()


def test_each_filter_is_a_chip_that_takes_it_away(analyst, three):
    view = page(analyst, three, country="DE", country_is="not", subject="inv", who="attacker").context["logs"]
    base = f"/t/acme-corp/incidents/{three.pk}/logs/?tab=exchange"
    assert {chip.words: chip.url for chip in view.chips} == {
        "Country is not DE": f"{base}&subject=inv&who=attacker",
        "Subject has “inv”": f"{base}&country_is=not&country=DE&who=attacker",
        "Attacker only": f"{base}&country_is=not&country=DE&subject=inv",
    }
    assert view.clear_url == base


def test_the_browsers_address_is_that_of_the_filter(analyst, three):
    assert page(analyst, three, country="DE")["HX-Replace-Url"].endswith("/logs/?tab=exchange&country=DE")
    address = reverse("incidents:logs", args=["acme-corp", three.pk])
    live = analyst.get(address, headers=HTMX | {"HX-Trigger": "logs"})
    assert "HX-Replace-Url" not in live


def test_a_press_leads_back_to_the_same_filter(analyst, console, monkeypatch):
    monkeypatch.setattr("remediation.doorbell._send", lambda *_: None)
    lure = rows.mail_record(console.incident, rows.message("<lure@x>", subject="Invoice"))
    form = {"tenant": "acme-corp", "record": lure.pk, "message": "<lure@x>"}
    form |= {"tab": "exchange", "subject": "inv", "country": "DE", "country_is": "not", "since": "2026-02-01"}
    answer = analyst.post(reverse("incidents:phish_mark", args=["acme-corp", console.incident.pk]), form)
    query = "tab=exchange&since=2026-02-01&country_is=not&country=DE&subject=inv"
    assert answer.url == f"/t/acme-corp/incidents/{console.incident.pk}/logs/?{query}#logs"


# --- Page by page -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("query", [{}, {"operation": "read"}, {"operation": "nothing"}])
def test_walking_all_pages_shows_each_row_once(analyst, console, monkeypatch, query):
    """Also where the search stops in between, and where many rows are of one moment."""
    monkeypatch.setattr(contexts, "PAGE", 3)
    monkeypatch.setattr(log_search, "LOOKED_THROUGH", 4)
    for number in range(23):
        operation = "Read" if number % 3 else "Write"
        at = NOON - timedelta(minutes=number // 5)
        rows.log_record(console.incident, item=str(number), operation=operation, occurred_at=at)
    wanted = [str(one) for one in range(23) if not query or (query["operation"] == "read" and one % 3)]
    seen, address = [], reverse("incidents:logs", args=["acme-corp", console.incident.pk]) + "?tab=exchange"
    address += "".join(f"&{name}={value}" for name, value in query.items())
    for _ in range(30):
        view = analyst.get(address, headers=HTMX).context["logs"]
        seen += [row.record.item for row in view.rows]
        address = view.next_url
        if not address:
            break
    assert sorted(seen, key=int) == wanted


def test_a_search_that_stops_says_so_and_goes_on(analyst, console, monkeypatch):
    monkeypatch.setattr(log_search, "LOOKED_THROUGH", 2)
    for minutes in range(5):
        rows.log_record(console.incident, item=str(minutes), occurred_at=NOON - timedelta(minutes=minutes))
    answer = page(analyst, console.incident, operation="nothing")
    view, told = answer.context["logs"], answer.content.decode()
    assert view.searched_to == NOON - timedelta(minutes=1)
    assert ("None found so far" in told, "Cut off after 2 rows" in told, "Go on" in told) == (True, True, True)
    last = page(
        analyst, console.incident, operation="nothing", before=f"{int(NOON.timestamp()) * 1_000_000 - 150_000_000}-0"
    )
    assert (last.context["logs"].searched_to, "None found" in last.content.decode()) == (None, True)
    assert "so far" not in last.content.decode()


def test_long_tabs_are_counted_up_to_a_limit(analyst, console, monkeypatch):
    monkeypatch.setattr(log_search, "MOST_COUNTED", 3)
    monkeypatch.setattr(contexts, "MOST_COUNTED", 3)
    rows.indicator(console.incident, "203.0.113.66")
    for _ in range(5):
        rows.log_record(console.incident, ip_address="203.0.113.66")
    for _ in range(3):
        rows.log_record(console.incident, workload=Workload.SHAREPOINT)
    tabs = {tab.key: tab for tab in page(analyst, console.incident).context["logs"].tabs}
    assert (tabs["exchange"].count_words, tabs["exchange"].attacker_words) == ("3+", "3+")
    assert (tabs["sharepoint"].count_words, tabs["teams"].count_words) == ("3", "0")


# --- Uncommon ---------------------------------------------------------------------------------------------------------
HERS = {
    "ip_address": "198.51.100.7",
    "network": "AS64496 Home",
    "country": "DE",
    "device": "PC-1",
    "application": "Outlook",
}


@pytest.fixture
def regular(console):
    """An account with three sign-ins from home before the first access."""
    before = console.incident.first_access_at - timedelta(days=9)
    for day in range(3):
        at = before + timedelta(days=day)
        rows.log_record(console.incident, workload=Workload.LOGINS, occurred_at=at, **HERS)
    return console.incident


@pytest.mark.parametrize(
    ("values", "uncommon"),
    [
        ({}, ""),
        ({"ip_address": "203.0.113.66"}, "address"),
        ({"network": "AS64511 Other"}, "network"),
        ({"network": "AS64496 Renamed"}, ""),
        ({"country": "FR"}, "country"),
        ({"device": "PC-9"}, "device"),
        ({"application": "Odd", "country": ""}, "application"),
    ],
)
def test_a_row_with_something_new_is_uncommon(analyst, regular, values, uncommon):
    rows.log_record(regular, occurred_at=regular.first_access_at, **HERS | values)
    answer = page(analyst, regular)
    (row,) = answer.context["logs"].rows
    assert row.uncommon == uncommon
    assert ("not used by this person in the 30 days before" in answer.content.decode()) == bool(uncommon)


@pytest.mark.parametrize(("address", "uncommon"), [("2001:db8:1:2::b", ""), ("2001:db8:1:3::a", "address")])
def test_of_ipv6_the_line_counts(analyst, console, address, uncommon):
    for day in range(3):
        at = console.incident.first_access_at - timedelta(days=9 - day)
        hers = HERS | {"ip_address": "2001:db8:1:2::a"}
        rows.log_record(console.incident, workload=Workload.LOGINS, occurred_at=at, **hers)
    new = HERS | {"ip_address": address}
    rows.log_record(console.incident, occurred_at=console.incident.first_access_at, **new)
    (row,) = page(analyst, console.incident).context["logs"].rows
    assert row.uncommon == uncommon


def test_nothing_is_uncommon_where_too_little_is_known(analyst, console):
    at = console.incident.first_access_at
    for days in (3, 2):
        rows.log_record(console.incident, workload=Workload.LOGINS, occurred_at=at - timedelta(days=days), **HERS)
    rows.log_record(console.incident, occurred_at=at, ip_address="203.0.113.66", country="FR")
    answer = page(analyst, console.incident)
    assert [row.uncommon for row in answer.context["logs"].rows] == [""]
    assert "fewer than three sign-ins" in answer.content.decode()
