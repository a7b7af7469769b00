"""Closes a day: what yesterday's decisions turned out to cost, who made them, and how far the day was from perfect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import nan
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import (
    CaseKind,
    CaseState,
    DecisionId,
    DecisionRecord,
    Layer,
    NodeId,
    Order,
    OrderId,
    OrderPlan,
    Sku,
)
from evenstock.operations.deciding import law_of
from evenstock.operations.decisions import RESERVATION
from evenstock.operations.gate import OUTCOMES, Watched, kept_outcomes, log_outcomes, watch_gate
from evenstock.operations.ports import Snapshots, Store, Transaction
from evenstock.policy import CompiledPolicy
from evenstock.routing.batch import Batch
from evenstock.routing.choose import Choice
from evenstock.routing.confidence import regret_of
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing, by_node_and_line
from evenstock.routing.priced import Priced, Whole
from evenstock.simulation.replay.bound import Certificate, certify, lawful
from evenstock.simulation.replay.chunks import chunks, item_numbers, paid
from evenstock.simulation.replay.compare import Score, gap, score
from evenstock.simulation.replay.done import done, shipment_cents
from evenstock.simulation.replay.from_books import lived_here
from evenstock.simulation.replay.past import Past, Shelf
from evenstock.simulation.replay.replay import DONE

HINDSIGHT_DAYS: Final = 7
"""Days whose orders say together what a unit was worth: those that prices are found for each night.

