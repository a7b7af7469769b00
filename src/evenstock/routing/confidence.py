"""How much a decision may cost beyond what could have been known: regret over worlds that are all as likely.

**Prices.** The value of a unit follows from demand that has not come. Under each of several price lists, each from another
future, the chosen plan costs something and some plan costs least; the regret is the mean of the differences. The least is
found by the production search itself: what a set of lines costs as one shipment of a node, but for its units' prices, is
reckoned once, and by which service it travels does not depend on prices, as a node's units are worth the same by each. Only
how lines are put together is decided anew under each list. Orders of more than `MOST_LINES` lines, and lines split by
quantity, are held against the alternatives shown: the best plans of other sets of nodes under the prices of the decision.
That can only find less regret; `benchmarks.routing_confidence` says how much less.

**Phantom stock, lateness.** Their expected cost is a term of every plan and has been weighed. What has not is that the rate
behind it is itself a guess: the part is the mean regret over two worlds in which it is half as much again, and half of it.
A plan that stands in both has none, however risky: a person who decided would know no better.

**Stale rates.** The same, with the freight of services whose card is out of date as it is, and dearer by `DRIFT`.

**Flags.** What others know of the order (an address that was not found, a hold), in money, as given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from evenstock.domain import Confidence, OrderLine, OrderPlan, Sku
from evenstock.routing.batch import Batch, decide_many
from evenstock.routing.batch_kernel import Money
from evenstock.routing.choose import Choice
from evenstock.routing.confidence_kernel import least_by_scenario
from evenstock.routing.overridden import Overridden
from evenstock.routing.priced import Priced, Whole

MOST_LINES: Final = 10
"""Up to so many lines the least under each scenario is exact: 2^10 sets of lines, 3^10 parts of them by scenario."""
SWING: Final = 500
"""Thousandths by which the chance of a late parcel or a missing unit may be off, either way."""
DRIFT: Final = 59
"""Thousandths by which a card that is out of date may have risen: carriers' general increase of 5.9 % a year, 2023 to 2025."""
FREIGHT: Final = frozenset({"base freight", "fuel", "surcharges"})
ALONE: Final = np.full(MOST_LINES, -1, np.int64)
LATENESS: Final = "lateness"
PHANTOM: Final = "phantom stock"

Way = tuple[str, date]
"""A service and the day it is used."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """Several price lists, each as likely: what one more unit of an item at a node is worth in one possible future."""

    cents: Whole
    """Shape ``(scenario, node, item)``, nodes in the order of the network; zero or more."""
    column: Mapping[Sku, int]
    """Where an item stands; one that is not there is worth in every future what the decision took it to be."""
    digest: str = ""
    """The snapshot they came from: it belongs among the inputs of a decision."""

    def __post_init__(self) -> None:
        if self.cents.ndim != 3 or not self.cents.shape[0] or (self.cents.size and self.cents.min() < 0):
            raise ValueError(f"scenarios are cents of zero or more by scenario, node and item, not {self.cents.shape}")
        if self.column and max(self.column.values()) >= self.cents.shape[2]:
            raise ValueError(f"{len(self.column)} items, and prices of {self.cents.shape[2]}")

    def of(self, lines: Sequence[OrderLine], worth: Whole) -> Whole:
        """Cents of a unit of each line, shape ``(scenario, node, line)``; `worth` is the decision's own ``(node, line)``."""
        if worth.shape[0] != self.cents.shape[1]:
            raise ValueError(f"prices of {self.cents.shape[1]} nodes in a network of {worth.shape[0]}")
        found = np.repeat(worth[None], self.cents.shape[0], axis=0)
        for i, line in enumerate(lines):
            at = self.column.get(line.sku)
            if at is not None:
                found[:, :, i] = self.cents[:, :, at]
        return found


def confidence(
    priced: Priced,
    choice: Choice,
    plans: Sequence[OrderPlan],
    worth: Whole,
    scenarios: Whole,
    *,
    stale: Callable[[Iterable[Way]], Iterable[object]] | None = None,
    flags: Iterable[tuple[str, int]] = (),
    threshold_millicents: int | None = None,
) -> Confidence:
    """What executing the first plan is expected to cost beyond the best that could have been known.

    Parameters
    ----------
    priced
        The order as it was searched (`Decision.priced`): only plans that were lawful are held against the choice.
    choice, plans
        The plans found, as arrays and with their terms, the chosen one first.
    worth
        Cents of a unit by ``(node, line)`` that are in `priced`.
    scenarios
        Cents of a unit by ``(scenario, node, line)``; see `Scenarios.of`.
    stale
        Says for ways what is out of date about their rates (`ShippingNetwork.warnings`, of which `Overridden` counts for
        nothing here); without it none is.
    flags
        Name and thousandths of a cent of what else is doubtful about the order.
    """
    phantom, late, freight = _at_risk(plans, stale)
    parts = [
        ("prices", price_regret(priced, choice, worth, scenarios)),
        (PHANTOM, _swing_regret(choice.cents, phantom)),
        (LATENESS, _swing_regret(choice.cents, late)),
        ("stale rates", _drift_regret(choice.cents, freight)),
    ]
    raised = list(flags)
    if any(millicents < 0 for _, millicents in raised):
        raise ValueError(f"a flag costs zero or more: {raised}")
    parts.append(("flags", sum(millicents for _, millicents in raised)))
    shown = tuple((name, part) for name, part in parts if part or name == "prices")
    return Confidence(sum(part for _, part in shown), shown, threshold_millicents)


