"""A request with an `Idempotency-Key` takes effect once: key, digest of the request and answer are committed with the effect.

The same key with the same request gives the answer of the first time, with `Idempotent-Replayed: true`; with another request
it is a conflict. Keys belong to whoever sends them, and to the address they are sent to. What fails leaves its key unused.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Header, Request
from pydantic import BaseModel
from pydantic_core import from_json, to_json
from starlette.responses import Response

from evenstock.domain import DecisionRecord
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Store, Transaction
from evenstock.service.context import Service
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import JSON

LONGEST_KEY: Final = 255
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        pattern=r"^[\x21-\x7e]+$",
        description="Sent again with the same key, the request has its effect once and gives the same answer",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1_000,
        description="ETag of what was read: refused where it has changed",
    ),
]
"""Declares the header; `replies.match` heeds it."""
_KEPT: Final = frozenset({"content-type", "location", "etag"})


def once(
    request: Request,
    service: Service,
    body: bytes | BaseModel,
    work: Callable[[Store], Response],
    *,
    whole: bool = False,
) -> Response:
    """Do `work` with a store of which everything it changes is one transaction, with the key where there is one.

    `work` answers by returning; whatever it raises takes everything back, and the key stays unused. Without a key it has
    the store itself, and its operations commit as they do, unless all of it must be `whole`. Requests under the same key
    wait for one another.
    """
    key = request.headers.get("idempotency-key")
    if key is None and not whole:
        return work(service.store)
    if key is None:
        with service.store.transaction() as books:
            return work(JoinedStore(books))
    name, said = named(request, body)
    with service.store.transaction() as books:
        seen = books.recall(name)
        if seen is not None:
            if seen.request != said:
                raise Problem("idempotency_key_reused", f"the key {key} came with another request before")
            return _again(books, seen.response)
        reply = work(JoinedStore(books))
        books.remember(name, said, _kept(reply), service.clock())
    return reply


def named(request: Request, body: bytes | BaseModel) -> tuple[str, str]:
    """What the request's answer is kept under, and the digest of what it asks; both empty without a key."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return "", ""
    content = body if isinstance(body, bytes) else body.model_dump_json().encode()
    said = hashlib.sha256(str(request.url.query).encode() + b"\0" + content).hexdigest()
    return f"http:{request.state.principal.id}:{request.method} {request.url.path}:{key}", said


def kept_decision(record: DecisionRecord) -> bytes:
    """What is kept of an answer that is a decision's record: which one it is."""
    return to_json({"status": 200, "headers": {"content-type": JSON}, "decision": record.id})


def _kept(reply: Response) -> bytes:
    shown = {k: v for k, v in reply.headers.items() if k in _KEPT}
    return to_json(
        {"status": reply.status_code, "headers": shown, "body": base64.b64encode(bytes(reply.body)).decode()}
    )


def _again(books: Transaction, kept: bytes) -> Response:
    found = from_json(kept)
    headers = {**found["headers"], "Idempotent-Replayed": "true"}
    body = books.decision(found["decision"]) if "decision" in found else base64.b64decode(found["body"])
    return Response(body, found["status"], headers)
