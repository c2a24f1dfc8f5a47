from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.sites import access_owner as access
from annotations.sites.condition import chosen_of, warnings_of
from annotations.sites.figures import days_of, total_of


class FiguresOut(serializers.Serializer):
    visits = serializers.IntegerField()
    answered = serializers.IntegerField(help_text="Visits with an answer that was judged.")
    passed = serializers.IntegerField()
    pass_rate = serializers.FloatField(allow_null=True, help_text="Passed of answered, 0 to 1.")
    labels = serializers.IntegerField(help_text="What was said about pictures that nobody had named.")


class DayOut(serializers.Serializer):
    date = serializers.DateField()
    figures = FiguresOut()


class SiteFiguresOut(FiguresOut):
    days = DayOut(many=True, help_text="The last thirty days, today the last.")
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What keeps it from its work.")


class SiteFigures(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=SiteFiguresOut)
    def get(self, request: Request, pk: int) -> Response:
        """Who was asked there in the last thirty days, who passed, and what labels that brought."""
        site = access.site_own(request, pk)
        days = days_of(site)
        figures = FiguresOut(total_of(days)).data
        warnings = warnings_of(site, chosen_of(site))
        return Response(SiteFiguresOut({**figures, "days": days, "warnings": warnings}).data)
