"""Pictures on which people could not agree, and the word that settles them."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers, given
from annotations import access_review
from annotations.contested import answers_on, contested
from annotations.models import Consensus, Ruling
from annotations.services.rulings import ruling_make, ruling_withdraw
from gallery.access import dataset_write
from gallery.models import Image, LabelClass


class AnswerCountOut(serializers.Serializer):
    kind = serializers.CharField(help_text="choice, yes or no.")
    answer = serializers.IntegerField(help_text="The index of the class that is named, or asked about.")
    people = serializers.IntegerField()


class ContestedOut(serializers.ModelSerializer):
    class Meta:
        model = Consensus
        fields = ["image", "dataset", "label", "confidence", "posterior", "votes", "trusted", "value"]


class Contested(ListAPIView):
    """Contested pictures everywhere, the one from whose answer most is learned first."""

    permission_classes = (Reviewers,)
    queryset = Consensus.objects.none()
    serializer_class = ContestedOut

    def get_queryset(self) -> QuerySet[Consensus]:
        return contested()


class DataSetContested(ListAPIView):
    """A data set's contested pictures, for its owner."""

    queryset = Consensus.objects.none()
    serializer_class = ContestedOut

    def get_queryset(self) -> QuerySet[Consensus]:
        return contested(dataset_write(self.request, self.kwargs["pk"]))


class RulingIn(serializers.Serializer):
    label = serializers.IntegerField(allow_null=True, min_value=0, help_text="A class's index; null: nobody can tell.")


class RulingOut(serializers.ModelSerializer):
    class Meta:
        model = Ruling
        fields = ["id", "image", "label", "withdrawn", "created_at"]


class ImageRuling(APIView):
    @extend_schema(
        responses=inline_serializer(
            "AnswerCountsOut", {"image": serializers.IntegerField(), "answers": AnswerCountOut(many=True)}
        )
    )
    def get(self, request: Request, pk: int) -> Response:
        """What people said of a picture that is to be ruled on, the most frequent answer first."""
        image = access_review.image_rule(request, pk)
        rows = [{"kind": s.kind.name.lower(), "answer": s.answer, "people": s.people} for s in answers_on(image)]
        return Response({"image": image.pk, "answers": AnswerCountOut(rows, many=True).data})

    @extend_schema(request=RulingIn, responses={201: RulingOut})
    def post(self, request: Request, pk: int) -> Response:
        """Say what a picture is, or that nobody can tell. The latest word holds."""
        image = access_review.image_rule(request, pk)
        label = class_of(image, given(request.data, RulingIn)["label"])
        ruling = ruling_make(image=image, label=label, by=request.user)
        return Response(RulingOut(ruling).data, status.HTTP_201_CREATED)

    @extend_schema(responses={200: RulingOut})
    def delete(self, request: Request, pk: int) -> Response:
        """Take back what was ruled last. Nothing is deleted: it is another row."""
        image = access_review.image_rule(request, pk)
        return Response(RulingOut(ruling_withdraw(image=image, by=request.user)).data)


def class_of(image: Image, index: int | None) -> LabelClass | None:
    if index is None:
        return None
    found = image.dataset.classes.filter(index=index, removed_at=None).first() if index < 2**15 else None
    if found is None:
        raise serializers.ValidationError({"label": ["There is no such class."]})
    return found
