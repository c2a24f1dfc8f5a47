from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers, given
from annotations.api.campaigns import CampaignOut
from annotations.models import Publication
from annotations.services.publication import publication_decide
from gallery.models import DataSet, Image

SAMPLE = 12


class RequestedOut(serializers.ModelSerializer):
    owner = serializers.CharField(read_only=True)
    sample = serializers.SerializerMethodField(help_text="Ids of some of its images, drawn by their digests.")

    class Meta:
        model = DataSet
        fields = ["id", "name", "description", "owner", "sample"]

    def get_sample(self, dataset: DataSet) -> list[int]:
        return [image.pk for image in dataset.sample]


class Requested(ListAPIView):
    """Data sets whose owners ask for public challenges."""

    permission_classes = (Reviewers,)
    queryset = DataSet.objects.none()
    serializer_class = RequestedOut

    def get_queryset(self) -> QuerySet[DataSet]:
        sample = Prefetch("images", Image.objects.shown().order_by("digest")[:SAMPLE], to_attr="sample")
        asked = DataSet.objects.filter(campaign__publication=Publication.REQUESTED)
        return asked.select_related("owner").prefetch_related(sample).order_by("name", "pk")


class ApprovalIn(serializers.Serializer):
    approve = serializers.BooleanField()


class PublicationDecision(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(request=ApprovalIn, responses=CampaignOut)
    def post(self, request: Request, pk: int) -> Response:
        """Let a data set into public challenges, or refuse it."""
        dataset = get_object_or_404(DataSet, pk=pk)
        approve = given(request.data, ApprovalIn)["approve"]
        return Response(CampaignOut(publication_decide(dataset=dataset, approve=approve, by=request.user)).data)
