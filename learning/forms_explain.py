from typing import Any

from django import forms
from django.http import QueryDict

from gallery.models import DataSet
from gallery.selectors import present_classes
from learning.models import ExplanationKind


class ExplainForm(forms.Form):
    """A kind of explanation and the class that it is about, by index; without one, what the model says."""

    kind = forms.ChoiceField(choices=ExplanationKind.choices)

    def __init__(self, data: Any, *, dataset: DataSet) -> None:
        super().__init__(data)
        self.fields["label"] = forms.ModelChoiceField(present_classes(dataset), to_field_name="index", required=False)


def class_chosen(sent: QueryDict) -> int | None:
    """The index of the class that is chosen on the page, to be chosen again."""
    label = sent.get("label", "")
    return int(label) if label.isdecimal() and len(label) < 6 else None
