"""Answers: JSON as it is, pages with a cursor, entity tags, lines of JSON, Arrow."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl
from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from evenstock.domain import plain
from evenstock.service.http.accepting import require_acceptable, takes
from evenstock.service.http.problems import Problem

ARROW: Final = "application/vnd.apache.arrow.stream"
NDJSON: Final = "application/x-ndjson"
JSON: Final = "application/json"
_JSON_TYPE: Final = (b"content-type", JSON.encode())
_BARE: Final = frozenset({204, 304})
"""Statuses whose answers have no body to be measured."""


class JSONBytes(Response):
    """JSON that is bytes already; its headers are written down directly, as most answers have no others."""

    media_type = JSON

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None) -> None:
        self.status_code, self.body, self.background = status, body, None
        if headers or status in _BARE:
            self.init_headers(headers)
        else:
            self.raw_headers = [(b"content-length", b"%d" % len(body)), _JSON_TYPE]


def said(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value of plain JSON (numbers, text, lists, mappings; also dates) as the answer."""
    return JSONBytes(to_json(value), status, headers)


def told(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Dataclasses of ours as the answer."""
    return said(plain(value), status, headers)


def raw(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Bytes that are JSON already, such as a decision's record."""
    return JSONBytes(body, status, headers)


def nothing(status: int = 204, headers: Mapping[str, str] | None = None) -> Response:
    """No content."""
    return Response(status_code=status, headers=dict(headers or {}))


def lines(items: Iterable[Any]) -> Response:
    """Each item as one line of JSON."""
    return Response(b"".join(_lines(items)), 200, media_type=NDJSON)


def page(items: Sequence[Any], following: str | None) -> Response:
    """One page of a list; `following` is the key of its last item where there is more."""
    return said({"items": items, "next": cursor(following) if following is not None else None})


def cursor(key: str) -> str:
    """Where a list goes on, opaque to callers.

    Examples
    --------
    >>> from_cursor(cursor("O-17"))
    'O-17'
    """
    return base64.urlsafe_b64encode(to_json({"after": key})).decode().rstrip("=")


def from_cursor(text: str | None) -> str:
    """The key in a cursor; empty without one. Raises Problem for a text that is none."""
    if not text:
        return ""
    try:
        found = from_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        after = found["after"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        after = None
    if not isinstance(after, str):
        raise Problem("not_found", "cursor: there is no such page", hint="take it from next of the page before")
    return after


def etag(value: Any) -> str:
    """A strong entity tag: the digest of what is shown."""
    body = value if isinstance(value, bytes) else to_json(value)
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def tagged(request: Request, value: Any, version: Any = None) -> Response:
    """The value with its ETag, or 304 where the caller has it.

    `version` is what the tag is of, where the value shows more than what can be changed.
    """
    body = value if isinstance(value, bytes) else to_json(value)
    tag = etag(body if version is None else version)
    if not _tags(request.headers.get("if-none-match", "")).isdisjoint({tag, "*"}):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, 200, {"ETag": tag}, JSON)


def match(request: Request, value: Any) -> None:
    """Raise Problem where the caller saw another version (`If-Match`) than `value`."""
    seen = request.headers.get("if-match")
    if seen is not None and _tags(seen, strong=True).isdisjoint({etag(value), "*"}):
        raise Problem("changed_meanwhile", "it was changed since you read it", headers={"ETag": etag(value)})


def _tags(header: str, *, strong: bool = False) -> set[str]:
    """Entity tags of a header; weak ones never match where strong ones are compared (RFC 9110, 13.1.1)."""
    said = {part.strip() for part in header.split(",")}
    return said if strong else {part.removeprefix("W/") for part in said}


def rows(request: Request, frame: pl.DataFrame) -> Response:
    """A frame as the caller wants it: Arrow, lines of JSON, or one JSON document."""
    wanted = request.headers.get("accept", JSON)
    if takes(wanted, JSON):
        return said({"items": frame.to_dicts(), "next": None})
    if takes(wanted, ARROW):
        sink = io.BytesIO()
        frame.write_ipc_stream(sink)
        return Response(sink.getvalue(), 200, media_type=ARROW)
    require_acceptable(wanted, (JSON, NDJSON, ARROW))
    return StreamingResponse(_lines(frame.iter_rows(named=True)), media_type=NDJSON)


def _lines(items: Iterable[Any]) -> Iterator[bytes]:
    batch = bytearray()
    for item in items:
        batch += to_json(item)
        batch += b"\n"
        if len(batch) > 64_000:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)
