"""Every field of every posted form that names a row, tried with the rows that its reader may not have.

What is read of posted forms is found in the source and by listening; `post_fields` says of each field what it names.
A row of another organization, one of a tenant that the reader may not see, and one that does not exist are one and
the same: nothing is done, and status, headers, body and queries are alike.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import product

import pytest
import time_machine
from django.core import mail
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils.text import slugify

from tenants.enums import TenantState
from tenants.models import Tenant
from tests.architecture.addresses import addresses
from tests.architecture.answers import Seen, without_empty
from tests.architecture.cast import NO_ID, NOBODYS
from tests.architecture.form_stage import Names, Stage, make_stage
from tests.architecture.post_fields import ADDRESSES, FORMS, NO_ROW, Listening, posted_forms, readers
from tests.architecture.source import APPS

pytestmark = pytest.mark.django_db

Form = dict[str, object]
BY_NAME = {address.name: address for address in addresses()}
PAGE, HTMX = {}, {"HX-Request": "true"}

# Who presses, and in which tenant. Both see one part of their organization's tenants; managers press here, too.
ACTORS = {"external guest": "shared", "full member": "common"}
OF_ADMINS = {"tenants:member_change", "tenants:member_invite"}
ON_CAMPAIGNS = [name for name in ADDRESSES if name.startswith(("remediation:campaign_", "remediation:cross_tenant_"))]
OF_STAFF = {"remediation:sweep", *ON_CAMPAIGNS}  # a guest of one tenant sees no other that a phish reached
OF_MANAGERS = {"tenants:petra_response", "tenants:tenant_add", *(name for name in ADDRESSES if "connections:" in name)}

TENANT_FIELDS = [name for name in ADDRESSES if BY_NAME[name].has_tenant]
# (address, field) -> what is answered where the row that it names is the reader's own, to a page and to a fragment; and
# where it is not.
REFUSED: dict[tuple[str, str], tuple[int, ...]] = {
    ("connections:finish", "state"): (409, 409, 409),  # one's own in other words: no application is set up here
    ("incidents:assign", "owner"): (303, 200, 422),
    ("incidents:open", "user"): (409, 409, 422),  # there is an open incident of one's own
    ("incidents:phish_mark", "message"): (303, 200, 409),
    ("incidents:phish_mark", "record"): (303, 200, 404),
    ("incidents:phish_pick", "message"): (303, 200, 409),
    ("incidents:phish_pick", "record"): (303, 200, 404),
    ("incidents:phish_unmark", "message"): (303, 200, 303, 200),  # what bears no mark is as it was wanted
    ("incidents:phish_unmark", "record"): (303, 200, 404),
    **{
        (name, field): (*statuses, 409)
        for name in ON_CAMPAIGNS
        for field, what in ADDRESSES[name].items()
        if what.endswith("of a campaign")
        # A plan is shown; what is confirmed is not the plan that was looked at; and undoing leads back to the page.
        for statuses in [{"plan": (200, 200), "begin": (409, 409), "undo": (302, 200)}[name.rpartition("_")[2]]]
    },
    ("remediation:press", "items"): (302, 200, 409),
    ("remediation:sweep", "where"): (303, 303, 422),
    ("remediation:undo", "runs"): (302, 200, 409),
    ("tenants:activity_export", "tenant"): (200, 200, 404),
    ("tenants:member_change", "tenants"): (302, 302, 422),
    ("tenants:member_invite", "tenants"): (200, 200, 422),
}
# What is as free as if nobody had it: another's makes no difference. (address, field) -> what is answered then.
FREE = {
    ("connections:rename", "name"): (303, 200),
    ("remediation:press", "key"): (302, 200),
    ("tenants:activity_export", "incident"): (200, 200),
    ("tenants:member_invite", "email"): (200, 200),
    ("tenants:tenant_add", "name"): (303, 303),
}
# Rows in addresses of the organization and of one's own account, by address.
IN_PATHS = {
    "mfa_remove_webauthn": "pk",
    **{name: "campaign_id" for name in ON_CAMPAIGNS if name.startswith("remediation:campaign_")},
    "session_end": "session_id",
    "tenants:factors_remove": "member_id",
    "tenants:invitation_withdraw": "invitation_id",
    "tenants:member_change": "member_id",
    "tenants:member_deactivate": "member_id",
    "tenants:member_reactivate": "member_id",
}
OF_ONE_PERSON = {"pk", "session_id"}  # of these, those of other members of the organization are no rows either
OF_FRAME = {"next"}  # asked for at every address by what stands around it: where to go on to, no row


@pytest.fixture(autouse=True)
def _stopped_clock() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 24, 3, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def stage(_stopped_clock) -> Stage:
    return make_stage()


def sign_in_as(stage: Stage, kind: str) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(stage.cast.members[kind], backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get("/sign-out/")  # the first answer sets the cookie of the forms
    return client


def invited() -> Client:
    """Somebody who opened the link of an invitation."""
    client = Client(headers={"Accept": "text/html"})
    client.get("/account/invitation/", {"token": "token-common"})
    return client


def path_of(stage: Stage, name: str, own: str) -> str:
    """The address in this tenant; where it names a member, the one who is a guest there."""
    ids = stage.cast.places[own].ids | {"member_id": stage.names[own]["member_id"]}
    return BY_NAME[name].path(own, **ids)


def actors(name: str) -> dict[str, str]:
    """kind of member -> the tenant in which they press."""
    if name in OF_ADMINS:
        return {"admin": "common"}
    return {"full member": "common"} if name in OF_MANAGERS | OF_STAFF else ACTORS


# --- The forms --------------------------------------------------------------------------------------------------------
UUID = "0e4f8a52-31a3-4f37-8b0d-1f5b6a4f2f10"
OWN_FORMS: dict[str, Form] = {
    "connections:consent": {"application": "shared", "service": "graph"},
    "connections:own": {"cloud": "global", "microsoft_tenant_id": UUID, "client_id": UUID},
    "connections:remove": {"typed_name": "Another"},
    "connections:rename": {"name": "A new name"},
    "incidents:indicator_add": {"kind": "ip", "value": "198.51.100.7"},
    "incidents:logs_export": {"kind": "csv"},
    "incidents:open": {"since": "2026-11-23T00:00"},
    "incidents:report_ask": {"kind": "pdf"},
    "incidents:tenant_export": {"kind": "csv"},
    "incidents:user_export": {"kind": "csv"},
    "remediation:sweep": {"subject": "Hello", "since": "2026-11-01"},
    "tenants:activity_export": {"tenant": "", "text": ""},
    "tenants:member_change": {"role": "external_guest"},
    "tenants:member_invite": {"role": "external_guest", "email": "somebody@ours.example"},
    "tenants:tenant_add": {"name": "A new tenant"},
}


def form_for(name: str, names: Names) -> Form:
    """A form that its address accepts: what one does not ask for, it does not look at."""
    return (
        {
            "tenant": names["tenant"],
            "tenants": [names["tenant id"]],
            "key": "e" * 32,
            "verdict": "legitimate",
            "reason": "Because",
            "text": "A note",
            "items": [names["finding"]],
            "runs": [names["run"]],
            "record": names["record"],
            "message": names["message"],
            "owner": names["member"],
            "user": names["account"],
            "state": names.get("consent", ""),
            "microsoft_tenant_id": UUID,
            "switch": "on",
            "where": [names["tenant of a sweep"]],
        }
        | _on_copies(name, names)
        | OWN_FORMS.get(name, {})
    )


def _on_copies(name: str, names: Names) -> Form:
    """What acts on a campaign name: mails of it, runs of it, and the tenant that they are in."""
    if name not in ON_CAMPAIGNS:
        return {}
    copies = {"items": [names["copy of a campaign"]], "runs": [names["run of a campaign"]]}
    return copies | {"whole": [names["tenant of a campaign"]], "digest": "0" * 64}


@dataclass(frozen=True)
class Answer:
    """What came back, and what it did: what waits for the commit (bells, the audit trail's rows), letters, and tables
    that are no longer as they were.
    """

    seen: Seen
    waiting: int
    letters: int
    touched: frozenset[str]

    @property
    def deeds(self) -> tuple[int, int, frozenset[str]]:
        return self.waiting, self.letters, self.touched

    def unlike(self, other: "Answer") -> list[str]:
        """How it differs from another, in what is seen and in what was done."""
        found = self.seen.unlike(other.seen)
        return found if self.deeds == other.deeds else [*found, f"deeds: {self.deeds} and {other.deeds}"]


NOTHING = (0, 0, frozenset())


def rows() -> dict[str, list[str]]:
    """Every row of every table. The clock stands still, so the reader's session is not noted as used anew."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # a name of the database's own
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def ways_to_write(named: str | int) -> set[str]:
    """How a page repeats what was named: as it is, in HTML, in an address."""
    return {str(named), escape(str(named)), slugify(str(named))} - {""}


@pytest.fixture
def send(django_capture_on_commit_callbacks):
    """Post a form, see what comes of it, and take all of it back: each one finds the same rows and cookies."""

    def post(client: Client, path: str, form: Form, headers: dict[str, str], named: str | int = "") -> Answer:
        cookies, before = deepcopy(client.cookies), rows()
        with transaction.atomic():
            with django_capture_on_commit_callbacks() as waiting, CaptureQueriesContext(connection) as queries:
                response = client.post(path, form, headers=headers)
                seen = Seen.of(response, queries=len(queries), without=ways_to_write(named))
            after = rows()
            transaction.set_rollback(True)
        client.cookies = cookies
        letters, mail.outbox[:] = len(mail.outbox), []
        touched = frozenset(table for table in after if after[table] != before[table])
        return Answer(seen, len(waiting), letters, touched)

    return post


# --- The table is whole -----------------------------------------------------------------------------------------------
# Where a posted form goes on to, in functions of the project's own; listening hears what becomes of it there.
PASSED_ON = {
    ("tenants/views/activity.py:export", "_form"),
    ("tenants/views/portfolio.py:_form", "given ="),
}
WITHOUT_A_FORM = {
    ("incidents/views/imports.py:import_upload", "[file]"),
    ("incidents/views/log_files.py:_export", "[kind]"),
    ("incidents/views/reports.py:report_ask", "[kind]"),
    ("tenants/permissions.py:check_form_tenant", "[tenant]"),
    ("tenants/sign_in.py:address_tried", "[login]"),  # whom the lock-out counts; nothing is looked up
    ("tenants/views/security.py:security_change", "[require_second_factor]"),
}


def test_whatever_reads_a_posted_form_is_known():
    found = {(where, use) for where, uses in readers().items() for use in uses if use not in FORMS}
    assert found == PASSED_ON | WITHOUT_A_FORM


def test_every_field_of_a_posted_form_is_listed():
    assert posted_forms() == {name: set(FORMS[name]) for name in set(FORMS) - {"ActivityFilter", "AddForm"}}


def test_every_address_that_is_posted_to_is_listed(stage):
    client, place = sign_in_as(stage, "admin"), stage.cast.places["common"]
    ours = [one for one in BY_NAME.values() if resolve(one.path("common")).func.__module__.partition(".")[0] in APPS]
    found = {one.name for one in ours if client.get(one.path_in(place)).status_code == 405}
    assert found == set(ADDRESSES)


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_reads_the_fields_that_are_listed(stage, send, monkeypatch, settings, name):
    if name == "tenants:tenant_add":
        settings.DEMO, settings.SIMULATOR_URL = True, "http://127.0.0.1:9"  # with all fields that it can have
    asked: set[str] = set()
    read = WSGIRequest.POST.fget
    listening = property(lambda request: Listening.to(read(request), asked), WSGIRequest.POST.fset)
    monkeypatch.setattr(WSGIRequest, "POST", listening)
    place, names = stage.cast.places["common"], stage.names["common"]
    ids = place.ids | {name: names[name] for name in ("member_id", "invitation_id")}
    for headers in (PAGE, HTMX):
        client = invited() if name == "invitation_accept" else sign_in_as(stage, "admin")
        path = BY_NAME[name].path("common", **ids)
        good = form_for(name, names)
        empty, wrong = ({"tenant": "common"} | dict.fromkeys(given, "?") for given in ((), set(good) - {"tenant"}))
        for form in (good, empty, wrong):  # what is read where it is done, and where it is not
            send(client, path, form, headers)
    assert asked - OF_FRAME == set(ADDRESSES[name])


def test_every_field_that_names_a_row_is_tried():
    found = {(name, field) for name, fields in ADDRESSES.items() for field, what in fields.items() if what != NO_ROW}
    assert found == {*REFUSED, *FREE, *((name, "tenant") for name in TENANT_FIELDS)}


# --- The rows that are named ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", TENANT_FIELDS)
def test_a_form_made_for_another_tenant_does_nothing(stage, send, name):
    found = {}
    for kind, own in actors(name).items():
        client, path = sign_in_as(stage, kind), BY_NAME[name].path_in(stage.cast.places[own])
        form = form_for(name, stage.names[own])
        for headers in (PAGE, HTMX):
            nobodys = send(client, path, form | {"tenant": NOBODYS}, headers)
            assert (nobodys.seen.status, nobodys.deeds) == (409, NOTHING)
            for slug in ("", *stage.others(kind, own, "tenant")):
                found[kind, slug, *headers] = send(client, path, form | {"tenant": slug}, headers).unlike(nobodys)
    assert without_empty(found) == {}


@pytest.mark.parametrize(("name", "field"), REFUSED)
def test_a_row_that_one_may_not_have_is_no_row(stage, send, name, field):
    found, what, statuses = {}, ADDRESSES[name][field], REFUSED[name, field]
    if name == "incidents:open":
        Tenant.objects.update(state=TenantState.UNCONNECTED)  # accounts are those that the imported logs name
    for kind, own in actors(name).items():
        client, path = sign_in_as(stage, kind), path_of(stage, name, own)
        form, mine = form_for(name, stage.names[own]), stage.names[own][what]
        for headers, beside in product((PAGE, HTMX), ([], [mine]) if isinstance(form[field], list) else (None,)):

            def answer(value, headers=headers, beside=beside):
                given = form | {field: value if beside is None else [*beside, value]}  # noqa: B023  # used at once
                return send(client, path, given, headers, value)  # noqa: B023

            wanted = (statuses[1], statuses[-1]) if headers else (statuses[0], statuses[2])
            nobodys, allowed = answer(stage.names[NOBODYS][what]), answer(mine)
            assert (allowed.seen.status, nobodys.seen.status, nobodys.deeds) == (*wanted, NOTHING)
            assert allowed.unlike(nobodys) != []
            for slug in stage.others(kind, own, what):
                found[kind, slug, *headers] = answer(stage.names[slug][what]).unlike(nobodys)
    assert without_empty(found) == {}


@pytest.mark.parametrize(("name", "field"), FREE)
def test_what_another_has_is_as_free_as_what_nobody_has(stage, send, name, field):
    found, what = {}, ADDRESSES[name][field]
    for kind, own in actors(name).items():
        client, path = sign_in_as(stage, kind), path_of(stage, name, own)
        form = form_for(name, stage.names[own])
        taken = stage.names["shared" if what == "tenant's name" else own][what]
        for headers in (PAGE, HTMX):
            nobodys, known = (
                send(client, path, form | {field: value}, headers, value)
                for value in (stage.names[NOBODYS][what], taken)
            )
            assert nobodys.seen.status == FREE[name, field][bool(headers)]
            assert known.unlike(nobodys) != []
            for slug in stage.others(kind, own, what):
                value = stage.names[slug][what]
                found[kind, slug, *headers] = send(client, path, form | {field: value}, headers, value).unlike(nobodys)
    assert without_empty(found) == {}


@pytest.mark.parametrize("name", IN_PATHS)
def test_a_row_of_another_in_an_address_is_no_row(stage, send, name):
    """Those of tenants are tried in test_urls; these are of the organization and of one's own account."""
    found, parameter = {}, IN_PATHS[name]
    client, form = sign_in_as(stage, "admin"), form_for(name, stage.names["common"])
    slugs = ("common", "theirs") if parameter in OF_ONE_PERSON else ("theirs",)
    for headers in (PAGE, HTMX):
        nobodys = send(client, BY_NAME[name].path(), form, headers, NO_ID)
        assert (nobodys.seen.status, nobodys.deeds) == (404, NOTHING)
        for slug in slugs:
            named = stage.names[slug][parameter]
            path = BY_NAME[name].path(**{parameter: named})
            found[slug, *headers] = send(client, path, form, headers, named).unlike(nobodys)
    assert without_empty(found) == {}
