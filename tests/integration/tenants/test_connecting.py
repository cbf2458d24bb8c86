"""How a tenant is connected: the link, the answer that has to be proven, and everything that is refused."""

import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from graph import Service
from tenants import connecting
from tenants.connecting import NOT_ACCEPTED, ConnectRefused, connection_prove, connection_test, consent_get
from tenants.enums import CloudName, Role, TenantState
from tenants.models import AuditEvent, Connection, ConsentRequest, Tenant
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows
from tests.factories.consent import (
    CLIENT_ID,
    EXCHANGE_SCOPE,
    FRESH_ID,
    GRAPH_SCOPE,
    REDIRECT,
    SECOND_ID,
    SHARED_SECRET,
    answer_to,
)
from tests.factories.world import CLIENT_SECRET, TENANT_ID
from tests.integration.tenants.consent_office import OWN, SHARED, Office, open_office


def asked_in(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


# --- The link ---------------------------------------------------------------------------------------------------------
def test_the_link_asks_for_what_microsoft_documents(consent_office: Office):
    link = consent_office.link()
    asked = asked_in(link.url)
    assert link.url.startswith(f"{consent_office.simulator.url}/organizations/v2.0/adminconsent?")
    assert asked == {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "scope": GRAPH_SCOPE,
        "state": asked["state"],
    }
    assert asked_in(consent_office.link(Service.EXCHANGE).url)["scope"] == EXCHANGE_SCOPE


@pytest.mark.parametrize(
    ("cloud_name", "login", "scope"),
    [
        ("global", "login.microsoftonline.com", "graph.microsoft.com"),
        ("us_gov_high", "login.microsoftonline.us", "graph.microsoft.us"),
        ("us_gov_dod", "login.microsoftonline.us", "dod-graph.microsoft.us"),
        ("china", "login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_the_link_leads_to_the_cloud_in_which_the_application_is_registered(
    consent_office, settings, cloud_name, login, scope
):
    settings.APPLICATION_CLOUD = cloud_name
    link = consent_office.link()
    assert link.url.startswith(f"https://{login}/organizations/v2.0/adminconsent?")
    assert asked_in(link.url)["scope"] == f"https://{scope}/.default"


def test_the_state_is_kept_as_a_digest_only(consent_office: Office):
    state = asked_in(consent_office.link().url)["state"]
    with unscoped(reason="a test looks at what is stored"):
        asked = ConsentRequest.objects.get()
    assert asked.state_digest == hashlib.sha256(state.encode()).hexdigest()
    assert state not in str(AuditEvent.objects.values())
    assert (asked.member, asked.tenant, asked.used_at) == (consent_office.admin, consent_office.tenant, None)
    assert len(state) >= 43  # 256 bits


def test_a_tenant_that_is_no_demo_never_gets_to_the_demo_cloud(consent_office: Office):
    real = rows.tenant(consent_office.organization, "Real", state=TenantState.UNCONNECTED)
    with pytest.raises(ConnectRefused, match="Only demo tenants may use the demo cloud"):
        consent_office.link(tenant=real)


def test_without_an_application_there_is_no_link(consent_office: Office, settings):
    settings.APPLICATION_ID = ""
    with pytest.raises(ConnectRefused, match="This installation has no application for all tenants"):
        consent_office.link()
    with pytest.raises(ConnectRefused, match="has no application of its own yet"):
        consent_office.link(application=OWN)


# --- The answer -------------------------------------------------------------------------------------------------------
def test_an_accepted_answer_is_proven_and_stored(consent_office: Office):
    connection = consent_office.finish(consent_office.accepted())
    assert consent_office.stored() == connection
    assert (connection.cloud, connection.application, connection.client_id) == (CloudName.SIMULATOR, SHARED, CLIENT_ID)
    assert (connection.microsoft_tenant_id, connection.domains) == (FRESH_ID, ["fresh.example"])
    assert connection.client_secret == ""  # it stands in the environment
    assert [row["key"] for row in connection.checklist if row["state"] == "missing"] == [
        "permission:Exchange.ManageAsApp"
    ]
    assert Tenant.objects.get(pk=consent_office.tenant.pk).state == TenantState.CONNECTED
    assert consent_office.acts() == ["ask_consent", "connect_tenant"]
    assert SHARED_SECRET not in str(list(AuditEvent.objects.values()))


def test_consent_for_exchange_comes_second(consent_office: Office):
    consent_office.finish(consent_office.accepted())
    connection = consent_office.finish(consent_office.accepted(service=Service.EXCHANGE))
    assert [row["key"] for row in connection.checklist if row["state"] != "ok"] == []


def test_an_answer_that_nobody_gave_is_not_believed(consent_office: Office):
    """The member writes it, without any administrator having accepted."""
    state = asked_in(consent_office.link().url)["state"]
    with pytest.raises(ConnectRefused) as refused:
        consent_office.finish({"state": state, "tenant": FRESH_ID})
    assert str(refused.value) == NOT_ACCEPTED
    assert consent_office.stored() is None
    assert Tenant.objects.get(pk=consent_office.tenant.pk).state == TenantState.UNCONNECTED


def test_a_link_is_good_once(consent_office: Office):
    answer = consent_office.accepted()
    consent_office.finish(answer)
    with pytest.raises(ConnectRefused, match="was used already"):
        consent_office.finish(answer)


def test_a_link_is_good_for_an_hour(consent_office: Office):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer = consent_office.accepted()
        clock.shift(timedelta(hours=1))
        with pytest.raises(ConnectRefused, match="has run out"):
            consent_office.finish(answer)
    assert consent_office.stored() is None


def test_the_newest_link_counts(consent_office: Office):
    older = consent_office.accepted()
    consent_office.link()
    with pytest.raises(ConnectRefused, match="belongs to no consent link of yours"):
        consent_office.finish(older)


def test_a_link_is_good_for_the_member_who_asked(consent_office: Office):
    answer = consent_office.accepted()
    colleague = rows.member(consent_office.organization, Role.ADMIN)
    stranger = rows.member(rows.organization("Rival"), Role.ADMIN)
    said = set()
    for by, told in ((colleague, answer), (stranger, answer), (colleague, answer | {"state": "nonsense"})):
        with pytest.raises(ConnectRefused) as refused:
            consent_office.finish(told, by=by)
        said.add(str(refused.value))
    assert len(said) == 1, "whose it is stays unsaid"
    assert consent_office.finish(answer).microsoft_tenant_id == FRESH_ID


def test_a_link_is_good_for_the_tenant_it_was_made_for(consent_office: Office):
    answer = consent_office.accepted()
    other = rows.tenant(consent_office.organization, "Other", is_demo=True)
    with pytest.raises(ConnectRefused):
        consent_office.finish(answer, tenant=other)
    assert consent_office.stored(other) is None


@pytest.mark.parametrize("directory_id", ["nonsense", "", "../../common", "' OR 1=1 --"])
def test_what_is_no_directory_is_refused_before_anybody_is_asked(consent_office: Office, directory_id: str):
    consent_office.simulator.clear_requests()
    answer = consent_office.accepted() | {"tenant": directory_id}
    with pytest.raises(ConnectRefused, match="no id of a Microsoft tenant"):
        consent_office.finish(answer)
    assert consent_office.simulator.requests()["tokenRequests"] == 0


def test_a_fault_of_microsofts_leaves_the_link_usable(consent_office: Office):
    answer = consent_office.accepted()
    consent_office.simulator.configure(FRESH_ID, faults=[{"match": {"path": "token"}, "answer": 503, "times": 9}])
    with pytest.raises(ConnectRefused, match="Nothing was stored"):
        consent_office.finish(answer)
    consent_office.simulator.configure(FRESH_ID, faults=[])
    assert consent_office.finish(answer).microsoft_tenant_id == FRESH_ID


def test_another_directory_does_not_take_the_place_of_the_one_that_is_connected(consent_office: Office):
    consent_office.finish(consent_office.accepted())
    state = asked_in(consent_office.link().url)["state"]
    with pytest.raises(ConnectRefused, match="An administrator of another Microsoft tenant has answered"):
        consent_office.finish({"state": state, "tenant": SECOND_ID})
    assert consent_office.stored().microsoft_tenant_id == FRESH_ID


def test_no_transaction_is_open_while_microsoft_is_asked(consent_office: Office, monkeypatch):
    depths = []
    see = connecting.see
    outside = len(database.savepoint_ids)

    def watched(client):
        depths.append(len(database.savepoint_ids) - outside)
        return see(client)

    monkeypatch.setattr(connecting, "see", watched)
    consent_office.finish(consent_office.accepted())
    assert depths == [0]


# --- A directory that somebody holds ----------------------------------------------------------------------------------
def test_a_directory_is_connected_once_in_an_organization(consent_office: Office):
    consent_office.finish(consent_office.accepted())
    again = rows.tenant(consent_office.organization, "Again", is_demo=True)
    with pytest.raises(ConnectRefused) as refused:
        consent_office.finish(consent_office.accepted(tenant=again), tenant=again)
    assert str(refused.value) == "This Microsoft tenant is connected already, as Fresh of Lantern. Nothing was stored."


def test_a_tenant_that_one_may_not_see_is_not_named(consent_office: Office):
    consent_office.finish(consent_office.accepted())
    Tenant.objects.filter(pk=consent_office.tenant.pk).update(is_sensitive=True)
    manager = rows.member(consent_office.organization, can_manage_tenants=True)
    again = rows.tenant(consent_office.organization, "Again", is_demo=True)
    with pytest.raises(ConnectRefused) as refused:
        consent_office.finish(consent_office.accepted(tenant=again, by=manager), tenant=again, by=manager)
    assert "Fresh" not in str(refused.value)


def test_another_organizations_directory_is_as_one_without_consent(consent_office: Office):
    """A token would be given: its administrator has accepted the shared application, for the other organization."""
    consent_office.finish(consent_office.accepted())
    rival = open_office(consent_office.simulator, "Rival")
    said = []
    for directory_id in (FRESH_ID, SECOND_ID):  # held by the other one, and accepted by nobody
        with pytest.raises(ConnectRefused) as refused:
            rival.finish({"state": asked_in(rival.link().url)["state"], "tenant": directory_id})
        said.append(str(refused.value))
    assert said == [NOT_ACCEPTED, NOT_ACCEPTED]
    assert rival.stored() is None


# --- An application of the tenant's own -------------------------------------------------------------------------------
def own_connection(tenant: Tenant, **more: str) -> Connection:
    values = {
        "cloud": CloudName.SIMULATOR,
        "microsoft_tenant_id": TENANT_ID,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    return Connection(tenant=tenant, application=OWN, **(values | more))


def prove(office: Office, connection: Connection) -> Connection:
    with tenant_scope([connection.tenant_id]):
        return connection_prove(connection=connection, by=office.admin)


def test_an_own_application_signs_in_before_it_is_stored(consent_office: Office):
    prove(consent_office, own_connection(consent_office.tenant))
    stored = consent_office.stored()
    assert (stored.application, stored.client_secret, stored.domains) == (
        OWN,
        CLIENT_SECRET,
        ["tiny.example", "fed.example"],
    )
    with database.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM tenants_connection")
        assert CLIENT_SECRET not in cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"client_secret": "wrong"}, "The client secret of Petra's application is wrong"),
        ({"client_id": "99999999-0000-4000-8000-000000000000"}, "Petra's application is unknown in this tenant"),
        ({"microsoft_tenant_id": "99999999-9999-4999-8999-999999999999"}, "Microsoft does not know this tenant"),
    ],
)
def test_an_own_application_that_does_not_get_in_is_not_stored(consent_office: Office, changed, words):
    with pytest.raises(ConnectRefused, match=words):
        prove(consent_office, own_connection(consent_office.tenant, **changed))
    assert consent_office.stored() is None


