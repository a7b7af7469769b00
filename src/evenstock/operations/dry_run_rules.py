"""What other rules would have done: past orders decided as if they came now, under the rules in force and under others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evenstock.domain import Allow, Order, OrderId, OrderPlan
from evenstock.operations.deciding import Books, decide_order
from evenstock.operations.decisions import decision_from
from evenstock.operations.network import orders_from_frame
from evenstock.operations.open_cases import ways
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.route_order import read_books
from evenstock.operations.rulebook import as_if_now
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, candidates, refusal
from evenstock.routing.network import ShippingNetwork

MOST_EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class Differs:
    """An order that would ship otherwise."""

    order: OrderId
    now: str
    """How it ships under the rules in force; empty where it does not."""
    then: str
    cents: int
    """What the other rules cost more; 0 where one of the two serves it not at all."""
    because: str
    """What the other rules say of it."""


@dataclass(frozen=True, slots=True)
class Side:
    """Orders under one set of rules."""

    served: int
    asked: int
    """Of those, plans that a person would decide."""
    cents: int
    """Of orders that both serve."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """Two sets of rules on the same orders, stock and prices."""

    orders: int
    left_out: int
    """Orders that nobody could decide about, whatever the rules."""
    both: int
    """Orders that both serve."""
    now: Side
    then: Side
    changed: int
    examples: tuple[Differs, ...]
    """Dearest first; those that only one serves stand before all others."""


def past_orders(store: Store, snapshots: Snapshots, count: int) -> list[Order]:
    """The latest imported orders; where none were imported, the first that were decided here."""
    with store.reading() as books:
        at = books.pointer("orders")
        if at is not None:
            return orders_from_frame(snapshots.read(at)["orders"])[-count:]
        names = dict.fromkeys(decision_from(record).order for record in books.decisions(2 * count))
        return [found for name in list(names)[:count] if (found := books.order(name)) is not None]


def dry_run(
    store: Store,
    network: ShippingNetwork,
    orders: Sequence[Order],
    in_force: CompiledPolicy,
    other: CompiledPolicy,
    now: datetime,
) -> DryRun:
    """Decide each order twice over the stock and prices of this moment; nothing is reserved, no order sees another's taking."""
    plans: list[tuple[_Answer, _Answer, OrderId]] = []
    left_out = 0
    for past in orders:
        order = as_if_now(past, now)
        if refusal(order, network):
            left_out += 1
            continue
        with store.reading() as books:
            read = read_books(books, network, order, now)
        found = candidates(order, network, now, read.slots_taken)
        plans.append((_decided(found, network, in_force, read), _decided(found, network, other, read), order.id))
    both = [(a.plan, b.plan) for a, b, _ in plans if a.plan is not None and b.plan is not None]
    differs = [_differs(a, b, name) for a, b, name in plans if _way(a.plan) != _way(b.plan)]
    ranked = sorted(differs, key=lambda d: (bool(d.now) == bool(d.then), -abs(d.cents), d.order))
    return DryRun(
        len(plans), left_out, len(both), _side([a for a, _, _ in plans], [int(a.cents) for a, _ in both]),
        _side([b for _, b, _ in plans], [int(b.cents) for _, b in both]), len(differs), tuple(ranked[:MOST_EXAMPLES]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answer:
    plan: OrderPlan | None
    asked: bool
    sentence: str


def _decided(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> _Answer:
    said = decide_order(found, network, policy, read)
    if said.plan is None:
        return _Answer(None, asked=False, sentence=said.sentence)
    verdict = policy.review(found.order, said.plan, said.rules, found.on)
    asked = not isinstance(verdict, Allow)
    return _Answer(said.plan, asked, verdict.because if not isinstance(verdict, Allow) else said.sentence)


def _side(answers: Sequence[_Answer], cents: Sequence[int]) -> Side:
    return Side(sum(a.plan is not None for a in answers), sum(a.asked for a in answers), sum(cents))


def _differs(now: _Answer, then: _Answer, order: OrderId) -> Differs:
    more = then.plan.cents - now.plan.cents if now.plan is not None and then.plan is not None else 0
    return Differs(order, _way(now.plan), _way(then.plan), int(more), then.sentence)


def _way(plan: OrderPlan | None) -> str:
    return ways(plan) if plan is not None else ""
