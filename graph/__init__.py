"""How Petra talks to Microsoft: plain Python over HTTP, knowing neither Django nor tenants nor incidents.

Build a `Request` with one of the modules named after nouns (`users`, `mail`, `exchange`, ...), give it to a
`GraphClient`, look at the `Response`.
"""

from graph.auth import AppCredentials, Certificate
from graph.circuit import Circuit
from graph.client import GraphClient
from graph.clouds import CLOUDS, Cloud, simulator_cloud
from graph.errors import (
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ConnectionFailed,
    FailedDependency,
    GraphError,
    Inconclusive,
    NoMailbox,
    NotFound,
    NotLicensed,
    PermissionDenied,
    ServiceFailed,
    Throttled,
)
from graph.request import DIRECTORY, EXCHANGE_ADMIN, Request, Response, SecretRef, Service, mailbox_lane
from graph.sentences import in_plain_words

__all__ = [
    "CLOUDS",
    "DIRECTORY",
    "EXCHANGE_ADMIN",
    "AppCredentials",
    "AuthenticationFailed",
    "BadRequest",
    "Certificate",
    "Circuit",
    "Cloud",
    "Conflict",
    "ConnectionFailed",
    "FailedDependency",
    "GraphClient",
    "GraphError",
    "Inconclusive",
    "NoMailbox",
    "NotFound",
    "NotLicensed",
    "PermissionDenied",
    "Request",
    "Response",
    "SecretRef",
    "Service",
    "ServiceFailed",
    "Throttled",
    "in_plain_words",
    "mailbox_lane",
    "simulator_cloud",
]
