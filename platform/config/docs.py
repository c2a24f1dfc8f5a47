"""The API's documentation as a page of ours: the schema, read out. It loads nothing from anywhere else."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    required: bool
    says: str


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    says: str
    sends: list[Field]
    answers: list[tuple[str, str]]


def api_docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api_docs.html", {"groups": operations()})


@cache
def operations() -> dict[str, list[Operation]]:
    """By the first word of their addresses. The schema is the same for as long as the process lives."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    groups = defaultdict(list)
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_operation(path, method, operation, schema["components"]["schemas"]))
    return dict(groups)


def _operation(path: str, method: str, operation: Schema, components: Schema) -> Operation:
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        says=operation.get("description", ""),
        sends=_parameters(operation) + _body(operation, components),
        answers=[(status, _answer(response)) for status, response in operation["responses"].items()],
    )


def _parameters(operation: Schema) -> list[Field]:
    asked = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    return [
        Field(f"?{field['name']}", kind_of(field["schema"]), field.get("required", False), field.get("description", ""))
        for field in asked
    ]


def _body(operation: Schema, components: Schema) -> list[Field]:
    content = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
    body = components.get(kind_of(content.get("schema", {})), {})
    required = body.get("required", [])
    return [
        Field(name, _spelt_out(kind_of(field), components), name in required, field.get("description", ""))
        for name, field in body.get("properties", {}).items()
    ]


def _spelt_out(kind: str, components: Schema) -> str:
    """A choice by its values rather than by its name."""
    return " or ".join(map(str, components.get(kind, {}).get("enum", []))) or kind


def _answer(response: Schema) -> str:
    content = response.get("content", {})
    if not content:
        return "nothing"
    media, body = next(iter(content.items()))
    return kind_of(body["schema"]) if media == "application/json" else media


def kind_of(schema: Schema) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    for joined in ("allOf", "oneOf", "anyOf"):
        if joined in schema:
            return " or ".join(dict.fromkeys(kind_of(part) for part in schema[joined]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}"
    if "enum" in schema:
        return " or ".join(str(value) for value in schema["enum"])
    return schema.get("type", "anything")
