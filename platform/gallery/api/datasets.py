from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import Count, Prefetch, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from gallery.access import dataset_read, dataset_write, visible_datasets
from gallery.models import DataSet, LabelClass, Visibility
from gallery.services.datasets import MOST_CLASSES, dataset_create, dataset_edit

EDITABLE = ("name", "description", "visibility", "open_for_contributions")


class ClassOut(serializers.ModelSerializer):
    class Meta:
        model = LabelClass
        fields = ["index", "name", "key"]


class DataSetOut(serializers.ModelSerializer):
    owner = serializers.CharField(read_only=True)
    classes = ClassOut(many=True)
    images = serializers.IntegerField(source="present", read_only=True, help_text="Pictures in it.")

    class Meta:
        model = DataSet
        fields = [
            "id",
            "name",
            "description",
            "owner",
            "visibility",
            "open_for_contributions",
            "classes",
            "images",
            "created_at",
        ]


class ClassIn(serializers.Serializer):
    name = serializers.CharField(max_length=60)
    key = serializers.CharField(max_length=1, required=False, allow_blank=True, default="")


class DataSetChange(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    open_for_contributions = serializers.BooleanField(required=False)


class DataSetIn(DataSetChange):
    classes = serializers.ListField(child=ClassIn(), max_length=MOST_CLASSES)


class DataSets(ListAPIView):
    """The data sets that you may see."""

    queryset = DataSet.objects.none()
    serializer_class = DataSetOut

    def get_queryset(self) -> QuerySet[DataSet]:
        return described(visible_datasets(self.request.user)).order_by("name", "pk")

    @extend_schema(request=DataSetIn, responses={201: DataSetOut})
    def post(self, request: Request) -> Response:
        """Make a data set. Classes keep the order that they are sent in."""
        data = given(request.data, DataSetIn)
        classes = [(cls["name"], cls["key"]) for cls in data.pop("classes")]
        with name_free():
            dataset = dataset_create(owner=request.user, classes=classes, **data)
        return Response(_out(dataset), status.HTTP_201_CREATED)


class OneDataSet(APIView):
    @extend_schema(responses=DataSetOut)
    def get(self, request: Request, pk: int) -> Response:
        """A data set with its classes."""
        return Response(_out(dataset_read(request, pk)))

    @extend_schema(request=DataSetChange, responses=DataSetOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Change it. For its owner."""
        dataset = dataset_write(request, pk)
        data = given(request.data, DataSetChange, changes=dataset)
        with name_free():
            fields = {field: data.get(field, getattr(dataset, field)) for field in EDITABLE}
            dataset_edit(dataset=dataset, by=request.user, **fields)
        return Response(_out(dataset))


def described(datasets: QuerySet[DataSet]) -> QuerySet[DataSet]:
    classes = LabelClass.objects.filter(removed_at=None).order_by("index")
    present = Count("images", filter=Q(images__deleted_at=None))
    return datasets.select_related("owner").prefetch_related(Prefetch("classes", classes)).annotate(present=present)


@contextmanager
def name_free() -> Iterator[None]:
    """The constraint decides, not a look beforehand: of two requests with one name, one would slip through."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise ValidationError({"name": ["You have a data set of this name."]}) from None


def _out(dataset: DataSet) -> dict[str, object]:
    return DataSetOut(described(DataSet.objects.filter(pk=dataset.pk)).get()).data
