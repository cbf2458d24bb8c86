"""`manage.py import_audit_log FILE --tenant NAME`: read an exported audit log into a tenant."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.collection import ring_imported
from incidents.enums import ImportState
from incidents.imports.ordering import ImportRefused, file_check, import_order
from incidents.imports.pipeline import ReaderDied
from incidents.imports.storing import ImportTaken, import_run, wait_for_lease
from incidents.models import LogImport
from tenants.models import Organization, Tenant
from tenants.scoping import tenant_scope
from tenants.services import TenantRefused, tenant_create_unconnected

SHOWN_PROBLEMS = 20


class Command(BaseCommand):
    help = (
        "Read an exported audit log (CSV or JSON lines, plain or gzip) into a tenant. Stopped and begun again, it goes "
        "on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True, help="name of the tenant")
        parser.add_argument("--create", action="store_true", help="make the tenant, not connected to Microsoft")
        parser.add_argument("--organization", default="", help="the MSP, where there are several")
        parser.add_argument("--json", action="store_true", help="print the counts as JSON, and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        path = options["file"].resolve()
        if not path.is_file():
            raise CommandError(f"There is no file {options['file']}. Nothing was read.")
        _check(path)
        tenant = _tenant(options["tenant"], options["organization"], is_made=options["create"])
        log = self._read(tenant, path)
        if log.state == ImportState.FAILED:
            raise CommandError(f"{log.failure} {log.rows_done:,} rows were read.")
        if options["json"]:
            counts = {"rows": log.rows_done, "new": log.new, "duplicates": log.duplicates, "unreadable": log.unreadable}
            self.stdout.write(json.dumps(counts))
        else:
            self._tell(log, tenant)

    def _read(self, tenant: Tenant, path: Path) -> LogImport:
        try:
            log = import_order(tenant=tenant, path=path, file_name=path.name, by=None)
            with tenant_scope([tenant.pk]):
                wait_for_lease(log)
            import_run(log, progress=self._progress)
        except ImportRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        except ImportTaken as error:
            raise CommandError("Another process reads this file. Nothing was done twice.") from error
        except ReaderDied as error:
            raise CommandError("The process that read the file was ended. Run it again to go on.") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. What was read is stored; run it again to go on.") from None
        with tenant_scope([tenant.pk]):
            ring_imported(tenant.pk)
        return log

    def _progress(self, log: LogImport) -> None:
        if sys.stderr.isatty():
            done = log.bytes_done * 100 // max(log.byte_count, 1)
            self.stderr.write(f"\r{log.rows_done:,} rows, {done} %", ending="")

    def _tell(self, log: LogImport, tenant: Tenant) -> None:
        self.stdout.write(
            f"{log.file_name} read into {tenant}: {log.rows_done:,} rows, {log.new:,} new, {log.duplicates:,} "
            f"duplicates, {log.unreadable:,} unreadable."
        )
        for line, reason in log.problems[:SHOWN_PROBLEMS]:
            self.stdout.write(f"  line {line:,}: {reason}")
        if log.unreadable > SHOWN_PROBLEMS:
            self.stdout.write(f"  and {log.unreadable - SHOWN_PROBLEMS:,} more")


def _check(path: Path) -> None:
    """Whether it is a log at all, before a tenant is made for it."""
    try:
        file_check(path)
    except ImportRefused as refusal:
        raise CommandError(str(refusal)) from refusal
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _tenant(name: str, organization: str, *, is_made: bool) -> Tenant:
    organizations = Organization.objects.filter(name=organization) if organization else Organization.objects.all()
    found = list(Tenant.objects.filter(organization__in=organizations, name__iexact=name.strip())[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"Several organizations have a tenant {name}. Say which with --organization.")
    if not is_made:
        names = ", ".join(Tenant.objects.filter(organization__in=organizations).values_list("name", flat=True))
        raise CommandError(
            f"There is no tenant {name}. There are: {names or 'none'}. With --create it is made, for logs only."
        )
    try:
        return tenant_create_unconnected(organization=_organization(organization), name=name, by=None)
    except TenantRefused as refusal:
        raise CommandError(str(refusal)) from refusal


def _organization(name: str) -> Organization:
    """The one that is named, or the only one; on a new installation it is made."""
    if name:
        return Organization.objects.get_or_create(name=name)[0]
    several = list(Organization.objects.order_by("pk")[:2])
    if len(several) > 1:
        raise CommandError("There are several organizations. Say which with --organization.")
    return several[0] if several else Organization.objects.create(name="Petra")
