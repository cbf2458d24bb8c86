"""What two attackers left at Acme Corp: objects only; what the logs say about it is in the evidence modules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from graph.simulator.world import story
from graph.simulator.world.acme import LEAD
from graph.simulator.world.applications import (
    COMMAND_LINE_TOOLS,
    MICROSOFT_APPS,
    App,
    add_registration,
    add_service_principal,
    consent,
)
from graph.simulator.world.devices import (
    ALTERNATE_MOBILE_ID,
    MOBILE_ID,
    Machine,
    add_device,
    authenticator,
    phone_method,
)
from graph.simulator.world.ids import object_id
from graph.simulator.world.letters import Address, Letter
from graph.simulator.world.lures import answers, commission, remittance, send_lure
from graph.simulator.world.moments import stamp
from graph.simulator.world.tenant import TenantWorld

VICTIM, SPRAYED = LEAD, "tadhg.obriain"
RULE_WORDS = ["invoice", "payment", "bank", "phish", "hacked"]

MAIL_APP = App(
    "mailvault", story.MAIL_APP, object_id("mailvault", "tenant"), "https://mailvault-sync.example",
    description="Keeps your mail in sync.",
)  # fmt: skip
SHARED_APP = App(
    "pdf merge", story.SHARED_APP, object_id("pdf merge", "tenant"), "https://pdf-quick-merge.example",
    description="Merge PDF files from your mail and your drive.",
)  # fmt: skip
PLANTED = App("planted", story.PLANTED_REGISTRATION, story.ACME.tenant_id, "https://login-callback.example")
MAIL_SCOPE = "openid profile offline_access User.Read Mail.ReadWrite Mail.Send MailboxSettings.ReadWrite Contacts.Read"
SHARED_SCOPE = "openid offline_access User.Read Files.ReadWrite.All Mail.Read"
TOOLS_SCOPE = "openid offline_access User.Read.All Mail.ReadWrite"
# Nine others had fallen for the same application in the weeks before.
SHARED_USERS = (
    "samuel.tetteh", "hannah.lindqvist", "bethany.okafor", "thanh.nguyen", "callum.fraser", "ben.hargreaves",
    "kieran.doyle", "luca.benedetti", "jasper.lindqvist-cole",
)  # fmt: skip

# Honest mail that arrived meanwhile: from whom, minutes before now, subject, text, and whether the rule hid it.
_LATER = (
    (
        "gethin.bowen",
        121,
        "Cash forecast for Thursday",
        "The forecast is on the share. The low point moved by a week.",
        False,
    ),
    (
        "judith.amankwah",
        74,
        "Board pack",
        "Renée, could you bring the printed pack? Half of them do not like screens.",
        False,
    ),
    (
        "samuel.tetteh",
        66,
        "Payment run, first half: ready for release",
        "The run is ready. Two invoices are held, see the notes.",
        True,
    ),
    (
        "oluwaseun.adeyemi",
        39,
        "Your three o'clock",
        "I moved your three o'clock to tomorrow, you did not answer the telephone.",
        False,
    ),
)


def attack(world: TenantWorld) -> None:
    """Both takeovers."""
    send_lure(world, story.LURE_COPIES["acme"], timedelta(minutes=190))
    _rules(world)
    _guest(world)
    _apps(world)
    _footholds(world)
    _internal_phish(world)
    _spray(world)


def _rules(world: TenantWorld) -> None:
    box, moments = world.mailboxes[VICTIM], world.moments
    box.add_rule(
        ".",
        {"bodyOrSubjectContains": list(RULE_WORDS)},
        {"moveToFolder": "rssfeeds", "markAsRead": True, "stopProcessingRules": True},
        created=moments.ago(story.RENEE.before_now("rule")),
    )
    box.add_rule(
        story.HIDDEN_RULE,
        {"sentToMe": True},
        {"forwardTo": [Address("", story.HIDDEN_RULE_TARGET).as_recipient()]},
        created=moments.ago(story.RENEE.before_now("hidden_rule")),
        is_hidden=True,
    )
    box.settings["ForwardingSmtpAddress"] = f"smtp:{story.FORWARDING_TARGET}"
    box.settings["DeliverToMailboxAndForward"] = True
    box.allow(story.ATTACKER_GUEST, "FullAccess")
    box.allow_send_as(story.ATTACKER_GUEST)


def _guest(world: TenantWorld) -> None:
    invited = world.moments.ago(story.RENEE.before_now("guest"))
    user = world.users["v.lanz_ledger-review.example"]
    accepted = stamp(invited + timedelta(minutes=2))
    user.update(
        createdDateTime=stamp(invited),
        externalUserStateChangeDateTime=accepted,
        lastPasswordChangeDateTime=accepted,
        signInSessionsValidFromDateTime=accepted,
    )
    for method in world.methods[user["id"]]:
        method["createdDateTime"] = accepted


def _apps(world: TenantWorld) -> None:
    moments, at = world.moments, story.RENEE.before_now
    add_service_principal(world, MAIL_APP, moments.ago(at("consent")))
    consent(world, MAIL_APP.key, VICTIM, MAIL_SCOPE, moments.ago(at("consent")))
    add_service_principal(world, SHARED_APP, moments.days(41))
    for index, person in enumerate(SHARED_USERS):
        consent(world, SHARED_APP.key, person, SHARED_SCOPE, moments.office(40 - 4 * index, 60 + 37 * index))
    consent(world, SHARED_APP.key, VICTIM, SHARED_SCOPE, moments.ago(at("consent_shared")))
    tools = MICROSOFT_APPS[COMMAND_LINE_TOOLS]
    consent(world, tools, VICTIM, TOOLS_SCOPE, moments.ago(at("consent_microsoft")))
    registered = moments.ago(at("registration"))
    planted = add_registration(world, PLANTED, VICTIM, registered, moments.ago(at("app_secret")))
    planted["passwordCredentials"][0]["displayName"] = "sync"
    planted["requiredResourceAccess"] = [_mail_access()]


def _mail_access() -> dict[str, Any]:
    """What the registration asks for: Mail.ReadWrite as an application, which an administrator would have to grant."""
    return {
        "resourceAppId": "00000003-0000-0000-c000-000000000000",
        "resourceAccess": [{"id": "e2a3a72e-5f79-4c64-b1b1-878b674786c9", "type": "Role"}],
    }


def _footholds(world: TenantWorld) -> None:
    moments, at = world.moments, story.RENEE.before_now
    machine = Machine(story.ATTACKER_DEVICE, "Windows", "10.0.19045.4046", "Workplace", "QEMU", "Standard PC")
    add_device(world, VICTIM, machine, moments.ago(at("device")), moments.ago(timedelta(minutes=14)))
    world.methods[world.id_of(VICTIM)] += [
        authenticator("attacker", "SM-A155F", "SoftwareTokenActivated", moments.ago(at("authenticator"))),
        phone_method(ALTERNATE_MOBILE_ID, "alternateMobile", "+1 2025550143", moments.ago(at("phone"))),
    ]


def _internal_phish(world: TenantWorld) -> None:
    """The copies lie where their readers have put them; the sent one is in Deleted Items, put there by the attacker."""
    letter = remittance(world)
    read = {"priyanka.raghunathan", "dominik.nowak", "siobhan.mcateer", "hannah.lindqvist", "lotte.vandenberg"}
    places = {key: (folder, key in read or folder != "inbox") for key, folder in story.INTERNAL_RECIPIENTS.items()}
    world.deliver(letter, places, sent_to="deleteditems", default=("inbox", False))
    for answer, is_hidden in answers(world):
        world.deliver(answer, {VICTIM: ("rssfeeds", True) if is_hidden else ("inbox", False)})
    _later_mail(world)


def _later_mail(world: TenantWorld) -> None:
    """Honest mail that arrived meanwhile, some of it hidden by the rule."""
    for key, minutes, subject, text, is_hidden in _LATER:
        letter = Letter(
            key=f"today/{key}",
            at=world.moments.ago(timedelta(minutes=minutes)),
            sender=world.address(key),
            to=(world.address(VICTIM),),
            subject=subject,
            paragraphs=(text, world.people[key].given),
        )
        world.deliver(letter, {VICTIM: ("rssfeeds", True) if is_hidden else ("inbox", False)})


def _spray(world: TenantWorld) -> None:
    """The second incident: smaller, and of an account that lives in the company's own directory."""
    moments, at = world.moments, story.TADHG.before_now
    target = Address("", story.SPRAY_RULE_TARGET).as_recipient()
    world.mailboxes[SPRAYED].add_rule(
        "orders",
        {"subjectContains": ["order", "quote", "contract"]},
        {"forwardTo": [target], "markAsRead": True},
        created=moments.ago(at("rule")),
    )
    machine = Machine(story.SPRAY_DEVICE, "Windows", "10.0.20348.2700", "Workplace")
    add_device(world, SPRAYED, machine, moments.ago(at("device")), moments.ago(at("internal_phish")))
    own = world.methods[world.id_of(SPRAYED)]
    for method in own:
        method["_isDefault"] = False
    own[:] = [method for method in own if method["id"] != MOBILE_ID]
    own.append(phone_method(MOBILE_ID, "mobile", "+1 3125550178", moments.ago(at("method")), is_default=True))
    places = {key: (folder, folder != "inbox") for key, folder in story.INTERNAL_RECIPIENTS_SPRAY.items()}
    world.deliver(commission(world), places)
