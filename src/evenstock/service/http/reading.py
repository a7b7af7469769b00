"""How a body is read: up to a limit (how slowly it may come, `slow_clients` says), in the media types a route takes, JSON once and strictly."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Final, NoReturn

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from evenstock.service.http.problems import Problem, invalid_model

LARGEST_BODY: Final = 1_000_000
"""Bytes; routes for bulk say their own."""


class IndexedHeaders(Headers):
    """Headers found by name at once: a request is asked for some ten of them, and most are not there."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        # The first of a name counts, so it is written last.
        self._first = dict(reversed(self._list))

    def get(self, key: str, default: Any = None) -> Any:
        found = self._first.get(key.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")

    def getlist(self, key: str) -> list[str]:
        return super().getlist(key) if key in self else []

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def __contains__(self, key: Any) -> bool:
        return key.lower().encode("latin-1") in self._first


class SizedRequest(Request):
    """A request whose body was read once, up to a limit, before anything was done."""

    largest: int = LARGEST_BODY

    @property
    def headers(self) -> IndexedHeaders:
        found: IndexedHeaders | None = self.__dict__.get("_headers")
        if found is None:
            found = self._headers = IndexedHeaders(self.scope)
        return found

    @property
    def sent(self) -> bytes:
        """The body as it came; for handlers that are no coroutines. Empty where there is none."""
        return getattr(self, "_body", b"")

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            try:
                self._body = await self._read()
            except ClientDisconnect:
                raise Problem("malformed_body", "the connection ended in the middle of the body") from None
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json

    async def _read(self) -> bytes:
        declared = self.headers.get("content-length", "")
        if declared and not (declared.isascii() and declared.isdigit()):
            raise Problem("malformed_body", f"Content-Length: {declared[:40]!r} is no number of bytes")
        if declared and (len(declared) > 18 or int(declared) > self.largest):
            self._too_large(f"the body has {declared[:18]} bytes")
        message = await self.receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            whole: bytes = message.get("body", b"")
            if len(whole) > self.largest:
                self._too_large(f"the body has {len(whole):,} bytes")
            return whole
        found = bytearray()
        while message["type"] == "http.request":
            found += message.get("body", b"")
            if len(found) > self.largest:
                self._too_large("the body goes on")
            if not message.get("more_body"):
                return bytes(found)
            message = await self.receive()
        raise ClientDisconnect

    def _too_large(self, what: str) -> NoReturn:
        # What was not read cannot be told from the next request: the connection ends with this answer.
        raise Problem("too_large", f"{what}; at most {self.largest:,} are taken here", headers={"Connection": "close"})


def require_json(request: Request) -> None:
    """Raise Problem unless the body says that it is JSON in UTF-8, sent as it is."""
    said = request.headers.get("content-type", "")
    if said != "application/json":
        kind, *more = (part.strip().lower() for part in said.split(";"))
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            what = f"the body says it is {kind[:100]!r}" if kind else "the body does not say what it is (Content-Type)"
            raise Problem("unsupported_media_type", f"{what}; it is taken as application/json")
        charset = next((part[8:].strip('"') for part in more if part.startswith("charset=")), "utf-8")
        if charset not in {"utf-8", "utf8"}:
            raise Problem("unsupported_media_type", f"JSON is UTF-8 (RFC 8259), not {charset[:40]!r}")
    require_plain(request)


def require_plain(request: Request) -> None:
    """Raise Problem where the body is compressed."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in {"identity", ""}:
        raise Problem(
            "unsupported_media_type", f"Content-Encoding {encoding[:40]!r} is not taken; send the body as it is"
        )


def read_model(adapter: TypeAdapter[Any], body: bytes) -> Any:
    """The body as a model, read from its text in one pass.

    Raises
    ------
    Problem
        `malformed_body` where it is not JSON, or an object names a key twice; `invalid_request` with each place where
        it is not what the model says, `NaN` and infinities among them.
    """
    if not body:
        raise Problem("invalid_request", "the body is missing", errors=[("", "a JSON body is wanted")])
    try:
        found = adapter.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise Problem(
                "malformed_body", f"this is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}"
            ) from None
        raise invalid_model(error) from None
    _require_single_keys(body)
    return found


def read_json(body: bytes) -> Any:
    """JSON as RFC 8259 says it, each key of an object once. Raises Problem `malformed_body`."""
    try:
        found = from_json(body, allow_inf_nan=False, cache_strings=False)
    except ValueError as error:
        raise Problem("malformed_body", f"this is not JSON: {error}") from None
    _require_single_keys(body)
    return found


class _TwiceError(ValueError):
    pass


def _single(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))


def _no_number(text: str) -> NoReturn:
    raise Problem("malformed_body", f"{text} is no JSON (RFC 8259)")


# Only the shape is looked at: values are left as text, and objects become None once their keys were counted.
_SHAPE: Final = json.JSONDecoder(object_pairs_hook=_single, parse_int=len, parse_float=len, parse_constant=_no_number)


def _require_single_keys(body: bytes) -> None:
    """Of JSON that was read already, so that nothing but its shape can be wrong."""
    try:
        # From its first sign on: white space around it was read past, and need not be looked for again.
        _SHAPE.raw_decode(body.decode().lstrip())
    except _TwiceError as twice:
        raise Problem("malformed_body", f"an object says {str(twice)[:100]!r} twice") from None


def plain_text(text: str) -> str:
    """A value of the address (path or query) in normal form C.

    Raises
    ------
    ValueError
        For a control character or half of a surrogate pair, which no id of ours has and no database takes.
    """
    if text.isascii() and text.isprintable():
        return text
    for sign in text:
        if unicodedata.category(sign) in {"Cc", "Cs"}:
            raise ValueError(f"U+{ord(sign):04X} cannot stand in an address")
    return unicodedata.normalize("NFC", text)
