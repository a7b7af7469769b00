"""The coming weeks of one item as a scenario program, written to be read: every path has its own stock, lot by lot."""

from __future__ import annotations

from dataclasses import dataclass

import linopy
import numpy as np
import pandas as pd
import xarray as xr

from evenstock.rebalancing.horizon.choices import lane_costs, lawful


@dataclass
class Decision:
    cents: float
    """Per step of units."""
    step: int
    out: tuple[int, int] | None
    """Node and day it leaves."""
    into: tuple[int, int]
    last: int
    """Last day the goods can be sold; the number of days where they keep."""
    order_cents: float = 0.0
    least: int = 1


def best_cents(horizon, k=0, *, whole=False):
    """Least expected cost of item `k`: decisions, shortage or waiting, storing, expiry, less the worth of what is left."""
    problem = horizon.problem
    m, some = linopy.Model(), decisions(horizon, k)
    d = pd.RangeIndex(len(some), name="decision")
    steps = m.add_variables(0, coords=[d], integer=whole, name="steps")
    cost = (steps * _over([x.cents for x in some], d)).sum()
    fixed = [n for n, x in enumerate(some) if x.order_cents > 0 or x.least > x.step]
    if fixed:
        f = pd.Index(fixed, name="decision")
        opened = m.add_variables(coords=[f], binary=True, name="opened")
        bought = steps.sel(decision=f) * _over([some[n].step for n in fixed], f)
        m.add_constraints(bought - 1000 * opened <= 0, name="opened")
        m.add_constraints(bought - opened * _over([some[n].least for n in fixed], f) >= 0, name="least")
        cost = cost + (opened * _over([some[n].order_cents for n in fixed], f)).sum()
    for w in range(len(problem.nodes)):
        tonight = np.array([x.step * (x.out == (w, 0)) for x in some])
        if tonight.any():
            there = max(int(problem.on_hand[k, w]) - int(problem.floor[k, w]), 0)
            m.add_constraints((steps * _over(tonight, d)).sum() <= there, name=f"above the floor {w}")
        cost = cost + _node(horizon, k, w, m, steps, some)
    m.add_objective(cost)
    m.solve("highs", io_api="direct", output_flag=False, log_to_console=False, mip_rel_gap=1e-9)
    return float(m.objective.value)


def _over(values, *index):
    return xr.DataArray(np.asarray(values, float), coords=list(index))


def decisions(horizon, k):
    problem, supplies, lots = horizon.problem, horizon.supplies, horizon.lots
    days, found, lanes = problem.days, [], problem.lanes
    lasts = sorted({days, *(min(int(x), days) for x in (lots.last_day[lots.item == k] if lots is not None else ()))})
    for a, t in np.argwhere(lawful(horizon)[k]):
        lands, case = int(t + horizon.transit_days[a]), int(problem.case_units[k])
        cents = float(lane_costs(horizon)[k, a]) * case
        origin, destination = int(lanes.origin[a]), int(lanes.destination[a])
        kept = [x for x in lasts if x == days or x - lands + 1 >= max(int(lots.minimum_shelf_days[k]), 1)]
        found += [Decision(cents, case, (origin, int(t)), (destination, lands), last) for last in kept]
    for v in np.flatnonzero(supplies.sells[k]):
        for t in np.flatnonzero(supplies.order_days[v]):
            lands, step = int(t + supplies.lead_days[v]), int(supplies.multiple_units[k, v])
            capital = problem.capital_rate / 365 * float(problem.unit_cost_cents[k] * supplies.lead_days[v])
            cents = (float(supplies.extra_cents[k, v]) + capital) * step
            if lands < days:
                goods = fresh(horizon, k, lands)
                order, least = float(supplies.order_cents[v]), int(supplies.minimum_units[k, v])
                found.append(Decision(cents, step, None, (int(supplies.node[v]), lands), goods, order, least))
    return found


def fresh(horizon, k, day):
    """Last day of goods that come from a supplier on `day`."""
    shelf = int(horizon.lots.shelf_days[k]) if horizon.lots is not None else 0
    return min(day + shelf - 1, horizon.problem.days) if shelf else horizon.problem.days


def there_already(horizon, k, w):
    """Units by last day and day of arrival."""
    problem, lots = horizon.problem, horizon.lots
    found = {problem.days: np.zeros(problem.days)}
    found[problem.days][0] = problem.on_hand[k, w]
    for b in np.flatnonzero((lots.item == k) & (lots.node == w)) if lots is not None else ():
        last = min(int(lots.last_day[b]), problem.days)
        found.setdefault(last, np.zeros(problem.days))[0] += lots.units[b]
        found[problem.days][0] -= lots.units[b]
    for t in range(problem.days):
        found.setdefault(fresh(horizon, k, t), np.zeros(problem.days))[t] += problem.arrivals[k, w, t]
    return found


def _node(horizon, k, w, m, steps, some):
    """Mean cost at one node; on each path what is sold from each lot is decided knowing the path."""
    problem, lots = horizon.problem, horizon.lots
    paths, days = problem.paths.shape[2:]
    d = pd.RangeIndex(len(some), name="decision")
    known = there_already(horizon, k, w)
    lasts = sorted(set(known) | {x.last for x in some})
    n, s, t = pd.Index(lasts, name="last"), pd.RangeIndex(paths, name="path"), pd.RangeIndex(days, name="day")
    day, last = np.arange(days), np.array(lasts)[:, None]

    def only(where):
        return _over(np.where(where, np.inf, 0.0), n, t)

    stock = m.add_variables(0, only(day < last), coords=[n, s, t], name=f"stock {w}")
    sold = m.add_variables(0, only(day <= last), coords=[n, s, t], name=f"sold {w}")
    thrown = m.add_variables(0, only(day == last), coords=[n, s, t], name=f"thrown {w}")
    come = np.zeros((len(some), len(lasts), days))
    for at, x in enumerate(some):
        if x.out is not None and x.out[0] == w:
            come[at, lasts.index(x.last), x.out[1]] -= x.step
        if x.into[0] == w and x.into[1] < days:
            come[at, lasts.index(x.last), x.into[1]] += x.step
    before = stock.shift(day=1).fillna(0)
    change = stock - before + sold + thrown - (steps * _over(come, d, n, t)).sum("decision")
    m.add_constraints(change == _over([known.get(x, np.zeros(days)) for x in lasts], n, t), name=f"balance {w}")

    hold, worth = float(problem.holding_millicents[k, w]) / 1000, float(problem.terminal[k, w])
    off = hold + (float(lots.write_off_cents[k]) if lots is not None else 0.0)
    late = [worth * x.step * (x.into[0] == w and x.into[1] >= days) for x in some]
    cost = (stock * (hold / paths)).sum() + (thrown * (off / paths)).sum() - (steps * _over(late, d)).sum()
    cost = cost - (stock.isel(day=days - 1).sel(last=days) * (worth / paths)).sum()
    short = m.add_variables(0, coords=[s, t], name=f"short {w}")
    wanted = _over(problem.paths[k, w], s, t)
    waits = horizon.backorder_millicents
    if waits is None:
        m.add_constraints(sold.sum("last") + short == wanted, name=f"demand {w}")
        return cost + (short * (float(problem.shortage_cents[k, w]) / paths)).sum()
    m.add_constraints(sold.sum("last") + short - short.shift(day=1).fillna(0) == wanted, name=f"demand {w}")
    return cost + (short * (float(waits[k, w]) / 1000 / paths)).sum()
