from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers, given
from annotations.models import Report, ReportState
from annotations.services.publication import NotNow
from annotations.services.reports import report_decide


class ReportOut(serializers.ModelSerializer):
    dataset = serializers.IntegerField(source="image.dataset_id", read_only=True)
    by = serializers.CharField(source="annotator", read_only=True)

    class Meta:
        model = Report
        fields = ["id", "image", "dataset", "by", "state", "created_at", "decided_at"]


class ReportFilter(serializers.Serializer):
    state = serializers.ChoiceField(ReportState.choices, default=ReportState.OPEN)


class Reports(ListAPIView):
    """Pictures that somebody found not fit to show."""

    permission_classes = (Reviewers,)
    queryset = Report.objects.none()
    serializer_class = ReportOut

    def get_queryset(self) -> QuerySet[Report]:
        state = given(self.request.query_params, ReportFilter)["state"]
        return Report.objects.filter(state=state).select_related("image", "annotator__user")

    @extend_schema(parameters=[ReportFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class UpholdIn(serializers.Serializer):
    uphold = serializers.BooleanField()


class ReportDecision(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(request=UpholdIn, responses=ReportOut)
    def post(self, request: Request, pk: int) -> Response:
        """Take the picture out for good, or put it back. It settles every open report of the picture."""
        report = get_object_or_404(Report.objects.select_related("image", "annotator__user"), pk=pk)
        uphold = given(request.data, UpholdIn)["uphold"]
        if report.state != ReportState.OPEN:
            raise NotNow("A reviewer has decided on this report already.")
        report_decide(report=report, uphold=uphold, by=request.user)
        report.refresh_from_db(fields=["state", "decided_at"])
        return Response(ReportOut(report).data)
