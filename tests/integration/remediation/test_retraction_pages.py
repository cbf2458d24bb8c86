"""Retraction on the screen, on a campaign's own page and under its incident: what is shown, refused and told."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from remediation.enums import OrderState, RunState, ScanState, Step
from remediation.models import ActionRun, Campaign, Finding, Retraction, Scan, WorkOrder
from tenants.enums import Role
from tenants.models import AuditEvent, Member, Tenant
from tenants.scoping import unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX, Console

HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'
PLACES = pytest.mark.parametrize("place", ["campaign", "cross_tenant"])


@pytest.fixture(autouse=True)
def rung(monkeypatch) -> list[tuple[object, ...]]:
    """Which bells were rung; nobody answers."""
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr("remediation.doorbell._ring", lambda *arguments: heard.append(arguments))
    return heard


@pytest.fixture
def campaign(console: Console) -> Campaign:
    """The phish of our incident, with two copies at the neighbour's."""
    mail = {"internet_message_id": "<1@evil.example>", "subject": HOSTILE, "sender_address": "a@evil.example"}
    with unscoped(reason="a test makes rows"):
        made = Campaign.objects.create(
            organization=console.organization,
            tenant=console.tenant,
            incident=console.incident,
            mails=[mail],
            since=timezone.now() - timedelta(days=9),
            created_by_name="Petra",
        )
    reach(made, console.neighbour, "zoe@zenith.example", "yan@zenith.example")
    return made


def reach(campaign: Campaign, tenant: Tenant, *mailboxes: str) -> list[Finding]:
    """Copies that a search has found."""
    with unscoped(reason="a test makes rows"):
        Scan.objects.create(
            campaign=campaign, tenant=tenant, step=Step.RETRACT, state=ScanState.COMPLETE, finished_at=timezone.now()
        )
        return [
            Finding.objects.create(
                campaign=campaign,
                tenant=tenant,
                step=Step.RETRACT,
                kind="phish_copy",
                action_key="retract_message",
                target_key=mailbox,
                target={"mailbox": mailbox, "user_id": mailbox, "message_id": "m", "internet_message_id": "<1>"},
                title=HOSTILE,
                facts=[["Mailbox", mailbox], ["From", "a@evil.example"], ["Folder", "Inbox"]],
                reasons=["Same internet message id"],
                is_suspicious=True,
                seen_at=timezone.now(),
                before={"exists": True, "parentFolderId": "f"},
            )
            for mailbox in mailboxes
        ]


def url(console: Console, campaign: Campaign, place: str, act: str = "", *ids: int) -> str:
    name = f"remediation:{place}_{act}" if act else f"remediation:{place}"
    of_incident = [console.tenant.slug, console.incident.pk]
    return reverse(name, args=[*(of_incident if place == "cross_tenant" else [campaign.pk]), *ids])


def words(body: bytes) -> str:
    text = body.decode()
    assert "<script>alert" not in text
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def plan_of(client: Client, console: Console, campaign: Campaign, place: str, **chosen: object) -> dict[str, object]:
    """Look at a plan, and the form that would confirm it."""
    answer = client.post(url(console, campaign, place, "plan"), {"tenant": console.tenant.slug, **chosen}, headers=HTMX)
    assert answer.status_code == 200, words(answer.content)
    hidden = dict(re.findall(r'name="(key|digest)" value="([0-9a-f]+)"', answer.content.decode()))
    return {"tenant": console.tenant.slug, **hidden, **chosen}


def begun(
    client: Client, console: Console, campaign: Campaign, place: str = "campaign", **chosen: object
) -> Retraction:
    form = plan_of(client, console, campaign, place, **(chosen or {"whole": ["zenith"]}))
    assert client.post(url(console, campaign, place, "begin"), form, headers=HTMX).status_code == 200
    return Retraction.objects.latest("pk")


def order_states() -> set[str]:
    with unscoped(reason="a test looks into all tenants"):
        return set(WorkOrder.objects.exclude(retraction=None).values_list("state", flat=True))


