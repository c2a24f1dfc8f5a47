from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.doors import given
from gallery.access import dataset_contribute
from gallery.api.images import ImageList
from gallery.models import Image
from gallery.services.images import UploadReport, images_upload


class Accepted(serializers.ModelSerializer):
    class Meta:
        model = Image
        fields = ["id", "name"]


class Duplicate(serializers.Serializer):
    name = serializers.CharField()
    image = serializers.IntegerField(help_text="The picture with the same pixels that is there already.")


class Refused(serializers.Serializer):
    name = serializers.CharField()
    reason = serializers.CharField()


class UploadOut(serializers.Serializer):
    accepted = Accepted(many=True)
    duplicates = Duplicate(many=True)
    refused = Refused(many=True)


class UploadIn(serializers.Serializer):
    # An empty file is for the service to refuse: it says so of this file, and takes the others.
    files = serializers.ListField(child=serializers.FileField(allow_empty_file=True))


class Images(ImageList):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={"multipart/form-data": UploadIn}, responses={201: UploadOut, 200: UploadOut, 400: UploadOut}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Add pictures. 201 when one was new, 200 when all were there already, 400 when every file was refused."""
        dataset = dataset_contribute(request, pk)
        files = given(request.data, UploadIn)["files"]
        report = images_upload(dataset=dataset, files=files, uploader=request.user)
        return Response(_out(report), _status(report))


def _status(report: UploadReport) -> HTTPStatus:
    if report.accepted:
        return HTTPStatus.CREATED
    return HTTPStatus.OK if report.duplicates else HTTPStatus.BAD_REQUEST


def _out(report: UploadReport) -> dict[str, object]:
    rows = {
        "accepted": report.accepted,
        "duplicates": [{"name": name, "image": image.pk} for name, image in report.duplicates],
        "refused": [{"name": name, "reason": reason} for name, reason in report.refused],
    }
    problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "Every file was refused."}
    return ({} if report.accepted or report.duplicates else problem) | UploadOut(rows).data
