"""Plays a world night by night, for several planners side by side, and adds up what happened.

Days follow one another as in `rebalancing.evaluate`: in the evening transfers leave; in the morning what is due arrives;
demand is served from what is there and the rest is lost; what is left is stored for the night. One night of transfers and
none after costs exactly what `evaluate` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from evenstock.rebalancing import Moves, Problem
from evenstock.rebalancing.arrays import Demand, Ints
from evenstock.rebalancing.limits import Limits
from evenstock.rebalancing.worth.solution import cost_terms
from evenstock.simulation.rolling.night import Forecaster, Night, Past, Planner, next_departures
from evenstock.simulation.rolling.sent import Sent, moved_back_units
from evenstock.simulation.rolling.world import World

AHEAD: Final = 7
"""Next departures of each lane that a planner is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What one planner's nights came to; money in whole cents, the total the sum of its parts."""

    wanted_units: Ints
    """``(K, W)``, as the next two."""
    lost_units: Ints
    left_units: Ints
    """There or under way after the last day."""
    lost_by_day: Ints
    """``(D,)``."""
    shortage_cents: int
    storing_cents: int
    terminal_cents: int
    """Worth of what is left beyond its unit cost; a gain."""
    transfer_cents: Mapping[str, int]
    """By cost term."""
    sent: Sent
    world: World = field(repr=False)

    @property
    def moving_cents(self) -> int:
        return sum(self.transfer_cents.values())

    @property
    def total_cents(self) -> int:
        """All costs less the worth of what is left."""
        return self.shortage_cents + self.storing_cents + self.moving_cents - self.terminal_cents

    @property
    def units_by_night(self) -> Ints:
        """Size of each night's plan, ``(D,)``."""
        return self.sent.units_by_night(self.world.days)

    def moved_back_units(self, within_days: int) -> int:
        return moved_back_units(self.sent, self.world.opening.lanes, within_days)


def play(
    world: World,
    forecaster: Forecaster,
    planners: Mapping[str, Planner],
    *,
    look_ahead_days: int,
    every_nights: int = 1,
) -> dict[str, Course]:
    """The course of each planner in the same world, on the same forecasts: pairs to compare.

    Parameters
    ----------
    forecaster
        Asked once a night, with the past alone; demand does not depend on what is planned.
    look_ahead_days
        Days a plan looks ahead, fewer near the end of the world: what is left then keeps its terminal worth.
    every_nights
        Nights from one plan to the next; on the others nothing leaves.
    """
    if look_ahead_days < 1 or every_nights < 1:
        raise ValueError("look_ahead_days and every_nights: at least 1 each is wanted")
    arms = {name: _Arm.of(world) for name in planners}
    for night in range(world.days):
        days = min(look_ahead_days, world.days - night)
        if night % every_nights == 0:
            paths = forecaster(Past(night, world.demand[:, :, :night], days))
            for name, planner in planners.items():
                arms[name].dispatch(planner(arms[name].tonight(night, days, every_nights, paths)), night)
        for arm in arms.values():
            arm.live(night)
    return {name: arm.course() for name, arm in arms.items()}


