"""Pages and acts of the incidents app."""

from incidents.views.acts import assign, dismiss, note, phish_mark, phish_unmark, publish, reopen
from incidents.views.page import activity, detail, header, live, logs, notes, threat, timeline
from incidents.views.places import every_incident, home, overview, tenant_incidents
from incidents.views.usage import usage

__all__ = [
    "activity",
    "assign",
    "detail",
    "dismiss",
    "every_incident",
    "header",
    "home",
    "live",
    "logs",
    "note",
    "notes",
    "overview",
    "phish_mark",
    "phish_unmark",
    "publish",
    "reopen",
    "tenant_incidents",
    "threat",
    "timeline",
    "usage",
]
