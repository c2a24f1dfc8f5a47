from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.doors import given, network_of
from annotations.access_unseen import unseen_own
from annotations.api.options import OptionOut
from annotations.identity import annotator_of
from annotations.models import Unseen, UnseenKind, UnseenWay
from annotations.ranges import sound_response
from annotations.selectors_unseen import questions_of, sound_of, work_of
from annotations.services.networks import network_admit, network_noted
from annotations.services.refusals import ChallengeGone, TooManyTries
from annotations.services.unseen import is_open, unseen_answer, unseen_issue
from annotations.spoken import options_spoken, spoken


class UnseenIn(serializers.Serializer):
    kind = serializers.ChoiceField(UnseenKind.choices)
    way = serializers.ChoiceField(UnseenWay.choices, default=UnseenWay.WORK)


class UnseenQuestionOut(serializers.Serializer):
    asks = serializers.CharField()
    sound = serializers.URLField(allow_null=True, help_text="A WAV file, of a question about a sound.")
    options = OptionOut(many=True)


class WorkOut(serializers.Serializer):
    """For each piece, from 0: a number so that SHA-256 of «prefix:piece:number» begins with so many zero bits."""

    prefix = serializers.CharField()
    bits = serializers.IntegerField()
    pieces = serializers.IntegerField()


class UnseenOut(serializers.ModelSerializer):
    kind = serializers.ChoiceField(UnseenKind.choices, read_only=True)
    way = serializers.ChoiceField(UnseenWay.choices, read_only=True)
    questions = serializers.SerializerMethodField()
    work = serializers.SerializerMethodField(help_text="What is to be done besides; null where some time must pass.")

    class Meta:
        model = Unseen
        fields = ["id", "kind", "way", "questions", "work", "opens_at", "expires_at"]

    @extend_schema_field(UnseenQuestionOut(many=True))
    def get_questions(self, unseen: Unseen) -> Any:
        shown = [
            {
                "asks": spoken(one.question.asks),
                "options": options_spoken(one.question.options),
                "sound": self._sound(unseen, place, one.sound),
            }
            for place, one in enumerate(questions_of(unseen))
        ]
        return UnseenQuestionOut(shown, many=True).data

    @extend_schema_field(WorkOut(allow_null=True))
    def get_work(self, unseen: Unseen) -> Any:
        work = work_of(unseen)
        return WorkOut(work).data if work else None

    def _sound(self, unseen: Unseen, place: int, sound: str | None) -> str | None:
        return reverse("api-unseen-sound", [unseen.pk, place], request=self.context["request"]) if sound else None


class UnseenAnswerIn(serializers.Serializer):
    answers = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=20, help_text="An option's value for each question."
    )
    work = serializers.ListField(
        child=serializers.CharField(max_length=20), max_length=64, default=list, help_text="A number for each piece."
    )


class VerdictOut(serializers.Serializer):
    passed = serializers.BooleanField()


class AskUnseen(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(request=UnseenIn, responses={201: UnseenOut})
    def post(self, request: Request) -> Response:
        """Ask for questions without pictures: a verdict, and no votes. It takes neither account nor data set."""
        asked, annotator = given(request.data, UnseenIn), annotator_of(request)
        try:
            network_admit(network=network_of(request), annotator=annotator, unseen=True)
            unseen = unseen_issue(annotator=annotator, **asked)
        except TooManyTries as wait:
            throttled = Throttled(wait.seconds)
            throttled.detail = str(wait)
            raise throttled from None
        return Response(UnseenOut(unseen, context={"request": request}).data, status.HTTP_201_CREATED)


class OneUnseen(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=UnseenOut)
    def get(self, request: Request, pk: UUID) -> Response:
        """Questions of yours, for as long as they are open."""
        unseen = unseen_own(request, pk)
        if not is_open(unseen):
            raise Http404
        return Response(UnseenOut(unseen, context={"request": request}).data)


class UnseenSound(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses={(200, "audio/wav"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID, place: int) -> HttpResponse:
        """What the question at this place, from 0, lets you hear."""
        unseen = unseen_own(request, pk)
        if not is_open(unseen):
            raise Http404
        try:
            sound = sound_of(unseen, place)
        except LookupError:
            raise Http404 from None
        return sound_response(request, sound)


class UnseenAnswer(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(request=UnseenAnswerIn, responses=VerdictOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Answer them, once. What can't be judged (an open question, work that isn't done, too early) is a 400 and
        leaves them open."""
        unseen = unseen_own(request, pk)
        if not is_open(unseen):
            raise ChallengeGone(gettext("These questions were answered or replaced already, or are too old."))
        data = given(request.data, UnseenAnswerIn)
        passed = unseen_answer(unseen=unseen, said=data["answers"], done=data["work"])
        if not passed:
            network_noted(network=network_of(request), annotator=unseen.annotator, passed=False)
        return Response(VerdictOut({"passed": passed}).data)
