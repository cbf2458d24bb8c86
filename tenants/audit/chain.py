"""The chains of the trail: one a tenant, and one for the organization itself. Each entry names the hash before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from tenants.audit.entry import FIELDS, ROOT, hash_of, line_of
from tenants.models import AuditChain, AuditEvent, Organization, Tenant

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The last link of a chain, to be printed where it cannot be changed afterwards. `sequence` 0: no entry yet."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        if not self.sequence:
            return "Audit trail without an entry"
        return f"Audit trail up to entry {self.sequence}, hash {self.hash}"


def newest(tenant: Tenant) -> Newest:
    """The last link of a tenant's chain."""
    return _newest(tenant.organization_id, tenant.pk)


def newest_of_organization(organization: Organization) -> Newest:
    """The last link of the chain that holds what was done to the organization itself."""
    return _newest(organization.pk, None)


def _newest(organization_id: int, tenant_id: int | None) -> Newest:
    head = AuditChain.objects.filter(organization_id=organization_id, tenant_id=tenant_id).first()
    return Newest(sequence=head.sequence, hash=head.hash) if head else Newest(sequence=0, hash=ROOT)


def append(events: Sequence[AuditEvent]) -> None:
    """Link entries to the ends of their chains and write them: a lock for each chain, one insert for all.

    The chains are locked in the order of their tenants, that of an organization after them, until the transaction ends.
    """
    now, heads = timezone.now(), []
    with transaction.atomic(savepoint=False):
        for (organization_id, _, tenant_id), members in groupby(sorted(events, key=_chain), key=_chain):
            head = head_locked(organization_id, tenant_id)
            for event in members:
                _link(event, head, now)
            AuditChain.objects.filter(pk=head.pk).update(sequence=head.sequence, hash=head.hash)
            heads.append(head)
        AuditEvent.objects.bulk_create(events)
        transaction.on_commit(lambda: _tell(heads))  # not before: what is rolled back was never in the chain


def _chain(event: AuditEvent) -> tuple[int, bool, Any]:
    return event.organization_id, event.tenant_id is None, event.tenant_id


def head_locked(organization_id: int, tenant_id: int | None) -> AuditChain:
    """The head of a chain, made where there is none yet, and locked until the transaction ends."""
    heads = AuditChain.objects.select_for_update().filter(organization_id=organization_id, tenant_id=tenant_id)
    head = heads.first()
    if head is None:
        made = AuditChain(organization_id=organization_id, tenant_id=tenant_id, hash=ROOT, archived_hash=ROOT)
        AuditChain.objects.bulk_create([made], ignore_conflicts=True)  # somebody else may be making it
        head = heads.get()
    return head


def _link(event: AuditEvent, head: AuditChain, now: datetime) -> None:
    """Give the entry its place behind the head, and make it the head (in memory)."""
    event.at, event.sequence, event.previous_hash = now, head.sequence + 1, head.hash
    event.hash = hash_of(line_of({name: getattr(event, name) for name in FIELDS}))
    head.sequence, head.hash = event.sequence, event.hash


def _tell(heads: Sequence[AuditChain]) -> None:
    """Put the newest hashes where the database's owner cannot reach them: a tail that is cut off later shows."""
    for head in heads:
        logger.info(
            "audit_chained",
            organization_id=head.organization_id,
            tenant_id=head.tenant_id,
            sequence=head.sequence,
            hash=head.hash,
        )
