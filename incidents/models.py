"""WHAT HAPPENED: incidents, the accounts they are about, and the evidence."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from incidents.enums import (
    HARMLESS_ROLES,
    Confidence,
    ImportState,
    IncidentState,
    IndicatorKind,
    IndicatorOrigin,
    IndicatorState,
    LogSource,
    MailAccess,
    ReportKind,
    ReportState,
    TagOrigin,
    Workload,
)
from tenants.models import Member
from tenants.scoping import TenantScoped


class Account(TenantScoped):
    """A Microsoft 365 account as last read from Microsoft (`read_at`); None means: not known.

    One that is known from imported logs alone has no object id, and its address in lower case.
    """

    object_id = models.CharField(max_length=36, blank=True)
    user_principal_name = models.CharField(max_length=320)
    display_name = models.CharField(max_length=256)
    mail = models.CharField(max_length=320, blank=True)
    job_title = models.CharField(max_length=128, blank=True)
    department = models.CharField(max_length=64, blank=True)
    account_enabled = models.BooleanField(null=True)
    on_premises_sync_enabled = models.BooleanField(null=True)
    on_premises_domain_name = models.CharField(max_length=256, blank=True)
    on_premises_sam_account_name = models.CharField(max_length=256, blank=True)
    is_guest = models.BooleanField(default=False)
    last_password_change_at = models.DateTimeField(null=True)
    sign_in_sessions_valid_from = models.DateTimeField(null=True)
    roles = models.JSONField(default=list)  # display names of directory roles held
    read_at = models.DateTimeField(null=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "object_id"], name="account_once", condition=~Q(object_id="")),
            models.UniqueConstraint(
                fields=["tenant", "user_principal_name"], name="account_named_once", condition=Q(object_id="")
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.user_principal_name

    @property
    def is_synced(self) -> bool:
        """Whether the on-premises directory is its master."""
        return bool(self.on_premises_sync_enabled)

    @property
    def admin_roles(self) -> list[str]:
        """The roles held that an attacker could use against the tenant."""
        return [role for role in self.roles if role not in HARMLESS_ROLES]

    @property
    def initials(self) -> str:
        """One or two letters that stand for a photo."""
        words = [word for word in self.display_name.split() if word[:1].isalnum()]
        letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
        return "".join(letters).upper() or "?"


class Incident(TenantScoped):
    """One account that was, or may have been, taken over."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="incidents")
    title = models.CharField(max_length=200)  # what happened, in a few words
    detected_by = models.TextField()
    root_cause = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=IncidentState, default=IncidentState.UNPUBLISHED)
    owner = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    first_access_at = models.DateTimeField()  # the attacker's first access: "compromised since"
    opened_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    contained_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_name = models.CharField(max_length=120, blank=True)
    close_reason = models.TextField(blank=True)
    steps_done = models.PositiveSmallIntegerField(default=0)  # bit n-1 is step n
    collecting_until = models.DateTimeField(null=True)  # lease of the worker that reads the logs about it
    version = models.PositiveBigIntegerField(default=0)  # grows with every change a page shows

    class Meta(TenantScoped.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "state", "-opened_at"], name="incident_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.title}"

    @property
    def is_active(self) -> bool:
        return self.state == IncidentState.ACTIVE

    def has_done(self, step: int) -> bool:
        """Whether step 1 to 6 is done."""
        return bool(self.steps_done & 1 << (step - 1))


class Indicator(TenantScoped):
    """Something of the attacker's that a log row can match."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="indicators")
    kind = models.CharField(max_length=16, choices=IndicatorKind)
    value = models.CharField(max_length=512)
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=IndicatorState, default=IndicatorState.ACCEPTED)
    origin = models.CharField(max_length=10, choices=IndicatorOrigin, default=IndicatorOrigin.EVIDENCE)
    confidence = models.CharField(max_length=5, choices=Confidence, default=Confidence.HIGH)
    added_at = models.DateTimeField(auto_now_add=True, null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_name = models.CharField(max_length=120, blank=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "kind", "value"], name="indicator_once")]

    @property
    def counts(self) -> bool:
        """Whether rows that match it are the attacker's: accepted, or suggested on strong evidence."""
        is_strong_suggestion = self.state == IndicatorState.SUGGESTED and self.confidence == Confidence.HIGH
        return self.state == IndicatorState.ACCEPTED or is_strong_suggestion

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"


