"""What comes with a press, checked before a service sees it."""

from django import forms

from remediation.enums import Verdict
from remediation.services import Press

MAX_ITEMS = 10_000


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


class SelectionForm(forms.Form):
    """Which findings are meant: some, or all that are suspicious."""

    items = ItemsField()
    all = forms.BooleanField(required=False)


class PressForm(SelectionForm):
    """One press of a step's button. `key` is made when the form is rendered: the same form is one press."""

    key = forms.RegexField(r"^[0-9a-f]{32}$", error_messages={"required": "The form is incomplete: load it again."})
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


class JudgeForm(forms.Form):
    verdict = forms.ChoiceField(choices=Verdict.choices, required=False)
