"""Applications and service principals, and what users own and created."""

from __future__ import annotations

from typing import Any

from graph.simulator import clock, made, odata
from graph.simulator.audit_trail import Change, record_change
from graph.simulator.calls import Answer, Call, bad_request, denied, not_found
from graph.simulator.entities import PROPERTIES, check_types
from graph.simulator.odata import Listing
from graph.simulator.state import Query
from graph.simulator.users import user_of

Thing = dict[str, Any]

_ENTITY = {"applications": "application", "servicePrincipals": "servicePrincipal"}
_TYPE = {"applications": "Application", "servicePrincipals": "ServicePrincipal"}
_SHOWN_TYPE = {"applications": "application", "servicePrincipals": "service principal"}
_READ_ONLY = {"id", "appId", "createdDateTime", "deletedDateTime", "disabledByMicrosoftStatus", "publisherDomain"}


def _collection(call: Call) -> str:
    return "applications" if call.path.lower().startswith("/applications") else "servicePrincipals"


def _thing(call: Call, *, lagged: bool = False) -> Thing:
    found = call.store.keyed(call.tenant, _collection(call), call.arguments[0], lagged=lagged)
    if found is None:
        raise not_found(call.arguments[0])
    return found


def list_things(call: Call) -> Answer:
    """GET /applications and GET /servicePrincipals."""
    collection = _collection(call)
    return odata.listed(call, Listing(collection, _ENTITY[collection], collection))


def get_thing(call: Call) -> Answer:
    """GET /applications/{id} and GET /servicePrincipals/{id}, by object id."""
    collection = _collection(call)
    return odata.single(call, _ENTITY[collection], collection, _thing(call, lagged=True))


def create_principal(call: Call) -> Answer:
    """POST /servicePrincipals: admit an application to the tenant. 201; 409 when it is there already."""
    app_id = call.field("appId")
    if not app_id:
        raise bad_request("A value is required for property 'appId' of resource 'ServicePrincipal'.")
    if call.store.aliased(call.tenant, "servicePrincipals", str(app_id)):
        text = (
            "The service principal cannot be created, updated, or restored because the service principal name"
            f" {app_id} is already in use."
        )
        raise _conflict(text)
    document = {
        "id": made.guid(),
        "appId": app_id,
        "accountEnabled": True,
        "displayName": f"Application {app_id}",
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [app_id],
        "_owners": [call.tenant.service_principal_id],
    }
    call.store.save(call.tenant, "servicePrincipals", document)
    change = Change("Add service principal", "ApplicationManagement", "ServicePrincipal", document, operation="Add")
    record_change(call, change)
    answer = odata.single(call, "servicePrincipal", "servicePrincipals", document)
    return Answer(201, answer.body)


def _conflict(text: str) -> Exception:
    refusal = bad_request(text, "Request_MultipleObjectsWithSameKeyValue")
    refusal.status = 409
    return refusal


def _check_owned(call: Call, thing: Thing) -> None:
    """Application.ReadWrite.OwnedBy alone reaches what the calling application owns, and nothing else."""
    broad = {"Application.ReadWrite.All", "Directory.ReadWrite.All"}
    if call.permissions.isdisjoint(broad) and call.tenant.service_principal_id not in thing.get("_owners", []):
        raise denied()


def update_thing(call: Call) -> Answer:
    """PATCH /applications/{id} (isDisabled…) and /servicePrincipals/{id} (accountEnabled…): 204."""
    collection, thing, values = _collection(call), _thing(call), call.fields()
    _check_owned(call, thing)
    for name in values:
        if name not in PROPERTIES[_ENTITY[collection]] or name in _READ_ONLY:
            raise bad_request(f"Property '{name}' is read-only or does not exist.", "Request_BadRequest")
    check_types(values)
    changed = {name: (thing.get(name), value) for name, value in values.items() if thing.get(name) != value}
    call.store.save(call.tenant, collection, thing | values)
    if changed:
        _record(call, collection, "Update", thing, {name[0].upper() + name[1:]: each for name, each in changed.items()})
    return Answer(204)


