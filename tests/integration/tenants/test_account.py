"""One's own account: lock-out, second factors from set-up to sign-in, and the sessions one has."""

import time
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tenants.encryption import decrypt
from tenants.enums import Role
from tenants.models import AuditEvent, Member, Organization
from tests.factories import rows
from tests.factories.rows import PASSWORD

pytestmark = pytest.mark.django_db
ACCOUNT, APP, CODE, CODES = (
    "/account/",
    "/account/authenticator-app/",
    "/account/code/",
    "/account/recovery-codes/",
)
SECURITY, CHANGE = "/settings/security/", "/settings/security/change/"


@pytest.fixture
def member(console) -> Member:
    return rows.member(console.organization, Role.ADMIN, display_name="Ada Moreau")


def sign_in(member: Member, password: str = PASSWORD, client: Client | None = None):
    """As a person does it; returns the browser and the answer."""
    client = client or Client()
    return client, client.post("/sign-in/", {"login": member.email, "password": password})


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def set_up(client: Client) -> tuple[str, list[str]]:
    """Set up an app; returns its key, and the recovery codes as they were shown."""
    assert client.get(APP).headers["Location"] == f"/account/confirm/?next={quote(APP, safe='')}"
    assert client.post(f"/account/confirm/?next={APP}", {"password": PASSWORD}).headers["Location"] == APP
    secret = client.get(APP).context["form"].secret
    answer = client.post(APP, {"code": code_of(secret)})
    assert answer.headers["Location"] == CODES
    return secret, client.get(CODES).context["unused_codes"]


@pytest.fixture
def protected(member) -> tuple[str, list[str]]:
    """The member has an app: its key and the recovery codes."""
    return set_up(sign_in(member)[0])


@pytest.fixture(autouse=True)
def clock():
    """A code is good for one use: tests that use several go on half a minute each."""
    with time_machine.travel(timezone.now(), tick=False) as moving:
        yield moving


