"""How a picture is answered as a control, and a reviewer's word that its truth was wrong."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import Reviewers, given
from annotations import access_review
from annotations.api.contested import class_of
from annotations.controls import answers_to
from annotations.models import Contradiction, ControlAnswer, Regrade
from annotations.services.regrading import regrade_make


class RegradeIn(serializers.Serializer):
    label = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="The class's index that it is; null: the answers count for nobody."
    )
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class RegradeOut(serializers.ModelSerializer):
    decided_by = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = Regrade
        fields = ["id", "image", "truth", "decided_by", "note", "created_at"]


class ControlAnswerOut(serializers.ModelSerializer):
    kind = serializers.IntegerField(help_text="0: names the class, 1: says it is, 2: says it is not.")

    class Meta:
        model = ControlAnswer
        fields = ["annotator", "kind", "answer", "truth", "correct", "created_at"]


class ContradictionOut(serializers.ModelSerializer):
    answers = serializers.SerializerMethodField(help_text="How many, all of reliable people.")

    class Meta:
        model = Contradiction
        fields = ["id", "image", "truth", "answers", "created_at"]

    def get_answers(self, row: Contradiction) -> int:
        return len(row.answers)


class ControlOut(serializers.Serializer):
    answers = ControlAnswerOut(many=True, help_text="The latest, as they were graded when they were given.")
    regrades = RegradeOut(many=True, help_text="The latest first: that one holds.")
    contradictions = ContradictionOut(
        many=True,
        help_text="When reliable people contradicted what was agreed on: answers until then don't count.",
    )


class Control(APIView):
    permission_classes = (Reviewers,)

    @extend_schema(responses=ControlOut)
    def get(self, request: Request, pk: int) -> Response:
        """What people answered to a picture as a control."""
        image = access_review.image_regrade(request, pk)
        regrades = Regrade.objects.filter(image=image).select_related("decided_by").order_by("-id")
        contradictions = Contradiction.objects.filter(image=image).order_by("-id")
        found = {"answers": answers_to(image), "regrades": regrades, "contradictions": contradictions}
        return Response(ControlOut(found).data)

    @extend_schema(request=RegradeIn, responses={201: RegradeOut})
    def post(self, request: Request, pk: int) -> Response:
        """Grade everybody's answers to it again, by another truth or by none. No answer is rewritten."""
        image = access_review.image_regrade(request, pk)
        data = given(request.data, RegradeIn)
        truth = class_of(image, data["label"])
        regrade = regrade_make(image=image, truth=truth, by=request.user, note=data["note"])
        return Response(RegradeOut(regrade).data, status.HTTP_201_CREATED)
