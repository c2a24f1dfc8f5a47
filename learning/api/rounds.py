from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView, ListCreateAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from annotations.crowd_columns import BadRows
from gallery.access import dataset_write
from learning.models import Pick, SamplingRound
from learning.score_files import from_pairs
from learning.services.requests import round_request
from learning.services.scores import scores_import

MOST_SCORES = 100_000


class RoundOut(serializers.ModelSerializer):
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True, read_only=True)
    seen = serializers.IntegerField(
        source="stream.seen",
        default=None,
        allow_null=True,
        read_only=True,
        help_text="Uploads that it has looked at so far; of a streaming round alone.",
    )

    class Meta:
        model = SamplingRound
        fields = [
            "id",
            "state",
            "strategy",
            "random_share",
            "duplicates",
            "outliers",
            "balance",
            "size",
            "queued",
            "streaming",
            "seen",
            "phase",
            "progress",
            "error",
            "created_at",
            "finished_at",
            "version",
        ]


class Rounds(ListCreateAPIView):
    """The rounds in which a data set chose what to ask about, the latest first. For the owner."""

    queryset = SamplingRound.objects.none()
    serializer_class = RoundOut

    def get_queryset(self) -> QuerySet[SamplingRound]:
        rounds = dataset_write(self.request, self.kwargs["pk"]).rounds
        return rounds.select_related("version", "stream").defer("stream__arrays")

    @extend_schema(request=None, responses={202: RoundOut})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Choose anew by the data set's policy, in the background; a round that waits already takes it over."""
        current = round_request(dataset=dataset_write(request, kwargs["pk"]))
        return Response(RoundOut(current).data, status.HTTP_202_ACCEPTED)


class PickOut(serializers.ModelSerializer):
    class Meta:
        model = Pick
        fields = ["image", "rank", "score", "reason"]


class Picks(ListAPIView):
    """What a round chose, the first to be asked first, and what chose each. For the owner."""

    queryset = Pick.objects.none()
    serializer_class = PickOut

    def get_queryset(self) -> QuerySet[Pick]:
        rounds = dataset_write(self.request, self.kwargs["pk"]).rounds
        found = rounds.filter(pk=self.kwargs["number"]).first()
        if found is None:
            raise Http404
        return found.picks.order_by("rank")


class ScoreIn(serializers.Serializer):
    image = serializers.CharField(max_length=300, help_text="Its name, or id:NUMBER.")
    score = serializers.FloatField(help_text="The highest is asked first.")


class ScoresIn(serializers.Serializer):
    scores = ScoreIn(many=True, allow_empty=False, max_length=MOST_SCORES)


class LeftOut(serializers.Serializer):
    row = serializers.IntegerField(help_text="From 1.")
    reason = serializers.CharField()


class ScoresOut(serializers.Serializer):
    queued = serializers.IntegerField(help_text="Images that are asked in this order.")
    left_out = serializers.IntegerField()
    first = LeftOut(many=True, help_text="The first of those that were left out.")


class Scores(APIView):
    @extend_schema(request=ScoresIn, responses=ScoresOut)
    def post(self, request: Request, pk: int) -> Response:
        """Ask in the order of these scores, in place of what nobody has begun. For the owner."""
        dataset = dataset_write(request, pk)
        pairs = [(row["image"], row["score"]) for row in given(request.data, ScoresIn)["scores"]]
        done = scores_import(dataset=dataset, table=from_pairs(pairs), by=request.user)
        return Response(ScoresOut({"queued": done.queued, **_left_out(done.bad)}).data)


def _left_out(bad: BadRows) -> dict[str, Any]:
    return {"left_out": bad.count, "first": [{"row": row, "reason": reason} for row, reason in bad.first]}
