"""The consent pages: an administrator admits a multi-tenant application to a directory, or declines.

Source: ENTRA docs/identity-platform/v2-admin-consent.md for the v2.0 page; the older page answers without `scope`, and
with `access_denied` where it is declined. Who signs in is chosen on the page: no passwords are known here.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from graph.simulator import clock
from graph.simulator.calls import EXCHANGE, GRAPH, Refusal
from graph.simulator.state import Store
from graph.simulator.tenants import Registration, Tenant
from graph.simulator.tokens import HOSTS, host_of

_ANY_DIRECTORY = ("organizations", "common")
_LOOPBACK = ("localhost", "127.0.0.1")
_SERVICES = {GRAPH: "Microsoft Graph", EXCHANGE: "Office 365 Exchange Online"}


class _Unasked(Exception):
    """The question itself is wrong. It is told on the page: where the answer would go cannot be trusted."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"AADSTS{number}: {text}")


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, of whom, and where the answer goes. `scope` is empty where everything registered is asked for."""

    registration: Registration
    directories: list[Tenant]
    redirect_uri: str
    state: str
    scope: str
    is_v2: bool

    @property
    def services(self) -> list[str]:
        """For which services the application wants its permissions."""
        return [HOSTS[host_of(self.scope)]] if self.scope else [GRAPH, EXCHANGE]

    def permissions(self, service: str) -> list[str]:
        """What the registration lists for a service."""
        wanted = self.registration
        return wanted.graph_permissions if service == GRAPH else wanted.exchange_permissions


async def respond(store: Store, request: Request, directory: str, *, is_v2: bool) -> Response:
    """GET shows the page, POST takes what was pressed on it: 303 to where the application wants the answer."""
    try:
        question = _question(store, directory, dict(request.query_params), is_v2=is_v2)
    except _Unasked as wrong:
        return HTMLResponse(_page("Sign in", f'<p class="wrong">{escape(str(wrong))}</p>'), 400)
    if request.method == "GET":
        return HTMLResponse(_page(question.registration.name, _form(question, request.url.path, request.url.query)))
    pressed = dict(parse_qsl((await request.body()).decode()))
    tenant = next((each for each in question.directories if each.id == pressed.get("directory")), None)
    if request.method != "POST" or tenant is None:
        return HTMLResponse(_page("Sign in", '<p class="wrong">Choose who signs in.</p>'), 400)
    if pressed.get("decision") == "accept":
        _admit(store, question, tenant)
        return _answer(question, _accepted(question, tenant))
    return _answer(question, _declined(question))


def _question(store: Store, directory: str, query: dict[str, str], *, is_v2: bool) -> _Question:
    client_id = query.get("client_id", "")
    registration = store.registration(client_id)
    if registration is None:
        raise _Unasked(700016, f"Application with identifier '{client_id}' was not found in the directory.")
    if is_v2 and directory.lower() == "common":
        raise _Unasked(
            90130,
            f"Application '{client_id}' is not supported over the /common or /consumers endpoints. Please use the"
            " /organizations or tenant-specific endpoint.",
        )
    redirect_uri = query.get("redirect_uri", "")
    if not any(_is_registered(redirect_uri, known) for known in registration.redirect_uris):
        raise _Unasked(
            50011,
            f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured"
            f" for the application '{client_id}'.",
        )
    directories = _directories(store, directory)
    return _Question(registration, directories, redirect_uri, query.get("state", ""), _scope(query, is_v2), is_v2)


def _directories(store: Store, name: str) -> list[Tenant]:
    """Who may sign in: those who have not admitted the application yet come first."""
    if name.lower() in _ANY_DIRECTORY:
        return sorted(store.tenants(), key=lambda tenant: (tenant.is_consented, tenant.name))
    tenant = store.tenant(name)
    if tenant is None:
        raise _Unasked(90002, f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID.")
    return [tenant]


def _scope(query: dict[str, str], is_v2: bool) -> str:
    scope = query.get("scope", "")
    if not scope and is_v2:
        raise _Unasked(900144, "The request body must contain the following parameter: 'scope'.")
    try:
        return host_of(scope) and scope if scope else ""
    except Refusal as refusal:
        raise _Unasked(1002012, f"The provided value for the input parameter 'scope' is not valid: '{scope}'.") from (
            refusal
        )


def _is_registered(asked: str, known: str) -> bool:
    """Compared exactly; only on this machine any port will do, as with Microsoft."""
    one, other = urlsplit(asked), urlsplit(known)
    if other.hostname not in _LOOPBACK:
        return asked == known
    return (one.scheme, one.hostname, one.path, one.query) == (other.scheme, other.hostname, other.path, other.query)


def _admit(store: Store, question: _Question, tenant: Tenant) -> None:
    """What the administrator's consent does: a service principal, and the permissions that were asked for."""
    settings = tenant.settings
    with store.transaction():
        tenant.is_consented, tenant.client_id = True, question.registration.client_id
        for service in question.services:
            granted = question.permissions(service)
            if service == GRAPH:
                settings.granted_permissions = sorted({*settings.granted_permissions, *granted})
            else:
                settings.exchange_permissions = sorted({*settings.exchange_permissions, *granted})
        store.save_tenant(tenant)
        if not store.aliased(tenant, "servicePrincipals", tenant.client_id):
            store.save(tenant, "servicePrincipals", _principal(question.registration, tenant))


