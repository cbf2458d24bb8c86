"""WHO: the organization (the MSP), its tenants (its clients), its members, and the trail of what they did."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from tenants.encryption import EncryptedTextField
from tenants.enums import ApprovalRule, CloudName, ConnectionApplication, Outcome, ProtectedKind, Role, TenantState
from tenants.scoping import TenantScoped

CHIP_COLORS = 8


class Organization(models.Model):
    """The MSP. An installation may hold several; nobody sees across them."""

    name = models.CharField(max_length=120)
    require_second_factor = models.BooleanField(default=False)
    approval_rule = models.CharField(max_length=8, choices=ApprovalRule, default=ApprovalRule.ABOVE)
    approval_mails = models.PositiveIntegerField(default=200)  # a retraction of more mails has to be approved,
    approval_tenants = models.PositiveIntegerField(default=1)  # and one in more tenants
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """A client of the MSP, with a Microsoft 365 tenant of its own."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="tenants")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=12, choices=TenantState, default=TenantState.CONNECTED)
    is_sensitive = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    has_petra_response = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def chip_initials(self) -> str:
        """One or two letters for the tenant's coloured chip."""
        words = [word for word in self.name.split() if word[:1].isalnum()]
        return "".join(word[0] for word in words[:2]).upper() or self.name[:2].upper()

    @property
    def chip_color_class(self) -> str:
        """CSS class of the chip: steady for a tenant, spread over the palette."""
        return f"chip-{self.pk % CHIP_COLORS + 1}"


class MemberManager(BaseUserManager["Member"]):
    def create_user(self, email: str, password: str | None = None, **values: Any) -> "Member":
        """Make a member of an organization (`organization=` is needed), with a hashed password."""
        member = self.model(email=self.normalize_email(email).lower(), **values)
        member.set_password(password)
        member.save(using=self._db)
        return member

    def get_by_natural_key(self, username: str | None) -> "Member":
        return self.get(email__iexact=username)


class Member(AbstractBaseUser):
    """A person of one organization. The role says what they may do; flags widen or narrow it."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="members")
    email = models.EmailField(unique=True)
    display_name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role)
    can_manage_tenants = models.BooleanField(default=False)
    can_view_sensitive_tenants = models.BooleanField(default=False)
    is_read_only = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    tenants = models.ManyToManyField(Tenant, blank=True, related_name="guests")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["display_name"]

    objects = MemberManager()

    class Meta:
        ordering: ClassVar = ["display_name"]

    def __str__(self) -> str:
        return self.display_name

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name.split(" ", maxsplit=1)[0]


class Invitation(models.Model):
    """A link that makes one person a member, once. Only the token's hash is kept; the link was shown to the inviter."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role)
    can_manage_tenants = models.BooleanField(default=False)
    can_view_sensitive_tenants = models.BooleanField(default=False)
    is_read_only = models.BooleanField(default=False)
    tenants = models.ManyToManyField(Tenant, blank=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_an_address",
            )
        ]

    def __str__(self) -> str:
        return self.email


class Connection(TenantScoped):
    """How Petra reaches a tenant's Microsoft cloud."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="connection")
    cloud = models.CharField(max_length=20, choices=CloudName, default=CloudName.GLOBAL)
    microsoft_tenant_id = models.CharField(max_length=36)
    client_id = models.CharField(max_length=36)
    client_secret = EncryptedTextField(blank=True)
    certificate_private_key = EncryptedTextField(blank=True)
    certificate_public = models.TextField(blank=True)
    certificate_thumbprint = models.CharField(max_length=64, blank=True)
    application = models.CharField(
        max_length=8, choices=ConnectionApplication, default=ConnectionApplication.OWN
    )  # a shared one's secret stands in the environment, and in no row
    secret_expires_at = models.DateTimeField(null=True)  # of the own secret or certificate, where that is known
    domains = models.JSONField(default=list)
    checklist = models.JSONField(default=list)  # what tenants.checklist found, as tenants.checklist.Item
    checked_at = models.DateTimeField(null=True)
    last_contact_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.get_cloud_display()} {self.microsoft_tenant_id}"


class ConsentRequest(TenantScoped):
    """A consent link that was given out. Its state is one-time, ends by itself, and is of use to this member only."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    state_digest = models.CharField(max_length=64, unique=True)  # SHA-256: the state itself is in the link only
    cloud = models.CharField(max_length=20, choices=CloudName)
    client_id = models.CharField(max_length=36)
    application = models.CharField(max_length=8, choices=ConnectionApplication)
    service = models.CharField(max_length=20)  # "graph" or "exchange"
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Consent of {self.tenant_id} for {self.service}, asked for by {self.member_id}"


