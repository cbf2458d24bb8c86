"""Retention: the oldest entries of a chain are moved to a closed segment, whose last hash is the chain's new root."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.db import models, transaction

from tenants.audit.acts import PETRA, Act, Actor, record, record_for_organization
from tenants.audit.chain import head_locked
from tenants.audit.entry import FIELDS, ROOT, line_of
from tenants.audit.segments import (
    FORMAT,
    Segment,
    SegmentRefused,
    lines_write,
    segment_close,
    segment_fault,
    segments_in,
)
from tenants.audit.verification import CHUNK, Walk, missing
from tenants.models import AuditChain, AuditEvent, Organization, Tenant

MOST = 50_000  # entries in a segment: so many are removed in one transaction
logger = structlog.get_logger(__name__)


class ArchiveRefused(Exception):
    """Nothing more was archived. The message says why."""


@dataclass(frozen=True, slots=True)
class Archived:
    segment: Segment
    path: Path


def archive_chain(organization_id: int, tenant_id: int | None, *, before: datetime, folder: Path) -> Iterator[Archived]:
    """Move a chain's entries of before a moment to segments in a folder, one after the other.

    A segment is on the disk, read again and found whole before its entries go. Those go in one transaction with the
    entry that tells of it.

    Raises:
        ArchiveRefused: when the chain is broken, or the folder does not take it.
    """
    while (head := AuditChain.objects.filter(organization_id=organization_id, tenant_id=tenant_id).first()) and (
        last := _last(head, before)
    ):
        try:
            segment, path = _written(head, last, folder)
        except SegmentRefused as error:
            raise ArchiveRefused(str(error)) from error
        _remove(segment)
        yield Archived(segment, path)


def _last(head: AuditChain, before: datetime) -> int:
    """The last entry to go now: it and all before it are older. 0: none is to go."""
    rows = _rows(head).filter(sequence__gt=head.archived_sequence)
    kept = rows.filter(at__gte=before).order_by("sequence").values_list("sequence", flat=True).first()
    last = min(kept - 1 if kept else head.sequence, head.archived_sequence + MOST)
    return last if last > head.archived_sequence else 0


def _rows(head: AuditChain | Segment) -> "models.QuerySet[AuditEvent]":
    # A plain set: only here entries are removed, and the database agrees once the head has moved past them.
    rows: models.QuerySet[AuditEvent] = models.QuerySet(AuditEvent)
    return rows.filter(organization_id=head.organization_id, tenant_id=head.tenant_id)


def _written(head: AuditChain, last: int, folder: Path) -> tuple[Segment, Path]:
    walk = Walk(head.archived_sequence, head.archived_hash)
    part = folder / f".audit-{head.pk}.part"
    sha256 = lines_write(part, _lines(head, last, walk))
    segment = Segment(
        format=FORMAT,
        organization_id=head.organization_id,
        tenant_id=head.tenant_id,
        first=head.archived_sequence + 1,
        last=last,
        root=head.archived_hash,
        hash=walk.hash,
        sha256=sha256,
    )
    path = segment_close(part, segment)
    if fault := segment_fault(folder, segment):
        raise ArchiveRefused(f"What was written cannot be relied on. {fault}")
    return segment, path


def _lines(head: AuditChain, last: int, walk: Walk) -> Iterator[bytes]:
    rows = _rows(head).filter(sequence__gt=head.archived_sequence, sequence__lte=last).order_by("sequence", "pk")
    for row in rows.values("id", "hash", *FIELDS).iterator(chunk_size=CHUNK):
        if fault := walk.fault(row):
            raise ArchiveRefused(f"The chain is broken, and is left as it is. {fault}")
        yield line_of(row)
    if walk.sequence != last:
        raise ArchiveRefused(f"The chain is broken, and is left as it is. {missing(walk.sequence + 1, last)}.")


def _remove(segment: Segment) -> None:
    """Take the segment's entries out of the database, with an entry that says so."""
    with transaction.atomic():
        _record(segment)
        head = head_locked(segment.organization_id, segment.tenant_id)
        if head.archived_hash != segment.root:
            raise ArchiveRefused("Somebody else is archiving this chain. What they have archived is done.")
        moved = {"archived_sequence": segment.last, "archived_hash": segment.hash}
        AuditChain.objects.filter(pk=head.pk).update(**moved)
        _rows(segment).filter(sequence__lte=segment.last).delete()
    logger.warning("audit_archived", tenant_id=segment.tenant_id, first=segment.first, last=segment.last)


def _record(segment: Segment) -> None:
    act = Act(
        verb="archive_audit",
        summary=f"Entries {segment.first} to {segment.last} of the audit trail archived, and removed here",
        object_type="audit_chain",
        object_id=segment.name,
        after={"last": segment.last, "hash": segment.hash, "sha256": segment.sha256},
    )
    by = Actor(None, PETRA)
    if segment.tenant_id is None:
        organization = Organization(pk=segment.organization_id)
        record_for_organization([act], organization=organization, by=by)
    else:
        name = _rows(segment).filter(sequence=segment.last).values_list("tenant_name", flat=True).get()
        tenant = Tenant(pk=segment.tenant_id, organization_id=segment.organization_id, name=name)
        record([act], tenant=tenant, by=by)


def archive_fault(folder: Path, head: AuditChain) -> str:
    """Read the archived part of a chain again. Returns the first fault in words; empty when all of it is whole.

    Raises:
        SegmentRefused: when a manifest in the folder cannot be understood.
    """
    newest = ROOT
    try:
        for segment in reversed(list(_backwards(segments_in(folder), head))):
            if segment.root != newest:
                return f"{segment.name} does not follow the segment before it: it names another hash."
            if fault := segment_fault(folder, segment):
                return fault
            newest = segment.hash
    except LookupError as missed:
        return str(missed)
    return (
        "" if newest == head.archived_hash else "The archive ends with another hash than the one the chain begins with."
    )


def _backwards(segments: list[Segment], head: AuditChain) -> Iterator[Segment]:
    """From the last archived entry to the first. What an archiving left behind that was cut off ends at none of them.

    Raises:
        LookupError: when a segment is missing. The message says which.
    """
    mine = (head.organization_id, head.tenant_id)
    by_last = {one.last: one for one in segments if (one.organization_id, one.tenant_id) == mine}
    number = head.archived_sequence
    while number:
        if number not in by_last:
            raise LookupError(f"The archive has no segment that ends with entry {number}.")
        yield by_last[number]
        number = by_last[number].first - 1
