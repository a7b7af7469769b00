"""A store of which every change is a row of the audit log, in the transaction that makes it.

What a transaction changes is noted call by call; what a step takes back is forgotten; right before the commit one statement
appends the rows. So a row and its deed are there both or neither, and no path to the books can leave it out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Final, cast

from evenstock.operations.audit.deeds import DEEDS, Deed
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.audit.who import acting_for, told
from evenstock.operations.ports import Answer, SingleCalls, Store, Transaction

_LISTED: Final = frozenset({"post", "publish"})
"""Calls that take anything that can be gone through once."""
_LONGEST: Final = 400
_text: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
Noted = list[tuple[str, Deed]]
Heard = Callable[[Sequence[tuple[str, Deed]]], None]


class AuditedStore:
    """Any store, audited."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self._tokens: dict[str, tuple[str, int]] = {}
        """Of leases held through here: whoever only renews one changes nothing but its time."""
        self._hear: list[Heard] = []

    def listen(self, heard: Heard) -> None:
        """Call this after every commit with what was noted, in the context of who did it; nothing it does is undone."""
        self._hear.append(heard)

    def transaction(self) -> AbstractContextManager[Transaction]:
        return cast("AbstractContextManager[Transaction]", _Audited(self.inner.transaction(), self._tokens, self._hear))

    @contextmanager
    def singly(self) -> Iterator[SingleCalls]:
        kept: Noted = []
        with self.inner.singly() as books:
            yield _Single(books, kept)
        _tell(self._hear, kept)

    def reading(self) -> AbstractContextManager[Transaction]:
        return self.inner.reading()

    def close(self) -> None:
        self.inner.close()


class _Single:
    """Calls that are whole by themselves: what they do and its rows are one statement."""

    __slots__ = ("_books", "_kept", "recall_and_look")

    def __init__(self, books: SingleCalls, kept: Noted) -> None:
        self._books, self._kept, self.recall_and_look = books, kept, books.recall_and_look

    def keep_together(self, answers: Sequence[Answer], now: datetime, *, halts: Collection[str] = ()) -> bool:
        told = DEEDS["keep_together"](True, answers, now)
        kept = cast("Transaction", self._books).keep_together(answers, now, rows_of(told), halts=halts)
        self._kept += told if kept else []
        return kept


class _Audited:
    """The block of one transaction."""

    __slots__ = ("_block", "_books", "_hear", "_kept", "_noted", "_tokens")

    def __init__(
        self, block: AbstractContextManager[Transaction], tokens: dict[str, tuple[str, int]], hear: Sequence[Heard]
    ) -> None:
        self._block, self._tokens, self._hear = block, tokens, hear
        self._noted: Noted = []
        self._kept: Noted = []

    def __enter__(self) -> AuditedTransaction:
        self._books = self._block.__enter__()
        return AuditedTransaction(self._books, self._noted, self._tokens, self._kept)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is None and self._noted:
            try:
                audit_of(self._books).append_audit(rows_of(self._noted))
            except BaseException as failed:
                # The books take everything back: nothing is done that the log does not say.
                self._block.__exit__(type(failed), failed, failed.__traceback__)
                raise
        taken = self._block.__exit__(kind, error, trace)
        if kind is None:
            _tell(self._hear, [*self._kept, *self._noted])
        return taken


def _tell(hear: Sequence[Heard], noted: Noted) -> None:
    if noted:
        for heard in hear:
            heard(noted)


class AuditedTransaction:
    """An open transaction whose changes are noted; everything else goes straight through."""

    __slots__ = ("_kept", "_noted", "_tokens", "inner")

    def __init__(self, inner: Transaction, noted: Noted, tokens: dict[str, tuple[str, int]], kept: Noted) -> None:
        self.inner, self._noted, self._tokens, self._kept = inner, noted, tokens, kept

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.inner, name)
        said = DEEDS.get(name)
        return call if said is None else self._noting(call, said, listed=name in _LISTED)

    def _noting(self, call: Callable[..., Any], said: Callable[..., Noted], *, listed: bool) -> Callable[..., Any]:
        def noted(*args: Any, **options: Any) -> Any:
            if listed and args:
                args = (list(args[0]), *args[1:])
            result = call(*args, **options)
            self._noted += said(result, *args, **options)
            return result

        return noted

    def keep_together(self, answers: Sequence[Answer], now: datetime, *, halts: Collection[str] = ()) -> bool:
        """Its rows go with it, in the same statement; what was done before in this transaction is told before."""
        told = DEEDS["keep_together"](True, answers, now)
        if self._noted:
            kept = self.inner.keep_together(answers, now, halts=halts)
            self._noted += told if kept else []
            return kept
        kept = self.inner.keep_together(answers, now, rows_of(told), halts=halts)
        self._kept += told if kept else []
        return kept

    def lease(self, name: str, holder: str, seconds: int) -> int | None:
        token = self.inner.lease(name, holder, seconds)
        if token is not None and (seconds == 0 or self._tokens.get(name) != (holder, token)):
            self._tokens[name] = (holder, token)
            self._noted += DEEDS["lease"](token, name, holder, seconds)
        return token

    def note(self, about: str, deed: Deed) -> None:
        """Note what no call of the port did."""
        self._noted.append((about, deed))

    @contextmanager
    def whole(self) -> Iterator[None]:
        mark = len(self._noted)
        try:
            with self.inner.whole():
                yield
        except BaseException:
            del self._noted[mark:]
            raise


def say(books: Transaction, about: str, deed: Deed) -> None:
    """Tell the log, where there is one, of a change that no call of the port makes."""
    note = getattr(books, "note", None)
    if note is not None:
        note(about, deed)


def rows_of(noted: Noted) -> list[tuple[str, str]]:
    """What was noted as rows: one for each thing, its deeds in their order.

    Examples
    --------
    >>> rows_of([("order-1", {"did": "reserve"}), ("", {"did": "remember"})])
    [('order-1', '{"about":"order-1","deeds":[{"did":"reserve"},{"did":"remember"}],"who":{"id":"system","kind":"system"}}')]
    """
    things: dict[str, list[Deed]] = {}
    last = ""
    for about, deed in noted:
        last = _id(about) or last
        things.setdefault(last, []).append(deed)
    return [
        (about, f'{{"about":{_text(about)},"deeds":{_text(deeds)},"who":{told(acting_for(about))}}}')
        for about, deeds in things.items()
    ]


def _id(about: str) -> str:
    """An id that an index can hold: one that is longer is named by its digest."""
    about = about.replace("\0", " ")
    return about if len(about) <= _LONGEST else f"sha256:{hashlib.sha256(about.encode()).hexdigest()}"