def run_states() -> dict[str, str]:
    with unscoped(reason="a test looks into all tenants"):
        return dict(ActionRun.objects.filter(incident=None).values_list("target__mailbox", "state"))


@pytest.fixture
def second(console: Console) -> Member:
    return rows.member(console.organization, display_name="Lena Fjord")


# --- Plan and press ---------------------------------------------------------------------------------------------------
@PLACES
def test_a_plan_names_what_it_would_do_and_does_nothing(analyst, console, campaign, rung, place):
    answer = analyst.post(
        url(console, campaign, place, "plan"), {"tenant": console.tenant.slug, "whole": ["zenith"]}, headers=HTMX
    )
    told = words(answer.content)
    assert "Retract 2 mails in 1 tenant" in told
    assert "Zenith : 2 mails in 2 mailboxes" in told
    assert "/messages/m/move" in told
    assert "second member" not in told
    assert (run_states(), rung, Retraction.objects.count()) == ({}, [], 0)


@PLACES
def test_a_confirmed_plan_begins_and_the_same_form_begins_nothing_more(analyst, console, campaign, rung, place):
    form = plan_of(analyst, console, campaign, place, whole=["zenith"])
    for _ in range(2):
        answer = analyst.post(url(console, campaign, place, "begin"), form, headers=HTMX)
        assert answer.status_code == 200
    assert "confirmed this very form already" in words(answer.content)
    assert run_states() == {"zoe@zenith.example": RunState.QUEUED, "yan@zenith.example": RunState.QUEUED}
    assert rung == [("remediation.tasks.run_due", console.neighbour.pk, 0)]
    assert "Running 2 left; 0 in the last minute" in words(answer.content)


def test_without_javascript_a_page_asks_and_the_answer_leads_back(analyst, console, campaign):
    answer = analyst.post(url(console, campaign, "campaign", "plan"), {"whole": ["zenith"]})
    assert "Retract 2 mails" in words(answer.content)
    form = plan_of(analyst, console, campaign, "campaign", whole=["zenith"])
    answer = analyst.post(url(console, campaign, "campaign", "begin"), form)
    assert (answer.status_code, answer["Location"]) == (302, url(console, campaign, "campaign"))


@PLACES
@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, "Nothing was selected."),
        ({"whole": ["secret-client"]}, "does not belong to this campaign"),
        ({"whole": ["nobodys"]}, "does not belong to this campaign"),
        ({"items": ["999999"]}, "does not belong to this campaign"),
        ({"items": ["x"]}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_done(analyst, console, campaign, rung, place, form, told):
    answer = analyst.post(url(console, campaign, place, "plan"), {"tenant": console.tenant.slug, **form}, headers=HTMX)
    assert answer.status_code == 409
    assert told in words(answer.content)
    assert (run_states(), rung) == ({}, [])


@PLACES
@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"digest": "0" * 64}, "has changed since you looked"),
        ({"digest": "x"}, "The form is incomplete"),
        ({"key": ""}, "incomplete"),
    ],
)
def test_a_press_that_is_not_the_plan_does_nothing(analyst, console, campaign, rung, place, form, told):
    good = plan_of(analyst, console, campaign, place, whole=["zenith"])
    answer = analyst.post(url(console, campaign, place, "begin"), good | form, headers=HTMX)
    assert (answer.status_code, run_states(), rung) == (409, {}, [])
    assert told in words(answer.content)


def test_what_was_found_meanwhile_is_not_taken_out_with_it(analyst, console, campaign):
    form = plan_of(analyst, console, campaign, "campaign", whole=["zenith"])
    reach(campaign, console.neighbour, "new@zenith.example")
    answer = analyst.post(url(console, campaign, "campaign", "begin"), form, headers=HTMX)
    assert (answer.status_code, run_states()) == (409, {})


