"""What people can decide about remediation. Nothing here speaks to Microsoft: workers do, after the commit."""

from remediation.services.approval import (
    retraction_approve,
    retraction_override,
    retraction_refuse,
    retractions_waiting,
)
from remediation.services.campaigns import NOTHING_SOUGHT, SoughtMail, campaign_follow, campaign_search, sweep_begin
from remediation.services.judgement import finding_judge, incident_mark_remediated
from remediation.services.presses import Press, Pressed, open_counts, protected_addresses, step_press, step_preview
from remediation.services.repeats import retry_words, runs_undo, step_retry, undo_words
from remediation.services.response import response_begin
from remediation.services.retraction_control import (
    retraction_resume,
    retraction_retry,
    retraction_stop,
    retraction_undo,
)
from remediation.services.retractions import Chosen, Confirmed, RetractionPlan, retraction_begin, retraction_plan
from remediation.services.scans import scan_request, scans_begin
from remediation.services.watches import watch_stop

__all__ = [
    "NOTHING_SOUGHT",
    "Chosen",
    "Confirmed",
    "Press",
    "Pressed",
    "RetractionPlan",
    "SoughtMail",
    "campaign_follow",
    "campaign_search",
    "finding_judge",
    "incident_mark_remediated",
    "open_counts",
    "protected_addresses",
    "response_begin",
    "retraction_approve",
    "retraction_begin",
    "retraction_override",
    "retraction_plan",
    "retraction_refuse",
    "retraction_resume",
    "retraction_retry",
    "retraction_stop",
    "retraction_undo",
    "retractions_waiting",
    "retry_words",
    "runs_undo",
    "scan_request",
    "scans_begin",
    "step_press",
    "step_preview",
    "step_retry",
    "sweep_begin",
    "undo_words",
    "watch_stop",
]
