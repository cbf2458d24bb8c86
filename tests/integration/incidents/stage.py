"""What the tests of an incident's reports and of its impact have in common."""

from django.urls import reverse
from django.utils import timezone

from incidents.models import Report
from incidents.reports import making
from incidents.reports.facts import incident_facts
from incidents.selectors import incident_get
from tenants.scoping import tenant_scope, unscoped
from tests.fixtures.console import HTMX

ATTACKER = "203.0.113.66"


def ask(client, incident, kind="pdf", headers=HTMX, **more):
    address = reverse("incidents:report_ask", args=[incident.tenant.slug, incident.pk])
    return client.post(address, {"tenant": incident.tenant.slug, "kind": kind} | more, headers=headers)


def reports():
    with unscoped(reason="a test looks at all rows"):
        return list(Report.objects.order_by("pk"))


def made(client, incident, kind):
    """Ask, make, fetch."""
    ask(client, incident, kind)
    report = reports()[-1]
    making.report_make(report.pk)
    return client.get(reverse("incidents:report", args=[incident.tenant.slug, incident.pk, report.pk]))


def facts(incident, zone="UTC"):
    with tenant_scope([incident.tenant_id]), timezone.override(zone):
        return incident_facts(incident_get(incident.pk), made_by="Ravi Okonkwo")


def page(client, incident, **query):
    address = reverse("incidents:impact", args=[incident.tenant.slug, incident.pk])
    return client.get(address, query, headers=HTMX)
