"""The audit trail as a file, for whoever has to prove something with it."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from tenants import audit
from tenants.audit import Act, Actor
from tenants.audit.entry import moment
from tenants.csv_export import csv_text
from tenants.models import AuditEvent, Member, Tenant
from tenants.trail import Wanted, chain_ends, trail_rows

MOST = 50_000  # entries in a file
CHUNK = 2000
COLUMNS = (
    "Entry", "Time (UTC)", "Tenant", "Who", "Kind of act", "What", "Outcome", "Reason", "Incident", "Object type",
    "Object", "Before", "After", "Request id", "Previous hash", "Hash",
)  # fmt: skip


def activity_export(*, by: Member, tenants: list[Tenant], wanted: Wanted) -> str:
    """The entries that the member may see and wants, newest first, as CSV; it ends with the newest hash of each chain.

    That it was exported is an entry of its own, and the newest in it.
    """
    _record(by, wanted)
    return csv_text(_lines(by, tenants, wanted))


def _record(by: Member, wanted: Wanted) -> None:
    chosen = chosen_words(wanted)
    act = Act(
        verb="export_activity",
        summary="Activity exported" + (f" – {chosen}" if chosen else ""),
        object_type="audit_trail",
        object_id=wanted.tenant.pk if wanted.tenant else by.organization_id,
    )
    if wanted.tenant:
        audit.record([act], tenant=wanted.tenant, by=Actor.of(by))
    else:
        audit.record_for_organization([act], organization=by.organization, by=Actor.of(by))


def chosen_words(wanted: Wanted) -> str:
    """What was chosen, in words; empty for everything."""
    chosen = {
        "tenant": wanted.tenant.name if wanted.tenant else "",
        "who": wanted.who,
        "kind of act": wanted.verb,
        "outcome": wanted.outcome,
        "incident": wanted.incident or "",
        "from": wanted.since or "",
        "to": wanted.until or "",
        "text": wanted.text,
    }
    return ", ".join(f"{name}: {value}" for name, value in chosen.items() if value)


def _lines(by: Member, tenants: list[Tenant], wanted: Wanted) -> Iterator[tuple[object, ...]]:
    yield COLUMNS
    rows = trail_rows(member=by, tenants=tenants, wanted=wanted)[: MOST + 1].iterator(chunk_size=CHUNK)
    for event in islice(rows, MOST):
        yield _line(event)
    yield ()
    yield (f"Chosen: {chosen_words(wanted) or 'everything that you may see'}",)
    if next(rows, None):
        yield (f"Cut off: older entries than these {MOST} are not in this file. Choose fewer days.",)
    for end in chain_ends(member=by, tenants=tenants, tenant=wanted.tenant):
        yield (f"{end.name or 'Organization'}: {end.newest}",)


def _line(event: AuditEvent) -> tuple[object, ...]:
    return (
        event.sequence,
        moment(event.at),
        event.tenant_name or "Organization",
        event.actor_name,
        event.verb,
        event.summary,
        event.get_outcome_display(),
        event.reason,
        event.incident_id,
        event.object_type,
        event.object_id,
        _json(event.before),
        _json(event.after),
        event.request_id,
        event.previous_hash,
        event.hash,
    )


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
