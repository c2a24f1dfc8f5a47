"""How far people agree on a data set's pictures, and what stopping in time saves."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import Campaign
from annotations.savings import savings_of
from gallery.access import dataset_read


class CoefficientOut(serializers.Serializer):
    value = serializers.FloatField(help_text="1: everybody agrees; 0: as by chance.")
    low = serializers.FloatField(allow_null=True, help_text="95% bootstrap interval.")
    high = serializers.FloatField(allow_null=True)


class CoefficientsOut(serializers.Serializer):
    """Null where it is undefined."""

    alpha = CoefficientOut(allow_null=True, help_text="Krippendorff's alpha.")
    fleiss = CoefficientOut(allow_null=True, help_text="Fleiss' kappa.")
    cohen = CoefficientOut(allow_null=True, help_text="Cohen's kappa, its mean over pairs of people.")


class ClassAgreementOut(CoefficientsOut):
    index = serializers.IntegerField(help_text="The class, against the rest.")


class AskedOut(CoefficientsOut):
    kind = serializers.CharField(help_text="choices, or tiles: yes or no.")
    questions = serializers.IntegerField(help_text="Asked of two people at least.")
    answers = serializers.IntegerField()
    classes = ClassAgreementOut(many=True)


class SavingsOut(serializers.Serializer):
    accepted = serializers.IntegerField(help_text="Pictures on which people agree.")
    votes = serializers.IntegerField(help_text="Spent on them.")
    fixed = serializers.IntegerField(help_text="What five votes a picture would have been.")
    saved = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Pictures begun and not yet agreed on.")
    further = serializers.FloatField(help_text="Votes expected for them.")


class AgreementOut(serializers.Serializer):
    computed_at = serializers.DateTimeField(allow_null=True)
    asked = AskedOut(many=True)
    savings = SavingsOut()


class DataSetAgreement(APIView):
    @extend_schema(responses=AgreementOut)
    def get(self, request: Request, pk: int) -> Response:
        """How far people agree beyond chance, by the latest full fit, and the votes that stopping in time saves."""
        dataset = dataset_read(request, pk)
        stored = Campaign.objects.filter(dataset=dataset).values_list("agreement", flat=True).first()
        stored = stored or {"computed_at": None, "asked": []}
        return Response(AgreementOut({**stored, "savings": savings_of(dataset)}).data)
