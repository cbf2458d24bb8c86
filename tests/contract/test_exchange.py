"""The Exchange admin endpoint: mailboxes, delegates, errors, batches."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, NO_MAILBOX, TENANT_ID
from tests.fixtures.simulator import RawCloud

ADDRESS = "alice@tiny.example"


def one(cloud: RawCloud, name: str, **parameters: Any) -> Any:
    """The first object of a cmdlet's answer."""
    answer = cloud.cmdlet(name, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["value"][0]


def test_forwarding_is_cleared_by_nulls(raw_cloud: RawCloud) -> None:
    assert one(raw_cloud, "Get-Mailbox", Identity=ADDRESS)["ForwardingSmtpAddress"] == "smtp:drop@evil.example"
    cleared = {"ForwardingSmtpAddress": None, "ForwardingAddress": None, "DeliverToMailboxAndForward": False}
    answer = raw_cloud.cmdlet("Set-Mailbox", Identity=ADDRESS, **cleared)
    assert (answer.status_code, answer.json()["value"]) == (200, [])
    after = one(raw_cloud, "Get-Mailbox", Identity=ALICE)
    assert {name: after[name] for name in cleared} == cleared
    raw_cloud.cmdlet("Set-Mailbox", Identity=ADDRESS, ForwardingSmtpAddress="drop@evil.example")
    assert one(raw_cloud, "Get-Mailbox", Identity=ADDRESS)["ForwardingSmtpAddress"] == "smtp:drop@evil.example"


def test_full_access_comes_and_goes(raw_cloud: RawCloud) -> None:
    right = {"Identity": ADDRESS, "User": "bob@tiny.example", "AccessRights": ["FullAccess"]}
    assert one(raw_cloud, "Get-MailboxPermission", Identity=ADDRESS)["AccessRights"] == ["FullAccess"]
    raw_cloud.cmdlet("Remove-MailboxPermission", **right, InheritanceType="All", Confirm=False)
    assert raw_cloud.cmdlet("Get-MailboxPermission", Identity=ADDRESS).json()["value"] == []
    again = raw_cloud.cmdlet("Remove-MailboxPermission", **right, Confirm=False)
    assert again.status_code == 200
    assert "isn't present" in again.json()["@adminapi.warnings"][0]
    raw_cloud.cmdlet("Add-MailboxPermission", **right, InheritanceType="All", AutoMapping=False)
    assert one(raw_cloud, "Get-MailboxPermission", Identity=ADDRESS)["User"] == "bob@tiny.example"


def test_send_as_comes_and_goes(raw_cloud: RawCloud) -> None:
    right = {"Identity": ADDRESS, "Trustee": "Bob Example", "AccessRights": ["SendAs"], "Confirm": False}
    raw_cloud.cmdlet("Remove-RecipientPermission", **right)
    assert raw_cloud.cmdlet("Get-RecipientPermission", Identity=ADDRESS).json()["value"] == []
    raw_cloud.cmdlet("Add-RecipientPermission", **right)
    assert one(raw_cloud, "Get-RecipientPermission", Identity=ADDRESS)["Trustee"] == "Bob Example"


def test_send_on_behalf_changes_by_hash_table(raw_cloud: RawCloud) -> None:
    kind = {"@odata.type": "#Exchange.GenericHashTable"}
    for change, expected in (({"Add": ["bob@tiny.example"]}, ["Bob Example"]), ({"remove": "Bob Example"}, [])):
        raw_cloud.cmdlet("Set-Mailbox", Identity=ADDRESS, GrantSendOnBehalfTo={**kind, **change})
        assert one(raw_cloud, "Get-Mailbox", Identity=ADDRESS)["GrantSendOnBehalfTo"] == expected


@pytest.mark.parametrize("identity", ["nobody@tiny.example", NO_MAILBOX])
def test_an_unknown_mailbox(raw_cloud: RawCloud, identity: str) -> None:
    answer = raw_cloud.cmdlet("Get-Mailbox", Identity=identity)
    parts = answer.json()["error"]["details"][0]["message"].split("|")
    assert answer.status_code == 404
    assert parts[1] == "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
    assert parts[2].startswith(f"The operation couldn't be performed because object '{identity}' couldn't be found")


def test_unknown_cmdlets_and_parameters(raw_cloud: RawCloud) -> None:
    unknown = raw_cloud.cmdlet("Format-Disk").json()["error"]
    assert "CommandNotFoundException" in unknown["details"][0]["message"]
    assert raw_cloud.cmdlet("Set-Mailbox", Identity=ADDRESS, Nonsense=1).status_code == 400
    assert raw_cloud.cmdlet("Get-InboxRule").status_code == 400


def test_without_a_role_the_refusal_is_text(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, directoryRoles=["Global Reader"])
    assert raw_cloud.cmdlet("Get-Mailbox", Identity=ADDRESS).status_code == 200
    refused = raw_cloud.cmdlet("Get-InboxRule", Mailbox=ADDRESS)
    assert refused.status_code == 403
    assert "isn't supported in this scenario" in refused.text
    assert refused.text.startswith("[AuthZRequestId=")


def test_without_the_permission_the_refusal_has_no_body(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, exchangePermissions=[])
    refused = raw_cloud.cmdlet("Get-Mailbox", Identity=ADDRESS)
    assert (refused.status_code, refused.content) == (403, b"")


def test_a_batch_of_cmdlets(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    root = f"{raw_cloud.url}/adminapi/beta/{TENANT_ID}"
    names = ["Get-Mailbox", "Get-MailboxPermission", "Get-Nothing"]
    items = [
        {
            "id": name,
            "method": "POST",
            "url": f"{root}/InvokeCommand" if name == "Get-Mailbox" else "/InvokeCommand",
            "headers": {"Content-Type": "application/json"},
            "body": {"CmdletInput": {"CmdletName": name, "Parameters": {"Identity": ADDRESS}}},
        }
        for name in names
    ]
    headers = raw_cloud.headers("outlook.office365.com")
    answer = requests.post(f"{root}/$batch", json={"requests": items}, headers=headers, timeout=10)
    statuses = {each["id"]: each["status"] for each in answer.json()["responses"]}
    assert statuses == dict(zip(names, [200, 200, 400], strict=True))
    too_many = [{**items[0], "id": str(number)} for number in range(11)]
    refused = requests.post(f"{root}/$batch", json={"requests": too_many}, headers=headers, timeout=10)
    assert refused.status_code == 400
    assert simulator.requests()["byPath"]["POST /InvokeCommand Get-Mailbox"] == 1


def test_searches(raw_cloud: RawCloud) -> None:
    found = raw_cloud.cmdlet(
        "Search-UnifiedAuditLog", StartDate="2026-03-01", EndDate="2026-03-02", Operations="New-InboxRule"
    ).json()["value"]
    assert [each["Operations"] for each in found] == ["New-InboxRule"]
    trace = raw_cloud.cmdlet("Get-MessageTraceV2", SenderAddress="mallory@evil.example").json()["value"]
    assert (trace[0]["RecipientAddress"], trace[0]["Status"]) == (ADDRESS, "Delivered")
