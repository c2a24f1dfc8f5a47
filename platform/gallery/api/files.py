from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from gallery.access import image_read

PICTURE = {(200, "image/*"): OpenApiTypes.BINARY}


class ImageFile(APIView):
    @extend_schema(responses=PICTURE)
    def get(self, request: Request, pk: int) -> FileResponse:
        """The picture, in full."""
        return _sent(image_read(request, pk).file)


class ImageThumbnail(APIView):
    @extend_schema(responses=PICTURE)
    def get(self, request: Request, pk: int) -> FileResponse:
        """The picture, at most 256 pixels a side."""
        return _sent(image_read(request, pk).thumbnail)


def _sent(file: FieldFile) -> FileResponse:
    try:
        return FileResponse(file.open("rb"), headers={"Cache-Control": "private, max-age=3600"})
    except FileNotFoundError:
        raise Http404 from None
