from django.core.validators import MaxValueValidator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Share, given
from gallery.access import dataset_write
from learning.engine.models import catalogue
from learning.engine.strategies import registry
from learning.models import Policy
from learning.policy_fields import Regime, Training
from learning.presets import PRESETS
from learning.selectors import policy_of
from learning.services.policies import policy_change

BACKBONES = tuple(entry.name for entry in catalogue.entries())


class PolicyOut(serializers.ModelSerializer):
    class Meta:
        model = Policy
        fields = [
            "strategy",
            "random_share",
            "random_halving",
            "duplicates",
            "outliers",
            "balance",
            "round_size",
            "stream_rate",
            "sure_from",
            "budget",
            "stops",
            "automatic",
            "buffer_size",
            "delay_seconds",
            "deadline_minutes",
            "sure_of_better",
            "shadow",
            *(field.name for field in Training._meta.fields),
        ]


class TrainingChange(serializers.Serializer):
    regime = serializers.ChoiceField(Regime.choices)
    head = serializers.ChoiceField(Policy._meta.get_field("head").choices)
    epochs = serializers.IntegerField(min_value=1, max_value=1000)
    frozen = Share(help_text="Of a pretrained network, from its beginning, that the gentle second stage leaves.")
    augment = serializers.ChoiceField(Policy._meta.get_field("augment").choices)
    flips = serializers.BooleanField(help_text="A mirrored picture shows the same.")
    mixup = Share(max_value=2)
    even_classes = serializers.BooleanField()
    patience = serializers.IntegerField(min_value=0, max_value=100)
    ema = Share(max_value=0.9999)
    replay = Share(max_value=100, help_text="Old labels learned again with each new one, online.")
    recency = Share(min_value=0.01, help_text="What a buffer's age leaves of an old label's weight, online.")
    self_training = Share(
        min_value=0.51, allow_null=True, help_text="Confidence from which it learns from itself; null: never."
    )


class PolicyChange(TrainingChange):
    strategy = serializers.CharField(max_length=40)
    random_share = Share()
    random_halving = serializers.IntegerField(min_value=0, max_value=1_000_000)
    duplicates = serializers.FloatField(min_value=0.5, max_value=1)
    outliers = serializers.FloatField(min_value=0, max_value=0.5)
    balance = serializers.BooleanField()
    round_size = serializers.IntegerField(min_value=1, max_value=100_000)
    stream_rate = Share(validators=[MaxValueValidator(0.9)], help_text="Of new uploads, asked about as they arrive.")
    sure_from = Share(
        help_text="Below this confidence a tag is a guess (`sure` is false), and the picture goes to the solvers."
    )
    budget = serializers.IntegerField(
        min_value=1, max_value=100_000_000, allow_null=True, help_text="Answers to spend; null: as many as it takes."
    )
    stops = serializers.BooleanField(help_text="Ends when new versions are no longer significantly better.")
    automatic = serializers.BooleanField()
    buffer_size = serializers.IntegerField(min_value=1, max_value=1_000_000)
    delay_seconds = serializers.IntegerField(min_value=0, max_value=30 * 24 * 3600)
    deadline_minutes = serializers.IntegerField(min_value=1, max_value=7 * 24 * 60)
    sure_of_better = Share(
        min_value=0.8, max_value=0.999, help_text="Probability of being better that a version needs to serve."
    )
    shadow = serializers.BooleanField(help_text="A better version stands beside the one that serves until you decide.")
    backbone = serializers.ChoiceField(BACKBONES)
    preset = serializers.ChoiceField(list(PRESETS), write_only=True, help_text="Several settings at once.")

    def validate_strategy(self, name: str) -> str:
        if name not in registry.names():
            raise ValidationError(f"It is one of {', '.join(registry.names())}.")
        return name


class OnePolicy(APIView):
    @extend_schema(responses=PolicyOut)
    def get(self, request: Request, pk: int) -> Response:
        """What is asked, and when and what is trained. For the owner."""
        return Response(PolicyOut(policy_of(dataset_write(request, pk))).data)

    @extend_schema(request=PolicyChange, responses=PolicyOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Change it; runs and rounds that are under way keep the rules that they began with."""
        dataset = dataset_write(request, pk)
        data = given(request.data, PolicyChange, changes=policy_of(dataset))
        data = PRESETS.get(data.pop("preset", ""), {}) | data
        return Response(PolicyOut(policy_change(dataset=dataset, by=request.user, **data)).data)
