"""Decisions about incidents. Every change has its audit row in the same transaction, and the page's version moves."""

from incidents.services.notes import note_add
from incidents.services.phish import phish_found, phish_mark, phish_unmark
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
    "IncidentRefused",
    "incident_assign",
    "incident_changed",
    "incident_dismiss",
    "incident_progressed",
    "incident_publish",
    "incident_remediate",
    "incident_reopen",
    "note_add",
    "phish_found",
    "phish_mark",
    "phish_unmark",
]
