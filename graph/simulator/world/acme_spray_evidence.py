"""What the logs of Acme Corp say about the second takeover: a guessed password."""

from __future__ import annotations

from datetime import timedelta

from graph.simulator.world import story
from graph.simulator.world.acme_attack import SPRAYED
from graph.simulator.world.intruder import Intruder, device_added, method_added
from graph.simulator.world.origins import OUTLOOK_WEB, SPRAY, SPRAY_CLIENT, Client
from graph.simulator.world.sign_ins import WRONG_PASSWORD, SignIn, add_baseline, add_sign_in
from graph.simulator.world.tenant import TenantWorld
from graph.simulator.world.unified_log import add_bind, add_cmdlet, add_item
from graph.simulator.world.unified_log_entra import add_login

_TRIED = 23  # accounts with one failed sign-in each
_BROWSER = Client(
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0", "Firefox 115.0", "Windows10",
    *OUTLOOK_WEB,
)  # fmt: skip


def second_takeover(world: TenantWorld) -> None:
    """All evidence of the second incident."""
    add_baseline(world, SPRAYED, 30)
    _spray(world)
    intruder = _enter(world)
    method_added(world, intruder, story.TADHG, "method", "Phone as the default method")
    device_added(world, intruder, story.TADHG, story.SPRAY_DEVICE)
    _mailbox(world, intruder)


def _spray(world: TenantWorld) -> None:
    """One wrong password for each of many accounts, a quarter of a minute apart."""
    began = world.moments.ago(story.TADHG.first_access) - timedelta(minutes=6)
    others = [key for key in world.staff() if key != SPRAYED][-_TRIED:]
    for index, key in enumerate(others):
        at = began + timedelta(seconds=15 * index)
        failed = SignIn(
            key, at, SPRAY, SPRAY_CLIENT, "", True, "none", WRONG_PASSWORD, with_second_factor=False, protocol="ropc"
        )
        add_sign_in(world, failed)
        add_login(world, failed)


def _enter(world: TenantWorld) -> Intruder:
    moments = world.moments
    first = SignIn(
        SPRAYED, moments.ago(story.TADHG.first_access), SPRAY, SPRAY_CLIENT, story.TADHG_SESSION, True, "none",
        with_second_factor=False, risk="high", protocol="ropc",
    )  # fmt: skip
    add_sign_in(world, first)
    add_login(world, first)
    for minutes in (1_552, 1_530, 128):  # browsers afterwards, in the same session
        later = SignIn(SPRAYED, moments.ago(timedelta(minutes=minutes)), SPRAY, _BROWSER, story.TADHG_SESSION)
        add_sign_in(world, later)
        add_login(world, later)
    return Intruder(world, SignIn(SPRAYED, moments.ago(timedelta(minutes=1_552)), SPRAY, _BROWSER, story.TADHG_SESSION))


def _mailbox(world: TenantWorld, intruder: Intruder) -> None:
    box, upn = world.mailboxes[SPRAYED], world.upn_of(SPRAYED)
    sold = [
        each for each in box.messages if any(word in each["subject"].lower() for word in ("quote", "contract", "order"))
    ]
    for index in range(0, len(sold), 3):
        add_bind(world, intruder.act(story.TADHG, "read_mail", index * 2), sold[index : index + 3])
    parameters = {
        "Mailbox": upn,
        "Name": "orders",
        "SubjectContainsWords": "order;quote;contract",
        "ForwardTo": story.SPRAY_RULE_TARGET,
        "MarkAsRead": "True",
    }
    add_cmdlet(world, intruder.act(story.TADHG, "rule"), "New-InboxRule", f"{SPRAYED}\\orders", parameters)
    sent = next(each for each in box.messages if each["subject"] == story.COMMISSION.subject)
    add_item(world, intruder.act(story.TADHG, "internal_phish"), "Send", sent, "sentitems")
