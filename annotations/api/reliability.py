from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny

from annotations.api.access import faces_known
from annotations.models import Reliability
from gallery.access import visible_datasets


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
        own = Reliability.objects.filter(annotator__in=faces_known(self.request).filter(same_as=None))
        seen = own.filter(dataset__in=visible_datasets(self.request.user))
        return seen.select_related("dataset").order_by("dataset__name", "pk")
