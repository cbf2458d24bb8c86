"""Message trace: one row per recipient, made from the copies that lie in the mailboxes."""

from __future__ import annotations

from typing import Any

from graph.simulator.world.ids import object_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.tenant import TenantWorld

_DAYS = 10
_OUTSIDE = "198.51.100.12"
_FROM = {"docusafe-sign.example": "198.51.100.77", "docusafe.example": "198.51.100.31"}


def trace_mail(world: TenantWorld) -> None:
    """All mail of the last days, inside, in and out."""
    since = stamp(world.moments.days(_DAYS))
    for key, box in world.mailboxes.items():
        own = box.address.address
        for message in box.messages:
            if message["isDraft"] or message["receivedDateTime"] < since:
                continue
            sender = str(message["from"]["emailAddress"]["address"])
            if sender == own:
                _trace_outgoing(world, message)
            else:
                world.add(
                    "messageTraces", [_row(world, message, own, "junkemail" if _is_junk(world, key, message) else "")]
                )


def _is_junk(world: TenantWorld, key: str, message: dict[str, Any]) -> bool:
    return bool(message["parentFolderId"] == world.mailboxes[key].folder("junkemail"))


def _trace_outgoing(world: TenantWorld, message: dict[str, Any]) -> None:
    for recipient in message["toRecipients"] + message["ccRecipients"]:
        address = recipient["emailAddress"]["address"]
        if world.key_at(address) is None and not address.startswith("all@"):
            world.add("messageTraces", [_row(world, message, address, "")])


def _row(world: TenantWorld, message: dict[str, Any], recipient: str, folder: str) -> dict[str, Any]:
    sender = str(message["from"]["emailAddress"]["address"])
    domain = sender.rpartition("@")[2]
    is_inside = domain == world.company.domain
    return {
        "id": object_id("trace", message["internetMessageId"]),
        "senderAddress": sender,
        "recipientAddress": recipient,
        "messageId": message["internetMessageId"],
        "receivedDateTime": message["sentDateTime"],
        "subject": message["subject"],
        "size": 12_000 + 13 * len(message["body"]["content"]) + (150_000 if message["hasAttachments"] else 0),
        "fromIP": None if is_inside else _FROM.get(domain, _OUTSIDE),
        "toIP": None,
        "status": "filteredAsSpam" if folder == "junkemail" else "delivered",
    }
