"""Every address, tried by everybody: generated from the URLconf, so that a new one is tried from its first day.

What does not exist for a reader answers precisely as what does not exist at all: status, headers, body, queries.
"""

from datetime import UTC, datetime
from itertools import product

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.architecture.addresses import Address, addresses
from tests.architecture.answers import Seen, without_empty
from tests.architecture.cast import KINDS, NO_ID, NOBODYS, Cast, make_cast

pytestmark = pytest.mark.django_db

# Addresses that do not send strangers to sign in: status, and where they go instead.
OPEN_TO_ALL = {
    "account_login": (200, ""),
    "account_logout": (302, "/"),
    "openid_connect_login": (404, ""),  # no Microsoft sign-in is set up here
    "openid_connect_callback": (404, ""),
}
# Addresses of machines: what they answer everybody here, where beat has not rung and no metrics token is set.
OF_MACHINES = {"healthz": 200, "readyz": 503, "metrics": 404}
# allauth's: GET asks, POST does.
BOTH_METHODS = {
    "account_change_password",
    "account_login",
    "account_logout",
    "account_reauthenticate",
    "account_set_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_authenticate",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "openid_connect_callback",
    "openid_connect_login",
}
# Open to strangers who bring an invitation; without one: what GET and POST answer.
OF_THE_INVITED = {"invitation": (404, 405), "invitation_accept": (405, 404)}

EVERYBODY = tuple(KINDS)
ADMINS = ("admin",)
STAFF = ("admin", "full member", "full member, sensitive tenants", "full member, read-only")


def only(who: tuple[str, ...], status: int, *, staff: int = 404, others: int = 404) -> dict[str, int]:
    """These get this; other members of the organization `staff`, guests and Billing `others`."""
    return {kind: status if kind in who else staff if kind in STAFF else others for kind in KINDS}


# What a member of each kind gets at the addresses without a tenant: GET, or POST where there is no GET.
WITHOUT_TENANT: dict[str, dict[str, int]] = {
    "account_login": dict.fromkeys(KINDS, 302),
    "account_logout": dict.fromkeys(KINDS, 200),
    "demo_reset": dict.fromkeys(KINDS, 404),  # no simulated cloud runs here
    # One's own account is everybody's. These members have no password and no second factor yet.
    "account_change_password": only(EVERYBODY, 302),
    "account_reauthenticate": only(EVERYBODY, 403),
    "account_set_password": only(EVERYBODY, 200),
    "mfa_activate_totp": only(EVERYBODY, 200),
    "mfa_add_webauthn": only(EVERYBODY, 200),
    "mfa_authenticate": only(EVERYBODY, 302),
    "mfa_deactivate_totp": only(EVERYBODY, 404),
    "mfa_generate_recovery_codes": only(EVERYBODY, 200),
    "mfa_index": only(EVERYBODY, 200),
    "mfa_reauthenticate": only(EVERYBODY, 403),
    "mfa_reauthenticate_webauthn": only(EVERYBODY, 403),
    "mfa_remove_webauthn": only(EVERYBODY, 404),
    "mfa_view_recovery_codes": only(EVERYBODY, 404),
    "second_factor": only(EVERYBODY, 200),
    "session_end": only(EVERYBODY, 404),
    "sessions_end_others": only(EVERYBODY, 302),
    "openid_connect_login": only(EVERYBODY, 404),
    "openid_connect_callback": only(EVERYBODY, 404),
    "invitation": only(EVERYBODY, 404),
    "invitation_accept": only(EVERYBODY, 404),
    # Admins decide on members and policies: what names no row is a form that is not filled in, or no such row.
    "tenants:factors_remove": only(ADMINS, 404, staff=403),
    "tenants:invitation_withdraw": only(ADMINS, 404, staff=403),
    "tenants:member": only(ADMINS, 404, staff=403),
    "tenants:member_change": only(ADMINS, 404, staff=403),
    "tenants:member_deactivate": only(ADMINS, 404, staff=403),
    "tenants:member_invite": only(ADMINS, 422, staff=403),
    "tenants:member_reactivate": only(ADMINS, 404, staff=403),
    "tenants:security": only(ADMINS, 200, staff=403),
    "tenants:approval_change": only(ADMINS, 422, staff=403),
    "tenants:security_change": only(ADMINS, 302, staff=403),
    "remediation:sweeps": only(STAFF, 200),
    "remediation:sweep": only(STAFF, 422) | {"full member, read-only": 403},
    "remediation:campaign": only(STAFF, 404),  # there is none
    **{
        f"remediation:campaign_{act}": only(STAFF, 404) | {"full member, read-only": 403}
        for act in ("search", "plan", "begin", "approve", "refuse", "stop", "resume", "retry", "undo")
    },
    "incidents:usage": only((*ADMINS, "billing"), 200),
    **{name: dict.fromkeys(KINDS, status) for name, status in OF_MACHINES.items()},
    "incidents:home": dict.fromkeys(KINDS, 200) | {"billing": 302},  # to the usage page
    "incidents:list": dict.fromkeys(KINDS, 200) | {"billing": 404},
    "tenants:activity": dict.fromkeys(KINDS, 200) | {"billing": 404},
    "tenants:activity_export": dict.fromkeys(KINDS, 200) | {"billing": 404},
    "tenants:members": only(STAFF, 200),
    "connections:answer": dict.fromkeys(KINDS, 403) | {"admin": 400, "external guest": 404, "billing": 404},
    "tenants:tenants": dict.fromkeys(KINDS, 200) | {"external guest": 404, "billing": 404},
    "tenants:tenant_add": dict.fromkeys(KINDS, 403) | {"admin": 422, "external guest": 404, "billing": 404},
}

