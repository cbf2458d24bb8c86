"""Decisions about incidents. Every change has its audit row in the same transaction, and the page's version moves."""

from incidents.services.indicators import indicator_add, indicator_decide
from incidents.services.notes import note_add
from incidents.services.opening import AlreadyOpen, Opening, incident_open
from incidents.services.phish import phish_found, phish_mark, phish_read, phish_unmark
from incidents.services.states import (
    IncidentRefused,
    incident_assign,
    incident_changed,
    incident_dismiss,
    incident_progressed,
    incident_publish,
    incident_remediate,
    incident_reopen,
)

__all__ = [
    "AlreadyOpen",
    "IncidentRefused",
    "Opening",
    "incident_assign",
    "incident_changed",
    "incident_dismiss",
    "incident_open",
    "incident_progressed",
    "incident_publish",
    "incident_remediate",
    "incident_reopen",
    "indicator_add",
    "indicator_decide",
    "note_add",
    "phish_found",
    "phish_mark",
    "phish_read",
    "phish_unmark",
]
