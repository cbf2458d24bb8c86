"""The demo's tenants, each connected to the simulated cloud, and the incident in which their phish is tagged."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from graph.simulator.attachments import usual_attachment
from graph.simulator.control import SimulatorControl
from graph.simulator.traces import TRANSPORT_DATA_PLATFORM
from graph.simulator.world import story
from incidents.extensions import phish_changed
from incidents.models import Incident, PhishTag
from remediation import runner, scanning
from remediation.models import Campaign, Finding, Scan
from remediation.services import SoughtMail, sweep_begin
from tenants.enums import CloudName
from tenants.models import Connection, Member, Organization, Tenant
from tenants.scoping import tenant_scope, unscoped
from tests.integration.remediation.desk import make_account, make_incident, make_member

LURES = {phish.internet_message_id for phish in (story.LURE, story.LURE_SECOND)}


@dataclass
class Towns:
    """The demo's tenants, each connected to the simulated cloud, and Renée's incident."""

    organization: Organization
    analyst: Member
    tenants: dict[str, Tenant]
    incident: Incident
    control: SimulatorControl

    def tag(self, phish: story.Phish = story.LURE) -> None:
        with tenant_scope([self.incident.tenant_id]):
            PhishTag.objects.create(
                tenant=self.incident.tenant,
                incident=self.incident,
                internet_message_id=phish.internet_message_id,
                subject=phish.subject,
                sender_address=phish.sender,
            )
            phish_changed(incident=self.incident, by=None)

    def sweep(
        self, *names: str, since: datetime | None = None, until: datetime | None = None, **sought: Any
    ) -> Campaign:
        chosen = [self.tenants[name] for name in names]
        with tenant_scope([tenant.pk for tenant in chosen]):
            return sweep_begin(
                sought=SoughtMail(**sought),
                since=since or timezone.now() - timedelta(days=60),
                until=until,
                tenants=chosen,
                by=self.analyst,
            )

    @property
    def others(self) -> list[Tenant]:
        """All but the one in which the phish is tagged."""
        return [tenant for name, tenant in self.tenants.items() if name != "acme"]

    @contextmanager
    def seen(self, tenants: Sequence[Tenant] = ()) -> Iterator[None]:
        """As a view would have it: the scope of the other tenants is open."""
        with tenant_scope([tenant.pk for tenant in tenants or self.others]):
            yield

    def work(self, *names: str) -> None:
        """What the workers do when the bells ring for action runs."""
        for name in names or self.tenants:
            runner.run_due(tenant=self.tenants[name])

    def folders(self, name: str) -> dict[str, str]:
        """Where Microsoft has the copies of the phish at a tenant: the well-known name of the folder, by mailbox."""
        tenant_id = self._microsoft(name)
        lying = {}
        for user in self.control.objects(tenant_id, "users"):
            kept = self.control.objects(tenant_id, "mailFolders", user["id"])
            folders = {one["id"]: one.get("wellKnownName") or one["displayName"] for one in kept}
            for mail in self.control.objects(tenant_id, "messages", user["id"]):
                if mail["internetMessageId"] in LURES:
                    lying[user["mail"].partition("@")[0]] = folders[mail["parentFolderId"]]
        return lying

    def received(self, name: str) -> dict[str, datetime]:
        """When the copies of the phish came to the mailboxes of a tenant."""
        tenant_id = self._microsoft(name)
        return {
            user["mail"].partition("@")[0]: datetime.fromisoformat(mail["receivedDateTime"])
            for user in self.control.objects(tenant_id, "users")
            for mail in self.control.objects(tenant_id, "messages", user["id"])
            if mail["internetMessageId"] in LURES
        }

    def trace_from(self, name: str, source: str) -> None:
        """Where message traces can be had in a tenant: from "graph", from "exchange", or from nowhere."""
        tenant_id, roles = self._microsoft(name), ["Exchange Administrator"] if source == "exchange" else []
        self.control.configure(tenant_id, licences={"messageTrace": source == "graph"}, directoryRoles=roles)
        self.control.configure(tenant_id, exchangePermissions=["Exchange.ManageAsApp"])
        for application in self.control.objects(tenant_id, "servicePrincipals"):
            if application["appId"] == TRANSPORT_DATA_PLATFORM:
                self.control.uproot(tenant_id, "servicePrincipals", application["id"])

    def block(self, name: str, mailbox: str) -> None:
        """Close a mailbox to applications, as an access policy in Exchange does."""
        tenant_id = self._microsoft(name)
        users = self.control.objects(tenant_id, "users")
        blocked = [user["id"] for user in users if (user["mail"] or "").partition("@")[0] == mailbox]
        self.control.configure(tenant_id, blockedMailboxes=blocked)

    def attached(self, name: str) -> tuple[str, str]:
        """A mailbox of a tenant in which a mail with an attachment lies, and the attachment's hash."""
        tenant_id = self._microsoft(name)
        since = timezone.now() - timedelta(days=50)
        for user in self.control.objects(tenant_id, "users"):
            for mail in self.control.objects(tenant_id, "messages", user["id"]):
                if mail["hasAttachments"] and datetime.fromisoformat(mail["receivedDateTime"]) > since:
                    content = base64.b64decode(usual_attachment(mail)["contentBytes"])
                    return user["mail"].partition("@")[0], hashlib.sha256(content).hexdigest()
        raise LookupError(f"no mail at {name} has an attachment")

    def _microsoft(self, name: str) -> str:
        with tenant_scope([self.tenants[name].pk]):
            return str(Connection.objects.get().microsoft_tenant_id)

    def search(self, *names: str) -> None:
        """What the workers do when the bells ring."""
        for name in names or self.tenants:
            scanning.scan_due(tenant=self.tenants[name])

    def found(self, campaign: Campaign) -> dict[str, list[str]]:
        """The mailboxes with a copy, by tenant."""
        with unscoped(reason="a test looks into all tenants"):
            rows = Finding.objects.filter(campaign=campaign, gone_at=None).select_related("tenant").order_by("pk")
            found: dict[str, list[str]] = {}
            for row in rows:
                found.setdefault(row.tenant.slug, []).append(row.target["mailbox"].partition("@")[0])
            return {slug: sorted(names) for slug, names in found.items()}

    def coverage(self, campaign: Campaign, name: str) -> list[dict[str, Any]]:
        """What the last search of a tenant looked at."""
        with tenant_scope([self.tenants[name].pk]):
            return list(Scan.objects.filter(campaign=campaign).latest("pk").coverage)

    def states(self, campaign: Campaign) -> dict[str, str]:
        with unscoped(reason="a test looks into all tenants"):
            return {scan.tenant.slug: scan.state for scan in Scan.objects.filter(campaign=campaign).order_by("pk")}


