"""What is trained and when it serves, as fields of the policy's form."""

from typing import Any

from django import forms
from django.conf import settings

from learning.engine.models import catalogue

FIELDS = [
    "backbone",
    "regime",
    "head",
    "epochs",
    "augment",
    "flips",
    "even_classes",
    "patience",
    "mixup",
    "ema",
    "replay",
    "deadline_minutes",
    "shadow",
]
LABELS = {
    "backbone": "Network",
    "regime": "What is trained of it",
    "head": "What decides on top of it",
    "epochs": "Passes over the labels",
    "augment": "Pictures are altered as they are learned from",
    "flips": "A mirrored picture shows the same",
    "even_classes": "Classes count alike",
    "patience": "Passes without getting better until it ends",
    "mixup": "Mixed pictures",
    "ema": "Mean of the weights",
    "replay": "Old labels with each new one, online",
    "deadline_minutes": "Longest run",
    "shadow": "First beside the one that serves",
}
HELP_TEXTS = {
    "backbone": "What a new training run starts from.",
    "regime": "Only a pretrained network can be left as it is or bent; another is trained from nothing.",
    "head": "",
    "epochs": "More takes longer, and past some point only learns by heart.",
    "augment": "So that it learns what stays the same. Features of a network that is left as it is are not altered.",
    "flips": "True of cats, not of digits.",
    "even_classes": "However many labels each has. Else what is frequent is said more often.",
    "patience": "On the 15% of the labels that are then held out. At 0 none is, and all passes are made.",
    "mixup": "How much two pictures are blended, or pasted into each other: 0 is not at all, 0.2 a good start.",
    "ema": "How slowly a running mean of the weights, which then serves, follows them: 0 is none, 0.99 a good start.",
    "replay": "So that what was known is not forgotten.",
    "deadline_minutes": "Minutes, after which a run is given up and the version that serves stays.",
    "shadow": "A better version does not serve at once: it says of new uploads what it would tag, its page compares "
    "both, and you decide.",
}
BOUNDS = {
    "epochs": (1, 500),
    "patience": (0, 100),
    "deadline_minutes": (1, 7 * 24 * 60),
}


class TrainingFields(forms.Form):
    """Those that people give in percent."""

    frozen_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Left as it is",
        help_text="Percent of a pretrained network, from its beginning, that the gentle second stage doesn't touch.",
    )
    recency_percent = forms.IntegerField(
        min_value=1,
        max_value=100,
        label="Old labels fade, online",
        help_text="Percent of a label's weight that is left after each later buffer. At 100 all count alike.",
    )
    self_training_percent = forms.IntegerField(
        min_value=51,
        max_value=100,
        required=False,
        label="Learn from what it is sure of",
        help_text="Percent of confidence from which a picture without a label is learned from too, with little weight. "
        "Empty: never. It is no consensus, judges nothing, and is shown beside the same run without.",
    )
    sure_of_better_percent = forms.IntegerField(
        min_value=80,
        max_value=99,
        label="Sure to be better",
        help_text="Percent of probability that a new version has to be better than the one that serves.",
    )


PERCENT = {
    "frozen_percent": "frozen",
    "recency_percent": "recency",
    "self_training_percent": "self_training",
    "sure_of_better_percent": "sure_of_better",
}


def backbones(current: str) -> list[tuple[str, str]]:
    """What can be trained with what is at hand, and the one in use."""
    at_hand = set(catalogue.at_hand(settings.WEIGHTS_DIR)) | {current}
    return [(entry.name, _words(entry)) for entry in catalogue.entries() if entry.name in at_hand]


def _words(entry: catalogue.Entry) -> str:
    return f"{entry.title}; knows photographs" if entry.pretrained else f"{entry.title}; trained from scratch"


def percents(cleaned: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Percents as the shares that a policy holds."""
    return {
        names.get(name, name): value / 100 if name in names and value is not None else value
        for name, value in cleaned.items()
    }
