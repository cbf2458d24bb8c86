"""Entra directory roles: their ids, and who may lay hands on whom.

Source: DOCS api-reference/v1.0/resources/users.md, "Who can perform sensitive actions"; ENTRA permissions-reference.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from graph.simulator.calls import denied
from graph.simulator.tenants import Tenant

TEMPLATES: dict[str, str] = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Authentication Administrator": "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
    "Cloud Device Administrator": "7698a772-787b-4ac8-901f-60d6b08affd2",
    "Conditional Access Administrator": "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
    "Compliance Administrator": "17315797-102d-40b4-93e0-432062caca18",
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "Exchange Recipient Administrator": "31392ffb-586c-42d1-9346-e59415a2cc4e",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Helpdesk Administrator": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "Password Administrator": "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "Security Reader": "5d6b6bb7-de71-4623-b4af-96380a352509",
    "Intune Administrator": "3a2c62db-5318-420d-8d74-23affee5d9d5",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "Guest Inviter": "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "Groups Administrator": "fdd7a751-b60b-444a-984c-02652fe8fa1c",
    "Message Center Reader": "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
    "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "Usage Summary Reports Reader": "75934031-6c7e-415a-99d7-48dbd49e875e",
}

_OVER_EVERYONE = {"Global Administrator", "Privileged Authentication Administrator"}
_MINOR = {
    "Directory Readers", "Guest Inviter", "Helpdesk Administrator", "Groups Administrator", "Message Center Reader",
    "Reports Reader", "Usage Summary Reports Reader", "User Administrator",
}  # fmt: skip


def names_of(roles: Iterable[str]) -> set[str]:
    """Role names, for roles given by name or by template id."""
    by_template = {template: name for name, template in TEMPLATES.items()}
    return {by_template.get(role.lower(), role) for role in roles}


def check_outranks(tenant: Tenant, user: dict[str, Any]) -> None:
    """May the app perform a sensitive action on this user? Raises Refusal 403.

    For someone without an administrator role the Graph permission suffices.
    """
    target = names_of(role.get("displayName") or role["roleTemplateId"] for role in user.get("_roles", []))
    held = names_of(tenant.settings.directory_roles)
    if not target or held & _OVER_EVERYONE:
        return
    if target <= _MINOR and "User Administrator" in held:
        return
    raise denied()


def role_objects(tenant: Tenant, roles: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The directoryRole objects of a tenant for roles of the form {roleTemplateId, displayName}."""
    return [
        {
            "id": str(uuid.uuid5(uuid.UUID(tenant.id), role["roleTemplateId"])),
            "deletedDateTime": None,
            "description": role.get("description") or f"Members of the role {role['displayName']}.",
            "displayName": role["displayName"],
            "roleTemplateId": role["roleTemplateId"],
        }
        for role in roles
    ]


def own_roles(tenant: Tenant) -> list[dict[str, str]]:
    """The roles that the app's service principal holds, as {roleTemplateId, displayName}."""
    names = sorted(names_of(tenant.settings.directory_roles))
    return [{"displayName": name, "roleTemplateId": TEMPLATES.get(name, name)} for name in names]
