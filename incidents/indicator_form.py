"""The form with which an indicator is added by hand."""

import re
from typing import Any

from django import forms

from incidents.enums import IndicatorKind
from incidents.evidence.fields import address, country
from incidents.forms import CONTROL, SELECT

_NETWORK = re.compile(r"(?:AS)?(\d{1,10})(?:\s+(.+))?", re.IGNORECASE | re.DOTALL)
LONGEST_SESSION = 64


class IndicatorForm(forms.Form):
    """An indicator added by hand. The value is normalized to how the logs write it."""

    kind = forms.ChoiceField(label="Kind", choices=IndicatorKind.choices, widget=forms.Select(attrs=SELECT))
    value = forms.CharField(
        label="Value",
        max_length=512,
        widget=forms.TextInput(attrs={**CONTROL, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Give the value, as it stands in the logs."},
    )
    note = forms.CharField(
        label="How it is known", required=False, max_length=500, widget=forms.TextInput(attrs=CONTROL)
    )

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        kind, value = asked.get("kind"), asked.get("value")
        if kind and value:
            read, words = _normalized(IndicatorKind(kind), value.strip())
            if words:
                self.add_error("value", words)
            asked["value"] = read
        return asked


def _normalized(kind: IndicatorKind, value: str) -> tuple[str, str]:
    """The value as the logs write it, and what is wrong with it where it is none."""
    match kind:
        case IndicatorKind.IP_ADDRESS:
            return address(value), "" if address(value) else "This is no IP address. Ranges cannot be added."
        case IndicatorKind.COUNTRY:
            return country(value), "" if country(value) else "Give the country's two letters, as in NO."
        case IndicatorKind.NETWORK:
            read = _NETWORK.fullmatch(value)
            named = f" {read[2].strip()}" if read and read[2] else ""
            return (f"AS{int(read[1])}{named}", "") if read else ("", "Give the network's number, as in AS64500.")
        case IndicatorKind.SESSION if len(value) > LONGEST_SESSION:
            return value, f"A session id has at most {LONGEST_SESSION} characters."
        case _:
            return value, ""
