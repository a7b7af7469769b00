r"""Prices of what items share, by dual ascent, and the bound they prove.

With lane room at :math:`\lambda_a` a pallet, docks, storage and the budget at their prices, every item plans alone and every
departure earns or stays, so

.. math:: L = \sum_k \max_{x_k} [V_k(x_k) - c_k x_k - \lambda x_k] + \sum_a \max_{n}[\lambda_a n - C_a(n)] + \mu u

is at least the net worth of any plan within the limits (weak duality), whole cases, pallets, trucks and departures
included. Where nothing is short the best prices are known at once: each departure's cost by load at its dearest kind
(`least_prices`), at which a departure earns nothing and may carry anything. Only what is short is searched: each step
follows the running mean of subgradients, its length falls in a line to nothing, and the best bound is kept.

References
----------
Geoffrion (1974), Lagrangean relaxation for integer programming; Polyak (1964), the heavy ball; Kim and Pardalos (1999) for
the surcharge of a departure spread over its load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.departures.lane_costs import (
    LeastPrices,
    earned,
    least_prices,
    pallet_cents,
    whole_pallets,
)
from evenstock.rebalancing.departures.night import Night, own_cents
from evenstock.rebalancing.departures.scarcity import (
    Amounts,
    item_prices,
    lane_amounts,
    lane_prices,
    node_amounts,
    short,
)
from evenstock.rebalancing.limits import lane_name
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.terms.trucks import cents_and_size
from evenstock.rebalancing.unit_values.tables import Map
from evenstock.rebalancing.worth.solution import SharedPrices

FIRST_STEP: Final = 0.5
"""Of the mean net worth of what is used: how far a price moves where twice what there is is wanted."""
KEPT: Final = 0.8
"""Share of the running mean of subgradients that the next sweep keeps."""
LEAST_TOLD: Final = 0.005
"""Cents: a limit that is worth less does not bind."""
PROVEN: Final = 3
"""Prices with the best values by the flow, of which each is proven; the least proven stands."""


@dataclass(frozen=True, slots=True, eq=False)
class Ascent:
    """Prices of everything shared, what they prove, and what the items want at them."""

    least: LeastPrices
    price: Amounts
    """Beyond the least prices, for what is short."""
    bound_cents: float
    """No plan nets more; infinite where no proof was asked for."""
    item_cents: Floats
    """A unit by item and lane at these prices, all in, ``(K, A)``."""
    cases: Ints
    """What the items want, ``(K, A)``."""
    sweeps: int

    def shared_prices(self, problem: Problem) -> SharedPrices:
        """As a plan carries them."""
        _, _, loose = lane_prices(problem, self.least, self.price)
        beta = float(self.price.budget[0])
        return SharedPrices(
            lane_pallet_cents=(1.0 + beta) * self.least.pallet + self.price.pallets,
            lane_loose_cents=loose,
            truck_cents=self.price.pallets * cents_and_size(problem.lanes)[1],
            out_unit_cents=self.price.out,
            in_unit_cents=self.price.arriving,
            room_pallet_cents=self.price.stored,
            budget=beta,
        )

    def short_in_words(self, problem: Problem) -> list[str]:
        """Each limit that binds, and what a little more of it would be worth."""
        there, price, nodes = Amounts.there(problem), self.price, problem.nodes
        said = []

        def say(what: str, amount: float, unit: str, one: str, cents: float) -> None:
            if cents >= LEAST_TOLD:
                said.append(f"{what}: {amount:,.6g} {unit}, worth {cents:,.2f} cents a {one} more")

        for a in np.flatnonzero(price.pallets).tolist():
            say(f"{lane_name(problem, a)} trucks", there.pallets[a], "pallets", "pallet", price.pallets[a])
        for i in np.flatnonzero(price.out).tolist():
            say(f"{nodes[i]} dock out", there.out[i], "units", "unit", price.out[i])
        for j, t in np.argwhere(price.arriving).tolist():
            say(f"{nodes[j]} dock in on day {t}", there.arriving[j, t], "units", "unit", price.arriving[j, t])
        for j, t in np.argwhere(price.stored).tolist():
            say(f"{nodes[j]} room by day {t}", there.stored[j, t], "pallets", "pallet", price.stored[j, t])
        say("freight and handling", there.budget[0], "cents", "cent", price.budget[0])
        return said


def ascend(
    night: Night,
    *,
    sweeps: int,
    more: Callable[[], bool],
    map: Map = map,  # noqa: A002
    proof: int = 20,
) -> Ascent:
    """The best prices found in `sweeps`, or until `more` says no.

    With nothing short one evaluation is enough, and the bound is that of the linear relaxation.

    Parameters
    ----------
    proof
        Corrections of each item's own bound where its flow is not known to be the optimum; 0 for prices without a bound.
    """
    problem = night.problem
    market = _Market.of(night, map)
    price = Amounts.none(problem)
    found = market.at(price)
    best = [found]
    if not any(where.any() for where in market.short):
        sweeps = 0
    pull = [np.zeros_like(part) for part in price.each()]
    steps = market.first_steps(found)
    done = 0
    for n in range(sweeps):
        if not more():
            break
        left = 1.0 - n / sweeps
        values = []
        for part, wanted, gone, step, there, where in zip(
            price.each(), found.excess.each(), pull, steps, market.there.each(), market.short, strict=True
        ):
            np.copyto(gone, KEPT * gone + (1.0 - KEPT) * np.where(where, wanted, 0.0))
            moved = np.clip(gone / np.maximum(np.where(where, there, 1.0), 1.0), -1.0, 1.0)
            values.append(np.where(where, np.maximum(part + step * left * moved, 0.0), 0.0))
        price = Amounts(*values)
        found = market.at(price)
        done = n + 1
        best = sorted([*best, found], key=lambda answer: answer.value)[:PROVEN]
    bounds = [market.proven(answer, proof) for answer in best] if proof > 0 else [np.inf]
    return Ascent(market.least, best[0].price, min(bounds), market.costs(best[0].price), best[0].cases, done)


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    price: Amounts
    cases: Ints
    excess: Amounts
    """Wanted less there."""
    value: float
    """Of the Lagrangian by the flow."""
    beside: float
    """Of it what is not the items': departures and what there is at its price."""


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    """What does not change from sweep to sweep."""

    night: Night
    map: Map
    own: Floats
    money: Floats
    least: LeastPrices
    there: Amounts
    short: tuple[Bools, ...]

    @classmethod
    def of(cls, night: Night, map: Map) -> _Market:  # noqa: A002
        problem = night.problem
        money = own_cents(problem, money_only=True)
        least = least_prices(problem.lanes, night.room)
        there = Amounts.there(problem)
        units = night.most * problem.case_units[:, None]
        lane_units, _, _ = lane_amounts(problem, units)
        nodes = node_amounts(problem, lane_units, night.room.wanted)
        spent = (
            (units * money).sum() + (night.room.wanted * least.pallet).sum() + (night.room.loose * least.loose).sum()
        )
        spent += problem.lanes.pallet_cents.sum() + cents_and_size(problem.lanes)[0].sum()
        most = Amounts(night.room.wanted, *nodes, np.array([spent]))
        return cls(night, map, night.own, money, least, there, short(there, most))

    def costs(self, price: Amounts) -> Floats:
        problem = self.night.problem
        lane = lane_prices(problem, self.least, price)
        return item_prices(problem, self.own, self.money, lane, float(price.budget[0]))

    def at(self, price: Amounts) -> _Answer:
        problem, beta = self.night.problem, float(price.budget[0])
        cases, net = self.night.asked(self.costs(price), self.map)
        units = cases * problem.case_units[:, None]
        lane_units, pallets, loose = lane_amounts(problem, units)
        load, profit = earned(problem.lanes, self.night.room, self.least, price.pallets, beta)
        nodes = node_amounts(problem, lane_units, pallets)
        # Freight of a departure that earns nothing is what its load pays.
        paid = np.where(load > 0, self._departure(load), self.least.pallet * pallets) + self.least.loose * loose
        spent = float(paid.sum() + (units * self.money).sum())
        used = Amounts(pallets, *nodes, np.array([spent]))
        sold = np.where(price.pallets > 0, load, self.night.room.pallets)
        beside, excess = float(profit.sum()), [np.where(self.short[0], pallets - sold, 0.0)]
        rest = zip(price.each()[1:], used.each()[1:], self.there.each()[1:], self.short[1:], strict=True)
        for part, use, has, where in rest:
            beside += float((part[where] * has[where]).sum())
            excess.append(np.where(where, use - np.where(where, has, 0.0), 0.0))
        value = float(net.sum()) / (1000.0 * problem.path_count) + beside
        return _Answer(price, cases, Amounts(*excess), value, beside)

    def proven(self, answer: _Answer, rounds: int) -> float:
        return self.night.bound(self.costs(answer.price), rounds, self.map) + answer.beside

    def first_steps(self, found: _Answer) -> list[float]:
        """Cents of each kind by what a unit of it nets on average."""
        problem = self.night.problem
        units = found.cases * problem.case_units[:, None]
        lane_units, pallets, loose = lane_amounts(problem, units)
        net = max(found.value, 0.0)
        spent = float(
            (units * self.money).sum() + (self.least.pallet * pallets).sum() + (self.least.loose * loose).sum()
        )
        by_unit, by_pallet = net / max(lane_units.sum(), 1.0), net / max(pallets.sum(), 1.0)
        each = (by_pallet, by_unit, by_unit, by_pallet, net / max(spent, 1.0))
        return [FIRST_STEP * part for part in each]

    def _departure(self, load: Floats) -> Floats:
        """Freight of lanes at a load they chose, without what loose items pay."""
        lanes = self.night.problem.lanes
        return pallet_cents(lanes, whole_pallets(load)) + lanes.fixed_cents - self.least.loose * self.night.room.loose
