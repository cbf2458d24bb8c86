"""One process of a retraction's benchmark, told by lines what to do: `DATABASE_URL=… python -m tests.bench.retract_desk`.

ready            nothing; the process has started
prepare N        migrate, and make an organization with N connected tenants
seek             ask for the phish in all of them
scan SLUG        make the search that waits in a tenant
copies           prints how many copies were found
look             plan the retraction of all copies; prints the plan's digest
begin DIGEST     confirm that plan: plan again, write it down, start it
work SLUG        do what is due in a tenant until nothing is left, or somebody else has it; prints how many runs
sweep            what beat does: give back what dead workers held; prints the slugs of the tenants where something is due
states           prints how many runs are in each state
Every answer is one line of JSON.
"""

import json
import sys
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import django

SINCE = datetime.now(UTC) - timedelta(days=9)


def main() -> None:
    django.setup()
    for line in sys.stdin:
        name, *arguments = line.split()
        answer = ACTS[name](*arguments)
        print(json.dumps(answer), flush=True)


def ready() -> bool:
    return True


def prepare(tenants: str) -> int:
    from django.core.management import call_command

    from tenants.enums import ApprovalRule, CloudName
    from tenants.models import Connection, Organization, Tenant
    from tenants.scoping import tenant_scope
    from tests.bench import flood
    from tests.factories import rows, world

    count = int(tenants)
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


def _all(tenants: list[Any]) -> Any:
    from tenants.scoping import tenant_scope

    return tenant_scope([tenant.pk for tenant in tenants])


def _analyst() -> Any:
    from tenants.models import Member

    return Member.objects.select_related("organization").get()


def seek() -> bool:
    from remediation.services import SoughtMail, sweep_begin
    from tests.bench import flood

    with _all(tenants := _tenants()):
        sweep_begin(sought=SoughtMail(sender_address=flood.SENDER), since=SINCE, tenants=tenants, by=_analyst())
    return True


def scan(slug: str) -> bool:
    from remediation.scanning import scan_due
    from tenants.models import Tenant

    scan_due(tenant=Tenant.objects.get(slug=slug))
    return True


def copies() -> int:
    from remediation.models import Finding

    with _all(_tenants()):
        return Finding.objects.count()


def look() -> str:
    from remediation.services import retraction_plan

    with _all(tenants := _tenants()):
        return retraction_plan(**_chosen(tenants)).digest


def begin(digest: str) -> bool:
    from remediation.services import Confirmed, retraction_begin

    with _all(tenants := _tenants()):
        confirmed = Confirmed(key=uuid.uuid4().hex, digest=digest)
        return retraction_begin(**_chosen(tenants), confirmed=confirmed).is_new


def _chosen(tenants: list[Any]) -> dict[str, Any]:
    """All copies of the last campaign, in all tenants."""
    from remediation.models import Campaign
    from remediation.services import Chosen

    chosen = Chosen(tenant_slugs=[tenant.slug for tenant in tenants])
    return {"campaign": Campaign.objects.latest("pk"), "chosen": chosen, "tenants": tenants, "by": _analyst()}


def work(slug: str) -> int:
    from remediation.runner import run_due
    from tenants.models import Tenant

    return run_due(tenant=Tenant.objects.get(slug=slug))


def sweep() -> list[str]:
    from django.utils import timezone

    from remediation.enums import WAITING_STATES
    from remediation.models import ActionRun
    from remediation.sweeper import resume_stalled

    resume_stalled(now=timezone.now())
    with _all(_tenants()):
        waiting = ActionRun.objects.filter(state__in=WAITING_STATES, due_at__lte=timezone.now())
        return list(waiting.exclude(lease_until__gt=timezone.now()).values_list("tenant__slug", flat=True).distinct())


def states(slug: str = "") -> dict[str, int]:
    """How many runs are in each state, and how many of them were read back and held since; of one tenant or all."""
    from remediation.models import ActionRun

    with _all([tenant for tenant in _tenants() if slug in ("", tenant.slug)]):
        counts = Counter(ActionRun.objects.values_list("state", flat=True))
        return counts | {"verified": ActionRun.objects.filter(verified_at__isnull=False).count()}


ACTS: dict[str, Any] = {
    act.__name__: act for act in (ready, prepare, seek, scan, copies, look, begin, work, sweep, states)
}

if __name__ == "__main__":
    main()
