"""The tenant itself: organization and domains."""

from __future__ import annotations

from graph.simulator import odata
from graph.simulator.calls import Answer, Call
from graph.simulator.odata import Listing


def list_organization(call: Call) -> Answer:
    """GET /organization: a list of one."""
    return odata.listed(call, Listing("organization", "organization", "organization"))


def list_domains(call: Call) -> Answer:
    """GET /domains."""
    return odata.listed(call, Listing("domains", "domain", "domains"))
