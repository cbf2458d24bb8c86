"""What the evidence suggests: invented rows of one account, and what must and must not follow from them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from incidents.enums import Confidence, IndicatorKind, LogSource, Workload
from incidents.evidence.client_addresses import is_of_client, place_key
from incidents.evidence.indicators import assess
from incidents.evidence.suspicious_acts import is_tool
from incidents.models import LogRecord

ACCESS = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
HOME, ELSEWHERE = "198.51.100.7", "203.0.113.66"
EDGE, LINUX = "Mozilla/5.0 (Windows NT 10.0) Edg/141", "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
HIGH, LOW = Confidence.HIGH, Confidence.LOW
NEW = "Ada did not use this address in the 30 days before (6 sign-ins)"


def row(at: datetime, **more) -> LogRecord:
    values = {
        "tenant_id": 1,
        "source": LogSource.SIGN_INS,
        "workload": Workload.LOGINS,
        "operation": "Sign-in",
        "user_principal_name": "ada@client.example",
        "is_success": True,
        "ip_address": HOME,
        "network": "AS64500",
        "country": "GB",
        "city": "Leeds",
        "user_agent": EDGE,
        "raw": b"{}",
    }
    return LogRecord(occurred_at=at, **values | more)


def sign_in(minutes: float = 0, **more) -> LogRecord:
    """A sign-in of the attacker's, so many minutes after the first access."""
    theirs = {"ip_address": ELSEWHERE, "network": "AS64511", "country": "IS", "city": "", "user_agent": LINUX}
    return row(ACCESS + timedelta(minutes=minutes), **theirs | more)


def act(operation: str, minutes: float = 5, raw: dict | None = None, **more) -> LogRecord:
    values = {
        "source": LogSource.UNIFIED_AUDIT_LOG,
        "workload": Workload.EXCHANGE,
        "operation": operation,
        "raw": json.dumps({"auditData": raw or {}}).encode(),
    }
    return sign_in(minutes, **values | more)


def rule(**given) -> LogRecord:
    parameters = [{"Name": name, "Value": value} for name, value in given.items()]
    return act("New-InboxRule", raw={"Parameters": parameters}, item=given.get("Name", ""))


HABITS = [row(ACCESS - timedelta(days=day), session_id=f"own-{day}", device="LAPTOP-01") for day in range(3, 9)]


def found(*rows: LogRecord, habits=HABITS, known=None) -> dict[tuple[str, str], Confidence]:
    result = assess([*habits, *rows], first_access_at=ACCESS, person="Ada", known_attackers=known)
    return {(one.kind, one.value): one.confidence for one in result.suggestions}


def reasons(kind: str, value: str, *rows: LogRecord, habits=HABITS, known=None) -> tuple[str, ...]:
    result = assess([*habits, *rows], first_access_at=ACCESS, person="Ada", known_attackers=known)
    return next(one.reasons for one in result.suggestions if (one.kind, one.value) == (kind, value))


# --- What is the person's own -----------------------------------------------------------------------------------------
def test_nothing_follows_from_what_the_person_always_does():
    assert found(row(ACCESS), row(ACCESS + timedelta(hours=2), session_id="own-3")) == {}


def test_an_evil_rule_from_home_does_not_tell_home_as_the_attackers():
    evil = rule(Name=".", DeleteMessage="True")
    evil.ip_address = HOME
    assert found(evil) == {}


def test_another_address_of_a_known_network_is_nothing_by_itself():
    assert found(sign_in(ip_address="198.51.100.99", network="AS64500", country="GB")) == {}


def test_addresses_of_one_ipv6_line_are_one():
    home = [row(ACCESS - timedelta(days=day), ip_address="2001:db8:1:2::5") for day in (3, 4, 5)]
    moved = sign_in(ip_address="2001:db8:1:2:aaaa::9", network="", country="GB")
    assert found(moved, habits=home) == {}


def test_a_failed_sign_in_is_no_habit():
    tried = [row(at.occurred_at, ip_address=ELSEWHERE, is_success=False) for at in HABITS]
    assert found(sign_in(user_agent="axios/1.7"), habits=[*HABITS, *tried])["ip", ELSEWHERE] == HIGH


