"""The Petra Response switch: who may, what it says before it is pressed, and that it is told in the audit trail."""

import pytest
from django.urls import reverse

from tenants.enums import Role
from tenants.models import AuditEvent, Tenant
from tests.factories import rows


def url(tenant):
    return reverse("tenants:petra_response", args=[tenant.slug])


def press(client, at, switch="on", **fields):
    return client.post(url(at), {"tenant": at.slug, "switch": switch} | fields)


def is_on(tenant) -> bool:
    return Tenant.objects.get(pk=tenant.pk).has_petra_response


@pytest.fixture
def admin(console, signed_in):
    return signed_in(rows.member(console.organization, Role.ADMIN, display_name="Ada Moreau"))


def test_on_and_off(admin, console):
    answer = press(admin, console.tenant)
    assert (answer.url, is_on(console.tenant)) == (reverse("incidents:overview", args=["acme-corp"]), True)
    assert press(admin, console.tenant, "off", place="home").url == reverse("incidents:home")
    assert is_on(console.tenant) is False
    acts = AuditEvent.objects.filter(tenant_id=console.tenant.pk).order_by("pk").values_list("summary", "actor_name")
    assert list(acts) == [
        ("Petra Response switched on – Acme Corp", "Ada Moreau"),
        ("Petra Response switched off – Acme Corp", "Ada Moreau"),
    ]


def test_pressed_twice_it_is_switched_once(admin, console):
    for _ in range(2):
        press(admin, console.tenant)
    assert AuditEvent.objects.filter(verb="switch_petra_response").count() == 1


def test_it_concerns_this_tenant_alone(admin, console):
    press(admin, console.tenant)
    assert [is_on(console.neighbour), is_on(console.their_tenant)] == [False, False]


def test_members_who_manage_tenants_may(console, signed_in):
    manager = signed_in(rows.member(console.organization, can_manage_tenants=True))
    assert press(manager, console.tenant).status_code == 302
    assert is_on(console.tenant)


def test_others_may_not(analyst, reader, guest, client, admin, console):
    assert [press(one, console.tenant).status_code for one in (analyst, reader, guest, client)] == [403, 403, 404, 302]
    assert press(admin, console.their_tenant).status_code == 404
    assert (is_on(console.tenant), is_on(console.their_tenant)) == (False, False)


def test_a_form_that_says_nothing_or_of_another_tenant(admin, console):
    assert press(admin, console.tenant, "perhaps").status_code == 400
    assert press(admin, console.tenant, tenant="zenith").status_code == 409
    assert admin.get(url(console.tenant)).status_code == 405
    assert is_on(console.tenant) is False


@pytest.mark.parametrize("name", ["home", "overview"])
def test_what_it_will_do_is_said_before(admin, analyst, console, name):
    address = reverse(f"incidents:{name}", args=[] if name == "home" else ["acme-corp"])
    page = " ".join(admin.get(address).content.decode().split())
    assert "Steps 1 to 3 run by themselves the moment an incident is opened in Acme Corp." in page
    assert "petra-response-acme-corp-press" not in analyst.get(address).content.decode()
