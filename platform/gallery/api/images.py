from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.doors import given
from gallery.access import dataset_read, image_read, image_write, may_see_splits, visible_images
from gallery.models import DataSet, Image, LabelClass, Split, Tag
from gallery.selectors import images_filtered, present_classes, tags_in_order, with_tags
from gallery.services.images import image_delete


class TagOut(serializers.ModelSerializer):
    label = serializers.CharField(read_only=True)

    class Meta:
        model = Tag
        fields = ["label", "source", "confidence", "version", "sure"]


class ImageOut(serializers.ModelSerializer):
    split = serializers.SerializerMethodField(help_text="For who may change the data set, and reviewers; else null.")
    tags = serializers.SerializerMethodField(help_text="The word that counts comes first.")
    tagging = serializers.SerializerMethodField(help_text="waiting, running, done or failed; null without such work.")
    file = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields = [
            "id",
            "dataset",
            "name",
            "width",
            "height",
            "split",
            "uploaded_at",
            "file",
            "thumbnail",
            "tags",
            "tagging",
        ]

    @extend_schema_field(serializers.ChoiceField(Split.choices, allow_null=True))
    def get_split(self, image: Image) -> str | None:
        return image.split if self.context["splits"] else None

    @extend_schema_field(TagOut(many=True))
    def get_tags(self, image: Image) -> Any:
        return TagOut(tags_in_order(image), many=True).data

    def get_tagging(self, image: Image) -> str | None:
        tagging = getattr(image, "tagging", None)
        return tagging.state if tagging else None

    @extend_schema_field(serializers.URLField)
    def get_file(self, image: Image) -> str:
        return reverse("api-image-file", [image.pk], request=self.context["request"])

    @extend_schema_field(serializers.URLField)
    def get_thumbnail(self, image: Image) -> str:
        return reverse("api-image-thumbnail", [image.pk], request=self.context["request"])


class ImageFilter(serializers.Serializer):
    split = serializers.ChoiceField(
        Split.choices, required=False, help_text="For who may change the data set, and reviewers."
    )
    label = serializers.CharField(max_length=60, required=False, help_text="The name of a class.")
    sure = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Whether the word that counts is more than a guess."
    )


class ImageList(ListAPIView):
    """The pictures of a data set, the latest first."""

    queryset = Image.objects.none()
    serializer_class = ImageOut

    @cached_property
    def dataset(self) -> DataSet:
        return dataset_read(self.request, self.kwargs["pk"])

    @cached_property
    def splits(self) -> bool:
        return may_see_splits(self.request.user, self.dataset)

    def get_queryset(self) -> QuerySet[Image]:
        dataset = self.dataset
        images = with_tags(visible_images(self.request.user).filter(dataset=dataset))
        wanted = given(self.request.query_params, ImageFilter)
        if "split" in wanted and not self.splits:
            raise ValidationError({"split": ["Which split a picture is in is for the data set's owner to see."]})
        if "label" in wanted:
            wanted["label"] = class_named(dataset, wanted["label"]).index
        return images_filtered(images, **wanted)

    def get_serializer_context(self) -> dict[str, Any]:
        # Whoever writes the schema asks for a context too, without a data set.
        return super().get_serializer_context() | {"splits": "pk" in self.kwargs and self.splits}

    @extend_schema(parameters=[ImageFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class OneImage(APIView):
    @extend_schema(responses=ImageOut)
    def get(self, request: Request, pk: int) -> Response:
        """A picture with its tags."""
        image = image_read(request, pk)
        shown = with_tags(Image.objects.filter(pk=image.pk)).get()
        splits = may_see_splits(request.user, image.dataset)
        return Response(ImageOut(shown, context={"request": request, "splits": splits}).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """The picture goes. For its uploader and the data set's owner."""
        image_delete(image=image_write(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


def class_named(dataset: DataSet, name: str) -> LabelClass:
    if found := present_classes(dataset).filter(name__iexact=name).first():
        return found
    raise ValidationError({"label": ["The data set has no class of this name."]})
