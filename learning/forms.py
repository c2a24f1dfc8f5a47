from typing import Any

from django import forms
from django.conf import settings

from learning.engine.strategies import registry
from learning.models import Policy

STRATEGIES = {
    "entropy": "Entropy: where the model hesitates between many classes",
    "least_confidence": "Least confidence: where its first guess is least sure",
    "margin": "Margin: where its first guess is hardly ahead of the second",
    "ratio": "Ratio: where its second guess is nearly as likely as the first",
    "random": "Random: a fair sample, and what the others are measured against",
}
SMALL_CNN = ("small_cnn", "A small network, trained from scratch: needs nothing else")
BACKBONES = {
    "mobilenet_v2_0.35": "MobileNet V2, narrow: knows photographs, quick",
    "mobilenet_v2_1.0": "MobileNet V2: knows photographs",
}


class PolicyForm(forms.ModelForm):
    random_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Drawn at random",
        help_text="Percent of the questions. A few keep the model honest about what it never doubts.",
    )

    class Meta:
        model = Policy
        fields = ["strategy", "round_size", "automatic", "buffer_size", "delay_seconds", "epochs", "backbone"]
        labels = {
            "strategy": "What to ask people first",
            "round_size": "Pictures in a round",
            "automatic": "Train by itself",
            "buffer_size": "New labels that start a training run",
            "delay_seconds": "Longest wait of a new label",
            "epochs": "Passes over the labels",
            "backbone": "Network",
        }
        help_texts = {
            "strategy": "The first kinds spend people's time where the model learns most from an answer.",
            "round_size": "So many are chosen at a time; then the model has learned something, and chooses again.",
            "automatic": "Otherwise only when you ask for it.",
            "buffer_size": "Pictures. Fewer means fresher models and more work for the machine.",
            "delay_seconds": "Seconds, after which training starts with fewer new labels than that.",
            "epochs": "More takes longer, and past some point only learns by heart.",
            "backbone": "What a new training run starts from.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["strategy"] = _radios(self.fields["strategy"], strategies())
        self.fields["backbone"] = _radios(self.fields["backbone"], backbones(self.instance.backbone))
        self.fields["random_percent"].initial = round(100 * self.instance.random_share)
        for name, low, high in (
            ("round_size", 1, 10_000),
            ("buffer_size", 1, 100_000),
            ("delay_seconds", 1, 7 * 24 * 3600),
            ("epochs", 1, 500),
        ):
            _bound(self.fields[name], low, high)
        self.order_fields(["strategy", "random_percent"])


def strategies() -> list[tuple[str, str]]:
    """Chance comes last: it is what the others are measured against."""
    names = sorted(registry.names(), key=lambda name: (name == "random", name))
    return [(name, STRATEGIES.get(name, name.replace("_", " ").capitalize())) for name in names]


def backbones(current: str) -> list[tuple[str, str]]:
    """The small network, those whose weights are at hand, and the one in use."""
    at_hand = [name for name in BACKBONES if any(settings.WEIGHTS_DIR.glob(f"{name}*.safetensors"))]
    if current not in {SMALL_CNN[0], *at_hand}:
        at_hand.append(current)
    return [SMALL_CNN, *((name, BACKBONES.get(name, name)) for name in at_hand)]


def _radios(field: forms.Field, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, label=field.label, help_text=field.help_text)


def _bound(field: forms.Field, low: int, high: int) -> None:
    bounded = forms.IntegerField(min_value=low, max_value=high)
    field.validators, field.min_value, field.max_value = bounded.validators, low, high
    field.widget.attrs |= {"min": low, "max": high}
