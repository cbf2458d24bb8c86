"""Petra Response: steps 1 to 3 by themselves, in tenants that have it switched on, through the same policies.

It begins when an incident becomes active, and goes on with each search that ends, until a person takes something of a
step back or the incident is closed. Nothing is ever acted on twice.
"""

from collections.abc import Iterable

from django.db import transaction

from incidents.models import Incident, PhishTag
from remediation import policies
from remediation.enums import FINDING_STEPS, ScanState, Step
from remediation.models import ActionRun, Finding, Scan, WorkOrder
from remediation.plans import Draft, drafts_for
from remediation.policies import Refused
from remediation.selectors import findings_open, incident_lock
from remediation.services.orders import Ordered, order_place
from remediation.services.presses import protected_addresses
from tenants import audit
from tenants.audit import PETRA_RESPONSE, Act, Actor
from tenants.models import AuditEvent, Member

BEGUN = "begin_petra_response"  # the verb in the audit trail; which incidents it works on is read from there
ACTOR = Actor(None, PETRA_RESPONSE)
REASON = "Petra Response is on in this tenant."


def response_begin(*, incident: Incident) -> None:
    """An incident became active: take what can be taken at once, where the tenant has it on. Called in the
    transaction that opens or publishes it.
    """
    if not incident.tenant.has_petra_response:
        return
    act = Act(
        verb=BEGUN,
        summary=f"Petra Response takes steps 1 to 3 by itself – {incident.account}",
        object_type="incident",
        object_id=incident.pk,
        incident_id=incident.pk,
    )
    audit.record([act], tenant=incident.tenant, by=ACTOR)
    with transaction.atomic():
        _advance(incident_lock(incident.pk))  # what was recorded stands in the trail only once this is committed


def has_begun(incident: Incident) -> bool:
    """Whether it works on this incident: one that was active before it was switched on is left to people."""
    return AuditEvent.objects.filter(tenant_id=incident.tenant_id, incident_id=incident.pk, verb=BEGUN).exists()


def response_advance(*, incident_id: int) -> None:
    """Take those of the steps 1 to 3 whose turn has come. Called again, it does nothing twice."""
    with transaction.atomic():
        incident = incident_lock(incident_id)
        if has_begun(incident):
            _advance(incident)


def _advance(incident: Incident) -> None:
    if not (incident.is_active and incident.tenant.has_petra_response and policies.is_reachable(incident.tenant)):
        return
    why = why_not_by_itself(incident)
    if not why:
        _contain(incident)
    for step in FINDING_STEPS:
        if step == Step.RETRACT or not why:
            _act_on_findings(incident, step)


def why_not_by_itself(incident: Incident) -> str:
    """Why the account is not acted on without a person; empty when it may be."""
    own = Member.objects.filter(
        organization_id=incident.tenant.organization_id, email__iexact=incident.account.user_principal_name
    ).exists()
    return policies.why_not_by_itself(incident, protected=protected_addresses(), is_own=own)


def _contain(incident: Incident) -> None:
    """Step 1, unless anybody has taken it before."""
    if not ActionRun.objects.filter(incident=incident, step=Step.CONTAIN).exists():
        _order(incident, Step.CONTAIN, f"response-{incident.pk}-1", drafts_for(incident, Step.CONTAIN, []))


def _act_on_findings(incident: Incident, step: Step) -> None:
    """Step 2 or 3, on what is preselected and was not acted on before, once the search for it is complete."""
    scan = Scan.objects.filter(incident=incident, step=step).exclude(state=ScanState.QUEUED).order_by("pk").last()
    if scan is None or scan.state != ScanState.COMPLETE or was_taken_back(incident, step):
        return
    if step == Step.RETRACT and not PhishTag.objects.filter(incident=incident).exists():
        return
    findings = meant_findings(incident, step)
    if findings:
        _order(incident, step, f"response-{incident.pk}-{int(step)}-{scan.pk}", drafts_for(incident, step, findings))


def was_taken_back(incident: Incident, step: Step) -> bool:
    """Whether a person has taken back something of the step: the rest is left to people."""
    return ActionRun.objects.filter(incident=incident, step=step).exclude(undone_by_name="").exists()


def meant_findings(incident: Incident, step: Step) -> list[Finding]:
    """What "all" means, without what concerns a protected account and what was acted on once already."""
    protected = protected_addresses()
    runs = ActionRun.objects.filter(incident=incident, step__in=FINDING_STEPS)
    taken = set(runs.values_list("action_key", "target_key"))
    return [
        finding
        for finding in findings_open(incident.pk).filter(step=step).order_by("pk")
        if not policies.protected_by(finding, protected) and (finding.action_key, finding.target_key) not in taken
    ]


def _order(incident: Incident, step: Step, key: str, drafts: Iterable[Draft]) -> None:
    if WorkOrder.objects.filter(tenant=incident.tenant, idempotency_key=key).exists():
        return
    try:
        with transaction.atomic():
            order_place(incident, Ordered(step=step, key=key, drafts=list(drafts), reason=REASON, by=ACTOR))
    except Refused:  # somebody presses it right now: then it is done
        return
