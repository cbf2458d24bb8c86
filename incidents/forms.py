"""Forms of the incidents app: what the address asks for, and what is pressed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.utils import timezone

from incidents.enums import IncidentState, Workload
from incidents.selectors import NEWEST_FIRST, SORTS
from incidents.selectors.logs import Keyset, Span
from incidents.selectors.timeline import TEAM, TimelineChoice
from tenants.models import Member, Tenant

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}
NOBODY = "none"


class IncidentFilter(forms.Form):
    """The list's search, filters and order, as the address has them. What cannot be understood is left aside."""

    q = forms.CharField(required=False, label="Search", max_length=200, widget=forms.TextInput(attrs=CONTROL))
    state = forms.ChoiceField(required=False, label="State", widget=forms.Select(attrs=SELECT))
    tenant = forms.ChoiceField(required=False, label="Tenant", widget=forms.Select(attrs=SELECT))
    owner = forms.ChoiceField(required=False, label="Owner", widget=forms.Select(attrs=SELECT))
    since = forms.DateField(
        required=False, label="Opened from", widget=forms.DateInput(attrs={**CONTROL, "type": "date"})
    )
    until = forms.DateField(
        required=False, label="Opened to", widget=forms.DateInput(attrs={**CONTROL, "type": "date"})
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[(sign + key, key) for key in SORTS for sign in ("", "-")],
        widget=forms.HiddenInput,
    )

    def __init__(self, *args: Any, tenants: Sequence[Tenant], owners: Sequence[Member], **options: Any) -> None:
        super().__init__(*args, **options)
        self.tenant_ids = {tenant.slug: tenant.pk for tenant in tenants}
        names = {tenant.slug: tenant.name for tenant in tenants}
        people = [(str(owner.pk), owner.display_name) for owner in owners]
        self._choose("state", [("", "Any state"), *IncidentState.choices])
        self._choose("tenant", [("", "All tenants"), *names.items()])
        self._choose("owner", [("", "Anybody"), (NOBODY, "Nobody"), *people])
        if len(tenants) < 2:
            del self.fields["tenant"]

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the type checker
        field.choices = choices

    def criteria(self) -> dict[str, Any]:
        """Arguments of `selectors.incident_list`; fields in error are left out."""
        self.is_valid()
        asked = self.cleaned_data
        return {
            "text": asked.get("q", ""),
            "states": [asked["state"]] if asked.get("state") else [],
            "tenant_id": self.tenant_ids.get(asked.get("tenant", "")),
            "owner_id": self._owner_id(asked.get("owner", "")),
            "days": self._days(),
            "sort": self.ordering,
        }

    @property
    def ordering(self) -> str:
        """The order asked for, or the newest first."""
        self.is_valid()
        return self.cleaned_data.get("sort") or NEWEST_FIRST

    @property
    def is_filtering(self) -> bool:
        """Whether anything but the order was asked for."""
        self.is_valid()
        return any(value for name, value in self.cleaned_data.items() if name != "sort")

    def _days(self) -> tuple[date | None, date | None]:
        return self.cleaned_data.get("since"), self.cleaned_data.get("until")

    @staticmethod
    def _owner_id(owner: str) -> int | None:
        if owner == NOBODY:
            return 0
        return int(owner) if owner else None


class TimelineFilter(forms.Form):
    """Summary or full, which stretch of time, which service, and from where on. Times without a zone are in the active
    one.
    """

    timeline = forms.ChoiceField(required=False, choices=[("summary", "Summary"), ("full", "Full")])
    service = forms.ChoiceField(required=False, choices=[*Workload.choices, (TEAM, "Remediation")])
    after = forms.CharField(required=False, max_length=40)

    def choice(self) -> TimelineChoice:
        """What was asked for; what cannot be understood is left aside."""
        self.is_valid()
        asked = self.cleaned_data
        mode = asked.get("timeline") or "summary"
        if mode == "summary":
            return TimelineChoice(mode, self._span())
        return TimelineChoice(mode, self._span(), asked.get("service", ""), Keyset.parse(asked.get("after", "")))

    def _span(self) -> Span | None:
        """The stretch asked for; None for all, and for what makes no stretch."""
        begin, end = (_moment(str(self.data.get(name) or "")) for name in ("from", "to"))
        return Span(begin, end) if begin and end and begin < end else None


YEARS = range(1970, 2200)  # of times that are reckoned with: years near the calendar's ends leave no room for zones


def _moment(written: str) -> datetime | None:
    """The moment in UTC, where differences are what they seem: clocks that are set back make them an hour wrong."""
    try:
        read = datetime.fromisoformat(written)
        at = (read if read.tzinfo else timezone.make_aware(read)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year in YEARS else None


class DismissForm(forms.Form):
    """Why an incident is a false alarm."""

    reason = forms.CharField(
        max_length=2000,
        label="Why is this a false alarm?",
        widget=forms.Textarea(attrs={**CONTROL, "rows": 2}),
        error_messages={"required": "Say why this is a false alarm; it stands in the audit trail."},
    )


class AssignForm(forms.Form):
    """Who owns an incident: one of those who may see and act on its tenant, or nobody."""

    owner = forms.ModelChoiceField(
        queryset=Member.objects.none(),
        required=False,
        empty_label="Nobody",
        error_messages={"invalid_choice": "This person cannot own incidents of this tenant. Nothing was changed."},
        widget=forms.Select(attrs=SELECT),
    )

    def __init__(self, *args: Any, owners: Sequence[Member], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["owner"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # for the type checker
        field.queryset = Member.objects.filter(pk__in=[owner.pk for owner in owners])


class NoteForm(forms.Form):
    """A note of the team."""

    text = forms.CharField(
        max_length=10_000,
        label="Note",
        widget=forms.Textarea(attrs={**CONTROL, "rows": 3}),
        error_messages={"required": "The note is empty."},
    )


class PhishForm(forms.Form):
    """Which log row names the message, and which of its messages it is."""

    record = forms.IntegerField(
        min_value=1,
        widget=forms.HiddenInput,
        error_messages={"required": "No row was named. Nothing was changed."},
    )
    message = forms.CharField(required=False, max_length=998, strip=False, widget=forms.HiddenInput)
