"""The OpenAPI description, written from the table of routes, so that it cannot say what is not so."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from genesis.adapters.http.routes import Effect, Route
from genesis.adapters.http.wire import ErrorBody
from genesis.ports.access import Role

Document = dict[str, Any]  # Any: JSON, as OpenAPI has it

_REF: Final = "#/components/schemas/{name}"
_ABOUT: Final = """\
The HTTP side of a running session. Every answer that is not a success has an `ErrorBody`. Requests need the server's \
own Host, and where they come from a page its own Origin. Changes need an `Idempotency-Key` and stand in the audit log \
before they have an effect. `/stream` is a WebSocket and described in docs/http-api.md."""


def openapi_document(routes: Sequence[Route], version: str) -> Document:
    """Return the description of *routes* as an OpenAPI 3.1 document."""
    described = [route for route in routes if not route.is_stream]
    kinds = {kind for route in described for kind in (route.answer, route.body) if kind is not None}
    ordered = sorted(kinds, key=lambda kind: str(kind.__name__))
    schemas, components = msgspec.json.schema_components([*ordered, ErrorBody], ref_template=_REF)
    schema_of = dict(zip([*ordered, ErrorBody], schemas, strict=True))
    paths: Document = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Genesis", "version": version, "description": _ABOUT},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schema_of: Mapping[Any, Document]) -> Document:
    operation: Document = {
        "summary": route.summary,
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-z0-9]+', '_', route.path.lower())}".rstrip("_"),
        "x-role": route.role.name.lower(),
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": _responses(route, schema_of),
    }
    if route.role is not Role.PUBLIC:
        operation["security"] = [{"bearer": []}]
    if route.body is not None or route.takes_object:
        schema = schema_of[route.body] if route.body is not None else {"type": "object"}
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(route: Route) -> list[Document]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{route.parameter_pattern(name)}$"},
        }
        for name in route.parameters
    ]


def _query_parameters(route: Route) -> list[Document]:
    if route.query is None:
        return []
    (schema,), _ = msgspec.json.schema_components([route.query], ref_template=_REF)
    whole = msgspec.json.schema(route.query)
    fields: Document = whole["$defs"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
    return [{"name": name, "in": "query", "schema": _plain(field)} for name, field in fields.items()]


def _plain(field: Document) -> Document:
    """Return a field's schema without the null that stands for its absence."""
    choices = [each for each in field.get("anyOf", ()) if each != {"type": "null"}]
    schema = choices[0] if len(choices) == 1 else {key: value for key, value in field.items() if key != "default"}
    if None in schema.get("enum", ()):
        schema = {**schema, "enum": [each for each in schema["enum"] if each is not None]}
    return schema


def _headers(route: Route) -> list[Document]:
    if route.effect is not Effect.STATE:
        return []
    schema = {"type": "string", "format": "uuid"}
    return [{"name": "Idempotency-Key", "in": "header", "required": True, "schema": schema}]


def _responses(route: Route, schema_of: Mapping[Any, Document]) -> Document:
    content = {"application/json": {"schema": schema_of[route.answer]}} if route.answer is not None else {}
    responses: Document = {str(route.status): {"description": route.summary, "content": content}}
    if route.answer is None:
        responses[str(route.status)].pop("content")
    refused = {"description": "Refused", "content": {"application/json": {"schema": schema_of[ErrorBody]}}}
    for status in _statuses(route):
        responses[str(status)] = {**refused, "description": HTTPStatus(status).phrase}
    return responses


def _statuses(route: Route) -> Sequence[int]:
    """Return what the guard and the handler may refuse with."""
    found = {400, 403, 413, 415, 421, 431, *route.errors}
    if route.body is not None:
        found |= {408}
    if route.role is not Role.PUBLIC:
        found |= {401, 429}
    if route.is_costly:
        found |= {401, 408, 429}
    return sorted(found)
