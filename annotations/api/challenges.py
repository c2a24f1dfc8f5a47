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

from accounts.doors import given
from annotations.api.access import challenge_own, challenges_own, dataset_asked
from annotations.challenges.registry import KINDS
from annotations.challenges.strip import is_typed
from annotations.challenges.tiles import offered_keys
from annotations.identity import annotator_of
from annotations.models import Challenge, ChallengeState
from annotations.services.challenges import TooManyTries, challenge_issue, challenge_picture, keys_of
from gallery.models import DataSet


class KeyOut(serializers.Serializer):
    name = serializers.CharField()
    key = serializers.CharField(allow_blank=True)


class ChallengeOut(serializers.ModelSerializer):
    """All that a solver gets to know. Nothing here differs between a tile that is checked and one that isn't."""

    kind = serializers.ChoiceField(list(KINDS), read_only=True)
    prompt = serializers.SerializerMethodField()
    target = serializers.SerializerMethodField(help_text="The class that a grid asks for.")
    tiles = serializers.SerializerMethodField(help_text="How many, in reading order from position 0.")
    columns = serializers.SerializerMethodField()
    sprite = serializers.SerializerMethodField(help_text="One picture of all the tiles.")
    classes = serializers.SerializerMethodField(help_text="What a strip's tiles can be named.")

    class Meta:
        model = Challenge
        fields = ["id", "kind", "prompt", "target", "tiles", "columns", "sprite", "expires_at", "classes"]

    def get_prompt(self, challenge: Challenge) -> str:
        return prompt(challenge, self.context["dataset"])

    def get_target(self, challenge: Challenge) -> str | None:
        return target_name(challenge, self.context["dataset"])

    def get_tiles(self, challenge: Challenge) -> int:
        return KINDS[challenge.kind].size

    def get_columns(self, challenge: Challenge) -> int:
        return KINDS[challenge.kind].columns

    @extend_schema_field(serializers.URLField)
    def get_sprite(self, challenge: Challenge) -> str:
        return reverse(
            "api-challenge-sprite", [challenge.dataset_id, challenge.pk], request=self.context.get("request")
        )

    @extend_schema_field(KeyOut(many=True))
    def get_classes(self, challenge: Challenge) -> list[dict[str, str]]:
        if challenge.target is not None:
            return []
        return [{"name": name, "key": key} for key, name in offered_keys(keys_of(self.context["dataset"]))]


class ChallengeStanding(serializers.ModelSerializer):
    kind = serializers.ChoiceField(list(KINDS), read_only=True)

    class Meta:
        model = Challenge
        fields = ["id", "kind", "state", "issued_at", "expires_at", "answered_at"]


class ChallengeIn(serializers.Serializer):
    kind = serializers.CharField(max_length=10, required=False, help_text="grid or strip; either without it.")


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
        try:
            challenge = challenge_issue(dataset=dataset, annotator=annotator_of(request), kind=kind)
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
        challenge = challenge_own(request, dataset, pk)
        if challenge.state != ChallengeState.OPEN or challenge.expires_at <= timezone.now():
            raise Http404
        picture = challenge_picture(challenge)
        return HttpResponse(picture, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


def target_name(challenge: Challenge, dataset: DataSet) -> str | None:
    return None if challenge.target is None else keys_of(dataset)[challenge.target][1]


def prompt(challenge: Challenge, dataset: DataSet) -> str:
    if challenge.target is not None:
        return f"Select every {target_name(challenge, dataset)}"
    keys, size = offered_keys(keys_of(dataset)), KINDS[challenge.kind].size
    if not is_typed(keys):
        return f"Name each of the {size} pictures: {', '.join(name for _, name in keys)}"
    if all(key == name for key, name in keys):
        return f"Type the {size} characters you see"
    return f"Type one key a picture, {size} in all: {', '.join(f'{key} for {name}' for key, name in keys)}"


def _out(challenge: Challenge, request: Request) -> Any:
    return ChallengeOut(challenge, context={"request": request, "dataset": challenge.dataset}).data
