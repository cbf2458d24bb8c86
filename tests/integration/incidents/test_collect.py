"""Collecting evidence, through the real client from the simulated cloud over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from incidents import collection, tasks
from incidents.enums import IncidentState, LogSource, TagOrigin, Workload
from incidents.evidence import collect as collecting
from incidents.evidence.collect import collect
from incidents.models import Incident, LogRecord, PhishTag, SourceReading
from incidents.services import phish_unmark
from tenants.enums import CloudName, TenantState
from tenants.models import AuditEvent, Connection
from tenants.scoping import tenant_scope
from tests.factories import rows, world

ACCESS = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
ATTACKER = "203.0.113.66"
SENDER = "docs@signing.example"
LURE = "<lure@signing.example>"
TOO_OLD = "Microsoft keeps these for 30 days: what is older could not be read."


@pytest.fixture
def incident(db, settings, simulator: SimulatorControl):
    """Alice's incident in the tiny world, with her tenant's scope open."""
    settings.SIMULATOR_URL = simulator.url
    tenant = rows.tenant(rows.organization(), "Tiny", is_demo=True)
    rows.connection(
        tenant,
        cloud=CloudName.SIMULATOR,
        microsoft_tenant_id=world.TENANT_ID,
        client_id=world.CLIENT_ID,
        client_secret=world.CLIENT_SECRET,
        domains=["tiny.example"],
    )
    alice = rows.account(tenant, "Alice Example", object_id=world.ALICE, user_principal_name="alice@tiny.example")
    made = rows.incident(tenant, alice, first_access_at=ACCESS)
    rows.indicator(made, ATTACKER)
    simulator.configure(world.TENANT_ID, throttling={"reports": 0})
    with tenant_scope([tenant.pk]):
        yield made


@pytest.fixture
def plant(simulator):
    def plant(collection, values, owner=None):
        simulator.plant(world.TENANT_ID, collection, values, owner=owner)

    return plant


def records(**which):
    return list(LogRecord.objects.filter(**which).order_by("occurred_at", "pk"))


def outcome(summary, source):
    return next(one for one in summary.sources if one.source == source)


def mail_read(number, *message_ids, at, ip="192.0.2.10"):
    """A record of MailItemsAccessed in Alice's mailbox."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}"
    items = [{"InternetMessageId": message_id} for message_id in message_ids]
    data = {"Operation": "MailItemsAccessed", "Workload": "Exchange", "UserId": "alice@tiny.example",
            "ClientIPAddress": ip, "Folders": [{"Path": "\\Inbox", "FolderItems": items}]}  # fmt: skip
    return {"id": f"0000000{number}-aaaa-4000-8000-000000000000", "createdDateTime": f"{stamp}Z",
            "operation": "MailItemsAccessed", "service": "Exchange", "userPrincipalName": "alice@tiny.example",
            "auditData": data}  # fmt: skip


