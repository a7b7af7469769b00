"""Any system that signs its raw body with HMAC: header, hash, encoding and prefix are said with the source."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from evenstock.service.events.signing import BadSignatureError, Signed, header, require_one, text_key, unbase64, unhex

NAME: Final = "generic"
HEADER: Final = "X-Signature"
OPTIONS: Final[Mapping[str, str]] = {
    "header": HEADER,
    "hash": "sha256",
    "encoding": "hex",
    "prefix": "",
    "id_header": "",
}
"""`hash` is sha256, sha384 or sha512, `encoding` hex or base64; `prefix` stands before the signature, such as `sha256=`."""
_HASHES: Final = ("sha256", "sha384", "sha512")
_ENCODINGS: Final = ("hex", "base64")


def key(secret: str, options: Mapping[str, str]) -> bytes:
    if options["hash"] not in _HASHES:
        raise ValueError(f"hash is one of {', '.join(_HASHES)}, not {options['hash']!r}")
    if options["encoding"] not in _ENCODINGS:
        raise ValueError(f"encoding is one of {', '.join(_ENCODINGS)}, not {options['encoding']!r}")
    return text_key(secret)


def carried(headers: Mapping[str, str], options: Mapping[str, str]) -> bool:
    return options["header"].lower() in headers


def verify(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, options: Mapping[str, str], now: datetime  # noqa: ARG001
) -> Signed:  # fmt: skip
    said = header(headers, options["header"])
    if not said.startswith(options["prefix"]):
        raise BadSignatureError(f"the signature does not begin with {options['prefix']!r}")
    text = said[len(options["prefix"]) :]
    given = unhex(text) if options["encoding"] == "hex" else unbase64(text)
    require_one((hmac.digest(one, body, options["hash"]) for one in keys), [given])
    named = options["id_header"].lower()
    return Signed(headers.get(named, "") if named else "")
