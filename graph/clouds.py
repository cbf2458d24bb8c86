"""Where Microsoft is: the national clouds, and the simulated one for demo and tests.

Source: https://learn.microsoft.com/graph/deployments. A connection chooses among these by name, never by free text,
so that no secret can be sent elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from graph.request import Request, Service

SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's clouds: the base addresses of its sign-in, Graph and Exchange services."""

    name: str
    label: str
    login: str
    graph: str
    exchange: str

    @property
    def is_simulated(self) -> bool:
        """Whether this is the simulated cloud, which calls itself by the global cloud's names."""
        return self.name == SIMULATOR

    @property
    def advertised(self) -> "Cloud":
        """The cloud whose names stand in authorities and scopes."""
        return GLOBAL if self.is_simulated else self

    def authority(self, tenant_id: str) -> str:
        """Return the authority that issues a tenant's tokens."""
        return f"{self.advertised.login}/{tenant_id}"

    def scope(self, service: Service) -> str:
        """Return the scope that stands for all application permissions granted for a service."""
        return f"{self.advertised.base(service)}/.default"

    def consent_url(self, question: Mapping[str, str], *, service: Service, directory: str = "organizations") -> str:
        """Return the address at which an administrator admits an application to a directory, for one service.

        `question` holds client_id, redirect_uri and state; `directory` a tenant id, where it is known which one.
        https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
        """
        asked = {**question, "scope": self.scope(service)}
        return f"{self.login}/{directory}/v2.0/adminconsent?{urlencode(asked)}"

    def base(self, service: Service) -> str:
        """Return the base address of a service."""
        return self.exchange if service is Service.EXCHANGE else self.graph

    def url(self, request: Request, tenant_id: str) -> str:
        """Return the whole address that a request is sent to."""
        return self.base(request.service) + request.relative_url.replace("{tenantId}", tenant_id, 1)


GLOBAL = Cloud(
    name="global",
    label="Microsoft 365 (worldwide, GCC)",
    login="https://login.microsoftonline.com",
    graph="https://graph.microsoft.com",
    exchange="https://outlook.office365.com",
)

CLOUDS = MappingProxyType(
    {
        cloud.name: cloud
        for cloud in (
            GLOBAL,
            Cloud(
                name="us_gov_high",
                label="US Government GCC High (L4)",
                login="https://login.microsoftonline.us",
                graph="https://graph.microsoft.us",
                exchange="https://outlook.office365.us",
            ),
            Cloud(
                name="us_gov_dod",
                label="US Government DoD (L5)",
                login="https://login.microsoftonline.us",
                graph="https://dod-graph.microsoft.us",
                exchange="https://outlook-dod.office365.us",
            ),
            Cloud(
                name="china",
                label="China (operated by 21Vianet)",
                login="https://login.chinacloudapi.cn",
                graph="https://microsoftgraph.chinacloudapi.cn",
                exchange="https://outlook.office365.cn",
            ),
        )
    }
)


def simulator_cloud(url: str) -> Cloud:
    """Return the simulated cloud at `url`, which serves sign-in, Graph and Exchange from one origin."""
    base = url.rstrip("/")
    return Cloud(name=SIMULATOR, label="Demo cloud (simulated)", login=base, graph=base, exchange=base)
