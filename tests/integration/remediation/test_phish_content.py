"""What stands in a tagged mail is read once, and its copies are known by it in every tenant."""

from typing import Any

import pytest

from graph.simulator.world import story
from incidents.enums import IncidentState
from incidents.models import Incident, PhishTag
from incidents.phish.matching import SAME_LINK, PhishContent
from incidents.services import phish_read, phish_unmark
from remediation.actions.finders.copies import LOOK_FIRST
from remediation.actions.finders.tagged import TAGGED
from remediation.contexts import StepView, panel_view
from remediation.contexts.campaigns import campaign_views
from remediation.enums import ScanState, Step, Verdict
from remediation.models import Campaign, Finding, Scan
from remediation.selectors import campaign_copy_counts, findings_open, incident_get
from remediation.services import Press, campaign_search, finding_judge, open_counts, scans_begin, step_press
from tenants.models import Connection
from tenants.scoping import tenant_scope, unscoped
from tests.factories import world
from tests.integration.remediation.towns import Towns, expected

OTHER_SENDER = "billing@another.example"


def deliver(towns: Towns, name: str, mailbox: str) -> None:
    """The lure's link under the lure's subject, from another sender."""
    with tenant_scope([towns.tenants[name].pk]):
        tenant_id = str(Connection.objects.get().microsoft_tenant_id)
    (user,) = [
        user for user in towns.control.objects(tenant_id, "users") if (user["mail"] or "").partition("@")[0] == mailbox
    ]
    folders = towns.control.objects(tenant_id, "mailFolders", user["id"])
    (lure,) = [
        mail
        for mail in towns.control.objects(tenant_id, "messages", user["id"])
        if mail["internetMessageId"] == story.LURE.internet_message_id
    ]
    changed = {
        "internetMessageId": "<1@another.example>",
        "from": {"emailAddress": {"name": "Billing", "address": OTHER_SENDER}},
        "parentFolderId": next(folder["id"] for folder in folders if folder.get("wellKnownName") == "inbox"),
        "receivedDateTime": lure["receivedDateTime"],
        "subject": story.LURE.subject,
        "body": {"contentType": "html", "content": f'<a href="{story.LURE.link}?to={mailbox}">Review</a>'},
    }
    towns.control.plant(tenant_id, "messages", world.message(user["id"], 7000, **changed), owner=user["id"])
    trace = {
        "id": "7ace0000-0000-4000-8000-000000007000", "senderAddress": OTHER_SENDER, "recipientAddress": user["mail"],
        "messageId": "<1@another.example>", "receivedDateTime": lure["receivedDateTime"],
        "subject": story.LURE.subject, "status": "delivered",
    }  # fmt: skip
    towns.control.plant(tenant_id, "messageTraces", trace)


def tag_of(towns: Towns) -> PhishTag:
    with tenant_scope([towns.incident.tenant_id]):
        return PhishTag.objects.get()


def retract_scan(towns: Towns) -> Scan:
    with tenant_scope([towns.incident.tenant_id]):
        return Scan.objects.filter(incident=towns.incident, step=Step.RETRACT).latest("pk")


def step_two(towns: Towns) -> StepView:
    return panel_view(incident=incident_get(towns.incident.pk), member=towns.analyst).steps[Step.RETRACT - 1]


def search_incident(towns: Towns) -> None:
    """What a member's Look again does."""
    with tenant_scope([towns.incident.tenant_id]):
        scans_begin(incident=towns.incident, by=None)
    towns.search("acme")