def test_two_organizations_may_each_have_an_own_application(consent_office: Office):
    """Whoever holds a secret of that directory was given it there."""
    rival = open_office(consent_office.simulator, "Rival")
    for office in (consent_office, rival):
        prove(office, own_connection(office.tenant))
    assert rival.stored().microsoft_tenant_id == consent_office.stored().microsoft_tenant_id


def test_an_own_application_is_replaced_by_the_shared_one_and_back(consent_office: Office):
    prove(consent_office, own_connection(consent_office.tenant))
    answer = consent_office.accepted(TENANT_ID)
    consent_office.finish(answer)
    assert (consent_office.stored().application, consent_office.stored().client_secret) == (SHARED, "")
    prove(consent_office, own_connection(consent_office.tenant))
    assert consent_office.stored().application == OWN


def test_consent_for_an_own_application_keeps_its_secret(consent_office: Office):
    prove(consent_office, own_connection(consent_office.tenant))
    link = consent_office.link(application=OWN)
    assert f"/{TENANT_ID}/v2.0/adminconsent?" in link.url
    consent_office.finish(answer_to(link.url, directory_id=TENANT_ID))
    assert (consent_office.stored().application, consent_office.stored().client_secret) == (OWN, CLIENT_SECRET)


# --- The test ---------------------------------------------------------------------------------------------------------
def after_a_test(office: Office) -> Connection:
    with tenant_scope([office.tenant.pk]):
        connection_test(tenant=office.tenant, by=office.admin)
    return office.stored()


