"""The panel's views: works · stranger 404 · anonymous redirected · read-only 403 · wrong method 405 · fragment or page
· other tenant's form 409 · invalid 422 · the number of queries does not grow."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from graph.simulator.control import SimulatorControl
from remediation.enums import RunState, Step
from remediation.models import ActionRun, WorkOrder
from tenants.models import Member, Organization, Tenant
from tests.factories import world
from tests.integration.remediation.desk import Desk, make_member

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(desk: Desk) -> Client:
    client = Client()
    client.force_login(desk.analyst, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def as_member(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def address(desk: Desk, name: str, *args: int, tenant: str = "tiny") -> str:
    return reverse(f"remediation:{name}", args=[tenant, desk.incident.pk, *args])


def form(**more: object) -> dict[str, object]:
    return {"tenant": "tiny", "key": uuid.uuid4().hex, **more}


POSTS: list[tuple[str, tuple[int, ...]]] = [
    ("press", (1,)),
    ("retry", (1,)),
    ("scan", (3,)),
    ("undo", ()),
    ("judge", (1,)),
    ("reveal_password", (1,)),
]
every_post = pytest.mark.parametrize(("name", "args"), POSTS)


def test_the_panel_is_a_page_or_a_fragment(desk: Desk, browser: Client):
    page = browser.get(address(desk, "panel"))
    fragment = browser.get(address(desk, "panel"), headers=HTMX)
    assert page.status_code == fragment.status_code == 200
    assert b"<html" in page.content
    assert b"<html" not in fragment.content
    for step in Step:
        assert step.label.encode() in fragment.content


def test_press_acts_and_answers_with_the_fragment(desk: Desk, browser: Client):
    answer = browser.post(address(desk, "press", 1), form(), headers=HTMX)
    assert answer.status_code == 200
    assert b"<html" not in answer.content
    assert WorkOrder.objects.get().requested_by_name == desk.analyst.display_name
    assert {run.state for run in desk.runs()} == {RunState.QUEUED}


def test_press_without_script_goes_back_to_the_incident(desk: Desk, browser: Client):
    answer = browser.post(address(desk, "press", 1), form())
    assert answer.status_code == 302
    assert answer["Location"] == reverse("incidents:detail", args=["tiny", desk.incident.pk])


def test_the_same_form_posted_twice_acts_once(desk: Desk, browser: Client):
    twice = form()
    browser.post(address(desk, "press", 1), twice)
    answer = browser.post(address(desk, "press", 1), twice, headers=HTMX)
    assert f"{desk.analyst.display_name} pressed" in answer.content.decode()
    assert b"with this very form" in answer.content
    assert ActionRun.objects.count() == 2


@every_post
def test_a_form_of_another_tenant_does_nothing(name: str, args: tuple[int, ...], desk: Desk, browser: Client):
    for tenant in ("acme", ""):
        answer = browser.post(address(desk, name, *args), form(tenant=tenant), headers=HTMX)
        assert answer.status_code == 409
        assert b"Nothing was done" in answer.content
    assert not WorkOrder.objects.exists()


@every_post
def test_a_reader_is_refused(name: str, args: tuple[int, ...], desk: Desk):
    reader = make_member(desk.organization, "reader@lantern.example", is_read_only=True)
    answer = as_member(reader).post(address(desk, name, *args), form())
    assert answer.status_code == 403
    assert not WorkOrder.objects.exists()


@every_post
def test_a_stranger_finds_nothing(name: str, args: tuple[int, ...], desk: Desk):
    stranger = make_member(Organization.objects.create(name="Other"), "x@other.example", role="admin")
    assert as_member(stranger).post(address(desk, name, *args), form()).status_code == 404
    assert as_member(stranger).get(address(desk, "panel")).status_code == 404


@every_post
def test_anonymous_is_sent_to_sign_in(name: str, args: tuple[int, ...], desk: Desk):
    answer = Client().post(address(desk, name, *args), form())
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")
    assert not WorkOrder.objects.exists()


@every_post
def test_acting_is_by_post_only(name: str, args: tuple[int, ...], desk: Desk, browser: Client):
    assert browser.get(address(desk, name, *args)).status_code == 405


@every_post
def test_without_a_csrf_token_nothing_is_done(name: str, args: tuple[int, ...], desk: Desk):
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.analyst, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(address(desk, name, *args), form()).status_code == 403
    assert not WorkOrder.objects.exists()


@pytest.mark.parametrize(
    "bad", [{"key": ""}, {"key": "x"}, {"items": "1; drop table"}, {"items": "-1"}, {"reason": "x" * 3000}]
)
def test_bad_input_is_told_and_nothing_is_done(bad: dict[str, str], desk: Desk, browser: Client):
    answer = browser.post(address(desk, "press", 3), form(**bad), headers=HTMX)
    assert answer.status_code == 422
    assert b"Nothing was done" in answer.content
    assert not WorkOrder.objects.exists()


def test_a_refusal_stands_in_the_panel(desk: Desk, browser: Client):
    answer = browser.post(address(desk, "press", 5), form(), headers=HTMX)
    assert answer.status_code == 409
    assert b"the password was not reset" in answer.content


def test_an_incident_of_another_tenant_is_not_found_under_this_one(desk: Desk, browser: Client):
    Tenant.objects.create(organization=desk.organization, slug="second", name="Second")
    assert browser.get(address(desk, "panel", tenant="second")).status_code == 404
    assert browser.post(address(desk, "press", 1, tenant="second"), form(tenant="second")).status_code == 404
    assert not WorkOrder.objects.exists()


def test_preview_shows_the_requests_and_sends_nothing(desk: Desk, browser: Client, simulator: SimulatorControl):
    simulator.clear_requests()
    for step in (1, 4, 5):
        answer = browser.get(address(desk, "preview", step), headers=HTMX)
        assert answer.status_code == 200
        assert world.ALICE.encode() in answer.content
    assert simulator.requests()["requests"] == []
    assert not WorkOrder.objects.exists()


def test_preview_of_a_password_shows_a_reference(desk: Desk, browser: Client):
    answer = browser.get(address(desk, "preview", 4), headers=HTMX)
    assert b"&lt;secret: password:" in answer.content


def test_the_password_is_revealed_to_the_one_who_pressed_and_never_cached(desk: Desk, browser: Client):
    browser.post(address(desk, "press", 4), form())
    from remediation.models import IssuedPassword

    password = IssuedPassword.objects.get().password
    desk.work()
    run = desk.run()
    other = as_member(desk.colleague).post(address(desk, "reveal_password", run.pk), form(), headers=HTMX)
    assert other.status_code == 409
    assert password.encode() not in other.content
    shown = browser.post(address(desk, "reveal_password", run.pk), form(), headers=HTMX)
    assert password.encode() in shown.content
    assert "no-store" in shown["Cache-Control"]
    again = browser.post(address(desk, "reveal_password", run.pk), form(), headers=HTMX)
    assert again.status_code == 409
    assert password.encode() not in again.content


def test_step_six_closes_and_tells_what_is_open(desk: Desk, browser: Client):
    refused = browser.post(address(desk, "press", 6), form(), headers=HTMX)
    assert refused.status_code == 409
    assert desk.reload().state == "active"
    browser.post(address(desk, "press", 6), form(reason="Left the company."), headers=HTMX)
    assert desk.reload().state == "remediated"
    assert desk.incident.has_done(6)


def test_the_panel_costs_the_same_however_many_findings(
    desk: Desk, browser: Client, django_assert_max_num_queries: Callable[..., object]
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert browser.get(address(desk, "panel"), headers=HTMX).status_code == 200
        return len(captured)

    for number in range(2):
        desk.find("disable_device", {"device_id": f"d{number}"})
    desk.press(Step.PERSISTENCE, all_suspicious=True)
    few = cost()
    for number in range(40):
        desk.find("disable_device", {"device_id": f"many{number}"})
    desk.press(Step.PERSISTENCE, all_suspicious=True)
    assert cost() == few


def test_hostile_text_stays_text(desk: Desk, browser: Client):
    subject = '=HYPERLINK("http://x","<script>alert(1)</script>")'
    desk.find("disable_device", {"device_id": "d"}, title=subject, reasons=[subject], facts=[[subject, subject]])
    desk.incident.account.display_name = "<img src=x onerror=alert(1)>"
    desk.incident.account.save()
    page = browser.get(address(desk, "panel")).content
    assert b"<script>alert" not in page
    assert b"<img src=x" not in page
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in page
