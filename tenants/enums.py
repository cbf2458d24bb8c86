"""The words of the tenants app, as they are stored and as people read them."""

from django.db.models import TextChoices


class Role(TextChoices):
    ADMIN = "admin", "Admin"
    FULL_MEMBER = "full_member", "Full Member"
    EXTERNAL_GUEST = "external_guest", "External Guest"
    BILLING = "billing", "Billing"


class TenantState(TextChoices):
    CONNECTED = "connected", "Connected"
    PAUSED = "paused", "Paused"
    UNCONNECTED = "unconnected", "Not connected"  # its logs were imported; nothing can be asked or done there


class CloudName(TextChoices):
    """Names in `graph.clouds.CLOUDS`, and the simulated one. A choice, never free text: no secret can go elsewhere."""

    GLOBAL = "global", "Microsoft 365 (worldwide, GCC)"
    US_GOV_HIGH = "us_gov_high", "US Government GCC High (L4)"
    US_GOV_DOD = "us_gov_dod", "US Government DoD (L5)"
    CHINA = "china", "21Vianet (China)"
    SIMULATOR = "simulator", "Demo cloud"


class ConnectionApplication(TextChoices):
    """Which application Petra signs in with: one for all tenants of the installation, or one of the tenant's own."""

    SHARED = "shared", "Petra's application for all tenants"
    OWN = "own", "An application of this tenant's own"


class CheckState(TextChoices):
    """What came of looking at one thing that a connection needs. Unknown is not missing: it was not seen."""

    OK = "ok", "OK"
    EXPIRING = "expiring", "Ends soon"
    MISSING = "missing", "Missing"
    UNKNOWN = "unknown", "Could not be checked"


class ProtectedKind(TextChoices):
    BREAK_GLASS = "break_glass", "Break-glass account"
    SERVICE = "service", "Service account"
    DIRECTORY_SYNC = "directory_sync", "Directory synchronization account"


class Outcome(TextChoices):
    """How an audited act ended."""

    DONE = "done", "Done"
    REQUESTED = "requested", "Requested"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


class ApprovalRule(TextChoices):
    """Which retractions a second member has to approve."""

    ABOVE = "above", "Those above the thresholds"
    ALWAYS = "always", "All"
    NEVER = "never", "None"
