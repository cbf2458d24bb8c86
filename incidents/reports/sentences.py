"""The summary of an incident that a director can read: plain sentences, and none that is not known to be so."""

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.enums import IncidentState
from incidents.evidence.impact import ACCESSED, DELETED, MODIFIED, SENT, Impact
from incidents.extensions import DoneAction
from incidents.models import Incident, PhishTag
from incidents.reports.notable import Notable
from incidents.reports.wording import counted, lasted, listed, sentence, short, told_zoned

STEPS = {
    1: "Revoke Sessions and Lock Account",
    2: "Retract Phishing Emails",
    3: "Disable Persistence Mechanisms",
    4: "Reset Password",
    5: "Re-enable Account",
    6: "Mark as Remediated",
}
CONTAIN, CLOSE = 1, 6
DONE, NOT_DONE = ("succeeded", "skipped"), ("failed", "errored", "undo_failed")
_ACTS = ((ACCESSED, "opened"), (SENT, "sent"), (MODIFIED, "created, moved or changed"), (DELETED, "deleted"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that the sentences are made from. `missing`: why nothing can be said of mail; empty where it can."""

    incident: Incident
    impact: Impact
    notable: Notable
    actions: Sequence[DoneAction]
    phish: Sequence[PhishTag]
    missing: str


def summary(case: Case) -> list[str]:
    """Paragraphs: what happened, what was reached, how it was stopped, what is open."""
    return [_what(case), _reached(case), _stopped(case), _open(case.incident)]


def open_steps(incident: Incident) -> list[str]:
    """The steps that are not done, each with its number."""
    return [f"{number} {name}" for number, name in STEPS.items() if not incident.has_done(number)]


# --- What happened ----------------------------------------------------------------------------------------------------
def _what(case: Case) -> str:
    incident = case.incident
    account = incident.account
    person = account.display_name if account.display_name.strip() else account.user_principal_name
    whose = f"the Microsoft 365 account of {person} at {incident.tenant.name}"
    since = told_zoned(incident.first_access_at)
    if incident.state == IncidentState.DISMISSED:
        return f"{_begin(whose)} was suspected of being used by an attacker from {since} on. It was a false alarm."
    may = "may have been" if incident.state == IncidentState.UNPUBLISHED else "was"
    told = [f"{_begin(whose)} {may} used by an attacker from {since} on."]
    told.append(
        sentence(incident.root_cause) if incident.root_cause.strip() else "How the attacker got in is not known."
    )
    if incident.detected_by.strip():
        told.append(f"It was noticed by this: {sentence(incident.detected_by)}")
    return " ".join([*told, *_phish(case.phish)])


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]


def _phish(phish: Sequence[PhishTag]) -> list[str]:
    if not phish:
        return []
    if len(phish) == 1:
        subject = f"“{short(phish[0].subject, 160)}”" if phish[0].subject else "one without a subject"
        return [f"The phishing mail was {subject}."]
    return [f"{counted(len(phish), 'mail')} are marked as the phish."]


# --- What was reached -------------------------------------------------------------------------------------------------
def _reached(case: Case) -> str:
    impact = case.impact
    touched = any(count.operations for count in impact.counts.values()) or impact.files
    if case.missing and not touched:
        mail = "What the attacker did with mail and files is not known: the log that tells of it was not collected."
        return " ".join([mail, *_notable(case.notable)])
    told = [_mail(impact), *_limits(impact), _files(impact), *_notable(case.notable)]
    if impact.is_cut_off:
        told.append("These figures are cut off: they are the least that it was.")
    return " ".join(told)


def _mail(impact: Impact) -> str:
    numbers = {kind: impact.counts[kind].messages for kind, _ in _ACTS}
    acts = [f"{verb} {counted(numbers[kind], 'message')}" for kind, verb in _ACTS if numbers[kind]]
    none = [verb for kind, verb in _ACTS if not numbers[kind] and not (kind == ACCESSED and impact.synced_folders)]
    if not acts and len(none) == len(_ACTS):
        where = "in that part of the logs which was counted" if impact.rows_left_out else "in the logs"
        return f"No act on mail by the attacker was found {where}."
    told = [f"The attacker {listed(acts)}."] if acts else []
    if none:
        told.append(f"No message was found that the attacker {listed(none, 'or')}.")
    return " ".join(told)


def _limits(impact: Impact) -> list[str]:
    told = []
    if impact.synced_folders:
        folders = [f"“{name}”" for name in impact.synced_folders[:5]]
        if len(impact.synced_folders) > len(folders):
            folders.append(f"{len(impact.synced_folders) - len(folders)} more")
        one = len(impact.synced_folders) == 1
        told.append(
            f"The {'folder' if one else 'folders'} {listed(folders)} {'was' if one else 'were'} copied as a whole: all "
            f"mail in {'it' if one else 'them'} has to be taken as read."
        )
    if impact.throttled_at:
        told.append("Microsoft stopped recording opened mails for a while: there may have been more.")
    return told


def _files(impact: Impact) -> str:
    if not impact.files:
        return "No file was found that the attacker used."
    taken = sum(any("Download" in name for name in one.operations) for one in impact.files)
    used = f"{counted(len(impact.files), 'file')} in SharePoint or OneDrive {_were(len(impact.files))} used"
    return f"{used}, {taken:,} of them downloaded." if taken else f"{used}; no download was found."


def _notable(notable: Notable) -> list[str]:
    return [f"The attacker also {listed(notable.told)}."] if notable.told else []


# --- How it was stopped -----------------------------------------------------------------------------------------------
def _stopped(case: Case) -> str:
    done = [one for one in case.actions if one.outcome in DONE]
    failed = sum(one.outcome in NOT_DONE for one in case.actions)
    told = [_contained(case, done)]
    if done:
        verified = sum(one.verified_at is not None for one in done)
        taken = f"{_begin(counted(len(done), 'action'))} {_were(len(done))} taken in all, {verified:,} of them verified"
        told.append(f"{taken} by reading the state back from Microsoft.")
    if failed:
        told.append(
            f"{_begin(counted(failed, 'action'))} failed; the appendix names {'it' if failed == 1 else 'them'}."
        )
    return " ".join(told)


def _contained(case: Case, done: Sequence[DoneAction]) -> str:
    incident = case.incident
    if incident.contained_at is None:
        if incident.state == IncidentState.DISMISSED:
            return "The account was not locked."
        return "The account has not been contained yet: the attacker may still be in it."
    people = list(dict.fromkeys(one.by_name for one in done if one.step == CONTAIN))
    by = f" by {listed(people)}" if people else ""
    took = lasted(incident.contained_at - incident.opened_at)
    at = told_zoned(incident.contained_at)
    return f"All sessions were ended and the account was locked on {at}{by}, {took} after the incident was opened."


def _open(incident: Incident) -> str:
    by = f" by {incident.closed_by_name}" if incident.closed_by_name else ""
    if incident.state == IncidentState.DISMISSED:
        reason = f" The reason given: {sentence(incident.close_reason)}" if incident.close_reason.strip() else ""
        return f"The incident was dismissed as a false alarm{by}.{reason}"
    left = [step for step in open_steps(incident) if not step.startswith(f"{CLOSE} ")]
    state = "The incident is still open."
    if incident.state == IncidentState.REMEDIATED:
        state = f"The incident was marked as remediated{by}."
    if not left:
        return f"{state} All steps before closing it are done."
    word = "This step is" if len(left) == 1 else "These steps are"
    return f"{state} {word} not done: {listed(left)}."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
