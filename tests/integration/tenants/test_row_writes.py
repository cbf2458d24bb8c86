"""Many rows written at once are written as they are, each with its own values, and only those of the scope."""

from datetime import UTC, datetime

import pytest

from remediation.enums import AttemptKind, RunState, Step
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


def attempts_of(runs: list[ActionRun], count: int) -> list[ActionAttempt]:
    return [
        ActionAttempt(
            tenant_id=runs[0].tenant_id,
            run=runs[number % 3],
            kind=AttemptKind.APPLY,
            fence="f" * 32,
            started_at=NOW,
            requests=[HOSTILE, number],
            message=HOSTILE if number == 1 else "",
            finished_at=NOW if number == 2 else None,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 1_000])
def test_new_rows_are_as_they_were_given_each_with_its_id(console: Console, runs: list[ActionRun], count: int):
    made = attempts_of(runs, count)
    with tenant_scope([console.tenant.pk]):
        ActionAttempt.objects.insert_rows(made)
        stored = {one.pk: one for one in ActionAttempt.objects.all()}
    assert len(stored) == count
    for one in made:
        kept = stored[one.pk]
        for field in ActionAttempt._meta.concrete_fields:
            assert getattr(kept, field.attname) == getattr(one, field.attname), field.attname
        assert not one._state.adding


def test_new_rows_of_another_tenant_are_refused(console: Console, runs: list[ActionRun]):
    made = attempts_of(runs, 2)
    with tenant_scope([console.neighbour.pk]), pytest.raises(ScopeError):
        ActionAttempt.objects.insert_rows(made)
    assert made[0].pk is None