def test_a_test_keeps_what_it_found_and_when(consent_office: Office):
    prove(consent_office, own_connection(consent_office.tenant))
    consent_office.simulator.configure(TENANT_ID, unifiedAuditLog=False)
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        connection = after_a_test(consent_office)
        assert connection.checked_at == connection.last_contact_at == timezone.now()
    assert "audit_log" in [row["key"] for row in connection.checklist if row["state"] == "missing"]
    assert consent_office.acts()[-1] == "test_connection"


def test_a_test_asks_for_a_new_token(consent_office: Office):
    prove(consent_office, own_connection(consent_office.tenant))
    consent_office.simulator.configure(TENANT_ID, directoryRoles=[])
    missing = [row["key"] for row in after_a_test(consent_office).checklist if row["state"] == "missing"]
    assert "role:User Administrator" in missing


def test_a_test_that_fails_says_so_and_keeps_the_last_contact(consent_office: Office):
    before = prove(consent_office, own_connection(consent_office.tenant)).last_contact_at
    consent_office.simulator.configure(TENANT_ID, secretExpired=True)
    connection = after_a_test(consent_office)
    assert connection.last_error == (
        "The client secret of Petra's application has expired. Make a new one and enter it."
    )
    assert connection.last_contact_at == before
    assert AuditEvent.objects.latest("pk").outcome == "failed"


def test_what_is_not_connected_cannot_be_tested(consent_office: Office):
    with pytest.raises(ConnectRefused, match="is not connected yet"):
        after_a_test(consent_office)


def test_a_shared_application_that_is_no_longer_there_is_told(consent_office: Office, settings):
    consent_office.finish(consent_office.accepted())
    settings.APPLICATION_ID = "another"
    with pytest.raises(ConnectRefused, match="an application that this installation of Petra does not have any more"):
        after_a_test(consent_office)


def test_the_state_alone_finds_the_request(consent_office: Office):
    state = asked_in(consent_office.link().url)["state"]
    with tenant_scope([consent_office.tenant.pk]):
        assert consent_get(state=state, by=consent_office.admin).tenant == consent_office.tenant
