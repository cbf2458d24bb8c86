"""Open incident: the form and the press, for tenants of which only logs were imported."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from incidents.enums import IncidentState
from incidents.models import Account, Incident
from incidents.services import AlreadyOpen, IncidentRefused, Opening, incident_open
from incidents.services.opening import DEFAULT_TITLE
from tenants.enums import TenantState
from tenants.models import AuditEvent
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows

ADA = "ada@client.example"


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    """Tasks run at once in tests, and no cloud is here."""
    heard = []
    monkeypatch.setattr("incidents.doorbell._send", lambda *arguments: heard.append(arguments))
    monkeypatch.setattr("remediation.doorbell._send", lambda *arguments: heard.append(arguments))
    return heard


@pytest.fixture
def imported(console):
    """A tenant that is not connected, with a log row of Ada's."""
    tenant = rows.tenant(console.organization, "Imported", state=TenantState.UNCONNECTED)
    other = rows.incident(tenant, rows.account(tenant, "Other"), state=IncidentState.DISMISSED)
    rows.log_record(other, user_principal_name=ADA, occurred_at=timezone.now() - timedelta(days=2))
    return tenant


def url(name, tenant):
    return reverse(f"incidents:{name}", args=[tenant.slug])


def since(**ago) -> str:
    return f"{timezone.now() - timedelta(**ago):%Y-%m-%dT%H:%M}"


def press(client, at, **fields):
    form = {"tenant": at.slug, "user": ADA, "since": since(hours=3), "title": ""} | fields
    return client.post(url("open", at), form)


def opened(tenant) -> list[Incident]:
    with unscoped(reason="a test looks"):
        found = Incident.objects.filter(tenant=tenant).exclude(state=IncidentState.DISMISSED)
        return list(found.select_related("account", "tenant").order_by("pk"))


# --- The form ---------------------------------------------------------------------------------------------------------
def test_the_form_is_filled_in_and_names_the_zone(analyst, console, imported):
    page = analyst.get(url("open_form", imported), {"user": 'x"><script>@client.example'}).content.decode()
    assert 'value="x&quot;&gt;&lt;script&gt;@client.example"' in page
    assert "Time zone: UTC" in page


def test_readers_are_told_that_they_cannot(reader, imported):
    page = reader.get(url("open_form", imported))
    assert (page.status_code, b"not open one" in page.content, b"open-press" in page.content) == (200, True, False)
    assert press(reader, imported).status_code == 403


def test_strangers_and_guests_of_another_tenant(client, guest, imported):
    assert press(client, imported).url == f"/sign-in/?next={url('open', imported)}"
    assert (guest.get(url("open_form", imported)).status_code, press(guest, imported).status_code) == (404, 404)


