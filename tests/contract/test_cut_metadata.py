"""The script that cuts Microsoft's originals, on originals of a few lines."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.contract.cut_metadata import ENUMS, TYPES, csdl_slice, permissions_slice

EDM = "http://docs.oasis-open.org/odata/ns/edm"
REVOKE = "POST /users/{id}/revokeSignInSessions"
RESET = "POST /users/{id}/authentication/methods/{id}/resetPassword"


def paths(scheme: str, path: str, least: str = "") -> dict[str, Any]:
    """A path set of permissions.json with one POST."""
    return {"schemeKeys": [scheme], "methods": ["POST"], "paths": {path: least}}


def test_permissions_are_found_by_path_whatever_its_case_and_names() -> None:
    permissions = {
        "Narrow": {"pathSets": [paths("Application", "/users/{user-id}/revokesigninsessions", "least=Application")]},
        "Broad": {"pathSets": [paths("Application", "/users/{id}/revokeSignInSessions", "least=DelegatedWork")]},
        "Personal": {"pathSets": [paths("DelegatedWork", "/users/{id}/authentication/methods/{id}/resetPassword")]},
    }
    deployments = {"Narrow": [{"scheme": "DelegatedWork", "id": "x"}, {"scheme": "Application", "id": "role"}]}
    cut = permissions_slice(permissions, deployments)
    assert cut["operations"] == {
        REVOKE: {"application": [{"name": "Broad", "least": False}, {"name": "Narrow", "least": True}]},
        RESET: {"application": []},  # known, and closed to applications
    }
    assert cut["applicationRoleIds"] == {"Broad": None, "Narrow": "role"}


def metadata(types: list[str]) -> ET.Element:
    """A metadata document in which every type has one property, and every enum one member."""
    entities = "".join(
        f'<EntityType Name="{each}" BaseType="graph.entity"><Property Name="id" Type="Edm.String"/></EntityType>'
        for each in types
    )
    enums = "".join(f'<EnumType Name="{each}"><Member Name="none"/></EnumType>' for each in ENUMS)
    other = '<Schema Namespace="other"><EntityType Name="user"/></Schema>'
    schema = f'<Schema Namespace="microsoft.graph">{entities}{enums}</Schema>{other}'
    return ET.fromstring(f'<Edmx xmlns="{EDM}">{schema}</Edmx>')  # noqa: S314 - written above


def test_types_are_described_and_the_first_of_a_name_counts() -> None:
    cut = csdl_slice(metadata(TYPES))
    assert (set(cut["types"]), set(cut["enums"])) == (set(TYPES), set(ENUMS))
    assert cut["types"]["user"] == {
        "fqn": "microsoft.graph.user",
        "kind": "EntityType",
        "base": "graph.entity",
        "properties": {"id": "Edm.String"},
    }
    assert cut["enums"]["riskLevel"] == ["none"]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(SystemExit, match=r"The metadata does not know device, signIn\."):
        csdl_slice(metadata([each for each in TYPES if each not in ("device", "signIn")]))
