"""Persistence told from imported logs alone: what was left, by which rows, and that nothing can be done from here."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import collection
from incidents.enums import IncidentState, LogSource, Workload
from incidents.models import Incident
from remediation import scanning
from remediation.enums import ScanState, Step
from remediation.models import Finding, Scan, WorkOrder
from remediation.policies import Refused
from remediation.services import Press, step_press, step_preview
from tenants.enums import TenantState
from tenants.models import Tenant
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX

EVIL = "203.0.113.66"
FROM = "EURP/Hosted Organizations/client.example"


@pytest.fixture(autouse=True)
def nobody_hears(monkeypatch):
    monkeypatch.setattr("incidents.doorbell._send", lambda *_arguments: None)
    monkeypatch.setattr("remediation.doorbell._send", lambda *_arguments: None)


@pytest.fixture
def incident(console) -> Incident:
    """Of Ada, in a tenant that is not connected; the attacker's address is known."""
    tenant = rows.tenant(console.organization, "Imported", state=TenantState.UNCONNECTED)
    ada = rows.account(tenant, "Ada", object_id="", user_principal_name="ada@client.example")
    made = rows.incident(tenant, ada, state=IncidentState.UNPUBLISHED)
    rows.indicator(made, EVIL)
    return made


def row(incident, operation, minutes=10, *, workload=Workload.EXCHANGE, by="", source=None, **more):
    data = {"Operation": operation} | more.pop("data", {})
    parameters = [{"Name": name, "Value": value} for name, value in more.pop("given", {}).items()]
    data |= {"Parameters": parameters} if parameters else {}
    values = {
        "operation": operation,
        "workload": workload,
        "source": source or LogSource.UNIFIED_AUDIT_LOG,
        "occurred_at": incident.first_access_at + timedelta(minutes=minutes),
        "raw": json.dumps({"auditData": data}).encode(),
        "ip_address": EVIL,
    }
    if by:
        values["user_principal_name"] = by
    return rows.log_record(incident, **values | more)


def found(incident) -> dict[tuple[str, str], Finding]:
    """Weigh, search, and what stands among the persistence items then."""
    collection.weigh_for(incident.pk)
    scanning.scan_due(tenant=incident.tenant)
    with unscoped(reason="a test looks"):
        return {(one.kind, one.title): one for one in Finding.objects.filter(incident=incident, gone_at=None)}


def target(name):
    return {"Target": [{"ID": f"ServicePrincipal_{name}", "Type": 2}, {"ID": name, "Type": 1}]}


LEFT = {
    "rule": (
        ["New-InboxRule"],
        {"given": {"Name": ".", "DeleteMessage": "True", "From": "boss@x.example"}, "item": "."},
        ("inbox_rule", "."),
        "Its name is only punctuation: “.”",
    ),
    "rule in Outlook": (
        ["UpdateInboxRules"],
        {
            "item": "Sync",
            "data": {
                "OperationProperties": [
                    {"Name": "RuleName", "Value": "Sync"},
                    {
                        "Name": "RuleActions",
                        "Value": '[{"ActionType": "Forward", "Recipients": ["a@evil.example"]}]',
                    },
                ]
            },
        },
        ("inbox_rule", "Sync"),
        "Sends mail outside the tenant, to a@evil.example",
    ),
    "forwarding": (
        ["Set-Mailbox"],
        {"given": {"Identity": f"{FROM}/ada", "ForwardingSmtpAddress": "smtp:a@evil.example"}},
        ("forwarding", "ada forwards to a@evil.example"),
        "Forwards outside the tenant, to a@evil.example",
    ),
    "permission": (
        ["Add-MailboxPermission"],
        {"given": {"Identity": f"{FROM}/Bob", "User": f"{FROM}/ada", "AccessRights": "FullAccess"}},
        ("mailbox_permission", "ada: FullAccess on Bob"),
        "The right was given on",
    ),
    "consent": (
        ["Consent to application."],
        {
            "workload": Workload.DIRECTORY,
            "data": target("Mail Helper")
            | {
                "ModifiedProperties": [
                    {
                        "Name": "ConsentAction.Permissions",
                        "NewValue": "[] => [[Id: 1, Scope: Mail.Read offline_access]]",
                    }
                ]
            },
        },
        ("consent", "Mail Helper"),
        "May use Mail.Read, and keeps its access (offline_access)",
    ),
    "service principal": (
        ["Add service principal."],
        {"workload": Workload.DIRECTORY, "data": target("Mail Helper")},
        ("service_principal", "Mail Helper"),
        "Added on",
    ),
    "registration": (
        ["Add application."],
        {"workload": Workload.DIRECTORY, "data": target("Backup")},
        ("application", "Backup"),
        "Registered on",
    ),
    "secret": (
        ["Update application – Certificates and secrets management "],
        {"workload": Workload.DIRECTORY, "data": target("Backup")},
        ("application", "Backup"),
        "A secret was added on",
    ),
    "device": (
        ["Add device."],
        {"workload": Workload.DIRECTORY, "device": "DESKTOP-7QK"},
        ("device", "DESKTOP-7QK"),
        "Registered on",
    ),
    "sign-in method": (
        ["User registered security info"],
        {"workload": Workload.DIRECTORY, "result": "User registered Phone"},
        ("auth_method", "User registered Phone"),
        "Registered on",
    ),
    "role": (
        ["Add member to role."],
        {
            "workload": Workload.DIRECTORY,
            "item": "eve@client.example",
            "data": {"ModifiedProperties": [{"Name": "Role.DisplayName", "NewValue": "Global Administrator"}]},
        },
        ("role", "eve@client.example: admin roles"),
        "Given on",
    ),
    "mail flow": (
        ["New-TransportRule"],
        {"given": {"Name": ".", "BlindCopyTo": "a@evil.example"}},
        ("mail_flow", "."),
        "Sends mail outside the tenant, to a@evil.example",
    ),
    "account": (
        ["Add user."],
        {"workload": Workload.DIRECTORY, "item": "eve@client.example"},
        ("new_account", "eve@client.example"),
        "The account was created on",
    ),
}


