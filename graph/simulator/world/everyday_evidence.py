"""What the logs say about ordinary days: owners who read, send and tidy up."""

from __future__ import annotations

from datetime import timedelta

from graph.simulator.world.ids import dice, object_id
from graph.simulator.world.moments import Moments
from graph.simulator.world.origins import EDGE_AGENT, laptop_client, office
from graph.simulator.world.tenant import TenantWorld
from graph.simulator.world.unified_log import Event, add_bind, add_group, add_item
from graph.simulator.world.unified_log_entra import add_file

_OWA = f"Client=OWA;{EDGE_AGENT};"
_FILES = (
    "Finance/Shared Documents/Forecast/Cash forecast v3.xlsx",
    "Finance/Shared Documents/Closing/Checklist.xlsx",
    "onedrive/Documents/Notes.docx",
)


def everyday_mail(world: TenantWorld, key: str, most: int = 14) -> None:
    """The owner's own reading and sending in the last days, from the office."""
    box, place = world.mailboxes[key], office(world, key)
    session = object_id(world.company.key, "mail session", key)
    recent = [each for each in box.messages if each["isRead"] and not each["isDraft"]]
    recent.sort(key=lambda message: str(message["receivedDateTime"]), reverse=True)
    for message in recent[4 : 4 + most]:
        at = Moments.read_back(message["receivedDateTime"]) + timedelta(minutes=dice(message["id"]).randrange(2, 50))
        if at > world.moments.ago(timedelta(hours=5)):
            continue
        event = Event(key, at, place.ip, session, _OWA)
        if message["from"]["emailAddress"]["address"] == box.address.address:
            add_item(world, event, "Send", message, "sentitems")
        else:
            add_bind(world, event, [message])
    thrown = [each for each in recent[4:] if each["parentFolderId"] == box.folder("deleteditems")][:2]
    for message in thrown:
        at = Moments.read_back(message["receivedDateTime"]) + timedelta(hours=1)
        add_group(
            world, Event(key, at, place.ip, session, _OWA), "MoveToDeletedItems", [message], ("inbox", "deleteditems")
        )


def everyday_files(world: TenantWorld, key: str) -> None:
    """Some files that the owner opened."""
    place, client = office(world, key), laptop_client(world, key)
    for index, path in enumerate(_FILES):
        event = Event(key, world.moments.office(1 + index, 95 + 40 * index), place.ip)
        add_file(world, event, "FileAccessed", path, client)
