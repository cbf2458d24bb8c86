"""Authentication methods: a mixed list to read, a collection per type to delete from.

Source: DOCS authentication-list-methods; the refusal of the default method verbatim from microsoft-graph-docs #18091.
"""

from __future__ import annotations

from typing import Any

from graph.simulator import odata, roles
from graph.simulator.audit_trail import Change, record_change
from graph.simulator.calls import Answer, Call, Refusal, bad_request
from graph.simulator.entities import shown
from graph.simulator.permissions import refusal_of
from graph.simulator.routing import Lane
from graph.simulator.users import User, user_of

Method = dict[str, Any]

_PREFIX = "#microsoft.graph."


def _methods(call: Call, user: User, *, lagged: bool = False) -> list[Method]:
    return call.store.owned(call.tenant, "authenticationMethods", user["id"], lagged=lagged)


def _entity(method: Method) -> str:
    return str(method["@odata.type"]).removeprefix(_PREFIX)


def list_methods(call: Call) -> Answer:
    """GET /users/{id}/authentication/methods: takes no query options."""
    if call.query:
        raise bad_request("Query option is not supported for this resource.", "badRequest")
    user = user_of(call, lagged=True)
    value = [
        {"@odata.type": method["@odata.type"]} | shown(_entity(method), method, [])
        for method in _methods(call, user, lagged=True)
    ]
    context = odata.context(call, f"users('{user['id']}')/authentication/methods")
    return Answer(200, {"@odata.context": context, "value": value})


def get_method(call: Call) -> Answer:
    """GET /users/{id}/authentication/methods/{id}; a DELETE there is not allowed, whatever the type."""
    user = user_of(call, lagged=True)
    method = call.store.one(call.tenant, "authenticationMethods", call.arguments[1], owner=user["id"], lagged=True)
    if method is None:
        raise _unknown_method()
    context = odata.context(call, f"users('{user['id']}')/authentication/methods/$entity")
    shown_method = {"@odata.type": method["@odata.type"]} | shown(_entity(method), method, [])
    return Answer(200, {"@odata.context": context} | shown_method)


def _unknown_method() -> Refusal:
    return Refusal(404, "resourceNotFound", "The requested authentication method was not found.")


def list_of_type(call: Call) -> Answer:
    """GET /users/{id}/authentication/phoneMethods and its siblings."""
    user = user_of(call, lagged=True)
    segment = call.path.rsplit("/", 1)[1]
    wanted = _PREFIX + entity_of(segment)
    found = [each for each in _methods(call, user, lagged=True) if each["@odata.type"] == wanted]
    context = odata.context(call, f"users('{user['id']}')/authentication/{segment}")
    return Answer(200, {"@odata.context": context, "value": [shown(_entity(each), each, []) for each in found]})


def entity_of(segment: str) -> str:
    """The type behind a path segment: ``phoneAuthenticationMethod`` behind ``phoneMethods``."""
    return segment.removesuffix("Methods") + "AuthenticationMethod"


def delete_method(call: Call) -> Answer:
    """DELETE /users/{id}/authentication/{type}Methods/{id}: 204; the default method goes last."""
    user = user_of(call)
    try:
        roles.check_outranks(call.tenant, user)
    except Refusal as refusal:
        raise refusal_of(Lane.METHODS, []) from refusal
    segment = call.path.split("/")[-2]
    methods = _methods(call, user)
    wanted = (call.arguments[1].lower(), f"{_PREFIX}{entity_of(segment)}".lower())
    method = next((each for each in methods if (each["id"].lower(), each["@odata.type"].lower()) == wanted), None)
    if method is None:
        raise _unknown_method()
    others = [each for each in methods if each is not method and not _entity(each).startswith("password")]
    if method.get("_isDefault") and others:
        message = (
            f"The requested authentication method id of [{method['id']}] matches the user's current default"
            " authentication method, and cannot be deleted until the default authentication method is changed"
        )
        raise bad_request(message, "badRequest")
    call.store.remove(call.tenant, "authenticationMethods", method["id"], owner=user["id"])
    change = Change("Admin deleted security info", "UserManagement", "User", user, "Delete", "Authentication Methods")
    record_change(call, change)
    return Answer(204)
