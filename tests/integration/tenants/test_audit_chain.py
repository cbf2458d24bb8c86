"""The audit trail's chains: how entries are linked, what is told of them, and every way of tampering found and named."""

import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import structlog
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models import F

from tenants import audit
from tenants.audit.entry import FIELDS, ROOT, hash_of, line_of
from tenants.audit.verification import is_guarded, verify_chain
from tenants.models import AppendOnlyError, AuditChain, AuditEvent, Tenant
from tenants.scoping import tenant_scope
from tests.architecture.source import ROOT as ROOT_FOLDER
from tests.factories import rows
from tests.fixtures.audit_trail import lift

pytestmark = pytest.mark.django_db

DOCUMENTED = ROOT_FOLDER / "docs/audit-trail.md"


def entries(of: Tenant) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(tenant_id=of.pk).order_by("sequence"))


def raw() -> "models.QuerySet[AuditEvent]":
    """The rows without the model's own refusal, as somebody with a database client has them."""
    return models.QuerySet(AuditEvent)


def verified(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError, match="is not as it was written"):
        call_command("verify_audit", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def tenant(db) -> Tenant:
    """A tenant with five entries."""
    made = rows.tenant(rows.organization(), "Acme Corp")
    for number in range(1, 6):
        rows.act(made, f"Act {number}", before={"n": number}, after={"état": ["ok", None, 1.5]}, reason="Because")
    return made


# --- How entries are linked -------------------------------------------------------------------------------------------
def test_each_entry_names_the_hash_before_it(tenant):
    found = entries(tenant)
    assert [one.sequence for one in found] == [1, 2, 3, 4, 5]
    assert [one.previous_hash for one in found] == [ROOT, *(one.hash for one in found[:-1])]
    head = AuditChain.objects.get()
    assert (head.tenant_id, head.sequence, head.hash) == (tenant.pk, 5, found[-1].hash)


def test_a_hash_is_the_sha256_of_the_line_that_the_documentation_shows(tenant):
    one = entries(tenant)[1]
    at = one.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    line = (
        f'{{"actor_id":null,"actor_name":"Petra","after":{{"\\u00e9tat":["ok",null,1.5]}},"at":"{at}","before":{{"n":2}},'
        f'"incident_id":null,"object_id":"1","object_type":"test","organization_id":{tenant.organization_id},'
        f'"outcome":"done","previous_hash":"{one.previous_hash}","reason":"Because","request_id":"","sequence":2,'
        f'"summary":"Act 2","tenant_id":{tenant.pk},"tenant_name":"Acme Corp","verb":"test"}}'
    )
    assert hashlib.sha256(line.encode()).hexdigest() == one.hash


def test_every_column_is_in_the_line_but_the_row_number_and_the_hash_itself():
    assert {field.name for field in AuditEvent._meta.fields} - set(FIELDS) == {"id", "hash"}


@pytest.mark.parametrize(
    "value", [1e20, -0.0, 2.0, 1e-7, {"1": [1.25, 10**30]}, {1: "x"}, ("a", "b"), "\u2028\x7f😀", [{}]]
)
def test_values_are_hashed_as_the_database_gives_them_back(tenant, value):
    rows.act(tenant, before=value, after={"deep": [value]})
    assert verify_chain(tenant.organization_id, tenant.pk).broken == ""


def test_each_tenant_and_the_organization_have_a_chain_of_their_own(tenant):
    other = rows.tenant(tenant.organization, "Zenith")
    rows.act(other)
    rows.organization_act(tenant.organization)
    rows.act(tenant)
    found = {head.tenant_id: head.sequence for head in AuditChain.objects.all()}
    assert found == {tenant.pk: 6, other.pk: 1, None: 1}
    assert [one.sequence for one in entries(tenant)] == [1, 2, 3, 4, 5, 6]


def test_acts_of_one_transaction_are_one_set_at_its_end(tenant, django_assert_num_queries):
    zenith = rows.tenant(tenant.organization, "Zenith")
    rows.act(zenith)
    # A lock and a new head for each of two chains; one insert; the savepoint of the block.
    with django_assert_num_queries(2 * 2 + 1 + 2), transaction.atomic():
        for number in range(20):
            rows.act(zenith, f"There {number}")
            rows.act(tenant, f"Here {number}")
        assert AuditEvent.objects.filter(summary__startswith="Here").query  # nothing is written yet
    assert [one.summary for one in entries(tenant)[5:]] == [f"Here {number}" for number in range(20)]


@transaction.atomic
def fail_after(of: Tenant, summary: str) -> None:
    rows.act(of, summary)
    raise AppendOnlyError


def test_what_is_rolled_back_is_not_told(tenant):
    with transaction.atomic():
        rows.act(tenant, "Stays")
        with pytest.raises(AppendOnlyError):
            fail_after(tenant, "Goes")
    with pytest.raises(AppendOnlyError):
        fail_after(tenant, "Goes, too")
    assert [one.summary for one in entries(tenant)[5:]] == ["Stays"]
    assert verify_chain(tenant.organization_id, tenant.pk).broken == ""


def test_the_newest_hash_is_told_for_exports_and_reports(tenant):
    last = entries(tenant)[-1]
    assert str(audit.newest(tenant)) == f"Audit trail up to entry 5, hash {last.hash}"
    assert str(audit.newest_of_organization(tenant.organization)) == "Audit trail without an entry"


def test_the_newest_hash_goes_to_the_log_after_the_commit_without_content(tenant, django_capture_on_commit_callbacks):
    with structlog.testing.capture_logs() as lines, django_capture_on_commit_callbacks(execute=True):
        rows.act(tenant, "A secret of the client")
        assert lines == []
    last = entries(tenant)[-1]
    place = {"organization_id": tenant.organization_id, "tenant_id": tenant.pk}
    assert lines == [{"event": "audit_chained", "log_level": "info", **place, "sequence": 6, "hash": last.hash}]


# --- Tampering --------------------------------------------------------------------------------------------------------
def change(number: int, **values: Any) -> None:
    assert raw().filter(sequence=number).update(**values) == 1


def reseal(number: int, **values: Any) -> None:
    """Change an entry and give it the right hash, as somebody does who has read the documentation."""
    (row,) = raw().filter(sequence=number).values("id", *FIELDS)
    change(number, **values, hash=hash_of(line_of(row | values)))


def swap(one: int, other: int) -> None:
    """Two entries change places."""
    change(one, sequence=-1)
    change(other, sequence=one)
    change(-1, sequence=other)


def insert(**values: Any) -> None:
    (last,) = raw().filter(sequence=5).values(*FIELDS)
    forged = last | values
    AuditEvent.objects.bulk_create([AuditEvent(**forged, hash=hash_of(line_of(forged)))])


def move_head(**values: Any) -> None:
    AuditChain.objects.update(**values)


TAMPERING: dict[str, tuple[Callable[[], object], str]] = {
    "a word": (lambda: change(3, summary="Act 4"), "Entry 3 was changed"),
    "the time": (lambda: change(3, at=F("at") + models.Value(timedelta(microseconds=1))), "Entry 3 was changed"),
    "who": (lambda: change(5, actor_name="Somebody else"), "Entry 5 was changed"),
    "a value inside": (lambda: change(2, before={"n": 3}), "Entry 2 was changed"),
    "a tenant's name": (lambda: change(1, tenant_name="Acme"), "Entry 1 was changed"),
    "the hash alone": (lambda: change(3, hash=ROOT), "Entry 3 was changed"),
    "an entry with its hash": (lambda: reseal(3, summary="Nothing"), "Entry 4 does not follow entry 3"),
    "the last entry with its hash": (lambda: reseal(5, summary="Nothing"), "Entry 5 has hash"),
    "one removed": (lambda: raw().filter(sequence=3).delete(), "Entry 3 is missing: after entry 2 comes entry 4."),
    "several removed": (lambda: raw().filter(sequence__in=[2, 3]).delete(), "Entries 2 to 3 are missing: after entry 1 comes"),
    "the first removed": (lambda: raw().filter(sequence=1).delete(), "Entry 1 is missing: after entry 0 comes entry 2."),
    "the tail cut off": (lambda: raw().filter(sequence__gte=4).delete(), "Entries 4 to 5 are missing at the end: the head of the chain counts 5."),
    "all removed": (lambda: raw().delete(), "Entries 1 to 5 are missing at the end"),
    "two swapped": (lambda: swap(2, 4), "Entry 2 is in the wrong order: it was written as entry 4."),
    "moved to another place": (lambda: raw().filter(sequence=2).update(id=10**9), "Entry 3 is in the wrong order: it was written before entry 2."),
    "one put in behind": (lambda: insert(sequence=6, previous_hash=raw().get(sequence=5).hash), "Entry 6 stands behind the head of the chain, which counts 5."),
    "one put in before": (lambda: insert(sequence=0), "Entry 0 stands there twice, or was put in before the first one."),
    "the head moved back": (lambda: move_head(sequence=4), "Entry 4 has hash"),
    "the head's hash": (lambda: move_head(hash=ROOT), "Entry 5 has hash"),
    "the head removed": (lambda: AuditChain.objects.all().delete(), "Entry 1 stands behind the head of the chain, which counts 0."),
    "a root that never was": (lambda: move_head(archived_hash="f" * 64), "Entry 1 does not follow entry 0"),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "words"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_found_and_named(tenant, tamper, words):
    lift()
    tamper()
    found = verify_chain(tenant.organization_id, tenant.pk).broken
    assert found.startswith(words)
    assert f"Tenant Acme Corp: BROKEN. {found}" in refused()


def test_a_number_that_stands_there_twice(tenant):
    """Only where the index was removed, too."""
    lift()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_entry_a_place")
    insert(sequence=5)
    assert (
        verify_chain(tenant.organization_id, tenant.pk).broken
        == "Entry 5 stands there twice, or was put in before the first one."
    )


def test_one_changed_byte_in_a_hundred_thousand_entries(tenant):
    number = 100_000
    values = {"organization_id": tenant.organization_id, "tenant_id": tenant.pk, "tenant_name": tenant.name}
    head, made = AuditChain.objects.get(), []
    (like,) = raw().filter(sequence=5).values(*FIELDS)
    for sequence in range(6, number + 1):
        told = like | values | {"sequence": sequence, "previous_hash": head.hash, "summary": f"Act {sequence}"}
        head.hash = hash_of(line_of(told))
        made.append(AuditEvent(**told, hash=head.hash))
    AuditEvent.objects.bulk_create(made, batch_size=2000)
    AuditChain.objects.update(sequence=number, hash=head.hash)
    assert f"Tenant Acme Corp: {number} entries, all well. Newest: entry {number}, hash {head.hash}" in verified()
    lift()
    change(71_234, summary="Act 71235")
    assert "Entry 71234 was changed" in refused()


# --- The command ------------------------------------------------------------------------------------------------------
def test_all_is_well(tenant):
    rows.organization_act(tenant.organization)
    own = AuditEvent.objects.get(tenant_id=None)
    assert verified() == (
        f"Organization Lantern: 1 entries, all well. Newest: entry 1, hash {own.hash}\n"
        f"Tenant Acme Corp: 5 entries, all well. Newest: entry 5, hash {entries(tenant)[-1].hash}\n"
    )


def test_an_empty_trail_is_whole():
    assert verified() == "\n"


@pytest.mark.parametrize("name", ["Acme Corp", "acme-corp"])
def test_one_tenant(tenant, name):
    rows.organization_act(tenant.organization)
    assert [line.split(":")[0] for line in verified("--tenant", name).splitlines()] == ["Tenant Acme Corp"]


def test_a_tenant_that_is_gone_still_has_its_chain(tenant):
    with tenant_scope([tenant.pk]):
        tenant.delete()
    assert verified("--tenant", "Acme Corp").startswith("Tenant Acme Corp: 5 entries")
    with pytest.raises(CommandError, match="There is no tenant Nobody"):
        verified("--tenant", "Nobody")


def test_as_json(tenant):
    lift()
    change(3, summary="x")
    told = json.loads(refused("--json"))
    (chain,) = told["chains"]
    assert (told["ok"], chain["name"], chain["entries"], chain["sequence"]) == (False, "Tenant Acme Corp", 2, 2)
    assert chain["broken"].startswith("Entry 3 was changed")


def test_a_tail_that_was_cut_off_with_its_head_shows_by_what_was_noted(tenant):
    noted = f"5:{entries(tenant)[-1].hash}"
    assert "all well" in verified("--known", noted)
    lift()
    raw().filter(sequence=5).delete()
    AuditChain.objects.update(sequence=4, hash=entries(tenant)[-1].hash)
    assert verify_chain(tenant.organization_id, tenant.pk).broken == ""
    assert "No chain here has an entry 5 with hash" in refused("--known", noted)


@pytest.mark.parametrize("known", ["5", "x:0123456789", "5:abc", f"{'9' * 30}:0123456789"])
def test_what_is_no_entry_and_hash(tenant, known):
    with pytest.raises(CommandError, match="give an entry's number"):
        verified("--known", known)


# --- The database's own refusal ---------------------------------------------------------------------------------------
REFUSED = {
    "an entry changed": lambda: raw().update(summary="x"),
    "an entry changed to the same": lambda: raw().filter(sequence=1).update(summary=F("summary")),
    "an entry removed": lambda: raw().filter(sequence=5).delete(),
    "all removed": lambda: raw().delete(),
    "the head moved back": lambda: AuditChain.objects.update(sequence=4),
    "the head given to another": lambda: AuditChain.objects.update(tenant_id=7),
    "the head removed": lambda: AuditChain.objects.all().delete(),
    "more archived than is there": lambda: AuditChain.objects.update(archived_sequence=6),
}


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
def test_the_database_refuses(tenant, act):
    with pytest.raises(DatabaseError, match=r"only grows|only goes forward"), transaction.atomic():
        act()
    assert verify_chain(tenant.organization_id, tenant.pk).entries == 5


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", ["tenants_auditevent", "tenants_auditchain"])
def test_the_database_refuses_to_truncate(tenant, table):
    with pytest.raises(DatabaseError, match="only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table}")


def test_the_models_refuse_before_the_database_is_asked(tenant):
    one = entries(tenant)[0]
    for act in (one.save, one.delete, AuditEvent.objects.all().delete, lambda: AuditEvent.objects.update(summary="x")):
        with pytest.raises(AppendOnlyError):
            act()


def test_missing_triggers_are_told(tenant):
    assert is_guarded()
    lift()
    assert not is_guarded()
    assert "does not refuse changes" in refused()


# --- At the same time -------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_make_one_chain():
    """Threads write to two chains in opposite orders, and lock something else before and after."""
    organization = rows.organization()
    tenants = [rows.tenant(organization, name) for name in ("One", "Two")]

    def write(number: int) -> None:
        try:
            with transaction.atomic():
                for tenant in tenants if number % 2 else reversed(tenants):
                    rows.act(tenant, f"{number}")
                Tenant.objects.filter(pk=tenants[number % 2].pk).update(is_sensitive=False)
                rows.organization_act(organization, f"{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(write, number) for number in range(40)]:
            done.result(60)
    for tenant_id in (tenants[0].pk, tenants[1].pk, None):
        found = verify_chain(organization.pk, tenant_id)
        assert (found.entries, found.broken) == (40, "")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="docs/audit-trail.md shows it for PostgreSQL")
def test_the_documented_query_gives_the_lines(tenant):
    rows.act(tenant, "Line\nbreak “é” 😀", before={"b": [1, {"z": None, "a": 0.25}], "a": ""}, incident_id=4)
    (query,) = re.findall(r'psql -At -c "\n(.*?)" \|\n', DOCUMENTED.read_text(), re.DOTALL)
    with connection.cursor() as cursor:
        cursor.execute(query.replace('\\"', '"').replace("tenant_id = 1 ", f"tenant_id = {tenant.pk} "))
        found = [json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")) for (line,) in cursor.fetchall()]
    assert [hashlib.sha256(line.encode()).hexdigest() for line in found] == [one.hash for one in entries(tenant)]
