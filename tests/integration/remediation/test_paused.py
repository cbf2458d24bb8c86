"""In a paused tenant nothing is sent and nothing is looked for: what waits goes on waiting, until it is resumed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from incidents.collection import Hold, HoldLost
from remediation import claims, doorbell, scanning, sweeper, watching
from remediation.enums import RunState, ScanState, Step
from remediation.models import Scan
from remediation.policies import Refused
from remediation.services import scans_begin, step_retry
from tenants.enums import TenantState
from tenants.models import Tenant
from tests.integration.remediation.desk import Desk


def put(desk: Desk, state: TenantState) -> None:
    Tenant.objects.filter(pk=desk.tenant.pk).update(state=state)
    desk.reload()


def test_running_work_waits_and_goes_on(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.CONTAIN)
    put(desk, TenantState.PAUSED)
    assert desk.work() == 0
    assert simulator.requests()["requests"] == []
    assert {run.state for run in desk.runs()} == {RunState.QUEUED}
    put(desk, TenantState.CONNECTED)
    assert desk.work() == 2
    assert {run.state for run in desk.runs()} == {RunState.SUCCEEDED}


def test_what_is_under_way_is_let_go(desk: Desk):
    """The worker stops at its next breath; the sweeper then puts it back, and it is read before it is sent again."""
    desk.press(Step.CONTAIN)
    scans_begin(incident=desk.incident, by=desk.analyst)
    runs = claims.claim_runs(tenant=desk.tenant, now=timezone.now())
    Scan.objects.update(state=ScanState.RUNNING, fence="scan")
    hold = Hold(desk.incident.pk, timezone.now() + timedelta(minutes=1))
    type(desk.incident).objects.filter(pk=desk.incident.pk).update(collecting_until=hold.until)

    def held() -> tuple[bool, bool]:
        now = timezone.now()
        return claims.renew_lease(runs[0].fence, now=now), scanning._renew("scan", now)

    assert held() == (True, True)
    hold.extend()
    put(desk, TenantState.PAUSED)
    assert held() == (False, False)
    with pytest.raises(HoldLost):
        hold.extend()


def test_reading_back_waits_too(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.CONTAIN)
    desk.work()
    for run in desk.runs():
        type(run).objects.filter(pk=run.pk).update(verified_at=None, verify_due_at=run.finished_at)
    put(desk, TenantState.PAUSED)
    simulator.clear_requests()
    desk.work()
    assert simulator.requests()["requests"] == []


def test_searches_and_watches_wait(desk: Desk, simulator: SimulatorControl):
    scans_begin(incident=desk.incident, by=desk.analyst)
    put(desk, TenantState.PAUSED)
    simulator.clear_requests()
    assert (scanning.scan_due(tenant=desk.tenant), watching.watch_due(tenant=desk.tenant)) == (0, 0)
    assert {scan.state for scan in Scan.objects.all()} == {ScanState.QUEUED}
    assert simulator.requests()["requests"] == []


def test_nobody_rings_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.press(Step.CONTAIN)
    scans_begin(incident=desk.incident, by=desk.analyst)
    put(desk, TenantState.PAUSED)
    rung: list[tuple[str, int]] = []
    for name in ("ring_runs", "ring_strike", "ring_scan", "ring_watch"):
        monkeypatch.setattr(doorbell, name, lambda tenant_id, name=name: rung.append((name, tenant_id)))
    sweeper.resume_stalled(now=timezone.now())
    assert rung == []
    put(desk, TenantState.CONNECTED)
    sweeper.resume_stalled(now=timezone.now())
    assert {name for name, _ in rung} == {"ring_runs", "ring_strike", "ring_scan"}


def test_a_press_is_told_that_it_would_only_wait(desk: Desk):
    put(desk, TenantState.PAUSED)
    acts = (
        lambda: desk.press(Step.CONTAIN),
        lambda: step_retry(incident=desk.incident, step=Step.CONTAIN, by=desk.analyst),
        lambda: scans_begin(incident=desk.incident, by=desk.analyst),
    )
    for act in acts:
        with pytest.raises(Refused, match="Tiny is paused: nothing is sent there"):
            act()
    assert desk.runs() == []
