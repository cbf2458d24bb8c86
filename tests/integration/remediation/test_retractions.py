"""Retraction of a campaign's copies in several tenants: planned, confirmed, approved, stopped, resumed, taken back."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from graph.simulator.world import story
from remediation import sweeper
from remediation.enums import OrderState, RunState
from remediation.models import ActionRun, Campaign, Finding, Retraction, WorkOrder
from remediation.policies import Refused
from remediation.services import (
    Chosen,
    Confirmed,
    retraction_approve,
    retraction_begin,
    retraction_plan,
    retraction_refuse,
    retraction_resume,
    retraction_retry,
    retraction_stop,
    retraction_undo,
)
from remediation.services.retractions import Begun
from tenants.enums import ApprovalRule, Role, TenantState
from tenants.models import AuditEvent, Connection, Member, Organization, ProtectedAccount, Tenant
from tenants.scoping import tenant_scope, unscoped
from tests.integration.remediation.desk import make_member
from tests.integration.remediation.towns import Towns, expected


@pytest.fixture
def campaign(towns: Towns) -> Campaign:
    """The phish of the incident, found in the three other tenants."""
    towns.tag()
    towns.search()
    return Campaign.objects.get()


@pytest.fixture
def second(towns: Towns) -> Member:
    return make_member(towns.organization, "lena@lantern.example")


@pytest.fixture
def free(towns: Towns) -> None:
    """Nobody has to approve anything."""
    Organization.objects.update(approval_rule=ApprovalRule.NEVER)
    towns.organization.refresh_from_db()
    towns.analyst.refresh_from_db()


def begin(towns: Towns, campaign: Campaign, chosen: Chosen, by: Member | None = None, **said: Any) -> Begun:
    """Look at a plan, and confirm it."""
    member = by or towns.analyst
    with towns.seen():
        plan = retraction_plan(campaign=campaign, chosen=chosen, tenants=towns.others, by=member)
        confirmed = Confirmed(**{"key": uuid.uuid4().hex, "digest": plan.digest} | said)
        return retraction_begin(campaign=campaign, chosen=chosen, confirmed=confirmed, tenants=towns.others, by=member)


def copy_of(campaign: Campaign, mailbox: str) -> Finding:
    with unscoped(reason="a test looks into all tenants"):
        (found,) = [
            one for one in Finding.objects.filter(campaign=campaign) if one.target["mailbox"].startswith(mailbox)
        ]
        return found


def states(what: Any = ActionRun) -> dict[str, int]:
    with unscoped(reason="a test looks into all tenants"):
        counts: dict[str, int] = {}
        for state in what.objects.filter(incident=None).values_list("state", flat=True):
            counts[state] = counts.get(state, 0) + 1
        return counts


def told(**which: Any) -> list[tuple[str, str]]:
    with unscoped(reason="a test looks into all tenants"):
        rows = AuditEvent.objects.filter(**which).order_by("pk")
        return [(row.tenant_name, row.summary) for row in rows]


WHOLE_HARROW = Chosen(tenant_slugs=("harrow",))
ALL = Chosen(tenant_slugs=("bluewater", "harrow", "northgate"))
INBOX, DELETED = "inbox", "deleteditems"


# --- Done -------------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("free")
def test_two_mails_of_one_and_the_whole_of_another_are_taken_out_and_one_put_back(towns: Towns, campaign: Campaign):
    named = [copy_of(campaign, who).pk for who in ("mareike.vogt", "dispatch")]
    begun = begin(towns, campaign, Chosen(finding_ids=named, tenant_slugs=("harrow",)))
    assert (begun.is_new, begun.words) == (True, "")
    towns.work()
    assert towns.folders("harrow") == dict.fromkeys(story.LURE_COPIES["harrow"], DELETED)
    assert towns.folders("northgate") == {"mareike.vogt": DELETED, "dispatch": DELETED, "stefan.brueckner": INBOX}
    assert towns.folders("bluewater") == {"orla.keane": INBOX, "reception": INBOX}
    with unscoped(reason="a test looks into all tenants"):
        assert {bool(run.verified_at) for run in ActionRun.objects.all()} == {True}
        archived = ActionRun.objects.get(target__mailbox__startswith="joao")
    with towns.seen():
        retraction_undo(retraction=begun.retraction, tenants=towns.others, by=towns.analyst, run_ids=[archived.pk])
    towns.work()
    assert towns.folders("harrow")["joao.teixeira"] == "archive"
    assert states() == {RunState.SUCCEEDED: 5, RunState.UNDONE: 1}
    assert states(WorkOrder) == {OrderState.FINISHED: 2}


@pytest.mark.usefixtures("free")
def test_the_whole_is_put_back_to_where_it_came_from_and_looked_for_again(towns: Towns, campaign: Campaign):
    before = {name: towns.folders(name) for name in expected()}
    begun = begin(towns, campaign, ALL)
    towns.work()
    assert {folder for name in expected() for folder in towns.folders(name).values()} == {DELETED}
    with towns.seen():
        retraction_undo(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
        with pytest.raises(Refused, match="nothing to undo"):
            retraction_undo(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
    towns.work()
    assert {name: towns.folders(name) for name in expected()} == before
    assert set(towns.states(campaign).values()) == {"queued"}, "what came back is looked for again"
    towns.search()
    begin(towns, campaign, WHOLE_HARROW)
    towns.work()
    assert set(towns.folders("harrow").values()) == {DELETED}


@pytest.mark.usefixtures("free")
def test_the_same_form_twice_and_a_second_press_take_nothing_twice(towns: Towns, campaign: Campaign):
    first = begin(towns, campaign, WHOLE_HARROW, key="a" * 32)
    with towns.seen():
        again = retraction_begin(
            campaign=campaign,
            chosen=WHOLE_HARROW,
            confirmed=Confirmed(key="a" * 32, digest="0" * 64),
            tenants=towns.others,
            by=towns.analyst,
        )
    assert (again.retraction, again.is_new) == (first.retraction, False)
    assert "confirmed this very form already" in again.words
    for _ in range(2):  # while it waits, and after it was done
        with pytest.raises(Refused, match="Nothing is left to do"):
            begin(towns, campaign, WHOLE_HARROW)
        towns.work()
    assert states() == {RunState.SUCCEEDED: 4}


@pytest.mark.usefixtures("free")
def test_another_plan_than_the_one_looked_at_is_not_done(towns: Towns, campaign: Campaign):
    with pytest.raises(Refused, match="has changed since you looked"):
        begin(towns, campaign, WHOLE_HARROW, digest="0" * 64)
    assert (Retraction.objects.count(), states()) == (0, {})


@pytest.mark.usefixtures("free")
def test_a_tenant_that_is_down_does_not_hold_up_the_others_and_is_tried_again(towns: Towns, campaign: Campaign):
    harrow = towns.tenants["harrow"]
    with tenant_scope([harrow.pk]):
        secret = Connection.objects.get().client_secret
        Connection.objects.update(client_secret="not this one any more")
    begun = begin(towns, campaign, ALL)
    towns.work()
    assert states() == {RunState.SUCCEEDED: 5, RunState.FAILED: 4}
    with tenant_scope([harrow.pk]):
        assert {"secret" in run.message for run in ActionRun.objects.filter(tenant=harrow)} == {True}
        connection = Connection.objects.get()
        connection.client_secret = secret
        connection.save()
    with towns.seen():
        retraction_retry(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
        with pytest.raises(Refused, match="Nothing of it has failed"):
            retraction_retry(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
    towns.work()
    assert states() == {RunState.SUCCEEDED: 9}


# --- Refused ----------------------------------------------------------------------------------------------------------
def test_what_is_not_of_the_campaign_or_of_the_readers_tenants_is_refused(towns: Towns, campaign: Campaign):
    stranger = copy_of(campaign, "orla.keane").pk
    others = [tenant for tenant in towns.others if tenant.slug != "bluewater"]
    for chosen in (Chosen(finding_ids=[stranger]), Chosen(tenant_slugs=("bluewater",)), Chosen(finding_ids=[10**9])):
        with towns.seen(others), pytest.raises(Refused, match="does not belong to this campaign"):
            retraction_plan(campaign=campaign, chosen=chosen, tenants=others, by=towns.analyst)
    with towns.seen(), pytest.raises(Refused, match="Nothing was selected"):
        retraction_plan(campaign=campaign, chosen=Chosen(), tenants=towns.others, by=towns.analyst)


def test_protected_accounts_are_left_out_of_a_whole_tenant_and_refused_by_name(towns: Towns, campaign: Campaign):
    harrow, copy = towns.tenants["harrow"], copy_of(campaign, "edmund.harrow")
    with tenant_scope([harrow.pk]):
        ProtectedAccount.objects.create(tenant=harrow, user_principal_name=copy.target["mailbox"].upper())
    with towns.seen():
        plan = retraction_plan(campaign=campaign, chosen=WHOLE_HARROW, tenants=towns.others, by=towns.analyst)
        assert copy.pk not in {draft.finding.pk for draft in plan.parts[0].drafts if draft.finding}
        assert plan.mail_count == 3
        with pytest.raises(Refused, match="is a protected account"):
            retraction_plan(
                campaign=campaign, chosen=Chosen(finding_ids=[copy.pk]), tenants=towns.others, by=towns.analyst
            )


def test_a_paused_tenant_is_named_and_nothing_is_done(towns: Towns, campaign: Campaign):
    Tenant.objects.filter(slug="harrow").update(state=TenantState.PAUSED)
    towns.tenants["harrow"].refresh_from_db()
    with pytest.raises(Refused, match=r"Harrow.* is paused"):
        begin(towns, campaign, ALL)
    assert (Retraction.objects.count(), states()) == (0, {})


# --- Approval ---------------------------------------------------------------------------------------------------------
def test_one_tenant_and_few_mails_need_nobody_else(towns: Towns, campaign: Campaign):
    begin(towns, campaign, WHOLE_HARROW)
    assert states() == {RunState.QUEUED: 4}


@pytest.mark.parametrize(
    ("chosen", "policy", "why"),
    [
        (ALL, {}, "More than 1 tenant: "),
        (WHOLE_HARROW, {"approval_mails": 3}, "More than 3 mails: "),
        (WHOLE_HARROW, {"approval_mails": 4}, ""),
        (WHOLE_HARROW, {"approval_rule": ApprovalRule.ALWAYS}, "Every retraction"),
        (ALL, {"approval_tenants": 3}, ""),
        (ALL, {"approval_rule": ApprovalRule.NEVER}, ""),
    ],
)
def test_what_has_to_be_approved(towns: Towns, campaign: Campaign, chosen: Chosen, policy: dict[str, Any], why: str):
    for name, value in policy.items():
        setattr(towns.analyst.organization, name, value)
    with towns.seen():
        plan = retraction_plan(campaign=campaign, chosen=chosen, tenants=towns.others, by=towns.analyst)
    assert plan.approval.startswith(why)
    assert bool(plan.approval) == bool(why)


def test_a_second_member_has_to_approve_and_the_asker_cannot(towns: Towns, campaign: Campaign, second: Member):
    begun = begin(towns, campaign, ALL)
    assert begun.words == "A second member has to approve this. Nothing is done until then."
    towns.work()
    assert (states(), states(WorkOrder)) == ({RunState.PLANNED: 9}, {OrderState.AWAITING_APPROVAL: 3})
    guest = make_member(towns.organization, "guest@client.example", role=Role.EXTERNAL_GUEST)
    reader = make_member(towns.organization, "reader@lantern.example", is_read_only=True)
    with towns.seen():
        for member, why in ((towns.analyst, "You asked for it yourself"), (guest, "role"), (reader, "role")):
            with pytest.raises(Refused, match=why):
                retraction_approve(asked=begun.retraction, tenants=towns.others, by=member)
        retraction_approve(asked=begun.retraction, tenants=towns.others, by=second)
        with pytest.raises(Refused, match="Nobody waits for a decision any more"):
            retraction_approve(asked=begun.retraction, tenants=towns.others, by=second)
    towns.work()
    assert (states(), states(WorkOrder)) == ({RunState.SUCCEEDED: 9}, {OrderState.FINISHED: 3})
    with unscoped(reason="a test looks into all tenants"):
        assert set(WorkOrder.objects.values_list("decided_by_name", flat=True)) == {"Lena"}
    names = sorted(towns.tenants[name].name for name in expected())
    assert sorted(name for name, _ in told(verb="approve_retraction")) == names


def test_a_member_approves_only_what_exists_for_them(towns: Towns, campaign: Campaign, second: Member):
    begun = begin(towns, campaign, ALL)
    others = [tenant for tenant in towns.others if tenant.slug != "harrow"]
    with towns.seen(others):
        retraction_approve(asked=begun.retraction, tenants=others, by=second)
    towns.work()
    assert states(WorkOrder) == {OrderState.FINISHED: 2, OrderState.AWAITING_APPROVAL: 1}
    assert DELETED not in towns.folders("harrow").values()


def test_refused_withdrawn_and_expired_retractions_do_nothing(towns: Towns, campaign: Campaign, second: Member):
    begun = begin(towns, campaign, ALL)
    with towns.seen():
        retraction_refuse(asked=begun.retraction, tenants=towns.others, reason="A newsletter", by=second)
    assert (states(), states(WorkOrder)) == ({RunState.CANCELED: 9}, {OrderState.REFUSED: 3})
    begun = begin(towns, campaign, ALL)
    with towns.seen():
        retraction_refuse(asked=begun.retraction, tenants=towns.others, reason="", by=towns.analyst)
    assert states(WorkOrder) == {OrderState.REFUSED: 3, OrderState.CANCELED: 3}
    begun = begin(towns, campaign, ALL)
    later = timezone.now() + timedelta(hours=24)
    sweeper.resume_stalled(now=later - timedelta(minutes=1))
    assert states(WorkOrder)[OrderState.AWAITING_APPROVAL] == 3
    sweeper.resume_stalled(now=later)
    assert states(WorkOrder) == {OrderState.REFUSED: 3, OrderState.CANCELED: 3, OrderState.EXPIRED: 3}
    towns.work()
    assert states() == {RunState.CANCELED: 27}
    assert DELETED not in {folder for name in expected() for folder in towns.folders(name).values()}
    verbs = {row[0] for row in verbs_of(campaign)}
    assert {"refuse_retraction", "withdraw_retraction", "expire_retraction"} <= verbs


def verbs_of(campaign: Campaign) -> list[tuple[str, str]]:
    with unscoped(reason="a test looks into all tenants"):
        return list(AuditEvent.objects.filter(object_type="retraction").values_list("verb", "outcome"))


def test_after_its_time_it_cannot_be_approved(towns: Towns, campaign: Campaign, second: Member):
    begun = begin(towns, campaign, ALL)
    with towns.seen():
        WorkOrder.objects.update(expires_at=timezone.now())
    with towns.seen(), pytest.raises(Refused, match="Nobody waits for a decision any more"):
        retraction_approve(asked=begun.retraction, tenants=towns.others, by=second)
    assert states() == {RunState.PLANNED: 9}


def test_an_emergency_needs_a_reason_and_is_loud_everywhere(towns: Towns, campaign: Campaign):
    with pytest.raises(Refused, match="Give a reason"):
        begin(towns, campaign, ALL, is_emergency=True, reason="  ")
    begun = begin(towns, campaign, ALL, is_emergency=True, reason="People are clicking")
    assert begun.retraction.is_emergency
    assert states() == {RunState.QUEUED: 9}
    rows = told(verb="retract_without_approval")
    assert len(rows) == 4, "each tenant's chain and the organization's"
    assert all(summary.startswith("EMERGENCY") for _, summary in rows)
    assert [summary for name, summary in rows if not name] == [
        f"EMERGENCY, without the approval that it needs: retraction {begun.retraction.pk} was begun"
    ], "the organization's chain names no tenant and no mail"


def test_an_emergency_that_needs_no_approval_is_none(towns: Towns, campaign: Campaign):
    begun = begin(towns, campaign, WHOLE_HARROW, is_emergency=True)
    assert not begun.retraction.is_emergency
    assert told(verb="retract_without_approval") == []


# --- Stopped and resumed ----------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("free")
def test_stopped_begins_nothing_more_and_resumed_goes_on(towns: Towns, campaign: Campaign):
    begun = begin(towns, campaign, ALL)
    towns.work("harrow")
    with towns.seen():
        retraction_stop(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
        with pytest.raises(Refused, match="Nothing was stopped"):
            retraction_stop(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
    towns.work()
    assert states() == {RunState.SUCCEEDED: 4, RunState.PLANNED: 5}
    assert states(WorkOrder) == {OrderState.FINISHED: 1, OrderState.STOPPED: 2}
    with towns.seen():
        retraction_resume(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
        with pytest.raises(Refused, match="It is not stopped"):
            retraction_resume(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
    towns.work()
    assert (states(), states(WorkOrder)) == ({RunState.SUCCEEDED: 9}, {OrderState.FINISHED: 3})


@pytest.mark.usefixtures("free")
def test_a_try_that_comes_back_after_the_stop_waits_with_the_others(towns: Towns, campaign: Campaign):
    begun = begin(towns, campaign, WHOLE_HARROW)
    with towns.seen():
        ActionRun.objects.filter(target__mailbox__startswith="edmund").update(state=RunState.RUNNING)
        retraction_stop(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
        ActionRun.objects.filter(state=RunState.RUNNING).update(state=RunState.QUEUED)
    towns.work()
    assert states() == {RunState.PLANNED: 3, RunState.QUEUED: 1}
    with towns.seen():
        retraction_resume(retraction=begun.retraction, tenants=towns.others, by=towns.analyst)
    towns.work()
    assert states() == {RunState.SUCCEEDED: 4}
