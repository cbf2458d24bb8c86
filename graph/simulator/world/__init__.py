"""The demo world: what the simulated cloud serves before anybody has changed anything.

``build_world(now)`` makes it, ``story`` says what happened in it. All of it is invented.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graph.simulator.world import story
from graph.simulator.world.acme import LEAD, build_acme
from graph.simulator.world.acme_attack import attack
from graph.simulator.world.acme_directory_evidence import (
    earlier_consents,
    first_takeover_directory,
    ordinary_changes,
)
from graph.simulator.world.acme_evidence import first_takeover
from graph.simulator.world.acme_spray_evidence import second_takeover
from graph.simulator.world.everyday_evidence import everyday_files, everyday_mail, reads_the_phish
from graph.simulator.world.message_trace import trace_mail
from graph.simulator.world.moments import Moments
from graph.simulator.world.other_tenants import other_tenants, unconnected_tenants
from graph.simulator.world.risks import add_risks
from graph.simulator.world.sign_ins import add_everyday
from graph.simulator.world.tenant import TenantWorld, registration

__all__ = ["build_world"]


def build_world(now: datetime) -> dict[str, Any]:
    """All demo tenants as they look at ``now``, in the schema that the simulator loads.

    The same ``now`` gives the same world; ids do not depend on it.
    """
    moments = Moments.at(now)
    tenants = [_acme(moments), *other_tenants(moments)]
    return {
        "tenants": [tenant.as_json() for tenant in tenants],
        "unconnected": [tenant.as_json() for tenant in unconnected_tenants(moments)],
        "registrations": [registration()],
    }


def _acme(moments: Moments) -> TenantWorld:
    acme = build_acme(moments)
    attack(acme)
    first_takeover_directory(acme, first_takeover(acme))
    second_takeover(acme)
    for key in (LEAD, "tadhg.obriain", "priyanka.raghunathan"):
        everyday_mail(acme, key)
    everyday_files(acme, LEAD)
    reads_the_phish(acme, story.RENEE)
    earlier_consents(acme)
    ordinary_changes(acme, "rosalind.achebe")
    add_everyday(acme)
    add_risks(
        acme, {LEAD: ("anomalousToken", story.RENEE, "medium"), "tadhg.obriain": ("passwordSpray", story.TADHG, "high")}
    )
    trace_mail(acme)
    return acme
