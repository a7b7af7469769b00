"""Tables as answers: page by page as JSON, or whole as lines of JSON or Arrow where the caller asks for it by `Accept`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import polars as pl
from fastapi import Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from evenstock.service.http.accepting import takes
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import ARROW, JSON, NDJSON, from_cursor, page, rows

Limit = Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")]
Name = Annotated[str, Query(max_length=200)]
Names = Annotated[list[Name] | None, Query(max_length=100, description="Only these; may be said again")]


def bulk(model: Any, description: str) -> dict[int | str, dict[str, Any]]:
    """How a route says that it answers with a table: a page of `model`, or all rows as lines of JSON or Arrow."""
    return {
        200: {
            "model": model,
            "description": f"{description}: a page as JSON, or every row as {NDJSON} or {ARROW} by `Accept`",
            "content": {JSON: {}, NDJSON: {"schema": {"type": "string"}}, ARROW: {"schema": {"type": "string"}}},
        }
    }


def paged(request: Request, frame: pl.DataFrame, keys: Sequence[str], limit: int, cursor: str | None) -> Response:
    """A frame as the caller wants it; `keys` name a row, and rows come in their order. Figures that do not exist are null."""
    ordered = plain_frame(frame).sort(list(keys))
    if not takes(request.headers.get("accept", JSON), JSON):
        return rows(request, ordered)
    after = _keys_of(cursor, [ordered.schema[name] for name in keys])
    left = ordered.filter(_beyond(keys, after)) if after else ordered
    shown = left.head(limit)
    following = to_json(list(shown.select(keys).row(-1))).decode() if left.height > limit else None
    return page(shown.to_dicts(), following)


def cut(items: Sequence[Any], names: Sequence[str], limit: int, cursor: str | None) -> tuple[list[Any], str | None]:
    """One page of things in memory in the order of their unique `names`, and the name it ends with where there is more."""
    after = from_cursor(cursor)
    start = 0
    if after:
        if after not in names:
            raise Problem("not_found", f"cursor: {after} is not in this list any more", hint="begin the list again")
        start = names.index(after) + 1
    shown = list(items[start : start + limit])
    return shown, names[start + limit - 1] if len(items) > start + limit else None


def only(frame: pl.DataFrame, column: str, wanted: Sequence[str] | None) -> pl.DataFrame:
    """Rows of these names; all where none is named."""
    return frame if wanted is None else frame.filter(pl.col(column).is_in(list(wanted)))


def at_nodes(frame: pl.DataFrame, permitted: frozenset[str] | None, *columns: str) -> pl.DataFrame:
    """Rows that touch one of the nodes a caller may see; all where he may see every node."""
    if permitted is None:
        return frame
    return frame.filter(pl.any_horizontal(pl.col(column).is_in(sorted(permitted)) for column in columns))


def plain_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """With nothing that JSON cannot say: no NaN, no infinity."""
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    return frame.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).otherwise(None).alias(name) for name in floats
    )


def dicts(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of a small frame, ready to be said."""
    return plain_frame(frame).to_dicts()


def _keys_of(cursor: str | None, kinds: Sequence[pl.DataType]) -> list[Any]:
    """The key in a cursor, each part in its column's type. Raises Problem for a text that is none of ours."""
    text = from_cursor(cursor)
    if not text:
        return []
    try:
        return [_typed(part, kind) for part, kind in zip(json.loads(text), kinds, strict=True)]
    except (ValueError, TypeError):
        raise Problem(
            "not_found", "cursor: there is no such page", hint="take it from next of the page before"
        ) from None


def _typed(part: Any, kind: pl.DataType) -> Any:
    if kind == pl.Date:
        return date.fromisoformat(part)
    if isinstance(kind, pl.Datetime):
        return datetime.fromisoformat(part)
    if not isinstance(part, int if kind.is_integer() else str) or isinstance(part, bool):
        raise TypeError
    return part


def _beyond(keys: Sequence[str], after: Sequence[Any]) -> pl.Expr:
    """Rows whose key comes after this one, part by part."""
    found = pl.lit(value=False)
    same = pl.lit(value=True)
    for name, part in zip(keys, after, strict=True):
        found = found | (same & (pl.col(name) > part))
        same = same & (pl.col(name) == part)
    return found