# --- New, with and without strong evidence ----------------------------------------------------------------------------
def test_new_alone_is_weak():
    assert found(sign_in()) == {("ip", ELSEWHERE): LOW}


STRONG = {
    "rule": [sign_in(), rule(Name="Bills", DeleteMessage="True")],
    "forwarding": [
        sign_in(),
        act("Set-Mailbox", raw={"Parameters": [{"Name": "ForwardingSmtpAddress", "Value": "smtp:a@evil.example"}]}),
    ],
    "consent": [sign_in(), act("Consent to application.", workload=Workload.DIRECTORY, item="Mail Helper")],
    "method": [sign_in(), act("User registered security info", workload=Workload.DIRECTORY)],
    "program": [sign_in(user_agent="axios/1.7.2")],
    "office home": [sign_in(application="OfficeHome")],
    "office home by id": [sign_in(application="4765445b-32c6-49b0-83e6-1d93765276ca")],
    "hosting": [sign_in(network="AS64511 Cheap Hosting", is_hosting=True)],
    "travel": [row(ACCESS), sign_in(8)],
    "stolen session": [sign_in(session_id="own-3")],
    "mass read": [sign_in(), *[act("MailItemsAccessed", 5 + n / 10, item_count=20) for n in range(5)]],
    "mass delete": [sign_in(), act("HardDelete", item_count=20)],
    "guessed": [*[sign_in(-n, is_success=False) for n in range(1, 6)], sign_in()],
}


@pytest.mark.parametrize("rows", STRONG.values(), ids=STRONG)
def test_new_and_strong_counts_at_once(rows):
    assert found(*rows)["ip", ELSEWHERE] == HIGH


def test_the_reasons_are_told_in_words():
    told = reasons("ip", ELSEWHERE, row(ACCESS), sign_in(8), rule(Name=".", DeleteMessage="True"))
    assert told == (
        f"Signed in from here (AS64511, IS), 2026-03-01 10:08:00 UTC; {NEW}",
        "Made the mail rule “.”, which deletes mail and bears no name, 2026-03-01 10:05:00 UTC",
        "Impossible travel: 8 minutes after a sign-in from Leeds, GB",
        "Ada was never in IS in the 30 days before",
    )


def test_what_another_incident_knows_counts_here():
    assert found(sign_in(), known={ELSEWHERE: "Bob"})["ip", ELSEWHERE] == HIGH
    assert "It is the attacker's in another incident, of Bob" in reasons(
        "ip", ELSEWHERE, sign_in(), known={ELSEWHERE: "Bob"}
    )


def test_a_rule_that_only_sorts_mail_is_everyday():
    assert found(sign_in(), rule(Name="News", MoveToFolder="ada\\Inbox\\News")) == {("ip", ELSEWHERE): LOW}


def test_mail_read_slowly_is_everyday():
    slowly = [act("MailItemsAccessed", 10 * n, item_count=20) for n in range(1, 8)]
    assert found(sign_in(), *slowly) == {("ip", ELSEWHERE): LOW}


# --- Without a baseline -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [0, 1, 2])
def test_without_a_baseline_nothing_follows_from_absence(count):
    few = HABITS[:count]
    assert found(sign_in(), habits=few) == {}
    assert found(sign_in(network="AS1 Host", is_hosting=True), habits=few)["ip", ELSEWHERE] == LOW
    told = reasons("ip", ELSEWHERE, sign_in(user_agent="axios/1"), habits=few)
    number = {0: "no sign-in", 1: "only 1 sign-in", 2: "only 2 sign-ins"}[count]
    assert f"There is no baseline: {number} in the 30 days before" in told[0]


def test_without_a_baseline_an_act_that_speaks_for_itself_counts():
    rows = [sign_in(), rule(Name=".", DeleteMessage="True")]
    result = found(*rows, habits=[])
    assert result["ip", ELSEWHERE] == HIGH
    assert {key: value for key, value in result.items() if key[0] in ("network", "country", "device")} == {
        ("network", "AS64511"): LOW,
        ("country", "IS"): LOW,
    }


