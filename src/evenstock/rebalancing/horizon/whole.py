"""From parts of units to whole cases, multiples and orders: round, mend exactly, and prove how far from the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.horizon.master import Item, Master, Tangents, master

TRIES = 24
"""Changes tried exactly before a plan counts as mended: those whose tangents promise most come first."""
STEPS = 400
NODES = 60
"""Branches of each program, unless more are asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best whole plan met, and what no whole plan costs less than."""

    units: Ints
    cents: float
    bound_cents: float


def best_whole(
    item: Item, tangents: Tangents, start: Floats, bound_cents: float, *, gap: float, programs: int, exact: bool
) -> Found:
    """Whole decisions within `gap` of the bound, or the best that `programs` whole-number programs led to.

    Parameters
    ----------
    start
        The relaxed optimum in units, ``(D,)``.
    bound_cents
        Its bound.
    gap
        A share of the cost; reached or not, the bound is returned.
    exact
        Keep every column whole and branch as long as it takes. Without, units bought one by one are rounded after the
        program, which seldom matters and is faster by far.
    """
    units = mended(item, tangents, _rounded(item, start))
    cents, bound = item.cents(units.astype(np.float64)), bound_cents
    for _ in range(programs):
        if cents - bound <= gap * max(abs(cents), 1.0):
            break
        built = master(item, tangents, whole=True, loose=not exact)
        nodes = None if exact else NODES
        answer = built.program.solve(start=_columns(item, built, units), gap=gap / 4, most_nodes=nodes)
        bound = max(bound, min(answer.bound, cents))
        if not answer.found:
            break
        parts: Floats = np.maximum(answer.values[built.steps], 0.0) * item.options.step
        new, _ = tangents.lay(item, item.units(parts), answer.values[built.theta])
        better = mended(item, tangents, _rounded(item, parts))
        total = item.cents(better.astype(np.float64))
        if total < cents - 1e-9:
            units, cents = better, total
        if not new:
            break
    units = _trimmed(item, units, cents)
    return Found(units, cents, min(bound, cents))


def _trimmed(item: Item, units: Ints, cents: float) -> Ints:
    """The same cost with fewer units: nothing is bought or moved for nothing. Costs are convex, so halving finds the least."""
    options, units = item.options, units.copy()
    for d in np.flatnonzero(units > 0).tolist():
        low, high = 0, int(units[d] // options.step[d])
        while low < high:
            middle = (low + high) // 2
            trial = units.copy()
            trial[d] = middle * options.step[d]
            if lawful(item, trial) and item.cents(trial.astype(np.float64)) <= cents + 1e-6:
                high = middle
            else:
                low = middle + 1
        units[d] = high * options.step[d]
    return units


def _columns(item: Item, built: Master, units: Ints) -> Floats:
    values = np.zeros(built.program.columns_count)
    values[built.steps] = units / item.options.step
    held = item.units(units.astype(np.float64))
    values[built.theta] = [item.service.cost(item.costs, w, held[item.costs.span(w)]).cents for w in item.nodes]
    values[built.opened] = units[item.opens] > 0
    return values


def _rounded(item: Item, start: Floats) -> Ints:
    """Nearest steps; a purchase below half its least quantity is left out, one above is filled up; never more than is there."""
    options = item.options
    whole = np.rint(start / options.step).astype(np.int64) * options.step
    whole = np.where(whole >= options.least, whole, np.where(2 * whole >= options.least, options.least, 0))
    moved = options.lane >= 0
    # Rounding a transfer up may take what is not there: down is always lawful.
    down = np.floor(start / options.step + 1e-6).astype(np.int64) * options.step
    return np.where(moved, down, whole)


def lawful(item: Item, units: Ints) -> bool:
    """Whether what leaves is there on its day, lot by lot."""
    options, lines = item.options, item.options.lines
    if (units < 0).any() or (units > options.most).any() or ((units > 0) & (units < options.least)).any():
        return False
    moves = np.flatnonzero((options.lane >= 0) & (units > 0))
    if options.spoils and (np.bincount(options.out_of[moves], units[moves], len(lines)) > lines.units).any():
        return False
    origin = lines.node[options.out_of[moves]]
    into, lands = lines.node[options.into], lines.day[options.into]
    for w in np.unique(origin).tolist():
        for day in np.unique(options.day[moves[origin == w]]).tolist():
            out = units[moves[(origin == w) & (options.day[moves] <= day)]].sum()
            there = int(options.stock_units[w])
            if day:
                there += int(item.arrivals[w, : day + 1].sum()) + int(units[(into == w) & (lands <= day)].sum())
            if out > there:
                return False
    return True


def mended(item: Item, tangents: Tangents, units: Ints) -> Ints:
    """Improved until no tried change helps: a step more or fewer, a step or all of it to another decision, none at all.

    A change whose tangents promise nothing cannot help, for the nodes' costs are convex; the others are tried exactly,
    the most promising first.
    """
    held = item.units(units.astype(np.float64))
    cents = np.array([item.service.cost(item.costs, w, held[item.costs.span(w)]).cents for w in item.nodes])
    for _ in range(STEPS):
        found = _step(item, tangents, units, cents)
        if found is None:
            break
        units, cents = found
    return units


def _step(item: Item, tangents: Tangents, units: Ints, cents: Floats) -> tuple[Ints, Floats] | None:
    count = len(units)
    down, fewer, more, gain = _changes(item, _slopes(item, tangents, units), units)
    before = item.paid(units.astype(np.float64)) + cents.sum()
    worth = np.flatnonzero(gain.ravel() < -1e-6)
    for at in worth[np.argsort(gain.ravel()[worth], kind="stable")[:TRIES]].tolist():
        row, up = divmod(at, count + 1)
        trial, touched = units.copy(), []
        if row < len(down):
            trial[down[row]] -= fewer[row]
            touched.append(int(down[row]))
        if up < count:
            trial[up] += more[row, up]
            touched.append(up)
        if not lawful(item, trial):
            continue
        after = _after(item, trial, cents, touched)
        if item.paid(trial.astype(np.float64)) + after.sum() < before - 1e-7:
            return trial, after
    return None


def _changes(item: Item, slopes: Floats, units: Ints) -> tuple[Ints, Ints, Ints, Floats]:
    """What may go down (a step, then all of it; last nothing), what may go up by how much, and the most each pair can gain.

    Rows are what goes down, ``(R + 1,)``; columns what goes up, the last of them nothing.
    """
    options = item.options
    each, count = options.cents + slopes, len(units)
    some = np.flatnonzero(units > 0)
    one = np.where(units <= options.least, units, options.step)[some]
    down = np.concatenate([some, some])
    fewer = np.concatenate([one, units[some]])
    falls = np.append(-each[down] * fewer - np.where(fewer == units[down], options.order_cents[down], 0.0), 0.0)
    wish = np.append(fewer, 0)
    more = -(-wish[:, None] // options.step[None, :]) * options.step
    more = np.maximum(more, np.where(units == 0, np.maximum(options.least, options.step), options.step)[None, :])
    rises = each * more + np.where(units == 0, options.order_cents, 0.0)
    rises[units + more > options.most] = np.inf
    rises[np.arange(len(down)), down] = np.inf
    gain = falls[:, None] + np.concatenate([rises, np.zeros((len(rises), 1))], axis=1)
    return down, fewer, np.concatenate([more, np.zeros((len(more), 1), np.int64)], axis=1)[:, :count], gain


def _after(item: Item, units: Ints, cents: Floats, touched: list[int]) -> Floats:
    """Cost of every node once `touched` decisions are other than before."""
    held, after, options = item.units(units.astype(np.float64)), cents.copy(), item.options
    lines = [int(options.into[d]) for d in touched] + [
        int(options.out_of[d]) for d in touched if options.out_of[d] >= 0
    ]
    for w in {int(options.lines.node[n]) for n in lines}:
        after[w] = item.service.cost(item.costs, w, held[item.costs.span(w)]).cents
    return after


def _slopes(item: Item, tangents: Tangents, units: Ints) -> Floats:
    """What the nodes' costs change by with each decision's next unit, ``(D,)``; the tangents are kept."""
    new, _ = tangents.lay(item, item.units(units.astype(np.float64)))
    total: Floats = np.sum([tangents.slope[n] for n in new], axis=0)
    return total
