"""Which chain people mean, and what a chain is called, also when its tenant is gone."""

from tenants.models import AuditEvent, Organization, Tenant


def tenant_id_named(name: str) -> int | None:
    """The tenant with this slug or name; one that was removed is found by the name in its entries. None: nobody."""
    for column in ("slug", "name"):
        if found := Tenant.objects.filter(**{column: name}).values_list("pk", flat=True).first():
            return found
    rows = AuditEvent.objects.filter(tenant_name=name, tenant_id__isnull=False)
    return rows.order_by("-pk").values_list("tenant_id", flat=True).first()


def chain_name(organization_id: int, tenant_id: int | None) -> str:
    """The tenant's name, or the organization's, said so."""
    if tenant_id is None:
        name = Organization.objects.filter(pk=organization_id).values_list("name", flat=True).first()
        return f"Organization {name or organization_id}"
    name = Tenant.objects.filter(pk=tenant_id).values_list("name", flat=True).first()
    name = name or AuditEvent.objects.filter(tenant_id=tenant_id).values_list("tenant_name", flat=True).first()
    return f"Tenant {name or tenant_id}"
