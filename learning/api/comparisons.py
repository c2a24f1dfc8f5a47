from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from gallery.access import dataset_read, visible_images
from learning.comparison import compare


class SaidBy(serializers.Serializer):
    label = serializers.CharField()
    confidence = serializers.FloatField()


class ComparedOut(serializers.Serializer):
    image = serializers.IntegerField()
    truth = serializers.CharField(allow_null=True, help_text="The owner's label, or what the crowd agreed on.")
    first = SaidBy(allow_null=True, help_text="Null where it was not judged on this picture.")
    champion = SaidBy(allow_null=True)


class ComparisonOut(serializers.Serializer):
    first = serializers.IntegerField(allow_null=True, help_text="Number of the first model.")
    champion = serializers.IntegerField(allow_null=True, help_text="Number of the model that serves.")
    compared = serializers.IntegerField(help_text="Pictures that both were judged on.")
    agree = serializers.IntegerField(help_text="Of these, how many they name alike.")
    judged = serializers.IntegerField(help_text="Of these, how many have a known class.")
    first_right = serializers.IntegerField()
    champion_right = serializers.IntegerField()
    images = ComparedOut(many=True)


class CompareIn(serializers.Serializer):
    n = serializers.IntegerField(min_value=1, max_value=200, default=20, help_text="Pictures in the sample.")


class Compare(APIView):
    @extend_schema(parameters=[CompareIn], responses=ComparisonOut)
    def get(self, request: Request, pk: int) -> Response:
        """The first model and the one that serves, side by side on pictures that neither was trained on."""
        dataset = dataset_read(request, pk)
        n = given(request.query_params, CompareIn)["n"]
        return Response(ComparisonOut(compare(dataset, visible_images(request.user), n)).data)
