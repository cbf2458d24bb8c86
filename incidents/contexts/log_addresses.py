"""Where the logs stand: the address of each page of each logbook."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.urls import reverse

from incidents.enums import Workload
from incidents.selectors import Logbook, LogChoice

TENANT_PAGES = (Workload.LOGINS, Workload.EXCHANGE, Workload.SHAREPOINT, Workload.TEAMS)
Query = list[tuple[str, str]]


def log_query(choice: LogChoice) -> Query:
    """The choice as the address and hidden fields have it, without the tab."""
    query = [*choice.asked]
    if choice.only_attacker:
        query.append(("who", "attacker"))
    if choice.before:
        query.append(("before", str(choice.before)))
    return query


def log_url(book: Logbook, choice: LogChoice) -> str:
    """The address at which a logbook stands as chosen."""
    query = log_query(choice)
    if book.account:
        query.insert(0, ("tab", choice.workload.value))
    path = log_path(book, choice.workload)
    return f"{path}?{urlencode(query)}" if query else path


def log_path(book: Logbook, workload: Workload) -> str:
    """The page without a choice."""
    slug = book.tenant.slug
    if book.incident:
        return reverse("incidents:logs", args=[slug, book.incident.pk])
    if book.account:
        return reverse("incidents:user_activity", args=[slug, book.account.pk])
    return reverse(f"incidents:tenant_{workload.value}", args=[slug])


def export_url(book: Logbook) -> str:
    """Where the export is asked for."""
    slug = book.tenant.slug
    if book.incident:
        return reverse("incidents:logs_export", args=[slug, book.incident.pk])
    if book.account:
        return reverse("incidents:user_export", args=[slug, book.account.pk])
    return reverse("incidents:tenant_export", args=[slug])


def act_url(book: Logbook, name: str) -> str:
    """Where something is done to an incident; empty where the logs are of none."""
    return reverse(f"incidents:{name}", args=[book.tenant.slug, book.incident.pk]) if book.incident else ""


def record_urls(book: Logbook) -> Callable[[int], str]:
    """`record_url` of any number of records."""
    begin, _, end = record_url(book, 0).rpartition("0")
    return lambda record_id: f"{begin}{record_id}{end}"


def record_url(book: Logbook, record_id: int, *, raw: bool = False) -> str:
    """Where one record stands whole, or is downloaded as it was kept."""
    if book.incident:
        name = "log_raw" if raw else "log_record"
        return reverse(f"incidents:{name}", args=[book.tenant.slug, book.incident.pk, record_id])
    name = "tenant_log_raw" if raw else "tenant_log_record"
    return reverse(f"incidents:{name}", args=[book.tenant.slug, record_id])
