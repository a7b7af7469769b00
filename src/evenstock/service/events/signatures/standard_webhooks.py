"""Standard Webhooks: HMAC-SHA-256 of `id.timestamp.body`, several signatures `v1,base64` with spaces between, five minutes' time.

References
----------
standardwebhooks.com, specification 1.0.0.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from evenstock.service.events.signing import (
    LEAST_SECRET,
    BadSignatureError,
    Signed,
    header,
    require_one,
    sha256,
    unbase64,
)

NAME: Final = "standard_webhooks"
HEADER: Final = "webhook-signature"
OPTIONS: Final[Mapping[str, str]] = {}
PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
_MOST_SIGNATURES: Final = 10


def key(secret: str, options: Mapping[str, str]) -> bytes:  # noqa: ARG001 (as every scheme)
    """The base64 after `whsec_`, 24 to 64 bytes by the specification; 16 and more are taken."""
    try:
        found = base64.b64decode(secret.removeprefix(PREFIX).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise ValueError(f"the secret is base64 after {PREFIX}") from None
    if len(found) < LEAST_SECRET:
        raise ValueError(f"a secret has at least {LEAST_SECRET} bytes, not {len(found)}")
    return found


def carried(headers: Mapping[str, str], options: Mapping[str, str]) -> bool:  # noqa: ARG001
    return HEADER in headers


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, options: Mapping[str, str], now: datetime  # noqa: ARG001
) -> Signed:  # fmt: skip
    name, said = header(headers, "webhook-id"), header(headers, "webhook-timestamp")
    # A version we do not know, such as the asymmetric v1a, is passed over.
    given = [
        unbase64(value)
        for version, _, value in (one.partition(",") for one in header(headers, HEADER).split())
        if version == "v1"
    ]
    if not given or len(given) > _MOST_SIGNATURES:
        raise BadSignatureError(f"1 to {_MOST_SIGNATURES} signatures of version v1 are wanted, not {len(given)}")
    at = _moment(said)
    require_one((sha256(one, message(name, said, body)) for one in keys), given)
    if abs(now - at) > TOLERANCE:
        raise BadSignatureError(f"it was signed at {at:%Y-%m-%d %H:%M:%S} UTC, more than 5 minutes from now")
    return Signed(name, at)


def message(name: str, timestamp: str, body: bytes) -> bytes:
    """What is signed."""
    return b".".join((name.encode(), timestamp.encode(), body))


def signature(key_: bytes, name: str, timestamp: int, body: bytes) -> str:
    """One signature as it stands in the header."""
    return "v1," + base64.b64encode(sha256(key_, message(name, str(timestamp), body))).decode()


def made_secret(random_bytes: bytes) -> str:
    """A secret as the specification writes it."""
    return PREFIX + base64.b64encode(random_bytes).decode()


def key_name(secret: str) -> str:
    """Eight signs that name a secret and tell nothing of it."""
    return hashlib.sha256(b"evenstock webhook secret" + secret.encode()).hexdigest()[:8]


def _moment(text: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise BadSignatureError("webhook-timestamp is no number of seconds since 1970")
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (OverflowError, ValueError, OSError):
        raise BadSignatureError("webhook-timestamp is no moment") from None
