from typing import Any

from django import forms

from annotations.challenges.registry import KINDS
from annotations.models import Campaign, Verdict
from annotations.selectors import approved, published
from gallery.models import DataSet

KIND_NAMES = {"grid": "Choose among nine pictures", "strip": "Read ten pictures in a row"}


class ChoiceForm(forms.Form):
    """What somebody would like to solve; everything may be left open."""

    # A link to one whose campaign has ended is answered with that; it is not offered.
    dataset = forms.ModelChoiceField(approved(), required=False, empty_label="Any", label="Data set")
    kind = forms.ChoiceField(
        choices=[("", "Any"), *((name, KIND_NAMES.get(name, name)) for name in KINDS)], required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        offered = forms.ModelChoiceField(published(), empty_label="Any")
        self.fields["dataset"].widget.choices = offered.choices


class ReportForm(forms.Form):
    position = forms.IntegerField(min_value=0)


class LabelForm(forms.Form):
    """One of a data set's classes, by index."""

    def __init__(self, data: Any, *, dataset: DataSet) -> None:
        super().__init__(data)
        self.fields["label"] = forms.ModelChoiceField(
            dataset.classes.filter(removed_at=None), to_field_name="index", error_messages={"required": PICK}
        )


PICK = "Pick one of the classes."


class CampaignForm(forms.Form):
    percent = forms.IntegerField(
        min_value=51,
        max_value=99,
        label="Accept a name from",
        help_text="Percent. The crowd's name for a picture is accepted when it is at least this probable.",
    )
    minimum_trusted = forms.IntegerField(
        min_value=0,
        max_value=20,
        label="Trusted people at least",
        help_text="So many who have shown to be reliable must have looked at a picture.",
    )
    cap = forms.IntegerField(
        min_value=1,
        max_value=100,
        label="Ask at most",
        help_text="Answers a picture. After that it counts as contested, and nobody is asked any more.",
    )

    use_model = forms.BooleanField(
        required=False,
        label="Hear the model too",
        help_text="What it says of pictures that it has not learned from counts as one more person's word, on pictures "
        "that people have answered. It can't outvote two people who have shown to be reliable.",
    )

    def __init__(self, data: Any = None, *, campaign: Campaign) -> None:
        initial = {
            "use_model": campaign.use_model,
            "percent": round(100 * campaign.threshold),
            "minimum_trusted": campaign.minimum_trusted,
            "cap": campaign.cap,
        }
        super().__init__(data, initial=initial, label_suffix="")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        trusted, cap = cleaned.get("minimum_trusted"), cleaned.get("cap")
        if trusted is not None and cap is not None and cap < trusted:
            self.add_error("cap", "Ask at least as often as trusted people are needed.")
        return cleaned


class DecisionForm(forms.Form):
    verdict = forms.ChoiceField(choices=Verdict.choices)
    note = forms.CharField(max_length=500, required=False, strip=True)


class UpholdForm(forms.Form):
    """One of two buttons: approve or refuse, take out or put back."""

    verdict = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])

    @property
    def is_yes(self) -> bool:
        return bool(self.cleaned_data["verdict"] == "yes")
