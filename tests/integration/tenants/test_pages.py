"""Members, activity, the frame around every page, and who may own an incident."""

import pytest
from django.urls import reverse

from tenants.enums import Role
from tenants.selectors import owners_for
from tests.factories import rows
from tests.fixtures.console import HTMX

MEMBERS, ACTIVITY = "/settings/members/", "/settings/activity/"


def summaries(answer):
    return [event.summary for event in answer.context["activity"].events]


# --- Members ----------------------------------------------------------------------------------------------------------
def test_members_of_the_organization_and_of_no_other(analyst, console):
    rows.member(console.their_tenant.organization, display_name="Mallory")
    answer = analyst.get(MEMBERS)
    assert [member.display_name for member in answer.context["members"]] == ["Ravi Okonkwo"]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ADMIN, 200), (Role.FULL_MEMBER, 200), (Role.EXTERNAL_GUEST, 404), (Role.BILLING, 404)],
)
def test_who_sees_the_members(console, signed_in, role, status):
    assert signed_in(rows.member(console.organization, role)).get(MEMBERS).status_code == status


def test_three_members_take_as_many_queries_as_one(analyst, console, django_assert_num_queries):
    queries = (
        8  # session, member, its standing, tenants; members, their tenants, the organization; the switcher's counts
    )
    with django_assert_num_queries(queries):
        analyst.get(MEMBERS)
    for _ in range(2):
        rows.member(console.organization, Role.EXTERNAL_GUEST).tenants.add(console.tenant)
    with django_assert_num_queries(queries):
        analyst.get(MEMBERS)


@pytest.mark.parametrize("address", [MEMBERS, ACTIVITY])
def test_pages_are_only_read_and_only_by_those_signed_in(client, analyst, address):
    assert analyst.post(address).status_code == 405
    assert client.get(address).url == f"/sign-in/?next={address}"


# --- Activity ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def trail(console):
    """Acts in three tenants, of the organization itself, and of another organization."""
    for tenant in (console.tenant, console.neighbour, console.their_tenant):
        rows.act(tenant, f"Done in {tenant.name}")
    for organization in (console.organization, console.their_tenant.organization):
        rows.organization_act(organization, f"Settings of {organization.name}")


def test_activity_of_all_visible_tenants_and_the_organization(analyst, trail):
    assert summaries(analyst.get(ACTIVITY)) == ["Settings of Lantern", "Done in Zenith", "Done in Acme Corp"]


def test_activity_of_one_tenant(analyst, console, trail):
    assert summaries(analyst.get(ACTIVITY, {"tenant": "acme-corp"})) == ["Done in Acme Corp"]


def test_guests_see_the_activity_of_their_tenants_only(guest, trail):
    assert summaries(guest.get(ACTIVITY)) == ["Done in Zenith"]
    assert guest.get(ACTIVITY, {"tenant": "acme-corp"}).status_code == 404


def test_the_activity_of_a_foreign_tenant_does_not_exist(analyst, console, trail):
    foreign = analyst.get(ACTIVITY, {"tenant": console.their_tenant.slug})
    nobody = analyst.get(ACTIVITY, {"tenant": "nobody"})
    assert (foreign.status_code, foreign.content) == (404, nobody.content)


def test_sensitive_tenants_are_hidden_from_those_who_may_not_see_them(console, signed_in, trail):
    type(console.tenant).objects.filter(pk=console.tenant.pk).update(is_sensitive=True)
    full = signed_in(rows.member(console.organization))
    seeing = signed_in(rows.member(console.organization, can_view_sensitive_tenants=True))
    assert "Done in Acme Corp" not in summaries(full.get(ACTIVITY))
    assert "Done in Acme Corp" in summaries(seeing.get(ACTIVITY))


def test_pages_of_the_activity_hold_every_act_once(analyst, console):
    for number in range(103):
        rows.act(console.tenant, str(number))
    seen, address = [], ACTIVITY
    while address:
        view = analyst.get(address).context["activity"]
        seen += [event.summary for event in view.events]
        address = ACTIVITY + view.next_url if view.next_url else ""
    assert seen == [str(number) for number in reversed(range(103))]


@pytest.mark.parametrize("before", ["x", "0", "-1", "9" * 30])
def test_a_place_that_cannot_be_understood(analyst, console, before):
    assert analyst.get(ACTIVITY, {"before": before}).status_code == 200


def test_the_activity_alone_for_htmx(analyst):
    answer = analyst.get(ACTIVITY, headers=HTMX)
    assert b"<html" not in answer.content


def test_what_an_attacker_wrote_is_only_text(analyst, console):
    rows.act(console.tenant, "<script>alert(1)</script>")
    assert b"<script>alert" not in analyst.get(ACTIVITY).content


# --- The frame --------------------------------------------------------------------------------------------------------
def frame(client, address):
    context = client.get(address).context
    return {item.name: item for item in context["tenants"]()}, context


def test_the_switcher_counts_in_all_tenants_on_the_page_of_one(analyst, console):
    rows.incident(console.neighbour)
    items, context = frame(analyst, f"/t/{console.tenant.slug}/")
    assert {name: item.active_incidents for name, item in items.items()} == {"Acme Corp": 1, "Zenith": 1}
    assert context["current_tenant"] == console.tenant


@pytest.mark.parametrize(
    ("page", "target", "everywhere"),
    [
        ("/", "/t/zenith/", "/"),
        ("/t/acme-corp/", "/t/zenith/", "/"),
        ("/incidents/", "/t/zenith/incidents/", "/incidents/"),
        ("/t/acme-corp/incidents/", "/t/zenith/incidents/", "/incidents/"),
        ("/t/acme-corp/incidents/{}/", "/t/zenith/incidents/", "/incidents/"),
        (MEMBERS, "/t/zenith/incidents/", "/incidents/"),
    ],
)
def test_another_tenant_and_the_same_kind_of_page(analyst, console, page, target, everywhere):
    items, context = frame(analyst, page.format(console.incident.pk))
    assert (items["Zenith"].switch_url, context["all_tenants_url"]) == (target, everywhere)


def test_another_tenants_activity(analyst, console):
    items, context = frame(analyst, f"{ACTIVITY}?tenant=acme-corp")
    assert (items["Zenith"].switch_url, context["all_tenants_url"]) == (f"{ACTIVITY}?tenant=zenith", ACTIVITY)


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        (Role.FULL_MEMBER, ["Incidents", "Phish sweep", "Activity", "Settings"]),
        (Role.EXTERNAL_GUEST, ["Incidents", "Activity"]),
    ],
)
def test_tabs_are_those_that_are_there(console, signed_in, role, labels):
    client = signed_in(rows.member(console.organization, role))
    tabs = client.get("/incidents/").context["nav"]()
    assert [tab.label for tab in tabs] == labels
    assert [tab.label for tab in tabs if tab.is_current] == ["Incidents"]


def test_tabs_stay_with_the_tenant(analyst, console):
    tabs = analyst.get("/t/acme-corp/incidents/").context["nav"]()
    assert [tab.url for tab in tabs[:3]] == [
        "/t/acme-corp/incidents/",
        "/phish-sweep/",
        f"{ACTIVITY}?tenant=acme-corp",
    ]


def test_a_zone_that_is_none_is_utc(console, signed_in):
    client = signed_in(rows.member(console.organization, time_zone="Mars/Olympus"))
    assert client.get("/").context["zone_name"] == "UTC"


# --- Owners -----------------------------------------------------------------------------------------------------------
def test_owners_are_those_who_can_see_and_act(console):
    of = console.organization
    admin = rows.member(of, Role.ADMIN, display_name="Ada")
    guest = rows.member(of, Role.EXTERNAL_GUEST, display_name="Gus")
    guest.tenants.add(console.tenant, console.neighbour)
    rows.member(of, Role.EXTERNAL_GUEST)
    rows.member(of, Role.BILLING)
    rows.member(of, is_read_only=True)
    rows.member(of, is_active=False)
    rows.member(console.their_tenant.organization, Role.ADMIN)
    assert owners_for(console.tenant) == [admin, guest, console.analyst]
    console.tenant.is_sensitive = True
    assert owners_for(console.tenant) == [admin, guest]


def test_addresses_are_named():
    assert (reverse("tenants:members"), reverse("tenants:activity")) == (MEMBERS, ACTIVITY)