@pytest.mark.parametrize(("operations", "more", "key", "reason"), LEFT.values(), ids=LEFT)
def test_what_was_left_is_told_with_its_reasons_and_rows(incident, operations, more, key, reason):
    record = row(incident, operations[0], **more)
    items = found(incident)
    assert set(items) == {key}
    reasons = items[key].reasons
    assert any(words.startswith(reason) for words in reasons)
    at = f"{record.occurred_at:%Y-%m-%d %H:%M} UTC"
    assert reasons[-1] == f"Log row: {record.operation.strip()} by ada@client.example, {at} from {EVIL}"
    assert items[key].is_suspicious


NOTHING = {
    "before the window": ("New-InboxRule", {"minutes": -60, "given": {"Name": "."}}),
    "failed": ("Add application.", {"workload": Workload.DIRECTORY, "is_success": False, "data": target("Backup")}),
    "everyday settings": ("Set-Mailbox", {"given": {"Identity": "ada", "Languages": "nb-NO"}}),
    "reading": ("MailItemsAccessed", {}),
    "a colleague's mailbox, by a colleague": (
        "Add-MailboxPermission",
        {"by": "bob@client.example", "given": {"Identity": "cleo", "User": "bob", "AccessRights": "FullAccess"}},
    ),
}


@pytest.mark.parametrize(("operation", "more"), NOTHING.values(), ids=NOTHING)
def test_what_leaves_nothing(incident, operation, more):
    row(incident, operation, **more)
    assert found(incident) == {}


def test_a_right_on_the_mailbox_given_by_somebody_else_is_told(incident):
    given = {"Identity": f"{FROM}/ada", "User": f"{FROM}/eve", "AccessRights": "FullAccess"}
    row(incident, "Add-MailboxPermission", by="eve@client.example", given=given)
    item = found(incident)["mailbox_permission", "eve: FullAccess on ada"]
    assert "by eve@client.example" in item.reasons[-1]


def test_a_harmless_rule_is_listed_and_not_suspicious(incident):
    row(incident, "New-InboxRule", given={"Name": "News", "MoveToFolder": "ada\\News"}, item="News", ip_address="")
    assert found(incident)["inbox_rule", "News"].is_suspicious is False


def test_what_was_removed_later_is_told_as_removed(incident):
    row(incident, "New-InboxRule", given={"Name": ".", "DeleteMessage": "True"}, item=".")
    removal = row(incident, "Remove-InboxRule", 30, item=".", by="ada@client.example")
    item = found(incident)["inbox_rule", "."]
    at = f"{removal.occurred_at:%Y-%m-%d %H:%M} UTC"
    assert (item.reasons[0], item.is_suspicious) == (f"Removed on {at} by ada@client.example", False)
    row(incident, "New-InboxRule", 50, given={"Name": ".", "DeleteMessage": "True"}, item=".")
    assert found(incident)["inbox_rule", "."].is_suspicious


def test_several_roles_of_one_person_are_one_item(incident):
    for role in ("Global Administrator", "Exchange Administrator"):
        data = {"ModifiedProperties": [{"Name": "Role.DisplayName", "NewValue": role}]}
        row(incident, "Add member to role.", workload=Workload.DIRECTORY, item="eve@client.example", data=data)
    (item,) = found(incident).values()
    assert item.facts == [["Roles", "Global Administrator, Exchange Administrator"]]


