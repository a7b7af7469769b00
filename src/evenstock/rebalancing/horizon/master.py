"""The program over decisions whose nodes' costs are known by tangents, sharpened where its answer lies.

Cutting planes: Kelley (1960), J. SIAM 8(4); as the first stage of a stochastic program: Van Slyke and Wets (1969),
SIAM J. Appl. Math. 17(4), the L-shaped method. A node has one function, so the program stays small however many paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from evenstock.optimisation import Program
from evenstock.optimisation.session import Session
from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.horizon.choices import Choices, Lines
from evenstock.rebalancing.horizon.service import Asked
from evenstock.rebalancing.horizon.value import ItemCosts

FLOOR = -1e13
"""Cents no node's cost falls below."""
ROUNDS = 400
SPREADS = 6
START = (0.3, 0.6, 0.8, 0.95)
"""Quantiles of demand at which the first tangents are laid."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One item's decisions and costs: the exact function to minimise."""

    options: Choices
    costs: ItemCosts
    service: Asked
    arrivals: Ints
    """Under way already, by node and day ``(W, T)``."""

    def units(self, bought: Floats) -> Floats:
        """What every line holds for decisions in units ``(D,)``."""
        held = self.options.lines.units.astype(np.float64)
        np.add.at(held, self.options.into, bought)
        out = self.options.out_of >= 0
        np.subtract.at(held, self.options.out_of[out], bought[out])
        return held

    def cents(self, bought: Floats) -> float:
        """Expected cost of decisions, orders and all nodes."""
        held = self.units(bought)
        return self.paid(bought) + sum(
            self.service.cost(self.costs, w, held[self.costs.span(w)]).cents for w in self.nodes
        )

    def paid(self, bought: Floats) -> float:
        """What decisions cost before they bring anything."""
        opened = float(self.options.order_cents[bought > 1e-9].sum())
        return float(self.options.cents @ bought) + opened

    @property
    def nodes(self) -> range:
        return range(len(self.costs.wanted))

    @property
    def opens(self) -> Ints:
        """Decisions that are made or not: a fixed cost or a least quantity."""
        options = self.options
        return np.flatnonzero((options.order_cents > 0) | (options.least > options.step))


@dataclass(slots=True, eq=False)
class Tangents:
    """Tangents of the nodes' costs, as rows over decisions in units."""

    node: list[int] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    slope: list[Floats] = field(default_factory=list)

    def lay(self, item: Item, held: Floats, known: Floats | None = None) -> tuple[list[int], float]:
        """Add a tangent of each node at `held`, where `known` (its cost by the program) is too low.

        Returns the numbers of new tangents, and the true cost of all nodes.
        """
        new, total = [], 0.0
        options = item.options
        for w in item.nodes:
            span = item.costs.span(w)
            found = item.service.cost(item.costs, w, held[span])
            total += found.cents
            if known is not None and known[w] >= found.cents - 1e-9 * max(abs(found.cents), 1e3):
                continue
            slopes = np.zeros(len(options.lines) + 1)
            slopes[span] = found.slopes
            new.append(len(self.node))
            self.node.append(w)
            self.slope.append(slopes[options.into] - slopes[options.out_of])
            self.least.append(found.cents + float(found.slopes @ (options.lines.units[span] - held[span])))
        return new, total


@dataclass(frozen=True, slots=True, eq=False)
class Master:
    """A program with its columns: decisions in steps, the nodes' costs, orders opened."""

    program: Program
    steps: Ints
    theta: Ints
    opened: Ints


def master(item: Item, tangents: Tangents, *, whole: bool, loose: bool = False) -> Master:
    """The program with the tangents there are; `loose` lets units that are bought one by one be parts."""
    options = item.options
    program = Program()
    steps = np.zeros(len(options), np.int64)
    single = (options.way >= 0) & (options.step == 1) & loose
    for which, kept in ((single, False), (~single, whole)):
        cost, upper = options.cents * options.step, np.floor(options.most / options.step)
        steps[which] = program.columns(int(which.sum()), cost=cost[which], upper=upper[which], whole=kept)
    theta = program.columns(len(item.nodes), cost=1.0, lower=FLOOR)
    which = item.opens
    opened = program.columns(len(which), cost=options.order_cents[which], upper=1.0, whole=whole)
    if len(which):
        within = program.rows("an order is opened", len(which), upper=0.0)
        program.put(within, steps[which], options.step[which])
        program.put(within, opened, -options.most[which].astype(np.float64))
        enough = program.rows("least order", len(which), lower=0.0)
        program.put(enough, steps[which], options.step[which])
        program.put(enough, opened, -options.least[which].astype(np.float64))
    _only_what_is_there(program, item, steps)
    count = len(tangents.node)
    if count:
        rows = program.rows("cost of a node", count, lower=np.array(tangents.least))
        program.put(rows[:, None], steps[None, :], -np.array(tangents.slope) * options.step)
        program.put(rows, theta[np.array(tangents.node)], 1.0)
    return Master(program, steps, theta, opened)


