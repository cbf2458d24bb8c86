"""What stands in a tagged mail is read once, and its copies are known by it in every tenant."""

from typing import Any

import pytest

from graph.simulator.world import story
from incidents.enums import IncidentState
from incidents.models import Incident, PhishTag
from incidents.phish.matching import SAME_LINK, PhishContent
from incidents.services import phish_read
from remediation.actions.finders.tagged import TAGGED
from remediation.enums import ScanState, Step
from remediation.models import Campaign, Finding, Scan
from remediation.services import scans_begin
from tenants.models import Connection, Tenant
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
        (finding,) = Finding.objects.filter(campaign=campaign, reasons=[SAME_LINK])
    assert dict(finding.facts)["From"] == OTHER_SENDER


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
    assert row["note"].startswith("1 mail tagged as the phish not found in the victim's mailbox any more.")
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


def contents(**read: Any) -> dict[str, PhishContent]:
    return {story.LURE.internet_message_id: PhishContent(**{"links": [], "attachment_hashes": []} | read)}


def test_what_was_read_stays(towns: Towns):
    towns.tag()
    with tenant_scope([towns.incident.tenant_id]):
        assert phish_read(incident=towns.incident, contents=contents(links=["https://a.example/x"]))
        assert not phish_read(incident=towns.incident, contents=contents(links=["https://b.example/y"]))
    assert tag_of(towns).links == ["https://a.example/x"]


def test_a_mail_in_which_nothing_tells_is_read_all_the_same(towns: Towns):
    towns.tag()
    with tenant_scope([towns.incident.tenant_id]):
        assert not phish_read(incident=towns.incident, contents=contents())
    assert tag_of(towns).content_read_at is not None


def test_a_tag_of_another_incident_is_left_alone(towns: Towns):
    towns.tag()
    stranger: Tenant = towns.tenants["harrow"]
    with tenant_scope([stranger.pk]):
        assert not phish_read(incident=towns.incident, contents=contents(links=["https://a.example/x"]))
    assert tag_of(towns).links == []