class LogRecord(TenantScoped):
    """One record of Microsoft's logs: what the screens show, and the raw record as it came."""

    # All indexes of this table begin with the tenant; one of the tenant alone would slow down imports for nothing.
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.CharField(max_length=20, choices=LogSource)
    workload = models.CharField(max_length=12, choices=Workload)
    record_id = models.CharField(max_length=128)
    occurred_at = models.DateTimeField()
    operation = models.CharField(max_length=160)
    user_principal_name = models.CharField(max_length=320, blank=True)  # lower case
    ip_address = models.CharField(max_length=45, blank=True)
    network = models.CharField(max_length=160, blank=True)  # "AS64500 Name"; the name may be missing
    is_hosting = models.BooleanField(null=True)  # a hosting or VPN network, going by its name; None: network not known
    country = models.CharField(max_length=2, blank=True)
    city = models.CharField(max_length=120, blank=True)
    application = models.CharField(max_length=200, blank=True)
    device = models.CharField(max_length=200, blank=True)
    user_agent = models.CharField(max_length=400, blank=True)
    session_id = models.CharField(max_length=64, blank=True)
    is_success = models.BooleanField(null=True)
    result = models.CharField(max_length=300, blank=True)
    subject = models.CharField(max_length=400, blank=True)
    internet_message_id = models.CharField(max_length=998, blank=True)
    sender = models.CharField(max_length=320, blank=True)
    item = models.CharField(max_length=500, blank=True)  # folder, file, rule, application: what it was done to
    item_count = models.PositiveIntegerField(default=1)
    mail_access = models.CharField(max_length=4, choices=MailAccess, blank=True)  # of MailItemsAccessed
    is_throttled = models.BooleanField(default=False)  # Microsoft stopped recording mail accesses for a while
    # The messages that the record names: [{"id": internet message id, "subject", "sender", "received", "folder"}].
    messages = models.JSONField(default=list)
    raw = models.BinaryField()
    raw_sha256 = models.CharField(max_length=64)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "source", "record_id"], name="log_record_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "user_principal_name", "workload", "-occurred_at", "-id"], name="log_by_user"
            ),
            models.Index(fields=["tenant", "workload", "-occurred_at", "-id"], name="log_by_workload"),
            # What was done to somebody or something in the directory.
            models.Index(fields=["tenant", "item"], name="log_by_directory_item", condition=Q(workload="directory")),
        ]

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M:%S} {self.operation}"


class LogImport(TenantScoped):
    """A file of log records that is read, or was. Row `rows_done` is the last one whose record is stored for good."""

    file_name = models.CharField(max_length=255)
    path = models.CharField(max_length=1000)  # where the file lies, for the worker that reads it
    byte_count = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=ImportState, default=ImportState.WAITING)
    requested_by_name = models.CharField(max_length=120)
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    new = models.PositiveBigIntegerField(default=0)
    duplicates = models.PositiveBigIntegerField(default=0)
    unreadable = models.PositiveBigIntegerField(default=0)
    bytes_done = models.PositiveBigIntegerField(default=0)
    problems = models.JSONField(default=list)  # the first of the unreadable rows: [[line, reason]]
    failure = models.TextField(blank=True)  # in plain words: why it came to no end

    def __str__(self) -> str:
        return self.file_name


class Report(TenantScoped):
    """A report or export of an incident, as it was made and can be fetched again."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=4, choices=ReportKind)
    state = models.CharField(max_length=8, choices=ReportState, default=ReportState.WAITING)
    requested_by_id = models.BigIntegerField(null=True)
    requested_by_name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, default="UTC")
    requested_at = models.DateTimeField(auto_now_add=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    content = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    failure = models.TextField(blank=True)

    class Meta(TenantScoped.Meta):
        indexes: ClassVar = [models.Index(fields=["incident", "-requested_at"], name="report_by_incident")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of incident {self.incident_id}"


class SourceReading(TenantScoped):
    """The latest reading of one of Microsoft's logs for an incident: how much was found, or why nothing could be."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="source_readings")
    source = models.CharField(max_length=20, choices=LogSource)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)  # None: being read, or its worker died
    query_id = models.CharField(max_length=80, blank=True)  # Microsoft's query that is still running
    since = models.DateTimeField()  # the window begins here; this reading ends it at `started_at`
    complete_until = models.DateTimeField(null=True)  # everything from `since` to here was read
    position = models.JSONField(null=True)  # the page with which a reading that was broken off goes on
    found = models.PositiveIntegerField(default=0)  # in the window, each once
    added = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)  # in plain words: what is missing of what was read
    failure = models.TextField(blank=True)  # in plain words
    is_licensed = models.BooleanField(default=True)  # False: the failure is that the tenant has no licence for it
    request_id = models.CharField(max_length=80, blank=True)  # Microsoft's, of the failure

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "source"], name="source_reading_once")]

    def __str__(self) -> str:
        return f"{self.get_source_display()} of incident {self.incident_id}"


class PhishTag(TenantScoped):
    """A message that was tagged as the phish of an incident. Tagging removes nothing.

    Its links and the hashes of its attachments are those by which copies are known; see `telling_links`.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="phish_tags")
    internet_message_id = models.CharField(max_length=998)
    subject = models.CharField(max_length=400, blank=True)
    sender_address = models.CharField(max_length=320, blank=True)
    sender_name = models.CharField(max_length=256, blank=True)
    received_at = models.DateTimeField(null=True)
    origin = models.CharField(max_length=10, choices=TagOrigin, default=TagOrigin.HAND)
    reason = models.TextField(blank=True)
    tagged_by_name = models.CharField(max_length=120)
    tagged_at = models.DateTimeField(auto_now_add=True)
    links = models.JSONField(default=list)
    attachment_hashes = models.JSONField(default=list)  # SHA-256 in hex
    content_note = models.TextField(blank=True)  # what of it cannot be compared
    content_read_at = models.DateTimeField(null=True)  # empty: the next search reads it

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "internet_message_id"], name="phish_tag_once")
        ]

    def __str__(self) -> str:
        return self.subject or self.internet_message_id


class Note(TenantScoped):
    """What a member wrote down."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    author_name = models.CharField(max_length=120)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(text=""), name="note_not_empty")]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text[:60]}"
