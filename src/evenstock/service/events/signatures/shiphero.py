"""ShipHero: HMAC-SHA-256 of the raw body in base64, with the id of the message beside it.

References
----------
developer.shiphero.com, "Webhooks: verifying".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from evenstock.service.events.signing import Signed, header, require_one, sha256, text_key, unbase64

NAME: Final = "shiphero"
OPTIONS: Final[Mapping[str, str]] = {}
HEADER: Final = "x-shiphero-hmac-sha256"


def key(secret: str, options: Mapping[str, str]) -> bytes:  # noqa: ARG001 (as every scheme)
    return text_key(secret)


def carried(headers: Mapping[str, str], options: Mapping[str, str]) -> bool:  # noqa: ARG001
    return HEADER in headers


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, options: Mapping[str, str], now: datetime  # noqa: ARG001
) -> Signed:  # fmt: skip
    given = unbase64(header(headers, HEADER))
    require_one((sha256(one, body) for one in keys), [given])
    return Signed(headers.get("x-shiphero-message-id", ""))
