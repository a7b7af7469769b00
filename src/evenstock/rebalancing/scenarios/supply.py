"""Scenarios of supply: lead times, docks, money to spend, a node that closes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evenstock.rebalancing.limits import Limits
from evenstock.rebalancing.scenarios.demand import demand_to
from evenstock.rebalancing.scenarios.situation import Situation, chosen, lanes_between, said


@dataclass(frozen=True, slots=True)
class LeadDays:
    """Lanes take so many days more; below zero fewer, but never less than none."""

    days: int
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        where = f"{said(self.origins, 'all nodes')} to {said(self.destinations, 'all nodes')}"
        return f"lanes from {where} take {self.days:+d} days"

    def apply(self, situation: Situation) -> Situation:
        lanes = situation.problem.lanes
        on = lanes_between(situation.problem, self.origins, self.destinations)
        lead = np.where(on, np.maximum(lanes.lead_days + self.days, 0), lanes.lead_days)
        return replace(situation, problem=replace(situation.problem, lanes=replace(lanes, lead_days=lead)))


@dataclass(frozen=True, slots=True)
class Docks:
    """Units a night through the docks of some nodes; None leaves a dock as it is."""

    nodes: tuple[str, ...] = ()
    out_units: int | None = None
    in_units: int | None = None
    """On each day."""

    @property
    def sentence(self) -> str:
        parts = [
            f"{units} units {way}"
            for units, way in ((self.out_units, "out"), (self.in_units, "in a day"))
            if units is not None
        ]
        return f"docks of {said(self.nodes, 'all nodes')} take {' and '.join(parts) or 'what they took'}"

    def apply(self, situation: Situation) -> Situation:
        problem = situation.problem
        limits = problem.limits or Limits.none(len(problem.nodes), problem.days)
        at = chosen("node", problem.nodes, self.nodes)
        out_units, in_units = limits.out_units.copy(), limits.in_units.copy()
        if self.out_units is not None:
            out_units[at] = self.out_units
        if self.in_units is not None:
            in_units[at] = self.in_units
        limits = replace(limits, out_units=out_units, in_units=in_units)
        return replace(situation, problem=replace(problem, limits=limits))


@dataclass(frozen=True, slots=True)
class Budget:
    """Most that freight and handling of the night may cost."""

    cents: int

    @property
    def sentence(self) -> str:
        return f"transfers may cost {self.cents / 100:,.2f} in all"

    def apply(self, situation: Situation) -> Situation:
        problem = situation.problem
        limits = problem.limits or Limits.none(len(problem.nodes), problem.days)
        return replace(situation, problem=replace(problem, limits=replace(limits, budget_cents=self.cents)))


@dataclass(frozen=True, slots=True)
class NodeClosed:
    """A node neither gives, gets nor sells; what it holds and awaits is out of reach and counts for nothing."""

    node: str
    orders_go_to: str | None = None
    """Node that is asked instead; None: its orders are served from the next nodes where re-routing is played, else lost."""

    @property
    def sentence(self) -> str:
        instead = f"; its orders go to {self.orders_go_to}" if self.orders_go_to else ""
        return f"{self.node} is closed{instead}"

    def apply(self, situation: Situation) -> Situation:
        problem, lanes = situation.problem, situation.problem.lanes
        w = int(chosen("node", problem.nodes, (self.node,))[0])
        on_hand, inbound = problem.on_hand.copy(), problem.arrivals.copy()
        on_hand[:, w], inbound[:, w] = 0, 0
        paths, fresh = problem.paths, situation.fresh
        if self.orders_go_to is not None:
            other = int(chosen("node", problem.nodes, (self.orders_go_to,))[0])
            paths, fresh = (demand_to(demand, w, other, problem.nodes) for demand in (paths, fresh))
        open_ = (lanes.origin != w) & (lanes.destination != w)
        changed = replace(
            problem,
            on_hand=on_hand,
            inbound=inbound,
            paths=paths,
            lanes=replace(lanes, leaves=lanes.leaves & open_),
        )
        return replace(situation, problem=changed, fresh=fresh)
