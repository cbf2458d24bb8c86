"""Phish sweep and Cross-Tenant Phish on the screen: who sees which part, and what a press begins."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from incidents.models import PhishTag
from remediation.enums import ScanState, Step
from remediation.models import Campaign, Finding, Scan
from tenants.enums import Role, TenantState
from tenants.models import Tenant
from tenants.scoping import unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX, Console

HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'
MAIL = {"internet_message_id": "<1@evil.example>", "subject": HOSTILE, "sender_address": "a@evil.example"}


@pytest.fixture(autouse=True)
def rung(monkeypatch) -> list[tuple[object, ...]]:
    """Which bells were rung; nobody answers."""
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr("remediation.doorbell._send", lambda *arguments: heard.append(arguments))
    return heard


@pytest.fixture
def campaign(console: Console) -> Campaign:
    """The phish of our incident."""
    return make(console, tenant=console.tenant, incident=console.incident)


def make(console: Console, **more: object) -> Campaign:
    values = {"mails": [MAIL], "since": timezone.now() - timedelta(days=9), "created_by_name": "Petra"} | more
    with unscoped(reason="a test makes rows"):
        return Campaign.objects.create(organization=console.organization, **values)


def searched(campaign: Campaign, tenant: Tenant, state: ScanState = ScanState.COMPLETE, *, note: str = "") -> Scan:
    values = {"finished_at": timezone.now()} if state in (ScanState.COMPLETE, ScanState.FAILED) else {}
    coverage = [{"source": "Mailboxes", "kind": "phish_copy", "is_checked": not note, "rows": 1, "note": note}]
    with unscoped(reason="a test makes rows"):
        return Scan.objects.create(
            campaign=campaign, tenant=tenant, step=Step.RETRACT, state=state, coverage=coverage, **values
        )


def found(campaign: Campaign, tenant: Tenant, mailbox: str, **facts: str) -> Finding:
    told = {"Mailbox": mailbox, "From": MAIL["sender_address"], "Folder": "Inbox", "Read": "Yes"} | facts
    with unscoped(reason="a test makes rows"):
        return Finding.objects.create(
            campaign=campaign,
            tenant=tenant,
            step=Step.RETRACT,
            kind="phish_copy",
            action_key="retract_message",
            target_key=mailbox,
            target={"mailbox": mailbox, "user_id": mailbox},
            title=HOSTILE,
            facts=list(told.items()),
            reasons=["Same internet message id"],
            is_suspicious="State" not in facts,
            seen_at=timezone.now(),
        )


def panel_url(console: Console, name: str = "cross_tenant") -> str:
    return reverse(f"remediation:{name}", args=[console.tenant.slug, console.incident.pk])


def words(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers or HTMX)
    assert answer.status_code == 200
    body = answer.content.decode()
    assert "<script>alert" not in body
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


# --- In the incident --------------------------------------------------------------------------------------------------
def test_the_panel_names_tenant_sender_subject_and_mailboxes(analyst, console, campaign):
    searched(campaign, console.neighbour)
    found(campaign, console.neighbour, "zoe@zenith.example")
    found(campaign, console.neighbour, "old@zenith.example", State="Already in Deleted Items")
    told = words(analyst, panel_url(console))
    assert "Zenith From a@evil.example Subject =HYPERLINK" in told
    assert "zoe@zenith.example Whole tenant Zenith (1) 1 mail in 1 mailbox" in told
    assert told.index("old@zenith.example") > told.index("Mails (2)"), "only where it does harm is it named above"
    assert "Secret Client" not in told
    assert words(analyst, panel_url(console), Accept="text/html").count("Cross-Tenant Phish") > 1, "a page without htmx"


@pytest.mark.parametrize(
    ("state", "note", "told"),
    [
        (ScanState.COMPLETE, "", "Zenith None found"),
        (ScanState.COMPLETE, "Two mailboxes were not read.", "Zenith Could not be searched"),
        (ScanState.FAILED, "The secret expired.", "Zenith Could not be searched"),
        (ScanState.RUNNING, "", "Zenith Searching"),
        (ScanState.QUEUED, "", "Zenith Waits to be searched"),
    ],
)
def test_how_far_the_search_came_is_told(analyst, console, campaign, state, note, told):
    searched(campaign, console.neighbour, state, note=note)
    page = words(analyst, panel_url(console))
    assert told in page
    assert note in page


def test_a_tenant_that_was_not_asked_says_why(analyst, console, campaign):
    Tenant.objects.filter(pk=console.neighbour.pk).update(state=TenantState.PAUSED)
    assert "Zenith Not searched: paused" in words(analyst, panel_url(console))


def test_it_asks_again_only_while_a_search_is_under_way(analyst, console, campaign):
    searched(campaign, console.neighbour)
    assert b"every 2s" not in analyst.get(panel_url(console), headers=HTMX).content
    searched(campaign, console.neighbour, ScanState.RUNNING)
    assert b"every 2s" in analyst.get(panel_url(console), headers=HTMX).content


def test_sensitive_tenants_do_not_exist_for_those_who_may_not_see_them(analyst, console, campaign):
    hidden = rows.tenant(console.organization, "Hush", is_sensitive=True)
    searched(campaign, hidden)
    found(campaign, hidden, "boss@hush.example")
    for url in (panel_url(console), reverse("remediation:campaign", args=[campaign.pk]), reverse("remediation:sweeps")):
        assert "hush" not in words(analyst, url, Accept="text/html").lower()


def test_a_guest_sees_the_own_tenants_only(guest, console, campaign):
    searched(campaign, console.neighbour)
    assert guest.get(panel_url(console)).status_code == 404
    for name, args in (("sweeps", []), ("campaign", [campaign.pk])):
        assert guest.get(reverse(f"remediation:{name}", args=args)).status_code == 404


def test_searching_again_asks_the_tenants_that_one_may_see(analyst, console, campaign, rung):
    hidden = rows.tenant(console.organization, "Hush", is_sensitive=True)
    answer = analyst.post(panel_url(console, "cross_tenant_search"), {"tenant": console.tenant.slug}, headers=HTMX)
    assert answer.status_code == 200
    with unscoped(reason="a test looks into all tenants"):
        assert [scan.tenant_id for scan in Scan.objects.all()] == [console.neighbour.pk]
    assert hidden.pk not in [tenant_id for _task, tenant_id, *_ in rung]


def test_a_form_of_another_tenant_searches_nothing(analyst, console, campaign, rung):
    answer = analyst.post(panel_url(console, "cross_tenant_search"), {"tenant": console.neighbour.slug})
    assert (answer.status_code, rung) == (409, [])


# --- Sweeps -----------------------------------------------------------------------------------------------------------
def form(**more: object) -> dict[str, object]:
    since = f"{timezone.localdate() - timedelta(days=3):%Y-%m-%d}"
    return {"subject": "Invoice", "sender": "", "message_id": "", "since": since, "where": ["zenith"]} | more


def test_a_sweep_is_begun_and_its_page_shown(analyst, console):
    answer = analyst.post(reverse("remediation:sweep"), form())
    (campaign,) = Campaign.objects.all()
    assert (answer.status_code, answer["Location"]) == (303, reverse("remediation:campaign", args=[campaign.pk]))
    assert campaign.mails == [
        {"internet_message_id": "", "subject": "Invoice", "sender_address": "", "links": [], "attachment_hashes": []}
    ]
    assert "Zenith Waits to be searched" in words(analyst, answer["Location"])
    assert "Invoice Sweep" in words(analyst, reverse("remediation:sweeps"), Accept="text/html")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"subject": ""}, "Say what to look for: a subject, a sender, a message id, a link or an attachment hash."),
        ({"subject": "", "link": "javascript:alert(1)"}, "Give a link, as in https://mail.example/invoice, or a host."),
        ({"link": HOSTILE}, "Give a link, as in https://mail.example/invoice, or a host."),
        ({"subject": "", "attachment_hash": "ab" * 31}, "Give a SHA-256: 64 digits and letters from a to f."),
        ({"attachment_hash": "g" * 64}, "Give a SHA-256: 64 digits and letters from a to f."),
        ({"attachment_hash": "a" * 65}, "Give a SHA-256: 64 digits and letters from a to f."),
        ({"where": []}, "Choose at least one tenant."),
        ({"where": ["secret-client"]}, "Choose tenants from the list."),
        ({"where": ["nobodys"]}, "Choose tenants from the list."),
        ({"since": "2999-01-01"}, "This day has not come yet."),
        ({"since": "1999-01-01"}, "Choose a day of the last ten years."),
        ({"since": "soon"}, "Give a day, as in 2026-03-01."),
        ({"until": "soon"}, "Give a day, as in 2026-03-01."),
        ({"until": "9999-12-31"}, "This day has not come yet. Leave it empty to search up to now."),
        ({"until": "2020-01-01"}, "The last day comes before the first one."),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_begun(analyst, console, fields, told):
    answer = analyst.post(reverse("remediation:sweep"), form(**fields))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert Campaign.objects.count() == 0


def test_a_link_and_a_hash_are_kept_and_told_as_text(analyst, console):
    link = "hxxps://lure[.]example/a?<b>=1"
    answer = analyst.post(reverse("remediation:sweep"), form(subject="", link=link, attachment_hash=f" {'AB' * 32} "))
    (campaign,) = Campaign.objects.all()
    assert (campaign.mails[0]["links"], campaign.mails[0]["attachment_hashes"]) == ([link], ["ab" * 32])
    page = analyst.get(answer["Location"]).content.decode()
    assert "hxxps://lure[.]example/a?&lt;b&gt;=1" in page
    assert 'href="hxxps' not in page
    assert f"Attachment, SHA-256 {'ab' * 32}" in words(analyst, answer["Location"])


def test_both_days_are_searched_whole(analyst, console):
    today = timezone.localdate()
    answer = analyst.post(reverse("remediation:sweep"), form(since=f"{today:%Y-%m-%d}", until=f"{today:%Y-%m-%d}"))
    (campaign,) = Campaign.objects.all()
    assert timezone.localtime(campaign.since).isoformat()[:19] == f"{today}T00:00:00"
    assert campaign.until - campaign.since == timedelta(days=1)
    assert "and before" in words(analyst, answer["Location"])


def test_a_sweep_of_tenants_that_one_may_not_see_does_not_exist(analyst, console):
    hidden = rows.tenant(console.organization, "Hush", is_sensitive=True)
    campaign = make(console, is_sweep=True)
    searched(campaign, hidden)
    nobodys = analyst.get(reverse("remediation:campaign", args=[campaign.pk + 1]))
    answer = analyst.get(reverse("remediation:campaign", args=[campaign.pk]))
    assert (answer.status_code, answer.content) == (404, nobodys.content)
    assert analyst.post(reverse("remediation:campaign_search", args=[campaign.pk])).status_code == 404
    assert "No campaigns yet" in words(analyst, reverse("remediation:sweeps"), Accept="text/html")


def test_a_campaign_of_another_organization_does_not_exist(analyst, console):
    theirs = make(console, tenant=console.their_tenant, incident=console.their_incident)
    Campaign.objects.update(organization=console.their_tenant.organization)
    assert analyst.get(reverse("remediation:campaign", args=[theirs.pk])).status_code == 404


def test_three_tenants_take_as_many_queries_as_one(analyst, console, campaign, django_assert_max_num_queries):
    url = reverse("remediation:campaign", args=[campaign.pk])
    searched(campaign, console.neighbour)
    found(campaign, console.neighbour, "zoe@zenith.example")
    with django_assert_max_num_queries(12) as few:
        analyst.get(url)
    for number in range(3):
        tenant = rows.tenant(console.organization, f"More {number}")
        searched(campaign, tenant)
        found(campaign, tenant, f"{number}@more.example")
    with django_assert_max_num_queries(len(few)):
        analyst.get(url)


def test_a_link_to_the_form_fills_in_what_to_look_for(analyst: Client):
    page = analyst.get(reverse("remediation:sweeps"), {"link": HOSTILE, "attachment_hash": "ab" * 32}).content.decode()
    assert f'value="{escape(HOSTILE)}"' in page
    assert f'value="{"ab" * 32}"' in page
    assert "<script>alert" not in page


def tagged(console: Console) -> PhishTag:
    with unscoped(reason="a test makes rows"):
        return PhishTag.objects.create(
            tenant=console.tenant,
            incident=console.incident,
            internet_message_id="<1@evil.example>",
            links=[f"https://lure.example/{HOSTILE}?a=1&b=2"],
            attachment_hashes=["ab" * 32, "cd" * 32],
        )


def test_the_panel_says_what_copies_are_known_by_and_leads_to_a_sweep(console: Console, analyst: Client):
    (link,) = tagged(console).links
    page = analyst.get(reverse("remediation:panel", args=["acme-corp", console.incident.pk])).content.decode()
    assert "Known also by 1 link and 2 attachments" in page
    assert escape(link) in page
    assert f'href="/phish-sweep/?link={quote(link, safe="")}"' in page
    assert f'href="/phish-sweep/?attachment_hash={"cd" * 32}"' in page


def test_who_has_no_sweeps_is_led_to_none(console: Console, reader: Client, signed_in):
    tagged(console)
    guest = rows.member(console.organization, Role.EXTERNAL_GUEST)
    guest.tenants.add(console.tenant)
    for browser in (reader, signed_in(guest)):
        page = browser.get(reverse("remediation:panel", args=["acme-corp", console.incident.pk])).content.decode()
        assert "Known also by 1 link" in page
        assert "/phish-sweep/?" not in page