def test_searched_again_nothing_doubles_and_a_verdict_stays(incident):
    row(incident, "New-InboxRule", given={"Name": "."}, item=".")
    (item,) = found(incident).values()
    with unscoped(reason="a test's row"):
        Finding.objects.filter(pk=item.pk).update(verdict="legitimate")
    (again,) = found(incident).values()
    assert (again.pk, again.verdict) == (item.pk, "legitimate")


def test_rows_of_other_tenants_are_not_looked_at(incident, console):
    row(console.incident, "New-InboxRule", user_principal_name="ada@client.example", given={"Name": "."}, item=".")
    assert found(incident) == {}


@pytest.mark.parametrize("raw", [b"{", b'{"auditData": {"Parameters": 5, "Target": "x", "ModifiedProperties": [7]}}'])
def test_records_that_cannot_be_read_break_nothing(incident, raw):
    for operations, more, _, _ in LEFT.values():
        row(incident, operations[0], **{**more, "raw": raw})
    found(incident)
    with unscoped(reason="a test looks"):
        states = set(Scan.objects.filter(incident=incident).values_list("state", flat=True))
    assert states == {ScanState.COMPLETE}


# --- Nothing can be done from here ------------------------------------------------------------------------------------
def panel(client, incident) -> str:
    address = reverse("remediation:panel", args=[incident.tenant.slug, incident.pk])
    return " ".join(client.get(address, headers=HTMX).content.decode().split())


@pytest.mark.parametrize("state", [IncidentState.UNPUBLISHED, IncidentState.ACTIVE])
def test_the_panel_says_so_calmly_and_offers_no_act(incident, analyst, state):
    row(incident, "New-InboxRule", given={"Name": "."}, item=".")
    with unscoped(reason="a test's row"):
        Incident.objects.filter(pk=incident.pk).update(state=state)
    (item,) = found(incident).values()
    page = panel(analyst, incident)
    assert "Imported is not connected to Microsoft 365" in page
    assert "Seen in the imported log; whether it still exists is not known. Connect the tenant to act." in page
    assert page.count("<span>Not from here: the tenant is not connected</span>") == 4
    for offered in ("step-1-press", "step-3-press", "step-4-press", "step-5-press", f"item-{item.pk}-press"):
        assert f'id="{offered}"' not in page
    assert f'id="item-{item.pk}-legitimate"' in page
    assert "Looking since" not in page


def test_a_forged_press_is_refused(incident, console):
    row(incident, "New-InboxRule", given={"Name": "."}, item=".")
    (item,) = found(incident).values()
    with tenant_scope([incident.tenant_id]):
        Incident.objects.filter(pk=incident.pk).update(state=IncidentState.ACTIVE)
        for step in (Step.CONTAIN, Step.PERSISTENCE, Step.PASSWORD, Step.RE_ENABLE):
            press = Press(key=f"{step}", finding_ids=[item.pk], typed_address="ada@client.example")
            with pytest.raises(Refused, match="Imported is not connected to Microsoft 365"):
                step_press(incident=incident, step=step, press=press, by=console.analyst)
            with pytest.raises(Refused, match="not connected"):
                step_preview(incident=incident, step=step, finding_ids=[item.pk], all_suspicious=False)
        assert not WorkOrder.objects.filter(incident=incident).exists()


def test_once_connected_what_only_the_log_told_is_not_acted_on(incident, console):
    row(incident, "New-InboxRule", given={"Name": "."}, item=".")
    (item,) = found(incident).values()
    with unscoped(reason="a test's rows"):
        Tenant.objects.filter(pk=incident.tenant_id).update(state=TenantState.CONNECTED)
        Incident.objects.filter(pk=incident.pk).update(state=IncidentState.ACTIVE)
    press = Press(key="k", finding_ids=[item.pk])
    with tenant_scope([incident.tenant_id]), pytest.raises(Refused, match=r"was seen in the log alone\. Search again"):
        step_press(incident=incident, step=Step.PERSISTENCE, press=press, by=console.analyst)


def test_petra_response_does_nothing_there(incident, analyst):
    row(incident, "New-InboxRule", given={"Name": "."}, item=".")
    with unscoped(reason="a test's rows"):
        Tenant.objects.filter(pk=incident.tenant_id).update(has_petra_response=True)
    found(incident)
    incident.tenant.refresh_from_db()
    analyst.post(
        reverse("incidents:publish", args=[incident.tenant.slug, incident.pk]), {"tenant": incident.tenant.slug}
    )
    found(incident)
    with unscoped(reason="a test looks"):
        assert not WorkOrder.objects.filter(incident=incident).exists()
