"""Reads a request's body as events: CloudEvents 1.0 in structured, batched and binary mode, and bodies of a mapping's.

What cannot be read is an event too: it is stored as dead with its reason, so that nothing that was sent is lost.

References
----------
CloudEvents 1.0.2: core, JSON format, HTTP protocol binding.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from pydantic_core import from_json, to_json

from evenstock.operations.inbound.applying import UNREADABLE, kinds, subject_of
from evenstock.operations.ports import Received
from evenstock.service.events.mapping import MappingError, Rule, events_of
from evenstock.service.events.signing import Signed

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
JSON: Final = "application/json"
LARGEST: Final = 16_000_000
"""Bytes of a body."""
MOST_EVENTS: Final = 50_000
LONGEST_ID: Final = 500
_LONGEST_TYPE: Final = 200
_YEARS: Final = range(1990, 2201)
_SECRET: Final = ("secret", "token", "key", "sign", "hmac", "auth", "password", "credential", "cookie")
"""Headers with these in their names are not kept."""


@dataclass(slots=True)
class Read:
    """What a body says."""

    events: list[Received]
    dead: list[tuple[int, Received, str]]
    """Place in the body, what is kept of it, and why it cannot be read."""


def read(
    source: str,
    rules: Sequence[Rule],
    headers: Mapping[str, str],
    body: bytes,
    signed: Signed,
    now: datetime,
) -> Read:
    """Every event of a request. `headers` have names in small letters; those that may hold a secret are not kept."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == BATCH:
        return _batch(source, headers, body, now)
    if kind == STRUCTURED:
        return _one(source, headers, body, body, now)
    if "ce-specversion" in headers and "ce-id" in headers:
        return _binary(source, headers, body, now)
    if rules:
        return _mapped(source, rules, headers, body, signed, now)
    if kind == JSON:
        start = body.lstrip()[:1]
        return _batch(source, headers, body, now) if start == b"[" else _one(source, headers, body, body, now)
    return _unread(
        source, headers, body, now, f"Content-Type {kind[:100]!r} is no CloudEvent, and {source} has no mapping of its own bodies"
    )  # fmt: skip


def _batch(source: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Read:
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        return _unread(source, headers, body, now, f"this is not JSON: {error}")
    if not isinstance(found, list):
        return _unread(source, headers, body, now, "a batch is a list of events")
    if len(found) > MOST_EVENTS:
        return _unread(source, headers, body, now, f"a batch has at most {MOST_EVENTS:,} events, not {len(found):,}")
    out = Read([], [])
    for place, event in enumerate(found):
        try:
            out.events.append(received(source, event, to_json(event), now))
        except ValueError as wrong:
            because = f"event {place} of a batch: {wrong}"
            out.dead.append((place, _kept(source, headers, to_json(event), now), because))
    return out


def _one(source: str, headers: Mapping[str, str], text: bytes, body: bytes, now: datetime) -> Read:
    try:
        event = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        return _unread(source, headers, body, now, f"this is not JSON: {error}")
    try:
        return Read([received(source, event, text, now)], [])
    except ValueError as wrong:
        return _unread(source, headers, body, now, str(wrong))


def _binary(source: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Read:
    """Attributes in headers `ce-…`, percent-encoded; the body is the data."""
    event: dict[str, Any] = {
        name[3:]: unquote(value.strip('"')) for name, value in headers.items() if name.startswith("ce-")
    }
    try:
        event["data"] = from_json(body, allow_inf_nan=False)
        return Read([received(source, event, to_json(event), now)], [])
    except ValueError as wrong:
        return _unread(source, headers, body, now, str(wrong))


def _mapped(
    source: str, rules: Sequence[Rule], headers: Mapping[str, str], body: bytes, signed: Signed, now: datetime
) -> Read:
    try:
        found = events_of(rules, from_json(body, allow_inf_nan=False), kept_headers(headers))
        out = Read([], [])
        # Without an id of its own a delivery is named by what it says: the same body again is the same event.
        named = signed.id or "sha256:" + hashlib.sha256(body).hexdigest()
        for place, event in enumerate(found or ()):
            whole = {
                "specversion": "1.0",
                "source": source,
                **event,
                "id": event.get("id") or (f"{named}/{place}" if len(found or ()) > 1 else named),
            }
            out.events.append(received(source, whole, to_json(whole), now))
    except (MappingError, ValueError) as wrong:
        return _unread(source, headers, body, now, str(wrong))
    return out


def received(source: str, event: Any, text: bytes, now: datetime) -> Received:
    """One CloudEvent as it is stored. Raises ValueError with the attribute that is wrong."""
    if type(event) is not dict:
        raise ValueError("an event is a JSON object")
    get = event.get
    if get("specversion") != "1.0":
        raise ValueError("/specversion: 1.0 is needed")
    name, sender = _text("id", get("id"), LONGEST_ID), _text("source", get("source"), LONGEST_ID)
    kind = _text("type", get("type"), _LONGEST_TYPE)
    time, given, data = get("time"), get("subject"), get("data")
    occurred_at = now if time is None else _moment(time)
    if given is not None:
        _text("subject", given, LONGEST_ID)
    if kind not in kinds():
        raise ValueError(f"/type: nothing is known of {kind!r}; known are {', '.join(kinds())}")
    # By the specification an event is named by `source` and `id` together.
    return Received(
        source,
        name if sender == source else f"{sender} {name}",
        kind,
        subject_of(kind, data, given or ""),
        occurred_at,
        text,
    )


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by which a body may be read again: what may hold a secret is left out."""
    return {
        name: value
        for name, value in headers.items()
        if (name.startswith(("x-", "ce-", "webhook-")) or name == "content-type")
        and not any(word in name for word in _SECRET)
    }


def unread_document(headers: Mapping[str, str], body: bytes) -> bytes:
    """What is kept of a body that cannot be read: its headers and its text, or its bytes in base64."""
    shown = {"headers": kept_headers(headers)}
    try:
        return to_json({**shown, "text": body.decode()})
    except UnicodeDecodeError:
        return to_json({**shown, "base64": base64.b64encode(body).decode()})


def unread_body(document: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of what could not be read."""
    found = from_json(document)
    body = found["text"].encode() if "text" in found else base64.b64decode(found["base64"])
    return dict(found["headers"]), body


def _kept(source: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Received:
    # Named by its bytes: the same thing sent again is kept once.
    name = "unreadable:" + hashlib.sha256(body).hexdigest()
    return Received(source, name, UNREADABLE, "", now, unread_document(headers, body))


def _unread(source: str, headers: Mapping[str, str], body: bytes, now: datetime, because: str) -> Read:
    return Read([], [(0, _kept(source, headers, body, now), because)])


def _text(name: str, value: Any, longest: int) -> str:
    if type(value) is not str or not value:
        raise ValueError(f"/{name}: text is needed")
    if len(value) > longest:
        raise ValueError(f"/{name}: at most {longest} characters")
    if not value.isprintable():
        raise ValueError(f"/{name}: a character that cannot stand in a name")
    return value


def _moment(text: Any) -> datetime:
    if type(text) is not str:
        raise ValueError("/time: text is needed, such as 2026-11-20T14:00:00Z")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("/time: this is no moment; write it as 2026-11-20T14:00:00Z") from None
    if found.tzinfo is None:
        raise ValueError("/time: the moment has no time zone; add Z or an offset")
    if found.year not in _YEARS:
        raise ValueError(f"/time: the year lies outside {_YEARS[0]} to {_YEARS[-1]}")
    return found
