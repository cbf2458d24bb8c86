"""What Petra Response did by itself in an incident, and why it leaves the rest to people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incidents.models import Incident
from remediation import policies
from remediation.enums import OrderState, Step
from remediation.models import ActionRun, Finding, Scan
from remediation.services.response import has_begun, why_not_by_itself
from tenants.audit import PETRA_RESPONSE


@dataclass(frozen=True, slots=True)
class ResponseView:
    """`lines`: one sentence for each of the steps 1 to 3. `is_on` is false where it was switched off since."""

    lines: list[str]
    is_on: bool


def response_view(
    incident: Incident,
    *,
    runs: Mapping[int, Sequence[ActionRun]],
    findings: Mapping[int, Sequence[Finding]],
    scans: Mapping[int, Scan],
) -> ResponseView | None:
    """None where it does not work on this incident. Rows are those that the panel has read already."""
    if not has_begun(incident):
        return None
    if not policies.is_reachable(incident.tenant):
        return ResponseView(["Nothing was done: the tenant is not connected."], incident.tenant.has_petra_response)
    why = why_not_by_itself(incident)
    has_phish = bool(incident.phish_tags.all())
    lines = [_contained(runs[Step.CONTAIN], why)]
    lines.append(
        _found(Step.RETRACT, runs, findings, scans, "" if has_phish else "until a mail is tagged as the phish")
    )
    lines.append(_found(Step.PERSISTENCE, runs, findings, scans, f"for a person: {why}" if why else ""))
    return ResponseView(lines, incident.tenant.has_petra_response)


def _contained(runs: Sequence[ActionRun], why: str) -> str:
    if not runs:
        return f"Step 1 waits for a person: {why}" if why else "Step 1 was not taken."
    name = runs[0].order.requested_by_name
    is_own = name == PETRA_RESPONSE
    return "Step 1 was taken by Petra Response." if is_own else f"Step 1 was taken by {name}, not by Petra Response."


def _found(
    step: Step,
    runs: Mapping[int, Sequence[ActionRun]],
    findings: Mapping[int, Sequence[Finding]],
    scans: Mapping[int, Scan],
    waits_for: str,
) -> str:
    own = [run for run in runs[step] if run.order.requested_by_name == PETRA_RESPONSE]
    left = _left_to_people(findings[step])
    if any(run.undone_by_name for run in runs[step]):
        return f"Step {int(step)}: a person has taken something back, so the rest is left to people."
    if any(run.order.state == OrderState.AWAITING_APPROVAL for run in own):
        return f"Step {int(step)} waits for the approval of a member: {_items(len(own))}.{left}"
    if own:
        return f"Step {int(step)} was taken by Petra Response on {_items(len(own))}.{left}"
    if waits_for:
        return f"Step {int(step)} waits {waits_for}{'' if waits_for.endswith('.') else '.'}"
    scan = scans.get(step)
    if scan is None or not scan.finished_at:
        return f"Step {int(step)} waits for the search to be complete."
    unseen = "" if scan.is_whole else " Not everything could be checked."
    return f"Step {int(step)}: nothing was preselected, so nothing was done.{left}{unseen}"


def _left_to_people(findings: Sequence[Finding]) -> str:
    suspicious = [one for one in findings if one.is_suspicious and not one.gone_at]
    left = [one for one in suspicious if _needs_person(one)]
    words = f" {_items(len(left))} left to people: others use it, or an account is protected." if left else ""
    unsure = [one for one in suspicious if one.is_undecided and one not in left]
    told = f" {_items(len(unsure))} to look at first: known by a link or an attachment alone." if unsure else ""
    return f"{words}{told}"


def _needs_person(finding: Finding) -> bool:
    return bool(finding.others_affected or finding.protected_address) and not finding.refusal


def _items(count: int) -> str:
    return f"{count} {'item' if count == 1 else 'items'}"
