"""What the logs say about ordinary days: owners who read, send and tidy up."""

from __future__ import annotations

from datetime import timedelta

from graph.simulator.world.ids import dice, object_id
from graph.simulator.world.moments import Moments, stamp
from graph.simulator.world.origins import EDGE_AGENT, OUTLOOK_WEB, TEAMS, laptop_client, office
from graph.simulator.world.sign_ins import SignIn, add_sign_in
from graph.simulator.world.story_types import DemoIncident
from graph.simulator.world.tenant import TenantWorld
from graph.simulator.world.unified_log import Event, add_bind, add_group, add_item
from graph.simulator.world.unified_log_entra import add_file, add_login

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
    limit = stamp(world.moments.ago(timedelta(hours=5)))  # today belongs to the story
    recent = [each for each in box.messages if each["isRead"] and each["receivedDateTime"] < limit]
    recent.sort(key=lambda message: str(message["receivedDateTime"]), reverse=True)
    for message in recent[:most]:
        at = Moments.read_back(message["receivedDateTime"]) + timedelta(minutes=dice(message["id"]).randrange(2, 50))
        if stamp(at) > limit or message["isDraft"]:
            continue
        event = Event(key, at, place.ip, session, _OWA)
        if message["from"]["emailAddress"]["address"] == box.address.address:
            add_item(world, event, "Send", message, "sentitems")
        else:
            add_bind(world, event, [message])
    thrown = [each for each in recent if each["parentFolderId"] == box.folder("deleteditems")][:2]
    for message in thrown:
        at = Moments.read_back(message["receivedDateTime"]) + timedelta(hours=1)
        add_group(
            world, Event(key, at, place.ip, session, _OWA), "MoveToDeletedItems", [message], ("inbox", "deleteditems")
        )


def reads_the_phish(world: TenantWorld, incident: DemoIncident) -> None:
    """The victim's own morning: at work as usual, and then the mail that the story begins with."""
    key, phish = incident.victim.partition("@")[0], incident.phish[0]
    place, read = office(world, key), incident.phish_read or timedelta()
    session = object_id(world.company.key, "session of today", key)
    for minutes, app, is_interactive in ((14, OUTLOOK_WEB, True), (-38, TEAMS, False)):
        at = world.moments.ago(read + timedelta(minutes=minutes))
        came_with = "none" if is_interactive else "refreshToken"
        sign_in = SignIn(key, at, place, laptop_client(world, key, app), session, is_interactive, came_with)
        add_sign_in(world, sign_in)
        add_login(world, sign_in)
    copy = [each for each in world.mailboxes[key].messages if each["internetMessageId"] == phish.internet_message_id]
    add_bind(world, Event(key, world.moments.ago(read), place.ip, session, _OWA), copy)


def everyday_files(world: TenantWorld, key: str) -> None:
    """Some files that the owner opened."""
    place, client = office(world, key), laptop_client(world, key)
    for index, path in enumerate(_FILES):
        event = Event(key, world.moments.office(1 + index, 95 + 40 * index), place.ip)
        add_file(world, event, "FileAccessed", path, client)
