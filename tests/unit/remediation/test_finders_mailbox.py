"""Rules, forwarding and permissions of one mailbox, found in the simulated cloud over HTTP."""

import pytest

from graph.simulator.control import SimulatorControl
from remediation.actions.finders.forwarding import find_forwarding
from remediation.actions.finders.inbox_rules import find_inbox_rules, surplus
from remediation.actions.finders.mailbox_permissions import find_mailbox_permissions
from remediation.actions.finders.rule_shapes import SeenRule, from_exchange, from_graph
from remediation.actions.signs import MailRule
from tests.factories import world
from tests.unit.remediation.finding import Rules, act, fault, look, scope, suspicious, titled

ALICE, TENANT = world.ALICE, world.TENANT_ID


def test_visible_and_hidden_rules_in_one_look(simulator: SimulatorControl) -> None:
    found = look(simulator, find_inbox_rules, scope())
    assert (found.is_checked, found.note, found.rows) == (True, "", 3)
    assert [each.title for each in found.candidates] == ["Hide", "Fixed", "Unseen"]
    hidden = titled(found, "Unseen")
    assert hidden.is_suspicious
    assert hidden.target["is_hidden"] is True
    assert hidden.target["rule_id"] == hidden.target["identity"].rpartition("\\")[2]
    assert dict(hidden.facts)["Hidden"] == "Yes"
    shown = titled(found, "Hide")
    assert shown.target == {
        "user_id": ALICE, "mailbox": "alice@tiny.example", "rule_id": "AQAAAJ5dZp8=", "identity": "", "is_hidden": False,
    }  # fmt: skip
    assert dict(shown.facts)["Actions"] == "Move to Deleted Items; Stop processing more rules"
    assert shown.before == {"exists": True, "isEnabled": True}


def test_a_read_only_rule_is_refused(simulator: SimulatorControl) -> None:
    fixed = titled(look(simulator, find_inbox_rules, scope()), "Fixed")
    assert "read-only" in fixed.refusal
    assert not fixed.is_suspicious


def test_rules_of_exchange_itself_and_of_delegates(simulator: SimulatorControl) -> None:
    rules = Rules(simulator)
    rules.plant("AQAAAAAAAAE=", "Junk E-Mail Rule", _hidden=True)
    rules.plant("AQAAAAAAAAI=", "Microsoft.Exchange.OOF.KFDMS", _hidden=True)
    rules.plant("AQAAAAAAAAM=", "Delegate Rule -123", _hidden=True)
    found = look(simulator, find_inbox_rules, scope())
    assert {each.title for each in found.candidates} == {"Hide", "Unseen", "Fixed", "Delegate Rule -123"}
    assert "delegate" in titled(found, "Delegate Rule -123").refusal


def test_a_disabled_rule_is_shown_and_not_suspicious(simulator: SimulatorControl) -> None:
    Rules(simulator).plant("AQAAAAAAAAQ=", "..", isEnabled=False)
    off = titled(look(simulator, find_inbox_rules, scope()), "..")
    assert not off.is_suspicious
    assert off.reasons[0] == "Switched off already"
    assert dict(off.facts)["Enabled"] == "No"


def test_a_hidden_rule_with_the_name_of_a_visible_one(simulator: SimulatorControl) -> None:
    Rules(simulator).plant("AQAAAAAAAAU=", "Hide", _hidden=True, sequence=9, actions={"permanentDelete": True})
    found = look(simulator, find_inbox_rules, scope())
    visible, hidden = [each for each in found.candidates if each.title == "Hide"]
    assert (visible.target["is_hidden"], hidden.target["is_hidden"]) == (False, True)
    assert dict(hidden.facts)["Actions"] == "Delete"


def test_rules_of_one_name_are_matched_by_what_they_do() -> None:
    def graph(identity: str, order: int, **more: object) -> SeenRule:
        return SeenRule(rule=MailRule(name="x", order=order, **more), rule_id=identity)  # type: ignore[arg-type]

    def exchange(identity: str, order: int, **more: object) -> SeenRule:
        return SeenRule(rule=MailRule(name="x", order=order, **more), rule_identity=identity)  # type: ignore[arg-type]

    one, two = graph("a", 1, deletes=True), graph("b", 2, sends_to=("c@d.example",))
    whole = [
        exchange("7", 2, deletes=True, words=("bank",)),
        exchange("8", 2, sends_to=("c@d.example",)),
        exchange("9", 1, deletes=True),
    ]
    assert [rule.rule_identity for rule in surplus([one, two], whole)] == ["7"]
    assert surplus([one, two], whole[1:]) == []
    assert surplus([], whole) == whole


def test_without_exchange_visible_rules_are_listed_and_hidden_ones_not_called_clean(
    simulator: SimulatorControl,
) -> None:
    simulator.configure(TENANT, exchangePermissions=[])
    found = look(simulator, find_inbox_rules, scope())
    assert [each.title for each in found.candidates] == ["Hide", "Fixed"]
    assert not found.is_checked
    assert found.note.startswith("Hidden rules were not checked. ")


def test_without_graph_all_rules_are_listed_and_none_is_called_hidden(simulator: SimulatorControl) -> None:
    simulator.configure(TENANT, faults=[fault("messageRules", status=403)])
    found = look(simulator, find_inbox_rules, scope())
    assert not found.is_checked
    assert {dict(each.facts)["Hidden"] for each in found.candidates} == {"Not known"}
    assert all(each.target["is_hidden"] for each in found.candidates)  # acted on over Exchange
    assert not any("Hidden" in reason for each in found.candidates for reason in each.reasons)


