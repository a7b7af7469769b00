"""The key that signs checkpoints (Ed25519), in the text form of signed notes: made at first use, or given."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evenstock.operations.ports import StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PRIVATE: Final = "PRIVATE+KEY+"
_ED25519: Final = b"\x01"
_OTHERS: Final = 0o077


@dataclass(frozen=True)
class AuditKey:
    """A name and a seed. The name is that of the log."""

    name: str
    seed: bytes

    @property
    def private(self) -> Ed25519PrivateKey:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError:
            raise StoreError(
                "checkpoints are signed by the package `cryptography`: install evenstock[service]"
            ) from None
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> str:
        """What verifiers are given: name, number and public key, as C2SP's signed-note writes them.

        Examples
        --------
        >>> AuditKey("evenstock.audit.test", bytes(32)).public
        'evenstock.audit.test+5f54b0d5+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
        """
        text = _ED25519 + self.private.public_key().public_bytes_raw()
        return f"{self.name}+{self.number.hex()}+{base64.b64encode(text).decode()}"

    @property
    def number(self) -> bytes:
        text = _ED25519 + self.private.public_key().public_bytes_raw()
        return hashlib.sha256(self.name.encode() + b"\n" + text).digest()[:4]

    def signed(self, body: str) -> bytes:
        """The body as a signed note."""
        value = base64.b64encode(self.number + self.private.sign(body.encode())).decode()
        return f"{body}\n\u2014 {self.name} {value}\n".encode()

    def opened(self, note: bytes) -> str:
        """The body of a note that this key signed. Raises ValueError where it did not, or the note was changed since."""
        body, _, signatures = note.decode().rpartition("\n\n")
        from cryptography.exceptions import InvalidSignature

        for line in signatures.splitlines():
            mark, name, value = line.split(" ")
            text = base64.b64decode(value)
            if (mark, name, text[:4]) == ("\u2014", self.name, self.number):
                try:
                    self.private.public_key().verify(text[4:], f"{body}\n".encode())
                except InvalidSignature:
                    break
                return f"{body}\n"
        raise ValueError(f"it is not signed by {self.name}, or was changed since")

    @property
    def text(self) -> str:
        """As it is kept: whoever has it can sign."""
        return f"{_PRIVATE}{self.name}+{self.number.hex()}+{base64.b64encode(_ED25519 + self.seed).decode()}"


def open_key(path: Path) -> AuditKey:
    """The key in this file, which is made where there is none, for its owner alone.

    Raises
    ------
    StoreError
        If the file holds no such key, or others may read it.
    """
    if not path.exists():
        _write(path, AuditKey(f"evenstock.audit.{secrets.token_hex(4)}", secrets.token_bytes(32)))
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise StoreError(f"{path}: others may read the key that signs checkpoints; say chmod 600 {path}")
    said = path.read_text("utf-8").strip()
    name, _, rest = said.removeprefix(_PRIVATE).partition("+")
    number, _, value = rest.partition("+")
    try:
        text = base64.b64decode(value, validate=True)
    except ValueError:
        text = b""
    if not said.startswith(_PRIVATE) or not name or text[:1] != _ED25519 or len(text) != 1 + 32:
        raise StoreError(
            f"{path} holds no key that signs checkpoints: it begins with {_PRIVATE}, as signed notes have it"
        )
    key = AuditKey(name, text[1:])
    if key.number.hex() != number:
        raise StoreError(f"{path}: the key's number is not that of its name and value; it was cut or changed")
    return key


def _write(path: Path, key: AuditKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(key.text + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Of two that make it at once, one is there first, and both read that one.
        if not path.exists():
            os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
