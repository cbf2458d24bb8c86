"""Move a message to Deleted Items, from where it can be put back to the folder it came from."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from graph import GraphError, Inconclusive, NotFound, Request, mail, mailbox_lane
from remediation.actions.base import GONE, Action, Reading, Stages, State, Target, ask, read_whole

SEEN = ("id", "parentFolderId", "isRead", "internetMessageId")
ANOTHER_ID = "The message has another id now, or there is another copy of it in the mailbox. Look again."
IDS_A_REQUEST = 12  # Graph takes 15 conditions in one filter


class RetractMessage(Action):
    key = "retract_message"
    title = "Move to Deleted Items"
    done = "Moved to Deleted Items"
    undone = "Put back to its folder"
    identity = ("user_id", "message_id")
    permissions = ("Mail.ReadWrite",)

    def lane(self, target: Target) -> str:
        return mailbox_lane(target["user_id"])

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        """One read a mailbox (and dozen of messages); and one of its Deleted Items where its id is not known."""
        reads = _reads(targets)
        deleted: dict[str, Any] = {self.lane(target): target.get("deleted_items_id") for target in targets}
        unknown = dict.fromkeys(user_id for user_id, _ in reads if not deleted[mailbox_lane(user_id)])
        folders = [mail.folder(user_id, "deleteditems") for user_id in unknown]
        responses = yield from read_whole([*(request for _, request in reads), *folders])
        messages, errors = _messages(reads, responses[: len(reads)])
        read = responses[len(reads) :]
        deleted |= {response.request.lane: response.error or response.body["id"] for response in read}
        return [self._state(target, messages, errors, deleted) for target in targets]

    def _state(
        self,
        target: Target,
        messages: dict[tuple[str, str], dict[str, Any]],
        errors: dict[str, GraphError],
        deleted: dict[str, Any],
    ) -> Reading:
        user_id = target["user_id"]
        if user_id in errors:
            return errors[user_id]
        message = messages.get((user_id, target["message_id"]))
        folder = deleted[self.lane(target)]
        copies = [] if message else _copies(target, messages)
        if message is None and not copies:
            return dict(GONE)
        if isinstance(folder, GraphError):
            return folder
        if message is None:
            is_elsewhere = any(copy["parentFolderId"] != folder for copy in copies)
            return Inconclusive(message=ANOTHER_ID) if is_elsewhere else dict(GONE)
        is_deleted = message["parentFolderId"] == folder
        return {"exists": True, "parentFolderId": message["parentFolderId"], "isInDeletedItems": is_deleted}

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return bool(state.get("isInDeletedItems")) or not state["exists"]

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        moved = yield from ask(mail.move(target["user_id"], target["message_id"], "deleteditems"))
        return {"parentFolderId": moved.get("parentFolderId")}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        folder = before.get("parentFolderId") or "inbox"
        try:
            yield from ask(mail.move(target["user_id"], target["message_id"], folder))
        except NotFound as error:
            if error.code == "ErrorItemNotFound" and folder == "inbox":
                raise
            # The folder it came from may be gone; the message itself is not put at risk by asking again.
            moved = yield from ask(mail.move(target["user_id"], target["message_id"], "inbox"))
            return {"parentFolderId": moved.get("parentFolderId"), "note": "Its folder is gone: put back to the inbox."}
        return {"parentFolderId": folder}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return state["exists"] and not state.get("isInDeletedItems")


def _reads(targets: Sequence[Target]) -> list[tuple[str, Request]]:
    """The requests that together show all targets: (user id, request)."""
    wanted: dict[str, dict[str, None]] = defaultdict(dict)
    for target in targets:
        wanted[target["user_id"]][target["internet_message_id"]] = None
    reads = []
    for user_id, ids in wanted.items():
        remaining = iter(ids)
        while chunk := list(islice(remaining, IDS_A_REQUEST)):
            reads.append((user_id, mail.by_internet_message_ids(user_id, chunk, select=SEEN)))
    return reads


def _copies(target: Target, messages: dict[tuple[str, str], dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages of the target's mailbox that are the same letter under another id."""
    wanted = str(target["internet_message_id"]).casefold()
    return [
        message
        for (user_id, _), message in messages.items()
        if user_id == target["user_id"] and str(message.get("internetMessageId")).casefold() == wanted
    ]


def _messages(
    reads: list[tuple[str, Request]], responses: Sequence[Any]
) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, GraphError]]:
    messages: dict[tuple[str, str], dict[str, Any]] = {}
    errors: dict[str, GraphError] = {}
    for (user_id, _), response in zip(reads, responses, strict=True):
        if response.error:
            errors[user_id] = response.error
            continue
        for message in response.items():
            messages[user_id, message["id"]] = message
    return messages, errors
