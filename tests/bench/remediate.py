"""Reset, disable, revoke, three sign-in methods and two rules: all together through the engine, and one after the other."""

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench.contain import LATENCY
from tests.bench.serial import SerialCloud, disable_rules, lock_and_revoke, remove_methods, reset_password
from tests.factories import world
from tests.fixtures.simulator import RawCloud, start_simulator

METHODS = {f"6a7b0000-0000-4000-8000-00000000000{number}": f"Phone {number}" for number in (1, 2, 3)}
RULES = ("AQAAAJ5dZp8=", "AQAAAJ5dZpA=")
KIND = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"


def _world() -> dict[str, Any]:
    tiny = world.tiny_world()
    template = world.authentication_methods()[-1]
    extra = [template | {"id": method_id, "displayName": name} for method_id, name in METHODS.items()]
    tiny["tenants"][0]["authenticationMethods"][world.ALICE] = [*world.authentication_methods()[:2], *extra]
    tiny["tenants"][0]["messageRules"][world.ALICE] = [world.rule(RULES[0], "Hide"), world.rule(RULES[1], "Seek")]
    return tiny


def measure(folder: Path) -> dict[str, float]:
    """The figures of one run of each way; round trips do not vary, seconds are latency above all."""
    process, url = start_simulator(folder / "cloud.sqlite3", "--empty")
    try:
        return _ours(folder, url) | _serial(url)
    finally:
        process.terminate()
        process.wait(10)


def _serial(url: str) -> dict[str, float]:
    control = _fresh(url)
    cloud = SerialCloud(RawCloud(url))
    lock_and_revoke(cloud, world.ALICE)
    paths = [f"/users/{world.ALICE}/authentication/microsoftAuthenticatorMethods/{each}" for each in METHODS]
    remove_methods(cloud, world.ALICE, paths)
    disable_rules(cloud, world.ALICE, list(RULES))
    reset_password(cloud, world.ALICE, "Correct-Horse-7-Battery")
    _check(control)
    return {"serial_remediate_round_trips": cloud.round_trips, "serial_remediate_seconds": cloud.seconds}


def _ours(folder: Path, url: str) -> dict[str, float]:
    os.environ |= {"PETRA_DATA_DIR": str(folder / "data"), "PETRA_SIMULATOR_URL": url, "PETRA_LOG_LEVEL": "ERROR"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "petra.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.bench.desk import ordered_desk

    control = _fresh(url)
    with ordered_desk(METHODS, RULES, KIND) as desk:
        control.clear_requests()
        began = time.perf_counter()
        desk.work()
        seconds = time.perf_counter() - began
    requests = control.requests()["requests"]
    _check(control)
    writes: dict[str, bool] = {}  # round trip, in order -> whether it changes anything
    for request in requests:
        trip = str(request["batchId"] or f"plain-{request['id']}")
        writes[trip] = writes.get(trip, False) or request["method"] != "GET"
    trips = list(writes.values())
    read_back = sum(before and not after for before, after in pairwise(trips))
    return {
        "remediate_round_trips": len(trips),
        "remediate_seconds": round(seconds, 3),
        "verify_round_trips": read_back,  # each set is read back right after its writes
    }


def _fresh(url: str) -> Any:
    from graph.simulator.control import SimulatorControl

    control = SimulatorControl(url)
    control.load_world(_world())
    control.configure(world.TENANT_ID, latency=LATENCY)
    return control


def _check(control: Any) -> None:
    """Both ways have to have the same effects, or the comparison is none."""
    user = next(each for each in control.objects(world.TENANT_ID, "users") if each["id"] == world.ALICE)
    assert user["accountEnabled"] is False
    methods = control.objects(world.TENANT_ID, "authenticationMethods", owner=world.ALICE)
    assert not {method["id"] for method in methods} & set(METHODS)
    rules = control.objects(world.TENANT_ID, "messageRules", owner=world.ALICE)
    assert not any(rule["isEnabled"] for rule in rules)