ALL = addresses()
OF_TENANTS = [address for address in ALL if address.has_tenant]
OF_OBJECTS = [(address, name) for address in OF_TENANTS for name in address.objects]
PAGE, HTMX = {}, {"HX-Request": "true"}
Form = dict[str, object]

# Addresses whose form names rows besides the address itself: what they answer where there is no such row.
NAMING_ROWS = {
    "incidents:phish_mark": 404,
    "incidents:phish_pick": 404,
    "incidents:phish_unmark": 404,
    "remediation:press": 409,
    "remediation:preview": 409,
    "remediation:undo": 409,
}


@pytest.fixture(autouse=True)
def _stopped_clock():
    """Answers tell the time, in headers and on pages: two that are compared are given at the same moment."""
    with time_machine.travel(datetime(2026, 11, 24, 3, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def cast(_stopped_clock) -> Cast:
    return make_cast()


@pytest.fixture
def sign_in(cast):
    def as_kind(kind: str) -> Client:
        client = Client(headers={"Accept": "text/html"})
        client.force_login(cast.members[kind], backend="allauth.account.auth_backends.AuthenticationBackend")
        client.get("/sign-out/")  # the first answer sets the cookie of the forms
        return client

    return as_kind


def form_for(slug: str, ids: dict[str, int]) -> Form:
    """A form that every address accepts: what one does not ask for, it does not look at."""
    return {
        "tenant": slug,
        "key": "0" * 32,
        "verdict": "legitimate",
        "reason": "Because",
        "text": "A note",
        "items": [ids.get("finding_id", NO_ID)],
        "runs": [ids.get("run_id", NO_ID)],
        "record": ids.get("record_id", NO_ID),
    }


def by_name(name: str) -> Address:
    return next(address for address in ALL if address.name == name)


def method_of(client: Client, path: str) -> str:
    """How an address is used: what cannot be read is acted on."""
    return "post" if client.get(path).status_code == 405 else "get"


def seen(client: Client, method: str, path: str, form: Form, headers: dict[str, str]) -> Seen:
    """What comes back, without what is new in each answer and without what was asked for."""
    asked = form if method == "post" else {"items": form["items"]}
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(path, asked, headers=headers)
    asked_for = {part for part in path.split("/") if part.isdigit() and len(part) == 4} | {str(form["tenant"])}
    return Seen.of(response, queries=len(queries), without=asked_for)


# --- Strangers --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address", [address for address in ALL if address.name not in {*OF_MACHINES, *OF_THE_INVITED}], ids=str
)
def test_strangers_are_sent_to_sign_in(client, cast, address):
    path = address.path_in(cast.places["common"])
    for response in (client.get(path), client.post(path)):
        found = (response.status_code, response.headers.get("Location", "").partition("?")[0])
        assert found == OPEN_TO_ALL.get(address.name, (302, "/sign-in/"))


@pytest.mark.parametrize(("name", "statuses"), OF_THE_INVITED.items())
def test_without_an_invitation_its_page_shows_nothing(cast, name, statuses):
    client, path = Client(), by_name(name).path()
    assert (client.get(path).status_code, client.post(path).status_code) == statuses


@pytest.mark.parametrize(("name", "status"), OF_MACHINES.items())
def test_machines_need_no_session_and_change_nothing(cast, name, status):
    client, path = Client(), by_name(name).path()
    assert (client.get(path).status_code, client.post(path).status_code) == (status, 405)


# --- Methods ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ALL, ids=str)
def test_an_address_is_read_or_acted_on_never_both(sign_in, cast, address):
    client, path = sign_in("admin"), address.path_in(cast.places["common"])
    refused = [response.status_code == 405 for response in (client.get(path), client.post(path, {"tenant": "common"}))]
    assert sum(refused) == (0 if address.name in BOTH_METHODS else 1)


@pytest.mark.parametrize("address", OF_TENANTS, ids=str)
def test_no_address_of_a_tenant_takes_other_methods(sign_in, cast, address):
    client, path = sign_in("admin"), address.path_in(cast.places["common"])
    assert [getattr(client, method)(path).status_code for method in ("put", "patch", "delete")] == [405, 405, 405]


# --- Tenants ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", OF_TENANTS, ids=str)
def test_a_tenant_that_one_may_not_see_does_not_exist(sign_in, cast, address):
    found = {}
    method = method_of(sign_in("admin"), address.path(NOBODYS))
    for kind, headers in product(KINDS, (PAGE, HTMX)):
        client = sign_in(kind)
        for slug in cast.unseen_by(kind):
            ids = cast.places[slug].ids
            nobodys = seen(client, method, address.path(NOBODYS, **ids), form_for(NOBODYS, ids), headers)
            hidden = seen(client, method, address.path(slug, **ids), form_for(slug, ids), headers)
            assert nobodys.status == 404
            found[kind, slug, *headers] = hidden.unlike(nobodys)
    assert without_empty(found) == {}


@pytest.mark.parametrize("address", OF_TENANTS, ids=str)
def test_a_tenant_that_one_may_see_is_there(sign_in, cast, address):
    found = {}
    for kind, (_, visible) in KINDS.items():
        client = sign_in(kind)
        for slug in visible:
            place = cast.places[slug]
            response = client.get(address.path_in(place), {"items": place.ids["finding_id"]})
            found[kind, slug] = response.status_code
    wanted = 405 if method_of(sign_in("admin"), address.path(NOBODYS)) == "post" else 200
    assert {where: status for where, status in found.items() if status != wanted} == {}


# What a member who may only look may press: taking evidence with them.
OPEN_TO_READERS = {
    "incidents:report_ask": 422,
    "incidents:logs_export": 422,
    "incidents:tenant_export": 422,
    "incidents:user_export": 422,
}


@pytest.mark.parametrize("address", OF_TENANTS, ids=str)
def test_who_may_only_look_cannot_act(sign_in, cast, address):
    client, place = sign_in("full member, read-only"), cast.places["common"]
    path = address.path_in(place)
    wanted = OPEN_TO_READERS.get(address.name, 403) if method_of(client, path) == "post" else 405
    assert client.post(path, form_for("common", place.ids)).status_code == wanted


@pytest.mark.parametrize("address", OF_TENANTS, ids=str)
def test_a_form_made_for_another_tenant_does_nothing(sign_in, cast, address):
    client, place = sign_in("admin"), cast.places["common"]
    path = address.path_in(place)
    wanted = 409 if method_of(client, path) == "post" else 405
    forms = [form_for(named, place.ids) for named in ("shared", "theirs", NOBODYS, "")]
    assert [client.post(path, form).status_code for form in forms] == [wanted] * 4


# --- Rows -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("address", "name"), OF_OBJECTS, ids=str)
def test_a_row_of_another_tenant_does_not_exist(sign_in, cast, address, name):
    """Also where both tenants exist for the reader: the address names one."""
    client, place = sign_in("admin"), cast.places["common"]
    method = method_of(client, address.path_in(place))
    form, found = form_for("common", place.ids), {}
    for headers in (PAGE, HTMX):
        nobodys = seen(client, method, address.path("common", **place.ids | {name: NO_ID}), form, headers)
        assert nobodys.status == 404
        for slug in ("shared", "theirs"):
            path = address.path("common", **place.ids | {name: cast.places[slug].ids[name]})
            found[slug, *headers] = seen(client, method, path, form, headers).unlike(nobodys)
    assert without_empty(found) == {}


@pytest.mark.parametrize("name", NAMING_ROWS)
def test_a_form_that_names_rows_of_another_tenant_names_nothing(sign_in, cast, name):
    client, place = sign_in("admin"), cast.places["common"]
    path, found = by_name(name).path_in(place), {}
    method = method_of(client, path)
    for headers in (PAGE, HTMX):
        nobodys = seen(client, method, path, form_for("common", {}), headers)
        assert nobodys.status == NAMING_ROWS[name]
        for slug in ("shared", "theirs"):
            form = form_for("common", cast.places[slug].ids)
            found[slug, *headers] = seen(client, method, path, form, headers).unlike(nobodys)
    assert without_empty(found) == {}


# --- Addresses without a tenant ---------------------------------------------------------------------------------------
def test_every_address_without_a_tenant_is_listed():
    assert {address.name for address in ALL if not address.has_tenant} == set(WITHOUT_TENANT)


@pytest.mark.parametrize("name", WITHOUT_TENANT)
def test_who_gets_what_where_no_tenant_is_named(sign_in, name):
    path, found = by_name(name).path(), {}
    for kind in KINDS:
        client = sign_in(kind)
        found[kind] = getattr(client, method_of(client, path))(path).status_code
    assert found == WITHOUT_TENANT[name]


@pytest.mark.parametrize("name", sorted(set(WITHOUT_TENANT) - BOTH_METHODS))
def test_a_tenant_named_in_a_query_does_not_exist_either(sign_in, cast, name):
    path, found = by_name(name).path(), {}
    for kind in KINDS:
        client = sign_in(kind)
        nobodys = seen(client, "get", f"{path}?tenant={NOBODYS}", form_for(NOBODYS, {}), PAGE)
        for slug in cast.unseen_by(kind):
            hidden = seen(client, "get", f"{path}?tenant={slug}", form_for(slug, {}), PAGE)
            found[kind, slug] = hidden.unlike(nobodys)
    assert without_empty(found) == {}


@pytest.mark.parametrize("name", sorted(set(WITHOUT_TENANT) - BOTH_METHODS))
def test_pages_of_all_tenants_show_nothing_of_those_that_one_may_not_see(sign_in, cast, name):
    path, found = by_name(name).path(), {}
    for kind in KINDS:
        body = sign_in(kind).get(path).content.decode()
        found[kind] = [slug for slug in cast.unseen_by(kind) if f"Tenant {slug}" in body or f"/t/{slug}/" in body]
    assert without_empty(found) == {}
