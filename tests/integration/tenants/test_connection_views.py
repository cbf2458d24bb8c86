"""The Connection page, the answer that Microsoft sends back, and the list of tenants."""

from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tenants.enums import Role, TenantState
from tenants.models import AuditEvent, Connection, Tenant
from tenants.scoping import unscoped
from tests.factories import rows
from tests.factories.consent import CLIENT_ID, FRESH_ID, answer_to
from tests.factories.world import CLIENT_SECRET, TENANT_ID
from tests.fixtures.console import HTMX
from tests.integration.tenants.consent_office import Office
from tests.unit.tenants.test_credentials import KEY, certificate_pem, key_pem

TENANTS, ADD, ANSWER = "/settings/tenants/", "/settings/tenants/add/", "/connect/answer/"
ACTS = ("test", "consent", "finish", "own", "rename", "mark", "pause", "resume", "remove")
CONSENT = {"application": "shared", "service": "graph"}


@pytest.fixture
def office(consent_office: Office) -> Office:
    return consent_office


@pytest.fixture
def admin(office, signed_in):
    return signed_in(office.admin)


@pytest.fixture
def here(office):
    """Address of an act of the office's tenant."""
    return lambda act="": f"/t/{office.tenant.slug}/connection/{act + '/' if act else ''}"


@pytest.fixture
def post(admin, office, here):
    def press(act: str, *, headers=None, **form):
        return admin.post(here(act), {"tenant": office.tenant.slug, **form}, headers=headers or {})

    return press


def body(answer) -> str:
    return " ".join(unescape(answer.content.decode()).split())


@pytest.fixture
def connected(office, post) -> Connection:
    own = {
        "cloud": "simulator",
        "microsoft_tenant_id": TENANT_ID,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    assert post("own", **own).status_code == 303
    return office.stored()


# --- Who gets what ----------------------------------------------------------------------------------------------------
def test_others_see_the_checklist_and_neither_ids_nor_buttons(office, connected, signed_in, here):
    reader = signed_in(rows.member(office.organization, is_read_only=True))
    page = body(reader.get(here()))
    assert "Unified audit log is written" in page
    for hidden in (TENANT_ID, CLIENT_ID, 'id="test-again"', "/connection/own/", "/connection/remove/"):
        assert hidden not in page


def test_secrets_are_never_shown_again(connected, admin, here):
    for page in (admin.get(here()), admin.get(TENANTS), admin.get(here().replace("connection/", ""))):
        assert CLIENT_SECRET not in body(page)


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_for_managers(office, signed_in, here, act):
    form = {"tenant": office.tenant.slug}
    found = [
        signed_in(rows.member(office.organization, role, **flags)).post(here(act), form).status_code
        for role, flags in (
            (Role.FULL_MEMBER, {}),
            (Role.FULL_MEMBER, {"is_read_only": True, "can_manage_tenants": True}),
            (Role.EXTERNAL_GUEST, {}),
        )
    ]
    assert found == [403, 403, 404]
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_a_post_for_this_tenant(admin, client, office, here, act):
    assert admin.get(here(act)).status_code == 405
    assert admin.post(here(act), {"tenant": "another"}).status_code == 409
    assert client.post(here(act)).url.startswith("/sign-in/")


def test_a_manager_who_is_no_admin_adds_and_connects_but_marks_nothing(office, signed_in, here):
    manager = signed_in(rows.member(office.organization, can_manage_tenants=True))
    added = manager.post(ADD, {"name": "New Client", "is_sensitive": "on"})
    made = Tenant.objects.get(name="New Client")
    assert (added.status_code, added.url) == (303, f"/t/{made.slug}/connection/")
    assert made.is_sensitive is False
    marked = manager.post(here("mark"), {"tenant": office.tenant.slug, "is_sensitive": "on"})
    assert (marked.status_code, "Only an admin decides" in body(marked)) == (409, True)


# --- Adding -----------------------------------------------------------------------------------------------------------
def test_adding_a_demo_tenant(admin):
    added = admin.post(ADD, {"name": "Larkspur", "is_demo": "on"})
    tenant = Tenant.objects.get(name="Larkspur")
    assert added.url == f"/t/{tenant.slug}/connection/"
    assert (tenant.is_demo, tenant.state) == (True, TenantState.UNCONNECTED)


def test_without_a_demo_cloud_there_are_no_demo_tenants(admin, settings):
    settings.SIMULATOR_URL = ""
    assert 'name="is_demo"' not in body(admin.get(TENANTS))
    admin.post(ADD, {"name": "Larkspur", "is_demo": "on"})
    assert Tenant.objects.get(name="Larkspur").is_demo is False


@pytest.mark.parametrize("name", ["", "   ", "Fresh  of  lantern", "x" * 121])
def test_a_name_that_will_not_do_is_422(admin, name):
    answer = admin.post(ADD, {"name": name})
    assert (answer.status_code, 'aria-invalid="true"' in body(answer)) == (422, True)


def test_names_are_escaped(admin):
    page = admin.post(ADD, {"name": "<b>&\u202e"}, follow=True)
    assert "<b>&" not in page.content.decode()


def test_three_tenants_take_as_many_queries_as_one(office, admin, django_assert_num_queries):
    queries = 6  # session, member, its standing, tenants; connections; the switcher's counts
    with django_assert_num_queries(queries):
        admin.get(TENANTS)
    for _ in range(2):
        rows.connection(rows.tenant(office.organization))
    with django_assert_num_queries(queries):
        admin.get(TENANTS)


# --- The link, and what comes back with the browser -------------------------------------------------------------------
def link_in(page: str) -> str:
    return page.split('id="open-consent" href="')[1].split('"', 1)[0]


def test_from_the_link_to_the_connection(admin, office, post):
    link = link_in(body(post("consent", **CONSENT)))
    answer = admin.get(ANSWER, answer_to(link))
    assert (answer.status_code, FRESH_ID in body(answer)) == (200, True)
    assert office.stored() is None, "the browser's word is nothing yet"
    form = {"state": answer.context["answer"].state, "microsoft_tenant_id": FRESH_ID}
    assert post("finish", **form).url == f"/t/{office.tenant.slug}/connection/"
    assert office.stored().microsoft_tenant_id == FRESH_ID
    again = post("finish", **form)
    assert (again.status_code, "was used already" in body(again)) == (409, True)
    assert admin.get(ANSWER, {"state": form["state"], "tenant": FRESH_ID, "admin_consent": "True"}).status_code == 400


def test_a_link_is_not_shown_twice(admin, post, here):
    link = link_in(body(post("consent", **CONSENT)))
    assert link.split("state=")[1].split("&")[0] not in body(admin.get(here()))


HOSTILE = '"><img src=x onerror=alert(1)>\u202e Call +1 555 0100 to fix your account'


def test_a_refusal_is_told_in_microsofts_words_escaped(admin, post):
    told = answer_to(link_in(body(post("consent", **CONSENT))), "cancel")
    page = body(admin.get(ANSWER, told))
    assert "Consent was not given" in page
    assert "AADSTS65004: User declined to consent to access the app." in page
    hostile = admin.get(ANSWER, told | {"error_description": HOSTILE * 20, "error": "<script>"}).content.decode()
    assert "<img" not in hostile
    assert "<script>" not in hostile.replace("<script src", "").replace("<script defer", "")
    assert len(unescape(hostile.split('id="answer-description">')[1].split("</bdi>")[0])) == 500


def test_an_error_wins_over_admin_consent(admin, post):
    told = answer_to(link_in(body(post("consent", **CONSENT))), "cancel")
    assert told["admin_consent"] == "True"
    page = body(admin.get(ANSWER, told | {"tenant": FRESH_ID}))
    assert ("Consent was not given" in page, 'id="finish"' in page) == (True, False)


@pytest.mark.parametrize("told", [{}, {"state": "made-up"}, {"state": "made-up", "error": "x"}])
def test_words_of_strangers_are_not_shown_without_a_state_of_ours(admin, told):
    answer = admin.get(ANSWER, told | {"error_description": "Call +1 555 0100", "tenant": FRESH_ID})
    assert (answer.status_code, "555" in body(answer)) == (400, False)
    assert "belongs to no consent link of yours" in body(answer)


@pytest.mark.parametrize("tenant", ["", "x", "../../", "https://evil.example"])
def test_an_answer_that_does_not_say_who_accepted(admin, post, tenant):
    state = answer_to(link_in(body(post("consent", **CONSENT))))["state"]
    page = body(admin.get(ANSWER, {"state": state, "tenant": tenant, "admin_consent": "True"}))
    assert "Microsoft's answer does not say who accepted." in page


def test_the_answer_page_changes_nothing(admin, office, post):
    told = answer_to(link_in(body(post("consent", **CONSENT))))
    before = AuditEvent.objects.count()
    for _ in range(2):
        admin.get(f"{ANSWER}?{urlencode(told)}")
    assert (AuditEvent.objects.count(), office.stored()) == (before, None)


@pytest.mark.parametrize("form", [{}, {"application": "other", "service": "graph"}, CONSENT | {"service": "teams"}])
def test_no_other_consent_can_be_asked_for(post, form):
    assert post("consent", **form).status_code == 422


@pytest.mark.parametrize("form", [{}, {"state": "x", "microsoft_tenant_id": "y"}])
def test_a_form_that_finishes_nothing_is_422(post, form):
    assert post("finish", **form).status_code == 422


# --- An application of the tenant's own -------------------------------------------------------------------------------
def own_form(**changed):
    values = {"cloud": "simulator", "microsoft_tenant_id": TENANT_ID, "client_id": CLIENT_ID, "client_secret": "s"}
    return {name: value for name, value in (values | changed).items() if value}


@pytest.mark.parametrize(
    "changed",
    [
        {"cloud": "global"},  # a demo tenant's secret goes to the demo cloud only
        {"cloud": "https://evil.example"},
        {"microsoft_tenant_id": "tiny.example"},
        {"client_id": ""},
        {"client_secret": ""},
    ],
)
def test_an_own_application_in_error_is_422_and_nobody_is_asked(office, post, changed):
    office.simulator.clear_requests()
    answer = post("own", **own_form(**changed))
    assert answer.status_code == 422
    assert office.simulator.requests()["tokenRequests"] == 0
    assert office.stored() is None


def test_a_tenant_that_is_no_demo_may_choose_among_microsofts_clouds_only(office, admin):
    real = rows.tenant(office.organization, "Real", state=TenantState.UNCONNECTED)
    page = body(admin.get(f"/t/{real.slug}/connection/"))
    assert [
        name
        for name in ("global", "us_gov_high", "us_gov_dod", "china", "simulator")
        if f'<option value="{name}"' in page
    ] == [
        "global",
        "us_gov_high",
        "us_gov_dod",
        "china",
    ]


def test_a_certificate_is_uploaded_and_warned_of(office, admin, post, here):
    certificate = certificate_pem(KEY)
    office.simulator.configure(TENANT_ID, certificates=[certificate])
    pem = SimpleUploadedFile("petra.pem", (key_pem(KEY) + certificate).encode())
    assert post("own", **own_form(client_secret=""), certificate=pem).status_code == 303
    stored = office.stored()
    assert (stored.client_secret, stored.secret_expires_at.date().isoformat()) == ("", "2027-03-31")
    assert stored.certificate_private_key.startswith("-----BEGIN PRIVATE KEY-----")
    assert "BEGIN" not in body(admin.get(here()))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "That is no PEM file"),
        (b"hello", "No private key in PEM form"),
        (b"x" * 70_000, "larger than 64 KB"),
    ],
)
def test_a_file_that_is_no_certificate_is_422(post, content, words):
    answer = post("own", **own_form(client_secret=""), certificate=SimpleUploadedFile("a.pem", content))
    assert (answer.status_code, words in body(answer)) == (422, True)


def test_a_secret_that_ends_soon_is_warned_of(connected, admin, here):
    with unscoped(reason="a test's row"):
        Connection.objects.update(secret_expires_at=timezone.now() + timedelta(days=30, seconds=-1))
    page = body(admin.get(here()))
    assert ("Ends soon" in page, "29 days left." in page) == (True, True)


# --- Test again -------------------------------------------------------------------------------------------------------
def test_htmx_gets_the_fragment_and_plain_the_page(connected, post, here, admin):
    fragment = post("test", headers=HTMX)
    assert (fragment.status_code, body(fragment).startswith('<div id="connection"')) == (200, True)
    plain = post("test")
    assert (plain.status_code, plain.url) == (303, here())
    assert body(admin.get(here())).startswith("<!DOCTYPE html>")


def test_what_is_not_connected_is_refused_in_words(post):
    answer = post("test")
    assert (answer.status_code, "is not connected yet" in body(answer)) == (409, True)


def test_a_page_of_a_connection_takes_as_many_queries_whatever_it_found(
    connected, admin, here, django_assert_num_queries
):
    queries = 7  # session, member, its standing, tenants; connection, active incidents; the switcher's counts
    with django_assert_num_queries(queries):
        admin.get(here())
    with unscoped(reason="a test's row"):
        Connection.objects.update(checklist=[])
    with django_assert_num_queries(queries):
        admin.get(here())


def test_the_overview_tells_how_the_connection_stood(connected, admin, office):
    missing = [row for row in connected.checklist if row["state"] == "missing"]
    required, optional = (sum(row["is_optional"] == wanted for row in missing) for wanted in (False, True))
    page = body(admin.get(f"/t/{office.tenant.slug}/"))
    told = [f"{required} missing"] * bool(required) + [f"{optional} optional missing"] * bool(optional)
    assert f">{', '.join(told)}<" in page
    assert f'href="/t/{office.tenant.slug}/connection/"' in page


# --- Paused, resumed, removed -----------------------------------------------------------------------------------------
def test_pause_resume_and_remove(office, admin, here):
    real = rows.tenant(office.organization, "Real Client")
    rows.connection(real)
    form = {"tenant": real.slug}
    address = f"/t/{real.slug}/connection/"
    assert admin.post(f"{address}pause/", form | {"reason": "Holiday"}).status_code == 303
    assert "Nothing is read from Microsoft and nothing is sent, a test on this page apart." in body(admin.get(address))
    assert admin.post(f"{address}resume/", form).status_code == 303
    refused = admin.post(f"{address}remove/", form | {"typed_name": "Real Client"})
    assert (refused.status_code, "Pause Real Client first" in body(refused)) == (409, True)
    admin.post(f"{address}pause/", form)
    assert admin.post(f"{address}remove/", form).status_code == 422
    assert admin.post(f"{address}remove/", form | {"typed_name": "Real Client"}).url == TENANTS
    assert "Real Client was removed. Its audit trail stays." in body(admin.get(TENANTS))
    assert admin.get(address).status_code == 404


def test_rename(office, post):
    assert post("rename", name="").status_code == 422
    assert post("rename", name="  Fresh   Name ").status_code == 303
    assert Tenant.objects.get(pk=office.tenant.pk).name == "Fresh Name"
