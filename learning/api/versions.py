from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery.access import dataset_read, dataset_write
from learning.api.metrics import Metrics
from learning.models import ModelVersion
from learning.services.serving import version_bring_back, version_shadow, version_shadow_end


class VersionOut(serializers.ModelSerializer):
    parent = serializers.IntegerField(source="parent.number", default=None, allow_null=True, read_only=True)
    metrics = Metrics(read_only=True)

    class Meta:
        model = ModelVersion
        fields = [
            "number",
            "parent",
            "state",
            "provisional",
            "reason",
            "backbone",
            "labels",
            "metrics",
            "created_at",
            "promoted_at",
        ]


class Versions(ListAPIView):
    """The models of a data set, the latest first."""

    queryset = ModelVersion.objects.none()
    serializer_class = VersionOut

    def get_queryset(self) -> QuerySet[ModelVersion]:
        versions = dataset_read(self.request, self.kwargs["pk"]).versions
        return versions.select_related("parent").defer("predictions", "parent__predictions")


class Weights(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int, number: int) -> FileResponse:
        """The weights of a model, as safetensors. For the owner."""
        version = get_object_or_404(dataset_write(request, pk).versions, number=number)
        try:
            file = version.weights.open("rb")
        except (FileNotFoundError, ValueError):
            raise Http404 from None
        name = f"dataset-{pk}-version-{number}.safetensors"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")


class BringBack(APIView):
    @extend_schema(request=None, responses=VersionOut)
    def post(self, request: Request, pk: int, number: int) -> Response:
        """Let this model serve again, and re-tag by it. For the owner."""
        version = get_object_or_404(dataset_write(request, pk).versions, number=number)
        version_bring_back(version=version, by=request.user)
        return Response(VersionOut(version).data)


class Shadow(APIView):
    @extend_schema(request=None, responses=VersionOut)
    def post(self, request: Request, pk: int, number: int) -> Response:
        """Let this model say of new uploads, beside the one that serves, what it would tag. For the owner."""
        version = get_object_or_404(dataset_write(request, pk).versions, number=number)
        version_shadow(version=version, by=request.user)
        return Response(VersionOut(version).data)

    @extend_schema(request=None, responses=VersionOut)
    def delete(self, request: Request, pk: int, number: int) -> Response:
        """No longer. What it has said stays."""
        version = get_object_or_404(dataset_write(request, pk).versions, number=number)
        version_shadow_end(version=version, by=request.user)
        return Response(VersionOut(version).data)
