from typing import Any

from django import forms

from accounts.forms import Plain
from annotations.selectors_gold import STATES
from gallery.models import DataSet, Image
from gallery.selectors import present_classes

MOST_PICKED = 200


class GoldFilterForm(Plain, forms.Form):
    state = forms.ChoiceField(
        label="Show", required=False, choices=[("", "all"), *((state, state) for state in STATES)]
    )


class GoldPickForm(Plain, forms.Form):
    """Pictures of the data set, and the class that all of them show."""

    label = forms.ModelChoiceField(
        None, label="They show", to_field_name="index", empty_label="Choose a class…",
        error_messages={"required": "Choose the class that the pictures show.", "invalid_choice": "Choose a class."},
    )  # fmt: skip
    images = forms.ModelMultipleChoiceField(
        None, error_messages={"required": "Pick at least one picture.", "invalid_choice": "Pick them from the list."}
    )

    def __init__(self, *args: Any, dataset: DataSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].queryset = present_classes(dataset)
        self.fields["images"].queryset = dataset.images.shown()

    def clean_images(self) -> list[Image]:
        images = list(self.cleaned_data["images"])
        if len(images) > MOST_PICKED:
            raise forms.ValidationError(f"Pick at most {MOST_PICKED} pictures at once.")
        return images


class GoldImportForm(Plain, forms.Form):
    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,
        help_text="A line a picture: its name or id:N, a comma, its class or the class's key.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )
