"""Forms with which tenants are added, connected and kept."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from graph import Service
from tenants.credentials import Credential, CredentialInvalid, certificate_read
from tenants.enums import CloudName, ConnectionApplication
from tenants.models import Connection, Tenant

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}
QUIET = {**CONTROL, "autocomplete": "off", "spellcheck": "false"}
LARGEST_FILE = 64 * 1024  # bytes; a certificate with its chain and key is some thousand


def _name_field() -> forms.CharField:
    return forms.CharField(label="Name", max_length=120, widget=forms.TextInput(attrs={**CONTROL, "dir": "auto"}))


class NameForm(forms.Form):
    """A tenant's name; no two that the reader can see bear the same."""

    name = _name_field()

    def __init__(self, *args: Any, tenants: list[Tenant], itself: Tenant | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._taken = {tenant.name.casefold() for tenant in tenants if tenant != itself}

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        if name.casefold() in self._taken:
            raise ValidationError("There is a tenant of this name already.")
        return name


class AddForm(NameForm):
    """A new tenant. Where a demo runs it can be one of the demo cloud's."""

    is_sensitive = forms.BooleanField(required=False, label="Sensitive: only for admins and members who may view these")
    is_demo = forms.BooleanField(required=False, label="A tenant of the demo cloud, to try it out")

    def __init__(self, *args: Any, can_mark: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not can_mark:
            del self.fields["is_sensitive"]
        if not (settings.DEMO and settings.SIMULATOR_URL):
            del self.fields["is_demo"]

    def values(self) -> dict[str, Any]:
        """What `portfolio.tenant_add` takes, of a valid form."""
        asked = self.cleaned_data
        return {
            "name": asked["name"],
            "is_sensitive": bool(asked.get("is_sensitive")),
            "is_demo": bool(asked.get("is_demo")),
        }


class ConsentForm(forms.Form):
    """Which application is to be admitted, and for which of Microsoft's services."""

    application = forms.ChoiceField(choices=ConnectionApplication.choices)
    service = forms.ChoiceField(choices=[(str(service), str(service)) for service in Service])


class FinishForm(forms.Form):
    """An answer of Microsoft's, as the browser brought it. Nothing of it is believed."""

    state = forms.CharField(max_length=200)
    microsoft_tenant_id = forms.UUIDField()


class OwnApplicationForm(forms.Form):
    """An application of the tenant's own: which one, and what to sign in with. Secrets are never shown again."""

    cloud = forms.ChoiceField(label="Microsoft cloud", widget=forms.Select(attrs=SELECT))
    microsoft_tenant_id = forms.UUIDField(label="Microsoft tenant id", widget=forms.TextInput(attrs=QUIET))
    client_id = forms.UUIDField(label="Application (client) id", widget=forms.TextInput(attrs=QUIET))
    client_secret = forms.CharField(
        required=False,
        max_length=400,
        label="Client secret",
        help_text="The secret's value, not its id. Kept encrypted.",
        widget=forms.PasswordInput(attrs={**CONTROL, "autocomplete": "new-password"}),
    )
    secret_ends_on = forms.DateField(
        required=False,
        label="The secret ends on",
        help_text="Petra warns from 30 days before.",
        widget=forms.DateInput(attrs={**CONTROL, "type": "date"}),
    )
    certificate = forms.FileField(
        required=False,
        label="Or a certificate",
        help_text="A PEM file with the private key and the certificate. Kept encrypted.",
        widget=forms.FileInput(attrs=CONTROL),
    )

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tenant = tenant
        self.credential = Credential()
        choice = self.fields["cloud"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101  # for the type checker
        choice.choices = clouds_for(tenant)

    def clean(self) -> dict[str, Any]:
        """Either a secret or a certificate."""
        asked = super().clean() or {}
        secret, file = asked.get("client_secret", ""), asked.get("certificate")
        if bool(secret) == bool(file):
            raise ValidationError("Enter a client secret or choose a certificate: one of the two.")
        if secret:
            day = asked.get("secret_ends_on")
            self.credential = Credential(secret, expires_at=datetime.combine(day, time(), UTC) if day else None)
        else:
            self.credential = _certificate_in(file)
        return asked

    def connection(self) -> Connection:
        """The connection that was entered, of a valid form; not stored."""
        asked, certificate = self.cleaned_data, self.credential.certificate
        return Connection(
            tenant=self._tenant,
            cloud=asked["cloud"],
            microsoft_tenant_id=str(asked["microsoft_tenant_id"]),
            client_id=str(asked["client_id"]),
            application=ConnectionApplication.OWN,
            client_secret=self.credential.secret,
            certificate_private_key=certificate.private_key if certificate else "",
            certificate_public=certificate.public_certificate if certificate else "",
            certificate_thumbprint=certificate.thumbprint if certificate else "",
            secret_expires_at=self.credential.expires_at,
        )


def clouds_for(tenant: Tenant) -> list[tuple[str, str]]:
    """The clouds that a tenant may be in: demo tenants are in the demo cloud, all others in one of Microsoft's."""
    if tenant.is_demo:
        return [(CloudName.SIMULATOR.value, str(CloudName.SIMULATOR.label))]
    return [choice for choice in CloudName.choices if choice[0] != CloudName.SIMULATOR]


def _certificate_in(file: Any) -> Credential:
    if file.size > LARGEST_FILE:
        raise ValidationError({"certificate": "That is no certificate: it is larger than 64 KB."})
    try:
        return certificate_read(file.read().decode("ascii"))
    except UnicodeDecodeError:
        raise ValidationError(
            {"certificate": "That is no PEM file. Convert it: openssl pkcs12 -in … -nodes."}
        ) from None
    except CredentialInvalid as error:
        raise ValidationError({"certificate": str(error)}) from None


class MarkForm(forms.Form):
    """Whether a tenant is sensitive."""

    is_sensitive = forms.BooleanField(required=False)


class PauseForm(forms.Form):
    """Why a tenant is paused, for the audit trail."""

    reason = forms.CharField(required=False, max_length=500, label="Reason", widget=forms.TextInput(attrs=CONTROL))


class RemoveForm(forms.Form):
    """The name, typed, and a reason where incidents are active."""

    typed_name = forms.CharField(max_length=120, label="Name of the tenant", widget=forms.TextInput(attrs=QUIET))
    reason = forms.CharField(required=False, max_length=500, label="Reason", widget=forms.TextInput(attrs=CONTROL))
