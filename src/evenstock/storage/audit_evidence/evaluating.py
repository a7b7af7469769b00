"""Lets the evaluator that goes with evidence packs judge the books at hand: all of the log, or what is new in it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, Final

from evenstock.operations.audit.rows import AuditBooks, audit_of
from evenstock.operations.audit.standing import keep_evaluation, last_evaluation
from evenstock.operations.ports import Store
from evenstock.storage.audit_evidence.evaluate import Evaluator

_AT_ONCE: Final = 500
"""Rows of one stream held at a time; there are sixteen streams."""
_NOTHING: Final[Mapping[int, int]] = {}


def lines_of(log: AuditBooks, after: Mapping[int, int] = _NOTHING) -> Iterator[bytes]:
    """Rows after these numbers of each stream, by time; within a stream in their order."""
    heads = log.audit_heads()
    streams = (_stream(log, head.stream, after.get(head.stream, 0), head.number) for head in heads)
    return (line for *_, line in heapq.merge(*streams))


def _stream(log: AuditBooks, stream: int, after: int, until: int) -> Iterator[tuple[float, int, int, bytes]]:
    latest = 0.0
    while after < until:
        found = log.audit_rows(stream, after, min(_AT_ONCE, until - after))
        if not found:
            return
        for row in found:
            latest = max(latest, row.at.timestamp())
            yield latest, stream, row.number, row.line
        after = found[-1].number


def evaluate_books(store: Store) -> dict[str, Any]:
    """Judge again everything that the log says was executed. Raises StoreError if the books cannot be read."""
    found = Evaluator()
    with store.reading() as books:
        found.go_through(lines_of(audit_of(books)))
    return found.report()


def evaluate_new(store: Store) -> dict[str, Any]:
    """The same of what came since the last time, and keep what was found. Raises StoreError or ConflictError.

    Two that do it at once: the second finds that the first was faster, and its own is not kept.
    """
    with store.reading() as books:
        before, log = last_evaluation(books), audit_of(books)
        heads = {head.stream: head.number for head in log.audit_heads()}
        if before is not None and any(heads.get(stream, 0) < number for stream, number in before.heads.items()):
            # The books went back to an older state: what was remembered of the newer one counts no more.
            before = None
        found = Evaluator(dict(before.kept) if before is not None else None)
        found.go_through(lines_of(log, before.heads if before is not None else _NOTHING))
    report = found.report()
    with store.transaction() as books:
        keep_evaluation(books, before, report, found.state, heads)
    return report
