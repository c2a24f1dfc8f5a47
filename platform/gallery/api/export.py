import csv
import json
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from gallery.access import dataset_read
from gallery.selectors import export_rows

Row = list[object]


KINDS = ("csv", "json")
# Not «format»: by that name REST framework picks a renderer.
AS = OpenApiParameter("as", enum=KINDS, default="csv")


class Export(APIView):
    @extend_schema(
        parameters=[AS],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, pk: int) -> StreamingHttpResponse:
        """Every picture with its label: the owner's word, else the crowd's, else a model's."""
        dataset = dataset_read(request, pk)
        kind = request.query_params.get("as", "csv")
        if kind not in KINDS:
            raise ValidationError({"as": [f"It is one of {', '.join(KINDS)}."]})
        body, content_type = (as_csv, "text/csv; charset=utf-8") if kind == "csv" else (as_json, "application/json")
        headers = {"Content-Disposition": f'attachment; filename="dataset-{dataset.pk}.{kind}"'}
        return StreamingHttpResponse(body(export_rows(dataset)), content_type=content_type, headers=headers)


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    writer = csv.writer(_Line())
    return (writer.writerow(row) for row in rows)


def as_json(rows: Iterable[Row]) -> Iterator[str]:
    """A list with one object a row, of which no more than one is in memory."""
    rest = iter(rows)
    names = [str(name) for name in next(rest)]
    opening = "["
    for row in rest:
        yield opening + json.dumps(dict(zip(names, row, strict=True)))
        opening = ",\n"
    yield "[]" if opening == "[" else "]"
