"""The Activity page's filters and its export: what each finds, and that neither shows what one may not see."""

import csv
import io
from datetime import UTC, datetime

import pytest
import time_machine

from tenants import audit
from tenants.audit import Act, Actor
from tenants.csv_export import safe_cell
from tenants.enums import Outcome, Role
from tenants.models import AuditEvent
from tests.factories import rows

ACTIVITY, EXPORT = "/settings/activity/", "/settings/activity/export/"
DAY = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)


@pytest.fixture
def trail(console):
    """The same four acts in three tenants, and one of each organization itself."""
    ravi = Actor(console.analyst.pk, "Ravi Okonkwo")
    for tenant in (console.tenant, console.neighbour, console.their_tenant):
        with time_machine.travel(DAY, tick=False):
            rows.act(tenant, "Locked", verb="lock_account", incident_id=7, request_id="req-1", after={"n": 1})
            rows.act(tenant, "Failed to lock", verb="lock_account", outcome=Outcome.FAILED, incident_id=8)
        with time_machine.travel(DAY.replace(day=22), tick=False):
            noted = Act(verb="add_note", summary="Note added", object_type="incident", object_id=7, incident_id=7)
            audit.record([noted], tenant=tenant, by=ravi)
            rows.act(tenant, "Dismissed", verb="dismiss_incident", reason="It was her, in Ghent")
    for organization in (console.organization, console.their_tenant.organization):
        rows.organization_act(organization, "Policy changed", verb="change_policy")


def found(client, **asked):
    events = client.get(ACTIVITY, asked).context["activity"].events
    return [(event.tenant_name, event.summary) for event in events]


def of(*summaries, tenants=("Zenith", "Acme Corp")):
    """These acts of each tenant, as the page orders them."""
    return [(tenant, summary) for tenant in tenants for summary in summaries]


LOCKED, FAILED, NOTED, DISMISSED, POLICY = "Locked", "Failed to lock", "Note added", "Dismissed", ("", "Policy changed")

FILTERS = {
    "nothing": ({}, [POLICY, *of(DISMISSED, NOTED, FAILED, LOCKED)]),
    "a tenant": ({"tenant": "zenith"}, of(DISMISSED, NOTED, FAILED, LOCKED, tenants=["Zenith"])),
    "a person": ({"who": "okonk"}, of(NOTED)),
    "petra": ({"who": "Petra", "verb": "change_policy"}, [POLICY]),
    "a kind": ({"verb": "lock_account"}, of(FAILED, LOCKED)),
    "a kind of older entries": ({"verb": "long_gone"}, []),
    "an outcome": ({"outcome": "failed"}, of(FAILED)),
    "an incident": ({"incident": "7"}, of(NOTED, LOCKED)),
    "no such incident": ({"incident": "999"}, []),
    "from": ({"since": "2026-11-22", "until": "2026-11-22"}, of(DISMISSED, NOTED)),
    "to": ({"until": "2026-11-20"}, of(FAILED, LOCKED)),
    "between": ({"since": "2026-11-21", "until": "2026-11-21"}, []),
    "to the last of days": ({"until": "9999-12-31", "verb": "add_note"}, of(NOTED)),
    "words": ({"text": "failed TO"}, of(FAILED)),
    "words of a reason": ({"text": "ghent"}, of(DISMISSED)),
    "a request": ({"text": "req-1"}, of(LOCKED)),
    "a part of a request": ({"text": "req-"}, []),
    "a wildcard": ({"text": "%"}, []),
    "all at once": (
        {
            "tenant": "zenith",
            "who": "petra",
            "verb": "lock_account",
            "outcome": "done",
            "incident": "7",
            "text": "lock",
        },
        of(LOCKED, tenants=["Zenith"]),
    ),
}


@pytest.mark.parametrize(("asked", "wanted"), FILTERS.values(), ids=FILTERS)
def test_filters(analyst, trail, asked, wanted):
    assert found(analyst, **asked) == wanted


@pytest.mark.parametrize(("asked", "wanted"), FILTERS.values(), ids=FILTERS)
def test_no_filter_finds_what_one_may_not_see(guest, trail, asked, wanted):
    assert found(guest, **asked) == [one for one in wanted if one[0] == "Zenith"]


@pytest.mark.parametrize("asked", [asked for asked, _ in FILTERS.values()], ids=FILTERS)
def test_billing_sees_none_of_it(console, signed_in, trail, asked):
    client = signed_in(rows.member(console.organization, Role.BILLING))
    answer = client.get(ACTIVITY, asked)
    assert answer.status_code == 404  # no page but that of usage is theirs


def test_kinds_offered_are_those_that_one_may_see(analyst, guest, console, trail):
    rows.act(console.their_tenant, verb="their_secret_act")

    def kinds(client):
        return [value for value, _ in client.get(ACTIVITY).context["form"].fields["verb"].choices if value]

    assert kinds(guest) == ["add_note", "dismiss_incident", "lock_account"]
    assert kinds(analyst) == ["add_note", "change_policy", "dismiss_incident", "lock_account"]


def test_days_are_those_of_the_reader(console, signed_in, trail):
    client = signed_in(rows.member(console.organization, Role.ADMIN, time_zone="Asia/Tokyo"))
    assert found(client, until="2026-11-20") == []
    assert found(client, since="2026-11-21", until="2026-11-21", outcome="failed") == of(FAILED)


@pytest.mark.parametrize(
    "asked",
    [
        {"incident": "x"},
        {"incident": "9" * 30},
        {"since": "x"},
        {"outcome": "x"},
        {"verb": "<script>"},
        {"before": "x"},
    ],
)
def test_what_cannot_be_understood_is_left_aside(analyst, trail, asked):
    answer = analyst.get(ACTIVITY, asked)
    assert (answer.status_code, len(answer.context["activity"].events)) == (200, 9)
    assert b"<script>" not in answer.content


