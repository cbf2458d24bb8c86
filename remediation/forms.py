"""What comes with a press, checked before a service sees it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from incidents.phish.links import read_typed
from remediation.enums import Verdict
from remediation.services import NOTHING_SOUGHT, Chosen, Confirmed, Press, SoughtMail
from tenants.enums import TenantState
from tenants.models import Tenant

MAX_ITEMS = 10_000
CONTROL = {"class": "form-control", "autocomplete": "off"}
KEY, INCOMPLETE = r"^[0-9a-f]{32}$", "The form is incomplete: load it again."
SOUGHT = ("subject", "sender", "message_id", "link", "attachment_hash")
NO_HASH = "Give a SHA-256: 64 digits and letters from a to f."
NO_DAY = "Give a day, as in 2026-03-01."
LONGEST_SLUG = 60
LONGEST_AGO = timedelta(days=3653)


class ItemsField(forms.TypedMultipleChoiceField):
    """A list of row ids; whether they exist, and belong here, is the service's question."""

    def __init__(self) -> None:
        super().__init__(coerce=int, required=False)

    def valid_value(self, value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) < 19

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(value) > MAX_ITEMS:
            raise forms.ValidationError("Too many items at once. Select fewer, or take all.")


class SlugsField(forms.TypedMultipleChoiceField):
    """A list of tenants by their address; whether they exist for the reader is the service's question."""

    def __init__(self) -> None:
        super().__init__(coerce=str, required=False)

    def valid_value(self, value: str) -> bool:
        return len(value) <= LONGEST_SLUG

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(value) > MAX_ITEMS:
            raise forms.ValidationError("Too many tenants at once.")


class SelectionForm(forms.Form):
    """Which findings are meant: some, or all that are suspicious."""

    items = ItemsField()
    all = forms.BooleanField(required=False)


class PressForm(SelectionForm):
    """One press of a step's button. `key` is made when the form is rendered: the same form is one press."""

    key = forms.RegexField(KEY, error_messages={"required": INCOMPLETE})
    typed_address = forms.CharField(required=False, max_length=320)
    reason = forms.CharField(required=False, max_length=2000)
    again = forms.BooleanField(required=False)

    def press(self) -> Press:
        chosen = self.cleaned_data
        return Press(
            key=chosen["key"],
            finding_ids=tuple(chosen["items"]),
            all_suspicious=chosen["all"],
            typed_address=chosen["typed_address"],
            reason=chosen["reason"],
            again=chosen["again"],
        )


class UndoForm(forms.Form):
    runs = ItemsField()
    confirmed = forms.BooleanField(required=False)


class ChosenForm(forms.Form):
    """Which mails of a campaign are meant: some, and all that do harm in whole tenants."""

    items = ItemsField()
    whole = SlugsField()

    def chosen(self) -> Chosen:
        return Chosen(
            finding_ids=tuple(self.cleaned_data["items"]), tenant_slugs=tuple(dict.fromkeys(self.cleaned_data["whole"]))
        )


class ConfirmForm(ChosenForm):
    """A plan that was looked at. `key` is made when it is rendered: the same form is one press."""

    key = forms.RegexField(KEY, error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})
    digest = forms.RegexField(r"^[0-9a-f]{64}$", error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})
    reason = forms.CharField(required=False, max_length=2000)
    emergency = forms.BooleanField(required=False)

    def confirmed(self) -> Confirmed:
        said = self.cleaned_data
        return Confirmed(key=said["key"], digest=said["digest"], reason=said["reason"], is_emergency=said["emergency"])


class ReasonForm(forms.Form):
    reason = forms.CharField(required=False, max_length=2000)


class TakeBackForm(forms.Form):
    """What of a retraction is to be undone: some runs, those of whole tenants, or all where neither is named."""

    runs = ItemsField()
    whole = SlugsField()