def test_an_act_of_the_attacker_names_a_rule(simulator: SimulatorControl) -> None:
    where = scope(attacker_acts=(act("New-InboxRule", "alice\\Hide"),))
    assert titled(look(simulator, find_inbox_rules, where), "Hide").is_suspicious


def test_hostile_names_do_no_harm_on_the_screen(simulator: SimulatorControl) -> None:
    Rules(simulator).plant("AQAAAAAAAAY=", "\u202egnp.exe\u0000" + "A" * 5000)
    (long,) = [each for each in look(simulator, find_inbox_rules, scope()).candidates if "gnp" in each.title]
    assert long.title.startswith("gnp.exeAAA")
    assert len(long.title) == 300


def test_exchanges_way_of_writing() -> None:
    row = {
        "Name": "x", "Enabled": True, "RuleIdentity": 7, "Identity": "alice\\7", "MoveToFolder": "alice\\Inbox\\RSS Feeds",
        "ForwardTo": ['"Drop" [SMTP:drop@evil.example]', '"Bob Example" [EX:/o=Tiny/cn=bob]'], "From": ["a@b.example"],
        "SubjectContainsWords": ["bank"], "HasAttachment": True,
    }  # fmt: skip
    seen = from_exchange(row, is_hidden=True)
    assert seen.rule.sends_to == ("drop@evil.example", "Bob Example")
    assert seen.rule.moves_to == "RSS Feeds"
    assert seen.conditions == "Subject contains words: bank; From: a@b.example; Has attachment"
    assert seen.actions == "Forward to drop@evil.example, Bob Example; Move to RSS Feeds"


def test_a_rule_with_next_to_nothing_in_it() -> None:
    assert from_graph({"id": "a"}, {}).rule == MailRule(name="", is_enabled=False, has_conditions=False)
    assert from_exchange({}, is_hidden=False).rule == MailRule(name="", is_enabled=False)


def test_forwarding_outside(simulator: SimulatorControl) -> None:
    (candidate,) = look(simulator, find_forwarding, scope()).candidates
    assert candidate.is_suspicious
    assert candidate.title == "Forwards to drop@evil.example"
    assert candidate.before == {
        "exists": True, "ForwardingSmtpAddress": "smtp:drop@evil.example", "ForwardingAddress": None,
        "DeliverToMailboxAndForward": True,
    }  # fmt: skip


@pytest.mark.parametrize("is_changed", [True, False])
def test_forwarding_inside_is_the_persons_own_unless_the_attacker_set_it(
    simulator: SimulatorControl, is_changed: bool
) -> None:
    state = {"ForwardingSmtpAddress": None, "ForwardingAddress": "Bob Example", "DeliverToMailboxAndForward": False}
    simulator.plant(TENANT, "mailboxes", state, owner=ALICE)
    acts = (act("Set-Mailbox", "alice"),) if is_changed else ()
    (candidate,) = look(simulator, find_forwarding, scope(attacker_acts=acts)).candidates
    assert candidate.title == "Forwards to Bob Example (bob@tiny.example)"
    assert candidate.is_suspicious is is_changed


def test_no_forwarding_is_clean_only_when_it_was_looked_at(simulator: SimulatorControl) -> None:
    nothing = {"ForwardingSmtpAddress": None, "ForwardingAddress": None, "DeliverToMailboxAndForward": False}
    simulator.plant(TENANT, "mailboxes", nothing, owner=ALICE)
    found = look(simulator, find_forwarding, scope())
    assert (found.candidates, found.is_checked) == ([], True)
    simulator.configure(TENANT, directoryRoles=[])
    found = look(simulator, find_forwarding, scope())
    assert (found.candidates, found.is_checked) == ([], False)
    assert found.note


def test_permissions_of_all_three_kinds(simulator: SimulatorControl) -> None:
    simulator.plant(TENANT, "mailboxes", {"GrantSendOnBehalfTo": ["Bob Example"]}, owner=ALICE)
    found = look(simulator, find_mailbox_permissions, scope())
    assert [each.target["right"] for each in found.candidates] == ["FullAccess", "SendAs", "SendOnBehalf"]
    assert suspicious(found) == []
    assert {dict(each.facts)["Account"] for each in found.candidates} == {"bob@tiny.example"}


def test_who_was_given_a_right_by_the_attacker(simulator: SimulatorControl) -> None:
    where = scope(attacker_acts=(act("Add-MailboxPermission", "Bob Example"),))
    assert len(suspicious(look(simulator, find_mailbox_permissions, where))) == 2


def test_protected_and_sync_accounts_as_trustees(simulator: SimulatorControl) -> None:
    rows = [
        {"User": name, "AccessRights": ["FullAccess"]}
        for name in ("bob@tiny.example", "Sync_DC01_1@tiny.example", "alice@tiny.example")
    ]
    simulator.plant(TENANT, "mailboxes", {"permissions": rows, "recipientPermissions": []}, owner=ALICE)
    found = look(simulator, find_mailbox_permissions, scope(protected_accounts=frozenset({"bob@tiny.example"})))
    bob, sync = found.candidates
    assert bob.protected_address == "bob@tiny.example"
    assert "directory-sync" in sync.refusal
    assert dict(sync.facts)["Kind"] == "Not in the directory"


def test_rights_that_could_not_be_read_are_named(simulator: SimulatorControl) -> None:
    simulator.configure(TENANT, faults=[fault(cmdlet="Get-RecipientPermission")])
    found = look(simulator, find_mailbox_permissions, scope())
    assert [each.target["right"] for each in found.candidates] == ["FullAccess"]
    assert not found.is_checked
    assert found.note.startswith("Not checked: Send as this person (SendAs).")
