from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given, network_of
from annotations.api.access import challenge_own
from annotations.challenges.naming import CANT_TELL
from annotations.models import AnswerKind, Challenge, SecondThought
from annotations.services.answering import Result, challenge_answer, challenge_cant_tell
from annotations.services.networks import network_noted
from annotations.services.reports import report_tile

SAID = {AnswerKind.CHOICE: "is", AnswerKind.YES: "is", AnswerKind.NO: "is not"}


@extend_schema_field(
    {
        "oneOf": [
            {
                "type": "string",
                "description": "A strip's keys, ? for «can't tell»; none, of a grid; a single ?: you can't tell any.",
            },
            {
                "type": "array",
                "items": {"type": "integer"},
                "description": "The positions selected on a grid, none or more.",
            },
            {
                "type": "array",
                "items": {"type": "string"},
                "description": "A class name for each tile of a strip, or for each question one of its options.",
            },
        ]
    }
)
class RawAnswer(serializers.JSONField):
    pass


class AnswerIn(serializers.Serializer):
    # Read by its own name and nothing else: what a client says of truths or verdicts is not even looked at.
    answer = RawAnswer()


class ResultOut(serializers.Serializer):
    passed = serializers.BooleanField(allow_null=True, help_text="Null: you couldn't tell, so there is no verdict.")
    votes = serializers.IntegerField(help_text="How many tiles you said something new about.")


class SaidOut(serializers.Serializer):
    position = serializers.IntegerField()
    said = serializers.ChoiceField(["is", "is not"])
    label = serializers.CharField()


class Answer(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=SaidOut(many=True))
    def get(self, request: Request, dataset: int, pk: UUID) -> Response:
        """What you said of each tile, once you have answered."""
        challenge = challenge_own(request, dataset, pk)
        if challenge.answered_at is None:
            raise Http404
        return Response(SaidOut(tiles_said(challenge), many=True).data)

    @extend_schema(request=AnswerIn, responses=ResultOut)
    def post(self, request: Request, dataset: int, pk: UUID) -> Response:
        """Answer it, once. An answer that can't be read is a 400 and leaves the challenge open."""
        challenge = challenge_own(request, dataset, pk)
        raw = given(request.data, AnswerIn)["answer"]
        # Under the face that was asked: a visitor may have logged in since.
        if raw == CANT_TELL:
            challenge_cant_tell(challenge=challenge, annotator=challenge.annotator)
            return Response(ResultOut(Result(passed=None, votes=0)).data)
        result = challenge_answer(challenge=challenge, annotator=challenge.annotator, raw=raw)
        network_noted(network=network_of(request), annotator=challenge.annotator, passed=result.passed)
        return Response(ResultOut(result).data)


class ReportIn(serializers.Serializer):
    position = serializers.IntegerField(min_value=0, max_value=99)


class Report(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(request=ReportIn, responses={201: ReportIn})
    def post(self, request: Request, dataset: int, pk: UUID) -> Response:
        """«Not fit to show»: the picture at this position is withdrawn at once, until a reviewer has seen it."""
        challenge = challenge_own(request, dataset, pk)
        data = given(request.data, ReportIn)
        get_object_or_404(challenge.tiles, position=data["position"])
        report_tile(challenge=challenge, position=data["position"], annotator=challenge.annotator)
        return Response(data, status.HTTP_201_CREATED)


def tiles_said(challenge: Challenge) -> list[dict[str, object]]:
    """By position, whichever ledger a row stands in: which tiles were controls stays untold."""
    name_of = dict(challenge.dataset.classes.values_list("index", "name"))
    return [
        {"position": position, "said": SAID[AnswerKind(kind)], "label": name_of[answer]}
        for position, kind, answer in sorted(_rows_said(challenge))
    ]


def _rows_said(challenge: Challenge) -> list[tuple[int, int, int]]:
    """(position, kind, class), by their second thought where they had one: the ledger has it of unknowns alone."""
    if second := SecondThought.objects.filter(challenge=challenge).first():
        return [(position, kind, answer) for position, kind, answer in second.said]
    position_of = dict(challenge.tiles.values_list("image", "position"))
    fields = ("image", "kind", "answer")
    rows = [*challenge.votes.values_list(*fields), *challenge.controlanswers.values_list(*fields)]
    return [(position_of[image], kind, answer) for image, kind, answer in rows]
