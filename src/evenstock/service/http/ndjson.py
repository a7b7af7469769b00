"""Lines of JSON in a request: each read strictly by itself, so that one that is wrong hides no other."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request

from evenstock.service.http.problems import Problem
from evenstock.service.http.reading import SizedRequest, read_model
from evenstock.service.http.replies import NDJSON

Model = TypeVar("Model", bound=BaseModel)
LONGEST_LINE = 1_000_000
"""Bytes."""


MODELS: dict[str, type[BaseModel]] = {}
"""What lines hold, by name: the API's description tells them although no whole body is one of them."""


def _named(model: type[BaseModel]) -> dict[str, str]:
    MODELS[model.__name__] = model
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def ndjson_answer(model: type[BaseModel], description: str) -> dict[str, Any]:
    """How a route says that it answers with lines of this model."""
    return {"description": description, "content": {NDJSON: {"schema": {"type": "string"}, "x-line": _named(model)}}}


def ndjson_body(model: type[BaseModel]) -> dict[str, Any]:
    """How a route says that its body is lines of this model."""
    return {
        "requestBody": {
            "required": True,
            "description": f"Each line is one {model.__name__} as JSON",
            "content": {NDJSON: {"schema": {"type": "string", "pattern": r"\S"}, "x-line": _named(model)}},
        }
    }


def read_lines(request: Request, model: type[Model], most: int) -> list[Model | Problem]:
    """One model a line, or what is wrong with it; empty lines are passed over.

    Raises
    ------
    Problem
        If the body is of another kind, has no line or more than `most`.
    """
    assert isinstance(request, SizedRequest)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != NDJSON:
        raise Problem("unsupported_media_type", f"this takes {NDJSON}: one JSON document a line")
    body = request.sent
    count = body.count(b"\n") + 1
    if count > 2 * most + 1:
        raise Problem("too_large", f"the body has {count:,} lines; at most {most:,} are taken here")
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not lines:
        raise Problem("invalid_request", "the body has no line", errors=[("", "one JSON document a line is wanted")])
    if len(lines) > most:
        raise Problem("too_large", f"the body has {len(lines):,} lines; at most {most:,} are taken here")
    adapter = TypeAdapter(model)
    return [_read(adapter, line) for line in lines]


def _read(adapter: TypeAdapter[Model], line: bytes) -> Model | Problem:
    if len(line) > LONGEST_LINE:
        return Problem("too_large", f"the line has {len(line):,} bytes; at most {LONGEST_LINE:,} are taken")
    try:
        found: Model = read_model(adapter, line)
    except Problem as problem:
        return problem
    return found
