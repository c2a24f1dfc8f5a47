"""What a decision about somebody would do, and one decision about several people."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers, given
from annotations.api.people import DecisionIn, EffectOut
from annotations.models import Annotator, Verdict
from annotations.services.effects import decision_preview
from annotations.services.review import decisions_make


class EffectFilter(serializers.Serializer):
    verdict = serializers.ChoiceField(Verdict.choices, default=Verdict.BLOCK)


class PreviewOut(serializers.Serializer):
    lost = serializers.IntegerField(help_text="Images that would lose their accepted label.")
    gained = serializers.IntegerField(help_text="Images that would get one.")
    changed = serializers.IntegerField(help_text="Images whose label or state would be another one, those included.")
    images = serializers.IntegerField(help_text="Images that they answered.")
    votes = serializers.IntegerField()
    about = serializers.BooleanField(help_text="By everybody's present parameters; the decision fits them anew.")


class EffectPreview(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(parameters=[EffectFilter], responses=PreviewOut)
    def get(self, request: Request, pk: int) -> Response:
        """What a decision would do, before it is made."""
        person = get_object_or_404(Annotator, pk=pk)
        verdict = given(request.query_params, EffectFilter)["verdict"]
        return Response(PreviewOut(decision_preview(annotator=person, verdict=Verdict(verdict))).data)


class SeveralIn(DecisionIn):
    annotators = serializers.PrimaryKeyRelatedField(queryset=Annotator.objects.all(), many=True, allow_empty=False)


class SeveralDecisions(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(request=SeveralIn, responses={201: EffectOut})
    def post(self, request: Request) -> Response:
        """The same verdict on several people, all or none."""
        effect = decisions_make(by=request.user, **given(request.data, SeveralIn))
        return Response(EffectOut(effect).data, status.HTTP_201_CREATED)