def test_its_link_is_read_in_the_victims_mailbox_and_told_to_every_tenant(towns: Towns):
    deliver(towns, "northgate", "dispatch")
    towns.tag()
    towns.search("acme")
    tag = tag_of(towns)
    assert (tag.links, tag.attachment_hashes) == ([story.LURE.link], [])
    assert tag.content_read_at is not None
    assert TAGGED not in {row["source"] for row in retract_scan(towns).coverage}
    (campaign,) = Campaign.objects.all()
    assert campaign.mails[0]["links"] == [story.LURE.link]
    towns.search()
    wanted = expected()
    assert towns.found(campaign) == wanted | {"northgate": sorted([*wanted["northgate"], "dispatch"])}
    with unscoped(reason="a test looks into all tenants"):
        (finding,) = Finding.objects.filter(campaign=campaign, reasons=[SAME_LINK, LOOK_FIRST.format(OTHER_SENDER)])
    assert dict(finding.facts)["From"] == OTHER_SENDER
    assert (finding.is_suspicious, finding.is_meant_by_all, finding.is_undecided) == (True, False, True)


def test_tenants_searched_before_it_was_known_are_searched_again_once(towns: Towns):
    towns.tag()
    names = [name for name in towns.tenants if name != "acme"]
    towns.search(*names)  # before the tenant in which it was tagged
    deliver(towns, "northgate", "dispatch")
    towns.search("acme")
    (campaign,) = Campaign.objects.all()
    assert set(towns.states(campaign).values()) == {ScanState.QUEUED}
    towns.search()
    assert "dispatch" in towns.found(campaign)["northgate"]
    search_incident(towns)
    assert set(towns.states(campaign).values()) == {ScanState.COMPLETE}, "nothing new is known, so nobody is asked"


def test_a_mail_that_cannot_be_found_is_told_and_tried_again(towns: Towns):
    towns.tag(story.REMITTANCE)  # sent by the attacker: not what this test is about
    with tenant_scope([towns.incident.tenant_id]):
        PhishTag.objects.update(internet_message_id="<gone@elsewhere.example>")
    search_incident(towns)
    (row,) = [row for row in retract_scan(towns).coverage if row["source"] == TAGGED]
    assert row["is_checked"]
    assert row["note"].startswith("1 mail tagged as the phish not found in the victim's mailbox any more,")
    with tenant_scope([towns.incident.tenant_id]):
        PhishTag.objects.update(internet_message_id=story.LURE.internet_message_id)
    search_incident(towns)
    assert tag_of(towns).links == [story.LURE.link]


@pytest.mark.parametrize("state", [IncidentState.REMEDIATED, IncidentState.DISMISSED])
def test_an_incident_that_is_over_searches_no_other_tenant(towns: Towns, state: IncidentState):
    towns.tag()
    towns.search(*(name for name in towns.tenants if name != "acme"))
    with tenant_scope([towns.incident.tenant_id]):
        Incident.objects.update(state=state)
    towns.search("acme")
    assert tag_of(towns).links == [story.LURE.link]
    assert set(towns.states(Campaign.objects.get()).values()) == {ScanState.COMPLETE}


def content(**read: Any) -> dict[str, PhishContent]:
    return {story.LURE.internet_message_id: PhishContent(**{"links": [], "attachment_hashes": []} | read)}


def test_what_was_read_to_its_end_stays(towns: Towns):
    towns.tag()
    with tenant_scope([towns.incident.tenant_id]):
        phish_read(
            incident=towns.incident, contents=content(links=["https://a.example/x"], is_whole=False, note="More.")
        )
        assert (tag_of(towns).content_read_at, tag_of(towns).content_note) == (None, "More.")
        phish_read(incident=towns.incident, contents=content(links=["https://b.example/y"]))
        phish_read(incident=towns.incident, contents=content(links=["https://c.example/z"]))
    assert (tag_of(towns).links, tag_of(towns).content_note) == (["https://b.example/y"], "")
    assert tag_of(towns).content_read_at is not None


def test_a_tag_of_another_incident_is_left_alone(towns: Towns):
    towns.tag()
    with tenant_scope([towns.tenants["harrow"].pk]):
        phish_read(incident=towns.incident, contents=content(links=["https://a.example/x"]))
    assert tag_of(towns).links == []


