"""What machines ask: is it alive, is it ready, how much is there to do."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from petra import heartbeat
from petra.celery import app
from remediation.enums import OrderState, RunState, ScanState, Step
from remediation.models import ActionRun, IssuedPassword, Scan, WorkOrder
from tenants.models import CallCount, ServiceCircuit
from tenants.scoping import unscoped
from tests.architecture.source import ROOT
from tests.factories import rows
from tests.fixtures.simulator import free_port

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
TOKEN = "metrics-token-of-a-test"
ASKED = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _no_tick_of_other_tests():
    cache.delete(heartbeat.KEY)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def ready() -> tuple[int, dict]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


# --- Alive ------------------------------------------------------------------------------------------------------------
def test_alive_asks_nobody():
    with CaptureQueriesContext(connection) as queries:
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json(), len(queries)) == (200, {"alive": True}, 0)


@override_settings(SECURE_SSL_REDIRECT=True)
def test_machines_may_ask_over_plain_http_from_within():
    client = Client(SERVER_NAME="127.0.0.1")
    found = [client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics", "/sign-in/")]
    assert found == [200, 503, 404, 301]


# --- Ready ------------------------------------------------------------------------------------------------------------
def test_ready_when_all_parts_are(clock):
    app.tasks["petra.tasks.tick"].delay()  # what beat rings
    with time_machine.travel(NOW + timedelta(seconds=12), tick=False):
        parts = {name: {"ready": True} for name in ("database", "broker", "migrations")}
        wanted = {"ready": True, "parts": parts | {"beat": {"ready": True, "age_seconds": 12.0}}}
        assert ready() == (200, wanted)


def test_beat_rings_the_tick_more_often_than_it_may_be_late():
    entry = app.conf.beat_schedule["tick"]
    assert entry["task"] in app.tasks
    assert entry["schedule"] * 3 <= entry["options"]["expires"] <= 60


def test_not_ready_when_beat_is_late(clock):
    heartbeat.tick()
    with time_machine.travel(NOW + timedelta(seconds=61), tick=False):
        status, told = ready()
    assert (status, told["ready"], told["parts"]["beat"]) == (503, False, {"ready": False, "age_seconds": 61.0})


def test_not_ready_before_the_first_tick():
    status, told = ready()
    assert (status, told["parts"]["beat"]) == (503, {"ready": False})


def test_not_ready_while_a_migration_is_missing():
    heartbeat.tick()
    newest = max(name for label, name in MigrationRecorder(connection).applied_migrations() if label == "remediation")
    MigrationRecorder(connection).record_unapplied("remediation", newest)
    status, told = ready()
    missing = [name for name, part in told["parts"].items() if not part["ready"]]
    assert (status, missing) == (503, ["migrations"])


def test_nothing_there_is_told_soon_and_without_a_word_too_many(tmp_path):
    """Neither database nor broker listens: in a process of its own, for settings are read once."""
    code = (
        "import django, json; django.setup(); from django.test import Client;"
        "client = Client(SERVER_NAME='localhost');"
        "print(json.dumps([[a.status_code, a.content.decode()] for a in map(client.get, ['/healthz', '/readyz'])]))"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "petra.settings",
        "PETRA_PRODUCTION": "0",
        "PETRA_DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"postgres://petra:hunter2@127.0.0.1:{free_port()}/petra",
        "REDIS_URL": f"redis://:hunter2@127.0.0.1:{free_port()}/0",
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=True)
    alive, told = json.loads(done.stdout)
    parts = {name: {"ready": False} for name in ("database", "broker", "migrations", "beat")}
    assert (alive, told[0], json.loads(told[1])) == (
        [200, '{"alive": true}'],
        503,
        {"ready": False, "parts": parts},
    )
    assert '"event": "not_ready"' in done.stderr
    assert "hunter2" not in done.stderr


# --- Metrics ----------------------------------------------------------------------------------------------------------
def test_metrics_do_not_exist_without_a_token():
    assert Client().get("/metrics", **ASKED).status_code == 404


@override_settings(METRICS_TOKEN=TOKEN)
@pytest.mark.parametrize("given", ["", TOKEN, "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}é"])
def test_metrics_are_for_the_holder_of_the_token(given):
    answer = Client().get("/metrics", HTTP_AUTHORIZATION=given)
    assert (answer.status_code, answer.content, answer.headers["WWW-Authenticate"]) == (401, b"", "Bearer")


def samples() -> dict[tuple, float]:
    with override_settings(METRICS_TOKEN=TOKEN), CaptureQueriesContext(connection) as queries:
        answer = Client().get("/metrics", **ASKED)
    assert answer.status_code == 200
    found = {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels, reverse=True))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }
    return found | {("queries",): len(queries)}


def work(tenant, *, step: Step, state: RunState, due_at: datetime, **more: object) -> ActionRun:
    with unscoped(reason="a test's rows"):
        incident = rows.incident(tenant)
        order = WorkOrder.objects.create(
            tenant=tenant, incident=incident, step=step, state=OrderState.APPROVED, idempotency_key=str(incident.pk)
        )
        Scan.objects.create(tenant=tenant, incident=incident, step=step, state=ScanState.COMPLETE)
        target = {"target_key": "t", "target": {}, "title": "Secret Client", "lane": "directory"}
        return ActionRun.objects.create(
            tenant=tenant, order=order, incident=incident, step=step, action_key="reset_password", state=state,
            due_at=due_at, ordered_at=NOW, **target, **more,
        )  # fmt: skip


def test_what_is_counted(clock):
    lantern = rows.organization()
    one, two = rows.tenant(lantern, "Secret Client"), rows.tenant(lantern, "Secret Neighbour")
    ago = {seconds: NOW - timedelta(seconds=seconds) for seconds in (5, 40, 90, 500)}
    work(one, step=Step.CONTAIN, state=RunState.QUEUED, due_at=ago[5])
    work(two, step=Step.CONTAIN, state=RunState.UNDOING, due_at=ago[40])
    work(two, step=Step.CONTAIN, state=RunState.UNDOING, due_at=ago[90], lease_until=NOW + timedelta(seconds=60))
    reset = work(two, step=Step.PASSWORD, state=RunState.SUCCEEDED, due_at=ago[500])
    with unscoped(reason="a test's rows"):
        IssuedPassword.objects.create(tenant=two, run=reset, reference="r", password="Tabiku")
    CallCount.objects.create(service="mailbox", result="done", count=7)
    with unscoped(reason="a test's rows"):
        ServiceCircuit.objects.create(tenant=one, service="graph", misses=5, missed_since=NOW, opened_at=NOW)
        ServiceCircuit.objects.create(tenant=two, service="graph", misses=1, missed_since=NOW)
    heartbeat.tick()
    found = samples()
    assert found.pop(("queries",)) <= 10
    assert found == {
        ("petra_action_runs", "1", "queued"): 1,
        ("petra_action_runs", "1", "undoing"): 2,
        ("petra_action_runs", "4", "succeeded"): 1,
        ("petra_work_orders", "1", "approved"): 3,
        ("petra_work_orders", "4", "approved"): 1,
        ("petra_scans", "1", "complete"): 3,
        ("petra_scans", "4", "complete"): 1,
        ("petra_queue_age_seconds",): 40,
        ("petra_passwords_waiting",): 1,
        ("petra_open_circuits", "graph"): 1,
        ("petra_beat_age_seconds",): 0,
        ("petra_microsoft_calls_total", "mailbox", "done"): 7,
    }


def test_more_rows_are_not_more_queries(clock):
    few = samples()
    lantern = rows.organization()
    for number in range(3):
        work(rows.tenant(lantern), step=Step(number + 1), state=RunState.QUEUED, due_at=NOW)
    assert samples()["queries",] == few["queries",]
    assert few["petra_queue_age_seconds",] == 0
