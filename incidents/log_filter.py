"""The filter of the logs, as the address has it: tab, whose rows, from where on, and what is asked of them."""

from collections.abc import Iterator
from datetime import date
from ipaddress import ip_address
from string import hexdigits
from typing import Any

from django import forms

from incidents.enums import Workload
from incidents.evidence.words import KNOWN_OPERATIONS
from incidents.forms import CONTROL, SELECT
from incidents.selectors import Keyset, LogChoice
from incidents.selectors.log_conditions import NOT, Asked

PLACE = frozenset({"tab", "who", "before"})  # where one is, beside what is asked


def _text(label: str, **attributes: str) -> forms.CharField:
    attributes = {"autocomplete": "off", "spellcheck": "false", **attributes}
    return forms.CharField(
        required=False, label=label, max_length=200, widget=forms.TextInput(attrs={**CONTROL, **attributes})
    )


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        required=False,
        label=label,
        widget=forms.DateInput(attrs={**CONTROL, "type": "date"}),
        error_messages={"invalid": "Give a day, as in 2026-03-01."},
    )


def _choice(label: str, **choices: str) -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False,
        label=label,
        choices=[("", "Any"), *choices.items()],
        widget=forms.Select(attrs=SELECT),
        error_messages={"invalid_choice": "“%(value)s” is not one of the choices."},
    )


class LogFilter(forms.Form):
    """What cannot be understood is left out of the filter, and said in its field."""

    tab = forms.ChoiceField(required=False, choices=Workload.choices, widget=forms.HiddenInput)
    who = forms.ChoiceField(required=False, choices=[("attacker", "Attacker")], widget=forms.HiddenInput)
    before = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    since = _day("From")
    until = _day("To")
    operation = _text("Operation", list="log-operations")
    result = _choice("Result", succeeded="Succeeded", failed="Failed")
    country_is = forms.ChoiceField(
        required=False,
        label="Country is or is not",
        choices=[("", "is"), (NOT, "is not")],
        widget=forms.Select(attrs=SELECT),
    )
    country = _text("Country", placeholder="DE", size="4")
    ip = _text("IP address")
    network = _text("Network")
    hosting = _choice("Hosting network (by name)", yes="Yes", no="No")
    application = _text("Application")
    user = _text("User")
    subject = _text("Subject")
    sender = _text("Sender")

    operations = KNOWN_OPERATIONS

    def clean_country(self) -> str:
        """Two letters."""
        code = str(self.cleaned_data["country"]).upper()
        if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
            raise forms.ValidationError("Give the two letters of the country, as in DE.")
        return code

    def clean_ip(self) -> str:
        """A whole address, or the beginning of one up to a dot or colon."""
        written = str(self.cleaned_data["ip"]).strip("[]").lower()
        if not written:
            return ""
        if written.endswith((".", ":")) and not written.endswith("::") and set(written) <= {*hexdigits, ".", ":"}:
            return written
        try:
            return str(ip_address(written))
        except ValueError as error:
            raise forms.ValidationError("Give an IP address, or its beginning as in 203.0.113.") from error

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        given = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", "This is before the first day.")
        return given

    def choice(self, workload: Workload | None = None) -> LogChoice:
        """What was asked for; the first page of the logins where the place cannot be understood. `workload` is the
        tab of a page that has but one.
        """
        self.is_valid()
        asked = self.cleaned_data
        return LogChoice(
            workload=workload or Workload(asked.get("tab") or Workload.LOGINS),
            only_attacker=bool(asked.get("who")),
            before=Keyset.parse(asked.get("before", "")),
            asked=self.asked(),
        )

    def asked(self) -> Asked:
        """The filters that are set and understood, in the order of the form."""
        self.is_valid()
        return tuple(self._asked())

    def _asked(self) -> Iterator[tuple[str, str]]:
        for name in self.fields:
            value = self.cleaned_data.get(name)
            if name in PLACE or not value or (name == "country_is" and not self.cleaned_data.get("country")):
                continue
            yield name, value.isoformat() if isinstance(value, date) else str(value)

    @property
    def is_understood(self) -> bool:
        """Whether no filter is in error; tab and place are not filters."""
        self.is_valid()
        return not set(self.errors) - PLACE

    @property
    def filters(self) -> list[forms.BoundField]:
        """The fields that are shown."""
        return self.visible_fields()