# --- The press --------------------------------------------------------------------------------------------------------
def test_opens_unpublished_and_has_the_rows_weighed(analyst, imported, rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = press(analyst, imported, user=f"  {ADA.upper()} ", title="Strange rule")
    (incident,) = opened(imported)
    assert (answer.status_code, answer.url) == (303, reverse("incidents:detail", args=[imported.slug, incident.pk]))
    assert (incident.state, incident.title, incident.account.user_principal_name) == (
        "unpublished",
        "Strange rule",
        ADA,
    )
    assert incident.detected_by == "Opened by Ravi Okonkwo."
    assert rung == [("incidents.tasks.weigh_evidence", incident.pk, 0)]
    acts = AuditEvent.objects.filter(incident_id=incident.pk).values_list("verb", "actor_name")
    assert list(acts) == [("open_incident", "Ravi Okonkwo")]


def test_the_moment_is_in_the_readers_zone(analyst, console, imported):
    console.analyst.time_zone = "Europe/Oslo"
    console.analyst.save()
    press(analyst, imported, since="2026-03-01T10:30")
    (incident,) = opened(imported)
    assert incident.first_access_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_without_a_title_it_has_a_sensible_one(analyst, imported):
    press(analyst, imported)
    assert opened(imported)[0].title == DEFAULT_TITLE


BAD = {
    "nobody": ({"user": ""}, "Give the address of the account."),
    "unknown": ({"user": "nobody@client.example"}, "No imported log record of Imported is of"),
    "no moment": ({"since": ""}, "Say since when"),
    "nonsense": ({"since": "yesterday"}, "Give day and time"),
    "the future": ({"since": since(hours=-2)}, "is in the future. Nothing was opened."),
    "too long ago": ({"since": since(days=500)}, "more than a year ago, and the first log record of ada is of"),
    "a long title": ({"title": "x" * 201}, "at most 200"),
}


@pytest.mark.parametrize(("fields", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_is_told(analyst, imported, fields, words):
    answer = press(analyst, imported, **fields)
    assert (answer.status_code, opened(imported)) == (422, [])
    assert words in answer.content.decode().replace("&#x27;", "'")


def test_old_logs_open_old_incidents(analyst, console, imported):
    other = rows.account(imported, "Old", user_principal_name=ADA, object_id="")
    long_ago = timezone.now() - timedelta(days=900)
    rows.log_record(rows.incident(imported, other, state=IncidentState.DISMISSED), occurred_at=long_ago)
    assert press(analyst, imported, since=since(days=899)).status_code == 303
    assert opened(imported)[0].account == other


def test_pressed_twice_one_is_opened_and_the_other_is_linked(analyst, imported):
    press(analyst, imported)
    answer = press(analyst, imported)
    (incident,) = opened(imported)
    assert answer.status_code == 409
    assert reverse("incidents:detail", args=[imported.slug, incident.pk]) in answer.content.decode()
    assert "is unpublished already. No second one was opened." in answer.content.decode()


def test_after_it_was_closed_another_may_be_opened(analyst, imported):
    press(analyst, imported)
    with unscoped(reason="a test's row"):
        Incident.objects.filter(tenant=imported, state=IncidentState.UNPUBLISHED).update(state=IncidentState.DISMISSED)
    assert press(analyst, imported).status_code == 303


def test_another_tenants_form_opens_nothing(analyst, console, imported):
    assert press(analyst, imported, tenant=console.tenant.slug).status_code == 409
    assert opened(imported) == []


def test_a_name_in_another_tenants_logs_is_not_known_here(analyst, console, imported):
    empty = rows.tenant(console.organization, "Empty", state=TenantState.UNCONNECTED)
    assert press(analyst, empty).status_code == 422
    with unscoped(reason="a test looks"):
        assert not Account.objects.filter(tenant=empty).exists()


def test_a_connected_tenant_without_a_connection_says_so(analyst, console):
    answer = press(analyst, console.tenant)
    assert answer.status_code == 422
    assert "No Microsoft 365 connection is stored for Acme Corp." in answer.content.decode()


# --- The service ------------------------------------------------------------------------------------------------------
def test_the_service_refuses_in_words(console):
    account = console.incident.account
    with tenant_scope([console.tenant.pk]):
        with pytest.raises(AlreadyOpen) as met:
            incident_open(
                tenant=console.tenant, account=account, opening=Opening(since=timezone.now()), by=console.analyst
            )
        assert met.value.incident == console.incident
        later = Opening(since=timezone.now() + timedelta(minutes=5))
        with pytest.raises(IncidentRefused, match="in the future"):
            incident_open(tenant=console.tenant, account=account, opening=later, by=console.analyst)


@pytest.mark.django_db(transaction=True)
def test_two_analysts_at_the_same_moment_open_one():
    tenant = rows.tenant(rows.organization(), "Imported", state=TenantState.UNCONNECTED)
    account = rows.account(tenant, "Ada")
    begin = Barrier(6)

    def press_at_once(_number: int) -> str:
        begin.wait(30)
        try:
            with tenant_scope([tenant.pk]):
                incident_open(tenant=tenant, account=account, opening=Opening(since=timezone.now()), by=None)
        except AlreadyOpen as refusal:
            return f"told of {refusal.incident.pk}"
        finally:
            connection.close()
        return "opened"

    with ThreadPoolExecutor(6) as analysts:
        told = sorted(analysts.map(press_at_once, range(6)))
    (first,) = opened(tenant)
    assert told == ["opened", *[f"told of {first.pk}"] * 5]
