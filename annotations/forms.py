from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotations.challenges.registry import CHOICES, refusal
from annotations.challenges.tiles import Keys
from annotations.models import Campaign, Verdict
from annotations.selectors import approved, published
from annotations.spoken import spoken
from gallery.models import DataSet

ANY = gettext_lazy("Any")


class ChoiceForm(forms.Form):
    """What somebody would like to solve; everything may be left open."""

    # A link to one whose campaign has ended is answered with that; it is not offered.
    dataset = forms.ModelChoiceField(approved(), required=False, empty_label=ANY, label=gettext_lazy("Data set"))
    kind = forms.ChoiceField(choices=[("", ANY), *CHOICES], required=False, label=gettext_lazy("Kind"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        offered = forms.ModelChoiceField(published(), empty_label=ANY)
        self.fields["dataset"].widget.choices = offered.choices
        asked = set[str]().union(*Campaign.objects.filter(dataset__in=published()).values_list("kinds", flat=True))
        self.fields["kind"].widget.choices = [
            ("", ANY),
            *((name, spoken(title)) for name, title in CHOICES if name in asked),
        ]


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
    kinds = forms.MultipleChoiceField(
        choices=CHOICES,
        widget=forms.CheckboxSelectMultiple,
        label="How people are asked",
        help_text="One of these at random each time. Whatever it is, less than one in a hundred strangers passes who "
        "doesn't look, and more than four in five of those who do. Larger ones bring more answers a challenge.",
        error_messages={"required": "Pick at least one way to ask."},
    )
    flips = forms.BooleanField(
        required=False,
        label="A mirrored picture shows the same",
        help_text="True of cats, not of digits. Then people see some of the pictures mirrored, which makes it harder "
        "for a machine to know one again.",
    )

    def __init__(self, data: Any = None, *, campaign: Campaign, keys: Keys) -> None:
        """`keys` are those of the data set's classes, which the kinds must fit."""
        self.keys = keys
        initial = {
            "use_model": campaign.use_model,
            "kinds": campaign.kinds,
            "flips": campaign.flips,
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
        if reason := refusal(cleaned.get("kinds", []), self.keys):
            self.add_error("kinds", reason)
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
