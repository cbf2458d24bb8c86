"""Many rows written at once are written as they are, each with its own values, and only those of the scope."""

from datetime import UTC, datetime

import pytest

from remediation.enums import RunState, Step
from remediation.models import ActionAttempt, ActionRun
from tenants.scoping import ScopeError, tenant_scope, unscoped
from tests.factories import rows
from tests.fixtures.console import Console

HOSTILE = "'); DROP TABLE remediation_actionrun; -- %s \\ é"
NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def runs(console: Console) -> list[ActionRun]:
    with unscoped(reason="a test makes rows"):
        order = rows.any_row(ActionRun, console.tenant).order
        return [
            ActionRun.objects.create(
                tenant=console.tenant,
                order=order,
                incident=order.incident,
                step=Step.PERSISTENCE,
                action_key="disable_device",
                target={"n": number},
                target_key=str(number),
                ordered_at=NOW,
                due_at=NOW,
                state=RunState.RUNNING,
            )
            for number in range(3)
        ]


def test_each_row_gets_its_own_values_and_keeps_all_others(console: Console, runs: list[ActionRun]):
    first, second, third = runs
    first.before, first.message, first.verified_at, first.tries = {"folder": HOSTILE, "no": None}, HOSTILE, NOW, 7
    second.before, second.message = None, ""
    with tenant_scope([console.tenant.pk]):
        ActionRun.objects.save_columns([first, second], ["before", "message", "verified_at", "tries"])
        told = ActionRun.objects.filter(pk__in=[run.pk for run in runs]).order_by("pk")
        columns = ("before", "message", "verified_at", "tries", "state", "target_key")
        assert list(told.values_list(*columns)) == [
            ({"folder": HOSTILE, "no": None}, HOSTILE, NOW, 7, RunState.RUNNING, "0"),
            (None, "", None, 0, RunState.RUNNING, "1"),
            (None, "", None, 0, RunState.RUNNING, "2"),
        ]
        assert third.before is None


def test_a_row_that_is_gone_stays_gone(console: Console, runs: list[ActionRun]):
    with tenant_scope([console.tenant.pk]):
        ActionRun.objects.filter(pk=runs[0].pk).delete()
        ActionRun.objects.save_columns(runs, ["message"])
        assert ActionRun.objects.filter(target_key__in="012").count() == 2
        ActionAttempt.objects.save_columns([], ["message"])


def test_more_rows_than_go_into_a_statement(console: Console, runs: list[ActionRun], monkeypatch):
    monkeypatch.setattr("tenants.row_writes.ROWS_A_STATEMENT", 2)
    for run in runs:
        run.message = f"row {run.target_key}"
    with tenant_scope([console.tenant.pk]):
        ActionRun.objects.save_columns(runs, ["message"])
        found = ActionRun.objects.filter(target_key__in="012").order_by("pk")
        assert list(found.values_list("message", flat=True)) == ["row 0", "row 1", "row 2"]


def test_rows_of_another_tenant_are_refused(console: Console, runs: list[ActionRun]):
    with tenant_scope([console.neighbour.pk]), pytest.raises(ScopeError):
        ActionRun.objects.save_columns(runs, ["message"])
