"""What a signature scheme is, and how one is found."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, Protocol, cast

from evenstock.registry import members

FAMILY: Final = "evenstock.service.events.signatures"
LEAST_SECRET: Final = 16
"""Bytes of a secret."""


class BadSignatureError(Exception):
    """The request does not prove that its sender knows a secret of the source; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature is right."""

    id: str = ""
    """Name of the delivery, where the scheme has one: a second delivery has the same."""
    at: datetime | None = None
    """When it was signed, where the scheme says so."""


class Scheme(Protocol):
    """A member of the family."""

    NAME: str
    HEADER: str
    """What carries the signature, or does where its option `header` says nothing else."""
    OPTIONS: Mapping[str, str]
    """What may be said about it, with what holds where nothing is."""

    def key(self, secret: str, options: Mapping[str, str]) -> bytes:
        """The key that a secret stands for. Raises ValueError for one that cannot be used."""

    def carried(self, headers: Mapping[str, str], options: Mapping[str, str]) -> bool:
        """Whether the request says that it is signed so."""

    def verify(
        self, keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, options: Mapping[str, str], now: datetime
    ) -> Signed:
        """Raise BadSignatureError unless one of the keys signed the body, and in time where a time is signed."""


@cache
def schemes() -> Mapping[str, Scheme]:
    """Every scheme by its name."""
    return {module.NAME: cast("Scheme", module) for module in members(FAMILY).values()}


def with_defaults(scheme: Scheme, options: Mapping[str, str]) -> Mapping[str, str]:
    """What was said about the scheme over what holds otherwise. Raises ValueError for something it does not know."""
    strange = sorted(set(options) - set(scheme.OPTIONS))
    if strange:
        known = ", ".join(scheme.OPTIONS) or "none"
        raise ValueError(f"{scheme.NAME} has no option {strange[0]!r}; it has {known}")
    return {**scheme.OPTIONS, **options}


def text_key(secret: str) -> bytes:
    """A secret whose text is the key. Raises ValueError where it is too short to be one."""
    key = secret.encode()
    if len(key) < LEAST_SECRET:
        raise ValueError(f"a secret has at least {LEAST_SECRET} bytes, not {len(key)}")
    return key


def sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def require_one(expected: Iterable[bytes], given: Sequence[bytes]) -> None:
    """Raise BadSignatureError unless one of `given` is one of `expected`; every pair is compared, each in constant time."""
    right = False
    for mine in expected:
        for theirs in given:
            right |= hmac.compare_digest(mine, theirs)
    if not right:
        raise BadSignatureError("the signature does not match the body")


def unbase64(text: str) -> bytes:
    """Raises BadSignatureError for what is no base64."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise BadSignatureError("the signature is no base64") from None


def unhex(text: str) -> bytes:
    """Raises BadSignatureError for what is no hexadecimal."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadSignatureError("the signature is not hexadecimal") from None


def header(headers: Mapping[str, str], name: str) -> str:
    """A header that must be there. Raises BadSignatureError."""
    found = headers.get(name.lower(), "")
    if not found:
        raise BadSignatureError(f"the header {name} is missing")
    return found
