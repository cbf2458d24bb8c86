"""Petra Response through the simulated cloud: steps 1 to 3 by themselves, once, within the same policies."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from incidents.enums import IncidentState
from incidents.evidence.accounts import AccountUnknown, account_find, account_keep
from incidents.models import Account, Incident, PhishTag
from incidents.services import Opening, incident_dismiss, incident_open, incident_publish
from remediation import scanning
from remediation.actions.base import Stages
from remediation.actions.finding import Candidate, FindScope, Found
from remediation.enums import RunState, Step
from remediation.models import ActionRun, WorkOrder
from remediation.services import runs_undo, scan_request
from remediation.services.response import response_advance
from tenants.enums import ProtectedKind
from tenants.models import AuditEvent, Connection, ProtectedAccount, Tenant
from tests.factories import world
from tests.integration.remediation.desk import Desk, make_account, make_member

BOB = "bob@tiny.example"


@pytest.fixture(autouse=True)
def nobody_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests say themselves when a worker works."""
    monkeypatch.setattr("incidents.doorbell._send", lambda *_arguments: None)
    monkeypatch.setattr("remediation.doorbell._send", lambda *_arguments: None)


def switch(desk: Desk, is_on: bool = True) -> None:
    Tenant.objects.filter(pk=desk.tenant.pk).update(has_petra_response=is_on)
    desk.tenant.refresh_from_db()


def reopen(desk: Desk, account: Account | None = None) -> Incident:
    """An incident of this account opened anew; the desk works at it from now on."""
    account = account or desk.incident.account
    Incident.objects.filter(account=account).update(state=IncidentState.DISMISSED)
    since = Opening(since=timezone.now() - timedelta(hours=3))
    desk.incident = incident_open(tenant=desk.tenant, account=account, opening=since, by=desk.analyst)
    return desk.incident


def find(monkeypatch: pytest.MonkeyPatch, *candidates: dict[str, Any], step: Step = Step.PERSISTENCE) -> None:
    """Searches of this step find these, and nothing else."""
    values = {"kind": "device", "action_key": "disable_device", "is_suspicious": True}

    def finder(_scope: FindScope) -> Stages[Found]:
        found = [Candidate(**values | {"title": str(one["target"])} | one) for one in candidates]
        return Found(source="Devices", kind="device", candidates=found)
        yield []

    monkeypatch.setattr(scanning, "FINDERS", [(step, finder)])


DEVICE = {"target": {"device_id": world.DEVICE}, "title": "Laptop"}


def orders(desk: Desk) -> list[tuple[int, str]]:
    return list(
        WorkOrder.objects.filter(incident=desk.incident).order_by("pk").values_list("step", "requested_by_name")
    )


def states(desk: Desk, step: Step) -> list[str]:
    return list(ActionRun.objects.filter(incident=desk.incident, step=step).values_list("state", flat=True))


