"""A phish in all tenants: found by itself where it is tagged, and by a sweep; each tenant on its own."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from graph.simulator.world import story
from incidents.extensions import phish_changed
from incidents.models import PhishTag
from remediation.actions.finders.messages import NOT_TRACED
from remediation.actions.finders.traces import FROM_EXCHANGE, NEITHER
from remediation.enums import ScanState
from remediation.models import Campaign, Finding, Scan
from remediation.policies import Refused
from remediation.services import campaign_search
from tenants.enums import TenantState
from tenants.models import AuditEvent, Connection, Organization, Tenant
from tenants.scoping import tenant_scope, unscoped
from tests.integration.remediation.towns import Towns, expected


def test_a_tagged_phish_is_found_in_the_other_tenants_by_itself(towns: Towns):
    towns.tag()
    (campaign,) = Campaign.objects.all()
    assert campaign.incident_id == towns.incident.pk
    assert towns.states(campaign) == {name: ScanState.QUEUED for name in towns.tenants if name != "acme"}
    towns.search()
    assert set(towns.states(campaign).values()) == {ScanState.COMPLETE}
    assert towns.found(campaign) == expected()


def test_what_lies_in_deleted_items_is_told_and_not_meant_by_all(towns: Towns):
    towns.tag()
    towns.search()
    with unscoped(reason="a test looks into all tenants"):
        facts = [dict(one.facts) | {"meant": one.is_meant_by_all} for one in Finding.objects.filter(incident=None)]
    assert {fact["Matched because"] for fact in facts} <= {
        "Same internet message id",
        "Same sender, and same subject but for reply marks, numbers and the recipient's name",
    }
    assert {bool(fact.get("State")) != fact["meant"] for fact in facts} == {True}


def test_untagging_takes_it_back_everywhere(towns: Towns):
    towns.tag()
    towns.search()
    with tenant_scope([towns.incident.tenant_id]):
        PhishTag.objects.all().delete()
        phish_changed(incident=towns.incident, by=None)
    towns.search()
    (campaign,) = Campaign.objects.all()
    assert (campaign.mails, towns.found(campaign)) == ([], {})


def test_one_that_is_down_is_told_and_holds_nobody_up(towns: Towns):
    down = towns.tenants["harrow"]
    with tenant_scope([down.pk]):
        Connection.objects.update(client_secret="not this one any more")
    towns.tag()
    towns.search()
    (campaign,) = Campaign.objects.all()
    assert towns.states(campaign)["harrow"] == ScanState.FAILED
    assert towns.found(campaign) == {name: rows for name, rows in expected().items() if name != "harrow"}
    with tenant_scope([down.pk]):
        (row,) = Scan.objects.get(campaign=campaign).coverage
    assert "secret" in row["note"]


def test_paused_tenants_and_those_of_others_are_left_alone(towns: Towns):
    Tenant.objects.filter(slug="harrow").update(state=TenantState.PAUSED)
    stranger = Organization.objects.create(name="Strangers")
    Tenant.objects.filter(slug="northgate").update(organization=stranger)
    towns.tag()
    (campaign,) = Campaign.objects.all()
    assert towns.states(campaign) == {"bluewater": ScanState.QUEUED}


# --- A sweep ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sought", "reason"),
    [
        ({"internet_message_id": story.LURE.internet_message_id}, "Same internet message id"),
        ({"sender_address": story.LURE.sender.upper()}, "From this sender"),
        ({"subject": story.LURE.subject}, "Same subject but for reply marks, numbers and the recipient's name"),
    ],
    ids=["id", "sender", "subject"],
)
def test_a_sweep_finds_by_any_of_what_is_known(towns: Towns, sought: dict[str, str], reason: str):
    campaign = towns.sweep("bluewater", "northgate", **sought)
    towns.search()
    wanted = {name: expected()[name] for name in ("bluewater", "northgate")}
    if "sender_address" not in sought:  # the other ticket number has another id, and another subject for Microsoft
        wanted = {
            name: sorted(who for who, (phish, *_) in story.LURE_COPIES[name].items() if phish is story.LURE)
            for name in wanted
        }
    assert towns.found(campaign) == wanted
    with unscoped(reason="a test looks into all tenants"):
        assert {tuple(one.reasons) for one in Finding.objects.all()} == {(reason,)}


def test_a_sweep_is_told_in_each_tenants_trail(towns: Towns):
    towns.sweep("bluewater", "northgate", subject="=HYPERLINK(1)")
    with unscoped(reason="a test looks into all tenants"):
        told = AuditEvent.objects.filter(verb="search_phish").values_list("tenant_name", "actor_name", "summary")
        assert sorted(told) == [
            (towns.tenants[name].name, towns.analyst.display_name, "Phish sweep: looked for =HYPERLINK(1)")
            for name in ("bluewater", "northgate")
        ]


def test_a_sweep_needs_something_to_look_for_and_somewhere(towns: Towns):
    with pytest.raises(Refused, match="Say what to look for"):
        towns.sweep("bluewater")
    Tenant.objects.filter(slug="harrow").update(state=TenantState.PAUSED)
    towns.tenants["harrow"].refresh_from_db()
    with pytest.raises(Refused, match="None of these tenants can be searched"):
        towns.sweep("harrow", subject="Invoice")
    assert Campaign.objects.count() == 0


def test_searching_again_adds_what_is_new_and_asks_nobody_twice(towns: Towns):
    campaign = towns.sweep("bluewater", internet_message_id=story.LURE.internet_message_id)
    bluewater = towns.tenants["bluewater"]
    with tenant_scope([bluewater.pk]):
        assert campaign_search(campaign=campaign, tenants=[bluewater], by=towns.analyst) == 0, "one waits already"
        towns.search("bluewater")
        before = {one.pk: one.found_at for one in Finding.objects.all()}
        assert campaign_search(campaign=campaign, tenants=[bluewater], by=towns.analyst) == 1
        towns.search("bluewater")
        assert {one.pk: one.found_at for one in Finding.objects.all()} == before
        assert Scan.objects.count() == 2


@pytest.mark.parametrize("source", ["graph", "exchange", "mailboxes"])
def test_a_sweep_leaves_out_what_came_too_late(towns: Towns, source: str):
    towns.trace_from("harrow", source)
    received = towns.received("harrow")
    until = max(received.values())  # the last mail came at that very moment, and is not meant any more
    campaign = towns.sweep("harrow", until=until, sender_address=story.LURE.sender)
    towns.search("harrow")
    wanted = sorted(who for who, at in received.items() if at < until)
    assert 0 < len(wanted) < len(received)
    assert towns.found(campaign) == {"harrow": wanted}
    told = {"graph": "", "exchange": FROM_EXCHANGE, "mailboxes": NEITHER}[source]
    (row,) = towns.coverage(campaign, "harrow")
    assert (row["is_checked"], row["note"].startswith(told), bool(row["note"])) == (True, True, source != "graph")


def test_a_message_id_is_looked_for_whenever_it_came(towns: Towns):
    campaign = towns.sweep(
        "bluewater",
        until=min(towns.received("bluewater").values()),
        internet_message_id=story.LURE.internet_message_id,
    )
    towns.search("bluewater")
    assert towns.found(campaign) == {"bluewater": expected()["bluewater"]}


def test_the_last_day_of_a_sweep_is_told_in_the_trail(towns: Towns):
    until = timezone.now()
    towns.sweep("bluewater", until=until, subject="Invoice")
    with unscoped(reason="a test looks into all tenants"):
        (event,) = AuditEvent.objects.filter(verb="search_phish")
    assert event.after["until"] == until.isoformat()


def test_a_mailbox_that_could_not_be_read_is_told_by_its_address(towns: Towns):
    towns.trace_from("bluewater", "mailboxes")
    towns.block("bluewater", "reception")
    campaign = towns.sweep("bluewater", sender_address=story.LURE.sender)
    towns.search("bluewater")
    assert towns.found(campaign) == {"bluewater": ["orla.keane"]}
    (row,) = towns.coverage(campaign, "bluewater")
    assert not row["is_checked"]
    assert f"(reception@{story.BLUEWATER.domain}): An application access policy in Exchange" in row["note"]


# --- What stands within mails -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("narrowed", [{}, {"sender_address": story.LURE.sender}], ids=["alone", "with a sender"])
def test_a_sweep_finds_a_link_by_its_host(towns: Towns, narrowed: dict[str, str]):
    campaign = towns.sweep("bluewater", "northgate", links=("docusafe-sign.example",), **narrowed)
    towns.search()
    assert towns.found(campaign) == {name: expected()[name] for name in ("bluewater", "northgate")}
    with unscoped(reason="a test looks into all tenants"):
        assert {tuple(one.reasons) for one in Finding.objects.all()} == {("Same link",)}
    (row,) = towns.coverage(campaign, "bluewater")
    assert row["note"].startswith("" if narrowed else NOT_TRACED)
    assert row["is_checked"]


def test_a_link_tells_two_mails_of_one_campaign_apart(towns: Towns):
    campaign = towns.sweep("northgate", links=(story.LURE_SECOND.link,))
    towns.search()
    assert towns.found(campaign) == {"northgate": ["stefan.brueckner"]}
    assert str(campaign) == story.LURE_SECOND.link


def test_the_hash_of_an_attachment_is_looked_for_everywhere(towns: Towns):
    name, sought = towns.attached("bluewater")
    campaign = towns.sweep("bluewater", "northgate", attachment_hashes=(sought,))
    towns.search()
    assert name in towns.found(campaign)["bluewater"]
    with unscoped(reason="a test looks into all tenants"):
        assert {tuple(one.reasons) for one in Finding.objects.all()} == {("Same attachment",)}


def test_a_campaign_of_an_older_version_is_still_looked_for(towns: Towns):
    """Its mails had one link and one hash each, or none."""
    old = {
        "internet_message_id": "",
        "subject": "",
        "sender_address": "",
        "link": "lure.example",
        "attachment_sha256": "",
    }
    campaign = Campaign.objects.create(
        organization=towns.organization, mails=[old, {"subject": "x"}], since=timezone.now(), is_sweep=True
    )
    import_module("remediation.migrations.0008_campaign_content").spell(apps, connection.schema_editor())
    campaign.refresh_from_db()
    assert [(mail["links"], mail["attachment_hashes"]) for mail in campaign.mails] == [(["lure.example"], []), ([], [])]
    assert not {"link", "attachment_sha256"} & campaign.mails[0].keys()
