from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListCreateAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.doors import given
from gallery.access import image_read
from gallery.api.images import class_named
from learning.explanation_file import explanation_file
from learning.models import Explanation, ExplanationKind
from learning.services.explanations import explanation_request


class ExplanationOut(serializers.ModelSerializer):
    version = serializers.IntegerField(source="version.number", read_only=True)
    label = serializers.CharField(
        source="label.name", default=None, allow_null=True, read_only=True, help_text="Null for the most alike."
    )
    facts = serializers.DictField(read_only=True, help_text="By kind: see docs/explanations.md.")
    picture = serializers.SerializerMethodField(help_text="A PNG; null where there is none, or not yet.")

    class Meta:
        model = Explanation
        fields = ["id", "kind", "label", "version", "state", "error", "facts", "picture", "created_at"]

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_picture(self, row: Explanation) -> str | None:
        if not row.picture:
            return None
        return reverse("api-explanation-picture", [row.image_id, row.pk], request=self.context["request"])


class ExplanationIn(serializers.Serializer):
    kind = serializers.ChoiceField(ExplanationKind.choices)
    label = serializers.CharField(
        max_length=60, required=False, help_text="The name of a class; else the one that the model says."
    )


class ExplanationFilter(ExplanationIn):
    kind = serializers.ChoiceField(ExplanationKind.choices, required=False)
    label = serializers.CharField(max_length=60, required=False, help_text="The name of a class.")


class Explanations(ListCreateAPIView):
    """Why models said of a picture what they said, as far as somebody has asked; the latest first."""

    queryset = Explanation.objects.none()
    serializer_class = ExplanationOut

    def get_queryset(self) -> QuerySet[Explanation]:
        image = image_read(self.request, self.kwargs["pk"])
        wanted = given(self.request.query_params, ExplanationFilter)
        if "label" in wanted:
            wanted["label"] = class_named(image.dataset, wanted["label"])
        return image.explanations.filter(**wanted).select_related("version", "label")

    @extend_schema(parameters=[ExplanationFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=ExplanationIn, responses={202: ExplanationOut})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask why the model that serves says so; it is worked out in the background. What was asked before is given as
        it is. Twenty of a person's may be under way at a time; for more the answer is 429."""
        image = image_read(request, kwargs["pk"])
        wanted = given(request.data, ExplanationIn)
        label = class_named(image.dataset, wanted["label"]) if "label" in wanted else None
        asked = explanation_request(image=image, kind=wanted["kind"], label=label, by=request.user)
        return Response(ExplanationOut(asked, context={"request": request}).data, status.HTTP_202_ACCEPTED)


class ExplanationPicture(APIView):
    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int, number: int) -> FileResponse:
        """The picture in grey, with the map over it: orange speaks for the class, blue against."""
        return explanation_file(get_object_or_404(image_read(request, pk).explanations, pk=number))
