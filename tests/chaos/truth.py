"""What Petra says, held against the true state of the cloud."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from tests.chaos.evidence import Cloud, Evidence, Run
from tests.chaos.world import folder_id

NOT_DONE = "it is not done"  # how Petra words what it looked up after its last try
SAYS_DONE, SAYS_UNDONE = ("succeeded", "skipped"), ("undone",)
OPPOSITES = {"enable_account": "lock_account"}  # their last word is one and the same
CLOCK = 2.0  # seconds: the cloud writes whole ones


def says_what_is_true(seen: Evidence) -> Iterator[str]:
    """The last word on each target agrees with the cloud, and so does the account in the page's head."""
    for run in _last_words(seen.runs):
        is_shown = shows(run, seen.after[run.town], seen.passwords)
        if is_shown != (run.state in SAYS_DONE):
            says = "is" if is_shown else "is not"
            yield f"Run {run.id} ({run.action}, {run.town}) is {run.state}; the cloud shows that it {says} so."
    for town, (account, is_enabled) in seen.accounts.items():
        if seen.after[town].accounts[account] != is_enabled:
            yield f"The account of {town} stands there as {'enabled' if is_enabled else 'disabled or not known'}."


def _last_words(runs: list[Run]) -> list[Run]:
    """Of all runs on one target that say how it is, the one that came to its end last."""
    last: dict[tuple[int, str, str], Run] = {}
    for run in sorted(runs, key=lambda run: run.finished_at):
        if run.state in (*SAYS_DONE, *SAYS_UNDONE) or (run.state == "failed" and NOT_DONE in run.message):
            last[run.incident, OPPOSITES.get(run.action, run.action), _thing(run)] = run
    return list(last.values())


def _thing(run: Run) -> str:
    """What a run is about; a consent that is given again has another id, and is the same consent."""
    if run.action == "revoke_consent":
        return f"{run.target['user_id']} {run.target['client_id']} {run.target['scope']}"
    return run.target_key


def shows(run: Run, cloud: Cloud, passwords: Mapping[int, bool]) -> bool:
    """Whether the cloud shows what the run was to do."""
    if run.action == "reset_password":
        return passwords.get(run.id, False)
    return SHOWN[run.action](run, cloud)


def _is_revoked(run: Run, cloud: Cloud) -> bool:
    if run.state in SAYS_UNDONE:  # it comes back under another id
        return f"{run.target['client_id']} {run.target['scope']}" not in cloud.grants.values()
    return run.target["grant_id"] not in cloud.grants


def _is_deleted(run: Run, cloud: Cloud) -> bool:
    """It lies in Deleted Items of its own mailbox, and there is no other copy in that mailbox."""
    owner, found = run.target["user_id"], cloud.mails.get(run.target["message_id"])
    if found is None or found[:2] != (owner, folder_id(owner, "deleteditems")):
        return False
    return sum(each[0] == owner and each[2] == found[2] for each in cloud.mails.values()) == 1


SHOWN: dict[str, Callable[[Run, Cloud], bool]] = {
    "lock_account": lambda run, cloud: not cloud.accounts[run.target["user_id"]],
    "enable_account": lambda run, cloud: cloud.accounts[run.target["user_id"]],
    "revoke_sessions": lambda run, cloud: cloud.sessions_valid_from[run.target["user_id"]] >= run.ordered_at - CLOCK,
    "retract_message": _is_deleted,
    "disable_inbox_rule": lambda run, cloud: not cloud.rules.get(str(run.target["rule_id"]), False),
    "clear_forwarding": lambda run, cloud: not cloud.forwarding[run.target["user_id"]],
    "disable_application": lambda run, cloud: cloud.applications[run.target["application_id"]],
    "disable_service_principal": lambda run, cloud: not cloud.principals[run.target["service_principal_id"]],
    "revoke_consent": _is_revoked,
    "disable_device": lambda run, cloud: not cloud.devices[run.target["device_id"]],
    "remove_auth_method": lambda run, cloud: run.target["method_id"] not in cloud.methods,
}


def nothing_is_there_twice(seen: Evidence) -> Iterator[str]:
    """A consent is given again by making a new one: made twice, it would stand there twice."""
    for town, cloud in seen.after.items():
        for grant, count in Counter(cloud.grants.values()).items():
            if count > 1:
                yield f"The consent {grant} stands {count} times in {town}."


def honest_mail_is_untouched(seen: Evidence) -> Iterator[str]:
    """Every mail that no run was about lies where it lay; none is lost, none is new."""
    meant = {(run.town, run.target["message_id"]) for run in seen.runs if run.action == "retract_message"}
    for town, before in seen.before.items():
        after = seen.after[town]
        for mail in sorted(before.mails.keys() | after.mails.keys()):
            is_kept = mail in before.mails and mail in after.mails
            if not is_kept:
                yield f"Mail {mail} of {town} is {'lost' if mail in before.mails else 'new'}."
            elif (town, mail) not in meant and before.mails[mail] != after.mails[mail]:
                yield f"Mail {mail} of {town} was moved, and nobody ordered it."
