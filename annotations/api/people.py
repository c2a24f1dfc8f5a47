"""Reviewers look at people: who is flagged, on what evidence, and what is decided."""

from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers, given
from annotations.evidence import answering, confusions
from annotations.models import Annotator, Decision, DecisionRefit, Flag, FlagState, Reliability, Verdict
from annotations.services.review import decision_make


class PersonOut(serializers.ModelSerializer):
    name = serializers.CharField(source="__str__", read_only=True)
    open_flags = serializers.IntegerField(read_only=True)
    flagged_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Annotator
        fields = ["id", "name", "created_at", "blocked_at", "open_flags", "flagged_at"]


class PersonFilter(serializers.Serializer):
    state = serializers.ChoiceField(
        [*FlagState.values, "blocked"], required=False, help_text="With a flag in this state, or blocked."
    )


class People(ListAPIView):
    """Everybody who has answered, those with open flags first."""

    permission_classes = (Reviewers,)
    queryset = Annotator.objects.none()
    serializer_class = PersonOut

    def get_queryset(self) -> QuerySet[Annotator]:
        state = given(self.request.query_params, PersonFilter).get("state")
        return standing(state).order_by("-open_flags", F("flagged_at").desc(nulls_last=True), "pk")

    @extend_schema(parameters=[PersonFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class FlagOut(serializers.ModelSerializer):
    class Meta:
        model = Flag
        fields = ["dataset", "kind", "reason", "evidence", "state", "raised_at", "resolved_at"]


class RefitOut(serializers.ModelSerializer):
    state = serializers.CharField(read_only=True, help_text="waiting, running, done or failed.")
    images_changed = serializers.IntegerField(source="changed", read_only=True, allow_null=True)

    class Meta:
        model = DecisionRefit
        fields = ["state", "images_changed"]


class DecisionOut(serializers.ModelSerializer):
    decided_by = serializers.CharField(read_only=True, allow_null=True)
    refit = RefitOut(read_only=True, allow_null=True, help_text="Null where it was worked out at once.")

    class Meta:
        model = Decision
        fields = ["verdict", "note", "decided_by", "created_at", "refit"]


class StandingOut(serializers.ModelSerializer):
    name = serializers.CharField(source="dataset.name", read_only=True)

    class Meta:
        model = Reliability
        fields = ["dataset", "name", "accuracy", "low", "high", "weight", "evidence", "trusted", "bits"]


class ConfusionOut(serializers.Serializer):
    dataset = serializers.IntegerField()
    truth = serializers.CharField()
    answered = serializers.CharField()
    count = serializers.FloatField(help_text="Expected count: a vote counts by what the image probably is.")


class AnsweringOut(serializers.Serializer):
    answered = serializers.IntegerField()
    passed = serializers.IntegerField()
    median_seconds = serializers.FloatField(allow_null=True)
    quickest_seconds = serializers.FloatField(allow_null=True)


class EvidenceOut(PersonOut):
    faces = serializers.IntegerField(source="faces.count", read_only=True, help_text="Visitors who were them.")
    reliability = StandingOut(source="reliabilities.all", many=True, read_only=True)
    confusion = serializers.SerializerMethodField()
    answering = serializers.SerializerMethodField()
    flags = FlagOut(many=True, read_only=True)
    decisions = DecisionOut(many=True, read_only=True)

    class Meta(PersonOut.Meta):
        fields = [*PersonOut.Meta.fields, "faces", "reliability", "confusion", "answering", "flags", "decisions"]

    def get_confusion(self, person: Annotator) -> ConfusionOut(many=True):
        return ConfusionOut(confusions(person), many=True).data

    def get_answering(self, person: Annotator) -> AnsweringOut:
        return AnsweringOut(answering(person)).data


class Evidence(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(responses=EvidenceOut)
    def get(self, request: Request, pk: int) -> Response:
        """What speaks for and against a person."""
        people = standing().prefetch_related(
            "reliabilities__dataset__classes", "flags", "decisions__decided_by", "decisions__refit"
        )
        return Response(EvidenceOut(get_object_or_404(people, pk=pk)).data)


class DecisionIn(serializers.Serializer):
    verdict = serializers.ChoiceField(Verdict.choices)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class EffectOut(serializers.Serializer):
    images_changed = serializers.IntegerField(
        source="changed",
        allow_null=True,
        help_text="Images whose label or state is another one now; null while that is being worked out.",
    )
    state = serializers.CharField(
        help_text="done; or waiting, where the images are worked out in the background: the person’s decisions tell."
    )


class Decisions(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(request=DecisionIn, responses={201: EffectOut})
    def post(self, request: Request, pk: int) -> Response:
        """Block, clear or reinstate. Nothing is destroyed: reinstating brings all of it back."""
        person = get_object_or_404(Annotator, pk=pk)
        data = given(request.data, DecisionIn)
        effect = decision_make(annotator=person, by=request.user, **data)
        return Response(EffectOut(effect).data, status.HTTP_201_CREATED)


def standing(state: str | None = None) -> QuerySet[Annotator]:
    """People, not faces, with their flags counted."""
    people = Annotator.objects.filter(same_as=None).select_related("user")
    if state == "blocked":
        people = people.exclude(blocked_at=None)
    elif state:
        people = people.filter(pk__in=Flag.objects.filter(state=state).values("annotator"))
    open_flags = Count("flags", filter=Q(flags__state=FlagState.OPEN))
    return people.annotate(open_flags=open_flags, flagged_at=Max("flags__raised_at"))
