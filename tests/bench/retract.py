"""5,000 copies in 1,000 mailboxes of one tenant: found, and retracted; and the bare moves, and one call after the other.

`BENCH_MAILBOXES` in the environment says how many mailboxes (1,000), `BENCH_ROUNDS` how often each way is taken (3).
"""

import os
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from graph.simulator.control import SimulatorControl
from tests.bench import flood
from tests.bench.desks import desks
from tests.bench.serial import SerialCloud
from tests.fixtures.services import Postgres, create_database
from tests.fixtures.simulator import RawCloud, start_simulator

LATENCY = 0.15
COPIES = 5
WORKERS = 4  # processes, as many as a tenant may keep busy: see remediation/claims.py
IN_FLIGHT = 8 * WORKERS  # batches: what that many clients have under way, see remediation/runner.py
A_BATCH = 20
SAMPLE = 5  # mailboxes of the serial way


def measure(folder: Path) -> dict[str, float]:
    """The figures: medians of some rounds; seconds from the press until all is verified."""
    mailboxes, rounds = int(os.environ.get("BENCH_MAILBOXES", "1000")), int(os.environ.get("BENCH_ROUNDS", "3"))
    process, url = start_simulator(folder / "cloud.sqlite3", "--empty")
    control = SimulatorControl(url)
    document = {"tenants": [flood.flooded(0, mailboxes=mailboxes, copies=COPIES)]}
    try:
        with Postgres() as postgres:
            databases = [create_database(postgres.url, f"round{each}") for each in range(rounds)]
            ours = [_ours(folder, control, document, database) for database in databases]
        bare = [_bare(control, document, mailboxes) for _ in range(rounds)]
        serial = _serial(control, document) / SAMPLE * mailboxes
    finally:
        process.terminate()
        process.wait(10)
    return figures_of(ours, bare, serial)


def figures_of(ours: list[dict[str, float]], bare: list[float], serial: float) -> dict[str, float]:
    seconds, bare_seconds = statistics.median(one["seconds"] for one in ours), statistics.median(bare)
    return {
        "retract_copies": ours[0]["copies"],
        "retract_search_seconds": round(statistics.median(one["search"] for one in ours), 2),
        "retract_seconds": round(seconds, 2),
        "retract_bare_seconds": round(bare_seconds, 2),
        "retract_serial_seconds": round(serial, 1),
        "retract_to_bare_ratio": round(seconds / bare_seconds, 2),
        "retract_speedup": round(serial / seconds, 1),
        "mailbox_peak_concurrency": max(one["peak"] for one in ours),
        "retract_ignored_429": max(one["ignored"] for one in ours),
    }


# --- Petra ------------------------------------------------------------------------------------------------------------
def _ours(folder: Path, control: SimulatorControl, document: dict[str, Any], url: str) -> dict[str, float]:
    control.load_world(document)
    control.configure(flood.tenant_id(0), latency=LATENCY)
    with desks(folder, control, url, WORKERS) as workers:
        workers[0].ask("prepare 1")
        began = time.perf_counter()
        workers[0].ask("seek")
        workers[0].ask("scan t0")
        search = time.perf_counter() - began
        copies = workers[0].ask("copies")
        for worker in workers[1:]:
            worker.ask("states")  # its connection stands, as a worker's does
        digest = workers[0].ask("look")
        control.clear_requests()
        began = time.perf_counter()
        workers[0].ask(f"begin {digest}")
        for worker in workers:
            worker.tell("work t0")
        for worker in workers:
            worker.hear()
        seconds = time.perf_counter() - began
        states = workers[0].ask("states")
    assert states == {"succeeded": copies, "verified": copies}, states
    check_moved_once(control, flood.tenant_id(0), copies)
    report = control.requests(flood.tenant_id(0))
    _check(control, document)
    return {
        "copies": copies,
        "search": search,
        "seconds": seconds,
        "peak": report["peakMailboxConcurrency"],
        "ignored": report["ignoredRetryAfter"],
    }


def check_moved_once(control: SimulatorControl, tenant_id: str, copies: int) -> None:
    """No copy was lost, and none was moved twice: as Microsoft saw it."""
    lines = control.requests(tenant_id)["requests"]
    moves = Counter(line["path"] for line in lines if line["method"] == "POST" and line["path"].endswith("/move"))
    assert (len(moves), set(moves.values())) == (copies, {1}), (len(moves), moves.most_common(3))


def _check(control: SimulatorControl, document: dict[str, Any]) -> None:
    """All ways have to have the same effect, or the comparison is none. A look at every hundredth mailbox."""
    for owner in list(document["tenants"][0]["messages"])[::100]:
        lying = {
            mail["parentFolderId"] for mail in control.objects(document["tenants"][0]["tenantId"], "messages", owner)
        }
        assert lying == {f"folder-{owner}-deleteditems"}, (owner, lying)


# --- The bare moves ---------------------------------------------------------------------------------------------------
def _bare(control: SimulatorControl, document: dict[str, Any], mailboxes: int) -> float:
    """The same moves in batches of 20, as many in flight: neither database nor reading back."""
    control.load_world(document)
    control.configure(flood.tenant_id(0), latency=LATENCY)
    headers = RawCloud(control.url, flood.tenant_id(0), client_id=flood.client_id(0)).headers()
    owners = [flood.user_id(0, number) for number in range(mailboxes)]
    moves = [(owner, f"AAMk-{owner}-{number}") for number in range(COPIES) for owner in owners]
    batches = [moves[at : at + A_BATCH] for at in range(0, len(moves), A_BATCH)]
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=IN_FLIGHT))

    def send(batch: list[tuple[str, str]]) -> None:
        items = [
            {
                "id": str(number),
                "method": "POST",
                "url": f"/users/{owner}/messages/{message}/move",
                "headers": {"Content-Type": "application/json", "Prefer": 'IdType="ImmutableId"'},
                "body": {"destinationId": "deleteditems"},
            }
            for number, (owner, message) in enumerate(batch)
        ]
        answer = session.post(f"{control.url}/v1.0/$batch", json={"requests": items}, headers=headers, timeout=60)
        assert {one["status"] for one in answer.json()["responses"]} == {201}, answer.text[:500]

    began = time.perf_counter()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(send, batches))
    seconds = time.perf_counter() - began
    _check(control, document)
    return seconds


# --- One after the other ----------------------------------------------------------------------------------------------
def _serial(control: SimulatorControl, document: dict[str, Any]) -> float:
    """The calls of some mailboxes, each waiting for the one before: read, move, read back."""
    control.load_world(document)
    control.configure(flood.tenant_id(0), latency=LATENCY)
    cloud = SerialCloud(RawCloud(control.url, flood.tenant_id(0), client_id=flood.client_id(0)))
    for number in range(SAMPLE):
        owner = flood.user_id(0, number)
        _read(cloud, owner)
        for each in range(COPIES):
            cloud.call("POST", f"/users/{owner}/messages/AAMk-{owner}-{each}/move", {"destinationId": "deleteditems"})
        _read(cloud, owner)
    return cloud.seconds


def _read(cloud: SerialCloud, owner: str) -> None:
    wanted = " or ".join(f"internetMessageId eq '{one}'" for one in flood.message_ids(COPIES)).replace("+", "%2B")
    cloud.call("GET", f"/users/{owner}/messages?$filter={wanted}&$select=id,parentFolderId")
    cloud.call("GET", f"/users/{owner}/mailFolders/deleteditems?$select=id")
