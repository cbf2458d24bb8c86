"""Forms of the tenants app."""

from typing import Any

from django import forms

from tenants.approval import MOST
from tenants.enums import ApprovalRule, Outcome
from tenants.models import Organization, Tenant
from tenants.trail import Wanted

CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}
_DAY = forms.DateInput(attrs={**CONTROL, "type": "date"})


def verb_words(verb: str) -> str:
    """A kind of act as people read it: demo_reset is "Demo reset"."""
    return verb.replace("_", " ").capitalize()


class ActivityFilter(forms.Form):
    """Which part of the audit trail to show. What cannot be understood is left aside, and said so."""

    text = forms.CharField(required=False, label="Search", max_length=200, widget=forms.TextInput(attrs=CONTROL))
    tenant = forms.ChoiceField(required=False, widget=forms.Select(attrs=SELECT))
    who = forms.CharField(
        required=False, label="Who", max_length=120, widget=forms.TextInput(attrs={**CONTROL, "size": 10})
    )
    verb = forms.ChoiceField(required=False, label="Kind of act", widget=forms.Select(attrs=SELECT))
    outcome = forms.ChoiceField(
        required=False,
        label="Outcome",
        choices=[("", "Any outcome"), *Outcome.choices],
        widget=forms.Select(attrs=SELECT),
    )
    incident = forms.IntegerField(
        required=False,
        label="Incident",
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.TextInput(attrs={**CONTROL, "inputmode": "numeric", "size": 5}),
    )
    since = forms.DateField(required=False, label="From", widget=_DAY)
    until = forms.DateField(required=False, label="To", widget=_DAY)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, tenants: list[Tenant], verbs: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.tenants = {tenant.slug: tenant for tenant in tenants}
        self._choose("tenant", [("", "All tenants"), *((tenant.slug, tenant.name) for tenant in tenants)])
        asked = self.data.get("verb", "")  # of an older entry than those in which kinds were looked for
        kinds = sorted({*verbs, *([asked] if asked.isidentifier() and len(asked) <= 60 else [])})
        self._choose("verb", [("", "Any kind"), *((verb, verb_words(verb)) for verb in kinds)])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        choice = self.fields[name]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101  # for the type checker
        choice.choices = choices

    def wanted(self) -> Wanted:
        """What was asked for; fields in error are left out."""
        self.is_valid()
        asked = {name: value for name, value in self.cleaned_data.items() if name != "before" and value}
        if slug := asked.pop("tenant", ""):
            asked["tenant"] = self.tenants[slug]
        return Wanted(**asked)

    def asked(self) -> dict[str, str]:
        """The filters as an address has them, without the place on the pages."""
        self.is_valid()
        names = [name for name in self.cleaned_data if name != "before" and self.cleaned_data[name]]
        return {name: str(self.data.get(name, "")) for name in names}


class ResponseSwitch(forms.Form):
    """Whether Petra Response is to be on, and the page on which that was pressed."""

    switch = forms.ChoiceField(choices=[("on", "On"), ("off", "Off")])
    place = forms.ChoiceField(required=False, choices=[("home", "Home"), ("overview", "Overview")])


class ApprovalForm(forms.Form):
    """Which retractions a second member has to approve."""

    rule = forms.ChoiceField(
        label="Retractions that a second member has to approve",
        choices=ApprovalRule.choices,
        widget=forms.Select(attrs=SELECT),
    )
    mails = forms.IntegerField(
        label="More mails than",
        min_value=0,
        max_value=MOST,
        widget=forms.NumberInput(attrs={**CONTROL, "inputmode": "numeric"}),
    )
    tenants = forms.IntegerField(
        label="More tenants than",
        min_value=0,
        max_value=MOST,
        widget=forms.NumberInput(attrs={**CONTROL, "inputmode": "numeric"}),
    )

    @classmethod
    def of(cls, organization: Organization) -> "ApprovalForm":
        """With what holds now."""
        return cls(
            initial={
                "rule": organization.approval_rule,
                "mails": organization.approval_mails,
                "tenants": organization.approval_tenants,
            }
        )
