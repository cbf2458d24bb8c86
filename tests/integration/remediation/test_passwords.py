"""Step 4: one password, seen once by the one who pressed, and nowhere else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from remediation import passwords
from remediation.enums import RunState, Step
from remediation.models import ActionAttempt, ActionRun, IssuedPassword
from remediation.policies import Refused
from tenants.models import AuditEvent
from tests.factories import world
from tests.integration.remediation.desk import Desk


def issued() -> IssuedPassword:
    return IssuedPassword.objects.get()


def test_sets_the_stored_password_and_shows_it_once(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.PASSWORD)
    secret = issued().password
    assert issued().accepted_at is None
    desk.work()
    run = desk.run()
    assert run.state == RunState.SUCCEEDED
    assert run.verified_at
    assert simulator.password_matches(world.TENANT_ID, world.ALICE, secret)
    assert issued().expires_at - issued().accepted_at == timedelta(minutes=15)
    with pytest.raises(passwords.PasswordGone, match="Only the member who pressed"):
        passwords.reveal(run=run, by=desk.colleague)
    assert passwords.reveal(run=run, by=desk.analyst) == secret
    assert issued().password == ""
    with pytest.raises(passwords.PasswordGone, match="shown once"):
        passwords.reveal(run=run, by=desk.analyst)


def test_the_password_stands_nowhere_else(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.PASSWORD)
    secret = issued().password
    desk.work()
    rows = [*ActionRun.objects.values(), *ActionAttempt.objects.values(), *AuditEvent.objects.values()]
    assert secret not in str(rows)
    assert secret not in str(simulator.requests())


def test_expires_after_fifteen_minutes(desk: Desk):
    desk.press(Step.PASSWORD)
    desk.work()
    assert passwords.destroy_expired(now=timezone.now() + timedelta(minutes=14)) == 0
    assert passwords.destroy_expired(now=timezone.now() + timedelta(minutes=15, seconds=1)) == 1
    assert issued().password == ""


def test_a_lost_answer_keeps_the_same_password(desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": "PATCH"}, "answer": "lost", "times": 1}])
    desk.press(Step.PASSWORD)
    secret = issued().password
    desk.work()
    assert desk.run().state == RunState.QUEUED
    desk.due_now()
    desk.work()
    assert desk.run().state == RunState.SUCCEEDED
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1
    assert simulator.password_matches(world.TENANT_ID, world.ALICE, secret)


def test_a_refused_password_is_destroyed(desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": "PATCH"}, "answer": 403}])
    desk.press(Step.PASSWORD)
    desk.work()
    assert desk.run().state == RunState.FAILED
    assert (issued().password, issued().accepted_at) == ("", None)


def test_a_synced_account_is_told_the_truth(desk: Desk):
    desk.incident.account.on_premises_sync_enabled = True
    desk.incident.account.save()
    with pytest.raises(Refused, match="on-premises"):
        desk.press(Step.PASSWORD)
    assert not IssuedPassword.objects.exists()


def test_pressing_again_on_purpose_makes_a_new_one(desk: Desk):
    desk.press(Step.PASSWORD)
    desk.work()
    assert not desk.press(Step.PASSWORD).is_new
    assert desk.press(Step.PASSWORD, again=True).is_new
