"""An incident in the tenant of the imported records, and somebody who may look at it; tells their addresses as JSON.

DATABASE_URL=… python -m tests.bench.pages_desk
"""

import json
from datetime import timedelta

import django


def main() -> None:
    django.setup()
    from incidents.models import Account, LogRecord
    from tenants.models import Member, Tenant
    from tenants.scoping import tenant_scope
    from tests.bench.records import BEGIN, PEOPLE, SPAN
    from tests.factories import rows

    tenant = Tenant.objects.get()
    since = BEGIN + SPAN - timedelta(days=5)
    with tenant_scope([tenant.pk]):
        victim = Account.objects.get(user_principal_name=PEOPLE[7])
        theirs = LogRecord.objects.filter(user_principal_name=PEOPLE[7], occurred_at__gte=since).exclude(ip_address="")
        addresses = list(theirs.order_by("occurred_at").values_list("ip_address", flat=True)[:5])
        incident = victim.incidents.first() or rows.incident(tenant, victim, first_access_at=since)
        for address in () if incident.indicators.exists() else addresses:
            rows.indicator(incident, address)
        record = theirs.filter(workload="exchange").order_by("-occurred_at").values_list("pk", flat=True)[0]
    if not Member.objects.exists():
        rows.member(tenant.organization, email="analyst@petra.example")
    print(json.dumps({"tenant": tenant.slug, "incident": incident.pk, "account": victim.pk, "record": record}))


if __name__ == "__main__":
    main()
