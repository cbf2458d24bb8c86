"""Three more clients of the same service provider, which the same phish reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from graph.simulator.world import story
from graph.simulator.world.applications import (
    TRANSPORT_DATA_PLATFORM,
    App,
    add_microsoft_apps,
    add_service_principal,
    consents,
)
from graph.simulator.world.bulletins import GENERAL_NOTICES, send_notices
from graph.simulator.world.conversations import Thread
from graph.simulator.world.correspondence import Postman
from graph.simulator.world.devices import authenticator, equip
from graph.simulator.world.everyday_evidence import everyday_mail, reads_the_phish
from graph.simulator.world.ids import object_id
from graph.simulator.world.intruder import method_added, steal_session
from graph.simulator.world.lures import send_lure
from graph.simulator.world.message_trace import trace_mail
from graph.simulator.world.moments import Moments
from graph.simulator.world.origins import NORTHGATE_REPLAY
from graph.simulator.world.other_conversations import BLUEWATER_THREADS, HARROW_THREADS, NORTHGATE_THREADS
from graph.simulator.world.other_people import (
    BLUEWATER,
    BLUEWATER_PEOPLE,
    HARROW,
    HARROW_PEOPLE,
    LARKSPUR,
    LARKSPUR_PEOPLE,
    NORTHGATE,
    NORTHGATE_PEOPLE,
)
from graph.simulator.world.people import Company, Person
from graph.simulator.world.risks import add_risks
from graph.simulator.world.sign_ins import add_baseline, add_everyday
from graph.simulator.world.story_types import DemoTenant
from graph.simulator.world.tenant import PETRA_APP_ID, TenantWorld
from graph.simulator.world.unified_log import add_bind, add_cmdlet

_MAREIKE = "mareike.vogt"


def other_tenants(moments: Moments) -> list[TenantWorld]:
    """All but Acme Corp."""
    bluewater = _tenant(moments, story.BLUEWATER, BLUEWATER, BLUEWATER_PEOPLE, BLUEWATER_THREADS)
    send_lure(bluewater, story.LURE_COPIES["bluewater"], timedelta(minutes=188))
    bluewater.settings["licences"] = {"premium": False, "messageTrace": True}
    harrow = _tenant(moments, story.HARROW, HARROW, HARROW_PEOPLE, HARROW_THREADS)
    send_lure(harrow, story.LURE_COPIES["harrow"], timedelta(minutes=187))
    harrow.settings["exchangePermissions"] = []
    northgate = _tenant(moments, story.NORTHGATE, NORTHGATE, NORTHGATE_PEOPLE, NORTHGATE_THREADS)
    _northgate_takeover(northgate)
    worlds = [bluewater, harrow, northgate]
    for world in worlds:
        add_everyday(world)
        trace_mail(world)
    return worlds


def unconnected_tenants(moments: Moments) -> list[TenantWorld]:
    """Directories whose administrators have not admitted Petra yet."""
    larkspur = _tenant(moments, story.LARKSPUR, LARKSPUR, LARKSPUR_PEOPLE, ())
    admitted_later = (PETRA_APP_ID, TRANSPORT_DATA_PLATFORM)
    principals = larkspur.lists["servicePrincipals"]
    larkspur.lists["servicePrincipals"] = [each for each in principals if each["appId"] not in admitted_later]
    larkspur.settings |= {
        "isConsented": False,
        "grantedPermissions": [],
        "exchangePermissions": [],
        "directoryRoles": [],
        "licences": {"premium": True, "messageTrace": False},
    }
    add_everyday(larkspur)
    trace_mail(larkspur)
    return [larkspur]


def _tenant(
    moments: Moments, tenant: DemoTenant, company: Company, people: Sequence[Person], threads: Sequence[Thread]
) -> TenantWorld:
    """A small company on an ordinary day."""
    world = TenantWorld(company, people, moments, tenant.tenant_id)
    lead = world.staff()[0]
    Postman(world, lead).fill(threads, most=22)
    send_notices(world, GENERAL_NOTICES, most=4, until=24)
    equip(world)
    add_microsoft_apps(world)
    app = App("rota", "Rotaboard", object_id("rota", "tenant"), "https://rotaboard.example", True, "Rotaboard BV")
    add_service_principal(world, app, moments.days(400))
    consents(world, app.key, world.staff()[:6], "openid profile User.Read Calendars.Read", 390)
    everyday_mail(world, lead, most=6)
    return world


def _northgate_takeover(world: TenantWorld) -> None:
    """The third incident: a Global Administrator, so what Petra holds there does not suffice to lock the account."""
    incident, moments = story.MAREIKE, world.moments
    send_lure(world, story.LURE_COPIES["northgate"], incident.phish_received or timedelta())
    add_baseline(world, _MAREIKE, 30)
    reads_the_phish(world, incident)
    intruder = steal_session(world, incident, NORTHGATE_REPLAY, story.MAREIKE_SESSION, (61, 47))
    box = world.mailboxes[_MAREIKE]
    box.add_rule(
        story.NORTHGATE_RULE,
        {"subjectContains": ["Rechnung", "invoice", "Konto"]},
        {"moveToFolder": "rssfeeds", "markAsRead": True},
        created=intruder.when(incident, "rule"),
    )
    methods = world.methods[world.id_of(_MAREIKE)]
    methods.append(
        authenticator("attacker", "Pixel 7", "SoftwareTokenActivated", intruder.when(incident, "authenticator"))
    )
    method_added(world, intruder, incident, "authenticator", "Authenticator App with Push Notification")
    opened = _before(box.messages, moments.ago(incident.first_access).isoformat())
    add_bind(world, intruder.act(incident, "read_mail"), opened[:5])
    add_bind(world, intruder.act(incident, "read_mail", 11), opened[5:9])
    parameters = {
        "Mailbox": world.upn_of(_MAREIKE),
        "Name": story.NORTHGATE_RULE,
        "SubjectContainsWords": "Rechnung;invoice;Konto",
        "MoveToFolder": "RSS-Feeds",
        "MarkAsRead": "True",
    }
    add_cmdlet(
        world, intruder.act(incident, "rule"), "New-InboxRule", f"{_MAREIKE}\\{story.NORTHGATE_RULE}", parameters
    )
    add_risks(world, {_MAREIKE: ("anomalousToken", incident, "high")})


def _before(messages: Sequence[dict[str, Any]], moment: str) -> list[dict[str, Any]]:
    older = [each for each in messages if each["receivedDateTime"] < moment and not each["isDraft"]]
    return sorted(older, key=lambda message: str(message["receivedDateTime"]), reverse=True)
