"""The API's description (OpenAPI 3.1): stable names, every error that an operation can give, and who may call it."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from evenstock.service.http.ndjson import MODELS
from evenstock.service.http.problems import CODES, MEDIA_TYPE, ProblemDetails

SUMMARY: Final = "Decides where each order ships from and what stock should move, and proves every decision."
ABOUT: Final = """Money is in whole cents of the network's currency, moments are RFC 3339 with a zone, units stand in names.

Errors are problem details (RFC 9457) with a stable `code` and a `hint`; the places in a request that are wrong stand in
`errors`. A change may carry an `Idempotency-Key`: sent again with the same key, it has its effect once and gives the same
answer; the same key with another request is refused. What can be changed is read with an `ETag`; sent back in `If-Match`,
it is changed only if nobody changed it meanwhile. Lists go on at `next`, the `cursor` of the next page. Every answer names
its request in `X-Request-Id`, the caller's where one was sent."""
_ANY: Final = (400, 404, 406, 408, 409, 414, 422, 429, 431, 500, 503)
_SIGNED_IN: Final = (401, 403)
_BODY: Final = (412, 413, 415)
PLAIN: Final = r"^[^\u0000-\u001f\u007f-\u009f]*$"
_METHODS: Final = frozenset({"get", "put", "post", "patch", "delete"})


def operation_id(route: APIRoute) -> str:
    """Such as `orders_read`: the resource and the handler's name, which are stable."""
    tag = str(route.tags[0]).replace("-", "_").replace(" ", "_") if route.tags else "service"
    return f"{tag}_{route.endpoint.__name__.strip('_')}"


def describe(app: FastAPI) -> None:
    """Let the application tell the whole of it, made once."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(found: dict[str, Any]) -> dict[str, Any]:
    found["info"] |= {
        "summary": SUMMARY,
        "description": ABOUT,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }
    found["servers"] = [{"url": "/"}]
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    extras: list[type[BaseModel]] = [ProblemDetails, *MODELS.values()]
    for extra in extras:
        model = extra.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= model.pop("$defs", {}) | {extra.__name__: model}
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "evenstock_session",
            "description": "Of a person who signed in",
        },
    }
    components["responses"] = {
        f"Problem{status}": _response(status) for status in sorted({c.status for c in CODES.values()})
    }
    components.setdefault("headers", {})["X-Request-Id"] = {
        "description": "Names the request; the caller's where one was sent", "schema": {"type": "string"}
    }  # fmt: skip
    for operations in found.get("paths", {}).values():
        for method, operation in operations.items():
            if method in _METHODS:
                _complete(operation, method)
    components["schemas"] = dict(sorted(schemas.items()))
    return found


def _complete(operation: dict[str, Any], method: str) -> None:
    guarded = "x-action" in operation
    # A route may add `{}`: who needs no key there, its own description says.
    operation["security"] = [{"key": []}, {"session": []}, *operation.get("security", ())] if guarded else []
    wanted = (*_ANY, *(_SIGNED_IN if guarded else ()), *(_BODY if method != "get" else ()))
    for parameter in operation.get("parameters", ()):
        _plain(parameter["schema"])
    responses = operation.setdefault("responses", {})
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    for status in wanted:
        responses.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    for response in responses.values():
        if "$ref" not in response:
            response.setdefault("headers", {})["X-Request-Id"] = {"$ref": "#/components/headers/X-Request-Id"}
    operation["responses"] = dict(sorted(responses.items()))


def _plain(schema: dict[str, Any]) -> None:
    """What an address may hold: no text with characters that cannot be seen (`reading.plain_text`)."""
    choices = (schema, *schema.get("anyOf", ()))
    for each in (*choices, *(one["items"] for one in choices if "items" in one)):
        if each.get("type") == "string" and not {"pattern", "enum", "format", "const"} & each.keys():
            each["pattern"] = PLAIN


def _response(status: int) -> dict[str, Any]:
    codes = [code for code in CODES.values() if code.status == status]
    return {
        "description": "; ".join(f"`{code.name}`: {code.title}" for code in codes),
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/ProblemDetails"},
                "examples": {
                    code.name: {
                        "value": {
                            "type": f"urn:evenstock:problem:{code.name}", "title": code.title, "status": code.status,
                            "code": code.name, "detail": f"{code.title}.", "hint": code.hint, "errors": [],
                        }
                    }
                    for code in codes
                },
            }
        },
    }  # fmt: skip
