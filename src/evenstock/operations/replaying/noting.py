"""Notes what an answer reads from the books as it is made, and keeps it with the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, cast

from evenstock.domain import DecisionRecord
from evenstock.operations.autonomy.actor import Actor, actor_now
from evenstock.operations.autonomy.asking import asks_roles
from evenstock.operations.deciding import Decide, RouteOrder, decide_order
from evenstock.operations.ports import Look, Remembered, Short, Transaction
from evenstock.operations.replaying.company_then import origin_of
from evenstock.operations.replaying.kept_inputs import KeptInputs, Read, inputs_key
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork


class Asking(Protocol):
    """What was asked, of which company: a question, for one."""

    @property
    def command(self) -> RouteOrder: ...
    @property
    def network(self) -> ShippingNetwork: ...
    @property
    def policy(self) -> CompiledPolicy: ...


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What was asked where there is no one question."""

    command: RouteOrder
    network: ShippingNetwork
    policy: CompiledPolicy


def noting(books: Transaction) -> tuple[Transaction, Read]:
    """The same books, and what is read from them from now on."""
    read = Read()
    return cast("Transaction", _Noting(books, read)), read


def keep_inputs(
    books: Transaction,
    record: DecisionRecord,
    way: str,
    asked: Asking,
    read: Read,
    *,
    order_kept: bool = True,
    more: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
) -> None:
    """Write down what an answer was made from, where it is a company's; nothing else otherwise.

    Parameters
    ----------
    actor
        Who decides; whoever acts now, unless it is said.
    """
    if origin_of(asked.network) is not None:
        who = actor or _actor(books, asked)
        said = said_inputs(record, way, asked, read, who, order_kept=order_kept, more=more)
        books.remember(said.key, said.request, said.response, asked.command.now)


def said_inputs(
    record: DecisionRecord,
    way: str,
    asked: Asking,
    read: Read,
    actor: Actor | None,
    *,
    order_kept: bool = True,
    more: Mapping[str, Any] | None = None,
) -> Remembered:
    """What is to be remembered with the answer; for the network of a company alone.

    Parameters
    ----------
    actor
        Who acts, where envelopes or stages may ask.
    """
    origin, known = origin_of(asked.network), asked.network.known
    assert origin is not None
    feeds = known.feeds if known is not None else {}
    kept = KeptInputs(way, origin.digest, asked.command, read, feeds, actor, order_kept, more or {})
    return Remembered(inputs_key(record.id), record.digest(), kept.told())


def decider_told(decide: Decide | None) -> dict[str, Any] | None:
    """What decided, as JSON says it; None where nobody could find it again, such as what a simulation puts in its place."""
    if decide in (None, decide_order):
        return {}
    told = getattr(decide, "told", None)
    return None if told is None else {"decider": told()}


def without_told(*, stage: bool, substitutes: bool) -> dict[str, Any]:
    """Which of the company's stage and substitutes were not asked, for whoever asked without them."""
    return ({"without_stage": True} if stage else {}) | ({"without_substitutes": True} if substitutes else {})


def actors_matter(policy: CompiledPolicy, on: date) -> bool:
    """Whether it may depend on who acts."""
    return policy.staged is not None or bool(policy.autonomy(on).lines)


def _actor(books: Transaction, asked: Asking) -> Actor | None:
    on, policy = asked.command.now.date(), asked.policy
    if not actors_matter(policy, on):
        return None
    return actor_now(books, asked.command.order.id, roles=asks_roles(policy, on))


class _Noting:
    """Books of which what an answer depends on is noted; everything else goes straight through."""

    __slots__ = ("_books", "_read")

    def __init__(self, books: Transaction, read: Read) -> None:
        self._books, self._read = books, read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)

    def look(self, skus: Sequence[Any], days: Sequence[date], now: datetime) -> Look:
        found = self._books.look(skus, days, now)
        self._read.looks.append(found)
        return found

    def reserve(self, *args: Any, **options: Any) -> Short | None:
        short = self._books.reserve(*args, **options)
        self._read.reserved.append(short)
        return short

    def tries_cents(self, week: date) -> int | None:
        found = self._books.tries_cents(week)
        self._read.tries_cents.append(found)
        return found

    def spend_on_try(self, week: date, cents: int, most: int) -> bool:
        had = self._books.spend_on_try(week, cents, most)
        self._read.spent.append(had)
        return had
