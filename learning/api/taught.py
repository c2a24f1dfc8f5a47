from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access_review import annotator_judged
from learning.selectors_taught import taught_by


class TaughtOut(serializers.Serializer):
    dataset = serializers.IntegerField(source="dataset.pk")
    name = serializers.CharField(source="dataset.name")
    version = serializers.IntegerField(help_text="The version that serves.")
    answers = serializers.IntegerField(help_text="Of yours that are in the labels that it learned from.")
    before = serializers.FloatField(
        allow_null=True, help_text="Share of the evaluation pictures that the version got right that served at first."
    )
    now = serializers.FloatField(allow_null=True, help_text="The same of the version that serves now.")


class TaughtList(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=TaughtOut(many=True))
    def get(self, request: Request) -> Response:
        """What your answers have taught the models; nothing of a data set where nothing is known."""
        you = annotator_judged(request)
        return Response(TaughtOut(taught_by(you) if you else [], many=True).data)
