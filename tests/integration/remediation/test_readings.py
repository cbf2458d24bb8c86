"""What a reading may be taken for: never "done" where the thing itself was not seen."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from graph import GraphError, Inconclusive, NoMailbox, Request, Response, Throttled, in_plain_words
from graph.simulator.control import SimulatorControl
from remediation.actions.base import GONE, MAX_PAGES, Reading
from remediation.actions.finding import clean_json
from remediation.actions.registry import ACTIONS
from remediation.enums import RunState, Step
from remediation.stages import advance
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk
from tests.unit.remediation.finding import client_of


def test_what_the_database_cannot_store_is_left_out():
    value = {"na\x00me": ["a\x00b", {"subject": "half \ud83d"}, ("x", 1)], "kept": "😀 \u202e é", "none": None}
    cleaned = clean_json(value)
    assert cleaned == {"name": ["ab", {"subject": "half "}, ["x", 1]], "kept": "😀 \u202e é", "none": None}


PRESSED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def password_set(changed: str, *, before: str | None, planned: str | None = None) -> bool:
    return ACTIONS["reset_password"].is_done(
        {"exists": True, "lastPasswordChangeDateTime": changed},
        target={"password_changed_before": planned},
        since=PRESSED,
        before={"exists": True, "lastPasswordChangeDateTime": before} if before else None,
    )


def test_a_password_that_was_changed_just_before_the_first_try_is_not_ours():
    just_before = "2026-03-01T11:59:30Z"  # inside the tolerance of the clocks
    assert not password_set(just_before, before=just_before, planned="2025-01-02T03:04:05+00:00")
    assert not password_set(just_before, before=None, planned=just_before)
    assert password_set("2026-03-01T12:00:05Z", before=just_before)
    assert password_set("2026-03-01T12:00:05Z", before=None)
    assert not password_set("2026-03-01T11:50:00Z", before="2025-01-02T03:04:05Z")


def test_only_a_password_is_never_taken_as_set_already():
    assert [key for key, action in ACTIONS.items() if action.never_skips] == ["reset_password"]


def readings(simulator: SimulatorControl, key: str, *targets: dict[str, Any]) -> list[Reading]:
    (result,) = advance(client_of(simulator), [ACTIONS[key].read(targets)])
    assert isinstance(result, list), result
    return result


def copy_of(message_id: str) -> dict[str, Any]:
    return {"user_id": world.BOB, "message_id": message_id, "internet_message_id": "<many@evil.example>"}


def plant_copy(simulator: SimulatorControl, number: int, folder: str = "inbox") -> str:
    folder_id = f"folder-{world.BOB[:4]}-{folder}"
    message = world.message(world.BOB, number, internetMessageId="<many@evil.example>", parentFolderId=folder_id)
    simulator.plant(world.TENANT_ID, "messages", message, owner=world.BOB)
    return str(message["id"])


def many(raw: RawCloud) -> list[str]:
    """The immutable ids of the copies in Bob's mailbox."""
    prefer = 'IdType="ImmutableId"'
    address = f"/users/{world.BOB}/messages?$top=200&$filter=internetMessageId eq '<many@evil.example>'"
    return [row["id"] for row in raw.get(address, Prefer=prefer)["value"]]


def test_messages_behind_the_first_page_are_seen(simulator: SimulatorControl, raw_cloud: RawCloud):
    for number in range(100, 155):
        plant_copy(simulator, number)
    ids = many(raw_cloud)
    assert len(ids) == 55
    assert all(
        isinstance(state, dict) and state["exists"]
        for state in readings(simulator, "retract_message", *map(copy_of, ids))
    )


def test_a_message_under_another_id_is_not_gone(simulator: SimulatorControl):
    (gone,) = readings(simulator, "retract_message", copy_of("old-id"))
    assert gone == GONE
    plant_copy(simulator, 200, folder="deleteditems")
    (deleted,) = readings(simulator, "retract_message", copy_of("old-id"))
    assert deleted == GONE
    plant_copy(simulator, 201)
    (elsewhere,) = readings(simulator, "retract_message", copy_of("old-id"))
    assert isinstance(elsewhere, Inconclusive)
    assert in_plain_words(elsewhere).startswith("The message has another id now")


