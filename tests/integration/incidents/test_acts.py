"""What can be pressed on an incident page."""

import pytest
from django.urls import reverse

from incidents.enums import IncidentState, TagOrigin, Workload
from incidents.models import Incident, Note, PhishTag
from tenants.models import AuditEvent
from tenants.scoping import unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX

ACTS = ("publish", "dismiss", "reopen", "assign", "note", "phish_mark", "phish_unmark")


@pytest.fixture(autouse=True)
def nobody_collects(monkeypatch):
    """Tasks run at once in tests, and no cloud is here."""
    rung = []
    monkeypatch.setattr("incidents.doorbell._send", lambda _task, *arguments: rung.append(arguments))
    monkeypatch.setattr("remediation.doorbell._send", lambda *arguments: rung.append(arguments))
    return rung


def url(act, incident, tenant=None):
    return reverse(f"incidents:{act}", args=[(tenant or incident.tenant).slug, incident.pk])


def press(client, act, incident, *, htmx=False, **fields):
    form = {"tenant": incident.tenant.slug} | fields
    return client.post(url(act, incident), form, headers=HTMX if htmx else {})


def reload(incident):
    with unscoped(reason="a test looks"):
        return Incident.objects.select_related("tenant", "account", "owner").get(pk=incident.pk)


def trail(incident):
    return list(AuditEvent.objects.filter(incident_id=incident.pk).order_by("pk").values_list("verb", "actor_name"))


def tags(incident):
    with unscoped(reason="a test looks"):
        return list(PhishTag.objects.filter(incident=incident))


# --- Every act --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("act", ACTS)
class TestEveryAct:
    def test_is_pressed_and_not_read(self, analyst, console, act):
        assert analyst.get(url(act, console.incident)).status_code == 405

    def test_sends_strangers_to_sign_in(self, client, console, act):
        assert press(client, act, console.incident).url == f"/sign-in/?next={url(act, console.incident)}"

    def test_is_refused_to_readers(self, reader, console, act):
        before = reload(console.incident).version
        assert press(reader, act, console.incident).status_code == 403
        assert (reload(console.incident).version, trail(console.incident)) == (before, [])

    def test_knows_no_foreign_incident(self, analyst, console, act):
        theirs = console.their_incident
        assert press(analyst, act, theirs).status_code == 404
        foreign = analyst.post(url(act, theirs, console.tenant), {"tenant": console.tenant.slug})
        nobody = analyst.post(
            reverse(f"incidents:{act}", args=[console.tenant.slug, 10**9]), {"tenant": console.tenant.slug}
        )
        assert (foreign.status_code, foreign.content) == (404, nobody.content)
        assert trail(theirs) == []

    def test_does_nothing_with_a_form_of_another_tenant(self, analyst, console, act):
        before = reload(console.incident).version
        for form in ({"tenant": console.neighbour.slug}, {}):
            answer = analyst.post(url(act, console.incident), form)
            assert answer.status_code == 409
            assert b"This form was made for another tenant. Nothing was done." in answer.content
        assert (reload(console.incident).version, trail(console.incident)) == (before, [])

    def test_tells_htmx_of_a_form_of_another_tenant_among_the_flashes(self, analyst, console, act):
        answer = analyst.post(url(act, console.incident), {"tenant": console.neighbour.slug}, headers=HTMX)
        assert (answer.status_code, answer["HX-Retarget"]) == (409, "#flashes")
        assert b"<html" not in answer.content


# --- State ------------------------------------------------------------------------------------------------------------
def test_publish(analyst, console, nobody_collects, django_capture_on_commit_callbacks):
    incident = rows.incident(console.tenant, state=IncidentState.UNPUBLISHED)
    with django_capture_on_commit_callbacks(execute=True):
        answer = press(analyst, "publish", incident)
    assert (answer.status_code, answer.url) == (
        303,
        reverse("incidents:detail", args=["acme-corp", incident.pk]) + "#header",
    )
    seen = reload(incident)
    assert (seen.state, seen.version > incident.version) == (IncidentState.ACTIVE, True)
    assert ("publish_incident", "Ravi Okonkwo") in trail(incident)
    assert (incident.pk, 0) in nobody_collects


