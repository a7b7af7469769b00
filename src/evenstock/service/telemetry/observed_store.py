"""A store that counts: how long transactions take, and which decisions were committed, whoever asked for them.

Counted is what commits: a decision whose transaction, or whose step of one, was taken back never happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from time import perf_counter
from types import TracebackType
from typing import Any, Final, cast

from evenstock.domain import DecisionRecord, Order
from evenstock.operations.ports import Answer, SingleCalls, Store, Transaction
from evenstock.service.telemetry.metrics import Metrics
from evenstock.service.telemetry.tracing import TRACED, span

_STEPS: Final = frozenset(
    {"look", "recall_and_look", "balances", "prices", "capacity_prices", "quotas", "recall", "reserve", "record", "publish", "remember", "post",
     "receive", "claim_received", "entry", "entries", "put_order", "case", "cases", "decision"}
)  # fmt: skip
"""Calls that are a span of their own in a traced request."""


class ObservedStore:
    """Any store, observed."""

    def __init__(self, inner: Store, metrics: Metrics) -> None:
        self.inner, self._metrics = inner, metrics

    def transaction(self) -> AbstractContextManager[Transaction]:
        return cast("AbstractContextManager[Transaction]", _Observed(self.inner.transaction(), self._metrics, "write"))

    def singly(self) -> AbstractContextManager[SingleCalls]:
        return cast("AbstractContextManager[SingleCalls]", _Observed(self.inner.singly(), self._metrics, "write"))

    def reading(self) -> AbstractContextManager[Transaction]:
        return cast("AbstractContextManager[Transaction]", _Observed(self.inner.reading(), self._metrics, "read"))

    def close(self) -> None:
        self.inner.close()


class _Observed:
    """The block of one transaction."""

    __slots__ = ("_begun", "_block", "_kind", "_metrics", "_noted", "_span")

    def __init__(self, block: AbstractContextManager[Any], metrics: Metrics, kind: str) -> None:
        self._block, self._metrics, self._kind = block, metrics, kind
        self._noted: list[tuple[DecisionRecord, int]] = []
        self._span: AbstractContextManager[Any] | None = None

    def __enter__(self) -> ObservedTransaction:
        self._begun = perf_counter()
        if TRACED.get() is not None:
            with span("begin"):
                books = self._block.__enter__()
            self._span = span(f"books {self._kind}")
            self._span.__enter__()
            return TracedTransaction(books, self._noted)
        return ObservedTransaction(self._block.__enter__(), self._noted)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        end = "failed"
        try:
            if self._span is not None:
                self._span.__exit__(None, None, None)
            with span("commit" if kind is None else "roll back"):
                swallowed = self._block.__exit__(kind, error, trace)
            end = "committed" if kind is None else "rolled_back"
        finally:
            self._metrics.transacted(self._kind, end, perf_counter() - self._begun)
        if end == "committed":
            for record, goods_cents in self._noted:
                self._metrics.decided(record, goods_cents)
        return swallowed


class ObservedTransaction:
    """An open transaction of which decisions are noted; everything else goes straight through."""

    __slots__ = ("_goods", "_noted", "inner")

    def __init__(self, inner: Transaction, noted: list[tuple[DecisionRecord, int]]) -> None:
        self.inner, self._noted = inner, noted
        self._goods: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def put_order(self, order: Order) -> None:
        self.inner.put_order(order)
        self._goods[order.id] = goods_cents(order)

    def record(self, decision: DecisionRecord) -> None:
        self.inner.record(decision)
        self._noted.append((decision, self._goods.pop(decision.order, 0)))

    def answer(self, decision: DecisionRecord, now: datetime, *, order: Order | None = None, **more: Any) -> None:
        self.inner.answer(decision, now, order=order, **more)
        self._noted.append((decision, goods_cents(order) if order is not None else 0))

    def keep_together(self, answers: Sequence[Answer], now: datetime, **more: Any) -> bool:
        kept = self.inner.keep_together(answers, now, **more)
        if kept:
            self._noted += [(one.decision, goods_cents(one.order)) for one in answers]
        return kept

    @contextmanager
    def whole(self) -> Iterator[None]:
        mark = len(self._noted)
        try:
            with self.inner.whole():
                yield
        except BaseException:
            del self._noted[mark:]
            raise


def goods_cents(order: Order) -> int:
    """What the customer pays for the goods."""
    return sum(line.units * line.price_cents for line in order.lines)


class TracedTransaction(ObservedTransaction):
    """And each call of it is a span."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        return _spanned(name, found) if name in _STEPS else found

    def put_order(self, order: Order) -> None:
        with span("put_order"):
            super().put_order(order)

    def record(self, decision: DecisionRecord) -> None:
        with span("record"):
            super().record(decision)

    def answer(self, decision: DecisionRecord, now: datetime, *, order: Order | None = None, **more: Any) -> None:
        with span("answer"):
            super().answer(decision, now, order=order, **more)

    def keep_together(self, answers: Sequence[Answer], now: datetime, **more: Any) -> bool:
        with span("keep_together"):
            return super().keep_together(answers, now, **more)


def _spanned(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def stepped(*args: Any, **options: Any) -> Any:
        with span(name):
            return call(*args, **options)

    return stepped