@dataclass(slots=True, eq=False)
class _Arm:
    """One planner's stock and bills while its days pass."""

    world: World
    stock: Ints
    under_way: Demand
    """Arrivals by morning, ``(K, W, D + beyond)``: truly, and as it was foretold."""
    foretold: Demand
    lost: Ints
    lost_by_day: Ints
    held: Ints
    transfer_cents: dict[str, int]
    sent: Sent

    @classmethod
    def of(cls, world: World) -> _Arm:
        opening = world.opening
        shape = opening.on_hand.shape
        supply_days = 0 if world.supply is None else int(world.supply.lead_days.max(initial=0))
        lead_days = max(int(opening.lanes.lead_days.max(initial=0)), int(world.transit_days.max(initial=0)))
        longest = max(supply_days, lead_days)
        under_way = np.concatenate([world.booked, np.zeros((*shape, longest), np.int64)], axis=2)
        return cls(
            world=world,
            stock=opening.on_hand.copy(),
            under_way=under_way,
            foretold=under_way.copy(),
            lost=np.zeros(shape, np.int64),
            lost_by_day=np.zeros(world.days, np.int64),
            held=np.zeros(shape, np.int64),
            transfer_cents={},
            sent=Sent.nothing(),
        )

    def tonight(self, night: int, days: int, every_nights: int, paths: Demand) -> Night:
        opening, world = self.world.opening, self.world
        planned = np.arange(world.days) % every_nights == 0
        departs = world.departs & planned[None, :]
        lanes = replace(opening.lanes, leaves=opening.lanes.leaves & departs[:, night])
        problem: Problem = replace(
            opening,
            on_hand=self.stock,
            paths=paths,
            inbound=self.foretold[:, :, night : night + days],
            lanes=lanes,
            limits=_limits(opening, days),
        )
        return Night(night, problem, next_departures(departs, night, days, AHEAD), self.sent)

    def dispatch(self, moves: Moves, night: int) -> None:
        """Send tonight's moves; they were checked against tonight's stock, lanes and calendar."""
        lanes = replace(self.world.opening.lanes, leaves=self.world.opening.lanes.leaves & self.world.departs[:, night])
        problem = replace(self.world.opening, on_hand=self.stock, lanes=lanes)
        problem.refuse_unlawful(moves)
        for name, cents in cost_terms(problem, moves).items():
            self.transfer_cents[name] = self.transfer_cents.get(name, 0) + int(cents.sum())
        origin, destination = lanes.origin[moves.lane], lanes.destination[moves.lane]
        np.subtract.at(self.stock, (moves.item, origin), moves.units)
        foretold = night + lanes.lead_days[moves.lane]
        np.add.at(self.foretold, (moves.item, destination, foretold), moves.units)
        arrives = night + self.world.transit_days[moves.lane, night]
        np.add.at(self.under_way, (moves.item, destination, arrives), moves.units)
        self.sent = self.sent.and_then(night, moves)

    def live(self, night: int) -> None:
        """The order to the supplier, the morning's arrivals, the day's demand, the night's storing."""
        self._order(night)
        self._tell_late(night)
        after = self.stock + self.under_way[:, :, night] - self.world.demand[:, :, night]
        short = np.maximum(-after, 0)
        self.stock = np.maximum(after, 0)
        self.lost += short
        self.lost_by_day[night] = int(short.sum())
        self.held += self.stock

    def _order(self, night: int) -> None:
        supply = self.world.supply
        if supply is None or night % supply.every_days:
            return
        position = self.stock + self.under_way[:, :, night:].sum(axis=2)
        units = np.maximum(supply.up_to_units - position, 0)
        nodes = np.arange(units.shape[1])
        for arrivals in (self.under_way, self.foretold):
            arrivals[:, nodes, night + supply.lead_days] += units

    def _tell_late(self, day: int) -> None:
        """What was due this morning and is not here is expected tomorrow; what came early is expected no more."""
        due, here = self.foretold[:, :, day], self.under_way[:, :, day]
        missing = due - here
        self.foretold[:, :, day] = here
        if not missing.any():
            return
        late = np.maximum(missing, 0)
        if day + 1 < self.foretold.shape[2]:
            self.foretold[:, :, day + 1] += late
        early = np.maximum(-missing, 0)
        for later in range(day + 1, self.foretold.shape[2]):
            taken = np.minimum(early, self.foretold[:, :, later])
            self.foretold[:, :, later] -= taken
            early -= taken

    def course(self) -> Course:
        opening = self.world.opening
        left = self.stock + self.under_way[:, :, self.world.days :].sum(axis=2)
        storing: Ints = self.held * opening.holding_millicents
        return Course(
            wanted_units=self.world.demand.sum(axis=2, dtype=np.int64),
            lost_units=self.lost,
            left_units=left,
            lost_by_day=self.lost_by_day,
            shortage_cents=int((self.lost * opening.shortage_cents).sum()),
            storing_cents=int(np.rint(int(storing.sum()) / 1000)),
            terminal_cents=int((left * opening.terminal).sum()),
            transfer_cents=self.transfer_cents,
            sent=self.sent,
            world=self.world,
        )


def _limits(opening: Problem, days: int) -> Limits | None:
    """The opening's limits for so many days, its last day repeated where it knows fewer."""
    if opening.limits is None:
        return None
    day = np.minimum(np.arange(days), opening.days - 1)
    limits = opening.limits
    return replace(limits, in_units=limits.in_units[:, day], room_pallets=limits.room_pallets[:, day])