def test_a_worker_that_died_before_it_told_the_tenants_is_made_good_by_the_next_search(towns: Towns):
    towns.tag()
    towns.search(*(name for name in towns.tenants if name != "acme"))
    with tenant_scope([towns.incident.tenant_id]):
        phish_read(incident=towns.incident, contents=content(links=[story.LURE.link]))
    towns.search("acme")
    campaign = Campaign.objects.get()
    assert campaign.mails[0]["links"] == [story.LURE.link]
    assert set(towns.states(campaign).values()) == {ScanState.QUEUED}


def test_what_was_found_by_its_link_is_not_told_as_gone_by_a_search_that_opened_less(towns: Towns):
    deliver(towns, "northgate", "dispatch")
    towns.tag()
    towns.search("acme")
    towns.search()
    campaign, northgate = Campaign.objects.get(), towns.tenants["northgate"]
    before = towns.found(campaign)["northgate"]
    towns.trace_from("northgate", "nowhere")
    towns.block("northgate", "dispatch")
    with tenant_scope([northgate.pk]):
        campaign_search(campaign=campaign, tenants=[northgate], by=towns.analyst)
    towns.search("northgate")
    assert towns.found(campaign)["northgate"] == before


def test_a_copy_by_its_link_is_left_to_a_person(towns: Towns):
    deliver(towns, "acme", "renee.castellane")
    towns.tag()
    towns.search("acme")
    incident = towns.incident
    with tenant_scope([incident.tenant_id]):
        view = step_two(towns)
        (finding,) = Finding.objects.filter(incident=incident, step=Step.RETRACT, is_uncertain=True)
        assert finding.pk not in set(findings_open(incident.pk).values_list("pk", flat=True))
        assert open_counts(incident)[Step.RETRACT] == view.open_count + 1
        assert view.words == f"{view.open_count} suspicious, 1 to look at first"
        press = Press(key="1" * 32, all_suspicious=True)
        step_press(incident=incident_get(incident.pk), step=Step.RETRACT, press=press, by=towns.analyst)
    towns.work("acme")
    with tenant_scope([incident.tenant_id]):
        view = step_two(towns)
        assert (view.state, view.words) == ("partly", f"{view.done_count} done, 1 to look at first")
        assert not Incident.objects.get(pk=incident.pk).has_done(Step.RETRACT)
        finding_judge(incident=incident, finding=finding, verdict=Verdict.LEGITIMATE, by=towns.analyst)
        view = step_two(towns)
        assert view.state == "done"


def test_what_was_known_by_a_mail_that_is_no_phish_any_more_is_told_as_gone(towns: Towns):
    deliver(towns, "northgate", "dispatch")
    deliver(towns, "acme", "renee.castellane")
    towns.tag()
    towns.search("acme")
    towns.search()
    with unscoped(reason="a test looks into all tenants"):
        uncertain = Finding.objects.filter(is_uncertain=True)
        assert [finding.gone_at for finding in uncertain] == [None] * 3  # in steps 2 and 3, and at Northgate
    with tenant_scope([towns.incident.tenant_id]):
        phish_unmark(incident=towns.incident, internet_message_id=story.LURE.internet_message_id, by=towns.analyst)
    with unscoped(reason="a test looks into all tenants"):
        assert all(finding.gone_at for finding in uncertain.all())


def test_a_campaign_counts_apart_what_is_to_be_looked_at(towns: Towns):
    deliver(towns, "northgate", "dispatch")
    towns.tag()
    towns.search("acme")
    towns.search()
    northgate, campaign = towns.tenants["northgate"], Campaign.objects.get()
    with towns.seen():
        count = campaign_copy_counts([campaign.pk])[campaign.pk, northgate.pk]
        (view,) = campaign_views(campaigns=[campaign], tenants=[northgate], member=towns.analyst)
    sure = len(expected()["northgate"])
    assert (count.copies, count.harmful, count.unsure) == (sure + 1, sure, 1)
    assert view.parts[0].words == f"{sure} mails in {sure} mailboxes, 1 to look at first"
    assert (view.harmful_count, view.unsure_count) == (sure, 1)
