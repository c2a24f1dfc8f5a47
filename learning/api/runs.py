from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from gallery.access import dataset_read, dataset_write
from learning.models import Mode, TrainingRun
from learning.selectors import champion_of, current_run, fresh_labels, policy_of
from learning.services.requests import run_request

BY_HAND = "asked for by hand"
WEEK = 7 * 24 * 3600


class RunOut(serializers.ModelSerializer):
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True, read_only=True)

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "state",
            "mode",
            "epochs",
            "trigger",
            "phase",
            "progress",
            "error",
            "created_at",
            "due_at",
            "finished_at",
            "version",
        ]


class Runs(ListAPIView):
    """The training runs of a data set, the latest first."""

    queryset = TrainingRun.objects.none()
    serializer_class = RunOut

    def get_queryset(self) -> QuerySet[TrainingRun]:
        runs = dataset_read(self.request, self.kwargs["pk"]).runs
        return runs.select_related("version").defer("version__predictions", "version__metrics")


class TrainIn(serializers.Serializer):
    mode = serializers.ChoiceField(Mode.choices, default=Mode.NEW_CYCLE)
    epochs = serializers.IntegerField(min_value=1, max_value=1000, required=False, help_text="Else the policy's.")


class Train(APIView):
    @extend_schema(request=TrainIn, responses={202: RunOut})
    def post(self, request: Request, pk: int) -> Response:
        """Train now, or join the run that waits or runs already. For the owner."""
        dataset = dataset_write(request, pk)
        run = run_request(dataset=dataset, trigger=BY_HAND, **given(request.data, TrainIn))
        return Response(RunOut(run).data, status.HTTP_202_ACCEPTED)


class ScheduleIn(TrainIn):
    delay_seconds = serializers.IntegerField(min_value=0, max_value=WEEK)


class Schedule(APIView):
    @extend_schema(request=ScheduleIn, responses={202: RunOut})
    def post(self, request: Request, pk: int) -> Response:
        """Train later; a run that waits already may be brought forward by it. For the owner."""
        dataset = dataset_write(request, pk)
        run = run_request(dataset=dataset, trigger=BY_HAND, **given(request.data, ScheduleIn))
        return Response(RunOut(run).data, status.HTTP_202_ACCEPTED)


class StatusOut(serializers.Serializer):
    queue = serializers.IntegerField(help_text="Pictures that wait to be asked about.")
    fresh_labels = serializers.IntegerField(help_text="Labels since the last run.")
    buffer_size = serializers.IntegerField(help_text="Labels that start the next one.")
    run = RunOut(allow_null=True, help_text="The run that waits or runs.")
    champion = serializers.IntegerField(allow_null=True, help_text="The number of the model that serves.")


class Status(APIView):
    @extend_schema(responses=StatusOut)
    def get(self, request: Request, pk: int) -> Response:
        """Where the loop stands."""
        dataset = dataset_read(request, pk)
        champion = champion_of(dataset)
        standing = {
            "queue": dataset.queue.count(),
            "fresh_labels": fresh_labels(dataset).count,
            "buffer_size": policy_of(dataset).buffer_size,
            "run": current_run(dataset),
            "champion": champion.number if champion else None,
        }
        return Response(StatusOut(standing).data)