def _only_what_is_there(program: Program, item: Item, steps: Ints) -> None:
    """What leaves a node by each day is there by then, above the floor; of each lot no more than it has."""
    options, lines = item.options, item.options.lines
    moves = np.flatnonzero(options.lane >= 0)
    for origin in np.unique(lines.node[options.out_of[moves]]).tolist():
        leaves = moves[lines.node[options.out_of[moves]] == origin]
        for day in np.unique(options.day[leaves]).tolist():
            mine = leaves[options.day[leaves] <= day]
            come = _arrived(options, lines, origin, day)
            there = options.stock_units[origin] + (item.arrivals[origin, : day + 1].sum() if day else 0)
            row = program.rows("only what is there", 1, upper=float(there))
            program.put(row, steps[mine], options.step[mine])
            program.put(row, steps[come], -options.step[come].astype(np.float64))
    if options.spoils:
        for line in np.unique(options.out_of[moves]).tolist():
            mine = moves[options.out_of[moves] == line]
            row = program.rows("only what the lot has", 1, upper=float(lines.units[line]))
            program.put(row, steps[mine], options.step[mine])


def _arrived(options: Choices, lines: Lines, node: int, day: int) -> Ints:
    """Decisions that put goods into `node` by `day`; tonight nothing has come yet."""
    there: Bools = (lines.node[options.into] == node) & (lines.day[options.into] <= day) & (day > 0)
    return np.flatnonzero(there)


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """The optimum without whole numbers."""

    units: Floats
    cents: float
    bound_cents: float
    rounds: int


def relaxed(item: Item, tangents: Tangents, *, gap: float) -> Relaxed:
    """The best parts of units, within `gap` (a share of the cost); `tangents` gets what was learned.

    An order's fixed cost is paid in proportion to the most it could hold, so it hardly counts: the bound stands, and
    `spread` finds better units.
    """
    for held in _first_points(item):
        tangents.lay(item, held)
    built = master(item, tangents, whole=False)
    session = Session(built.program)
    order = item.options.order_cents[item.opens]
    return _sharpened(item, tangents, built, session, order, gap)


def spread(item: Item, tangents: Tangents, ideal: Relaxed, *, gap: float) -> Floats:
    """Units when each order's fixed cost is spread over what it held in the answer before: slope scaling.

    References
    ----------
    Kim and Pardalos (1999), Operations Research Letters 24.
    """
    options, fixed = item.options, item.options.order_cents
    built = master(item, tangents, whole=False)
    session = Session(built.program)
    session.price_columns(built.opened, np.zeros(len(built.opened)))
    each = item.costs.wanted.sum(axis=2) if item.costs.spoils else item.costs.wanted[..., -1]
    held = np.full(len(options), max(float(each.mean()), 1.0))
    best, cents = ideal.units, item.cents(_filled(item, ideal.units))
    for _ in range(SPREADS):
        surcharge = np.where(held > 1e-6, fixed / np.maximum(held, 1e-6), fixed / options.least)
        session.price_columns(built.steps, (options.cents + surcharge) * options.step)
        found = _sharpened(item, tangents, built, session, 0 * fixed[item.opens], gap, surcharge)
        total = item.cents(_filled(item, found.units))
        if total < cents:
            best, cents = found.units, total
        if np.allclose(found.units, held, atol=1e-3):
            break
        held = found.units
    return best


def _filled(item: Item, units: Floats) -> Floats:
    """Purchases no smaller than their least quantity."""
    filled: Floats = np.where(
        units > 1e-6, np.maximum(units, np.where(item.options.way >= 0, item.options.least, 0)), 0.0
    )
    return filled


def _sharpened(
    item: Item,
    tangents: Tangents,
    built: Master,
    session: Session,
    order_cents: Floats,
    gap: float,
    surcharge: Floats | float = 0.0,
) -> Relaxed:
    """Tangents laid at each answer until none is wrong by more than `gap`."""
    step = item.options.step
    best: Floats = np.zeros(len(step))
    cents, bound, rounds = np.inf, -np.inf, 0
    while rounds < ROUNDS:
        rounds += 1
        answer = session.solve()
        if not answer.found:
            break
        bound = max(bound, answer.objective)
        bought: Floats = np.maximum(answer.values[built.steps], 0.0) * step
        new, nodes = tangents.lay(item, item.units(bought), answer.values[built.theta])
        total = (
            float((item.options.cents + surcharge) @ bought) + float(order_cents @ answer.values[built.opened]) + nodes
        )
        if total < cents:
            best, cents = bought, total
        if not new or cents - bound <= gap * max(abs(cents), 1.0):
            break
        for n in new:
            columns = np.append(built.steps, built.theta[tangents.node[n]])
            session.add_row(tangents.least[n], np.inf, columns, np.append(-tangents.slope[n] * step, 1.0))
    return Relaxed(best, cents, bound, rounds)


def _first_points(item: Item) -> list[Floats]:
    """Supplies worth a tangent: nothing decided, and each landing filled to a quantile of what is wanted by the next."""
    base = item.units(np.zeros(len(item.options)))
    points = [base]
    lines, days = item.options.lines, item.costs.wanted.shape[2]
    wanted = np.cumsum(item.costs.wanted, axis=2) if item.costs.spoils else item.costs.wanted
    for level in START:
        held = base.copy()
        need = np.quantile(wanted, level, axis=1)
        for w in item.nodes:
            span = item.costs.span(w)
            reached = np.intersect1d(np.unique(item.options.into), np.arange(span.start, span.stop))
            reached = reached[np.argsort(lines.day[reached], kind="stable")]
            reached = reached[lines.day[reached] < days]
            for at, line in enumerate(reached.tolist()):
                until = int(lines.day[reached[at + 1]]) if at + 1 < len(reached) else days
                last = max(until - 1, int(lines.day[line]))
                come = held[span][lines.day[span] <= last].sum()
                held[line] += max(need[w, last] - come, 0.0)
        points.append(held)
    return points