# --- Guessing ---------------------------------------------------------------------------------------------------------
def test_the_fifth_wrong_password_locks_with_a_message(member):
    statuses = [sign_in(member, "wrong")[1].status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    client, answer = sign_in(member)
    assert "Sign-in is paused" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_what_the_lock_says(member):
    *_, answer = (sign_in(member, "wrong")[1] for _ in range(5))
    assert "Try again in 15 minutes." in " ".join(answer.content.decode().split())


def test_a_lock_is_for_one_address_and_one_network(member, clock):
    """For the first five minutes an account is shut from everywhere: guesses come from many networks."""
    for _ in range(5):
        sign_in(member, "wrong")
    other = rows.member(member.organization)
    assert sign_in(other)[1].headers["Location"] == "/"
    clock.shift(timedelta(minutes=6))
    assert sign_in(member)[1].status_code == 429
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert sign_in(member, client=elsewhere)[1].headers["Location"] == "/"


def test_a_lock_ends(member, clock):
    for _ in range(5):
        sign_in(member, "wrong")
    clock.shift(timedelta(minutes=16))
    assert sign_in(member)[1].headers["Location"] == "/"


def test_codes_are_limited_as_well(member, protected, clock):
    clock.shift(30)
    client, _ = sign_in(member)
    for _ in range(5):
        assert client.post(CODE, {"code": "000000"}).status_code == 200
    right = client.post(CODE, {"code": code_of(protected[0])})
    assert (right.status_code, list(right.context["form"].errors)) == (200, ["code"])
    assert client.get("/").status_code == 302


# --- Second factors ---------------------------------------------------------------------------------------------------
def test_signing_in_takes_both_once_an_app_is_set_up(member, protected, clock):
    clock.shift(30)
    client, answer = sign_in(member)
    assert answer.headers["Location"] == CODE
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"
    assert client.post(CODE, {"code": code_of(protected[0])}).headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_a_code_works_once(member, protected, clock):
    clock.shift(30)
    code = code_of(protected[0])
    assert sign_in(member)[0].post(CODE, {"code": code}).headers["Location"] == "/"
    assert sign_in(member)[0].post(CODE, {"code": code}).status_code == 200


def test_a_recovery_code_stands_in_once(member, protected, clock):
    for status in (302, 200):
        assert sign_in(member)[0].post(CODE, {"code": protected[1][0]}).status_code == status


def test_recovery_codes_are_shown_once(member):
    client, _ = sign_in(member)
    _, codes = set_up(client)
    assert (len(set(codes)), {len(code) for code in codes}) == (10, {8})
    again = client.get(CODES).content.decode()
    assert [code for code in codes if code in again] == []


def test_secrets_are_encrypted_and_in_no_trail(member, django_capture_on_commit_callbacks):
    client, _ = sign_in(member)
    with django_capture_on_commit_callbacks(execute=True):
        secret, codes = set_up(client)
    app, recovery = Authenticator.objects.order_by("pk")
    assert decrypt(app.data["secret"]) == secret
    assert len(decrypt(recovery.data["seed"])) == 80
    kept = [str(event.__dict__) for event in AuditEvent.objects.all()]
    assert not [row for row in kept if any(one in row for one in (secret, *codes))]
    assert [event.summary for event in AuditEvent.objects.order_by("pk")] == [
        "Set up: authenticator app",
        "Set up: recovery codes",
    ]


def test_the_key_of_an_app_is_never_in_the_clear_in_the_session(member):
    client, _ = sign_in(member)
    client.post("/account/confirm/", {"password": PASSWORD})
    secret = client.get(APP).context["form"].secret
    kept = Session.objects.get(session_key=client.session.session_key).get_decoded()
    assert (secret in str(kept), decrypt(kept["mfa.totp.secret"])) == (False, secret)
    wrong = client.post(APP, {"code": "000000"})
    assert (wrong.status_code, wrong.context["form"].secret) == (200, secret)


def test_a_form_of_a_session_without_a_key_sets_nothing_up(member):
    client, _ = sign_in(member)
    client.post("/account/confirm/", {"password": PASSWORD})
    assert client.post(APP, {"code": "123456"}).status_code == 200
    assert not Authenticator.objects.exists()


def test_an_admin_helps_who_lost_both(console, member, signed_in):
    lost = rows.member(console.organization)
    browser = sign_in(lost)[0]
    set_up(browser)
    signed_in(member).post(f"/settings/members/{lost.pk}/second-factors/remove/")
    assert not Authenticator.objects.filter(user=lost).exists()
    assert browser.get("/").status_code == 302
    assert sign_in(lost)[1].headers["Location"] == "/"
    assert AuditEvent.objects.latest("pk").verb == "remove_second_factor"


# --- The policy -------------------------------------------------------------------------------------------------------
def test_who_has_none_is_led_to_set_one_up_before_requiring_it(member):
    client, _ = sign_in(member)
    refused = client.post(CHANGE, {"require_second_factor": "on"})
    assert (refused.status_code, "/account/second-factor/" in refused.content.decode()) == (409, True)
    assert not Organization.objects.filter(require_second_factor=True).exists()


def test_requiring_it_stops_everybody_who_has_none(console, member, analyst):
    client, _ = sign_in(member)
    set_up(client)
    assert client.post(CHANGE, {"require_second_factor": "on"}).headers["Location"] == SECURITY
    assert client.get("/").status_code == 200
    assert analyst.get("/").headers["Location"] == "/account/second-factor/"
    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.after) == ("set_policy", {"require_second_factor": True})
    client.post(CHANGE)
    assert analyst.get("/").status_code == 200


def test_the_policy_is_one_organizations(console, member, signed_in):
    client, _ = sign_in(member)
    set_up(client)
    client.post(CHANGE, {"require_second_factor": "on"})
    assert signed_in(rows.member(console.their_tenant.organization)).get("/").status_code == 200


def test_the_only_factor_stays_while_it_is_required(member):
    client, _ = sign_in(member)
    set_up(client)
    client.post(CHANGE, {"require_second_factor": "on"})
    answer = client.post(f"{APP}remove/")
    assert (answer.status_code, "this is your only one" in answer.content.decode()) == (200, True)
    client.post(CHANGE)
    assert client.post(f"{APP}remove/").headers["Location"] == ACCOUNT
    assert not Authenticator.objects.exists()