def paged(pages: list[Any]) -> Callable[[Request], Response]:
    """Answers each request with the page that its address asks for; a page may be an error."""

    def answer(request: Request) -> Response:
        number = int(request.path.partition("page=")[2] or 0)
        page = pages[number % len(pages)]
        if isinstance(page, GraphError):
            return Response(request, page.status, error=page)
        body: dict[str, Any] = {"value": page}
        if number + 1 < len(pages) or len(pages) == 1:
            body["@odata.nextLink"] = f"https://graph.microsoft.com/v1.0/rules?page={number + 1}"
        return Response(request, 200, body)

    return answer


def driven(key: str, answer: Callable[[Request], Response], *targets: dict[str, Any]) -> tuple[list[Reading], int]:
    """What an action reads from these answers, and in how many stages."""
    stages, count = ACTIONS[key].read(targets), 0
    try:
        asked = next(stages)
        while True:
            count += 1
            asked = stages.send([answer(request) for request in asked])
    except StopIteration as end:
        return end.value, count


def rule(number: int) -> dict[str, Any]:
    return {"user_id": world.ALICE, "rule_id": f"r{number}", "is_hidden": False}


def test_rules_behind_the_first_page_are_seen():
    pages = [[{"id": f"r{number}", "isEnabled": True}] for number in range(3)]
    states, stages = driven("disable_inbox_rule", paged(pages), rule(0), rule(2), rule(9))
    assert states == [{"exists": True, "isEnabled": True}, {"exists": True, "isEnabled": True}, GONE]
    assert stages == 3  # the pages of all are asked for together


def test_a_list_of_which_a_page_is_missing_is_not_a_list():
    refused = Throttled(message="later", status=429)
    (state,), _ = driven("disable_inbox_rule", paged([[{"id": "r0", "isEnabled": True}], refused]), rule(9))
    assert state is refused


def test_a_link_that_leads_in_a_circle_ends():
    (state,), stages = driven("disable_inbox_rule", paged([[{"id": "r0", "isEnabled": True}]]), rule(9))
    assert isinstance(state, Inconclusive)
    assert stages == MAX_PAGES


IN_A_CONTAINER = {
    "lock_account": {"user_id": "u"},
    "disable_inbox_rule": rule(1),
    "clear_forwarding": {"user_id": "u", "mailbox": "u@tiny.example"},
    "remove_mailbox_permission": {"user_id": "u", "mailbox": "u@tiny.example", "right": "SendAs", "trustee": "x"},
    "remove_auth_method": {"user_id": "u", "method_id": "m"},
    "revoke_consent": {"user_id": "u", "grant_id": "g", "client_id": "c", "scope": "s"},
    "retract_message": copy_of("m"),
}
BY_ITSELF = {
    "disable_device": {"device_id": "d"},
    "disable_application": {"application_id": "a"},
    "disable_service_principal": {"service_principal_id": "s"},
}


@pytest.mark.parametrize("key", [*IN_A_CONTAINER, *BY_ITSELF])
def test_what_a_404_is_about(key: str):
    missing = NoMailbox(message="no mailbox", status=404)
    target = (IN_A_CONTAINER | BY_ITSELF)[key]
    (state,), _ = driven(key, lambda request: Response(request, 404, error=missing), target)
    assert state == (GONE if key in BY_ITSELF else missing)


def test_a_mailbox_that_is_gone_is_a_failure_and_not_done(desk: Desk):
    mailbox = {"user_id": world.ALICE, "mailbox": "nobody@tiny.example"}
    finding = desk.find("clear_forwarding", mailbox, kind="forwarding")
    desk.press(Step.PERSISTENCE, finding_ids=[finding.pk])
    desk.work()
    assert desk.run().state == RunState.FAILED
    assert desk.run().message
