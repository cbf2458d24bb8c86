"""`manage.py verify_audit`: is the audit trail as it was written?"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.audit.archive import archive_fault
from tenants.audit.names import chain_name, tenant_id_named
from tenants.audit.segments import SegmentRefused
from tenants.audit.verification import Verdict, chains, holds, is_guarded, verify_chain
from tenants.models import AuditChain

UNGUARDED = (
    "The database does not refuse changes to the audit trail: its triggers are missing. Find out who removed them, and "
    "put them back: manage.py migrate tenants 0004, then manage.py migrate."
)


class Command(BaseCommand):
    help = "Walk every chain of the audit trail. Names the first broken link of each, and then ends with status 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="only the chain of this tenant: its name, or as it stands in addresses")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
        parser.add_argument("--archive", type=Path, help="the folder of archive_audit: its segments are read, too")
        parser.add_argument(
            "--known",
            action="append",
            default=[],
            metavar="ENTRY:HASH",
            help="an entry's number and hash (or its beginning) as an export, a report or the log told it",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        found = list(_verdicts(options["tenant"], options["archive"]))
        faults = [*_unknown(options["known"])] + ([] if is_guarded() else [UNGUARDED])
        is_whole = not faults and not any(one.broken for _, one in found)
        if options["json"]:
            told = [{"name": name, **asdict(one)} for name, one in found]
            self.stdout.write(json.dumps({"ok": is_whole, "chains": told, "faults": faults}, indent=1))
        else:
            self.stdout.write("\n".join([*(_words(name, one) for name, one in found), *faults]))
        if not is_whole:
            raise CommandError("The audit trail is not as it was written. What is told of above was found first.")


def _verdicts(tenant: str | None, archive: Path | None) -> Iterator[tuple[str, Verdict]]:
    tenant_id = tenant_id_named(tenant) if tenant else None
    if tenant and tenant_id is None:
        raise CommandError(f"There is no tenant {tenant}, and no entry of one.")
    for key in chains(tenant_id=tenant_id):
        verdict = verify_chain(*key)
        if archive and not verdict.broken:
            verdict = _with_archive(verdict, archive)
        yield chain_name(*key), verdict


def _with_archive(verdict: Verdict, folder: Path) -> Verdict:
    head = AuditChain.objects.get(organization_id=verdict.organization_id, tenant_id=verdict.tenant_id)
    try:
        return replace(verdict, broken=archive_fault(folder, head))
    except SegmentRefused as error:
        raise CommandError(str(error)) from error


def _unknown(known: list[str]) -> Iterator[str]:
    for one in known:
        number, _, digest = one.partition(":")
        if not number.isdecimal() or len(number) > 18 or len(digest) < 8:
            raise CommandError(f"{one}: give an entry's number, a colon, and 8 digits or more of its hash.")
        if not holds(int(number), digest.lower().rstrip("…")):
            yield f"No chain here has an entry {number} with hash {digest}: an end was cut off or rewritten."


def _words(name: str, one: Verdict) -> str:
    if one.broken:
        return f"{name}: BROKEN. {one.broken} Up to entry {one.sequence} all is well."
    archived = f" after {one.archived} in archives" if one.archived else ""
    return f"{name}: {one.entries} entries{archived}, all well. Newest: entry {one.sequence}, hash {one.hash}"
