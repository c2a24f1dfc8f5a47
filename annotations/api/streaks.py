from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.access_review import annotator_judged
from annotations.services.streaks import streak_of
from annotations.streaks import Run


class StreakOut(serializers.Serializer):
    run = serializers.IntegerField(help_text="Challenges passed in a row, over all data sets.")
    best = serializers.IntegerField()
    days = serializers.IntegerField(help_text="Days in a row with one that was passed, up to today or yesterday.")
    best_days = serializers.IntegerField()


class OwnStreak(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=StreakOut)
    def get(self, request: Request) -> Response:
        """Your streak. What you skip, or can't tell, doesn't end it; a verdict that you don't know yet isn't in it."""
        you = annotator_judged(request)
        streak = streak_of(you) if you else Run()
        days = streak.days_by(timezone.localdate())
        return Response(
            StreakOut({"run": streak.run, "best": streak.best, "days": days, "best_days": streak.best_days}).data
        )
