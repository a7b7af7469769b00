"""Passwords as Argon2id hashes with the parameters OWASP names: 19 MiB, two passes, one lane (about 25 ms).

References
----------
OWASP Password Storage Cheat Sheet; RFC 9106; NIST SP 800-63B-4, 3.1.1 (length, no rules of composition).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from evenstock.service.http.problems import Problem

SHORTEST: Final = 12
LONGEST: Final = 128
AT_ONCE: Final = 2
"""Hashes worked on at once in a process: each takes a core and 19 MiB."""
PATIENCE_S: Final = 3.0
Found = TypeVar("Found")


class Passwords:
    """Hashes and verifies; as slow for an account that does not exist as for one that does."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
        self._room = BoundedSemaphore(AT_ONCE)
        self._nobodys = self._hasher.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        """For keeping. Raises Problem `overloaded` where too many are worked on."""
        return self._alone(lambda: self._hasher.hash(_same(password)))

    def verify(self, kept: str, password: str) -> str | None:
        """The hash to keep from now on (another where the parameters have changed), or None where the password is wrong."""

        def look() -> str | None:
            try:
                self._hasher.verify(kept or self._nobodys, _same(password))
            except (VerificationError, InvalidHashError):
                return None
            if not kept:
                return None
            return self._hasher.hash(_same(password)) if self._hasher.check_needs_rehash(kept) else kept

        return self._alone(look)

    def _alone(self, work: Callable[[], Found]) -> Found:
        if not self._room.acquire(timeout=PATIENCE_S):
            raise Problem("overloaded", "too many people sign in at once", headers={"Retry-After": "3"})
        try:
            return work()
        finally:
            self._room.release()


def weakness(password: str, account: str) -> str:
    """Why a password is refused; empty where it will do."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters; three or four words are easy to remember"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    if len(set(password)) < 5:
        return "a password of so few different characters is soon guessed"
    plain, name = password.casefold(), account.casefold().partition("@")[0]
    if len(name) >= 3 and name in plain and len(plain.replace(name, "")) < SHORTEST - 2:
        return "a password that is little more than the account's name is soon guessed"
    return ""


def _same(password: str) -> str:
    """The same whatever keyboard it was typed on."""
    return unicodedata.normalize("NFKC", password)
