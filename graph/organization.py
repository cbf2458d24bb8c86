"""Calls about the tenant itself."""

from graph.request import Request


def organization() -> Request:
    """GET /organization: the tenant's name and kind. Permission: Organization.Read.All or Directory.Read.All.

    https://learn.microsoft.com/graph/api/organization-list
    """
    return Request("GET", "/organization")


def domains() -> Request:
    """GET /domains: names, and whether sign-in is managed or federated. Permission: Domain.Read.All.

    https://learn.microsoft.com/graph/api/domain-list
    """
    return Request("GET", "/domains")
