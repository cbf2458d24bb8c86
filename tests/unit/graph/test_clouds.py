"""Addresses of the national clouds, against Microsoft's table (https://learn.microsoft.com/graph/deployments)."""

import pytest

from graph import CLOUDS, Service, audit, exchange, simulator_cloud, users

TABLE = {
    "global": ("login.microsoftonline.com", "graph.microsoft.com", "outlook.office365.com"),
    "us_gov_high": ("login.microsoftonline.us", "graph.microsoft.us", "outlook.office365.us"),
    "us_gov_dod": ("login.microsoftonline.us", "dod-graph.microsoft.us", "outlook-dod.office365.us"),
    "china": ("login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "outlook.office365.cn"),
}


def test_the_table_of_clouds() -> None:
    shown = {name: (cloud.login, cloud.graph, cloud.exchange) for name, cloud in CLOUDS.items()}

    assert shown == {name: tuple(f"https://{host}" for host in hosts) for name, hosts in TABLE.items()}


@pytest.mark.parametrize("name", TABLE)
def test_a_cloud_asks_for_tokens_in_its_own_names(name: str) -> None:
    login, graph, outlook = TABLE[name]

    assert CLOUDS[name].authority("t1") == f"https://{login}/t1"
    assert CLOUDS[name].scope(Service.GRAPH) == f"https://{graph}/.default"
    assert CLOUDS[name].scope(Service.EXCHANGE) == f"https://{outlook}/.default"


def test_the_simulated_cloud_serves_from_one_place_and_calls_itself_by_global_names() -> None:
    cloud = simulator_cloud("http://127.0.0.1:8100/")

    assert (cloud.login, cloud.graph, cloud.exchange) == ("http://127.0.0.1:8100",) * 3
    assert cloud.authority("t1") == "https://login.microsoftonline.com/t1"
    assert cloud.scope(Service.GRAPH) == "https://graph.microsoft.com/.default"
    assert cloud.is_simulated
    assert not CLOUDS["global"].is_simulated


def test_addresses_of_requests() -> None:
    cloud = CLOUDS["global"]

    assert cloud.url(users.disable("u"), "t1") == "https://graph.microsoft.com/v1.0/users/u"
    assert cloud.url(audit.sign_ins(top=5), "t1") == "https://graph.microsoft.com/beta/auditLogs/signIns?$top=5"
    assert cloud.url(exchange.mailbox("u"), "t1") == "https://outlook.office365.com/adminapi/beta/t1/InvokeCommand"
