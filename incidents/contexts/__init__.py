"""What the pages of the incidents app show, computed from the rows: a constant number of queries, however many rows.

Templates get these values and decide nothing. `tone` and `icon` are names of the components in templates/components.
"""

from incidents.contexts.badges import Badge, Clock, StepDot, clock_of, dots_of, state_badge
from incidents.contexts.header import HeaderView, header_view
from incidents.contexts.impact import ImpactView, impact_view
from incidents.contexts.lists import IncidentRow, ListView, SortLink, incident_rows, list_view
from incidents.contexts.log_messages import LogMessage
from incidents.contexts.logs import LogRow, LogsView, LogTab, logs_view
from incidents.contexts.places import HomeView, OverviewView, TenantRow, home_view, overview_view
from incidents.contexts.threat import ThreatView, threat_view
from incidents.contexts.timeline import Day, Event, SummaryRow, TimelineView, timeline_view
from incidents.contexts.trail import TrailView, trail_view

__all__ = [
    "Badge",
    "Clock",
    "Day",
    "Event",
    "HeaderView",
    "HomeView",
    "ImpactView",
    "IncidentRow",
    "ListView",
    "LogMessage",
    "LogRow",
    "LogTab",
    "LogsView",
    "OverviewView",
    "SortLink",
    "StepDot",
    "SummaryRow",
    "TenantRow",
    "ThreatView",
    "TimelineView",
    "TrailView",
    "clock_of",
    "dots_of",
    "header_view",
    "home_view",
    "impact_view",
    "incident_rows",
    "list_view",
    "logs_view",
    "overview_view",
    "state_badge",
    "threat_view",
    "timeline_view",
    "trail_view",
]
