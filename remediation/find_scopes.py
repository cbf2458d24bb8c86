"""Whose traces are looked for, and what is known of the attacker: from the evidence and from the analysts' marks."""

from django.utils import timezone

from incidents.enums import IndicatorKind
from incidents.models import Incident, LogRecord, PhishTag
from incidents.selectors import of_attacker
from remediation.actions.finding import AttackerAct, FindScope, TaggedPhish
from remediation.models import Campaign
from remediation.services.presses import protected_addresses
from tenants.models import Connection


def find_scope(incident: Incident, connection: Connection | None) -> FindScope:
    """The scope of a search; without a connection the account's own domain is all that is known of the tenant's."""
    account = incident.account
    counting = [one for one in incident.indicators.all() if one.counts]
    addresses = frozenset(one.value for one in counting if one.kind == IndicatorKind.IP_ADDRESS)
    own_domain = account.user_principal_name.rpartition("@")[2]
    domains = connection.domains if connection else [own_domain]
    return FindScope(
        user_id=account.object_id,
        user_principal_name=account.user_principal_name,
        mailbox=account.mail or account.user_principal_name,
        display_name=account.display_name,
        since=incident.first_access_at,
        until=incident.closed_at or timezone.now(),
        asked_at=timezone.now(),
        domains=frozenset(domain.casefold() for domain in domains),
        attacker_addresses=addresses,
        attacker_acts=_attacker_acts(incident),
        phish=tuple(
            TaggedPhish(
                internet_message_id=tag.internet_message_id,
                subject=tag.subject,
                sender_address=tag.sender_address,
                links=tag.links,
                attachment_hashes=tag.attachment_hashes,
                is_read=tag.content_read_at is not None,
            )
            for tag in PhishTag.objects.filter(incident=incident).order_by("pk")
        ),
        own_client_id=connection.client_id if connection else "",
        microsoft_tenant_id=connection.microsoft_tenant_id if connection else "",
        protected_accounts=protected_addresses(),
    )


def campaign_scope(campaign: Campaign, connection: Connection | None) -> FindScope:
    """The scope of a search for a campaign's mails: in a whole tenant, of which nobody is the victim."""
    return FindScope(
        user_id="",
        user_principal_name="",
        mailbox="",
        display_name="",
        since=campaign.since,
        until=timezone.now(),
        asked_at=timezone.now(),
        domains=frozenset(domain.casefold() for domain in (connection.domains if connection else [])),
        attacker_addresses=frozenset(),
        attacker_acts=(),
        mail_until=campaign.until,
        phish=tuple(TaggedPhish(**mail) for mail in campaign.mails),
        own_client_id=connection.client_id if connection else "",
        microsoft_tenant_id=connection.microsoft_tenant_id if connection else "",
        protected_accounts=protected_addresses(),
        is_sweep=campaign.is_sweep,
    )


def _attacker_acts(incident: Incident) -> tuple[AttackerAct, ...]:
    """What the account did since the first access in rows that match an indicator that counts."""
    rows = LogRecord.objects.filter(
        of_attacker(incident),
        tenant=incident.tenant,
        user_principal_name=incident.account.user_principal_name.casefold(),
        occurred_at__gte=incident.first_access_at,
    ).order_by("occurred_at")
    return tuple(
        AttackerAct(operation=operation, item=_object_of(operation, item, subject), at=at, ip_address=ip)
        for operation, item, subject, at, ip in rows.values_list(
            "operation", "item", "subject", "occurred_at", "ip_address"
        )
    )


def _object_of(operation: str, item: str, subject: str) -> str:
    """What an act was done to: the mail for sending, whose item is only the folder; the rule, the application else."""
    return (subject or item) if operation.startswith("Send") else (item or subject)
