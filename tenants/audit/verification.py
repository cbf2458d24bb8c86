"""Walks a chain from its root to its head, with bounded memory, and names the first broken link in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, models, transaction

from tenants.audit.entry import FIELDS, ROOT, hash_of, line_of
from tenants.models import AuditChain, AuditEvent

CHUNK = 2000  # rows in memory
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a chain. `broken` is empty when all is well, and tells of the first broken link otherwise."""

    organization_id: int
    tenant_id: int | None
    entries: int  # that were found whole; those in archives are not counted
    archived: int
    sequence: int
    hash: str
    broken: str


@dataclass(slots=True)
class Walk:
    """Where a walk stands: the last entry that was found whole."""

    sequence: int
    hash: str
    most: int = 0  # entries that the chain has
    row_id: int = 0
    entries: int = 0

    def fault(self, row: Row) -> str:
        """What is wrong with the next row, in words; empty when it is the next link, and then the walk stands on it."""
        number = row["sequence"]
        words = self._place_fault(number, row["id"]) or self._content_fault(number, row)
        if not words:
            self.sequence, self.hash, self.row_id, self.entries = number, row["hash"], row["id"], self.entries + 1
        return words

    def _place_fault(self, number: int, row_id: int) -> str:
        if number > self.sequence + 1:
            return f"{missing(self.sequence + 1, number - 1)}: after entry {self.sequence} comes entry {number}."
        if number < self.sequence + 1:
            return f"Entry {number} stands there twice, or was put in before the first one."
        if row_id <= self.row_id:
            return f"Entry {number} is in the wrong order: it was written before entry {self.sequence}."
        return ""

    def _content_fault(self, number: int, row: Row) -> str:
        if (found := hash_of(line_of(row))) != row["hash"]:
            if was := self._number_by_hash(row):
                return f"Entry {number} is in the wrong order: it was written as entry {was}."
            return f"Entry {number} was changed: what it says has hash {short(found)}, its own is {short(row['hash'])}."
        if row["previous_hash"] != self.hash:
            named = short(row["previous_hash"])
            return (
                f"Entry {number} does not follow entry {self.sequence}: it names {named} as the hash before it, "
                f"and that is {short(self.hash)}. One of the two was written anew."
            )
        return ""

    def _number_by_hash(self, row: Row) -> int | None:
        """The number under which this row would be whole: entries changed places."""
        told = dict(row)
        return next(
            (n for n in range(1, self.most + 1) if hash_of(line_of(told | {"sequence": n})) == row["hash"]), None
        )


def verify_chain(organization_id: int, tenant_id: int | None) -> Verdict:
    """Read a whole chain. Entries that are written meanwhile do no harm."""
    mine = {"organization_id": organization_id, "tenant_id": tenant_id}
    head = AuditChain.objects.filter(**mine).first() or AuditChain(**mine, hash=ROOT, archived_hash=ROOT)
    walk = Walk(head.archived_sequence, head.archived_hash, head.sequence)
    rows = AuditEvent.objects.filter(**mine).order_by("sequence", "pk")
    broken = _walked(walk, rows.values("id", "hash", *FIELDS).iterator(chunk_size=CHUNK), head)
    if not broken:
        later = AuditChain.objects.filter(**mine).first() or head
        broken = _tail_fault(walk, head, later)
    return Verdict(
        organization_id=organization_id,
        tenant_id=tenant_id,
        entries=walk.entries,
        archived=head.archived_sequence,
        sequence=walk.sequence,
        hash=walk.hash,
        broken=broken,
    )


def _walked(walk: Walk, rows: Iterable[Row], head: AuditChain) -> str:
    for row in rows:
        if words := walk.fault(row):
            return words
        if walk.sequence == head.sequence and walk.hash != head.hash:
            return (
                f"Entry {walk.sequence} has hash {short(walk.hash)}, and the head of the chain says "
                f"{short(head.hash)}: the end of the chain was written anew."
            )
    return ""


def _tail_fault(walk: Walk, head: AuditChain, later: AuditChain) -> str:
    """Whether the walk ended where the head says. `later` is the head after the walk: the chain may have grown."""
    if walk.sequence < head.sequence:
        return f"{missing(walk.sequence + 1, head.sequence)} at the end: the head of the chain counts {head.sequence}."
    if walk.sequence > later.sequence:
        return f"Entry {later.sequence + 1} stands behind the head of the chain, which counts {later.sequence}."
    return ""


def missing(first: int, last: int) -> str:
    return f"Entry {first} is missing" if first == last else f"Entries {first} to {last} are missing"


def short(digest: str) -> str:
    """Enough of a hash to tell it from others."""
    return f"{digest[:12]}…"


def chains(*, tenant_id: int | None = None) -> Iterator[tuple[int, int | None]]:
    """All chains, or one tenant's, by organization and tenant; one that lost its head is found by its entries."""
    keys = ("organization_id", "tenant_id")
    heads = AuditChain.objects.values_list(*keys)
    entries = AuditEvent.objects.order_by().values_list(*keys).distinct()
    found = {key for key in (*heads, *entries) if tenant_id is None or key[1] == tenant_id}
    yield from sorted(found, key=lambda key: (key[0], key[1] or 0))


def is_guarded() -> bool:
    """Whether the database refuses to change an entry: it is tried, with a change that changes nothing.

    True where there is no entry yet to try it on.
    """
    rows: models.QuerySet[AuditEvent] = models.QuerySet(AuditEvent)  # past the refusal of our own, to the database's
    first = rows.order_by("pk").values_list("pk", flat=True).first()
    if first is None:
        return True
    try:
        with transaction.atomic():
            rows.filter(pk=first).update(summary=models.F("summary"))
            transaction.set_rollback(True)
    except DatabaseError:
        return True
    return False


def holds(sequence: int, digest: str) -> bool:
    """Whether some chain has this entry with a hash that begins like this: noted elsewhere, when it was the newest."""
    return AuditEvent.objects.filter(sequence=sequence, hash__startswith=digest).exists()