def _record(call: Call, collection: str, verb: str, thing: Thing, values: dict[str, tuple[Any, Any]]) -> None:
    activity = f"{verb} {_SHOWN_TYPE[collection]}"
    record_change(
        call,
        Change(activity, "ApplicationManagement", _TYPE[collection], thing, operation=verb, values=values),
    )


def delete_thing(call: Call) -> Answer:
    """DELETE of either: 204; it can be restored for 30 days."""
    collection, thing = _collection(call), _thing(call)
    _check_owned(call, thing)
    call.store.remove(call.tenant, collection, thing["id"])
    kept = thing | {"deletedDateTime": clock.stamp(), "_collection": collection}
    call.store.save(call.tenant, "deletedItems", kept)
    _record(call, collection, "Delete", thing, {})
    return Answer(204)


def _deleted(call: Call) -> Thing:
    found = call.store.one(call.tenant, "deletedItems", call.arguments[0])
    if found is None:
        raise not_found(call.arguments[0])
    return found


def get_deleted(call: Call) -> Answer:
    """GET /directory/deletedItems/{id}, with its @odata.type."""
    return _typed(call, _deleted(call))


def restore(call: Call) -> Answer:
    """POST /directory/deletedItems/{id}/restore: 200 with the object under its old id."""
    thing = _deleted(call)
    collection = thing.pop("_collection")
    call.store.remove(call.tenant, "deletedItems", thing["id"])
    thing["deletedDateTime"] = None
    call.store.save(call.tenant, collection, thing)
    _record(call, collection, "Restore", thing, {})
    return _typed(call, {**thing, "_collection": collection})


def _typed(call: Call, thing: Thing) -> Answer:
    entity = _ENTITY[thing["_collection"]]
    extra = {"@odata.type": f"#microsoft.graph.{entity}"}
    return odata.single(call, entity, "directoryObjects", thing, extra)


def remove_credential(call: Call) -> Answer:
    """POST /applications/{id}/removePassword and removeKey: 204."""
    thing, key_id = _thing(call), call.field("keyId")
    _check_owned(call, thing)
    name = "passwordCredentials" if call.path.lower().endswith("removepassword") else "keyCredentials"
    kept = [each for each in thing.get(name, []) if each.get("keyId") != key_id]
    if len(kept) == len(thing.get(name, [])):
        raise bad_request(f"No credential found with keyId '{key_id}'.", "Request_BadRequest")
    call.store.save(call.tenant, "applications", thing | {name: kept})
    activity = "Update application – Certificates and secrets management"
    record_change(call, Change(activity, "ApplicationManagement", "Application", thing))
    return Answer(204)


def owners(call: Call) -> Answer:
    """GET /applications/{id}/owners: users and service principals, each with its @odata.type."""
    found: list[tuple[str, Thing]] = []
    for owner in _thing(call, lagged=True).get("_owners", []):
        for collection, entity in (("users", "user"), ("servicePrincipals", "servicePrincipal")):
            document = call.store.one(call.tenant, collection, owner)
            found += [(entity, document)] if document else []
    return odata.polymorphic(call, "directoryObjects", found)


def owned_objects(call: Call) -> Answer:
    """GET /users/{id}/ownedObjects."""
    user = user_of(call, lagged=True)
    where = "EXISTS (SELECT 1 FROM json_each(body, '$._owners') WHERE value = ?)"
    return odata.polymorphic(call, "directoryObjects", _linked(call, where, user["id"]))


def created_objects(call: Call) -> Answer:
    """GET /users/{id}/createdObjects."""
    user = user_of(call, lagged=True)
    return odata.polymorphic(
        call, "directoryObjects", _linked(call, "json_extract(body, '$._createdBy') = ?", user["id"])
    )


def _linked(call: Call, where: str, user_id: str) -> list[tuple[str, Thing]]:
    return [
        (entity, document)
        for collection, entity in _ENTITY.items()
        for document in call.store.rows(call.tenant, Query(collection, where, (user_id,)), lagged=True)
    ]
