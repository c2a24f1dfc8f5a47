"""A version's figures, typed. Versions from before a figure was kept lack it."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class ClassScoreOut(serializers.Serializer):
    accuracy = serializers.FloatField(allow_null=True, help_text="Recall; null where no picture is of the class.")
    n = serializers.IntegerField(help_text="Pictures of the class.")
    precision = serializers.FloatField(
        required=False, allow_null=True, help_text="Null where nothing was taken for the class."
    )


class BinOut(serializers.Serializer):
    confidence = serializers.FloatField(help_text="On average.")
    accuracy = serializers.FloatField()
    n = serializers.IntegerField()


class CoveredOut(serializers.Serializer):
    coverage = serializers.FloatField(help_text="Share of the pictures that it names, the surest first.")
    accuracy = serializers.FloatField(help_text="On these.")
    threshold = serializers.FloatField(help_text="The least confidence among them.")


class MetricsOut(serializers.Serializer):
    n = serializers.IntegerField(required=False, help_text="Pictures that it was judged on, and had not learned from.")
    accuracy = serializers.FloatField()
    top_k = serializers.DictField(
        child=serializers.FloatField(), required=False, help_text="By k: how often the k likeliest hold the right one."
    )
    macro_f1 = serializers.FloatField(required=False)
    nll = serializers.FloatField(required=False, help_text="Negative log likelihood, in nats.")
    brier = serializers.FloatField(required=False, help_text="Summed over the classes: 0 is best, 2 worst.")
    ece = serializers.FloatField(required=False, help_text="Expected calibration error, after temperature scaling.")
    ece_before = serializers.FloatField(required=False, help_text="Before it.")
    per_class = ClassScoreOut(many=True, required=False, help_text="By the index of the class.")
    confusion = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        required=False,
        help_text="Row: what they show; column: what it said.",
    )
    reliability = BinOut(many=True, required=False, help_text="Bins of equal mass, 15 at most.")
    coverage = CoveredOut(many=True, required=False, help_text="At most 21 points.")


@extend_schema_field(MetricsOut)
class Metrics(serializers.DictField):
    """As they are stored; the schema says what can be in them."""
