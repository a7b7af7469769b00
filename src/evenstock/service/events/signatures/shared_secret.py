"""A credential in a header, as UPS Track Alert sends the one it was given: it proves the sender, not the body.

Use it only where the sender can do no better, and only over https.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from evenstock.service.events.signing import Signed, header, require_one, sha256, text_key

NAME: Final = "shared_secret"
HEADER: Final = "credential"
OPTIONS: Final[Mapping[str, str]] = {"header": HEADER, "id_header": ""}
# Digests are compared, so that not even the length of a credential shows in the time it takes.
_BLIND: Final = b"evenstock shared secret"


def key(secret: str, options: Mapping[str, str]) -> bytes:  # noqa: ARG001 (as every scheme)
    return text_key(secret)


def carried(headers: Mapping[str, str], options: Mapping[str, str]) -> bool:
    return options["header"].lower() in headers


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, options: Mapping[str, str], now: datetime  # noqa: ARG001
) -> Signed:  # fmt: skip
    given = sha256(_BLIND, header(headers, options["header"]).encode("latin-1", "replace"))
    require_one((sha256(_BLIND, one) for one in keys), [given])
    named = options["id_header"].lower()
    return Signed(headers.get(named, "") if named else "")
