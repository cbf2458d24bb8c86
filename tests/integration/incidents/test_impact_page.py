"""The page of Attack Impact: counters that narrow, a message's history, hostile rows, queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.enums import Workload
from tests.factories import rows
from tests.fixtures.console import HTMX
from tests.integration.incidents.stage import ATTACKER, page


def test_the_page_asks_for_it_and_its_address_gives_the_whole_page(analyst, console, attack):
    attack("Send", "<a>")
    whole = analyst.get(reverse("incidents:detail", args=["acme-corp", console.incident.pk])).content.decode()
    address = reverse("incidents:impact", args=["acme-corp", console.incident.pk])
    assert f'hx-get="{address}"' in whole
    alone = analyst.get(address, {"show": "sent"})
    assert b"<html" in alone.content
    assert [one.internet_message_id for one in alone.context["impact"].page] == ["<a>"]


def test_a_counter_narrows_the_messages(analyst, console, attack):
    attack("Send", "<sent>")
    attack("HardDelete", "<deleted>")
    found = {
        show: {one.internet_message_id for one in page(analyst, console.incident, show=show).context["impact"].page}
        for show in ("messages", "sent", "deleted", "accessed")
    }
    assert found == {
        "messages": {"<sent>", "<deleted>"},
        "sent": {"<sent>"},
        "deleted": {"<deleted>"},
        "accessed": set(),
    }


@pytest.mark.parametrize("query", [{"show": "x"}, {"show": "messages", "page": "x"}, {"page": "999"}])
def test_an_address_that_makes_no_sense_is_no_error(analyst, console, attack, query):
    attack("Send", "<a>")
    assert page(analyst, console.incident, **query).status_code == 200


def test_the_history_of_a_message(analyst, console, attack):
    attack("MailItemsAccessed", "<a>", "<b>")
    attack("HardDelete", "<a>", minutes=3)
    attack("HardDelete", "<b>", minutes=4)
    address = reverse("incidents:impact_message", args=["acme-corp", console.incident.pk])
    for headers in ({}, HTMX):
        message = analyst.get(address, {"id": "<a>"}, headers=headers).context["message"]
        assert [act.record.operation for act in message.acts] == ["MailItemsAccessed", "HardDelete"]
        assert message.subject == "About <a>"
    assert analyst.get(address, {"id": "<none>"}).context["message"].acts == []
    assert analyst.get(address, {"id": "\x00"}).status_code == 404


@pytest.mark.parametrize("name", ['<"quoted\\">', "<żółć@x>", "<%_@x>", "<a'b@x>"])
def test_a_message_is_found_by_any_id(analyst, console, attack, name):
    attack("Send", name)
    attack("Send", f"{name}.other")
    address = reverse("incidents:impact_message", args=["acme-corp", console.incident.pk])
    assert len(analyst.get(address, {"id": name}, headers=HTMX).context["message"].acts) == 1


def test_an_act_leads_to_its_row_in_the_logs(analyst, console, attack):
    for minutes in range(3):
        attack("HardDelete", "<a>", minutes=minutes)
    address = reverse("incidents:impact_message", args=["acme-corp", console.incident.pk])
    act = analyst.get(address, {"id": "<a>"}, headers=HTMX).context["message"].acts[1]
    assert analyst.get(act.url).context["logs"].rows[0].record == act.record
    assert act.url.endswith(f"#record-{act.record.pk}")


def test_a_long_history_says_what_it_leaves_out(analyst, console, attack, monkeypatch):
    monkeypatch.setattr("incidents.contexts.impact.MOST_ACTS", 2)
    for minutes in range(5):
        attack("HardDelete", "<a>", minutes=minutes)
    address = reverse("incidents:impact_message", args=["acme-corp", console.incident.pk])
    assert "Cut off: 3 more rows name it." in analyst.get(address, {"id": "<a>"}, headers=HTMX).content.decode()


def test_the_phish_is_marked_from_its_history(analyst, reader, console, attack):
    record = attack("MailItemsAccessed", "<a>", "<b>")
    address = reverse("incidents:impact_message", args=["acme-corp", console.incident.pk])
    shown = analyst.get(address, {"id": "<b>"}, headers=HTMX)
    assert (shown.context["message"].record_id, "Mark as Phish" in shown.content.decode()) == (record.pk, True)
    assert "Mark as Phish" not in reader.get(address, {"id": "<b>"}, headers=HTMX).content.decode()
    form = {"tenant": "acme-corp", "record": record.pk, "message": "<b>", "tab": "exchange"}
    analyst.post(reverse("incidents:phish_mark", args=["acme-corp", console.incident.pk]), form, headers=HTMX)
    assert "Unmark" in analyst.get(address, {"id": "<b>"}, headers=HTMX).content.decode()
    marked = page(analyst, console.incident, show="messages").context["impact"].messages
    assert {row.message.internet_message_id: row.is_phish for row in marked} == {"<a>": False, "<b>": True}


def test_hostile_subjects_are_only_words(analyst, console, attack):
    attack("Send", "<script>alert(1)</script>")
    found = page(analyst, console.incident, show="messages").content
    assert b"<script>alert" not in found


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "subject", "sender", "folder", "attachments", "x"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    messages=st.lists(anything, max_size=5),
    operation=st.sampled_from(["Send", "MailItemsAccessed", "HardDelete", "FileAccessed", "<b>", ""]),
    item=st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=60),
    raw=st.binary(max_size=60),
)
def test_no_row_breaks_the_page(analyst, console, attack, messages, operation, item, raw):
    workload = Workload.SHAREPOINT if operation.startswith("File") else Workload.EXCHANGE
    values = {"operation": operation, "item": item, "item_count": 3, "workload": workload, "ip_address": ATTACKER}
    rows.log_record(console.incident, messages=messages, raw=raw, **values)
    for show in ("", "messages", "files"):
        answer = page(analyst, console.incident, show=show)
        assert answer.status_code == 200
        assert b"<script>" not in answer.content


def test_a_message_may_be_anything(analyst, console, attack):
    strange = ["x", 7, None, {"id": None}, {"id": "<a>"}]
    rows.log_record(console.incident, ip_address=ATTACKER, operation="Send", messages=strange, item_count=5)
    assert page(analyst, console.incident, show="messages").status_code == 200


def test_queries_do_not_grow(analyst, console, attack):
    def queries(show):
        with CaptureQueriesContext(connection) as found:
            assert page(analyst, console.incident, show=show).status_code == 200
        return len(found)

    attack("Send", "<a>")
    attack("FileAccessed", workload=Workload.SHAREPOINT, item="A")
    few = {show: queries(show) for show in ("", "messages", "files")}
    for minutes in range(30):
        attack("Send", f"<{minutes}>", minutes=minutes)
        attack("FileAccessed", workload=Workload.SHAREPOINT, item=f"{minutes}")
    assert {show: queries(show) for show in few} == few