def test_publish_for_htmx_gives_the_header(analyst, console):
    incident = rows.incident(console.tenant, state=IncidentState.UNPUBLISHED)
    answer = press(analyst, "publish", incident, htmx=True)
    assert answer.status_code == 200
    assert answer.context["header"].badge.text == "Active"
    assert b"<html" not in answer.content


@pytest.mark.parametrize("state", [IncidentState.ACTIVE, IncidentState.REMEDIATED, IncidentState.DISMISSED])
@pytest.mark.parametrize("htmx", [True, False])
def test_publish_is_refused_in_words(analyst, console, state, htmx):
    incident = rows.incident(console.tenant, state=state)
    answer = press(analyst, "publish", incident, htmx=htmx)
    assert answer.status_code == 409
    assert f"This incident is {state} already. Nothing was changed." in answer.content.decode()
    assert (b"<html" in answer.content) is not htmx
    assert (reload(incident).state, trail(incident)) == (state, [])


def test_dismiss_with_its_reason(analyst, console):
    press(analyst, "dismiss", console.incident, reason="A penetration test")
    seen = reload(console.incident)
    assert (seen.state, seen.close_reason, seen.closed_by_name) == ("dismissed", "A penetration test", "Ravi Okonkwo")


@pytest.mark.parametrize("htmx", [True, False])
def test_dismiss_needs_a_reason(analyst, console, htmx):
    answer = press(analyst, "dismiss", console.incident, reason="  ", htmx=htmx)
    assert answer.status_code == 422
    assert b"Say why this is a false alarm" in answer.content
    assert (b"<html" in answer.content) is not htmx
    assert reload(console.incident).state == IncidentState.ACTIVE


def test_reopen(analyst, console):
    incident = rows.incident(console.tenant, state=IncidentState.REMEDIATED, steps_done=0b111111)
    press(analyst, "reopen", incident)
    seen = reload(incident)
    assert (seen.state, seen.steps_done, seen.closed_at) == (IncidentState.ACTIVE, 0b011111, None)


def test_an_unpublished_incident_is_not_reopened(analyst, console):
    incident = rows.incident(console.tenant, state=IncidentState.UNPUBLISHED)
    assert press(analyst, "reopen", incident).status_code == 409


# --- Owner and notes --------------------------------------------------------------------------------------------------
def test_assign_and_take_away(analyst, console):
    press(analyst, "assign", console.incident, owner=console.analyst.pk)
    assert reload(console.incident).owner == console.analyst
    press(analyst, "assign", console.incident, owner="")
    assert reload(console.incident).owner is None
    assert trail(console.incident) == [("assign_incident", "Ravi Okonkwo")] * 2


def test_nobody_owns_what_they_cannot_see_or_act_on(analyst, console):
    stranger = rows.member(console.their_tenant.organization)
    looking = rows.member(console.organization, is_read_only=True)
    guest = rows.member(console.organization, "external_guest")
    for member in (stranger, looking, guest):
        answer = press(analyst, "assign", console.incident, owner=member.pk, htmx=True)
        assert answer.status_code == 422
        assert b"This person cannot own incidents of this tenant" in answer.content
    assert reload(console.incident).owner is None


@pytest.mark.parametrize("htmx", [True, False])
def test_a_note(analyst, console, htmx):
    answer = press(analyst, "note", console.incident, text="Called Renée. <b>Phone</b> is off.", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    with unscoped(reason="a test looks"):
        note = Note.objects.get(incident=console.incident)
    assert (note.author_name, note.text) == ("Ravi Okonkwo", "Called Renée. <b>Phone</b> is off.")
    if htmx:
        assert b"&lt;b&gt;Phone" in answer.content


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001])
def test_a_note_that_is_none(analyst, console, text):
    assert press(analyst, "note", console.incident, text=text).status_code == 422
    assert trail(console.incident) == []


# --- Mark as Phish ----------------------------------------------------------------------------------------------------
@pytest.fixture
def lure(console):
    letter = rows.message("<lure@bad>", subject="Sign here", sender="a@bad.example", received="2026-03-01T09:00:00Z")
    return rows.mail_record(console.incident, letter)