# --- Sessions ---------------------------------------------------------------------------------------------------------
def listed(client: Client) -> list[tuple[str, str]]:
    return [(one.ip, one.user_agent) for one in client.get(ACCOUNT).context["sessions"]]


def test_sessions_are_listed_with_where_they_are_used(member):
    here, there = Client(HTTP_USER_AGENT="Here"), Client(HTTP_USER_AGENT="There", REMOTE_ADDR="192.0.2.7")
    sign_in(member, client=here)
    sign_in(member, client=there)
    sign_in(rows.member(member.organization))
    assert sorted(listed(here)) == [("127.0.0.1", "Here"), ("192.0.2.7", "There")]


def test_a_session_is_noted_at_most_once_a_minute(member, clock, django_assert_num_queries):
    client, _ = sign_in(member)
    client.get(ACCOUNT)
    session = UserSession.objects.get()
    clock.shift(59)
    client.get(ACCOUNT)
    assert UserSession.objects.get().last_seen_at == session.last_seen_at
    clock.shift(1)
    client.get(ACCOUNT)
    assert UserSession.objects.get().last_seen_at == session.last_seen_at + timedelta(minutes=1)


def test_one_session_is_signed_out(member):
    here, there = sign_in(member)[0], sign_in(member)[0]
    pk = UserSession.objects.get(session_key=there.session.session_key).pk
    assert here.post(f"/account/sessions/{pk}/end/").headers["Location"] == ACCOUNT
    assert (here.get("/").status_code, there.get("/").status_code) == (200, 302)


def test_nobody_signs_out_somebody_else(member, analyst):
    client, _ = sign_in(member)
    pk = UserSession.objects.get(user=member).pk
    assert analyst.post(f"/account/sessions/{pk}/end/").status_code == 404
    assert client.get("/").status_code == 200


def test_everywhere_else_is_signed_out(member, analyst):
    here, *others = (sign_in(member)[0] for _ in range(3))
    here.post("/account/sessions/end-others/")
    assert [one.get("/").status_code for one in (here, *others, analyst)] == [200, 302, 302, 200]
    assert AuditEvent.objects.latest("pk").summary == "Signed out everywhere else"


def test_another_password_ends_the_other_sessions(member):
    here, there = sign_in(member)[0], sign_in(member)[0]
    new = "another-correct-horse"
    values = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/account/password/", values).status_code == 302
    assert (here.get(ACCOUNT).status_code, there.get(ACCOUNT).status_code) == (200, 302)
    assert len(listed(here)) == 1
    assert AuditEvent.objects.get().summary == "Changed their password"


# --- Approval of retractions ------------------------------------------------------------------------------------------
APPROVAL = "/settings/security/approval/"


def test_an_admin_says_what_a_second_member_approves(console, member):
    client, _ = sign_in(member)
    answer = client.post(APPROVAL, {"rule": "always", "mails": "50", "tenants": "3"}, follow=True)
    assert "Retractions that a second member has to approve: all." in answer.content.decode()
    console.organization.refresh_from_db()
    found = (console.organization.approval_rule, console.organization.approval_mails)
    assert (*found, console.organization.approval_tenants) == ("always", 50, 3)
    (event,) = AuditEvent.objects.filter(verb="set_policy")
    assert event.before == {"approval_rule": "above", "approval_mails": 200, "approval_tenants": 1}
    client.post(APPROVAL, {"rule": "always", "mails": "50", "tenants": "3"})
    assert AuditEvent.objects.filter(verb="set_policy").count() == 1, "what is so already is no change"


@pytest.mark.parametrize("wrong", [{"rule": "sometimes"}, {"mails": "-1"}, {"mails": "many"}, {"tenants": ""}])
def test_a_rule_that_is_none_changes_nothing(console, member, wrong):
    client, _ = sign_in(member)
    answer = client.post(APPROVAL, {"rule": "never", "mails": "50", "tenants": "3"} | wrong)
    assert answer.status_code == 422
    console.organization.refresh_from_db()
    assert console.organization.approval_rule == "above"
    assert AuditEvent.objects.filter(verb="set_policy").count() == 0