def test_a_hidden_tenant_can_be_neither_planned_nor_seen(analyst, console, campaign, signed_in):
    hidden = rows.tenant(console.organization, "Hush", is_sensitive=True)
    (copy,) = reach(campaign, hidden, "boss@hush.example")
    for chosen in ({"items": [copy.pk]}, {"whole": ["hush"]}):
        answer = analyst.post(url(console, campaign, "campaign", "plan"), chosen, headers=HTMX)
        assert answer.status_code == 409
        assert "boss@" not in words(answer.content)
    admin = signed_in(rows.member(console.organization, Role.ADMIN))
    retraction = begun(admin, console, campaign, whole=["hush", "zenith"])
    told = words(analyst.get(url(console, campaign, "campaign"), headers=HTMX).content)
    assert "2 mails at Zenith" in told
    assert "hush" not in told.lower()
    acts = url(console, campaign, "campaign", "approve", retraction.pk)
    assert analyst.post(acts, headers=HTMX).status_code == 200, "their own part of it"
    assert order_states() == {OrderState.AWAITING_APPROVAL, OrderState.APPROVED}
    assert run_states()["boss@hush.example"] == RunState.PLANNED


# --- Approval ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def asked(analyst, console, campaign) -> Retraction:
    """A retraction in two tenants, which a second member has to approve."""
    other = rows.tenant(console.organization, "More")
    reach(campaign, other, "mo@more.example")
    return begun(analyst, console, campaign, whole=["zenith", "more"])


@PLACES
def test_who_asked_can_withdraw_and_not_approve(analyst, console, campaign, asked, place):
    told = words(analyst.get(url(console, campaign, place), headers=HTMX).content)
    assert "Waits for the approval of a second member" in told
    assert "You asked for it yourself" in told
    answer = analyst.post(
        url(console, campaign, place, "approve", asked.pk), {"tenant": console.tenant.slug}, headers=HTMX
    )
    assert (answer.status_code, order_states()) == (409, {OrderState.AWAITING_APPROVAL})
    analyst.post(url(console, campaign, place, "refuse", asked.pk), {"tenant": console.tenant.slug}, headers=HTMX)
    assert order_states() == {OrderState.CANCELED}
    assert "Withdrawn by Ravi Okonkwo" in words(analyst.get(url(console, campaign, place), headers=HTMX).content)


@PLACES
def test_a_second_member_approves(analyst, console, campaign, asked, second, signed_in, rung, place):
    assert rung == []
    lena = signed_in(second)
    answer = lena.post(
        url(console, campaign, place, "approve", asked.pk), {"tenant": console.tenant.slug}, headers=HTMX
    )
    assert answer.status_code == 200
    assert "Approved by Lena Fjord" in words(answer.content)
    assert set(run_states().values()) == {RunState.QUEUED}
    assert len(rung) == 2


def test_the_list_says_what_waits_for_whom(analyst, console, campaign, asked, second, signed_in):
    waiting = "A retraction waits for your approval: =HYPERLINK"
    assert waiting not in words(analyst.get(reverse("remediation:sweeps")).content)
    lena = signed_in(second)
    for page in (reverse("remediation:sweeps"), reverse("incidents:home")):
        assert waiting in words(lena.get(page).content)
    lena.post(url(console, campaign, "campaign", "refuse", asked.pk), headers=HTMX)
    assert waiting not in words(lena.get(reverse("remediation:sweeps")).content)


def test_an_emergency_is_told_on_the_page_and_in_the_trail(analyst, console, campaign):
    reach(campaign, rows.tenant(console.organization, "More"), "mo@more.example")
    form = plan_of(analyst, console, campaign, "campaign", whole=["zenith", "more"]) | {"emergency": "on"}
    begin = url(console, campaign, "campaign", "begin")
    answer = analyst.post(begin, form, headers=HTMX)
    assert (answer.status_code, "Give a reason" in words(answer.content)) == (409, True)
    told = words(analyst.post(begin, form | {"reason": "People click"}, headers=HTMX).content)
    assert "Emergency: without approval" in told
    assert "Reason: People click" in told
    with unscoped(reason="a test looks into all tenants"):
        trail = AuditEvent.objects.filter(verb="retract_without_approval").values_list("tenant_name", flat=True)
        assert sorted(trail) == ["", "More", "Zenith"]