Yesterday's decisions are first judged by the days before them, and again each night, until all that came in the days
after them is known."""

Seen = Mapping[DecisionId, Mapping[Shelf, int]]
"""Units that could be promised at the moment of a decision, of each of its items at each node."""


@dataclass(frozen=True, slots=True)
class LayerShare:
    """What one layer decided in a day."""

    layer: Layer
    orders: int
    judged: int
    """Orders whose regret was foretold and is known."""
    expected_millicents: int
    """Of those judged, all together."""
    realised_millicents: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A day as it turned out."""

    day: date
    orders: int
    cancelled_units: int
    done: Score
    """What was done, in the money that decisions are made in."""
    bound_cents: float
    """No lawful routing of the day's orders with the day's stock costs less, lost sales included; nan without orders."""
    over_bound: float
    """How far what was done is from it; nan without a bound."""
    beyond_bound: int
    """Orders the bound counts as free: too large, or impossible to decide about."""
    layers: tuple[LayerShare, ...]
    overrides: int
    override_cents: int
    """What people chose instead, less what the system would have done at the same moment."""
    watched: Watched
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Decisions with the regret they foretold and the one that came."""

    outcomes: pl.DataFrame
    """In the columns of `operations.gate.OUTCOMES`."""
    left_out: tuple[tuple[str, int], ...]
    """Why others are not judged, with how many."""


def close_day(
    store: Store, snapshots: Snapshots, network: ShippingNetwork, policy: CompiledPolicy, now: datetime
) -> Closed:
    """Judge yesterday (by UTC): keep the outcomes, watch the gate, and say how it went.

    Called again for the same day it changes nothing more: outcomes told again replace themselves, and a gate that was
    lowered is judged by later days alone.

    Raises
    ------
    ConflictError
        If somebody else set the gate or told outcomes in the meantime.
    """
    day = now.astimezone(UTC).date() - timedelta(days=1)
    judged = judge_days(store, network, policy, day - timedelta(days=HINDSIGHT_DAYS - 1), day)
    if judged.outcomes.is_empty():
        kept, _ = kept_outcomes(store, snapshots)
    else:
        kept = log_outcomes(store, snapshots, judged.outcomes, now)
    watched = watch_gate(store, snapshots, kept, now=now)
    past, first = lived_here(store, day, day, network.items)
    certificate, plans = _as_done(past, first, network, policy)
    made = score(DONE, past.orders, plans, network)
    with store.reading() as books:
        overrides = _overrides(books, day)
    return Closed(
        day=day,
        orders=len(past.orders),
        cancelled_units=sum(past.cancelled.values()),
        done=made,
        bound_cents=certificate.cents if certificate else nan,
        over_bound=gap(made, certificate.cents) if certificate else nan,
        beyond_bound=certificate.left_out if certificate else 0,
        layers=_by_layer([first[order.id] for order in past.orders], judged.outcomes),
        overrides=len(overrides),
        override_cents=sum(overrides),
        watched=watched,
        notes=past.notes
        + tuple(f"{count:,} decisions of the week are not judged: {why}" for why, count in judged.left_out),
    )


def regret_of_days(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, first: date, last: date
) -> pl.DataFrame:
    """The outcomes of `judge_days` alone."""
    return judge_days(store, network, policy, first, last).outcomes


def judge_days(store: Store, network: ShippingNetwork, policy: CompiledPolicy, first: date, last: date) -> Judged:
    """What the first decision about each order of these days foretold that it may cost, and what it did.

    A unit was worth what the certified bound says of it: prices in hindsight of the orders that really came in all of
    these days, with the stock of the books. Under them the plan that the optimiser chose is held against the best one that
    law and the wishes it kept allowed, with the stock the decision saw. That stock is known where the plan was reserved, as
    every judged one was; it is that of the books less buffers as they are set now, with stock protected for others counted
    as there. Rates, rules and transit times are those handed in.

    Not judged: decisions without a foretold regret, orders changed or served otherwise since, and plans that part one line
    or are not lawful now.
    """
    past, made = lived_here(store, first, last, network.items)
    with store.reading() as books:
        seen = stock_seen(books, [made[order.id] for order in past.orders])
    numbers = item_numbers(network)
    why_not: Counter[str] = Counter()
    found = _Found([], [], [], [], [])
    bounded = []
    for chunk in chunks(past.orders, network, policy, numbers):
        bounded.append(lawful(chunk))
        for order, pricing in zip(chunk.orders, chunk.pricings, strict=True):
            why = _judge(pricing, made[order.id], seen, network, policy, numbers, found)
            why_not[why] += 1
    why_not.pop("", None)
    price = np.zeros((len(network.nodes), len(numbers)))
    certificate = certify(past, network, bounded) if any(len(batch) for batch in bounded) else None
    if certificate is not None:
        price[:, : certificate.price.shape[1]] = certificate.price
    regret = np.zeros(0, np.int64)
    if found.records:
        batch = Batch.pack(found.ready, found.items)
        regret = regret_of(batch, np.array(found.paid, np.int64), np.concatenate(found.way), price)
    rows = [
        (record.id, record.decided_at.astimezone(UTC).date(), record.confidence.regret_millicents, int(cost))
        for record, cost in zip(found.records, regret, strict=True)
        if record.confidence is not None
    ]
    outcomes = pl.DataFrame(rows, schema=OUTCOMES, orient="row").sort("day", "decision")
    return Judged(outcomes, tuple(sorted(why_not.items(), key=lambda one: (-one[1], one[0]))))


# --- one decision held against the best there was --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    records: list[DecisionRecord]
    ready: list[Priced]
    items: list[Whole]
    paid: list[int]
    way: list[Whole]


def _judge(
    pricing: Pricing | None,
    record: DecisionRecord,
    seen: Seen,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    numbers: Mapping[Sku, int],
    found: _Found,
) -> str:
    """Add a decision to those that can be judged, or say why it is none."""
    if record.choice is None:
        return "nothing served the order when it was first decided"
    if record.confidence is None:
        return "no expected regret was recorded, as no possible prices were at hand"
    if pricing is None or record.id not in seen:
        return "it cannot be decided about now"
    told = _ways(record.choice, pricing)
    if isinstance(told, str):
        return told
    ways, carried = told
    way = np.array(ways, np.int64)[np.argmax(carried > 0, axis=0)]
    limits = _limits(pricing, way, carried, policy)
    if limits is None:
        return "its plan is not lawful by the rules as they stand now"
    priced = pricing.priced
    here = by_node_and_line(pricing.candidates, network, seen[record.id])
    taken = np.zeros_like(here)
    for i in range(priced.lines):
        same = priced.item == priced.item[i]
        on = priced.node[way[i]]
        taken[on, i] = priced.units[same & (priced.node[way] == on)].sum()
    found.records.append(record)
    # Buffers may have been set since: what it took was there.
    found.ready.append(replace(priced.under(*limits), atp=np.maximum(here, taken)))
    found.items.append(np.array([numbers[line.sku] for line in pricing.candidates.lines], np.int64))
    cents = sum(shipment_cents(priced, c, units) for c, units in zip(ways, carried, strict=True))
    found.paid.append(cents + (len(ways) - 1) * priced.extra_shipment_cents)
    found.way.append(way)
    return ""


def _ways(plan: OrderPlan, pricing: Pricing) -> tuple[list[int], Whole] | str:
    """Candidate of each shipment, and units ``(shipment, line)``; in words why a plan is not one of whole lines."""
    found, priced = pricing.candidates, pricing.priced
    number = {line.id: i for i, line in enumerate(found.lines)}
    ways: list[int] = []
    carried = np.zeros((len(plan.shipments), priced.lines), np.int64)
    for s, shipment in enumerate(plan.shipments):
        want = shipment.candidate
        fitting = [c for c, way in enumerate(found.ways) if (way.node, way.service) == (want.node, want.service)]
        if not fitting:
            return "its node or service no longer ships there"
        ways.append(next((c for c in fitting if found.ways[c].ship_on == want.ship_on), fitting[0]))
        for line in shipment.lines:
            i = number.get(line.line)
            if i is None or found.lines[i].sku != line.sku:
                return "its order was changed since, or shipped a substitute"
            carried[s, i] += line.units
    if (carried.sum(axis=0) != priced.units).any():
        return "its order was changed since, or shipped a substitute"
    if ((carried > 0).sum(axis=0) > 1).any():
        return "one line came from several nodes"
    return ways, carried


def _limits(
    pricing: Pricing, way: Whole, carried: Whole, policy: CompiledPolicy
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.bool_]], int, int] | None:
    """Law and the wishes that were kept: the most of them under which the plan is allowed; None where law forbids it."""
    lines = np.arange(way.size)
    value = (carried > 0) @ pricing.priced.value_cents
    kept = []

    def allows(mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]], most: int, least: int) -> Choice | None:
        split = len(carried) > 1
        if not mask[way, lines].all() or len(carried) > most or (split and value.min() < least):
            return None
        kept.append((mask.copy(), most, least))
        return Choice(np.zeros(1, np.int64), np.zeros((1, 1), np.int64), np.zeros((1, 1, 1), np.int64))

    law_of(pricing.candidates, policy).settle(allows)
    return kept[0] if kept else None


def stock_seen(books: Transaction, records: Sequence[DecisionRecord]) -> Seen:
    """What could be promised when each plan was reserved: the movements before the first of its own, in their order.

    Decisions whose plan was never reserved are left out.
    """
    by_reservation = {f"{record.id}{RESERVATION}": record for record in records if record.choice is not None}
    buffers = {
        (sku, node): units
        for sku, node, units in books.balance_frame().group_by("sku", "node").agg(pl.col("buffer").sum()).iter_rows()
    }
    there: dict[str, Counter[str]] = {}
    found: dict[DecisionId, Mapping[Shelf, int]] = {}
    for because, sku, node, units in _changes(books.movement_frame()):
        record = by_reservation.pop(because, None)
        if record is not None and record.choice is not None:
            wanted = {line.sku for shipment in record.choice.shipments for line in shipment.lines}
            found[record.id] = {
                (one, NodeId(at)): max(0, n - buffers.get((one, at), 0))
                for one in wanted
                for at, n in there.get(one, {}).items()
            }
        there.setdefault(sku, Counter())[node] += units
    return found


def _changes(movements: pl.DataFrame) -> Iterator[tuple[str, str, str, int]]:
    """Cause, item, node and units of every change of what was available, in the order recorded."""
    columns = ("because", "sku", "units", "source_bucket", "source_node", "destination_bucket", "destination_node")
    for because, sku, units, source, origin, destination, end in movements.select(columns).iter_rows():
        if source == "available":
            yield because, sku, origin, -units
        if destination == "available":
            yield because, sku, end, units


# --- the day as a whole ----------------------------------------------------------------------------------------------


def _as_done(
    past: Past, first: Mapping[OrderId, DecisionRecord], network: ShippingNetwork, policy: CompiledPolicy
) -> tuple[Certificate | None, list[OrderPlan | None]]:
    """The bound, and each order's plan as it stands, in today's money; what cannot be priced costs what was recorded."""
    bounded, plans = [], []
    for chunk in chunks(past.orders, network, policy, item_numbers(network)):
        bounded.append(lawful(chunk))
        for order, pricing in zip(chunk.orders, chunk.pricings, strict=True):
            choice = first[order.id].choice
            plan = None if pricing is None else done(pricing, past.done.get(order.id, ())).plan
            if plan is None and choice is not None and (order.id in past.done or _substituted(order, choice)):
                plan = paid(choice)
            plans.append(plan)
    bound = certify(past, network, bounded) if any(len(batch) for batch in bounded) else None
    return bound, plans


def _substituted(order: Order, plan: OrderPlan) -> bool:
    sku = {line.id: line.sku for line in order.lines}
    return any(sku.get(line.line) not in (None, line.sku) for shipment in plan.shipments for line in shipment.lines)


def _by_layer(records: Sequence[DecisionRecord], outcomes: pl.DataFrame) -> tuple[LayerShare, ...]:
    """Orders that nothing served are no layer's."""
    known = {name: (said, came) for name, _, said, came in outcomes.iter_rows()}
    found = []
    for layer in Layer:
        own = [record for record in records if record.layer is layer and record.choice is not None]
        judged = [known[record.id] for record in own if record.id in known]
        found.append(
            LayerShare(layer, len(own), len(judged), sum(said for said, _ in judged), sum(came for _, came in judged))
        )
    return tuple(found)


def _overrides(books: Transaction, day: date) -> list[int]:
    """What each override of the day cost."""
    return [
        int(case.fact("override_cents"))
        for case in books.cases(CaseState.CLOSED, CaseKind.REVIEW)
        if case.fact("override_cents") and case.closed_at is not None and case.closed_at.astimezone(UTC).date() == day
    ]
