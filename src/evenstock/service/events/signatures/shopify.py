"""Shopify: HMAC-SHA-256 of the raw body in base64. No time is signed: replays are dropped by the id of the delivery.

References
----------
shopify.dev, "Deliver webhooks through HTTPS".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from evenstock.service.events.signing import Signed, header, require_one, sha256, text_key, unbase64

NAME: Final = "shopify"
OPTIONS: Final[Mapping[str, str]] = {}
HEADER: Final = "X-Shopify-Hmac-SHA256"
# The event's own id is the same however often, and for however many subscriptions, it is delivered.
_IDS: Final = ("x-shopify-event-id", "x-shopify-webhook-id")


def key(secret: str, options: Mapping[str, str]) -> bytes:  # noqa: ARG001 (as every scheme)
    return text_key(secret)


def carried(headers: Mapping[str, str], options: Mapping[str, str]) -> bool:  # noqa: ARG001
    return HEADER.lower() in headers


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, options: Mapping[str, str], now: datetime  # noqa: ARG001
) -> Signed:  # fmt: skip
    given = unbase64(header(headers, HEADER))
    require_one((sha256(one, body) for one in keys), [given])
    return Signed(next((headers[name] for name in _IDS if headers.get(name)), ""))