def _principal(registration: Registration, tenant: Tenant) -> dict[str, object]:
    return {
        "id": tenant.service_principal_id,
        "appId": registration.client_id,
        "appDisplayName": registration.name,
        "displayName": registration.name,
        "accountEnabled": True,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [registration.client_id],
        "signInAudience": "AzureADMultipleOrgs",
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        "_createdDateTime": clock.stamp(),
    }


def _accepted(question: _Question, tenant: Tenant) -> dict[str, str]:
    told = {"admin_consent": "True", "tenant": tenant.id, "state": question.state}
    return told | ({"scope": question.scope} if question.is_v2 else {})


def _declined(question: _Question) -> dict[str, str]:
    text = (
        f"AADSTS65004: User declined to consent to access the app. Trace ID: {uuid.uuid4()}"
        f" Correlation ID: {uuid.uuid4()} Timestamp: {clock.stamp()}"
    )
    told = {"error_description": text, "state": question.state}
    if question.is_v2:  # Microsoft says admin_consent=True here, too: who asks has to look at error first
        return {"error": "consent_required", **told, "admin_consent": "True"}
    return {"error": "access_denied", **told}


def _answer(question: _Question, told: dict[str, str]) -> Response:
    joint = "&" if urlsplit(question.redirect_uri).query else "?"
    return RedirectResponse(f"{question.redirect_uri}{joint}{urlencode(told)}", 303)


def _form(question: _Question, path: str, query: str) -> str:
    wanted = "".join(
        f"<h2>{_SERVICES[service]}</h2><ul>{''.join(f'<li>{escape(name)}</li>' for name in names)}</ul>"
        for service in question.services
        if (names := question.permissions(service))
    )
    choices = "".join(
        f'<label><input type="radio" name="directory" value="{escape(tenant.id)}"{" checked" * (number == 0)}> '
        f"<span>{escape(tenant.name)} <small>admin@{escape(tenant.domain_names[0])}"
        f"{', has accepted it before' * tenant.is_consented}</small></span></label>"
        for number, tenant in enumerate(question.directories)
    )
    return (
        f"<p><b>{escape(question.registration.name)}</b> by {escape(question.registration.publisher)} asks for these"
        f" permissions for your whole organization. It acts without a signed-in user.</p>{wanted}"
        f'<form method="post" action="{escape(path)}?{escape(query)}">'
        f"<fieldset><legend>Sign in as an administrator of</legend>{choices}</fieldset>"
        '<p class="acts"><button name="decision" value="cancel">Cancel</button>'
        '<button class="yes" name="decision" value="accept">Accept</button></p></form>'
    )


def _page(title: str, body: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)} · simulated Microsoft sign-in</title><style>{_STYLE}</style></head>
<body><main><p class="mark">Simulated Microsoft cloud</p><h1>Permissions requested</h1>{body}</main></body></html>"""


_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px 12px; font: 15px/1.45 system-ui, sans-serif; background: light-dark(#f2f2f2, #1b1b1b); }
main { max-width: 460px; margin: auto; padding: 24px; border: 1px solid light-dark(#ccc, #444);
  background: light-dark(#fff, #262626); }
h1 { margin: 8px 0; font-size: 22px; } h2 { margin: 12px 0 4px; font-size: 14px; }
ul { max-height: 180px; margin: 0; padding-left: 20px; overflow: auto; font-size: 13px; }
fieldset { margin: 16px 0; padding: 8px 12px; border: 1px solid light-dark(#ccc, #444); }
label { display: flex; gap: 8px; align-items: baseline; padding: 4px 0; }
small { display: block; color: light-dark(#595959, #b5b5b5); } .mark { margin: 0; color: light-dark(#595959, #b5b5b5); }
.acts { display: flex; gap: 8px; justify-content: flex-end; margin: 0; } .wrong { overflow-wrap: anywhere; }
button { min-width: 96px; padding: 8px 16px; border: 1px solid light-dark(#8a8a8a, #777); font: inherit;
  background: light-dark(#fff, #333); color: inherit; cursor: pointer; }
.yes { border-color: #005ba1; background: #005ba1; color: #fff; }
"""