def words_of(form: forms.Form) -> str:
    """What is wrong with a form, in a sentence or two."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors) + " Nothing was done."


class JudgeForm(forms.Form):
    verdict = forms.ChoiceField(choices=Verdict.choices, required=False)


class SweepForm(forms.Form):
    """What to look for, received when and in which tenants; `tenants` are those that the reader may see."""

    subject = forms.CharField(
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs=CONTROL),
        help_text="As it stands in the mail. With a sender, reply marks, ticket numbers and names may differ.",
    )
    sender = forms.CharField(
        required=False,
        max_length=320,
        widget=forms.TextInput(attrs={**CONTROL, "inputmode": "email", "spellcheck": "false", "dir": "ltr"}),
        help_text="The address in From.",
    )
    message_id = forms.CharField(
        required=False,
        label="Message id",
        max_length=998,
        widget=forms.TextInput(attrs={**CONTROL, "spellcheck": "false", "dir": "ltr"}),
        help_text="From the mail's headers, as in <a1b2@mail.example>. It decides alone.",
    )
    link = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={**CONTROL, "spellcheck": "false", "dir": "ltr"}),
        help_text="An address, or a host for all on it; in the text of mails. A sender or a subject makes it faster.",
    )
    attachment_hash = forms.RegexField(
        r"^[0-9a-fA-F]{64}$",
        required=False,
        label="Attachment hash",
        max_length=64,
        strip=True,
        widget=forms.TextInput(attrs={**CONTROL, "spellcheck": "false", "dir": "ltr"}),
        error_messages={"invalid": NO_HASH, "max_length": NO_HASH},
        help_text="SHA-256 of an attached file, not of a picture within the text. With a link, one of both is enough.",
    )
    since = forms.DateField(
        label="Received since",
        widget=forms.DateInput(attrs={**CONTROL, "type": "date"}),
        error_messages={"required": "Say since when.", "invalid": NO_DAY},
    )
    until = forms.DateField(
        required=False,
        label="Received until",
        widget=forms.DateInput(attrs={**CONTROL, "type": "date"}),
        error_messages={"invalid": NO_DAY},
        help_text="The last day that is searched. Empty: up to now.",
    )
    where = forms.MultipleChoiceField(
        label="Tenants",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one tenant.", "invalid_choice": "Choose tenants from the list."},
    )

    def __init__(self, *args: Any, tenants: Sequence[Tenant], **options: Any) -> None:
        super().__init__(*args, **options)
        self.tenants = {tenant.slug: tenant for tenant in tenants if tenant.state == TenantState.CONNECTED}
        where = self.fields["where"]
        assert isinstance(where, forms.MultipleChoiceField)  # noqa: S101  # for the type checker
        where.choices = [(slug, tenant.name) for slug, tenant in self.tenants.items()]
        where.initial = list(self.tenants)

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"]
        if link and read_typed(link) is None:
            raise forms.ValidationError("Give a link, as in https://mail.example/invoice, or a host.")
        return link

    def clean_since(self) -> date:
        since: date = self.cleaned_data["since"]
        if since > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        if timezone.localdate() - since > LONGEST_AGO:
            raise forms.ValidationError("Choose a day of the last ten years.")
        return since

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until and until > timezone.localdate():
            raise forms.ValidationError("This day has not come yet. Leave it empty to search up to now.")
        return until

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = super().clean() or self.cleaned_data
        # What was refused was said all the same: it is told by its own field.
        if not any(chosen.get(name) or name in self.errors for name in SOUGHT):
            raise forms.ValidationError(NOTHING_SOUGHT)
        since, until = chosen.get("since"), chosen.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day comes before the first one.")
        return chosen

    def chosen(self) -> dict[str, Any]:
        """What the service takes."""
        said = self.cleaned_data
        sought = SoughtMail(
            internet_message_id=said["message_id"],
            subject=said["subject"],
            sender_address=said["sender"],
            links=_if_said(said["link"]),
            attachment_hashes=_if_said(said["attachment_hash"].lower()),
        )
        return {
            "sought": sought,
            "since": _start_of(said["since"]),
            "until": _start_of(said["until"] + timedelta(days=1)) if said["until"] else None,  # all of the last day
            "tenants": [self.tenants[slug] for slug in said["where"]],
        }


def _if_said(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
