"""The words of the incidents app."""

from django.db.models import TextChoices


class IncidentState(TextChoices):
    UNPUBLISHED = "unpublished", "Unpublished"
    ACTIVE = "active", "Active"
    REMEDIATED = "remediated", "Remediated"
    DISMISSED = "dismissed", "Dismissed"


# from -> to; incidents/services/states.py is the only writer.
INCIDENT_TRANSITIONS: dict[IncidentState, frozenset[IncidentState]] = {
    IncidentState.UNPUBLISHED: frozenset({IncidentState.ACTIVE, IncidentState.DISMISSED}),
    IncidentState.ACTIVE: frozenset({IncidentState.REMEDIATED, IncidentState.DISMISSED}),
    IncidentState.REMEDIATED: frozenset({IncidentState.ACTIVE}),
    IncidentState.DISMISSED: frozenset({IncidentState.ACTIVE}),
}


# Directory roles held by ordinary people and of no use to an attacker; every other role is shouted.
HARMLESS_ROLES = frozenset({"Directory Readers", "Guest Inviter", "Message Center Reader", "Reports Reader"})


class IndicatorKind(TextChoices):
    IP_ADDRESS = "ip", "IP address"
    NETWORK = "network", "Network"
    COUNTRY = "country", "Country"
    DEVICE = "device", "Device"
    SESSION = "session", "Session"
    USER_AGENT = "user_agent", "User agent"
    APPLICATION = "application", "Application"


class Workload(TextChoices):
    """The tabs of the logs."""

    LOGINS = "logins", "Logins"
    EXCHANGE = "exchange", "Exchange"
    SHAREPOINT = "sharepoint", "SharePoint"
    TEAMS = "teams", "Teams"
    DIRECTORY = "directory", "Directory"
    OTHER = "other", "Other"


class LogSource(TextChoices):
    SIGN_INS = "sign_ins", "Sign-in logs"
    DIRECTORY_AUDITS = "directory_audits", "Directory audits"
    UNIFIED_AUDIT_LOG = "unified_audit_log", "Unified audit log"
    RISK_DETECTIONS = "risk_detections", "Risk detections"


class MailAccess(TextChoices):
    """How mail was read: message by message, or a whole folder at once."""

    BIND = "bind", "Opened"
    SYNC = "sync", "Synchronized"


class IndicatorState(TextChoices):
    """Whether an indicator is held to be the attacker's. A suggested one counts until somebody rejects it, where the
    evidence is strong; otherwise not before somebody accepts it.
    """

    SUGGESTED = "suggested", "Suggested"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"


class IndicatorOrigin(TextChoices):
    EVIDENCE = "evidence", "Found by Petra"
    HAND = "hand", "Added by hand"


class Confidence(TextChoices):
    HIGH = "high", "High"
    LOW = "low", "Low"


class ImportState(TextChoices):
    """How far the reading of a file has come."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"


class ReportState(TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Being made"
    FINISHED = "finished", "Ready"
    FAILED = "failed", "Failed"


class ReportKind(TextChoices):
    PDF = "pdf", "Incident report (PDF)"
    EXCEL = "xlsx", "Evidence and actions (Excel)"
    CSV = "csv", "Evidence (CSV)"


class TagOrigin(TextChoices):
    """How a message came to be tagged as the phish."""

    EVIDENCE = "evidence", "Found by Petra"
    HAND = "hand", "Marked by hand"
