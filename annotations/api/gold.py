"""A data set's gold: for its owner, who says what is gold, and for reviewers. Nobody else knows what is a control."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from annotations import access_gold as access
from annotations.forms_gold import MOST_PICKED
from annotations.selectors_gold import STATES, GoldItem, gold_images, gold_items, gold_suspects
from annotations.services import gold, gold_import
from gallery.models import DataSet, Image


class GivenOut(serializers.Serializer):
    said = serializers.CharField()
    times = serializers.IntegerField()


class GoldOut(serializers.Serializer):
    image = serializers.IntegerField(source="image.pk")
    name = serializers.CharField(source="image.name")
    label = serializers.CharField()
    added_by = serializers.SerializerMethodField()
    added_at = serializers.SerializerMethodField()
    retired = serializers.BooleanField()
    suspect = serializers.BooleanField(help_text="Trusted people mostly contradict the known class.")
    answered = serializers.IntegerField()
    wrong = serializers.IntegerField()
    trusted = serializers.IntegerField(help_text="Answers of trusted people that bear on the known class.")
    trusted_wrong = serializers.IntegerField()
    given = GivenOut(many=True, help_text="The answers most given.")

    def get_added_by(self, item: GoldItem) -> str | None:
        return str(item.gold.added_by) if item.gold and item.gold.added_by else None

    def get_added_at(self, item: GoldItem) -> serializers.DateTimeField(allow_null=True):
        return item.gold.added_at if item.gold else None


class GoldFilter(serializers.Serializer):
    state = serializers.ChoiceField(STATES, required=False)


class GoldIn(serializers.Serializer):
    image = serializers.IntegerField()
    label = serializers.CharField(max_length=60, help_text="The name of a class.")


class GoldsIn(serializers.Serializer):
    gold = GoldIn(many=True, allow_empty=False, max_length=MOST_PICKED)


class RefusedOut(serializers.Serializer):
    image = serializers.IntegerField()
    reason = serializers.CharField()


class AddedOut(serializers.Serializer):
    added = serializers.ListField(child=serializers.IntegerField())
    refused = RefusedOut(many=True)


class GoldList(GenericAPIView):
    queryset = Image.objects.none()
    serializer_class = GoldOut

    @extend_schema(parameters=[GoldFilter], responses=GoldOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """How each picture that is gold, or was, is answered as a control; the suspect first."""
        dataset = access.dataset_gold(request, pk)
        state = given(request.query_params, GoldFilter).get("state", "")
        suspects = gold_suspects(dataset)
        page = self.paginate_queryset(gold_images(dataset, state, suspects))
        return self.get_paginated_response(GoldOut(gold_items(dataset, page, suspects), many=True).data)

    @extend_schema(request=GoldsIn, responses={201: AddedOut, 200: AddedOut})
    def post(self, request: Request, pk: int) -> Response:
        """Say what pictures show, and make them gold. For the data set's owner. 201 where one at least is gold now."""
        dataset = access.dataset_gold_own(request, pk)
        wanted = given(request.data, GoldsIn)["gold"]
        added = gold.gold_add(dataset=dataset, labels=_read(dataset, wanted), by=request.user)
        refused = [{"image": image.pk, "reason": reason} for image, reason in added.refused]
        out = AddedOut({"added": [image.pk for image in added.images], "refused": refused})
        return Response(out.data, status.HTTP_201_CREATED if added.images else status.HTTP_200_OK)


class GoldFileIn(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True)


class LineOut(serializers.Serializer):
    line = serializers.IntegerField()
    reason = serializers.CharField()


class ImportedOut(serializers.Serializer):
    added = serializers.IntegerField()
    refused = LineOut(many=True)


class GoldImport(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(request={"multipart/form-data": GoldFileIn}, responses=ImportedOut)
    def post(self, request: Request, pk: int) -> Response:
        """A CSV file, a line a picture: its name or id:N, and its class. Bad lines are named and cost no other."""
        dataset = access.dataset_gold_own(request, pk)
        data = given(request.data, GoldFileIn)["file"].read(gold_import.LARGEST + 1)
        try:
            report = gold_import.gold_import(dataset=dataset, data=data, by=request.user)
        except gold_import.BadFile as reason:
            raise ValidationError({"file": [str(reason)]}) from None
        refused = [{"line": line, "reason": reason} for line, reason in report.refused]
        return Response(ImportedOut({"added": report.added, "refused": refused}).data)


class GoldRetire(APIView):
    @extend_schema(request=None, responses=GoldOut)
    def post(self, request: Request, dataset: int, pk: int) -> Response:
        """Never a control again, until it is brought back. The owner's label stays, and still trains."""
        image = access.gold_image(request, dataset, pk)
        _carry_out(gold.gold_retire, image, request)
        return Response(_one(image))


class GoldBringBack(APIView):
    @extend_schema(request=None, responses=GoldOut)
    def post(self, request: Request, dataset: int, pk: int) -> Response:
        """A retired picture is a control again."""
        image = access.gold_image(request, dataset, pk)
        _carry_out(gold.gold_unretire, image, request)
        return Response(_one(image))


def _carry_out(verb: Any, image: Image, request: Request) -> None:
    try:
        verb(image=image, by=request.user)
    except gold.NotGold as reason:
        raise ValidationError({"image": [str(reason)]}) from None


def _one(image: Image) -> Any:
    dataset = image.dataset
    return GoldOut(gold_items(dataset, [image], gold_suspects(dataset))[0]).data


def _read(dataset: DataSet, wanted: list[dict[str, Any]]) -> list[Any]:
    images = dataset.images.present().in_bulk([row["image"] for row in wanted])
    classes = {cls.name.casefold(): cls for cls in dataset.classes.filter(removed_at=None)}
    problems = [
        *(f"No picture here has the id {row['image']}." for row in wanted if row["image"] not in images),
        *(f"“{row['label']}” isn't one of the classes." for row in wanted if row["label"].casefold() not in classes),
    ]
    if problems:
        raise ValidationError({"gold": problems})
    return [(images[row["image"]], classes[row["label"].casefold()]) for row in wanted]