# --- What goes with an address ----------------------------------------------------------------------------------------
def test_network_and_country_count_only_where_all_from_there_is_the_attackers():
    evil = [sign_in(user_agent="axios/1")]
    assert found(*evil)["country", "IS"] == found(*evil)["network", "AS64511"] == HIGH
    honest = sign_in(30, ip_address="203.0.113.200", network="AS64511", user_agent=EDGE)
    mixed = found(*evil, honest)
    assert (mixed["country", "IS"], mixed["network", "AS64511"]) == (LOW, LOW)


def test_the_home_country_is_never_suggested():
    assert ("country", "GB") not in found(sign_in(country="GB", user_agent="axios/1"))
    assert ("network", "AS64500") not in found(sign_in(network="AS64500 Home", user_agent="axios/1"))


def test_a_session_of_the_attackers_alone_counts():
    assert found(sign_in(user_agent="axios/1", session_id="s"))["session", "s"] == HIGH


def test_a_stolen_session_would_tell_its_owners_rows_too():
    theft = [row(ACCESS, session_id="own-3"), sign_in(session_id="own-3", user_agent="axios/1")]
    assert found(*theft)["session", "own-3"] == LOW
    assert "stolen session" in reasons("session", "own-3", *theft)[0]


def test_a_session_seen_on_microsofts_servers_too_is_still_the_attackers():
    inside = act("ModifyFolderPermissions", ip_address="::1", session_id="s")
    assert found(sign_in(user_agent="axios/1", session_id="s"), inside)["session", "s"] == HIGH


def test_a_program_counts_and_a_browser_does_not():
    result = found(sign_in(user_agent="python-requests/2.32"), sign_in(5))
    agents = {key[1]: value for key, value in result.items() if key[0] == IndicatorKind.USER_AGENT}
    assert agents == {"python-requests/2.32": HIGH, LINUX: LOW}


def test_a_device_counts_by_its_own_name():
    result = found(sign_in(user_agent="axios/1", device="DESKTOP-7QK"), sign_in(9, device="Windows 10, Edge 141"))
    assert [key for key in result if key[0] == "device"] == [("device", "DESKTOP-7QK")]


def test_applications_are_those_consented_to():
    consent = act("Consent to application.", workload=Workload.DIRECTORY, item="Mail Helper", network="AS64511 Host")
    other = sign_in(20, application="Word")
    assert [key for key in found(sign_in(user_agent="axios/1"), consent, other) if key[0] == "application"] == [
        ("application", "Mail Helper")
    ]


# --- Whose an address is ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "network", "is_clients"),
    [
        ("203.0.113.5", "", True),
        ("203.0.113.5", "AS64500 Home", True),
        ("2603:10a6:20b::1", "", False),
        ("52.97.1.1", "", False),
        ("198.51.100.1", "AS8075 Microsoft Corporation", False),
        ("::1", "", False),
        ("10.0.0.4", "", False),
        ("not an address", "", False),
    ],
)
def test_microsofts_own_and_inside_addresses_are_nobodys(address, network, is_clients):
    assert is_of_client(address, network) is is_clients


def test_a_service_in_the_persons_name_is_not_them():
    service = act("MailItemsAccessed", item_count=500, user_agent="Client=RESTSystem;", ip_address="198.51.100.200")
    portal = act("Add application.", workload=Workload.DIRECTORY, ip_address="198.51.100.201", network="")
    assert found(service, portal) == {}


def test_place_key():
    assert (place_key("198.51.100.7"), place_key("2001:db8::5")) == ("198.51.100.7", "2001:db8::/64")


@pytest.mark.parametrize(("agent", "tool"), [("axios/1.7", True), ("BAV2ROPC", True), (EDGE, False), ("", False)])
def test_is_tool(agent, tool):
    assert is_tool(agent) is tool


# --- Broken records ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"x"', b'{"auditData": [1]}', b'{"auditData": {"Parameters": 7}}', b"\xff"]
)
@pytest.mark.parametrize("operation", ["New-InboxRule", "UpdateInboxRules", "Set-Mailbox"])
def test_a_record_that_cannot_be_read_breaks_nothing(raw, operation):
    record = act(operation)
    record.raw = raw
    assert found(sign_in(user_agent="axios/1"), record)["ip", ELSEWHERE] == HIGH
