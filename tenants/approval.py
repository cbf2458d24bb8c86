"""Which retractions a second member has to approve: the organization's policy."""

from django.db import transaction

from tenants.audit import Act, Actor, record_for_organization
from tenants.enums import ApprovalRule
from tenants.models import Member, Organization

MOST = 1_000_000  # mails, or tenants


def approval_set(*, organization: Organization, rule: ApprovalRule, mails: int, tenants: int, by: Member) -> bool:
    """Change the rule and its thresholds. Returns False when it was so already."""
    wanted = {"approval_rule": rule, "approval_mails": mails, "approval_tenants": tenants}
    with transaction.atomic():
        known = Organization.objects.select_for_update().get(pk=organization.pk)
        before = {name: getattr(known, name) for name in wanted}
        if before == wanted:
            return False
        Organization.objects.filter(pk=organization.pk).update(**wanted)
        act = Act(
            verb="set_policy",
            summary=f"Retractions to approve: {rule.label.lower()} (above {mails} mails, {tenants} tenants)",
            object_type="organization",
            object_id=organization.pk,
            before=before,
            after=wanted,
        )
        record_for_organization([act], organization=organization, by=Actor.of(by))
    return True
