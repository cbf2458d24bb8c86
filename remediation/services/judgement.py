"""What people conclude: a finding's verdict, and that the incident is over."""

from django.db import transaction

from incidents.models import Incident
from incidents.services import incident_changed, incident_remediate
from remediation import policies
from remediation.enums import Step, Verdict
from remediation.models import Finding
from remediation.selectors import unsearched_steps
from remediation.services.presses import open_counts
from remediation.transitions import progress
from tenants import audit
from tenants.audit import Act, Actor
from tenants.models import Member


def finding_judge(*, incident: Incident, finding: Finding, verdict: Verdict, by: Member) -> None:
    """Keep an analyst's verdict. The next scan respects it.

    Raises:
        Refused: when the incident's state does not allow it.
    """
    policies.check_incident_open(incident)
    with transaction.atomic():
        Finding.objects.filter(pk=finding.pk).update(verdict=verdict)
        act = Act(
            verb="judge_finding",
            summary=f"{Verdict(verdict).label}: {finding.title}",
            object_type="finding",
            object_id=finding.pk,
            incident_id=incident.pk,
            before={"verdict": finding.verdict},
            after={"verdict": verdict},
        )
        audit.record([act], tenant=incident.tenant, by=Actor.of(by))
        progress({incident.pk})
        incident_changed(incident_id=incident.pk)


def incident_mark_remediated(*, incident: Incident, reason: str, by: Member) -> None:
    """Step 6. With something still open, a reason is needed.

    Raises:
        Refused: without the reason.
        IncidentRefused: when the incident is not active.
    """
    counts = open_counts(incident)
    unsearched = unsearched_steps(incident.pk)
    items = policies.open_items(incident, open_findings=counts, before=Step.REMEDIATED, unsearched=unsearched)
    policies.check_reason(items, reason)
    incident_remediate(incident=incident, reason=reason, by=by)
