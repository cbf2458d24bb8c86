"""One process of a retraction's benchmark, told by lines what to do: `DATABASE_URL=… python -m tests.bench.retract_desk`.

ready            nothing; the process has started
prepare N        migrate, and make an organization with N connected tenants
search           look for the phish in all of them; prints the number of copies found
begin            plan, confirm and start the retraction of all copies
work             do what is due until nothing is left in any tenant, or somebody else has it
states           prints how many runs are in each state
Every answer is one line of JSON.
"""

import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import django

SINCE = datetime.now(UTC) - timedelta(days=9)


def main() -> None:
    django.setup()
    for line in sys.stdin:
        name, *arguments = line.split()
        answer = ACTS[name](*map(int, arguments))
        print(json.dumps(answer), flush=True)


def ready() -> bool:
    return True


def prepare(count: int) -> int:
    from django.core.management import call_command

    from tenants.enums import ApprovalRule, CloudName
    from tenants.models import Connection, Organization, Tenant
    from tenants.scoping import tenant_scope
    from tests.bench import flood
    from tests.factories import rows, world

    call_command("migrate", verbosity=0)
    organization = Organization.objects.create(name="Bench", approval_rule=ApprovalRule.NEVER)
    rows.member(organization, email="analyst@petra.example")
    for number in range(count):
        slug = f"t{number}"
        tenant = Tenant.objects.create(organization=organization, slug=slug, name=f"Tenant {number}", is_demo=True)
        with tenant_scope([tenant.pk]):
            Connection.objects.create(
                tenant=tenant,
                cloud=CloudName.SIMULATOR,
                microsoft_tenant_id=flood.tenant_id(number),
                client_id=flood.client_id(number),
                client_secret=world.CLIENT_SECRET,
                domains=[f"{slug}.example"],
            )
    return count


def _tenants() -> list[Any]:
    from tenants.models import Tenant

    return list(Tenant.objects.order_by("pk"))


def _analyst() -> Any:
    from tenants.models import Member

    return Member.objects.select_related("organization").get()


def search() -> int:
    from remediation.models import Finding
    from remediation.scanning import scan_due
    from remediation.services import SoughtMail, sweep_begin
    from tenants.scoping import tenant_scope
    from tests.bench import flood

    tenants = _tenants()
    with tenant_scope([tenant.pk for tenant in tenants]):
        sweep_begin(sought=SoughtMail(sender_address=flood.SENDER), since=SINCE, tenants=tenants, by=_analyst())
    for tenant in tenants:
        scan_due(tenant=tenant)
    with tenant_scope([tenant.pk for tenant in tenants]):
        return Finding.objects.count()


def begin() -> float:
    """How long the press takes, in seconds."""
    from remediation.models import Campaign
    from remediation.services import Chosen, Confirmed, retraction_begin, retraction_plan
    from tenants.scoping import tenant_scope

    began, tenants, member = time.perf_counter(), _tenants(), _analyst()
    campaign = Campaign.objects.latest("pk")
    chosen = Chosen(tenant_slugs=[tenant.slug for tenant in tenants])
    with tenant_scope([tenant.pk for tenant in tenants]):
        plan = retraction_plan(campaign=campaign, chosen=chosen, tenants=tenants, by=member)
        confirmed = Confirmed(key=f"{campaign.pk:032x}", digest=plan.digest)
        retraction_begin(campaign=campaign, chosen=chosen, confirmed=confirmed, tenants=tenants, by=member)
    return time.perf_counter() - began


def work() -> int:
    """What one worker does when all bells ring. Returns how many runs it has done."""
    from remediation.runner import run_due

    return sum(run_due(tenant=tenant) for tenant in _tenants())


def states() -> dict[str, int]:
    """How many runs are in each state, and how many of them were read back and held since."""
    from remediation.models import ActionRun
    from tenants.scoping import tenant_scope

    with tenant_scope([tenant.pk for tenant in _tenants()]):
        counts = Counter(ActionRun.objects.values_list("state", flat=True))
        return counts | {"verified": ActionRun.objects.filter(verified_at__isnull=False).count()}


ACTS: dict[str, Any] = {
    "ready": ready,
    "prepare": prepare,
    "search": search,
    "begin": begin,
    "work": work,
    "states": states,
}

if __name__ == "__main__":
    main()
