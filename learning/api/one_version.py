from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery.access import dataset_read, visible_images
from learning.api.versions import VersionOut
from learning.models import Drift, ModelVersion
from learning.selectors_shadow import Shadow, shadow_of, shadow_words
from learning.selectors_versions import accuracy_interval, drift_of, drift_shares, drift_words, labels_by, skipped_of


class LabelsByOut(serializers.Serializer):
    owner = serializers.IntegerField()
    crowd = serializers.IntegerField()


class SkippedOut(serializers.Serializer):
    image = serializers.IntegerField(allow_null=True, help_text="Null where it is gone, or not yours to see.")
    reason = serializers.CharField()


class SkipsOut(serializers.Serializer):
    count = serializers.IntegerField()
    first = SkippedOut(many=True)


class SharesOut(serializers.Serializer):
    name = serializers.CharField()
    before = serializers.FloatField(help_text="Expected share of the class among evaluation pictures from before.")
    now = serializers.FloatField(help_text="Expected share among the latest uploads since.")
    change = serializers.IntegerField(help_text="1: surely more often than before, -1: less often, 0: can't be told.")


class UploadDriftOut(serializers.ModelSerializer):
    classes = serializers.SerializerMethodField()

    class Meta:
        model = Drift
        fields = ["shifted", "p_value", "reference", "current", "classes", "checked_at"]

    @extend_schema_field(SharesOut(many=True))
    def get_classes(self, drift: Drift) -> Any:
        return SharesOut(drift_shares(drift), many=True).data


class DifferingOut(serializers.Serializer):
    image = serializers.IntegerField(source="image.pk")
    label = serializers.CharField()
    confidence = serializers.FloatField()
    champion_label = serializers.CharField()
    champion_confidence = serializers.FloatField()
    truth = serializers.CharField(allow_null=True, help_text="What people say; null where they don't yet.")


class ShadowOut(serializers.Serializer):
    champion = serializers.IntegerField(source="champion.number", help_text="The version that it stands beside.")
    n = serializers.IntegerField(help_text="Uploads that both have seen as they came.")
    agree = serializers.IntegerField()
    confidence = serializers.FloatField(allow_null=True, help_text="On average.")
    champion_confidence = serializers.FloatField(allow_null=True)
    judged = serializers.IntegerField(help_text="Those of them that people have named since.")
    right = serializers.IntegerField()
    champion_right = serializers.IntegerField()
    p_better = serializers.FloatField(
        source="compared.p_better", default=None, allow_null=True, help_text="By a paired bootstrap on the judged."
    )
    differing = DifferingOut(many=True, help_text="The latest that they name differently, 24 at most.")
    words = serializers.SerializerMethodField(help_text="The same in a sentence.")

    def get_words(self, shadow: Shadow) -> str:
        return shadow_words(shadow)


class OneVersionOut(VersionOut):
    accuracy_interval = serializers.SerializerMethodField(help_text="Low and high, with 95% confidence (Wilson).")
    labels_by = serializers.SerializerMethodField(help_text="On whose word it learned.")
    skipped = serializers.SerializerMethodField(help_text="Pictures that could not be read, the first 50 of them.")
    drift = serializers.SerializerMethodField(help_text="Null as long as nobody has looked.")
    drift_words = serializers.SerializerMethodField(help_text="The same in a sentence.")
    shadow = serializers.SerializerMethodField(help_text="Beside the one that serves; null where it never was.")
    configuration = serializers.SerializerMethodField(help_text="What the training was told.")

    class Meta(VersionOut.Meta):
        fields = [
            *VersionOut.Meta.fields,
            "accuracy_interval",
            "temperature",
            "configuration",
            "labels_by",
            "skipped",
            "drift",
            "drift_words",
            "shadow",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.FloatField(), allow_null=True))
    def get_accuracy_interval(self, version: ModelVersion) -> tuple[float, float] | None:
        return accuracy_interval(version)

    @extend_schema_field(LabelsByOut)
    def get_labels_by(self, version: ModelVersion) -> dict[str, int]:
        return labels_by(version)

    @extend_schema_field(SkipsOut)
    def get_skipped(self, version: ModelVersion) -> Any:
        return SkipsOut(skipped_of(version, self.context["images"])).data

    @extend_schema_field(UploadDriftOut(allow_null=True))
    def get_drift(self, version: ModelVersion) -> Any:
        found = drift_of(version)
        return UploadDriftOut(found).data if found else None

    def get_drift_words(self, version: ModelVersion) -> str:
        return drift_words(version, drift_of(version))

    @extend_schema_field(ShadowOut(allow_null=True))
    def get_shadow(self, version: ModelVersion) -> Any:
        found = shadow_of(version, self.context["images"])
        return ShadowOut(found).data if found else None

    def get_configuration(self, version: ModelVersion) -> dict[str, Any]:
        return {name: value for name, value in version.configuration.items() if name != "skipped"}


class OneVersion(APIView):
    @extend_schema(responses=OneVersionOut)
    def get(self, request: Request, pk: int, number: int) -> Response:
        """Everything about a model: how good it is, what it learned from, and whether new pictures look like those
        before. Versions from before a figure was kept lack it."""
        rows = dataset_read(request, pk).versions.select_related("parent", "run")
        version = get_object_or_404(rows.defer("predictions", "parent__predictions"), number=number)
        return Response(OneVersionOut(version, context={"images": visible_images(request.user)}).data)
