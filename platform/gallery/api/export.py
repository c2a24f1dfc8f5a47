from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from gallery.access import dataset_write
from gallery.exports import as_csv, as_json

KINDS = {"csv": (as_csv, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}
# Not «format»: by that name REST framework picks a renderer.
AS = OpenApiParameter("as", enum=list(KINDS), default="csv")


class Export(APIView):
    @extend_schema(
        parameters=[AS],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, pk: int) -> StreamingHttpResponse:
        """Every picture with its label: the owner's word, else the crowd's, else a model's. For the owner.

        `sure` is false where a model's confidence is below the data set's threshold: then the label is a guess.
        """
        # The splits in it tell which pictures are controls.
        dataset = dataset_write(request, pk)
        kind = request.query_params.get("as", "csv")
        if kind not in KINDS:
            raise ValidationError({"as": [f"It is one of {', '.join(KINDS)}."]})
        body, content_type = KINDS[kind]
        headers = {"Content-Disposition": f'attachment; filename="dataset-{dataset.pk}.{kind}"'}
        return StreamingHttpResponse(body(dataset), content_type=content_type, headers=headers)
