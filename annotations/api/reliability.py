from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access_review import annotator_judged
from annotations.api.access import faces_known
from annotations.controls import mistakes
from annotations.models import AnswerKind, Reliability
from annotations.services.withholding import verdicts_tell
from gallery.access import visible_datasets, visible_images


class ReliabilityOut(serializers.ModelSerializer):
    name = serializers.CharField(source="dataset.name", read_only=True)

    class Meta:
        model = Reliability
        fields = ["dataset", "name", "accuracy", "low", "high", "weight", "evidence"]


class OwnReliability(ListAPIView):
    """What your answers have shown, a data set each. Which answers they were is not told."""

    permission_classes = (AllowAny,)
    queryset = Reliability.objects.none()
    serializer_class = ReliabilityOut

    def get_queryset(self) -> QuerySet[Reliability]:
        if you := annotator_judged(self.request):
            verdicts_tell(annotator=you)  # these figures show how they did, so what they answered last stands
        own = Reliability.objects.filter(annotator__in=faces_known(self.request).filter(same_as=None))
        seen = own.filter(dataset__in=visible_datasets(self.request.user))
        return seen.select_related("dataset").order_by("dataset__name", "pk")


class MistakeOut(serializers.Serializer):
    dataset = serializers.IntegerField()
    image = serializers.IntegerField()
    kind = serializers.CharField(help_text="choice, yes or no.")
    answer = serializers.IntegerField(help_text="The index of the class that you named, or were asked about.")
    truth = serializers.IntegerField(help_text="The index of the class that it is.")
    answered_at = serializers.DateTimeField()


class OwnMistakes(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=MistakeOut(many=True))
    def get(self, request: Request) -> Response:
        """What you got wrong among pictures that are no longer asked, with the right answer; the latest first."""
        annotator = annotator_judged(request)
        wrong = mistakes(annotator, seen=visible_images(request.user)) if annotator else []
        rows: list[dict[str, Any]] = [
            {
                "dataset": row.dataset_id,
                "image": row.image_id,
                "kind": AnswerKind(row.kind).name.lower(),
                "answer": row.answer,
                "truth": truth,
                "answered_at": row.created_at,
            }
            for row, truth in wrong
        ]
        return Response(MistakeOut(rows, many=True).data)