def price_regret(priced: Priced, choice: Choice, worth: Whole, scenarios: Whole) -> int:
    """Mean over scenarios of what the chosen plan costs more than the least, in thousandths of a cent, half up.

    Parameters
    ----------
    priced, choice, worth, scenarios
        As `confidence` has them.
    """
    more = scenarios - worth
    shown = choice.cents + added_by(priced, choice, more)
    least = shown.min(axis=1)
    if priced.lines <= MOST_LINES and _by_whole_lines(priced, choice):
        least = np.minimum(least, _least(priced, worth, scenarios))
    count = scenarios.shape[0]
    return int((2_000 * int((shown[:, 0] - least).sum()) + count) // (2 * count))


def regret_of(
    batch: Batch, paid: Money, way: Whole, price: Money, *, stock: Whole | None = None, millicents: int = 1_000
) -> Whole:
    """What decisions turned out to cost beyond the least, under prices known afterwards.

    Parameters
    ----------
    batch
        The orders as they were decided: the stock each saw, what law allowed, everything but the prices of units.
    paid
        Cost of the chosen plans without prices of units, shape ``(order,)``, in the batch's money.
    way
        Way of each line in the chosen plan, numbered within the order, shape ``(line,)``; -1 where it was not served.
    price
        Of a unit in hindsight, zero or more, shape ``(node, item)``: such as the prices of the certified bound over the
        orders that really came.
    stock
        Units there, shape ``(node, item)``, where the batch does not know it.
    millicents
        Thousandths of a cent in one unit of the batch's money.

    Returns
    -------
    Whole
        Thousandths of a cent, shape ``(order,)``; zero for an order that was not or could not be served whole.
    """
    price = np.ascontiguousarray(price)
    least = decide_many(batch, price, stock=stock)
    regret = np.asarray(paid) + units_worth(batch, way, price) - least.cost
    whole = np.minimum.reduceat(way, batch.first_line[:-1]) >= 0 if len(batch) else np.zeros(0, np.bool_)
    return np.where(whole & least.served, np.rint(np.maximum(regret, 0) * millicents), 0).astype(np.int64)


def units_worth(batch: Batch, way: Whole, price: Money) -> Money:
    """What the units of each order's plan are worth where they are taken, shape ``(order,)``; lines not served are left out."""
    order = np.repeat(np.arange(len(batch)), np.diff(batch.first_line))
    node = batch.node[np.minimum(batch.first_way[order] + np.maximum(way, 0), batch.node.size - 1)]
    worth = np.where(way >= 0, price[node, batch.item] * batch.units, 0)
    total = np.zeros(len(batch), price.dtype)
    np.add.at(total, order, worth)
    return total


def added_by(priced: Priced, choice: Choice, more: Whole) -> Whole:
    """What other prices add to each plan, shape ``(scenario, plan)``."""
    node = priced.node[choice.candidate]  # -1 carries nothing
    added: Whole = np.einsum("epsl,psl->ep", more[:, node], choice.units)
    return added


def _by_whole_lines(priced: Priced, choice: Choice) -> bool:
    return bool(((choice.units[0] == 0) | (choice.units[0] == priced.units)).all())


def _least(priced: Priced, worth: Whole, scenarios: Whole) -> Whole:
    """Least cents of the order by whole lines under each scenario, shape ``(scenario,)``."""
    p = priced
    return least_by_scenario(
        p.node,
        (p.item, p.units, p.weight_g, p.volume_mm3, p.longest_mm, p.value_cents),
        (p.ladder, p.shipment_cents, p.unit_cents),
        (p.permitted, p.atp),
        p.ladders.arrays,
        ALONE[: p.lines] if p.kit is None else p.kit,
        (p.extra_shipment_cents, p.max_shipments, p.min_split_value_cents),
        worth,
        np.ascontiguousarray(scenarios),
    )


def _swing_regret(cents: Whole, risk: Whole) -> int:
    """Mean regret over a world in which `risk` is dearer by `SWING` and one in which it is cheaper by as much."""
    regrets = [_regret(1_000 * cents + sign * SWING * risk) for sign in (-1, 1)]
    return (sum(regrets) + 1) // 2


def _drift_regret(cents: Whole, freight: Whole) -> int:
    """The same over rates as they stand (no regret there) and `freight` by stale ones dearer by `DRIFT`."""
    return (_regret(1_000 * cents + DRIFT * freight) + 1) // 2


def _at_risk(plans: Sequence[OrderPlan], stale: Callable[[Iterable[Way]], Iterable[object]] | None) -> Whole:
    """Cents by plan of missing units, of lateness, and of freight by stale rates, shape ``(3, plan)``."""
    rows: list[list[int]] = []
    known: dict[int, tuple[int, int, int]] = {}  # alternatives share many of their shipments
    old: dict[Way, bool] = {}
    for plan in plans:
        row = [0, 0, 0]
        for shipment in plan.shipments:
            if id(shipment) not in known:
                way = (shipment.candidate.service, shipment.candidate.ship_on)
                if way not in old:
                    old[way] = stale is not None and any(not isinstance(said, Overridden) for said in stale([way]))
                terms = {term.name: term.cents for term in shipment.terms}
                freight = sum(terms.get(name, 0) for name in FREIGHT) if old[way] else 0
                known[id(shipment)] = terms.get(PHANTOM, 0), terms.get(LATENESS, 0), freight
            missing, late, freight = known[id(shipment)]
            row[0], row[1], row[2] = row[0] + missing, row[1] + late, row[2] + freight
        rows.append(row)
    return np.array(rows, np.int64).T


def _regret(cost: Whole) -> int:
    return int(cost[0] - cost.min())
