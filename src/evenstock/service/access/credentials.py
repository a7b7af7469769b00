"""What callers prove themselves with: API keys and session tokens, made at random, known here only by digest."""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import sha256
from typing import Final, NamedTuple

from starlette.requests import Request

from evenstock.operations.access.api_key import PREFIX
from evenstock.operations.access.issue_key import Minted
from evenstock.service.access.vault import several
from evenstock.service.configuration import LEAST_PEPPER, Configuration, Secret

_KEY: Final = re.compile(r"(ek_[0-9a-f]{10})_[A-Za-z0-9_-]{43}")
_LONGEST: Final = 200
"""Characters of a credential worth looking at."""


class Digests:
    """HMAC-SHA-256 under the server's pepper, which may be several separated by commas: the newest writes, all of them read."""

    def __init__(self, pepper: Secret) -> None:
        """Raise ConfigurationError where the pepper is missing or shorter than 32 characters."""
        self._peppers = several(pepper, "pepper", LEAST_PEPPER)

    def of(self, kind: str, token: str) -> str:
        """Digest to keep; `kind` keeps the digests of keys, sessions and other things apart."""
        return hmac.digest(self._peppers[0], _said(kind, token), "sha256").hex()

    def all(self, kind: str, token: str) -> tuple[str, ...]:
        """Digests to look for, the newest pepper's first."""
        return tuple(hmac.digest(pepper, _said(kind, token), "sha256").hex() for pepper in self._peppers)


class Credential(NamedTuple):
    """What came with a request."""

    kind: str
    """`key` or `session`."""
    token: str

    @property
    def key_id(self) -> str:
        """Public beginning of a key; empty where it has not the form of one."""
        found = _KEY.fullmatch(self.token)
        return found[1] if found else ""

    @property
    def fingerprint(self) -> bytes:
        """Names it within this process."""
        return sha256(_said(self.kind, self.token)).digest()


def credential_of(request: Request, cookie: str) -> Credential | None:
    """The bearer key, or else the session in the cookie of that name; None where there is neither."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        # A header that is no bearer key is a wrong credential, not a missing one: the cookie does not step in.
        return Credential("key", token if scheme.lower() == "bearer" and len(token) <= _LONGEST else "")
    found = request.cookies.get(cookie) if "cookie" in request.headers else None
    return Credential("session", found) if found and len(found) <= _LONGEST else None


def mint_key(digests: Digests) -> tuple[str, Minted]:
    """A fresh key of 256 random bits, to be shown once, and what is kept of it."""
    name = PREFIX + secrets.token_hex(5)
    key = f"{name}_{secrets.token_urlsafe(32)}"
    return key, Minted(name, digests.of("key", key))


def mint_token() -> str:
    """A fresh session token of 256 random bits."""
    return secrets.token_urlsafe(32)


def cookie_name(configuration: Configuration) -> str:
    """Under https bound to this very host (`__Host-`, RFC 6265bis)."""
    return "__Host-evenstock_session" if secure(configuration) else "evenstock_session"


def secure(configuration: Configuration) -> bool:
    return configuration.public_url.lower().startswith("https://")


def _said(kind: str, token: str) -> bytes:
    return f"{kind}\0{token}".encode("utf-8", "surrogatepass")
