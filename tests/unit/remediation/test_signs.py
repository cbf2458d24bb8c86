"""What makes a thing suspicious, and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediation.actions.finders.auth_methods import country_code
from remediation.actions.signs import (
    DEVICE_SIGNS,
    FORWARDING_SIGNS,
    METHOD_SIGNS,
    REGISTRATION_SIGNS,
    RULE_SIGNS,
    TRUSTEE_SIGNS,
    AppUse,
    Forwarding,
    MailRule,
    Registered,
    Registration,
    Trustee,
    access_in_words,
    consent_grounds,
    imitated_domain,
    weigh,
)
from tests.unit.remediation.finding import SINCE, act, scope

DURING, LONG_AGO = SINCE + timedelta(minutes=30), datetime(2024, 1, 1, tzinfo=UTC)
HARMLESS = MailRule(name="Newsletters", moves_to="Newsletters", words=("weekly",))


def rule(**changes: object) -> MailRule:
    return replace(HARMLESS, **changes)


@pytest.mark.parametrize(
    "harmless",
    [
        HARMLESS,
        rule(marks_as_read=True),
        rule(deletes=True),
        rule(moves_to="Archive"),
        rule(words=("invoice",), moves_to="Invoices"),
        rule(name="HR"),
        rule(name="财务", moves_to="财务"),
        rule(sends_to=("bob@tiny.example", "Bob Example")),
        rule(name="To the archivist", words=("riss",)),
    ],
)
def test_one_weak_sign_is_not_enough(harmless: MailRule) -> None:
    assert not weigh(harmless, scope(), RULE_SIGNS).are_enough


@pytest.mark.parametrize(
    ("suspect", "reason"),
    [
        (rule(sends_to=("drop@evil.example",)), "Sends mail outside the tenant, to drop@evil.example"),
        (rule(is_hidden=True), "Hidden: Outlook and Microsoft Graph do not show it, only Exchange does"),
        (rule(name=".."), "Its name is only punctuation: “..”"),
        (rule(name="  "), "It has no name"),
        (rule(deletes=True, has_conditions=False), "Takes all mail out of the inbox: it has no conditions"),
        (rule(marks_as_read=True, deletes=True), "Deletes mail"),
        (rule(name="x", moves_to="Archiv"), "Its name is very short: “x”"),
        (rule(words=("Invoice 2026", "Hello"), marks_as_read=True), "Looks for words about money: Invoice 2026"),
        (rule(words=("phishing", "bank"),), "Looks for words of warning: phishing"),
    ],
)  # fmt: skip
def test_grounds_for_a_rule(suspect: MailRule, reason: str) -> None:
    grounds = weigh(suspect, scope(), RULE_SIGNS)
    assert grounds.are_enough
    assert reason in grounds.reasons


@pytest.mark.parametrize(
    "folder",
    ["RSS Feeds", "RSS-Feeds", "rss feeds", "Flux RSS", "Fuentes RSS", "RSS-flöden", "RSS フィード", "Conversation History",
     "Aufgezeichnete Unterhaltungen", "Historique des conversations", "Konuşma Geçmişi", "История бесед", "会話の履歴"],
)  # fmt: skip
def test_folders_nobody_reads_in_any_language(folder: str) -> None:
    assert weigh(rule(moves_to=folder), scope(), RULE_SIGNS).reasons == (
        f"Moves mail to “{folder}”, a folder that nobody reads",
    )
    assert weigh(rule(moves_to=folder), scope(), RULE_SIGNS).are_enough


@pytest.mark.parametrize("item", ["Newsletters", "alice\\Newsletters", "NEWSLETTERS "])
def test_a_rule_made_by_the_attacker(item: str) -> None:
    where = scope(attacker_acts=(act("New-InboxRule", item),))
    assert weigh(HARMLESS, where, RULE_SIGNS).reasons == (
        "Made or changed by the attacker on 2026-03-01 10:10 UTC from 203.0.113.7",
    )


@pytest.mark.parametrize("operation", ["Remove-InboxRule", "MailItemsAccessed"])
def test_another_act_says_nothing_about_a_rule(operation: str) -> None:
    assert weigh(HARMLESS, scope(attacker_acts=(act(operation, "Newsletters"),)), RULE_SIGNS).reasons == ()
    assert weigh(HARMLESS, scope(attacker_acts=(act("New-InboxRule", ""),)), RULE_SIGNS).reasons == ()


@given(st.builds(MailRule, name=st.text(max_size=40), moves_to=st.text(max_size=40), words=st.tuples(st.text())))
def test_any_rule_can_be_weighed(any_rule: MailRule) -> None:
    assert all(weigh(any_rule, scope(), RULE_SIGNS).reasons)


@pytest.mark.parametrize(
    ("address", "imitated"),
    [
        ("alice@acme-corp-mail.example", "acme-corp.example"),
        ("alice@acrne-corp.example", "acme-corp.example"),
        ("alice@acme-corp.example", ""),
        ("alice@gmail.example", ""),
        ("", ""),
    ],
)
def test_domains_that_imitate(address: str, imitated: str) -> None:
    assert imitated_domain(address, ["acme-corp.example"]) == imitated


def test_forwarding() -> None:
    outside = Forwarding(mailbox="alice@tiny.example", address="drop@evil.example")
    inside = Forwarding(mailbox="alice@tiny.example", address="bob@tiny.example", recipient="Bob Example")
    assert weigh(outside, scope(), FORWARDING_SIGNS).are_enough
    assert not weigh(inside, scope(), FORWARDING_SIGNS).are_enough
    changed = scope(
        attacker_acts=(act("Set-Mailbox", "ForwardingAddress Bob Example, DeliverToMailboxAndForward True"),)
    )
    assert weigh(inside, changed, FORWARDING_SIGNS).are_enough


def test_trustees() -> None:
    colleague = Trustee(names=("bob@tiny.example",), created_at=LONG_AGO)
    guest = replace(colleague, is_guest=True)
    assert weigh(colleague, scope(), TRUSTEE_SIGNS).reasons == ()
    assert not weigh(guest, scope(), TRUSTEE_SIGNS).are_enough
    assert weigh(replace(guest, created_at=DURING), scope(), TRUSTEE_SIGNS).are_enough
    assert weigh(
        colleague, scope(attacker_acts=(act("Add-MailboxPermission", "bob@tiny.example"),)), TRUSTEE_SIGNS
    ).are_enough


MAIL_READER = AppUse(name="Sync", scopes=("Mail.Read", "offline_access"), others=0)


def test_an_old_consent_is_judged_by_the_attackers_acts_alone() -> None:
    old = replace(MAIL_READER, consented_at=LONG_AGO)
    assert consent_grounds(old, scope()).reasons == ()
    assert consent_grounds(old, scope(attacker_acts=(act("Consent to application.", "Sync"),))).are_enough


@pytest.mark.parametrize(
    ("app", "is_suspicious"),
    [
        (MAIL_READER, True),
        (replace(MAIL_READER, publisher="Sync Ltd", others=7), False),
        (replace(MAIL_READER, publisher="Sync Ltd", others=7, consented_at=DURING), True),
        (replace(MAIL_READER, scopes=("User.Read",), others=7), False),
        (replace(MAIL_READER, is_own=True), False),
        (replace(MAIL_READER, others=None, publisher="Sync Ltd"), False),
        (AppUse(name="eM Client", publisher="eM Client s.r.o.", others=3), True),
        (AppUse(name="Renamed", app_id="ff8d92dc-3d82-41d6-bcbd-b9174d163620", publisher="x", others=3), True),
        (AppUse(name="Microsoft Office Update", others=3), True),
    ],
)
def test_grounds_for_an_application(app: AppUse, is_suspicious: bool) -> None:
    assert consent_grounds(app, scope()).are_enough is is_suspicious


def test_registrations() -> None:
    old = Registration(name="Reporting", created_at=LONG_AGO, credentials_at=(LONG_AGO,))
    assert weigh(old, scope(), REGISTRATION_SIGNS).reasons == ()
    assert weigh(replace(old, credentials_at=(LONG_AGO, DURING)), scope(), REGISTRATION_SIGNS).are_enough
    assert weigh(replace(old, created_at=DURING), scope(), REGISTRATION_SIGNS).are_enough
    secret = act("Update application – Certificates and secrets management ", "Reporting")
    assert weigh(old, scope(attacker_acts=(secret,)), REGISTRATION_SIGNS).are_enough


def test_devices_and_methods() -> None:
    old = Registered(names=("Laptop",), registered_at=LONG_AGO, country_code="1", known_codes=frozenset({"44"}))
    new = replace(old, registered_at=DURING)
    assert weigh(old, scope(), DEVICE_SIGNS).reasons == ()
    assert weigh(new, scope(), DEVICE_SIGNS).are_enough
    assert not weigh(old, scope(), METHOD_SIGNS).are_enough  # a telephone from abroad, for years
    undated = replace(old, registered_at=None)
    assert not weigh(undated, scope(), METHOD_SIGNS).are_enough
    assert weigh(undated, scope(attacker_acts=(act("User registered security info", ""),)), METHOD_SIGNS).are_enough


@pytest.mark.parametrize(
    ("number", "code"),
    [("+44 7700 900123", "44"), ("+1 2025550143", "1"), ("0049 30 1234567", "49"), ("+353 1 234567", "353"),
     ("+7 495 1234567", "7"), ("030 1234567", ""), ("+4", ""), ("", "")],
)  # fmt: skip
def test_country_codes(number: str, code: str) -> None:
    assert country_code(number) == code


def test_access_in_words() -> None:
    assert access_in_words(" openid profile offline_access User.Read") == "Nothing but the profile"
    assert access_in_words("openid Mail.Read Calendars.Read") == "Mail.Read, Calendars.Read"
