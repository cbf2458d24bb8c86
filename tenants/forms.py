"""Forms of the tenants app."""

from django import forms

from tenants.models import Tenant


class ActivityFilter(forms.Form):
    """Which part of the audit trail to show. What cannot be understood is left aside."""

    tenant = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "form-select"}))
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: object, tenants: list[Tenant], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as they came
        choice = self.fields["tenant"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101  # for the type checker
        choice.choices = [("", "All tenants"), *((tenant.slug, tenant.name) for tenant in tenants)]


class ResponseSwitch(forms.Form):
    """Whether Petra Response is to be on, and the page on which that was pressed."""

    switch = forms.ChoiceField(choices=[("on", "On"), ("off", "Off")])
    place = forms.ChoiceField(required=False, choices=[("home", "Home"), ("overview", "Overview")])
