"""What the panel's templates cannot say by themselves."""

import hashlib
import json
from typing import Any

from django import template

from incidents.contexts import Clock, clock_of
from incidents.models import Incident, PhishTag
from remediation.actions.base import Action
from remediation.actions.finders.reading import counted
from remediation.actions.registry import ACTIONS
from remediation.contexts import GroupView, ItemView, PanelView, RunView, StepView
from remediation.enums import ScanState
from remediation.models import Finding
from remediation.places import Place
from remediation.plans import Draft

register = template.Library()

# The word on the button of one item. The whole sentence is the action's title, which stands in its tooltip.
VERBS = {
    "retract_message": "Retract",
    "clear_forwarding": "Stop",
    "remove_mailbox_permission": "Remove",
    "remove_auth_method": "Remove",
    "revoke_consent": "Revoke",
}
# The words of components/tick.html and of the CSS classes for a step's state.
STEP_CLASSES = {
    "running": "is-running",
    "done": "is-done",
    "clear": "is-clear",
    "partly": "is-partial",
    "failed": "is-failed",
    "awaiting": "is-waiting",
}


@register.filter
def form_key(press_key: str, part: str | int) -> str:
    """A key for one form of the panel: 32 hex digits. Two forms of one page are two presses, each of them only once."""
    return hashlib.sha256(f"{press_key}:{part}".encode()).hexdigest()[:32]


@register.simple_tag
def act_url(place: Place, act: str, *ids: int) -> str:
    """The address of an act on a campaign, where it is looked at."""
    return place.url(act, *ids)


@register.filter
def action_of(finding: Finding) -> Action | None:
    """The action that a press on this finding takes; None for what a person has to undo elsewhere."""
    return ACTIONS.get(finding.action_key)


@register.filter
def verb_of(finding: Finding) -> str:
    """The word on the finding's button."""
    return VERBS.get(finding.action_key, "Disable")


@register.filter
def verdicts_offered(finding: Finding) -> list[tuple[str, str, str]]:
    """The verdicts that an analyst may give of a finding: value, end of the button's id, and its words."""
    if finding.verdict:
        return [("", "unjudge", "Undo mark")]
    offered = [("legitimate", "legitimate", "Mark legitimate")] if finding.is_suspicious else []
    if not finding.is_suspicious or finding.is_uncertain:
        offered.append(("malicious", "malicious", "Mark malicious"))
    return offered


@register.filter
def step_class(step: StepView) -> str:
    """The CSS classes of a step's row."""
    state = "is-partial" if is_uncertain(step) else STEP_CLASSES.get(step.state, "is-open")
    return f"{state} is-next" if step.is_next else state


@register.filter
def is_uncertain(step: StepView) -> bool:
    """Whether nothing was found, but not everything was looked at: that must not look like an all-clear."""
    is_cut_short = step.scan is not None and step.scan.state == ScanState.FAILED
    return step.state == "clear" and (is_cut_short or bool(unchecked(step)))


@register.filter
def undoable(step: StepView) -> list[int]:
    """Ids of the step's runs that can be taken back without a question."""
    runs = [*step.runs, *(item.run for group in step.groups for item in (*group.suspicious, *group.others))]
    return [run.pk for run in runs if run and run.can_undo and not run.undo_question]


@register.filter
def may_press(panel: PanelView, step: StepView) -> bool:
    """Whether the step's buttons are offered to the reader."""
    return panel.can_act and panel.is_reachable and step.state != "blocked"


@register.filter
def mail_mark(run: RunView) -> str:
    """A mail's run in a word or two, where it is neither done nor running."""
    marks = {"undone": "Put back", "planned": "Waits for approval", "canceled": "Not done"}
    return marks.get(run.tone) or ("Undo failed" if run.can_undo else "Failed")


@register.filter
def is_checkable(item: ItemView) -> bool:
    """Whether it may be part of a selection. What others would notice, or is protected, is asked about one by one."""
    return item.can_select and not item.finding.others_affected and not item.finding.protected_address


@register.filter
def checkable_count(step: StepView) -> int:
    """How many check boxes the step has."""
    return sum(is_checkable(item) for group in step.groups for item in group.suspicious)


@register.filter
def content_words(tag: PhishTag) -> str:
    """What copies of a tagged mail are known by, besides its sender and subject: "2 links and 1 attachment"."""
    parts = [(tag.links, "link"), (tag.attachment_hashes, "attachment")]
    return " and ".join(counted(len(known), noun) for known, noun in parts if known)


@register.filter
def unchecked(step: StepView) -> list[GroupView]:
    """The kinds of things of which not every source could be looked at."""
    return [group for group in step.groups if not group.is_checked]


@register.filter
def legitimate(group: GroupView) -> list[ItemView]:
    """What was found and is not suspicious."""
    return [item for item in group.others if not item.finding.refusal]


@register.filter
def refused(group: GroupView) -> list[ItemView]:
    """What was found and is never acted on."""
    return [item for item in group.others if item.finding.refusal]


@register.filter
def requests_of(draft: Draft) -> list[dict[str, Any]]:
    """What would be sent: method, url, headers and body of each request, secrets by reference."""
    return [request.preview() for request in draft.requests()]


@register.filter
def as_json(value: Any) -> str:
    """JSON for people to read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def clock(incident: Incident) -> Clock | None:
    """Time to contain: running, stopped, or none where nobody waits for it any more."""
    return clock_of(incident)


@register.filter
def is_mail(group: GroupView) -> bool:
    """Whether the group lists mails, which stand in a table: the subjects are alike, the mailboxes differ."""
    return group.kind in {"phish_copy", "internal_phish", "remaining_phish"}


@register.filter
def fact(finding: Finding, label: str) -> str:
    """A finding's fact by its label, or an empty string."""
    return next((value for name, value in finding.facts if name == label), "")
