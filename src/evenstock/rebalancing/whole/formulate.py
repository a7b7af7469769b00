"""The whole question as one program: every rule of the reference, line by line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.optimisation import Program
from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.whole import (
    buying,
    freight,
    service,
    shared,
    standing,
    steadiness,
    tail,
)
from evenstock.rebalancing.whole import (
    recourse as after,
)
from evenstock.rebalancing.whole.decisions import Decisions, decisions
from evenstock.rebalancing.whole.goods import Goods, goods
from evenstock.rebalancing.whole.recourse import Recourse


@dataclass(frozen=True, slots=True, eq=False)
class Formulation:
    """A scenario program and what its columns mean."""

    program: Program
    stocked: Goods
    decided: Decisions
    happens: Recourse
    rules: Ints
    """Rows that a planner set and can change: service, docks, room, budget, trucks, acceptance limits."""


def formulate(horizon: Horizon, *, cooling_off_days: int | None = None, bought_stock_pays: bool = False) -> Formulation:
    """First stage: cases, pallets, trucks, departures and orders of all days, the same on every path. Recourse: the rest.

    Its objective is the expected cost in cents: freight, handling, interest, purchases beyond unit cost, storing,
    write-off and shortage, less the terminal worth of what is left.

    Parameters
    ----------
    cooling_off_days
        Days within which an item does not go back where it came from; none means no such rule.
    bought_stock_pays
        Whether bought goods pay interest while they lie as well, not only on their way.

    Raises
    ------
    ValueError
        If the horizon contradicts itself; the message says where.
    """
    _refuse_contradictions(horizon)
    problem = horizon.problem
    program = Program()
    stocked = goods(horizon)
    decided = decisions(program, horizon, stocked)
    happens = after.recourse(program, horizon, stocked)

    after.keep_the_balance(program, horizon, stocked, decided, happens)
    after.serve_or_miss(program, horizon, stocked, happens)
    after.sell_while_there_is(program, horizon, stocked, decided, happens)
    if bought_stock_pays:
        after.pay_interest_on_bought_stock(program, horizon, stocked, decided, happens)
    freight.move_whole_cases(program, horizon, stocked, decided)
    freight.move_only_what_is_there(program, horizon, stocked, decided)
    freight.keep_the_floor_later(program, horizon, stocked, decided, happens)
    freight.pay_for_departures(program, horizon, decided)
    rules = [freight.load_trucks(program, horizon, decided).ravel()]
    buying.buy_at_least_the_minimum(program, horizon, decided)
    buying.place_an_order_for_lines(program, decided)
    if problem.limits is not None:
        rules.append(shared.pick_within_the_dock(program, horizon, problem.limits, decided))
        rules.append(shared.receive_within_the_dock(program, horizon, problem.limits, decided))
        rules.append(shared.stay_within_the_room(program, horizon, problem.limits, decided))
        rules.append(shared.stay_within_the_budget(program, horizon, problem.limits, decided))
    if problem.bands is not None:
        standing.pay_for_leaving_the_band(program, horizon, problem.bands, decided)
        rules.append(standing.accept_no_more_than(program, horizon, problem.bands, decided))
    if horizon.service is not None:
        rules.append(service.cover_the_cycle(program, horizon, horizon.service.cycle, decided))
        rules.append(service.serve_the_share(program, horizon, horizon.service.fill, happens))
    tail.fear_the_tail(program, horizon, horizon.tail, happens)
    if cooling_off_days is not None:
        steadiness.do_not_send_back(program, horizon, decided, cooling_off_days)
    return Formulation(program, stocked, decided, happens, np.concatenate(rules))


def _refuse_contradictions(horizon: Horizon) -> None:
    problem, lanes = horizon.problem, horizon.problem.lanes
    differs = lanes.leaves & horizon.departs[:, 0] & (lanes.lead_days != horizon.transit_days)
    if differs.any():
        a = int(np.flatnonzero(differs)[0])
        raise ValueError(
            f"{problem.nodes[lanes.origin[a]]}→{problem.nodes[lanes.destination[a]]}: leaves tonight and takes "
            f"{int(lanes.lead_days[a])} days by its lane, {int(horizon.transit_days[a])} by the horizon; give one"
        )
    if horizon.service is not None:
        shape = problem.on_hand.shape
        for name in ("cycle", "fill"):
            target = np.asarray(getattr(horizon.service, name))
            if target.shape != shape or not ((target >= 0) & (target <= 1)).all():
                raise ValueError(f"service.{name}: shares from 0 to 1 of shape {shape} are wanted, not {target.shape}")
