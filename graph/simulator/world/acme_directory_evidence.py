"""What Entra wrote down at Acme Corp: the consents, the application, the device, the methods, and ordinary changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from graph.simulator.world import story
from graph.simulator.world.acme import LEAD
from graph.simulator.world.acme_attack import MAIL_APP, PLANTED, SHARED_APP
from graph.simulator.world.applications import COMMAND_LINE_TOOLS, MICROSOFT_APPS, service_principal_id
from graph.simulator.world.directory_log import Entry, add_entry, target
from graph.simulator.world.intruder import Intruder, device_added, method_added
from graph.simulator.world.moments import Moments
from graph.simulator.world.origins import office
from graph.simulator.world.tenant import TenantWorld
from graph.simulator.world.unified_log_entra import add_entra, consent_changes


def first_takeover_directory(world: TenantWorld, intruder: Intruder) -> None:
    """Everything that the first attacker changed in the directory."""
    _guest(world, intruder)
    _consent(world, intruder, "consent", MAIL_APP.key, is_new=True)
    _consent(world, intruder, "consent_shared", SHARED_APP.key)
    _consent(world, intruder, "consent_microsoft", MICROSOFT_APPS[COMMAND_LINE_TOOLS])
    _registration(world, intruder)
    device_added(world, intruder, story.RENEE, story.ATTACKER_DEVICE)
    method_added(world, intruder, story.RENEE, "authenticator", "Authenticator App with Push Notification")
    method_added(world, intruder, story.RENEE, "phone", "Alternative phone")


def _guest(world: TenantWorld, intruder: Intruder) -> None:
    guest = world.users["v.lanz_ledger-review.example"]
    at, ip = intruder.when(story.RENEE, "guest"), intruder.sign_in.place.ip
    invited = target("User", guest, UserType=(None, ["Guest"]))
    entry = Entry("Invite external user", "UserManagement", at, [invited], LEAD, ip, service="Invited Users")
    add_entry(world, entry)
    add_entry(world, Entry("Add user", "UserManagement", at + timedelta(seconds=1), [invited], LEAD, ip))
    changes = [("DisplayName", f'["{guest["displayName"]}"]'), ("UserType", '["Guest"]')]
    add_entra(world, intruder.act(story.RENEE, "guest"), "Add user.", ("User", guest), changes)


def _consent(world: TenantWorld, intruder: Intruder, act: str, key: str, *, is_new: bool = False) -> None:
    """A consent, as both logs tell it; for an application new to the tenant its service principal comes first."""
    client = service_principal_id(world, key)
    principal = next(each for each in world.lists["servicePrincipals"] if each["id"] == client)
    grants = world.lists["oauth2PermissionGrants"]
    grant = next(each for each in grants if each["clientId"] == client and each["principalId"] == world.id_of(LEAD))
    ip, event = intruder.sign_in.place.ip, intruder.act(story.RENEE, act)
    if is_new:
        _new_principal(world, intruder, act, principal)
    given = target(
        "ServicePrincipal",
        principal,
        ConsentContext__IsAdminConsent=(None, "False"),
        ConsentContext__OnBehalfOfAll=(None, "False"),
        ConsentAction__Permissions=(None, consent_changes(grant, principal)[4][1]),
    )
    scope = target("ServicePrincipal", principal, DelegatedPermissionGrant__Scope=(None, grant["scope"]))
    agent = {"User-Agent": story.REPLAY_AGENT}
    at = intruder.when(story.RENEE, act)
    consent = Entry(
        "Consent to application", "ApplicationManagement", at, [given], LEAD, ip, operation="Assign", details=agent
    )
    add_entry(world, consent)
    add_entry(
        world,
        Entry("Add delegated permission grant", "ApplicationManagement", at, [scope], LEAD, ip, operation="Assign"),
    )
    changes = consent_changes(grant, principal)
    kind = ("ServicePrincipal", principal)
    add_entra(world, event, "Consent to application.", kind, changes, story.REPLAY_AGENT)
    add_entra(
        world, event, "Add delegated permission grant.", kind, [("DelegatedPermissionGrant.Scope", grant["scope"])]
    )


def _new_principal(world: TenantWorld, intruder: Intruder, act: str, principal: dict[str, Any]) -> None:
    """The service principal that a first consent brings into the tenant."""
    ip = intruder.sign_in.place.ip
    added = target("ServicePrincipal", principal, AppPrincipalId=(None, [principal["appId"]]))
    at = intruder.when(story.RENEE, act, -2)
    add_entry(world, Entry("Add service principal", "ApplicationManagement", at, [added], LEAD, ip))
    names = [("AppPrincipalId", f'["{principal["appId"]}"]'), ("DisplayName", f'["{principal["displayName"]}"]')]
    add_entra(
        world,
        intruder.act(story.RENEE, act, -0.03),
        "Add service principal.",
        ("ServicePrincipal", principal),
        names,
    )


def _registration(world: TenantWorld, intruder: Intruder) -> None:
    app = next(each for each in world.lists["applications"] if each["displayName"] == PLANTED.name)
    ip, details = intruder.sign_in.place.ip, {"User-Agent": story.REPLAY_AGENT}
    key = f"[KeyIdentifier={app['passwordCredentials'][0]['keyId']},KeyType=Password,KeyUsage=Verify,DisplayName=sync]"
    steps = (
        ("Add application", "registration", 0, "AppId", [app["appId"]], "Add"),
        ("Add owner to application", "registration", 1, "Application__ObjectID", app["id"], "Assign"),
        ("Add service principal", "registration", 2, "AppPrincipalId", [app["appId"]], "Add"),
        (
            "Update application – Certificates and secrets management ",
            "app_secret",
            0,
            "KeyDescription",
            [key],
            "Update",
        ),
    )
    for activity, act, seconds, name, value, operation in steps:
        changed = target("Application", app, **{name: ([] if name == "KeyDescription" else None, value)})
        at = intruder.when(story.RENEE, act, seconds)
        entry = Entry(activity, "ApplicationManagement", at, [changed], LEAD, ip, operation=operation, details=details)
        add_entry(world, entry)
        record = activity if activity.endswith(" ") else f"{activity}."
        event = intruder.act(story.RENEE, act, seconds / 60)
        add_entra(
            world, event, record, ("Application", app), [(name.replace("__", "."), str(value))], story.REPLAY_AGENT
        )


def earlier_consents(world: TenantWorld) -> None:
    """How the application that others use too came to them, as far back as the log reaches."""
    client = service_principal_id(world, SHARED_APP.key)
    principal = next(each for each in world.lists["servicePrincipals"] if each["id"] == client)
    people = {user["id"]: key for key, user in world.users.items()}
    for grant in world.lists["oauth2PermissionGrants"]:
        at = Moments.read_back(grant["_createdDateTime"])
        person = people[grant["principalId"]]
        if grant["clientId"] == client and person != LEAD and at > world.moments.days(30):
            permissions = (None, consent_changes(grant, principal)[4][1])
            given = target("ServicePrincipal", principal, ConsentAction__Permissions=permissions)
            ip = office(world, person).ip
            add_entry(
                world,
                Entry("Consent to application", "ApplicationManagement", at, [given], person, ip, operation="Assign"),
            )


def ordinary_changes(world: TenantWorld, administrator: str) -> None:
    """What administrators do on other days."""
    ip = office(world, administrator).ip
    lines: tuple[tuple[str, str, int, str, str, dict[str, Any]], ...] = (
        (
            "Update user",
            "UserManagement",
            2,
            "jasper.lindqvist-cole",
            "Update",
            {"JobTitle": (["Sourcer"], ["Recruiter"])},
        ),
        ("Reset user password", "UserManagement", 4, "darren.poole", "Update", {}),
        ("Add member to group", "GroupManagement", 5, "charlotte.beaumont", "Assign", {}),
        (
            "Update user",
            "UserManagement",
            9,
            "elif.yildiz",
            "Update",
            {"Department": (["IT"], ["Information Technology"])},
        ),
        ("Add user", "UserManagement", 73, "charlotte.beaumont", "Add", {}),
    )
    for activity, category, days, person, operation, changes in lines:
        if person in world.users:
            at = world.moments.office(days, 100 + 17 * days % 300)
            changed = target("User", world.users[person], **changes)
            add_entry(world, Entry(activity, category, at, [changed], administrator, ip, operation=operation))
    for days, person in ((6, "ben.hargreaves"), (12, "sadie.thornton")):
        if person in world.users:
            own = target("User", world.users[person])
            at = world.moments.office(days, 220)
            entry = Entry(
                "User registered security info", "UserManagement", at, [own], person, ip,
                service="Authentication Methods", reason="User registered Authenticator App with Push Notification",
            )  # fmt: skip
            add_entry(world, entry)
