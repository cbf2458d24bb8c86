"""The full state × state matrix: what the table allows goes, everything else raises and changes nothing."""

import pytest

from remediation.enums import ORDER_TRANSITIONS, RUN_TRANSITIONS, OrderState, RunState
from remediation.models import ActionRun, WorkOrder
from remediation.transitions import IllegalTransition, move_orders, move_runs
from tests.integration.remediation.desk import Desk


@pytest.fixture
def run(desk: Desk) -> ActionRun:
    from remediation.enums import Step

    desk.press(Step.CONTAIN)
    return desk.run(action_key="lock_account")


@pytest.mark.parametrize("to", RunState)
@pytest.mark.parametrize("source", RunState)
def test_runs_move_as_the_table_says(source: RunState, to: RunState, run: ActionRun):
    ActionRun.objects.filter(pk=run.pk).update(state=source)
    rows = ActionRun.objects.filter(pk=run.pk)
    if to in RUN_TRANSITIONS[source]:
        assert move_runs(rows, source=source, to=to) == 1
        assert rows.get().state == to
    else:
        with pytest.raises(IllegalTransition):
            move_runs(rows, source=source, to=to)
        assert rows.get().state == source


@pytest.mark.parametrize("to", OrderState)
@pytest.mark.parametrize("source", OrderState)
def test_orders_move_as_the_table_says(source: OrderState, to: OrderState, run: ActionRun):
    WorkOrder.objects.filter(pk=run.order_id).update(state=source)
    rows = WorkOrder.objects.filter(pk=run.order_id)
    if to in ORDER_TRANSITIONS[source]:
        assert move_orders(rows, source=source, to=to) == 1
    else:
        with pytest.raises(IllegalTransition):
            move_orders(rows, source=source, to=to)
    assert rows.get().state == (to if to in ORDER_TRANSITIONS[source] else source)


def test_a_move_from_another_state_does_nothing(run: ActionRun):
    rows = ActionRun.objects.filter(pk=run.pk)
    assert move_runs(rows, source=RunState.RUNNING, to=RunState.SUCCEEDED) == 0
    assert rows.get().state == RunState.QUEUED
