from typing import Any

from django import forms

from learning import forms_training
from learning.engine.strategies import registry
from learning.forms_training import TrainingFields
from learning.models import Policy
from learning.policy_fields import Regime

STRATEGIES = {
    "entropy": "Entropy: where the model hesitates between many classes",
    "least_confidence": "Least confidence: where its first guess is least sure",
    "margin": "Margin: where its first guess is hardly ahead of the second",
    "ratio": "Ratio: where its second guess is nearly as likely as the first",
    "badge": "BADGE: where it is unsure, each picture for another reason",
    "vessal": "VeSSAL: as BADGE, in one quick pass over the pictures",
    "cluster_margin": "Cluster margin: where two classes are close, a few pictures of each kind",
    "expected_error": "Expected error: whose answer would make it surest of all others",
    "learning_loss": "Learning loss: where a part of the network, trained for it, expects to be wrong",
    "bald": "BALD: where the last versions are sure and contradict each other",
    "committee": "Committee: where the last versions together are least sure",
    "variation_ratios": "Variation ratios: where the last versions agree least on any one class",
    "k_center": "Core-set: what is least like any labelled picture",
    "k_means": "Clusters: the middle of as many groups as there are questions",
    "typiclust": "TypiClust: what is typical of large groups without a label; good for the first labels",
    "discriminative": "Discriminative: what is easiest to tell from the labelled pictures",
    "active_lab": "ActiveLab: a new picture or an old one again, where one more answer changes most",
    "random": "Random: a fair sample, and what the others are measured against",
}
PERCENT = {
    "random_percent": "random_share",
    "stream_percent": "stream_rate",
    "sure_percent": "sure_from",
    "duplicates_percent": "duplicates",
    "outliers_percent": "outliers",
} | forms_training.PERCENT
GROUPS = {
    "What people are asked": [
        "strategy",
        "random_percent",
        "random_halving",
        "balance",
        "round_size",
        "stream_percent",
        "sure_percent",
        "duplicates_percent",
        "outliers_percent",
        "budget",
        "stops",
    ],
    "When it trains": ["automatic", "buffer_size", "delay_seconds", "deadline_minutes"],
    "What is trained": [
        "backbone",
        "regime",
        "head",
        "epochs",
        "patience",
        "augment",
        "flips",
        "mixup",
        "even_classes",
        "ema",
        "frozen_percent",
        "self_training_percent",
        "replay",
        "recency_percent",
    ],
    "What may serve": ["sure_of_better_percent", "shadow"],
}
MOST_ANSWERS = 100_000_000


class PolicyForm(TrainingFields, forms.ModelForm):
    random_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Drawn at random",
        help_text="Percent of the questions. A few keep the model honest about what it never doubts.",
    )
    stream_percent = forms.IntegerField(
        min_value=0,
        max_value=90,
        label="New pictures, as they arrive",
        help_text="Percent of new uploads that are asked about as they arrive, beside those that are not sure. "
        "At 0 they wait for the next round.",
    )
    sure_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Sure from",
        help_text="Percent of confidence. Below this the tag is shown as a guess, and the picture goes to the solvers. "
        "At 0 no tag is a guess.",
    )
    duplicates_percent = forms.IntegerField(
        min_value=50,
        max_value=100,
        label="Near-duplicates",
        help_text="Percent of likeness from which two pictures are the same, and one is asked. At 100 all are asked.",
    )
    outliers_percent = forms.IntegerField(
        min_value=0,
        max_value=50,
        label="Odd pictures",
        help_text="Percent of the pictures, those most unlike all others, that are asked last.",
    )

    class Meta:
        model = Policy
        fields = [
            "strategy",
            "random_halving",
            "balance",
            "round_size",
            "stops",
            "budget",
            "automatic",
            "buffer_size",
            "delay_seconds",
            *forms_training.FIELDS,
        ]
        labels = {
            "strategy": "What to ask people first",
            "random_halving": "It halves after so many labels",
            "balance": "Let no class be starved",
            "round_size": "Pictures in a round",
            "stops": "End when it gets no better",
            "budget": "Answers to spend",
            "automatic": "Train by itself",
            "buffer_size": "New labels that start a training run",
            "delay_seconds": "Longest wait of a new label",
        } | forms_training.LABELS
        help_texts = {
            "strategy": "The first kinds spend people's time where the model learns most from an answer.",
            "random_halving": "And again after as many more: chance serves a young model most. At 0 it stays as it is.",
            "balance": "What the model takes for the classes with the fewest labels comes first, until all are level.",
            "round_size": "So many are chosen at a time; then the model has learned something, and chooses again.",
            "stops": "Nobody is asked any more once the last versions are not significantly better. You can go on.",
            "budget": "When people have given so many, nobody is asked any more. Empty: as many as it takes.",
            "automatic": "Otherwise only when you ask for it.",
            "buffer_size": "Pictures. Fewer means fresher models and more work for the machine.",
            "delay_seconds": "Seconds, after which training starts with fewer new labels than that.",
        } | forms_training.HELP_TEXTS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["strategy"] = _radios(self.fields["strategy"], strategies())
        self.fields["backbone"] = _radios(self.fields["backbone"], forms_training.backbones(self.instance.backbone))
        self.fields["regime"] = _radios(self.fields["regime"], Regime.choices)
        for name, share in PERCENT.items():
            value = getattr(self.instance, share)
            self.fields[name].initial = None if value is None else round(100 * value)
        for name, low, high in (
            ("random_halving", 0, 1_000_000),
            ("round_size", 1, 10_000),
            ("budget", 1, MOST_ANSWERS),
            ("buffer_size", 1, 100_000),
            ("delay_seconds", 1, 7 * 24 * 3600),
            *((name, low, high) for name, (low, high) in forms_training.BOUNDS.items()),
        ):
            _bound(self.fields[name], low, high)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in GROUPS.items()]

    def clean(self) -> dict[str, Any]:
        return forms_training.percents(super().clean(), PERCENT)


def strategies() -> list[tuple[str, str]]:
    """Ours in the order above, then what installed packages bring. Chance comes last: all are measured against it."""
    ours = list(STRATEGIES)
    names = sorted(
        registry.names(), key=lambda name: (name == "random", ours.index(name) if name in ours else 99, name)
    )
    return [(name, STRATEGIES.get(name) or _in_words(name)) for name in names]


def _in_words(name: str) -> str:
    return f"{name.replace('_', ' ').capitalize()}: {registry.get(name).summary.rstrip('.')}"


def _radios(field: forms.Field, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, label=field.label, help_text=field.help_text)


def _bound(field: forms.Field, low: int, high: int) -> None:
    bounded = forms.IntegerField(min_value=low, max_value=high)
    field.validators, field.min_value, field.max_value = bounded.validators, low, high
    field.widget.attrs |= {"min": low, "max": high}


class ScoresForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="CSV with image (a name or id:NUMBER) and score.",
        widget=forms.FileInput({"accept": ".csv"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
