"""Importing a file: what is new is stored once, however often it is begun, and the counts add up."""

import json
from io import StringIO
from multiprocessing import active_children

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from incidents import importing
from incidents.enums import ImportState, Workload
from incidents.imports import batches, pipeline, storing
from incidents.imports.ordering import ImportRefused, import_order, uploads_folder
from incidents.imports.pipeline import ReaderDied
from incidents.imports.storing import ImportTaken, import_run
from incidents.models import Account, LogImport, LogRecord
from tenants.enums import TenantState
from tenants.models import AuditEvent, Organization, Tenant
from tenants.scoping import unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX
from tests.unit.incidents.test_reading import REAL, record, sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return rows.tenant(rows.organization(), "Imported", state=TenantState.UNCONNECTED)


@pytest.fixture
def log_file(tmp_path):
    def write(content, name="audit.csv"):
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


@pytest.fixture(autouse=True)
def _all_seen():
    with unscoped(reason="a test looks at all rows"):
        yield


def counts(log):
    return log.rows_done, log.new, log.duplicates, log.unreadable


def run(tenant, path):
    return import_run(import_order(tenant=tenant, path=path, file_name=path.name, by=None))


def command(*arguments):
    out = StringIO()
    call_command("import_audit_log", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_new_duplicate_and_unreadable_rows_are_counted(tenant, log_file):
    log = run(tenant, log_file(sheet(record(1), record(2), record(1), "{")))
    assert (counts(log), log.state) == ((4, 2, 1, 1), ImportState.FINISHED)
    assert log.problems == [[5, "AuditData is no JSON: it is broken or cut off."]]
    assert LogRecord.objects.count() == 2


def test_the_same_file_again_is_all_duplicates(tenant, log_file):
    path = log_file(sheet(record(1), record(2)))
    run(tenant, path)
    log = run(tenant, path)
    assert (counts(log), LogImport.objects.count()) == ((2, 0, 2, 0), 2)


def test_another_tenant_has_records_of_its_own(tenant, log_file):
    path = log_file(sheet(record(1)))
    run(tenant, path)
    other = rows.tenant(tenant.organization, "Other")
    assert counts(run(other, path)) == (1, 1, 0, 0)
    assert sorted(LogRecord.objects.values_list("tenant__name", flat=True)) == ["Imported", "Other"]


def test_what_a_row_becomes(tenant, log_file):
    cell = json.dumps(record(1, ClientIPAddress="62.149.20.10:51", Workload="ThreatIntelligence"))
    run(tenant, log_file(sheet(cell)))
    [found] = LogRecord.objects.all()
    assert (found.user_principal_name, found.workload) == ("alice@client.example", Workload.OTHER)
    assert (found.ip_address, found.country, found.network) == ("62.149.20.10", "UA", "1 Cloud Lab s.r.o.")
    assert (bytes(found.raw), len(found.raw_sha256), found.is_hosting) == (cell.encode(), 64, True)


def test_who_acts_in_the_records_becomes_an_account(tenant, log_file):
    rows.account(tenant, "Bob", user_principal_name="bob@client.example")
    people = ["Alice@client.example", "alice@client.example", "BOB@client.example", "NT AUTHORITY", "x@y", "a b@c.d"]
    run(tenant, log_file(sheet(*(record(number, UserId=name) for number, name in enumerate(people)))))
    found = Account.objects.order_by("user_principal_name").values_list("user_principal_name", flat=True)
    assert list(found) == ["alice@client.example", "bob@client.example"]


class Killed(BaseException):
    """The process is gone."""


def test_an_import_that_was_stopped_goes_on(tenant, log_file, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 2)
    path = log_file(sheet(*(record(number % 5) for number in range(7)), "{"))

    def die(log):
        if log.rows_done == 4:
            raise Killed

    log = import_order(tenant=tenant, path=path, file_name="a", by=None)
    with pytest.raises(Killed):
        import_run(log, progress=die)
    assert counts(LogImport.objects.get()) == (4, 4, 0, 0)
    again = import_order(tenant=tenant, path=path, file_name="a", by=None)
    assert again.pk == log.pk
    assert counts(import_run(again)) == (8, 5, 2, 1)
    assert LogRecord.objects.count() == 5


def test_two_workers_do_not_read_one_file(tenant, log_file, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 1)
    log = import_order(tenant=tenant, path=log_file(sheet(record(1), record(2))), file_name="a", by=None)

    def other_one(_log):
        with pytest.raises(ImportTaken):
            import_run(LogImport.objects.get())

    assert counts(import_run(log, progress=other_one)) == (2, 2, 0, 0)


def test_who_was_taken_for_dead_stores_nothing_more(tenant, log_file, monkeypatch):
    monkeypatch.setattr(batches, "BATCH", 1)
    log = import_order(tenant=tenant, path=log_file(sheet(record(1), record(2))), file_name="a", by=None)

    def taken_over(_log):
        LogImport.objects.update(lease_until=timezone.now())

    with pytest.raises(ImportTaken):
        import_run(log, progress=taken_over)
    assert (LogRecord.objects.count(), LogImport.objects.get().rows_done) == (1, 1)


@pytest.fixture
def apart(monkeypatch) -> None:
    """Every file is large: another process reads it."""
    monkeypatch.setattr(pipeline, "LARGE", 0)


def readers() -> list[str]:
    return [child.name for child in active_children()]


@pytest.mark.usefixtures("apart")
def test_another_process_reads_a_large_file(tenant, log_file):
    text = sheet(*(record(number % 9000) for number in range(11_000)), "{")
    log = run(tenant, log_file(text))
    assert counts(log) == (11_001, 9000, 2000, 1)
    assert [line for line, _reason in log.problems] == [11_002]
    assert readers() == []


@pytest.mark.usefixtures("apart")
def test_another_process_tells_in_words_what_is_no_log(tenant, log_file):
    log = run(tenant, log_file("%PDF"))
    assert (log.state, readers()) == (ImportState.FAILED, [])
    assert "no audit log that Petra knows" in log.failure


@pytest.mark.usefixtures("apart")
def test_a_reader_that_is_not_wanted_any_more_ends(tenant, log_file):
    def taken_over(_log):
        LogImport.objects.update(lease_until=timezone.now())

    text = sheet(*(record(number) for number in range(16_000)))
    log = import_order(tenant=tenant, path=log_file(text), file_name="a", by=None)
    with pytest.raises(ImportTaken):
        import_run(log, progress=taken_over)
    assert (LogRecord.objects.count(), readers()) == (5000, [])


@pytest.mark.usefixtures("apart")
def test_a_reader_that_was_killed_stops_the_import_which_goes_on_later(tenant, log_file):
    def kill(_log):
        for child in active_children():
            child.kill()

    text = sheet(*(record(number) for number in range(16_000)))
    log = import_order(tenant=tenant, path=log_file(text), file_name="a", by=None)
    with pytest.raises(ReaderDied):
        import_run(log, progress=kill)
    kept = LogImport.objects.get()
    assert (kept.state, kept.lease_until, readers()) == (ImportState.RUNNING, None, [])
    assert counts(import_run(kept)) == (16_000, 16_000, 0, 0)


def test_what_is_no_log_fails_in_words(tenant, log_file):
    log = run(tenant, log_file("%PDF"))
    assert (log.state, counts(log)) == (ImportState.FAILED, (0, 0, 0, 0))
    assert "no audit log that Petra knows" in log.failure


def test_an_empty_file_is_refused(tenant, log_file):
    with pytest.raises(ImportRefused, match="empty"):
        import_order(tenant=tenant, path=log_file(""), file_name="a", by=None)
    assert LogImport.objects.count() == 0


# --- Workers ----------------------------------------------------------------------------------------------------------
def test_a_worker_reads_an_upload_and_deletes_it(tenant):
    path = uploads_folder() / "one.csv"
    path.write_text(sheet(record(1)))
    log = import_order(tenant=tenant, path=path, file_name="a.csv", by=None)
    importing.import_for(log.pk)
    importing.import_for(log.pk)
    importing.import_for(10**9)
    assert (counts(LogImport.objects.get()), path.exists()) == ((1, 1, 0, 0), False)


def test_uploads_that_nobody_reads_are_found(tenant, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr("incidents.doorbell._send", lambda *arguments: rung.append(arguments))
    path = uploads_folder() / "two.csv"
    path.write_text(sheet(record(1)))
    log = import_order(tenant=tenant, path=path, file_name="a.csv", by=None)

    def sweep():
        rung.clear()
        with django_capture_on_commit_callbacks(execute=True):
            importing.ring_overdue()
        return [row_id for _, row_id, _ in rung]

    assert sweep() == [log.pk]
    LogImport.objects.update(lease_until=timezone.now() + storing.LEASE)
    assert sweep() == []
    path.unlink()


# --- The command ------------------------------------------------------------------------------------------------------
def test_the_command_makes_a_tenant_and_tells_the_counts(log_file):
    path = log_file(sheet(record(1), record(1), "{"))
    told = command(path, "--tenant", "New Client", "--create", "--json")
    assert json.loads(told) == {"rows": 3, "new": 1, "duplicates": 1, "unreadable": 1}
    made = Tenant.objects.get()
    assert (made.name, made.slug, made.state) == ("New Client", "new-client", TenantState.UNCONNECTED)
    told = command(path, "--tenant", "new client")
    assert "3 rows, 0 new, 2 duplicates, 1 unreadable" in told
    assert "line 4: AuditData is no JSON" in told
    assert AuditEvent.objects.filter(verb="import_audit_log").count() == 2


def test_the_command_asks_before_it_makes_a_tenant(log_file, tenant):
    with pytest.raises(CommandError, match=r"There is no tenant Nobody\. There are: Imported\. With --create"):
        command(log_file(sheet(record(1))), "--tenant", "Nobody")
    assert LogImport.objects.count() == 0


@pytest.mark.parametrize("content", ["", "%PDF"])
def test_the_command_makes_no_tenant_for_what_is_no_log(log_file, content):
    with pytest.raises(CommandError, match="Nothing was stored"):
        command(log_file(content), "--tenant", "New", "--create")
    assert (Tenant.objects.count(), Organization.objects.count()) == (0, 0)


def test_the_command_says_that_a_file_is_missing(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        command(tmp_path / "none.csv", "--tenant", "x")


@pytest.mark.skipif(not REAL.exists(), reason="The real log is not on this machine; it lies beside the project in CI")
def test_the_real_log(tenant):
    told = command(REAL, "--tenant", "Imported", "--json")
    assert json.loads(told) == {"rows": 4766, "new": 3114, "duplicates": 1652, "unreadable": 0}
    assert LogRecord.objects.count() == 3114


# --- The page ---------------------------------------------------------------------------------------------------------
def upload(client, content, name="audit.csv", tenant="acme-corp", **more):
    file = SimpleUploadedFile(name, content.encode()) if content is not None else ""
    return client.post(reverse("incidents:import_upload", args=[tenant]), {"tenant": tenant, "file": file} | more)


def waiting():
    return [path for path in uploads_folder().iterdir() if path.suffix == ".log"]


def test_an_upload_is_kept_for_a_worker_and_told(analyst, console, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr("incidents.doorbell._send", lambda *arguments: rung.append(arguments))
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(analyst, sheet(record(1), record(1), "{"))
    log = LogImport.objects.get()
    assert (answer.status_code, rung) == (303, [("incidents.tasks.read_import", log.pk, 0)])
    [path] = waiting()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"Waiting, 0 %" in analyst.get(answer["Location"]).content
    importing.import_for(log.pk)
    page = analyst.get(answer["Location"], headers=HTMX).content.decode()
    assert ("Read to its end" in page, "Line 4: AuditData is no JSON" in page, "every 2s" in page) == (
        True,
        True,
        False,
    )
    assert waiting() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "Choose a file first"), ("", "The file is empty"), ("%PDF", "no audit log that Petra knows")],
)
def test_what_is_no_log_is_refused_and_nothing_is_kept(analyst, console, content, words):
    answer = upload(analyst, content)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert (waiting(), LogImport.objects.count()) == ([], 0)


def test_a_file_that_is_too_large_is_refused(analyst, console, settings):
    settings.IMPORT_MEGABYTES = 0
    assert "larger than 0 MB" in upload(analyst, sheet(record(1))).content.decode()


def test_who_only_looks_may_not_upload(reader, console):
    assert upload(reader, sheet(record(1))).status_code == 403
    assert b"Import into" not in reader.get(reverse("incidents:imports", args=["acme-corp"])).content