def letter(message_id, sender=SENDER, received=ACCESS - timedelta(minutes=30), subject="Sign here"):
    return {
        "id": f"letter-{message_id.strip('<>')}", "internetMessageId": message_id, "subject": subject,
        "from": {"emailAddress": {"address": sender, "name": "Docs"}}, "parentFolderId": "inbox",
        "receivedDateTime": f"{received:%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip


def sign_in(number, at=ACCESS, ip=ATTACKER, **more):
    return world.sign_in(number, createdDateTime=f"{at:%Y-%m-%dT%H:%M:%SZ}", ipAddress=ip, **more)


# --- What is stored ---------------------------------------------------------------------------------------------------
def test_all_three_logs_become_rows(incident, plant):
    summary = collect(incident=incident)
    assert summary.is_complete
    found = {one.source: (one.found, one.added) for one in summary.sources}
    assert found[LogSource.SIGN_INS] == (2, 2)  # the non-interactive one as well; Bob's not
    assert found[LogSource.UNIFIED_AUDIT_LOG] == (2, 2)
    assert {record.source for record in records()} == {LogSource.SIGN_INS, LogSource.UNIFIED_AUDIT_LOG}
    assert {record.user_principal_name for record in records()} == {"alice@tiny.example"}
    assert {reading.failure for reading in SourceReading.objects.all()} == {""}


def test_what_the_account_did_and_what_was_done_to_it_in_the_directory(incident, plant):
    def audit(number, **more):
        values = {"id": f"Directory_{number}", "activityDateTime": "2026-03-01T10:05:00Z", "result": "success"}
        return values | {"activityDisplayName": "Update user", "initiatedBy": {"user": {"id": world.ADMIN}}} | more

    alice = {"id": world.ALICE, "type": "User", "userPrincipalName": "alice@tiny.example"}
    plant("directoryAudits", audit(1, initiatedBy={"user": alice}, targetResources=[]))
    plant("directoryAudits", audit(2, targetResources=[alice]))
    plant("directoryAudits", audit(3, initiatedBy={"user": alice}, targetResources=[alice]))
    plant("directoryAudits", audit(4, targetResources=[{"id": world.BOB, "type": "User"}]))
    summary = collect(incident=incident)
    assert outcome(summary, LogSource.DIRECTORY_AUDITS).added == 3
    found = [record.record_id for record in records(workload=Workload.DIRECTORY)]
    assert sorted(found) == ["Directory_1", "Directory_2", "Directory_3"]


def test_collecting_twice_stores_once(incident):
    first = collect(incident=incident)
    second = collect(incident=incident)
    assert (first.added > 0, second.added) == (True, 0)
    assert len(records()) == first.added


def test_the_page_hears_of_it(incident):
    collect(incident=incident)
    assert Incident.objects.get(pk=incident.pk).version > incident.version
    assert Connection.objects.get().last_contact_at is not None


def test_the_raw_record_is_kept(incident, plant):
    plant("auditRecords", mail_read(7, LURE, at=ACCESS) | {"userId": "x\x00y"})
    collect(incident=incident)
    record = LogRecord.objects.get(record_id="00000007-aaaa-4000-8000-000000000000")
    assert b'"InternetMessageId":"<lure@signing.example>"' in bytes(record.raw)
    assert len(record.raw_sha256) == 64


def test_sender_and_subject_come_from_the_mailbox(incident, plant):
    plant("messages", letter("<a@x>", subject="First"), world.ALICE)
    plant("messages", letter("<b@x>", sender="b@y.example", subject="Second"), world.ALICE)
    plant("auditRecords", mail_read(7, "<a@x>", at=ACCESS))
    plant("auditRecords", mail_read(8, "<a@x>", "<b@x>", "<gone@x>", at=ACCESS))
    collect(incident=incident)
    one, several = records(record_id__startswith="0000000", workload=Workload.EXCHANGE)[-2:]
    assert (one.subject, one.sender, one.internet_message_id) == ("First", SENDER, "<a@x>")
    assert [(message["subject"], message["sender"]) for message in several.messages] == [
        ("First", SENDER), ("Second", "b@y.example"), ("", ""),
    ]  # fmt: skip


# --- What fails -------------------------------------------------------------------------------------------------------
def test_a_log_that_fails_leaves_the_others(incident, simulator):
    granted = [one for one in world.ALL_PERMISSIONS if one != "AuditLogsQuery.Read.All"]
    simulator.configure(world.TENANT_ID, grantedPermissions=granted)
    summary = collect(incident=incident)
    failed = outcome(summary, LogSource.UNIFIED_AUDIT_LOG)
    assert (failed.found, summary.is_complete) == (0, False)
    assert "AuditLogsQuery" in failed.failure
    assert failed.request_id
    assert outcome(summary, LogSource.SIGN_INS).added == 2
    reading = SourceReading.objects.get(source=LogSource.UNIFIED_AUDIT_LOG)
    assert (reading.failure, reading.request_id) == (failed.failure, failed.request_id)


def test_a_failure_is_forgotten_once_it_works(incident, simulator):
    simulator.configure(world.TENANT_ID, licences={"premium": False})
    assert "licence" in outcome(collect(incident=incident), LogSource.SIGN_INS).failure
    simulator.configure(world.TENANT_ID, licences={"premium": True})
    assert outcome(collect(incident=incident), LogSource.SIGN_INS).failure == ""
    assert SourceReading.objects.get(source=LogSource.SIGN_INS).failure == ""


def test_v1_where_beta_refuses(incident, simulator):
    fault = {"match": {"path": "signInEventTypes"}, "answer": 400, "code": "BadRequest"}
    simulator.configure(world.TENANT_ID, faults=[fault])
    found = outcome(collect(incident=incident), LogSource.SIGN_INS)
    assert (found.failure, found.found) == ("", 1)  # v1.0 knows interactive ones only
    reading = SourceReading.objects.get(source=LogSource.SIGN_INS)
    assert reading.note == f"{collecting.FROM_V1} {TOO_OLD}"
    simulator.configure(world.TENANT_ID, faults=[])
    collect(incident=incident)
    assert SourceReading.objects.get(source=LogSource.SIGN_INS).note == TOO_OLD


def test_what_microsoft_no_longer_has_is_told(incident):
    collect(incident=incident)
    told = {reading.source: reading.note for reading in SourceReading.objects.all()}
    assert told[LogSource.DIRECTORY_AUDITS] == TOO_OLD
    Incident.objects.update(first_access_at=timezone.now() - timedelta(days=2))
    collect(incident=Incident.objects.get())
    assert {reading.note for reading in SourceReading.objects.all()} == {""}


def test_a_tenant_without_the_licence_is_told_as_such(incident, simulator):
    simulator.configure(world.TENANT_ID, licences={"premium": False})
    collect(incident=incident)
    licensed = {reading.source: reading.is_licensed for reading in SourceReading.objects.all()}
    assert licensed == {
        LogSource.SIGN_INS: False,
        LogSource.DIRECTORY_AUDITS: licensed[LogSource.DIRECTORY_AUDITS],
        LogSource.UNIFIED_AUDIT_LOG: True,
        LogSource.RISK_DETECTIONS: False,
    }


def test_a_cloud_that_is_gone_is_told_in_words(incident, settings):
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    summary = collect(incident=incident)
    assert all(one.failure for one in summary.sources)
    assert Connection.objects.get().last_contact_at is None


def test_a_tenant_that_is_not_connected(incident):
    Connection.objects.all().delete()
    summary = collect(incident=incident)
    assert {one.failure for one in summary.sources} == {"This tenant is not connected to Microsoft 365."}


# --- A query that takes its time --------------------------------------------------------------------------------------
@pytest.fixture
def slow(simulator):
    simulator.configure(world.TENANT_ID, auditQuerySeconds=3600)


def test_a_long_query_is_looked_at_again_later(incident, slow, simulator):
    pauses = []
    summary = collect(incident=incident, sleep=pauses.append)
    assert summary.is_pending
    assert collecting.QUERY_WAIT <= sum(pauses) < collecting.QUERY_WAIT + collecting.LONGEST_PAUSE
    reading = SourceReading.objects.get(source=LogSource.UNIFIED_AUDIT_LOG)
    assert (reading.finished_at, bool(reading.query_id)) == (None, True)
    assert outcome(summary, LogSource.SIGN_INS).added == 2

    simulator.configure(world.TENANT_ID, auditQuerySeconds=0)
    simulator.clear_requests()
    assert outcome(collect(incident=incident), LogSource.UNIFIED_AUDIT_LOG).added == 2
    made = [one for one in simulator.requests()["requests"] if one["method"] == "POST"]
    assert [one for one in made if one["path"].endswith("/queries")] == []


def test_a_query_that_never_ends_is_given_up(incident, slow):
    collect(incident=incident, sleep=lambda _: None)
    long_ago = timezone.now() - collecting.QUERY_EXPIRY - timedelta(minutes=1)
    SourceReading.objects.filter(source=LogSource.UNIFIED_AUDIT_LOG).update(started_at=long_ago)
    summary = collect(incident=incident, sleep=lambda _: None)
    assert "within two hours" in outcome(summary, LogSource.UNIFIED_AUDIT_LOG).failure
    assert not summary.is_pending


# --- The bells --------------------------------------------------------------------------------------------------------
@pytest.fixture
def rung(monkeypatch):
    bells = []
    monkeypatch.setattr("incidents.doorbell._send", lambda _task, *arguments: bells.append(arguments))
    return bells


def test_the_task_collects_in_the_tenants_scope(incident):
    tasks.collect_evidence(incident.pk)
    assert records()


def test_the_task_asks_again_while_microsoft_searches(
    incident, slow, rung, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(collecting, "QUERY_WAIT", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.collect_evidence(incident.pk)
    assert rung == [(incident.pk, collection.AGAIN)]


def test_nothing_is_collected_for_what_is_gone_or_paused(incident):
    tasks.collect_evidence(10**9)
    type(incident.tenant).objects.update(state=TenantState.PAUSED)
    tasks.collect_evidence(incident.pk)
    assert records() == []


def test_what_was_left_behind_is_found(incident, rung, django_capture_on_commit_callbacks):
    def sweep():
        rung.clear()
        with django_capture_on_commit_callbacks(execute=True):
            tasks.collect_overdue()
        return [incident_id for incident_id, _ in rung]

    long_ago = timezone.now() - timedelta(hours=1)
    Incident.objects.update(published_at=timezone.now())
    assert sweep() == []
    Incident.objects.update(published_at=long_ago)
    assert sweep() == [incident.pk]  # never read
    collect(incident=incident)
    assert sweep() == []
    SourceReading.objects.filter(source=LogSource.SIGN_INS).update(started_at=long_ago, finished_at=None)
    assert sweep() == [incident.pk]  # its worker died
    Incident.objects.update(state=IncidentState.DISMISSED)
    assert sweep() == []


# --- Tagging the phish ------------------------------------------------------------------------------------------------
def tagged():
    return [(tag.internet_message_id, tag.origin) for tag in PhishTag.objects.order_by("pk")]


@pytest.fixture
def taken_over(plant):
    """The attacker's first sign-in; two minutes before, Alice read a mail of a stranger."""
    plant("signIns", sign_in(9))
    plant("messages", letter(LURE), world.ALICE)
    plant("auditRecords", mail_read(7, LURE, at=ACCESS - timedelta(minutes=2)))


def test_the_mail_read_before_the_first_sign_in_is_the_phish(incident, taken_over):
    collect(incident=incident)
    tag = PhishTag.objects.get()
    assert (tag.internet_message_id, tag.subject, tag.sender_address, tag.sender_name) == (
        LURE, "Sign here", SENDER, "Docs",
    )  # fmt: skip
    assert tag.reason == (
        "Read at 09:58:00 UTC, 2 minutes before the attacker's first sign-in; its sender docs@signing.example is "
        "outside Tiny and had not written to Alice Example before."
    )
    assert AuditEvent.objects.filter(verb="mark_as_phish", actor_name="Petra", reason=tag.reason).count() == 1


def test_it_is_tagged_once(incident, taken_over):
    collect(incident=incident)
    collect(incident=incident)
    assert tagged() == [(LURE, TagOrigin.EVIDENCE)]


def test_what_a_person_took_away_stays_away(incident, taken_over):
    collect(incident=incident)
    analyst = rows.member(incident.tenant.organization)
    phish_unmark(incident=incident, internet_message_id=LURE, by=analyst)
    collect(incident=incident)
    assert tagged() == []


def test_nothing_is_tagged_where_two_mails_fit(incident, taken_over, plant):
    plant("messages", letter("<other@x>", sender="someone@else.example"), world.ALICE)
    plant("auditRecords", mail_read(8, "<other@x>", at=ACCESS - timedelta(minutes=5)))
    collect(incident=incident)
    assert tagged() == []


def test_a_sender_who_wrote_before_is_no_stranger(incident, taken_over, plant):
    plant("messages", letter("<earlier@x>", received=ACCESS - timedelta(days=40)), world.ALICE)
    collect(incident=incident)
    assert tagged() == []


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("from inside", {"sender": "bob@tiny.example"}),
        ("received long ago", {"received": ACCESS - timedelta(days=8)}),
        ("received afterwards", {"received": ACCESS + timedelta(minutes=1)}),
    ],
)
def test_other_mail_is_not_tagged(incident, plant, what, how):
    plant("signIns", sign_in(9))
    plant("messages", letter(LURE, **how), world.ALICE)
    plant("auditRecords", mail_read(7, LURE, at=ACCESS - timedelta(minutes=2)))
    collect(incident=incident)
    assert tagged() == []


@pytest.mark.parametrize(
    ("what", "record"),
    [
        ("read by the attacker", {"at": ACCESS - timedelta(minutes=2), "ip": ATTACKER}),
        ("read hours before", {"at": ACCESS - timedelta(hours=3)}),
        ("read afterwards", {"at": ACCESS + timedelta(minutes=1)}),
    ],
)
def test_mail_read_by_others_or_at_other_times_is_not_tagged(incident, plant, what, record):
    plant("signIns", sign_in(9))
    plant("messages", letter(LURE, received=ACCESS - timedelta(hours=4)), world.ALICE)
    plant("auditRecords", mail_read(7, LURE, **record))
    collect(incident=incident)
    assert tagged() == []


def test_without_a_sign_in_of_the_attacker_nothing_is_tagged(incident, plant):
    plant("signIns", sign_in(9, status={"errorCode": 50126, "failureReason": "Invalid password"}))
    plant("messages", letter(LURE), world.ALICE)
    plant("auditRecords", mail_read(7, LURE, at=ACCESS - timedelta(minutes=2)))
    collect(incident=incident)
    assert tagged() == []
