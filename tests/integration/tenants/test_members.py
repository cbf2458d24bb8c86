"""Members: invited by a link that works once, changed and deactivated by Admins only, and never the last Admin."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from tenants import membership
from tenants.enums import Role
from tenants.membership import MembershipRefused, Rights
from tenants.models import AuditEvent, Invitation, Member
from tests.factories import rows
from tests.factories.rows import PASSWORD

pytestmark = pytest.mark.django_db
MEMBERS, INVITE = "/settings/members/", "/settings/members/invite/"
FULL = {"email": "Nova@Lantern.example", "role": "full_member"}
_LINK = re.compile(r"http://testserver(/account/invitation/\?token=[\w-]{43})")


@pytest.fixture
def admin(console) -> Member:
    return rows.member(console.organization, Role.ADMIN, display_name="Ada Moreau")


@pytest.fixture
def office(admin, signed_in) -> Client:
    """The browser of an Admin."""
    return signed_in(admin)


@pytest.fixture
def other(console) -> Member:
    return rows.member(console.organization, display_name="Olu Adeyemi")


def link_in(answer) -> str:
    (link,) = set(_LINK.findall(answer.content.decode()))
    return link


def invite(office: Client, **more) -> str:
    answer = office.post(INVITE, FULL | more)
    assert answer.status_code == 200
    return link_in(answer)


def accept(link: str, **more):
    """Follow a link as somebody who is not signed in, and fill in the form."""
    client = Client()
    assert client.get(link).headers["Location"] == "/account/invitation/"
    values = {"display_name": "Nova Lindqvist", "password": PASSWORD, "repeated": PASSWORD}
    return client.post("/account/invitation/accept/", values | more)


def acts() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.filter(tenant_id=None).order_by("pk").values_list("verb", "summary"))


# --- Invitations ------------------------------------------------------------------------------------------------------
def test_an_invited_person_becomes_a_member_and_can_sign_in(console, office):
    link = invite(office, is_read_only="on", can_manage_tenants="on")
    assert accept(link).headers["Location"] == "/sign-in/"
    member = Member.objects.get(email="nova@lantern.example")
    assert (member.organization, member.display_name) == (console.organization, "Nova Lindqvist")
    assert Rights.of(member) == Rights(role=Role.FULL_MEMBER, is_read_only=True, can_manage_tenants=True)
    client = Client()
    client.post("/sign-in/", {"login": "nova@lantern.example", "password": PASSWORD})
    assert client.get("/").status_code == 200
    assert acts() == [
        ("invite_member", "Invited nova@lantern.example as Full Member, Read-only, Can Manage Tenants"),
        ("accept_invitation", "Accepted the invitation as Full Member, Read-only, Can Manage Tenants"),
    ]


def test_the_link_is_shown_once_and_only_its_hash_is_kept(office):
    answer = office.post(INVITE, FULL)
    token = link_in(answer).split("token=")[1]
    assert "no-store" in answer.headers["Cache-Control"]
    assert token not in office.get(MEMBERS).content.decode()
    assert Invitation.objects.get().token_hash == sha256(token.encode()).hexdigest()
    kept = [str(event.__dict__) for event in AuditEvent.objects.all()]
    kept += [str(session.get_decoded()) for session in Session.objects.all()]
    assert not [row for row in kept if token in row]


def test_the_token_leaves_the_address_at_once_and_the_session_holds_its_hash(office):
    client, link = Client(), invite(office)
    assert client.get(link, follow=True).redirect_chain == [("/account/invitation/", 302)]
    token = link.split("token=")[1]
    assert dict(client.session) == {"invitation": sha256(token.encode()).hexdigest()}


def test_a_link_works_once(office):
    link = invite(office)
    accept(link)
    assert accept(link).status_code == 404
    assert Client().get(link, follow=True).status_code == 404


def test_a_link_works_for_seven_days(office):
    link = invite(office)
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        assert accept(link).status_code == 404
    assert not Member.objects.filter(email="nova@lantern.example").exists()


def test_a_withdrawn_link_does_not_work(office):
    link = invite(office)
    withdraw = f"/settings/invitations/{Invitation.objects.get().pk}/withdraw/"
    assert office.post(withdraw).headers["Location"] == MEMBERS
    assert accept(link).status_code == 404
    office.post(withdraw)
    assert [verb for verb, _ in acts()] == ["invite_member", "withdraw_invitation"]


def test_a_second_invitation_replaces_the_first(office):
    first, second = invite(office), invite(office, role="admin")
    assert accept(first).status_code == 404
    accept(second)
    assert Member.objects.get(email="nova@lantern.example").role == Role.ADMIN


def test_an_invited_guest_gets_the_tenants_chosen(console, office):
    accept(invite(office, role="external_guest", tenants=[console.neighbour.pk]))
    member = Member.objects.get(email="nova@lantern.example")
    assert list(member.tenants.all()) == [console.neighbour]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"role": "owner"}, "role"),
        ({"role": "external_guest"}, "tenants"),
        ({"role": "external_guest", "tenants": ["9999"]}, "tenants"),
    ],
)
def test_an_invitation_that_makes_no_sense(office, more, field):
    answer = office.post(INVITE, FULL | more)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not Invitation.objects.exists()


def test_a_guest_is_not_given_a_tenant_of_another_organization(console, office):
    answer = office.post(INVITE, FULL | {"role": "external_guest", "tenants": [console.their_tenant.pk]})
    assert (answer.status_code, Invitation.objects.count()) == (422, 0)


def test_a_member_is_not_invited_again(office, other):
    answer = office.post(INVITE, FULL | {"email": other.email})
    assert (answer.status_code, answer.context["form"].errors["email"]) == (
        422,
        [f"{other.email} belongs to a member already."],
    )


def test_an_address_of_another_organization_is_told_to_its_owner_only(console, office):
    rows.member(console.their_tenant.organization, email="nova@lantern.example")
    answer = accept(invite(office))
    assert (answer.status_code, Member.objects.filter(organization=console.organization).count()) == (409, 2)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"password": "short", "repeated": "short"}, "password"),
        ({"password": "passwordpassword", "repeated": "passwordpassword1"}, "repeated"),
        ({"password": "nova@lantern.example", "repeated": "nova@lantern.example"}, "password"),
        ({"display_name": ""}, "display_name"),
    ],
)
def test_a_weak_password_does_not_use_the_link_up(office, more, field):
    link = invite(office)
    answer = accept(link, **more)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert accept(link).status_code == 302


@override_settings(IS_EMAIL_ON=True)
def test_the_link_is_sent_where_a_mail_server_is_named(office, django_capture_on_commit_callbacks):
    link = invite(office)
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["nova@lantern.example"], "Invitation to Petra at Lantern")
    assert f"http://testserver{link}" in letter.body


def test_no_letter_is_written_where_none_is(office):
    invite(office)
    assert mail.outbox == []


# --- Rights -----------------------------------------------------------------------------------------------------------
def test_rights_are_changed_and_told(console, office, other):
    page = f"/settings/members/{other.pk}/"
    assert office.get(page).status_code == 200
    values = {"role": "external_guest", "is_read_only": "on", "tenants": [console.tenant.pk]}
    assert office.post(f"{page}change/", values).headers["Location"] == MEMBERS
    other.refresh_from_db()
    assert Rights.of(other) == Rights(role=Role.EXTERNAL_GUEST, tenant_ids=(console.tenant.pk,))
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor_name, event.tenant_id) == ("change_member", "Ada Moreau", None)
    assert event.summary == "Olu Adeyemi is now External Guest, 1 of the tenants; before: Full Member"
    assert (event.before["role"], event.after["tenant_ids"]) == ("full_member", [console.tenant.pk])
    office.post(f"{page}change/", values)
    assert AuditEvent.objects.count() == 1, "what changes nothing is not told"


def test_another_role_holds_from_the_next_request_on(console, office, other, signed_in):
    browser = signed_in(other)
    assert browser.get("/t/acme-corp/").status_code == 200
    office.post(f"/settings/members/{other.pk}/change/", {"role": "billing"})
    assert browser.get("/t/acme-corp/").status_code == 404


def test_nobody_changes_or_deactivates_themselves(office, admin):
    page = f"/settings/members/{admin.pk}/"
    refused = [
        office.post(f"{page}change/", {"role": "full_member"}),
        office.post(f"{page}deactivate/"),
        office.post(f"{page}second-factors/remove/"),
    ]
    assert [answer.status_code for answer in refused] == [409] * 3
    admin.refresh_from_db()
    assert (admin.role, admin.is_active, acts()) == (Role.ADMIN, True, [])


def test_of_two_admins_who_remove_each_other_one_remains(console, admin):
    """The second one acts on what they saw before: they are no Admin any more."""
    second = rows.member(console.organization, Role.ADMIN)
    membership.member_deactivate(member=admin, by=second)
    with pytest.raises(MembershipRefused, match="Only an Admin"):
        membership.member_deactivate(member=second, by=admin)
    with pytest.raises(MembershipRefused, match="Only an Admin"):
        membership.member_change(member=second, rights=Rights(role=Role.BILLING), by=admin)
    assert list(Member.objects.filter(role=Role.ADMIN, is_active=True)) == [second]


def test_members_of_other_organizations_do_not_exist(console, office):
    theirs = rows.member(console.their_tenant.organization)
    invitation = Invitation.objects.create(
        organization=theirs.organization, email="x@y.example", role="billing", token_hash="0" * 64,
        invited_by=theirs, expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    for pk in (theirs.pk, 9999):
        page = f"/settings/members/{pk}/"
        answers = [office.get(page)]
        answers += [office.post(f"{page}{act}/") for act in ("change", "deactivate", "reactivate")]
        assert [answer.status_code for answer in answers] == [404] * 4
    assert office.post(f"/settings/invitations/{invitation.pk}/withdraw/").status_code == 404
    assert Member.objects.get(pk=theirs.pk).is_active


def test_a_full_member_does_not_see_a_guests_hidden_tenant(console, signed_in):
    type(console.tenant).objects.filter(pk=console.tenant.pk).update(is_sensitive=True)
    guest = rows.member(console.organization, Role.EXTERNAL_GUEST)
    guest.tenants.add(console.tenant, console.neighbour)
    page = signed_in(rows.member(console.organization)).get(MEMBERS).content.decode()
    assert ("Acme Corp" in page, "Zenith" in page) == (False, True)


# --- Deactivation -----------------------------------------------------------------------------------------------------
def test_the_open_tab_of_a_deactivated_member_stops_at_its_next_request(console, office, other, signed_in):
    tabs = [signed_in(other), signed_in(other)]
    path = f"/t/acme-corp/incidents/{console.incident.pk}/"
    assert [tab.get(path).status_code for tab in tabs] == [200, 200]
    office.post(f"/settings/members/{other.pk}/deactivate/")
    assert {tab.get(path).headers["Location"] for tab in tabs} == {f"/sign-in/?next={path}"}
    fragment = tabs[0].get(f"{path}header/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (204, "/sign-in/")
    act = tabs[1].post(f"{path}notes/add/", {"tenant": "acme-corp", "text": "Still here"})
    assert act.headers["Location"].startswith("/sign-in/")
    assert acts() == [("deactivate_member", "Deactivated Olu Adeyemi; sessions ended: 2")]


def test_a_deactivated_member_cannot_sign_in_and_is_told_no_more_than_others(office, other):
    office.post(f"/settings/members/{other.pk}/deactivate/")
    answer = Client().post("/sign-in/", {"login": other.email, "password": PASSWORD})
    unknown = Client().post("/sign-in/", {"login": "nobody@lantern.example", "password": PASSWORD})
    assert (answer.status_code, answer.context["form"].errors) == (200, unknown.context["form"].errors)


def test_old_sessions_stay_ended_after_reactivation(office, other, signed_in):
    tab = signed_in(other)
    office.post(f"/settings/members/{other.pk}/deactivate/")
    office.post(f"/settings/members/{other.pk}/reactivate/")
    assert tab.get("/").status_code == 302
    assert signed_in(Member.objects.get(pk=other.pk)).get("/").status_code == 200
    assert [verb for verb, _ in acts()] == ["deactivate_member", "reactivate_member"]
