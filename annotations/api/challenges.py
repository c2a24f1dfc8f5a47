from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import Throttled
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.doors import given, network_of
from annotations.api.access import challenge_own, challenges_own, dataset_asked
from annotations.api.options import OptionOut
from annotations.challenges.registry import CHOICES, KINDS
from annotations.challenges.tiles import Composed, offered_keys
from annotations.identity import annotator_of
from annotations.models import Challenge, ChallengeState
from annotations.selectors import keys_of
from annotations.services.answering import composed_of
from annotations.services.issuing import challenge_issue
from annotations.services.networks import network_admit
from annotations.services.pictures import challenge_picture
from annotations.services.refusals import TooManyTries
from annotations.spoken import options_spoken, spoken
from gallery.models import DataSet


class KeyOut(serializers.Serializer):
    name = serializers.CharField()
    key = serializers.CharField(allow_blank=True)


class QuestionOut(serializers.Serializer):
    asks = serializers.CharField()
    options = OptionOut(many=True)


class ChallengeOut(serializers.ModelSerializer):
    """All that a solver gets to know. Nothing here differs between a tile that is checked and one that isn't."""

    kind = serializers.ChoiceField(CHOICES, read_only=True)
    prompt = serializers.SerializerMethodField()
    target = serializers.SerializerMethodField(help_text="The class that a grid asks for.")
    tiles = serializers.SerializerMethodField(help_text="How many, in reading order from position 0.")
    example = serializers.SerializerMethodField(
        help_text="The position in the sprite, after the tiles, of a picture that shows what is asked for: to be shown "
        "beside them, and not asked about. Null where there is none."
    )
    columns = serializers.SerializerMethodField()
    sprite = serializers.SerializerMethodField(help_text="One picture of all the tiles, and of the example.")
    classes = serializers.SerializerMethodField(help_text="What a strip's tiles can be named.")
    questions = serializers.SerializerMethodField(help_text="What is asked of each tile, or of each row, in order.")
    without_pictures = serializers.SerializerMethodField(help_text="Where to ask for something else, that is not seen.")

    class Meta:
        model = Challenge
        fields = ["id", "kind", "prompt", "target", "tiles", "example", "columns", "sprite", "expires_at"]
        fields += ["classes", "questions", "without_pictures"]

    def _composed(self, challenge: Challenge) -> Composed:
        if "composed" not in self.context:
            self.context["composed"] = composed_of(challenge)
        return self.context["composed"]

    def get_prompt(self, challenge: Challenge) -> str:
        return spoken(KINDS[challenge.kind].prompt(self._composed(challenge), keys_of(self.context["dataset"])))

    def get_target(self, challenge: Challenge) -> str | None:
        # Where an example shows it, its name has no part in the question.
        return None if KINDS[challenge.kind].references else target_name(challenge, self.context["dataset"])

    def get_tiles(self, challenge: Challenge) -> int:
        return KINDS[challenge.kind].size

    def get_example(self, challenge: Challenge) -> int | None:
        kind = KINDS[challenge.kind]
        return kind.size if kind.references else None

    def get_columns(self, challenge: Challenge) -> int:
        return KINDS[challenge.kind].columns

    @extend_schema_field(serializers.URLField)
    def get_sprite(self, challenge: Challenge) -> str:
        return reverse(
            "api-challenge-sprite", [challenge.dataset_id, challenge.pk], request=self.context.get("request")
        )

    @extend_schema_field(KeyOut(many=True))
    def get_classes(self, challenge: Challenge) -> list[dict[str, str]]:
        if KINDS[challenge.kind].form != "name":
            return []
        return [{"name": name, "key": key} for key, name in offered_keys(keys_of(self.context["dataset"]))]

    @extend_schema_field(QuestionOut(many=True))
    def get_questions(self, challenge: Challenge) -> Any:
        asked = KINDS[challenge.kind].questions(self._composed(challenge), keys_of(self.context["dataset"]))
        shown = [{"asks": spoken(one.asks), "options": options_spoken(one.options)} for one in asked]
        return QuestionOut(shown, many=True).data

    @extend_schema_field(serializers.URLField)
    def get_without_pictures(self, challenge: Challenge) -> str:
        return reverse("api-unseen", request=self.context.get("request"))


class ChallengeStanding(serializers.ModelSerializer):
    kind = serializers.ChoiceField(CHOICES, read_only=True)
    state = serializers.SerializerMethodField(help_text="answered: given on the page, which tells the verdict later.")

    class Meta:
        model = Challenge
        fields = ["id", "kind", "state", "issued_at", "expires_at", "answered_at"]

    @extend_schema_field(serializers.ChoiceField([*ChallengeState.values, "answered"]))
    def get_state(self, challenge: Challenge) -> str:
        return "answered" if hasattr(challenge, "withheld") else challenge.state


class ChallengeIn(serializers.Serializer):
    kind = serializers.CharField(
        max_length=20, required=False, help_text="One of those that the data set asks; any of them without it."
    )


class Challenges(ListAPIView):
    """The challenges that you were given here, the latest first."""

    permission_classes = (AllowAny,)
    queryset = Challenge.objects.none()
    serializer_class = ChallengeStanding

    def get_queryset(self) -> QuerySet[Challenge]:
        return challenges_own(self.request, self.kwargs["pk"])

    @extend_schema(request=ChallengeIn, responses={201: ChallengeOut})
    def post(self, request: Request, pk: int) -> Response:
        """Ask for a challenge. It takes no account: a visitor is known by a cookie. The one before it is replaced."""
        dataset = dataset_asked(request, pk)
        kind = given(request.data, ChallengeIn).get("kind")
        annotator = annotator_of(request)
        try:
            network_admit(network=network_of(request), annotator=annotator)
            challenge = challenge_issue(dataset=dataset, annotator=annotator, kind=kind)
        except TooManyTries as wait:
            throttled = Throttled(wait.seconds)
            throttled.detail = str(wait)
            raise throttled from None
        return Response(_out(challenge, request), status.HTTP_201_CREATED)


class OneChallenge(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=ChallengeOut)
    def get(self, request: Request, dataset: int, pk: UUID) -> Response:
        """A challenge of yours, as it was given."""
        return Response(_out(challenge_own(request, dataset, pk), request))


class Sprite(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, dataset: int, pk: UUID) -> HttpResponse:
        """The tiles in one picture, for the person who was asked, for as long as the challenge is open."""
        challenge = challenge_own(request, dataset, pk, classes=False)
        if challenge.state != ChallengeState.OPEN or challenge.expires_at <= timezone.now():
            raise Http404
        picture = challenge_picture(challenge)
        return HttpResponse(picture, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


def target_name(challenge: Challenge, dataset: DataSet) -> str | None:
    return None if challenge.target is None else keys_of(dataset)[challenge.target][1]


def _out(challenge: Challenge, request: Request) -> Any:
    return ChallengeOut(challenge, context={"request": request, "dataset": challenge.dataset}).data
