"""What a person's answers show beyond how often they are right: drift, company, patterns. For reviewers."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers
from annotations.access import person_review
from annotations.evidence import shown


class DriftOut(serializers.Serializer):
    asked = serializers.CharField(help_text="choices, or tiles: yes or no.")
    answers = serializers.IntegerField(help_text="Graded ones, in time order.")
    baseline = serializers.FloatField(help_text="Accuracy that they began with, on the careful side.")
    worse = serializers.FloatField(help_text="Accuracy that is watched for.")
    peak = serializers.FloatField(help_text="The highest that the CUSUM has stood, in nats.")
    threshold = serializers.FloatField()
    alarm = serializers.IntegerField(allow_null=True, help_text="The answer, from 1, that first passes the threshold.")
    since = serializers.IntegerField(allow_null=True, help_text="The answer from which on they seem worse.")


class PatternOut(serializers.Serializer):
    name = serializers.CharField()
    words = serializers.CharField()
    statistic = serializers.FloatField()
    p_value = serializers.FloatField()
    n = serializers.IntegerField()


class PartnerOut(serializers.Serializer):
    annotator = serializers.IntegerField()
    identical = serializers.FloatField(help_text="Wrong answers that are the same, in effect.")
    expected = serializers.FloatField(help_text="By chance.")
    p_value = serializers.FloatField()


class FindingsOut(serializers.Serializer):
    dataset = serializers.IntegerField()
    bits = serializers.FloatField(help_text="What a vote of theirs tells of the class.")
    agreement = serializers.FloatField(allow_null=True, help_text="Share that sides with the others' majority.")
    compared = serializers.IntegerField()
    drift = DriftOut(many=True)
    patterns = PatternOut(many=True)
    partners = PartnerOut(many=True)


class PersonFindings(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(responses=FindingsOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """How somebody answers, on the data sets where most of their answers are graded."""
        return Response(FindingsOut(shown(person_review(request, pk)), many=True).data)