def make_towns(control: SimulatorControl) -> Towns:
    """Rows for the tenants that the simulated cloud knows of and the story's phish reached."""
    organization = Organization.objects.create(name="Lantern")
    tenants = {}
    for known in control.tenants():
        slug = known["name"].split()[0].lower()
        if slug not in story.LURE_COPIES:
            continue
        tenants[slug] = Tenant.objects.create(organization=organization, slug=slug, name=known["name"], is_demo=True)
        with tenant_scope([tenants[slug].pk]):
            Connection.objects.create(
                tenant=tenants[slug],
                cloud=CloudName.SIMULATOR,
                microsoft_tenant_id=known["tenantId"],
                client_id=known["clientId"],
                client_secret=known["clientSecret"],
            )
    with tenant_scope([tenants["acme"].pk]):
        users = control.objects(story.ACME.tenant_id, "users")
        (renee,) = [each for each in users if each["userPrincipalName"] == story.RENEE.victim]
        account = make_account(
            tenants["acme"], renee["id"], "Renee", user_principal_name=story.RENEE.victim, mail=renee["mail"]
        )
        incident = make_incident(tenants["acme"], account)
    analyst = make_member(organization, "ravi@lantern.example")
    return Towns(organization, analyst, tenants, incident, control)


def expected() -> dict[str, list[str]]:
    """Who got the phish elsewhere, as the story tells it."""
    return {name: sorted(copies) for name, copies in story.LURE_COPIES.items() if name != "acme"}
