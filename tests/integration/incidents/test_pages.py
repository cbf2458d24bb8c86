"""Home, lists, overview and the incident page: what is seen, and by whom it is not."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from incidents.enums import IncidentState
from tenants.enums import Role
from tests.factories import rows
from tests.fixtures.console import HTMX

LIST = 8  # queries: session, member, its standing, tenants; owners, count, rows; the switcher's counts
PARTS = ("header", "threat", "notes", "timeline", "logs", "activity")


def url(name, incident=None, tenant=None):
    if incident:
        return reverse(f"incidents:{name}", args=[(tenant or incident.tenant).slug, incident.pk])
    return reverse(f"incidents:{name}", args=[tenant.slug] if tenant else [])


def listed(answer):
    return [row.account_name for row in answer.context["list"].rows]


# --- Every page -------------------------------------------------------------------------------------------------------
@pytest.fixture
def addresses(console):
    of_incident = [url(name, console.incident) for name in ("detail", *PARTS)]
    of_tenant = [url(name, tenant=console.tenant) for name in ("overview", "tenant_list")]
    return [url("home"), url("list"), *of_tenant, *of_incident]


def test_every_page_works(analyst, addresses):
    assert {address: analyst.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_readers_see_every_page(reader, addresses):
    assert {address: reader.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_strangers_are_sent_to_sign_in(client, addresses):
    found = {address: client.get(address).url for address in addresses}
    assert found == {address: f"/sign-in/?next={address}" for address in addresses}


def test_pages_are_only_read(analyst, addresses):
    assert {analyst.post(address).status_code for address in addresses} == {405}


@pytest.mark.parametrize("name", ["overview", "tenant_list"])
def test_a_foreign_tenant_does_not_exist(analyst, console, name):
    foreign = analyst.get(url(name, tenant=console.their_tenant))
    nobody = analyst.get(reverse(f"incidents:{name}", args=["no-such-tenant"]))
    assert (foreign.status_code, foreign.content) == (404, nobody.content)


@pytest.mark.parametrize("name", ["detail", *PARTS, "live"])
def test_a_foreign_incident_does_not_exist(analyst, console, name):
    foreign = analyst.get(url(name, console.their_incident, console.tenant))
    nobody = analyst.get(reverse(f"incidents:{name}", args=[console.tenant.slug, 10**9]))
    assert (foreign.status_code, foreign.content) == (404, nobody.content)
    assert analyst.get(url(name, console.their_incident)).status_code == 404


def test_an_incident_is_not_found_under_another_tenant_of_ours(analyst, console):
    assert analyst.get(url("detail", console.incident, console.neighbour)).status_code == 404


def test_a_guest_sees_the_tenants_given_to_them_only(guest, console):
    assert [row.tenant for row in guest.get(url("home")).context["home"].tenants] == [console.neighbour]
    assert guest.get(url("detail", console.incident)).status_code == 404
    assert guest.get(url("list")).context["list"].total == 0


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_for_htmx_and_the_page_for_others(analyst, console, part):
    address = url(part, console.incident)
    alone, whole = analyst.get(address, headers=HTMX), analyst.get(address)
    assert b"<html" not in alone.content
    assert f'id="{part}"'.encode() in alone.content
    assert b"<html" in whole.content
    assert all(f'id="{each}"'.encode() in whole.content for each in PARTS)


def test_the_page_may_not_be_kept(analyst, console):
    assert "no-store" in analyst.get(url("detail", console.incident))["Cache-Control"]


# --- Home -------------------------------------------------------------------------------------------------------------
def test_tenants_with_active_incidents_stand_first(analyst, console):
    rows.incident(console.neighbour)
    rows.incident(console.tenant, state=IncidentState.UNPUBLISHED)
    quiet = rows.tenant(console.organization, "Aardvark")
    home = analyst.get(url("home")).context["home"]
    assert [row.tenant for row in home.tenants] == [console.tenant, console.neighbour, quiet]
    assert (home.active_count, home.tenants[0].unpublished_incidents) == (2, 1)
    assert [row.badge.text for row in home.open_incidents] == ["Active", "Active", "Unpublished"]


def test_the_state_of_a_connection_is_told(analyst, console):
    rows.connection(console.tenant, last_error="Expired", last_contact_at=timezone.now())
    home = analyst.get(url("home")).context["home"]
    assert [row.badge.text for row in home.tenants] == ["Connection fails", "Not connected"]


@pytest.mark.parametrize(
    ("role", "flags", "is_demo", "is_offered"),
    [
        (Role.ADMIN, {}, True, True),
        (Role.ADMIN, {}, False, False),
        (Role.FULL_MEMBER, {}, True, False),
        (Role.FULL_MEMBER, {"can_manage_tenants": True}, True, True),
        (Role.ADMIN, {"is_read_only": True}, True, False),
    ],
)
def test_who_may_reset_the_demo(console, signed_in, settings, role, flags, is_demo, is_offered):
    settings.DEMO = is_demo
    analyst = signed_in(rows.member(console.organization, role, **flags))
    assert analyst.get(url("home")).context["home"].can_reset_demo is is_offered


def test_billing_sees_the_usage_page_only(console, signed_in):
    office = signed_in(rows.member(console.organization, Role.BILLING))
    assert office.get(url("home")).headers["Location"] == url("usage")
    assert office.get(url("list")).status_code == 404
    page = office.get(url("usage"))
    assert "Acme Corp" not in page.content.decode()
    assert [tab.label for tab in page.context["nav"]()] == ["Usage"]


@pytest.fixture
def november():
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False):
        yield


def test_usage_counts_by_month_and_one_organization_only(november, console, signed_in):
    office = signed_in(rows.member(console.organization, Role.ADMIN))
    for opened in ((2026, 10, 31, 23), (2026, 10, 1), (2025, 11, 30)):
        rows.incident(console.neighbour, opened_at=datetime(*opened, tzinfo=UTC))
    rows.member(console.organization, is_active=False)
    usage = office.get(url("usage")).context["usage"]
    assert [(month.begins.month, month.incidents) for month in usage.months] == [(11, 1), (10, 2)]
    assert [(month.tenants, month.members) for month in usage.months] == [(2, 2), (0, 0)]
    assert dict(usage.roles) == {"Admin": 1, "Full Member": 1, "External Guest": 0, "Billing": 0}


# --- Lists ------------------------------------------------------------------------------------------------------------
def test_the_list_is_searched(analyst, console):
    rows.incident(console.neighbour, rows.account(console.neighbour, "Zoë Fischer"), title="Rule forwards mail")
    assert listed(analyst.get(url("list"), {"q": "fischer forwards"})) == ["Zoë Fischer"]
    assert listed(analyst.get(url("list"), {"q": "acme"})) == ["Alice Example"]
    assert listed(analyst.get(url("list"), {"q": "secret"})) == []


def test_the_list_is_filtered(analyst, console):
    owned = rows.incident(console.neighbour, rows.account(console.neighbour, "Bob"), owner=console.analyst)
    filters = {
        "state": "active",
        "tenant": console.neighbour.slug,
        "owner": str(console.analyst.pk),
        "since": f"{owned.opened_at:%Y-%m-%d}",
    }
    assert listed(analyst.get(url("list"), filters)) == ["Bob"]
    assert listed(analyst.get(url("list"), {"owner": "none"})) == ["Alice Example"]
    assert listed(analyst.get(url("list"), {"state": "remediated"})) == []
    long_ago = timezone.now() - timedelta(days=90)
    assert listed(analyst.get(url("list"), {"until": f"{long_ago:%Y-%m-%d}"})) == []
    for day in ("9999-12-31", "0001-01-01"):
        assert analyst.get(url("list"), {"since": day, "until": day}).status_code == 200


@pytest.mark.parametrize(
    "sort", ["account", "-account", "contained", "-contained", "owner", "steps", "tenant", "state"]
)
def test_the_list_is_sorted(analyst, console, sort):
    now = timezone.now()
    rows.incident(console.neighbour, rows.account(console.neighbour, "Bob"), opened_at=now, contained_at=now)
    found = listed(analyst.get(url("list"), {"sort": sort}))
    assert sorted(found) == ["Alice Example", "Bob"]
    if sort == "account":
        assert found == ["Alice Example", "Bob"]
    if sort in ("-account", "contained", "-contained"):  # what is not contained yet stands last, both ways
        assert found == ["Bob", "Alice Example"]


def test_what_cannot_be_understood_is_left_aside(analyst, console):
    answer = analyst.get(
        url("list"), {"sort": "password", "since": "yesterday", "owner": "x", "page": "x", "tenant": "secret-client"}
    )
    assert (answer.status_code, listed(answer)) == (200, ["Alice Example"])


def test_a_tenants_list_holds_only_its_own(analyst, console):
    rows.incident(console.neighbour, rows.account(console.neighbour, "Bob"))
    answer = analyst.get(url("tenant_list", tenant=console.neighbour))
    assert listed(answer) == ["Bob"]
    assert "tenant" not in answer.context["form"].fields


def test_pages_of_the_list_keep_the_rest_of_the_address(analyst, console):
    victim = rows.account(console.neighbour, "Bob")
    for _ in range(50):
        rows.incident(console.neighbour, victim)
    answer = analyst.get(url("list"), {"q": "Session", "page": "2"})
    assert listed(answer) == ["Alice Example"]
    assert b"?q=Session&amp;page=1" in answer.content


def test_the_list_alone_for_htmx(analyst):
    answer = analyst.get(url("list"), headers=HTMX)
    assert b"<html" not in answer.content
    assert b'id="incident-list"' in answer.content


def test_three_incidents_take_as_many_queries_as_one(analyst, console, django_assert_num_queries):
    with django_assert_num_queries(LIST):
        analyst.get(url("list"))
    for name in ("Bob", "Carol"):
        rows.incident(console.neighbour, rows.account(console.neighbour, name), owner=console.analyst)
    with django_assert_num_queries(LIST):
        analyst.get(url("list"))


def test_a_row_tells_how_far_it_has_come(analyst, console):
    opened = console.incident.opened_at
    with_steps = {"steps_done": 0b101, "contained_at": opened + timedelta(minutes=4, seconds=12)}
    rows.incident(console.neighbour, rows.account(console.neighbour, "Bob"), opened_at=opened, **with_steps)
    bob, alice = analyst.get(url("list"), {"sort": "-account"}).context["list"].rows
    assert [dot.is_done for dot in bob.steps] == [True, False, True, False, False, False]
    assert (bob.steps_done_count, bob.clock.words, bob.clock.is_running) == (2, "4 m 12 s", False)
    assert (alice.clock.words, alice.clock.is_running) == ("", True)


# --- Overview ---------------------------------------------------------------------------------------------------------
def test_the_overview_shows_the_connection_without_its_secret(console, signed_in):
    rows.connection(console.tenant, client_secret="s3cr3t-value", client_id="the-client-id")
    answer = signed_in(rows.member(console.organization, Role.ADMIN)).get(url("overview", tenant=console.tenant))
    assert answer.context["overview"].credential == "Client secret"
    assert b"the-client-id" in answer.content
    assert b"s3cr3t-value" not in answer.content


# --- The header -------------------------------------------------------------------------------------------------------
def header(analyst, incident):
    return analyst.get(url("header", incident), headers=HTMX).context["header"]


def test_what_is_not_known_is_not_claimed(analyst, console):
    seen = header(analyst, console.incident)
    assert seen.enabled.text == "Not known whether the account is enabled"
    assert seen.kind_words == "Not known whether it is synced"


def test_an_admin_role_is_shouted(analyst, console):
    admin = rows.account(
        console.tenant, "Ada", roles=["Directory Readers", "Global Administrator"], account_enabled=True
    )
    seen = header(analyst, rows.incident(console.tenant, admin))
    assert seen.roles == [("Directory Readers", False), ("Global Administrator", True)]
    assert seen.is_admin


def test_the_clock_runs_until_it_is_contained(analyst, console):
    assert header(analyst, console.incident).clock.is_running
    opened = console.incident.opened_at
    contained = rows.incident(console.tenant, opened_at=opened, contained_at=opened + timedelta(seconds=7))
    assert header(analyst, contained).clock.words == "7 s"
    dismissed = rows.incident(console.tenant, state=IncidentState.DISMISSED, closed_at=timezone.now())
    assert header(analyst, dismissed).clock is None


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        (IncidentState.UNPUBLISHED, (True, True, False)),
        (IncidentState.ACTIVE, (False, True, False)),
        (IncidentState.REMEDIATED, (False, False, True)),
        (IncidentState.DISMISSED, (False, False, True)),
    ],
)
def test_what_is_offered_in_each_state(analyst, reader, console, state, acts):
    incident = rows.incident(console.tenant, state=state)
    seen = header(analyst, incident)
    assert (seen.can_publish, seen.can_dismiss, seen.can_reopen) == acts
    looking = header(reader, incident)
    assert (looking.can_publish, looking.can_dismiss, looking.can_reopen, looking.owners) == (False, False, False, [])


def test_times_are_told_in_the_readers_zone(console, signed_in):
    analyst = signed_in(rows.member(console.organization, time_zone="Europe/Berlin"))
    answer = analyst.get(url("detail", console.incident))
    assert b"Times are in Europe/Berlin" in answer.content


def test_the_page_of_one_incident_has_a_constant_number_of_queries(analyst, console, django_assert_max_num_queries):
    for number in range(30):
        rows.mail_record(console.incident, rows.message(f"<{number}@x>"), ip_address="203.0.113.66")
    rows.indicator(console.incident, "203.0.113.66")
    with django_assert_max_num_queries(27):
        analyst.get(url("detail", console.incident))


def test_incidents_of_the_same_state_come_newest_first(analyst, console):
    newer = rows.incident(console.tenant, opened_at=timezone.now())
    home = analyst.get(url("home")).context["home"]
    assert [row.pk for row in home.open_incidents] == [newer.pk, console.incident.pk]