def panel(desk: Desk) -> str:
    client = Client()
    client.force_login(desk.analyst, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = reverse("remediation:panel", args=["tiny", desk.incident.pk])
    return " ".join(client.get(address, headers={"HX-Request": "true"}).content.decode().split())


# --- Step 1 -----------------------------------------------------------------------------------------------------------
def test_step_1_runs_the_moment_it_is_opened(desk: Desk, simulator: SimulatorControl):
    switch(desk)
    incident = reopen(desk)
    assert incident.state == IncidentState.ACTIVE
    assert orders(desk) == [(1, "Petra Response")]
    desk.work()
    assert states(desk, Step.CONTAIN) == ["succeeded", "succeeded"]
    alice = next(user for user in simulator.objects(world.TENANT_ID, "users") if user["id"] == world.ALICE)
    assert alice["accountEnabled"] is False
    verbs = dict(AuditEvent.objects.filter(incident_id=incident.pk).values_list("verb", "actor_name"))
    assert verbs == {
        "open_incident": "Ravi",
        "begin_petra_response": "Petra Response",
        "press_step": "Petra Response",
        "lock_account": "Petra Response",
        "revoke_sessions": "Petra Response",
    }
    assert "Step 1 was taken by Petra Response." in panel(desk)


def test_where_it_is_off_nothing_runs_and_publishing_comes_first(desk: Desk):
    incident = reopen(desk)
    assert (incident.state, orders(desk)) == (IncidentState.UNPUBLISHED, [])
    assert 'id="petra-response"' not in panel(desk)


def test_publishing_begins_it_too(desk: Desk):
    incident = reopen(desk)
    switch(desk)
    incident = Incident.objects.select_related("tenant", "account").get(pk=incident.pk)
    incident_publish(incident=incident, by=desk.analyst)
    assert orders(desk) == [(1, "Petra Response")]


def test_an_incident_that_was_active_before_is_left_to_people(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    find(monkeypatch, DEVICE)
    scan_request(incident=desk.incident, step=Step.PERSISTENCE, by=None)
    scanning.scan_due(tenant=desk.tenant)
    assert orders(desk) == []


def test_it_acts_in_this_tenant_only(desk: Desk):
    switch(desk)
    reopen(desk)
    assert set(ActionRun.objects.values_list("tenant_id", flat=True)) == {desk.tenant.pk}


# --- Who waits for a person -------------------------------------------------------------------------------------------
def protect(desk: Desk) -> Account:
    ProtectedAccount.objects.create(
        tenant=desk.tenant, user_principal_name=desk.incident.account.user_principal_name, kind=ProtectedKind.SERVICE
    )
    return desk.incident.account


def promote(desk: Desk) -> Account:
    return account_find(tenant=desk.tenant, address="root@tiny.example")


def half_read(desk: Desk) -> Account:
    """Microsoft told who it is, and not which roles it holds."""
    return account_keep(tenant=desk.tenant, read={"id": world.BOB, "userPrincipalName": BOB})


def employ(desk: Desk) -> Account:
    make_member(desk.organization, desk.incident.account.user_principal_name.upper())
    return desk.incident.account


def synchronize(desk: Desk) -> Account:
    return make_account(desk.tenant, "sync", "Sync", user_principal_name="Sync_dc1_7f3e@tiny.example")


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (protect, "this is a protected account."),
        (promote, "this account holds Global Administrator."),
        (employ, "this is the account of one of your own members."),
        (synchronize, "this is the directory-sync account, which is never acted on."),
    ],
)
def test_it_says_why_it_waits_for_a_person(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Desk], Account], why: str
):
    switch(desk)
    find(monkeypatch, DEVICE)
    reopen(desk, prepare(desk))
    scanning.scan_due(tenant=desk.tenant)
    assert orders(desk) == []
    page = panel(desk)
    assert f"Step 1 waits for a person: {why}" in page
    assert f"Step 3 waits for a person: {why}" in page