# --- Stop, resume, retry, undo ----------------------------------------------------------------------------------------
@PLACES
def test_stop_and_resume(analyst, console, campaign, place):
    retraction, form = begun(analyst, console, campaign), {"tenant": console.tenant.slug}
    told = words(analyst.post(url(console, campaign, place, "stop", retraction.pk), form, headers=HTMX).content)
    assert "Stopped 2 left" in told
    assert "Stopped by Ravi Okonkwo" in told
    told = words(analyst.post(url(console, campaign, place, "resume", retraction.pk), form, headers=HTMX).content)
    assert "Running 2 left" in told
    assert analyst.post(url(console, campaign, place, "resume", retraction.pk), form, headers=HTMX).status_code == 409


@PLACES
def test_retry_and_undo(analyst, console, campaign, place):
    retraction, form = begun(analyst, console, campaign), {"tenant": console.tenant.slug}
    with unscoped(reason="a test makes rows"):
        zoe, yan = ActionRun.objects.filter(incident=None).order_by("target__mailbox").reverse()
        ActionRun.objects.filter(pk=zoe.pk).update(state=RunState.FAILED, finished_at=timezone.now(), message="No.")
        ActionRun.objects.filter(pk=yan.pk).update(state=RunState.SUCCEEDED, finished_at=timezone.now())
        WorkOrder.objects.filter(retraction=retraction).update(state=OrderState.FINISHED)
    told = words(analyst.get(url(console, campaign, place), headers=HTMX).content)
    assert "Not all of it could be done 1 done, 1 failed" in told
    analyst.post(url(console, campaign, place, "retry", retraction.pk), form, headers=HTMX)
    assert run_states()["zoe@zenith.example"] == RunState.QUEUED
    undo = url(console, campaign, place, "undo", retraction.pk)
    assert analyst.post(undo, form | {"runs": [zoe.pk + 999]}, headers=HTMX).status_code == 409
    analyst.post(undo, form | {"runs": [yan.pk]}, headers=HTMX)
    assert run_states()["yan@zenith.example"] == RunState.UNDOING


def test_who_may_only_look_sees_it_and_no_button(reader, analyst, console, campaign):
    retraction = begun(analyst, console, campaign)
    told = words(reader.get(url(console, campaign, "campaign"), headers=HTMX).content)
    assert "Running 2 left" in told
    for button in ("Stop", "Whole tenant", "Retract Phishing Emails", "Search again"):
        assert button not in told
    assert reader.post(url(console, campaign, "campaign", "stop", retraction.pk)).status_code == 403


# --- Many -------------------------------------------------------------------------------------------------------------
def test_of_many_copies_some_are_listed_and_all_are_counted(analyst, console, campaign, monkeypatch):
    for name in ("MOST_OF_A_TENANT", "LEAST_OF_A_TENANT"):
        monkeypatch.setattr(f"remediation.contexts.campaigns.{name}", 3)
    reach(campaign, console.neighbour, *(f"p{number}@zenith.example" for number in range(5)))
    told = words(analyst.get(url(console, campaign, "campaign"), headers=HTMX).content)
    assert "7 mails in 7 mailboxes" in told
    assert "3 of 7 mails are listed here: all mails at Zenith" in told
    page = reverse("remediation:campaign_part", args=["zenith", campaign.pk])
    assert "p4@zenith.example" in words(analyst.get(f"{page}?page=3").content)
    form = plan_of(analyst, console, campaign, "campaign", whole=["zenith"])
    analyst.post(url(console, campaign, "campaign", "begin"), form, headers=HTMX)
    assert len(run_states()) == 7


def test_three_retractions_take_as_many_queries_as_one(analyst, console, campaign, django_assert_max_num_queries):
    begun(analyst, console, campaign)
    page = url(console, campaign, "campaign")
    with django_assert_max_num_queries(18) as few:
        analyst.get(page)
        asked = len(few)
    for number in range(3):
        tenant = rows.tenant(console.organization, f"More {number}")
        reach(campaign, tenant, f"{number}@more.example", f"{number}@less.example")
        begun(analyst, console, campaign, whole=[tenant.slug])
    with django_assert_max_num_queries(asked):
        analyst.get(page)
