"""Forms of members: their rights, an invitation, and its acceptance."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from tenants.enums import Role
from tenants.membership import Rights
from tenants.models import Member, Tenant


class RightsForm(forms.Form):
    """Role, flags and tenants. Flags that the role does not have are left aside."""

    role = forms.ChoiceField(choices=Role.choices, widget=forms.Select(attrs={"class": "form-select"}))
    can_manage_tenants = forms.BooleanField(required=False, label="Can Manage Tenants")
    can_view_sensitive_tenants = forms.BooleanField(required=False, label="Can View Sensitive Tenants")
    is_read_only = forms.BooleanField(required=False, label="Read-only")
    tenants = forms.TypedMultipleChoiceField(required=False, coerce=int, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, tenants: list[Tenant], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = self.fields["tenants"]
        assert isinstance(choices, forms.TypedMultipleChoiceField)  # noqa: S101  # for the type checker
        choices.choices = [(tenant.pk, tenant.name) for tenant in tenants]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("role") == Role.EXTERNAL_GUEST and not cleaned.get("tenants") and not self.has_error("tenants"):
            self.add_error("tenants", "Choose at least one tenant: an External Guest sees no other.")
        return cleaned

    def rights(self) -> Rights:
        """What was chosen. Only of a valid form."""
        chosen = self.cleaned_data
        role = Role(chosen["role"])
        is_full = role == Role.FULL_MEMBER
        return Rights(
            role=role,
            can_manage_tenants=is_full and chosen["can_manage_tenants"],
            can_view_sensitive_tenants=is_full and chosen["can_view_sensitive_tenants"],
            is_read_only=is_full and chosen["is_read_only"],
            tenant_ids=tuple(sorted(chosen["tenants"])) if role == Role.EXTERNAL_GUEST else (),
        )


class InvitationForm(RightsForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class AcceptForm(forms.Form):
    """Name and password of an invited person."""

    display_name = forms.CharField(
        label="Your name",
        max_length=120,
        help_text="It stands beside everything that you do.",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "name"}),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text="12 characters or more.",
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label="The password once more",
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        password = cleaned.get("password")
        if password is None or "repeated" not in cleaned:
            return cleaned
        if password != cleaned["repeated"]:
            self.add_error("repeated", "These are two different passwords.")
        try:
            validate_password(password, Member(email=self.email, display_name=cleaned.get("display_name", "")))
        except forms.ValidationError as error:
            self.add_error("password", error)
        return cleaned
