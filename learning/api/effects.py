"""Which models learned from a person's answers, and training again without them. For reviewers."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers
from annotations.access import person_review
from annotations.selectors import datasets_answered
from learning.api.runs import RunOut
from learning.models import ModelVersion
from learning.poisoning import aftermath
from learning.services.retraining import retrain_without


class ServedOut(serializers.ModelSerializer):
    state = serializers.CharField(read_only=True, help_text="champion, rejected or retired.")
    accuracy = serializers.FloatField(source="metrics.accuracy", read_only=True)

    class Meta:
        model = ModelVersion
        fields = ["number", "state", "accuracy", "labels", "reason"]


class AftermathOut(serializers.Serializer):
    dataset = serializers.IntegerField(source="dataset.pk")
    versions = serializers.IntegerField(help_text="How many learned from pictures that the person answered.")
    champion = ServedOut(allow_null=True)
    before = ServedOut(allow_null=True, help_text="What tagged when the person was blocked.")
    run = RunOut(allow_null=True, help_text="The latest run that read its labels since.")
    after = ServedOut(allow_null=True, help_text="What that run made.")


class PersonModels(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(responses=AftermathOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """What learned from a person's answers, a data set each."""
        return Response(AftermathOut(aftermath(person_review(request, pk)), many=True).data)


class PersonRetrain(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(request=None, responses={202: RunOut})
    def post(self, request: Request, pk: int, dataset: int) -> Response:
        """Train again without the answers of somebody blocked."""
        person = person_review(request, pk)
        found = get_object_or_404(datasets_answered(person), pk=dataset)
        run = retrain_without(person=person, dataset=found, by=request.user)
        return Response(RunOut(run).data, status.HTTP_202_ACCEPTED)
