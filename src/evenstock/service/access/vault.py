"""Secrets at rest: what must be used again as it was, such as the secret a webhook is signed with, is kept sealed.

AES-256-GCM with a fresh nonce for each secret; the keys are derived from the configuration's `secrets_key` with HKDF-SHA-256
(RFC 5869). `secrets_key` may hold several keys separated by commas, the newest first: the first seals, all of them open, so a
key is changed by putting a new one in front and taking the old one away once everything was sealed anew (`stale` tells).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evenstock.service.configuration import ConfigurationError, Secret

LEAST_KEY: Final = 32
"""Characters of a key."""
_FORM: Final = "v1"
_NONCE: Final = 12
_CHANGED: Final = "the sealed secret was changed, or belongs to something else"
_PURPOSE: Final = b"evenstock secrets at rest, AES-256-GCM"


class SealError(ValueError):
    """A sealed secret cannot be opened: another key sealed it, it is of another thing, or it was changed."""


class Vault:
    """Seals and opens secrets; holds keys only in memory."""

    def __init__(self, secrets_key: Secret) -> None:
        """Raise ConfigurationError where a key is missing or shorter than 32 characters."""
        keys = several(secrets_key, "secrets_key", LEAST_KEY)
        self._ciphers = {_name(derived): AESGCM(derived) for derived in map(_derive, keys)}
        self._newest = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._ciphers)})"

    def seal(self, secret: bytes, about: str = "") -> str:
        """Text to keep; `about` names the thing it is of, and must be said again to open it."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._newest].encrypt(nonce, secret, about.encode())
        return f"{_FORM}.{self._newest}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, about: str = "") -> bytes:
        """Give back what was sealed. Raises SealError."""
        form, _, rest = sealed.partition(".")
        name, _, body = rest.partition(".")
        cipher = self._ciphers.get(name)
        if form != _FORM:
            raise SealError("this is no sealed secret of ours")
        if cipher is None:
            raise SealError(f"sealed with key {name}, which is not in secrets_key; put that key back behind the newest")
        try:
            raw = base64.b64decode(body.encode(), altchars=b"-_", validate=True)
            opened = cipher.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode())
        except (InvalidTag, ValueError, binascii.Error):
            raise SealError(_CHANGED) from None
        if base64.urlsafe_b64encode(raw).decode() != body:
            raise SealError(_CHANGED)
        return opened

    def stale(self, sealed: str) -> bool:
        """Whether it was sealed with another key than the newest: open it and seal it again."""
        return sealed.split(".")[1:2] != [self._newest]


def several(secret: Secret, name: str, least: int) -> list[bytes]:
    """Keys in one setting, separated by commas, the newest first. Raises ConfigurationError for none, or one too short."""
    keys = [key.strip() for key in secret.reveal().split(",") if key.strip()]
    if not keys:
        raise ConfigurationError(
            f"EVENSTOCK_{name.upper()} is not set; make one with `openssl rand -hex 32` and keep it where only the "
            f"service reads it (EVENSTOCK_{name.upper()}_FILE names a file)"
        )
    for number, key in enumerate(keys, 1):
        if len(key) < least:
            raise ConfigurationError(
                f"EVENSTOCK_{name.upper()}: key {number} has {len(key)} characters; at least {least} are needed "
                "(`openssl rand -hex 32` makes 64)"
            )
    return [key.encode() for key in keys]


def _derive(key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key)


def _name(derived: bytes) -> str:
    """Eight signs that name a key and tell nothing of it."""
    return hashlib.sha256(b"evenstock key name" + derived).hexdigest()[:8]
