"""Objections of annotators to how they were judged, and the reviewers' answers."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers, given
from annotations import access_review
from annotations.api.access import faces_known
from annotations.models import Appeal, AppealState
from annotations.services.appeals import appeal_decide, appeal_make


class AppealOut(serializers.ModelSerializer):
    state = serializers.CharField(read_only=True, help_text="open, granted or declined.")

    class Meta:
        model = Appeal
        fields = ["id", "annotator", "dataset", "text", "state", "answer", "created_at", "decided_at"]


class AppealIn(serializers.Serializer):
    dataset = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    text = serializers.CharField(max_length=1000)


class OwnAppeals(ListAPIView):
    """Your appeals and what became of them, the latest first."""

    permission_classes = (AllowAny,)
    queryset = Appeal.objects.none()
    serializer_class = AppealOut

    def get_queryset(self) -> QuerySet[Appeal]:
        return Appeal.objects.filter(annotator__in=faces_known(self.request)).order_by("-created_at", "-pk")

    @extend_schema(request=AppealIn, responses={201: AppealOut})
    def post(self, request: Request) -> Response:
        """Object to how you were judged in a data set that you answered in; one open appeal each."""
        data = given(request.data, AppealIn)
        annotator, dataset = access_review.dataset_judged(request, data["dataset"])
        appeal = appeal_make(annotator=annotator, dataset=dataset, text=data["text"])
        return Response(AppealOut(appeal).data, status.HTTP_201_CREATED)


class AppealFilter(serializers.Serializer):
    state = serializers.ChoiceField(AppealState.choices, default=AppealState.OPEN)


class Appeals(ListAPIView):
    """Everybody's appeals, the oldest first."""

    permission_classes = (Reviewers,)
    queryset = Appeal.objects.none()
    serializer_class = AppealOut

    def get_queryset(self) -> QuerySet[Appeal]:
        state = given(self.request.query_params, AppealFilter)["state"]
        return Appeal.objects.filter(state=state).order_by("created_at", "pk")

    @extend_schema(parameters=[AppealFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class AppealDecisionIn(serializers.Serializer):
    grant = serializers.BooleanField()
    answer = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class AppealDecision(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(request=AppealDecisionIn, responses=AppealOut)
    def post(self, request: Request, pk: int) -> Response:
        """Grant it, which reinstates or clears the person, or decline it."""
        appeal = access_review.appeal_review(request, pk)
        data = given(request.data, AppealDecisionIn)
        return Response(AppealOut(appeal_decide(appeal=appeal, by=request.user, **data)).data)
