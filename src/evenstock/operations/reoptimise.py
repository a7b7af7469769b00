"""Decides again about orders that wait to be released, and moves those where that saves more than a switch costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from evenstock.domain import Cents, DecisionId, OrderId, Reservation, ReservationState
from evenstock.operations.deciding import Decide
from evenstock.operations.decisions import behind
from evenstock.operations.exceptions.questions import nodes_down, nodes_short, orders_in_question, services_down
from evenstock.operations.ports import ConflictError, Store, Transaction
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.route_order import latest_release
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

AT_MOST_EVERY: Final = timedelta(hours=4)
"""An order that was moved stays where it is for so long: prices that swing do not send it to and fro."""
_NO_PROMISE: Final = date.max


@dataclass(frozen=True, slots=True)
class Swap:
    """An order that goes another way now."""

    order: OrderId
    decision: DecisionId
    saves_cents: Cents
    """Cost of staying, at today's prices, less that of the new plan."""


@dataclass(frozen=True, slots=True)
class Reoptimised:
    """What a round of second thoughts did."""

    swaps: tuple[Swap, ...]
    looked_at: int
    """Orders decided again, swapped or not."""
    left_out: int
    """Unreleased orders that were not looked at: open questions, something released, moved a short while ago."""
    beyond_limit: int
    """Those that wait for the next round."""

    @property
    def saved_cents(self) -> Cents:
        return Cents(sum(swap.saves_cents for swap in self.swaps))


def reoptimise(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    now: datetime,
    *,
    limit: int = 1_000,
    at_most_every: timedelta = AT_MOST_EVERY,
    decide: Decide | None = None,
) -> Reoptimised:
    """Give each soft order a second decision, earliest promise first; asked again at once, nothing moves.

    An order is swapped in one transaction, or keeps what it has. Swapped are only those that save at least
    `Costs.switch_cents` (and a cent) under the same promise. Orders of which anything was released, about which something
    is open, whose cut-off has passed, which ship by another service on purpose, or which were moved less than `at_most_every`
    ago are left alone. Run it after prices were written.
    """
    with store.reading() as books:
        ranked, left_out = _soft(books, network, now, at_most_every)
        nodes, services = nodes_down(books, now), services_down(books, now)
    swaps = []
    for _, order in ranked[:limit]:
        with store.reading() as books:
            avoid = nodes | nodes_short(books, order)
        wish = Reroute(order, now, "prices have changed", avoid, services, network.costs.switch_cents)
        try:
            routed = reroute(store, network, policy, wish, decide=decide)
        except ConflictError:
            continue  # released or taken by somebody else since we looked: it keeps what it has
        if not routed.repeated and routed.record.choice is not None:
            swaps.append(Swap(order, routed.record.id, Cents(routed.saves_cents)))
    return Reoptimised(tuple(swaps), len(ranked[:limit]), left_out, len(ranked[limit:]))


def _soft(
    books: Transaction, network: ShippingNetwork, now: datetime, at_most_every: timedelta
) -> tuple[list[tuple[date, OrderId]], int]:
    """Orders that may move, by promise and name, and the number of those that may not."""
    waiting: dict[OrderId, list[Reservation]] = {}
    for reservation in books.pending():
        waiting.setdefault(reservation.order, []).append(reservation)
    in_question = orders_in_question(books)
    found = []
    for name, soft in waiting.items():
        order = books.order(name)
        if order is None or name in in_question or min(r.expires_at for r in soft) <= now:
            continue
        every = books.reservations_of(name)
        moved = [r.made_at for r in soft if any(other.made_at < r.made_at for other in every)]
        released = any(r.state is ReservationState.POSTED for r in every)
        if released or (moved and now - max(moved) < at_most_every):
            continue
        made = [record for reservation in soft if (record := behind(books, reservation.id)) is not None]
        # Past its cut-off a node may have picked it and not said so: it is not sent from elsewhere for a few cents.
        if any(record.choice is not None and latest_release(network, record.choice) < now for record in made):
            continue
        if any(record.propensity is not None and record.propensity.extra_cents for record in made):
            continue  # what was tried on purpose, and paid for, is not taken back to save that money
        found.append((order.promise.deliver_by if order.promise else _NO_PROMISE, name))
    return sorted(found), len(waiting) - len(found)
