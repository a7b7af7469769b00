"""The best schedule there is, proven, or the best found in time with its gap."""

from __future__ import annotations

import numpy as np

from evenstock.optimisation import Answer, Status
from evenstock.rebalancing.arrays import Floats
from evenstock.rebalancing.horizon.question import Horizon, Schedule
from evenstock.rebalancing.whole.formulate import Formulation, formulate


def solve_whole(
    horizon: Horizon,
    *,
    time_limit_s: float | None = None,
    gap: float = 1e-4,
    cooling_off_days: int | None = None,
    bought_stock_pays: bool = False,
) -> Schedule:
    """Transfers and purchases of least expected cost over all paths, every rule kept.

    Parameters
    ----------
    time_limit_s
        When to stop; the best found so far is the answer, with its gap in the notes.
    gap
        Share of the cost within which a schedule counts as the best.
    cooling_off_days
        Days within which an item does not go back where it came from; none means no such rule.
    bought_stock_pays
        Whether bought goods pay interest while they lie as well, not only on their way.

    Raises
    ------
    ValueError
        If rules cannot hold together: the message names them, with item and node, and by how far they miss.
    TimeoutError
        If the time was over before any schedule was found, and doing nothing breaks a rule.
    """
    whole = formulate(horizon, cooling_off_days=cooling_off_days, bought_stock_pays=bought_stock_pays)
    found = whole.program.solve(gap=gap, absolute_gap=1e-3, time_limit_s=time_limit_s)
    if found.status is Status.INFEASIBLE:
        raise ValueError(_quarrel(whole))
    if found.status is Status.UNBOUNDED:
        raise ValueError("the program has no least cost: something earns without end; look for costs below zero")
    notes: tuple[str, ...] = ()
    if not found.found:
        nothing = _doing_nothing(whole)
        if nothing is None:
            raise TimeoutError(
                f"no schedule that keeps every rule was found in {time_limit_s} s; allow more time, or fewer paths or items"
            )
        notes = (f"Nothing better than doing nothing was found in {time_limit_s:g} s.",)
        found = Answer(Status.STOPPED, nothing, _cost(whole, nothing), found.bound, found.values, found.values)
    if found.status is Status.OPTIMAL:
        notes = (f"Proven: no schedule costs {max(found.objective - found.bound, 0) / 100:,.2f} less.",)
    else:
        notes = (*notes, f"Stopped by the time limit with a gap of {found.gap:.2%}: perhaps not the best.")
    return _schedule(horizon, whole, found, notes)


def _quarrel(whole: Formulation) -> str:
    """Which rules cannot hold together."""
    told = whole.program.conflict(whole.rules) or whole.program.conflict(whole.rules, relaxed=False)
    if not told:
        return "no schedule exists, and no rule of service, dock, room, budget or truck is to blame: check the stock"
    named = "; ".join(f"{name} (misses by {amount:,.6g})" for name, amount in told.items())
    return f"no schedule keeps these rules together: {named}; ease one of them"


def _doing_nothing(whole: Formulation) -> Floats | None:
    """All columns when nothing is moved or bought; None where that breaks a rule."""
    stays = np.concatenate([whole.decided.cases.ravel(), whole.decided.multiples.ravel()])
    found = whole.program.fixed(stays, 0.0).solve()
    return found.values if found.found else None


def _cost(whole: Formulation, values: Floats) -> float:
    return float(whole.program.costs @ values)


def _schedule(horizon: Horizon, whole: Formulation, found: Answer, notes: tuple[str, ...]) -> Schedule:
    problem, supplies = horizon.problem, horizon.supplies
    transfers = np.zeros((len(problem.skus), len(problem.lanes), problem.days), np.int64)
    cases = np.rint(found.values[whole.decided.cases]).astype(np.int64)
    transfers[:, :, : horizon.transfer_days] = cases * problem.case_units[:, None, None]
    multiples = np.rint(found.values[whole.decided.multiples]).astype(np.int64)
    return Schedule(
        transfers=transfers,
        purchases=multiples * supplies.multiple_units[:, :, None],
        cost_cents=found.objective,
        bound_cents=min(found.bound, found.objective),
        notes=notes,
    )
