"""From a world document (see graph/simulator/world) to rows of the store."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from graph.simulator import clock, mailstore
from graph.simulator.state import Store
from graph.simulator.tenants import Registration, Tenant

Document = dict[str, Any]

# Flat collections of a tenant, under the names that the store uses too.
FLAT = (
    "users", "servicePrincipals", "applications", "oauth2PermissionGrants", "appRoleAssignments", "devices",
    "signIns", "directoryAudits", "auditRecords", "messageTraces", "riskyUsers", "riskDetections",
)  # fmt: skip
OWNED = ("mailFolders", "messageRules", "authenticationMethods")


def demo_world(now: datetime) -> Document:
    """The demo world as it looks at that moment."""
    world = importlib.import_module("graph.simulator.world")
    return cast(Document, world.build_world(now))


def load_world(store: Store, world: Mapping[str, Any]) -> int:
    """Replace everything by the world given. Returns the number of tenants. Raises KeyError for what is missing."""
    with store.transaction():
        store.clear()
        for document in (*world["tenants"], *world.get("unconnected", ())):
            _load_tenant(store, document)
        for document in world.get("registrations", ()):
            store.save_registration(Registration.from_world(document))
    return len(store.tenants())


def load_demo(store: Store, now: datetime | None = None) -> int:
    """Replace everything by the demo world."""
    return load_world(store, demo_world(now or clock.now()))


def seed_new(store: Store) -> None:
    """Fill a new file with the demo world, as far as this installation has one."""
    try:
        count = load_demo(store)
    except ModuleNotFoundError:
        logging.getLogger(__name__).warning("There is no demo world in this installation; the cloud starts empty.")
    else:
        logging.getLogger(__name__).info("The demo world has %d tenants.", count)


def _load_tenant(store: Store, document: Mapping[str, Any]) -> None:
    tenant = Tenant.from_world(document)
    store.save_tenant(tenant)
    for collection in FLAT:
        store.load(tenant, collection, document.get(collection, []))
    for collection in OWNED:
        for owner, objects in document.get(collection, {}).items():
            store.load(tenant, collection, objects, owner)
    organization = {"id": tenant.id, "displayName": tenant.name, **document.get("organization", {})}
    organization.setdefault("verifiedDomains", _verified_domains(tenant))
    store.load(tenant, "organization", [organization])
    store.load(tenant, "domains", tenant.domains)
    mailboxes = [{"id": owner, **state} for owner, state in document.get("mailboxes", {}).items()]
    store.load(tenant, "mailboxes", mailboxes)
    for user in document.get("users", []):
        if user.get("_hasMailbox"):
            mailstore.ensure_folders(store, tenant, user["id"])
    for owner, messages in document.get("messages", {}).items():
        mailstore.add_messages(store, tenant, owner, messages)


def _verified_domains(tenant: Tenant) -> list[Document]:
    return [
        {"name": each["id"], "isDefault": bool(each.get("isDefault")), "isInitial": False, "type": "Managed",
         "capabilities": "Email, OfficeCommunicationsOnline"}
        for each in tenant.domains
    ]  # fmt: skip


def plant(store: Store, tenant: Tenant, collection: str, document: Document, owner: str | None = None) -> None:
    """Put one object in place, or overwrite it. Raises KeyError for a collection that does not exist."""
    if collection == "messages":
        mailstore.add_messages(store, tenant, owner or document["_mailbox"], [document])
    elif collection == "mailboxes":
        identity = owner or document["id"]
        before = store.one(tenant, "mailboxes", identity) or {}
        store.save(tenant, "mailboxes", {**before, **document, "id": identity})
    elif collection in OWNED or collection in FLAT or collection in ("domains", "organization"):
        store.save(tenant, collection, document, owner=owner if collection in OWNED else None)
    else:
        raise KeyError(collection)
