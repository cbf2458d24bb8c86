"""Pages and acts of the incidents app."""

from incidents.views.acts import assign, dismiss, note, phish_mark, phish_unmark, publish, reopen
from incidents.views.impact import impact, impact_message
from incidents.views.imports import import_upload, imports
from incidents.views.indicators import indicator_accept, indicator_add, indicator_reject, phish_pick
from incidents.views.log_files import log_raw, logs_export, tenant_export, tenant_log_raw, user_export
from incidents.views.logs import (
    log_record,
    tenant_exchange,
    tenant_log_record,
    tenant_logins,
    tenant_sharepoint,
    tenant_teams,
    user_activity,
    users,
)
from incidents.views.opening import open_form, open_incident
from incidents.views.page import activity, detail, header, live, logs, notes, threat, timeline
from incidents.views.places import every_incident, home, overview, tenant_incidents
from incidents.views.reports import report_ask, report_fetch, reports
from incidents.views.usage import usage

__all__ = [
    "activity",
    "assign",
    "detail",
    "dismiss",
    "every_incident",
    "header",
    "home",
    "impact",
    "impact_message",
    "import_upload",
    "imports",
    "indicator_accept",
    "indicator_add",
    "indicator_reject",
    "live",
    "log_raw",
    "log_record",
    "logs",
    "logs_export",
    "note",
    "notes",
    "open_form",
    "open_incident",
    "overview",
    "phish_mark",
    "phish_pick",
    "phish_unmark",
    "publish",
    "reopen",
    "report_ask",
    "report_fetch",
    "reports",
    "tenant_exchange",
    "tenant_export",
    "tenant_incidents",
    "tenant_log_raw",
    "tenant_log_record",
    "tenant_logins",
    "tenant_sharepoint",
    "tenant_teams",
    "threat",
    "timeline",
    "usage",
    "user_activity",
    "user_export",
    "users",
]