class ServiceCircuit(TenantScoped):
    """One of Microsoft's services that does not answer in a tenant, as all processes have seen it; no row: it answers.

    `retry_at` is set while the circuit is open: until then nothing is sent but a strike.
    """

    service = models.CharField(max_length=20)  # "graph" or "exchange"
    misses = models.PositiveIntegerField(default=0)  # round trips without an answer, one after the other
    missed_since = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)
    wait_seconds = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "service"], name="one_circuit_a_service")]

    def __str__(self) -> str:
        return f"{self.service}: {self.misses} round trips without an answer"


class CallCount(models.Model):
    """How many requests to Microsoft came to what, over all tenants; for the metrics."""

    service = models.CharField(max_length=20)
    result = models.CharField(max_length=20)  # see graph.delivery.result_of
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "result"], name="one_count_a_result")]

    def __str__(self) -> str:
        return f"{self.service} {self.result}: {self.count}"


class ProtectedAccount(TenantScoped):
    """An account that is never acted on by itself, and by hand only after its address was typed."""

    user_principal_name = models.CharField(max_length=320)
    kind = models.CharField(max_length=16, choices=ProtectedKind)
    note = models.CharField(max_length=200, blank=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user_principal_name"], name="protected_account_once")
        ]

    def __str__(self) -> str:
        return self.user_principal_name


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """The trail only grows."""

    def update(self, **_values: Any) -> int:
        raise AppendOnlyError

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError


class AppendOnlyError(Exception):
    """Somebody tried to change or delete a row of the audit trail."""


class AuditEvent(models.Model):
    """One act: who, when, what, on whom, before, after, outcome. Plain ids and names, so it outlives what it names."""

    organization_id = models.BigIntegerField()
    tenant_id = models.BigIntegerField(null=True)
    tenant_name = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=80)
    incident_id = models.BigIntegerField(null=True)
    summary = models.TextField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome)
    sequence = models.BigIntegerField()  # place in its chain, from 1 on
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)  # see tenants/audit/entry.py

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["organization_id", "-id"], name="audit_by_organization"),
            models.Index(fields=["tenant_id", "incident_id", "-id"], name="audit_by_incident"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "sequence"], condition=models.Q(tenant_id__isnull=False), name="one_entry_a_place"
            ),
            models.UniqueConstraint(
                fields=["organization_id", "sequence"],
                condition=models.Q(tenant_id__isnull=True),
                name="one_organization_entry_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name}: {self.summary}"

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **options)

    def delete(self, *_args: Any, **_options: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError


class AuditChain(models.Model):
    """The head of a chain of entries: a tenant's, or with `tenant_id` None the organization's. Its row is its lock.

    `archived_*`: the last entry that was moved to an archive; the first one that is here names its hash.
    """

    organization_id = models.BigIntegerField()
    tenant_id = models.BigIntegerField(null=True)
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)
    archived_sequence = models.BigIntegerField(default=0)
    archived_hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id"], condition=models.Q(tenant_id__isnull=False), name="one_chain_a_tenant"
            ),
            models.UniqueConstraint(
                fields=["organization_id"],
                condition=models.Q(tenant_id__isnull=True),
                name="one_chain_an_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} entries"
