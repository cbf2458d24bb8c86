"""Retraction and its undo."""

from graph.simulator.control import SimulatorControl
from remediation.enums import RunState, Step
from remediation.services import runs_undo
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk

IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


def listed(raw: RawCloud, user_id: str) -> list[dict]:
    return raw.get(f"/users/{user_id}/messages?$top=50&$select=id,internetMessageId,parentFolderId", **IMMUTABLE)[
        "value"
    ]


def plant(desk: Desk, raw: RawCloud, user_id: str) -> list[int]:
    return [
        desk.find(
            "retract_message",
            {
                "user_id": user_id,
                "message_id": message["id"],
                "internet_message_id": message["internetMessageId"],
                "mailbox": "x@tiny.example",
            },
            step=Step.RETRACT,
            kind="phish_copy",
            before={"exists": True, "parentFolderId": message["parentFolderId"], "isInDeletedItems": False},
        ).pk
        for message in listed(raw, user_id)
    ]


def test_moves_all_and_reads_back_once_a_mailbox(desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    ids = [*plant(desk, raw_cloud, world.ALICE), *plant(desk, raw_cloud, world.BOB)]
    simulator.clear_requests()
    desk.press(Step.RETRACT, finding_ids=ids)
    desk.work()
    assert {run.state for run in desk.runs()} == {RunState.SUCCEEDED}
    assert all(run.verified_at for run in desk.runs())
    for user_id in (world.ALICE, world.BOB):
        assert {m["parentFolderId"] for m in listed(raw_cloud, user_id)} == {f"folder-{user_id[:4]}-deleteditems"}
    seen = simulator.requests()
    assert seen["byPath"]["POST /users/{id}/messages/{id}/move"] == 13
    assert seen["peakMailboxConcurrency"] <= 4


def test_undo_puts_each_back_where_it_was(desk: Desk, raw_cloud: RawCloud):
    ids = plant(desk, raw_cloud, world.BOB)
    desk.press(Step.RETRACT, finding_ids=ids)
    desk.work()
    runs_undo(incident=desk.incident, run_ids=[run.pk for run in desk.runs()], by=desk.analyst)
    desk.work()
    assert {run.state for run in desk.runs()} == {RunState.UNDONE}
    assert {m["parentFolderId"] for m in listed(raw_cloud, world.BOB)} == {f"folder-{world.BOB[:4]}-inbox"}


def test_a_message_that_somebody_deleted_meanwhile_is_skipped(desk: Desk, raw_cloud: RawCloud):
    (finding_id,) = plant(desk, raw_cloud, world.BOB)
    message = listed(raw_cloud, world.BOB)[0]
    address = f"/v1.0/users/{world.BOB}/messages/{message['id']}/move"
    assert raw_cloud.call("POST", address, {"destinationId": "deleteditems"}, **IMMUTABLE).status_code == 201
    desk.press(Step.RETRACT, finding_ids=[finding_id])
    desk.work()
    assert desk.run().state == RunState.SKIPPED
