from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from annotations.access_review import annotator_judged
from annotations.forms_scoreboard import TAKEN, ListingForm
from annotations.models import Annotator
from annotations.scoreboard import name_of, scoreboard
from annotations.selectors import approved
from annotations.services.listing import NameTaken, listing_change


class BoardFilter(serializers.Serializer):
    dataset = serializers.IntegerField(required=False, help_text="One data set; all that the public is asked about.")
    span = serializers.ChoiceField(["week", "all"], required=False, default="week")


class PlaceOut(serializers.Serializer):
    rank = serializers.IntegerField()
    name = serializers.CharField(help_text="As they chose, else a number that tells nothing.")
    score = serializers.IntegerField(help_text="Bits that their answers have told.")
    you = serializers.BooleanField()


class ScoreboardOut(serializers.Serializer):
    places = PlaceOut(many=True)
    own = PlaceOut(allow_null=True, help_text="Yours, where it is further down than these.")


class Scoreboard(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[BoardFilter], responses=ScoreboardOut)
    def get(self, request: Request) -> Response:
        """Who has told the models most, by answers and reliability: the last seven days, or since the beginning."""
        asked = given(request.query_params, BoardFilter)
        dataset = get_object_or_404(approved(), pk=asked["dataset"]) if "dataset" in asked else None
        board = scoreboard(dataset=dataset, lately=asked["span"] == "week", you=annotator_judged(request))
        return Response(ScoreboardOut(board).data)


class ListingIn(serializers.Serializer):
    listed = serializers.BooleanField(required=False)
    public_name = serializers.CharField(required=False, allow_blank=True, max_length=30, help_text="Of an account.")


class ListingOut(serializers.Serializer):
    listed = serializers.BooleanField()
    public_name = serializers.CharField()
    shown_as = serializers.CharField()


class Listing(APIView):
    """How you stand on the scoreboard. Who has never answered stands nowhere: 404."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=ListingOut)
    def get(self, request: Request) -> Response:
        return Response(_out(self._you(request)))

    @extend_schema(request=ListingIn, responses=ListingOut)
    def patch(self, request: Request) -> Response:
        """Be listed or not, at once; and under which name."""
        you, wanted = self._you(request), given(request.data, ListingIn)
        form = ListingForm({**_out(you), **wanted}, annotator=you)
        if not form.is_valid():
            raise serializers.ValidationError(form.errors)
        try:
            name = form.cleaned_data.get("public_name", "")
            listing_change(annotator=you, listed=form.cleaned_data["listed"], public_name=name)
        except NameTaken:
            raise serializers.ValidationError({"public_name": [TAKEN]}) from None
        you.refresh_from_db()
        return Response(_out(you))

    def _you(self, request: Request) -> Annotator:
        known = annotator_judged(request)
        person = known.person_id if known else None
        return get_object_or_404(Annotator, pk=person)


def _out(you: Annotator) -> dict[str, object]:
    return {"listed": not you.unlisted, "public_name": you.public_name, "shown_as": name_of(you)}
