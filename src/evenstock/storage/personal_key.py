"""The master keys that wrap the keys of persons: a file of its owner's alone, made at first use; the newest key stands first."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evenstock.operations.ports import StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE: Final = 12
_BEGINS: Final = "evenstock.personal+"
_OTHERS: Final = 0o077


class MasterKeys:
    """Keys by their names, the newest first: it wraps, all of them unwrap."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Raise StoreError where what encrypts is not installed, or there is no key."""
        self._ciphers = {name_of(key): cipher(key) for key in keys}
        if not self._ciphers:
            raise StoreError("no master key was given; personal data cannot be sealed without one")
        self.newest = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"MasterKeys({', '.join(self._ciphers)})"

    def __contains__(self, name: object) -> bool:
        return name in self._ciphers

    @property
    def names(self) -> list[str]:
        return list(self._ciphers)

    def wrap(self, key: bytes, about: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._ciphers[self.newest].encrypt(nonce, key, about)

    def unwrap(self, name: str, wrapped: bytes, about: bytes) -> bytes:
        """The key of a person that the master key of this name wrapped. Raises StoreError."""
        found = self._ciphers.get(name)
        if found is None:
            raise StoreError(
                f"a person's key is wrapped by master key {name}, which is not in the file of master keys; put it back "
                "behind the newest: nothing is lost as long as it exists somewhere"
            )
        from cryptography.exceptions import InvalidTag

        try:
            return found.decrypt(wrapped[:NONCE], wrapped[NONCE:], about)
        except InvalidTag:
            raise StoreError(
                "a person's key was changed, or belongs to somebody else; restore it from a backup"
            ) from None


def cipher(key: bytes) -> AESGCM:
    """AES-256-GCM. Raises StoreError where the package is missing."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise StoreError("personal data are sealed by the package `cryptography`: install evenstock[service]") from None
    return AESGCM(key)


def name_of(key: bytes) -> str:
    """Eight signs that name a master key and tell nothing of it.

    Examples
    --------
    >>> name_of(bytes(32))
    '1b23d0a8'
    """
    return hashlib.sha256(b"evenstock personal key name" + key).hexdigest()[:8]


def open_keys(path: Path, *, make: bool) -> MasterKeys:
    """The keys in this file; where there is none, one is made if `make` says so.

    Raises
    ------
    StoreError
        If the file is missing and may not be made, holds no such key, or others may read it.
    """
    if not path.exists():
        if not make:
            raise StoreError(
                f"{path} is not there, and the books hold personal data that its keys sealed; copy it from the machine "
                "that made it, or from its backup, or name it in EVENSTOCK_PERSONAL_KEY"
            )
        _write(path, [secrets.token_bytes(KEY_BYTES)], over=False)
    return MasterKeys(_read(path))


def add_key(path: Path) -> str:
    """Put a new master key in front of those in the file; returns its name. What it replaces still opens."""
    keys = [secrets.token_bytes(KEY_BYTES), *_read(path)]
    _write(path, keys, over=True)
    return name_of(keys[0])


def drop_keys(path: Path) -> list[str]:
    """Take all but the newest away; returns their names. What they wrapped and nobody wrapped anew is lost, on purpose."""
    newest, *older = _read(path)
    _write(path, [newest], over=True)
    return [name_of(key) for key in older]


def _read(path: Path) -> list[bytes]:
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise StoreError(f"{path}: others may read the keys of personal data; say chmod 600 {path}")
    keys = []
    for number, line in enumerate(path.read_text("utf-8").split(), 1):
        name, _, value = line.removeprefix(_BEGINS).partition("+")
        try:
            key = base64.b64decode(value, validate=True)
        except ValueError:
            key = b""
        if not line.startswith(_BEGINS) or len(key) != KEY_BYTES or name_of(key) != name:
            raise StoreError(f"{path}, line {number}: this is no key of personal data; it was cut or changed")
        keys.append(key)
    if not keys:
        raise StoreError(f"{path} holds no key of personal data")
    return keys


def _write(path: Path, keys: Sequence[bytes], *, over: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{_BEGINS}{name_of(key)}+{base64.b64encode(key).decode()}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    if over:
        new.replace(path)
        return
    try:
        # Of two that make it at once, one is there first, and both read that one.
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
