"""The circuit of a service that does not answer: when it opens, who asks, what closes it, and whom it does not touch."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from graph import Service
from graph.simulator.control import SimulatorControl
from incidents import collection
from remediation import claims, runner, scanning
from remediation.enums import RunState, ScanState, Step
from remediation.models import ActionRun, Scan
from tenants.circuits import FIRST_WAIT, LONGEST_WAIT, MISSES, OVER, PROBE, TenantCircuit, open_circuits
from tenants.connections import calls_count, graph_client
from tenants.models import CallCount, Connection, ServiceCircuit, Tenant
from tests.factories import world
from tests.integration.remediation.desk import Desk, make_account, make_incident


@dataclass
class Office:
    """A tenant, and a clock that moves when it is told to."""

    tenant: Tenant
    clock: time_machine.Traveller
    workers: list[TenantCircuit] = field(default_factory=list)

    def pass_by(self, seconds: float) -> None:
        self.clock.shift(timedelta(seconds=seconds))

    def worker(self, *, always_asks: bool = False) -> TenantCircuit:
        return TenantCircuit(self.tenant, always_asks=always_asks)

    def miss(self, times: int, *, every: float) -> None:
        for _ in range(times):
            self.worker().told(Service.GRAPH, has_answered=False)
            self.pass_by(every)

    def opened(self) -> "Office":
        self.miss(MISSES - 1, every=OVER.total_seconds() / (MISSES - 1))
        self.miss(1, every=0)
        return self


@pytest.fixture
def office(desk: Desk) -> Iterator[Office]:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield Office(desk.tenant, clock)


def test_it_opens_after_five_misses_over_ten_seconds(office: Office):
    office.miss(MISSES - 1, every=OVER.total_seconds() / (MISSES - 1))
    assert office.worker().wait(Service.GRAPH) == 0.0
    office.miss(1, every=0)
    assert office.worker().wait(Service.GRAPH) == FIRST_WAIT
    assert [row.service for row in open_circuits(office.tenant)] == ["graph"]


def test_a_burst_within_one_hiccup_opens_nothing(office: Office):
    office.miss(MISSES * 2, every=0.9)
    assert office.worker().wait(Service.GRAPH) == 0.0


def test_an_answer_in_between_counts_from_the_beginning_again(office: Office):
    office.miss(MISSES - 1, every=5)
    office.worker().told(Service.GRAPH, has_answered=True)
    office.miss(MISSES - 1, every=5)
    assert office.worker().wait(Service.GRAPH) == 0.0


def test_one_asks_when_the_wait_is_over_and_the_others_go_on_waiting(office: Office):
    first, second = office.opened().worker(), office.worker()
    office.pass_by(FIRST_WAIT)
    assert first.wait(Service.GRAPH) == 0.0
    assert first.wait(Service.GRAPH) == 0.0, "its other batches go with it"
    assert second.wait(Service.GRAPH) == PROBE.total_seconds()
    assert office.worker().wait(Service.GRAPH) == PROBE.total_seconds()


def test_another_may_ask_when_the_one_who_asked_is_never_heard_of(office: Office):
    office.opened().pass_by(FIRST_WAIT)
    assert office.worker().wait(Service.GRAPH) == 0.0
    office.pass_by(PROBE.total_seconds())
    assert office.worker().wait(Service.GRAPH) == 0.0


def test_each_miss_of_the_one_who_asks_doubles_the_wait_up_to_five_minutes(office: Office):
    office.opened()
    waits = []
    for _ in range(7):
        waits.append(office.worker().wait(Service.GRAPH))
        office.pass_by(waits[-1])
        asking = office.worker()
        assert asking.wait(Service.GRAPH) == 0.0
        asking.told(Service.GRAPH, has_answered=False)
        asking.told(Service.GRAPH, has_answered=False)  # a second batch of the same worker changes nothing
    assert waits == [15, 30, 60, 120, 240, LONGEST_WAIT, LONGEST_WAIT]


def test_any_answer_closes_it(office: Office):
    office.opened().pass_by(FIRST_WAIT)
    asking = office.worker()
    assert asking.wait(Service.GRAPH) == 0.0
    asking.told(Service.GRAPH, has_answered=True)
    assert office.worker().wait(Service.GRAPH) == 0.0
    assert not ServiceCircuit.objects.exists()


def test_the_strike_asks_all_the_same_and_its_answer_closes_it(office: Office):
    strike = office.opened().worker(always_asks=True)
    assert strike.wait(Service.GRAPH) == 0.0
    strike.told(Service.GRAPH, has_answered=True)
    assert office.worker().wait(Service.GRAPH) == 0.0


def test_other_services_and_other_tenants_are_not_affected(office: Office):
    other = Tenant.objects.create(organization=office.tenant.organization, slug="other", name="Other")
    office.opened()
    assert office.worker().wait(Service.EXCHANGE) == 0.0
    from tenants.scoping import tenant_scope

    with tenant_scope([other.pk]):
        assert TenantCircuit(other).wait(Service.GRAPH) == 0.0
        assert open_circuits(other) == []


# --- With the engine --------------------------------------------------------------------------------------------------
def open_graph(desk: Desk) -> None:
    now = timezone.now()
    waiting = {"waiting_since": now, "wait_seconds": 60, "retry_at": now + timedelta(seconds=60)}
    opened = {"misses": 7, "missed_since": now - timedelta(minutes=2), "opened_at": now}
    ServiceCircuit.objects.create(tenant=desk.tenant, service="graph", **opened, **waiting)


def test_nothing_is_sent_while_it_is_open_and_the_run_waits_for_it(desk: Desk, simulator: SimulatorControl):
    open_graph(desk)
    desk.press(Step.PASSWORD)
    desk.work()
    run = desk.run()
    assert simulator.requests()["requests"] == []
    assert (run.state, run.waits, run.code) == (RunState.QUEUED, 1, "NotAnswering")
    assert timedelta(seconds=50) < run.due_at - timezone.now() <= timedelta(seconds=60)


def test_the_strike_is_sent_while_it_is_open(desk: Desk, simulator: SimulatorControl):
    open_graph(desk)
    desk.press(Step.CONTAIN)
    desk.work()
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1
    assert {run.state for run in desk.runs()} == {RunState.SUCCEEDED}
    assert not ServiceCircuit.objects.exists(), "it was answered"


def test_a_refusal_is_an_answer(desk: Desk, simulator: SimulatorControl):
    open_graph(desk)
    ServiceCircuit.objects.update(retry_at=timezone.now())
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": "GET"}, "answer": 403}])
    desk.press(Step.PASSWORD)
    desk.work()
    assert not ServiceCircuit.objects.exists()


@pytest.mark.parametrize("answer", [503, 504, "reset"])
def test_silence_is_counted(answer: int | str, desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": "PATCH"}, "answer": answer, "retryAfter": 60}])
    desk.press(Step.PASSWORD)
    desk.work()
    assert ServiceCircuit.objects.get().misses >= 1


def test_the_panel_says_so_in_words(desk: Desk):
    client = Client()
    client.force_login(desk.analyst, backend="allauth.account.auth_backends.AuthenticationBackend")
    panel = reverse("remediation:panel", args=["tiny", desk.incident.pk])
    assert "has not answered" not in client.get(panel).content.decode()
    open_graph(desk)
    words = " ".join(client.get(panel).content.decode().split())
    assert f"Microsoft Graph has not answered for {desk.tenant.name} since" in words
    assert "(7 round trips). Petra asks again at" in words
    assert "Step 1 is tried all the same. Other tenants are not affected." in words


# --- What a tenant may have under way ---------------------------------------------------------------------------------
def held(desk: Desk, fence: str, **more: object) -> None:
    """A set of one run that a worker is busy with."""
    finding = desk.find("disable_device", {"device_id": fence})
    desk.press(Step.PERSISTENCE, finding_ids=[finding.pk])
    busy = {"state": RunState.RUNNING, "fence": fence, "lease_until": timezone.now() + timedelta(seconds=60)}
    ActionRun.objects.filter(finding=finding).update(**busy | more)


def test_a_tenant_has_so_many_sets_under_way_and_no_more_strikes_apart(desk: Desk):
    for number in range(1, claims.MOST_SETS):
        held(desk, f"set {number}")
    held(desk, "one", state=RunState.SUCCEEDED)  # being read back counts, too
    desk.press(Step.PASSWORD)
    assert claims.claim_runs(tenant=desk.tenant, now=timezone.now()) == []
    assert claims.claim_unverified(tenant=desk.tenant, now=timezone.now()) == []
    desk.press(Step.CONTAIN)
    strike = claims.claim_runs(tenant=desk.tenant, now=timezone.now())
    assert {run.step for run in strike} == {Step.CONTAIN}
    ActionRun.objects.filter(fence="one").update(lease_until=timezone.now())
    assert [run.step for run in claims.claim_runs(tenant=desk.tenant, now=timezone.now())] == [Step.PASSWORD]


@pytest.mark.parametrize(("limit", "rings"), [(1, 2), (2, 1), (3, 0)])
def test_a_worker_with_a_full_set_rings_for_another(desk: Desk, monkeypatch, limit: int, rings: int):
    found = [desk.find("disable_device", {"device_id": each}).pk for each in ("one", "two")]
    desk.press(Step.PERSISTENCE, finding_ids=found)
    rung: list[int] = []
    monkeypatch.setattr(runner.doorbell, "ring_runs", lambda tenant_id, **_: rung.append(tenant_id))
    for module in (runner, claims):
        monkeypatch.setattr(module, "CLAIM_LIMIT", limit)
    assert desk.work() == 2
    assert rung == [desk.tenant.pk] * rings


def test_a_tenant_has_one_search_under_way(desk: Desk):
    scan = {"tenant": desk.tenant, "incident": desk.incident, "requested_by_name": "Ravi"}
    running = {"state": ScanState.RUNNING, "fence": "f", "lease_until": timezone.now() + timedelta(seconds=60)}
    Scan.objects.create(step=Step.RETRACT, **scan, **running)
    Scan.objects.create(step=Step.PERSISTENCE, **scan)
    assert scanning.scan_due(tenant=desk.tenant) == 0
    Scan.objects.filter(fence="f").update(state=ScanState.COMPLETE)
    assert scanning.scan_due(tenant=desk.tenant) == 1


def test_a_tenant_has_one_collection_under_way(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    rung: list[tuple[int, float]] = []
    monkeypatch.setattr(collection, "ring_collection", lambda pk, countdown=0.0: rung.append((pk, countdown)))
    other = make_incident(desk.tenant, make_account(desk.tenant, world.BOB, "Bob"))
    until = timezone.now() + timedelta(minutes=1)
    type(other).objects.filter(pk=other.pk).update(collecting_until=until)
    collection.collect_for(desk.incident.pk)
    assert rung == [(desk.incident.pk, collection.BUSY_AGAIN)]
    assert desk.reload().collecting_until is None


def test_a_late_collection_does_not_let_go_of_what_another_one_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    taken = timezone.now() + timedelta(minutes=20)

    def taken_over(**_what: object) -> None:
        type(desk.incident).objects.filter(pk=desk.incident.pk).update(collecting_until=taken)
        raise KeyboardInterrupt

    monkeypatch.setattr(collection, "collect", taken_over)
    with pytest.raises(KeyboardInterrupt):
        collection.collect_for(desk.incident.pk)
    assert desk.reload().collecting_until == taken


def test_calls_are_added_up_over_all_workers(desk: Desk):
    client = graph_client(Connection.objects.select_related("tenant").get())
    client.tally.update({("graph", "ok"): 3, ("exchange", "throttled"): 1})
    calls_count(client)
    calls_count(client)  # counted once
    client.tally.update({("graph", "ok"): 4})
    calls_count(client)
    counts = {(row.service, row.result): row.count for row in CallCount.objects.all()}
    assert counts == {("graph", "ok"): 7, ("exchange", "throttled"): 1}


def test_what_a_strike_came_to_is_counted(desk: Desk):
    desk.press(Step.CONTAIN)
    desk.work()
    assert CallCount.objects.get(service="graph", result="ok").count == 3, "two that act, one that reads back"