def test_pages_keep_the_filters(analyst, console):
    for number in range(60):
        rows.act(console.tenant, str(number), verb="counted")
        rows.act(console.neighbour, "Not this", verb="other")
    seen, address = [], "?verb=counted&text="
    while address:
        view = analyst.get(ACTIVITY + address).context["activity"]
        seen += [event.summary for event in view.events]
        address = view.next_url
    assert seen == [str(number) for number in reversed(range(60))]
    assert view.first_url == "?verb=counted"


def test_an_entry_tells_all_of_itself(analyst, console):
    rows.act(console.tenant, before={"<b>": "é"}, after=[1], reason="Because", request_id="r" * 36)
    body = analyst.get(ACTIVITY).content.decode()
    event = AuditEvent.objects.get()
    told = (event.hash, event.previous_hash, "Because", "r" * 36, "&quot;&lt;b&gt;&quot;: &quot;é&quot;", "Entry 1")
    assert [one for one in told if one not in body] == []


def test_the_page_takes_as_many_queries_for_many_entries_as_for_one(analyst, console, django_assert_num_queries):
    rows.act(console.tenant)
    # session, member, tenants; kinds; entries; ends of the chains; the switcher's counts
    with django_assert_num_queries(8):
        analyst.get(ACTIVITY)
    for _ in range(3):
        rows.act(console.tenant)
        rows.act(console.neighbour)
        rows.organization_act(console.organization)
    with django_assert_num_queries(8):
        analyst.get(ACTIVITY, {"who": "petra", "since": "2020-01-01", "text": "done"})


# --- The export -------------------------------------------------------------------------------------------------------
def exported(client, **asked):
    answer = client.post(EXPORT, asked)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="petra-activity-2')
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def told(table):
    """Tenant and summary of the entries in an exported table."""
    return [(row[2], row[5]) for row in table[1 : table.index([])]]


def ends(table):
    return [row[0] for row in table[table.index([]) + 2 :]]


def test_an_export_holds_what_the_filters_chose_and_ends_with_the_newest_hash(analyst, console, trail):
    table = exported(analyst, tenant="zenith", verb="lock_account")
    assert told(table) == of(FAILED, LOCKED, tenants=["Zenith"])
    assert table[table.index([]) + 1] == ["Chosen: tenant: Zenith, kind of act: lock_account"]
    assert ends(table) == [f"Zenith: {audit.newest(console.neighbour)}"]
    event = AuditEvent.objects.get(tenant_id=console.neighbour.pk, sequence=1)
    row = table[table.index([]) - 1]
    assert (row[0], row[1], row[12], row[-1]) == ("1", "2026-11-20T22:30:00.000000Z", '{"n": 1}', event.hash)


def test_an_export_is_an_entry_itself(analyst, console, trail):
    table = exported(analyst)
    newest = AuditEvent.objects.latest("pk")
    assert (newest.verb, newest.actor_name, newest.tenant_id) == ("export_activity", "Ravi Okonkwo", None)
    assert told(table)[0] == ("Organization", "Activity exported")
    assert [end.split(":")[0] for end in ends(table)] == ["Acme Corp", "Zenith", "Organization"]
    assert ends(table)[-1] == f"Organization: {audit.newest_of_organization(console.organization)}"


@pytest.mark.parametrize(("asked", "wanted"), FILTERS.values(), ids=FILTERS)
def test_an_export_holds_nothing_that_one_may_not_see(guest, trail, asked, wanted):
    table = exported(guest, **asked)
    seen = [one for one in told(table) if not one[1].startswith("Activity exported")]
    assert seen == [one for one in wanted if one[0] == "Zenith"]
    assert [end.split(":")[0] for end in ends(table)] == ["Zenith"]


def test_a_foreign_tenant_cannot_be_exported(analyst, guest, console, trail):
    count = AuditEvent.objects.count()
    for client, slug in ((analyst, console.their_tenant.slug), (guest, "acme-corp"), (guest, "nobody")):
        assert client.post(EXPORT, {"tenant": slug}).status_code == 404
    assert AuditEvent.objects.count() == count


def test_an_export_is_pressed_not_read(analyst, client):
    assert analyst.get(EXPORT).status_code == 405
    assert client.post(EXPORT).url == f"/sign-in/?next={EXPORT}"


def test_a_file_that_is_cut_off_says_so(analyst, console, monkeypatch):
    for number in range(5):
        rows.act(console.tenant, str(number))
    monkeypatch.setattr("tenants.activity_export.MOST", 3)
    table = exported(analyst, tenant="acme-corp")
    assert [summary for _, summary in told(table)] == ["Activity exported – tenant: Acme Corp", "4", "3"]
    assert table[table.index([]) + 2] == [
        "Cut off: older entries than these 3 are not in this file. Choose fewer days."
    ]


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\uff1d1", "\n@x"])
def test_no_cell_is_a_formula(analyst, console, evil):
    assert safe_cell(evil) == f"'{evil}"
    rows.act(console.tenant, evil, reason=evil, request_id=evil)
    (row,) = [row for row in exported(analyst) if row[:1] == ["1"] and row[2] == "Acme Corp"]
    assert [cell for cell in row if cell.strip().startswith(("=", "+", "-", "@", "\uff1d"))] == []


@pytest.mark.parametrize(("value", "cell"), [(None, ""), ("", ""), (0, "0"), ("a=b", "a=b"), ("'=1", "'=1")])
def test_other_cells_are_as_they_are(value, cell):
    assert safe_cell(value) == cell
