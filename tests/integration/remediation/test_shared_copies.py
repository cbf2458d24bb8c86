"""A copy that a campaign takes out and that an incident of its tenant lists: told there, done once, and put back once."""

import pytest

from graph.simulator.world import story
from incidents.extensions import phish_changed, remediation
from incidents.models import Incident, PhishTag
from remediation.contexts.campaigns import campaign_view
from remediation.enums import RunState, Step
from remediation.models import ActionRun, Campaign, Finding
from remediation.policies import Refused
from remediation.services import Chosen, Confirmed, Press, retraction_begin, retraction_plan, runs_undo, step_press
from tenants.enums import ApprovalRule
from tenants.models import Organization
from tenants.scoping import tenant_scope
from tests.integration.remediation.desk import make_account, make_incident
from tests.integration.remediation.towns import Towns

KEY = "c" * 32


@pytest.fixture
def incident(towns: Towns) -> Incident:
    """Another incident of the same phish, at Harrow's; both know its copies there."""
    Organization.objects.update(approval_rule=ApprovalRule.NEVER)
    towns.analyst.refresh_from_db()
    towns.tag()
    harrow = towns.tenants["harrow"]
    with tenant_scope([harrow.pk]):
        users = towns.control.objects(story.HARROW.tenant_id, "users")
        (edmund,) = [user for user in users if user["userPrincipalName"].startswith("edmund.")]
        account = make_account(harrow, edmund["id"], "Edmund", user_principal_name=edmund["mail"], mail=edmund["mail"])
        made = make_incident(harrow, account)
        PhishTag.objects.create(
            tenant=harrow,
            incident=made,
            internet_message_id=story.LURE.internet_message_id,
            subject=story.LURE.subject,
            sender_address=story.LURE.sender,
        )
        phish_changed(incident=made, by=None)
    towns.search()
    return made


@pytest.fixture
def campaign(incident: Incident) -> Campaign:
    """That of the first incident, at Acme's."""
    return Campaign.objects.exclude(incident=incident).get()


def sweep_harrow(towns: Towns, campaign: Campaign) -> None:
    chosen = Chosen(tenant_slugs=("harrow",))
    with towns.seen():
        plan = retraction_plan(campaign=campaign, chosen=chosen, tenants=towns.others, by=towns.analyst)
        confirmed = Confirmed(key=KEY, digest=plan.digest)
        retraction_begin(campaign=campaign, chosen=chosen, confirmed=confirmed, tenants=towns.others, by=towns.analyst)


def press(towns: Towns, incident: Incident) -> str:
    return step_press(
        incident=incident, step=Step.RETRACT, press=Press(key=KEY, all_suspicious=True), by=towns.analyst
    ).words


def test_what_a_campaign_took_out_is_told_where_it_is_listed_and_nowhere_else(
    towns: Towns, incident: Incident, campaign: Campaign
):
    sweep_harrow(towns, campaign)
    towns.work()
    with tenant_scope([incident.tenant_id]):
        incident.refresh_from_db()
        assert incident.has_done(Step.RETRACT)
        told = [one.words for one in remediation().actions_of([incident.pk])]
        assert told == [
            f"Moved to Deleted Items – {one.title}" for one in ActionRun.objects.order_by("finished_at", "pk")
        ]
        assert len(told) == 4
        assert press(towns, incident) == "Nothing was left to do."
    with tenant_scope([towns.incident.tenant_id]):
        assert remediation().actions_of([towns.incident.pk]) == [], "each tenant's part in that tenant's incident"


def test_it_is_put_back_from_the_incident_once(towns: Towns, incident: Incident, campaign: Campaign):
    sweep_harrow(towns, campaign)
    towns.work()
    with tenant_scope([incident.tenant_id]):
        run = ActionRun.objects.get(target__mailbox__startswith="joao")
        assert runs_undo(incident=incident, run_ids=[run.pk], by=towns.analyst) == 1
        assert runs_undo(incident=incident, run_ids=[run.pk], by=towns.analyst) == 0
    towns.work()
    assert towns.folders("harrow")["joao.teixeira"] == "archive"
    with tenant_scope([incident.tenant_id]):
        incident.refresh_from_db()
        assert not incident.has_done(Step.RETRACT), "it lies in a folder that people read"


def test_while_one_is_at_it_the_other_leaves_it_alone(towns: Towns, incident: Incident, campaign: Campaign):
    sweep_harrow(towns, campaign)
    with tenant_scope([incident.tenant_id]):
        assert "pressed this a moment ago: it is running" in press(towns, incident)
        assert ActionRun.objects.count() == 4
    towns.work()
    assert set(towns.folders("harrow").values()) == {"deleteditems"}


def test_while_the_incident_is_at_it_the_campaign_leaves_it_alone(towns: Towns, incident: Incident, campaign: Campaign):
    with tenant_scope([incident.tenant_id]):
        press(towns, incident)
    with pytest.raises(Refused, match="Nothing is left to do"):
        sweep_harrow(towns, campaign)
    towns.work()
    with tenant_scope([incident.tenant_id]):
        assert set(ActionRun.objects.values_list("incident_id", "state")) == {(incident.pk, RunState.SUCCEEDED)}


def test_a_plan_that_waits_for_approval_keeps_nobody_from_acting(towns: Towns, incident: Incident, campaign: Campaign):
    Organization.objects.update(approval_rule=ApprovalRule.ALWAYS)
    towns.analyst.refresh_from_db()
    sweep_harrow(towns, campaign)
    Organization.objects.update(approval_rule=ApprovalRule.NEVER)
    with tenant_scope([incident.tenant_id]):
        assert press(towns, incident) == ""
        assert Finding.objects.filter(incident=incident, step=Step.RETRACT).count() == 4
    towns.work()
    assert set(towns.folders("harrow").values()) == {"deleteditems"}


def test_the_incidents_about_one_phish_are_told_to_those_who_may_see_them(
    towns: Towns, incident: Incident, campaign: Campaign
):
    unrelated = make_incident_of(towns, "bluewater")
    every = [*towns.tenants.values()]
    without_harrow = [tenant for tenant in every if tenant.slug != "harrow"]
    for tenants, told in (
        (every, [incident, towns.incident]),
        (without_harrow, [towns.incident]),
        (towns.others, [incident]),
    ):
        with towns.seen(tenants):
            view = campaign_view(campaign=campaign, tenants=tenants, member=towns.analyst)
        assert view.incidents == told
        assert unrelated not in view.incidents


def make_incident_of(towns: Towns, name: str) -> Incident:
    tenant = towns.tenants[name]
    with tenant_scope([tenant.pk]):
        return make_incident(tenant, make_account(tenant, f"object-{name}", "Somebody"))
