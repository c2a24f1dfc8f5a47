from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from annotations.services.corrections import image_correct
from gallery.access import image_read
from gallery.models import DataSet, LabelClass


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "integer"}]})
class LabelField(serializers.Field):
    """A class by its name (a string) or its index (a number)."""

    def to_internal_value(self, data: Any) -> str | int:
        if isinstance(data, bool) or not isinstance(data, str | int):
            raise ValidationError("Send the class's name or its index.")
        return data

    def to_representation(self, value: str | int) -> str | int:
        return value


class CorrectionIn(serializers.Serializer):
    label = LabelField(help_text="A class by its name (a string) or its index (a number).")


class CorrectionOut(serializers.Serializer):
    image = serializers.IntegerField()
    label = serializers.CharField()
    counts_as = serializers.ChoiceField(["truth", "vote"], help_text="In your own data set your word holds.")


class Correction(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=CorrectionIn, responses={201: CorrectionOut})
    def post(self, request: Request, pk: int) -> Response:
        """Say what a picture shows. In your own data set that is the truth, in others' it is a vote."""
        image = image_read(request, pk)
        label = class_said(image.dataset, given(request.data, CorrectionIn)["label"])
        image_correct(image=image, label=label, by=request.user)
        own = image.dataset.owner_id == request.user.pk
        done = {"image": image.pk, "label": label.name, "counts_as": "truth" if own else "vote"}
        return Response(CorrectionOut(done).data, status.HTTP_201_CREATED)


def class_said(dataset: DataSet, said: str | int) -> LabelClass:
    classes = list(dataset.classes.filter(removed_at=None))
    for cls in classes:
        if (cls.index == said) if isinstance(said, int) else (cls.name.casefold() == said.strip().casefold()):
            return cls
    raise ValidationError({"label": [f"It is one of {', '.join(cls.name for cls in classes[:50])}."]})
