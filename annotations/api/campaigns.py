from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Share, given
from annotations.challenges.registry import CHOICES, refusal
from annotations.models import Campaign
from annotations.selectors import campaign_of, keys_of
from annotations.services.campaigns import campaign_change
from annotations.services.publication import publication_request, publication_withdraw
from gallery.access import dataset_write

STEPS = {"request": publication_request, "withdraw": publication_withdraw}


class KindsField(serializers.ListField):
    """Names of kinds, each once, in their usual order."""

    child = serializers.ChoiceField(CHOICES)

    def to_internal_value(self, data: Any) -> list[str]:
        named = super().to_internal_value(data)
        return [name for name, _ in CHOICES if name in named]


class CampaignOut(serializers.ModelSerializer):
    kinds = KindsField(read_only=True)

    class Meta:
        model = Campaign
        fields = [
            "publication",
            "threshold",
            "minimum_trusted",
            "cap",
            "use_model",
            "kinds",
            "flips",
            "ended_at",
            "ended_because",
        ]
        read_only_fields = ["ended_at", "ended_because"]


class CampaignChange(serializers.Serializer):
    threshold = Share(min_value=0.5)
    minimum_trusted = serializers.IntegerField(min_value=1, max_value=100)
    cap = serializers.IntegerField(min_value=1, max_value=1000)
    use_model = serializers.BooleanField(help_text="The model's word counts as one more annotator's.")
    kinds = KindsField(allow_empty=False, help_text="The kinds of challenge that people are given, by their names.")
    flips = serializers.BooleanField(help_text="A mirrored picture shows the same, so people may see it mirrored.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        cap = attrs.get("cap", self.instance.cap)
        if cap < attrs.get("minimum_trusted", self.instance.minimum_trusted):
            raise ValidationError({"cap": ["With a cap below the trusted people it takes, nothing is ever agreed."]})
        if reason := refusal(attrs.get("kinds", []), keys_of(self.instance.dataset)):
            raise ValidationError({"kinds": [reason]})
        return attrs


class OneCampaign(APIView):
    @extend_schema(responses=CampaignOut)
    def get(self, request: Request, pk: int) -> Response:
        """When a picture has been asked enough. For the owner."""
        return Response(CampaignOut(campaign_of(dataset_write(request, pk))).data)

    @extend_schema(request=CampaignChange, responses=CampaignOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Change it. What was agreed so far is worked out again under the new rule."""
        dataset = dataset_write(request, pk)
        data = given(request.data, CampaignChange, changes=campaign_of(dataset))
        return Response(CampaignOut(campaign_change(dataset=dataset, by=request.user, **data)).data)


class PublicationIn(serializers.Serializer):
    action = serializers.ChoiceField(list(STEPS))


class Publication(APIView):
    @extend_schema(request=PublicationIn, responses=CampaignOut)
    def post(self, request: Request, pk: int) -> Response:
        """Ask for public challenges, which a reviewer decides, or leave them at once. For the owner."""
        dataset = dataset_write(request, pk)
        step = STEPS[given(request.data, PublicationIn)["action"]]
        return Response(CampaignOut(step(dataset=dataset, by=request.user)).data)