def test_an_account_whose_roles_are_not_known_waits_until_they_are(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    find(monkeypatch)
    reopen(desk, half_read(desk))
    assert orders(desk) == []
    assert "Step 1 waits for a person: which roles this account holds is not known yet." in panel(desk)
    scanning.scan_due(tenant=desk.tenant)  # it reads them
    assert orders(desk) == [(1, "Petra Response")]


# --- Steps 2 and 3 ----------------------------------------------------------------------------------------------------
def test_step_3_acts_on_what_is_preselected_once_the_search_is_complete(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    shared = {"target": {"device_id": "shared"}, "others_affected": 3}
    guarded = {"target": {"device_id": "guarded"}, "protected_address": BOB}
    calm = {"target": {"device_id": "calm"}, "is_suspicious": False}
    refused = {"target": {"device_id": "refused"}, "refusal": "Never."}
    find(monkeypatch, DEVICE, shared, guarded, calm, refused)
    reopen(desk)
    assert states(desk, Step.PERSISTENCE) == []
    assert "Step 3 waits for the search to be complete." in panel(desk)
    scanning.scan_due(tenant=desk.tenant)
    assert [run.title for run in desk.runs(step=Step.PERSISTENCE)] == ["Laptop"]
    desk.work()
    page = panel(desk)
    assert "Step 3 was taken by Petra Response on 1 item." in page
    assert "2 items left to people: others use it, or an account is protected." in page


def test_a_search_that_failed_is_no_ground(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    reopen(desk)
    Connection.objects.all().delete()
    scanning.scan_due(tenant=desk.tenant)
    assert states(desk, Step.PERSISTENCE) == []


def test_searching_again_does_nothing_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    find(monkeypatch, DEVICE)
    reopen(desk)
    for _ in range(3):
        scan_request(incident=desk.incident, step=Step.PERSISTENCE, by=None)
        scanning.scan_due(tenant=desk.tenant)
        response_advance(incident_id=desk.incident.pk)
    desk.work()
    assert orders(desk) == [(1, "Petra Response"), (3, "Petra Response")]


def test_what_a_later_search_finds_is_acted_on_too(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    find(monkeypatch)
    reopen(desk)
    scanning.scan_due(tenant=desk.tenant)
    assert "Step 3: nothing was preselected, so nothing was done." in panel(desk)
    find(monkeypatch, DEVICE)
    scan_request(incident=desk.incident, step=Step.PERSISTENCE, by=None)
    scanning.scan_due(tenant=desk.tenant)
    assert orders(desk) == [(1, "Petra Response"), (3, "Petra Response")]


def test_what_a_person_took_back_is_not_done_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    find(monkeypatch, DEVICE)
    reopen(desk)
    scanning.scan_due(tenant=desk.tenant)
    desk.work()
    run = desk.run(step=Step.PERSISTENCE)
    assert run.state == RunState.SUCCEEDED
    runs_undo(incident=desk.incident, run_ids=[run.pk], by=desk.analyst)
    desk.work()
    find(monkeypatch, DEVICE, {"target": {"device_id": "another"}})
    scan_request(incident=desk.incident, step=Step.PERSISTENCE, by=None)
    scanning.scan_due(tenant=desk.tenant)
    assert states(desk, Step.PERSISTENCE) == [RunState.UNDONE]
    assert "a person has taken something back, so the rest is left to people." in panel(desk)


def test_it_stops_when_the_incident_is_closed_or_it_is_switched_off(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    find(monkeypatch, DEVICE)
    reopen(desk)
    switch(desk, is_on=False)
    scanning.scan_due(tenant=desk.tenant)
    assert states(desk, Step.PERSISTENCE) == []
    assert "Petra Response was switched off since" in panel(desk)
    switch(desk)
    incident_dismiss(incident=desk.reload(), reason="A test", by=desk.analyst)
    response_advance(incident_id=desk.incident.pk)
    assert states(desk, Step.PERSISTENCE) == []


def test_step_2_waits_until_the_phish_is_known(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    switch(desk)
    target = {"mailbox": "alice@tiny.example", "user_id": world.ALICE, "message_id": "m", "internet_message_id": "<p>"}
    copy = {"kind": "phish_copy", "action_key": "retract_message", "target": target, "title": "Let's pay"}
    find(monkeypatch, copy, step=Step.RETRACT)
    reopen(desk)
    scanning.scan_due(tenant=desk.tenant)
    assert states(desk, Step.RETRACT) == []
    assert "Step 2 waits until a mail is tagged as the phish." in panel(desk)
    PhishTag.objects.create(
        tenant=desk.tenant, incident=desk.incident, internet_message_id="<p>", tagged_by_name="Ravi"
    )
    scan_request(incident=desk.incident, step=Step.RETRACT, by=None)
    scanning.scan_due(tenant=desk.tenant)
    assert orders(desk) == [(1, "Petra Response"), (2, "Petra Response")]


# --- Opening in a connected tenant ------------------------------------------------------------------------------------
def test_the_account_is_read_from_microsoft(desk: Desk):
    account = account_find(tenant=desk.tenant, address=f" {BOB.upper()}")
    assert (account.object_id, account.user_principal_name, account.account_enabled) == (world.BOB, BOB, True)
    assert account_find(tenant=desk.tenant, address=BOB).pk == account.pk


def test_an_account_that_only_the_logs_knew_becomes_this_one(desk: Desk):
    known = make_account(desk.tenant, "", "Bob", read_at=None)
    assert account_find(tenant=desk.tenant, address=BOB).pk == known.pk


def test_nobody_of_that_address(desk: Desk):
    with pytest.raises(
        AccountUnknown, match=r"Nobody at Tiny has the address “nobody@tiny\.example”\. Nothing was opened"
    ):
        account_find(tenant=desk.tenant, address="nobody@tiny.example")


def test_what_microsoft_refuses_is_told(desk: Desk, simulator: SimulatorControl):
    Connection.objects.update(client_secret="wrong")
    with pytest.raises(AccountUnknown, match=r"^The account could not be read\. .* Nothing was opened\.$"):
        account_find(tenant=desk.tenant, address=BOB)
