"""Log lines carry the request, the tenant and the runs; a worker's carry the request of the press that rang."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from petra.logging import SHARED_PROCESSORS
from tenants.scoping import tenant_scope
from tests.architecture.source import ROOT
from tests.factories import rows

MERGE = SHARED_PROCESSORS[:1]  # what brings the context into a line


def test_a_scope_of_one_tenant_names_it_and_one_of_several_names_none():
    logger = structlog.get_logger("test")
    with capture_logs(MERGE) as lines:
        with tenant_scope([7, 8]):
            logger.info("both")
            with tenant_scope([7]):
                logger.info("one")
            logger.info("both again")
        logger.info("none")
    assert [line.get("tenant_id") for line in lines] == [None, 7, None, None]


@pytest.mark.django_db
def test_lines_of_a_tenants_page_name_request_and_tenant(client):
    lantern = rows.organization()
    shown, other = rows.incident(rows.tenant(lantern)), rows.tenant(lantern)
    client.force_login(rows.member(lantern), backend="allauth.account.auth_backends.AuthenticationBackend")
    with capture_logs(MERGE) as lines:
        assert client.get(f"/t/{shown.tenant.slug}/incidents/{shown.pk}/").status_code == 200
        assert client.get(f"/t/{other.slug}/incidents/{shown.pk}/").status_code == 404
        assert client.get("/").status_code == 200
    ends = [line for line in lines if line["event"] == "request_finished"]
    assert [(line["code"], line.get("tenant_id")) for line in ends] == [
        (200, shown.tenant_id),
        (404, other.pk),
        (200, None),
    ]
    assert len({line["request_id"] for line in ends}) == 3


RING = """
import django, structlog
django.setup()
from remediation.doorbell import ring_runs
structlog.contextvars.bind_contextvars(request_id="press-1", user_id=7, run_ids=[1], note="hunter2")
ring_runs(99)
"""


def lines_of(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_a_workers_lines_carry_the_request_of_the_press(tmp_path):
    """Real processes and the embedded queue: one rings, another answers. There is no table yet, so the task breaks."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "petra.settings",
        "PETRA_PRODUCTION": "0",
        "PETRA_DATA_DIR": str(tmp_path),
        "PETRA_LOG_LEVEL": "DEBUG",
    }
    subprocess.run([sys.executable, "-c", RING], cwd=ROOT, env=environment, check=True, timeout=30)
    messages = [path.read_text() for path in (tmp_path / "queue/messages").glob("*.msg")]
    assert len(messages) == 1
    assert json.loads(messages[0])["headers"]["__django_structlog__"] == {"request_id": "press-1", "user_id": 7}

    log = tmp_path / "worker.log"
    quick = ["-P", "solo", "-Q", "strike,work", "--without-mingle", "--without-gossip", "--without-heartbeat"]
    with log.open("wb") as output:
        command = [sys.executable, "-m", "celery", "-A", "petra", "worker", *quick, "-l", "ERROR"]
        worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while '"task_failed"' not in log.read_text() and time.monotonic() < deadline:
            assert worker.poll() is None, log.read_text()
            time.sleep(0.1)
    finally:
        worker.terminate()
        worker.wait(20)
    ours = [line for line in lines_of(log) if line["event"] in {"task_started", "task_failed"}]
    assert [(line["event"], line["request_id"], line["user_id"]) for line in ours] == [
        ("task_started", "press-1", 7),
        ("task_failed", "press-1", 7),
    ]
    assert "no such table" in ours[1]["exception"]