def test_mark_twice_and_unmark(analyst, console, lure):
    for _ in range(2):
        answer = press(analyst, "phish_mark", console.incident, record=lure.pk, tab="exchange", who="attacker")
    logs = reverse("incidents:logs", args=["acme-corp", console.incident.pk])
    assert (answer.status_code, answer.url) == (303, f"{logs}?tab=exchange&who=attacker#logs")
    (tag,) = tags(console.incident)
    assert (tag.internet_message_id, tag.subject, tag.sender_address) == ("<lure@bad>", "Sign here", "a@bad.example")
    assert (tag.origin, tag.tagged_by_name, f"{tag.received_at:%H:%M}") == (TagOrigin.HAND, "Ravi Okonkwo", "09:00")
    press(analyst, "phish_unmark", console.incident, record=lure.pk)
    assert tags(console.incident) == []
    assert [verb for verb, _ in trail(console.incident)] == ["mark_as_phish", "unmark_phish"]


def test_the_answer_is_the_page_of_the_logs_on_which_it_was_pressed(analyst, console, lure):
    answer = press(analyst, "phish_mark", console.incident, record=lure.pk, tab="exchange", htmx=True)
    (row,) = answer.context["logs"].rows
    assert (answer.context["logs"].current.key, row.is_phish) == ("exchange", True)
    assert b"Unmark" in answer.content


def test_one_of_several_messages_is_marked(analyst, console):
    record = rows.mail_record(console.incident, rows.message("<one@x>"), rows.message("<two@x>"))
    press(analyst, "phish_mark", console.incident, record=record.pk, message="<two@x>")
    assert [tag.internet_message_id for tag in tags(console.incident)] == ["<two@x>"]
    press(analyst, "phish_unmark", console.incident, record=record.pk, message="<two@x>")
    assert tags(console.incident) == []


def test_a_row_that_names_several_leads_to_them(analyst, reader, console):
    record = rows.mail_record(console.incident, rows.message("<one@x>", subject="One"), rows.message("<two@x>"))
    logs = analyst.get(
        reverse("incidents:logs", args=["acme-corp", console.incident.pk]), {"tab": "exchange"}, headers=HTMX
    )
    assert b"Mark one of 2" in logs.content
    address = reverse("incidents:log_record", args=["acme-corp", console.incident.pk, record.pk])
    press(analyst, "phish_mark", console.incident, record=record.pk, message="<two@x>")
    answer = analyst.get(address, headers=HTMX)
    assert [(one.title, one.act_label) for one in answer.context["view"].messages] == [
        ("One", "Mark as Phish"),
        ("<two@x>", "Unmark"),
    ]
    assert answer.content.count(b"formaction=") == 1
    assert b"Unmark" not in reader.get(address, headers=HTMX).content


def test_a_row_that_names_no_message_or_not_this_one(analyst, console, lure):
    silent = rows.log_record(console.incident)
    assert press(analyst, "phish_mark", console.incident, record=silent.pk).status_code == 409
    assert press(analyst, "phish_mark", console.incident, record=lure.pk, message="<other@x>").status_code == 409
    assert press(analyst, "phish_mark", console.incident, tab="exchange", htmx=True).status_code == 422
    assert tags(console.incident) == []


def test_rows_of_other_accounts_cannot_be_marked(analyst, console):
    colleague = rows.incident(console.tenant, rows.account(console.tenant, "Bob"))
    theirs = rows.mail_record(colleague, rows.message("<x@x>"))
    foreign = rows.mail_record(console.their_incident, rows.message("<x@x>"))
    for record in (theirs, foreign):
        assert press(analyst, "phish_mark", console.incident, record=record.pk).status_code == 404
    assert tags(console.incident) == []


def test_readers_are_not_offered_the_mark(reader, analyst, console, lure):
    address = reverse("incidents:logs", args=["acme-corp", console.incident.pk])
    tab = {"tab": Workload.EXCHANGE.value}
    assert b"Mark as Phish" in analyst.get(address, tab, headers=HTMX).content
    assert b"Mark as Phish" not in reader.get(address, tab, headers=HTMX).content
