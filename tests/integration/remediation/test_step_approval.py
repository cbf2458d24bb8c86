"""Step 2 of an incident above the threshold: it waits for a second member, as every other large retraction does."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from incidents.enums import IncidentState
from incidents.models import Incident
from remediation import sweeper
from remediation.contexts import StepView, panel_view
from remediation.enums import OrderState, RunState, ScanState, Step, Verdict
from remediation.models import Finding, Scan, WorkOrder
from remediation.plans import drafts_for
from remediation.policies import Refused
from remediation.services import (
    retraction_approve,
    retraction_override,
    retraction_refuse,
    retractions_waiting,
)
from remediation.services.orders import Ordered, order_place
from remediation.services.response import ACTOR
from remediation.transitions import progress
from tenants.enums import Role, TenantState
from tenants.models import AuditEvent, Organization, Tenant
from tenants.scoping import unscoped
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk, make_member
from tests.integration.remediation.test_messages import plant

CLOSED = "Nobody waits for a decision any more"


@pytest.fixture
def ids(desk: Desk, raw_cloud: RawCloud, simulator: SimulatorControl) -> list[int]:
    """Findings in two mailboxes, one more than may be retracted without a second member."""
    found = [*plant(desk, raw_cloud, world.ALICE), *plant(desk, raw_cloud, world.BOB)]
    Organization.objects.update(approval_mails=len(found) - 1)
    simulator.clear_requests()
    return found


@pytest.fixture
def order(desk: Desk, ids: list[int]) -> WorkOrder:
    """The press, which waits."""
    pressed = desk.press(Step.RETRACT, finding_ids=ids)
    assert pressed.words == "A second member has to approve this. Nothing is done until then."
    assert pressed.order is not None
    return WorkOrder.objects.select_related("tenant").get(pk=pressed.order.pk)


def states(desk: Desk) -> set[str]:
    return {run.state for run in desk.runs()}


def step_of(desk: Desk, *, member=None) -> StepView:
    return panel_view(incident=desk.reload(), member=member or desk.analyst).steps[Step.RETRACT - 1]


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))


def test_nothing_is_done_until_a_second_member_approves(desk: Desk, order: WorkOrder, simulator: SimulatorControl):
    desk.work()
    assert (states(desk), order.state) == ({RunState.PLANNED}, OrderState.AWAITING_APPROVAL)
    assert simulator.requests()["roundTrips"] == 0
    guest = make_member(desk.organization, "guest@client.example", role=Role.EXTERNAL_GUEST)
    reader = make_member(desk.organization, "reader@lantern.example", is_read_only=True)
    for member, why in ((desk.analyst, "You asked for it yourself"), (guest, "role"), (reader, "role")):
        with pytest.raises(Refused, match=why):
            retraction_approve(asked=order, tenants=[desk.tenant], by=member)
    version = desk.reload().version
    retraction_approve(asked=order, tenants=[desk.tenant], by=desk.colleague)
    assert desk.reload().version > version
    with pytest.raises(Refused, match=CLOSED):
        retraction_approve(asked=order, tenants=[desk.tenant], by=desk.colleague)
    desk.work()
    assert states(desk) == {RunState.SUCCEEDED}
    order.refresh_from_db()
    assert (order.state, order.decided_by_name) == (OrderState.FINISHED, "Lena")
    row = AuditEvent.objects.get(verb="approve_retraction")
    assert (row.incident_id, row.object_id, row.actor_name) == (desk.incident.pk, str(order.pk), "Lena")
    assert row.summary == "Approved: Retract Phishing Emails, asked for by Ravi – Alice Example"


def test_so_many_as_the_threshold_need_nobody(desk: Desk, ids: list[int]):
    desk.press(Step.RETRACT, finding_ids=ids[1:])
    assert states(desk) == {RunState.QUEUED}


def test_who_presses_again_is_told_that_it_waits(desk: Desk, order: WorkOrder, ids: list[int]):
    again = desk.press(Step.RETRACT, finding_ids=ids[:1], by=desk.colleague)
    assert again.words.startswith("Ravi asked for this already: it waits for the approval of a second member.")
    assert WorkOrder.objects.count() == 1


def test_the_panel_tells_it_and_offers_what_each_may_do(desk: Desk, order: WorkOrder):
    own, other = step_of(desk), step_of(desk, member=desk.colleague)
    assert (own.state, own.words) == ("awaiting", "Waits for the approval of a second member")
    assert own.approval is not None
    assert other.approval is not None
    assert (own.approval.mail_count, own.approval.mailbox_count) == (len(desk.runs()), 2)
    assert (own.approval.is_own, own.approval.why_no_decision[:26]) == (True, "You asked for it yourself:")
    assert (other.approval.is_own, other.approval.why_no_decision) == (False, "")
    assert own.selectable_count == 0


def test_it_is_told_to_those_who_can_decide(desk: Desk, order: WorkOrder):
    (waiting,) = retractions_waiting(member=desk.colleague, tenants=[desk.tenant])
    assert waiting.words == "A retraction waits for your approval: Alice Example, asked for by Ravi"
    assert waiting.url == reverse("incidents:detail", args=["tiny", desk.incident.pk]) + "#step-2"
    assert retractions_waiting(member=desk.analyst, tenants=[desk.tenant]) == []
    assert retractions_waiting(member=desk.colleague, tenants=[]) == []


def test_refused_it_can_be_asked_for_again(desk: Desk, order: WorkOrder, ids: list[int]):
    retraction_refuse(asked=order, tenants=[desk.tenant], reason="A newsletter", by=desk.colleague)
    desk.work()
    assert states(desk) == {RunState.CANCELED}
    step = step_of(desk)
    assert (step.state, step.approval, step.total_count) == ("todo", None, 0)
    assert step.selectable_count == len(ids)
    assert {item.run.message for group in step.groups for item in group.suspicious if item.run} == {"Refused by Lena."}
    assert AuditEvent.objects.get(verb="refuse_retraction").reason == "A newsletter"
    desk.press(Step.RETRACT, finding_ids=ids[1:])
    desk.work()
    assert step_of(desk).done_count == len(ids) - 1
    Finding.objects.filter(pk=ids[0]).update(verdict=Verdict.LEGITIMATE)
    Scan.objects.create(
        tenant=desk.tenant,
        incident=desk.incident,
        step=Step.RETRACT,
        state=ScanState.COMPLETE,
        requested_by_name="Ravi",
        finished_at=timezone.now(),
    )
    progress({desk.incident.pk})
    assert desk.reload().has_done(Step.RETRACT)


def test_who_asked_withdraws_it(desk: Desk, order: WorkOrder):
    retraction_refuse(asked=order, tenants=[desk.tenant], reason="", by=desk.analyst)
    order.refresh_from_db()
    assert (order.state, "withdraw_retraction" in verbs()) == (OrderState.CANCELED, True)


def test_in_an_emergency_the_one_who_asked_goes_on_and_it_is_loud(desk: Desk, order: WorkOrder):
    with pytest.raises(Refused, match="Only who asked for it"):
        retraction_override(order=order, reason="They are clicking", by=desk.colleague)
    with pytest.raises(Refused, match="Give a reason"):
        retraction_override(order=order, reason=" ", by=desk.analyst)
    retraction_override(order=order, reason=" They are clicking ", by=desk.analyst)
    desk.work()
    assert states(desk) == {RunState.SUCCEEDED}
    with unscoped(reason="a test looks at the chain of the organization, too"):
        rows = AuditEvent.objects.filter(verb="retract_without_approval").order_by("pk")
        told = [(row.tenant_id, row.summary, row.reason) for row in rows]
    loud = "EMERGENCY, without the approval that it needs: "
    assert told == [
        (desk.tenant.pk, f"{loud}Retract Phishing Emails – Alice Example", "They are clicking"),
        (None, f"{loud}step 2 of incident {desk.incident.pk} was begun", ""),
    ]


def test_nobody_decides_in_time(desk: Desk, order: WorkOrder):
    later = timezone.now() + timedelta(hours=24)
    sweeper.resume_stalled(now=later - timedelta(minutes=1))
    assert states(desk) == {RunState.PLANNED}
    sweeper.resume_stalled(now=later)
    order.refresh_from_db()
    assert (order.state, states(desk), verbs()[-1]) == (OrderState.EXPIRED, {RunState.CANCELED}, "expire_retraction")


def test_what_could_not_be_done_now_is_not_approved(desk: Desk, order: WorkOrder):
    Tenant.objects.update(state=TenantState.PAUSED)
    with pytest.raises(Refused, match="is paused"):
        retraction_approve(asked=order, tenants=[desk.tenant], by=desk.colleague)
    Tenant.objects.update(state=TenantState.CONNECTED)
    Incident.objects.update(state=IncidentState.DISMISSED)
    with pytest.raises(Refused, match="was dismissed"):
        retraction_approve(asked=order, tenants=[desk.tenant], by=desk.colleague)
    assert (states(desk), "approve_retraction" in verbs()) == ({RunState.PLANNED}, False)


def test_what_petra_response_may_not_do_alone_waits_for_anybody(desk: Desk, ids: list[int]):
    drafts = drafts_for(desk.incident, Step.RETRACT, list(Finding.objects.filter(pk__in=ids)))
    order = order_place(desk.reload(), Ordered(step=Step.RETRACT, key="response-1", drafts=drafts, by=ACTOR))
    assert (states(desk), len(retractions_waiting(member=desk.analyst, tenants=[desk.tenant]))) == ({"planned"}, 1)
    retraction_approve(asked=order, tenants=[desk.tenant], by=desk.analyst)
    assert states(desk) == {RunState.QUEUED}
