"""Message traces: which time they are asked for, Exchange where Graph's cannot be had, and what is told of it."""

from datetime import timedelta

import pytest

from graph import exchange
from graph.simulator.control import SimulatorControl
from incidents.phish.matching import SAME_MESSAGE_ID
from remediation.actions.finders import traces
from remediation.actions.finders.internal_phish import find_internal_phish
from remediation.actions.finders.messages import find_campaign_copies, find_phish_copies
from remediation.actions.finders.traces import EVERYBODY, FROM_EXCHANGE, NEITHER, TOO_MANY, TOO_OLD, Deliveries
from tests.factories import world
from tests.unit.remediation.finding import SINCE, UNTIL, fault, look, scope
from tests.unit.remediation.test_finders_messages import EXPECTED, LURE, campaign, receive, trace, where_found

__all__ = ["campaign"]
BOB, TENANT = world.BOB, world.TENANT_ID
NO_GRAPH = {"licences": {"messageTrace": False}}


def asked_of(simulator: SimulatorControl) -> dict[str, int]:
    """How often each source was asked."""
    counts = simulator.requests(TENANT)["byPath"]
    sources = {
        "graph": "GET /admin/exchange/tracing/messageTraces",
        "exchange": "POST /InvokeCommand Get-MessageTraceV2",
        "mailboxes": "GET /users/{id}/messages",
    }
    return {name: counts.get(path, 0) for name, path in sources.items()}


def test_exchange_is_asked_where_graph_is_not_set_up(campaign: SimulatorControl) -> None:
    campaign.configure(TENANT, **NO_GRAPH)
    campaign.clear_requests()
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED
    assert found.is_checked
    assert found.note.startswith(f"{FROM_EXCHANGE} Message trace is not set up in this tenant")
    assert "every mailbox" not in found.note
    # 15 days are two spans, for the message and for its sender each; only Alice and Bob are asked.
    assert asked_of(campaign) == {"graph": 4, "exchange": 4, "mailboxes": 2}


def test_by_a_subject_alone_exchange_finds_the_same(campaign: SimulatorControl) -> None:
    known = {"internet_message_id": "", "sender_address": "", "subject": LURE.subject}
    sought = scope(phish=(type(LURE)(**known),), is_sweep=True, user_id="", since=SINCE - timedelta(days=20))
    over_graph = look(campaign, find_campaign_copies, sought)
    campaign.configure(TENANT, **NO_GRAPH)
    over_exchange = look(campaign, find_campaign_copies, sought)
    assert where_found(over_exchange) == where_found(over_graph)
    # The other ticket's subject holds this one: a trace finds it, too.
    assert [mailbox for mailbox, *_ in where_found(over_graph)] == [
        "alice@tiny.example", "bob@tiny.example", "bob@tiny.example",
    ]  # fmt: skip


@pytest.mark.parametrize("finder", [find_phish_copies, find_internal_phish])
def test_where_both_refuse_every_mailbox_is_looked_through(campaign: SimulatorControl, finder) -> None:
    campaign.configure(TENANT, **NO_GRAPH, directoryRoles=[])
    campaign.clear_requests()
    found = look(campaign, finder, scope(phish=(LURE,)))
    assert found.note.startswith(f"{NEITHER} {EVERYBODY} Message trace is not set up in this tenant")
    assert "may not run Exchange commands" in found.note
    assert asked_of(campaign)["exchange"] > 0
    assert FROM_EXCHANGE not in found.note


def test_a_full_answer_is_asked_on(campaign: SimulatorControl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST_TRACES", 2)
    monkeypatch.setattr(traces, "A_PAGE", 2)
    for number in range(5):
        row = trace(40 + number, f"nobody{number}@tiny.example", LURE.internet_message_id, LURE.subject)
        campaign.plant(TENANT, "messageTraces", row)
    campaign.configure(TENANT, **NO_GRAPH)
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED
    assert found.is_checked


def test_an_answer_that_leads_nowhere_is_no_whole_one(
    campaign: SimulatorControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MOST_TRACES", 1)
    monkeypatch.setattr(traces, "A_PAGE", 1)  # the row that one goes on from is all that comes
    campaign.configure(TENANT, **NO_GRAPH)
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED
    assert found.note.startswith(NEITHER)
    assert "deliveries were read." in found.note


def test_what_is_older_than_traces_reach_is_looked_for_in_every_mailbox(campaign: SimulatorControl) -> None:
    receive(campaign, BOB, 20, internetMessageId=LURE.internet_message_id, receivedDateTime="2025-11-01T09:00:00Z")
    campaign.clear_requests()
    sought = scope(phish=(LURE,), is_sweep=True, user_id="", since=UNTIL - timedelta(days=100))
    found = look(campaign, find_campaign_copies, sought)
    assert ("bob@tiny.example", "Inbox", SAME_MESSAGE_ID) in where_found(found)
    assert found.note.startswith(TOO_OLD)
    counted = asked_of(campaign)
    assert (counted["graph"], counted["exchange"]) == (0, 0)


def test_more_questions_than_microsoft_answers_are_not_asked() -> None:
    asked = Deliveries(since=SINCE - timedelta(days=80), now=UNTIL, ids=[f"<{number}@x>" for number in range(11)])
    assert (asked.problem, asked.requests()) == (f"{TOO_MANY} {EVERYBODY}", [])


def test_spans_follow_each_other_and_end_in_time() -> None:
    until = SINCE + timedelta(days=3)
    asked = Deliveries(since=SINCE - timedelta(days=12), until=until, now=UNTIL + timedelta(days=30), senders=["a@x"])
    spans = [(question.since, question.until) for question in asked.questions()]
    assert spans[0][0] == SINCE - timedelta(days=12, hours=1), "a mail is traced before it lies in its mailbox"
    assert spans[-1][1] == until
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert {end - start <= timedelta(days=10) for start, end in spans} == {True}
    assert len(asked.requests()) == len(spans)


def test_a_throttled_trace_is_asked_of_exchange(campaign: SimulatorControl) -> None:
    campaign.configure(TENANT, faults=[fault("messageTraces", status=429, retryAfter=600)])
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED
    assert found.is_checked
    assert found.note.startswith(FROM_EXCHANGE)
