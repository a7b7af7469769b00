r"""A proof, or a better plan, for an order beyond the exact search: an integer program in HiGHS.

Goods ``g`` travel by candidate ``c`` (one unit, or some where quantities may be split); a shipment by ``c`` pays one step
of its ladder, and full cartons before the last pay the last step:

.. math:: \min \sum_{cg} h_{cg} x_{cg} + \sum_c (s_c + e) u_c + \sum_{ct} p_{ct} y_{ct} + \sum_c p_c^{full} n_c - e

with all goods shipped, ``u_c = Σ_t y_ct`` at most one, ``Σ_g w_g x_cg ≤ Σ_t end_t y_ct + heaviest_c n_c`` (and the same
for volume by the divisor), at most so many shipments, stock, least values, and charges for long goods.

The program is built to be a lower bound: a step that is dearer than one further up counts at that one's price. So its
plan is priced anew by the readable rule, and the least is claimed only where HiGHS proves that nothing is a cent below.
It stops after `MOST_NODES` nodes, by no clock, on one thread and with a fixed seed: the same order, the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from evenstock.routing.choose import Choice
from evenstock.routing.goods import Goods, goods_of, shipment_cents
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.subset_kernel import carton_step

MOST_NODES: Final = 10
MOST_COLUMNS: Final = 6_000
"""Larger programs are not begun: about thirty lines at eight nodes by three services."""
MOST_FULL: Final = 1
"""Full cartons before the last that one shipment may need; with more the bound is weak and takes seconds."""
Floats = NDArray[np.float64]
Terms = Sequence[tuple[Whole, Whole | Floats | float]]
"""Columns with their factors."""


@dataclass(slots=True)
class Program:
    """Columns and rows under construction; every column is whole and not below zero."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    row: list[Whole] = field(default_factory=list)
    column: list[Whole] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    row_lower: list[float] = field(default_factory=list)
    row_upper: list[float] = field(default_factory=list)

    def columns(self, cost: Whole, upper: Whole) -> Whole:
        """The numbers of new columns."""
        self.cost += cost.tolist()
        self.upper += upper.tolist()
        return np.arange(len(self.cost) - len(cost), len(self.cost))

    def keep(self, terms: Terms, lower: float, upper: float) -> None:
        """A new row over columns with their factors."""
        columns = np.concatenate([c for c, _ in terms])
        self.row.append(np.full(len(columns), len(self.row_lower)))
        self.column.append(columns)
        self.value.append(np.concatenate([np.broadcast_to(np.asarray(f, np.float64), c.shape) for c, f in terms]))
        self.row_lower.append(lower)
        self.row_upper.append(upper)


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One shipment that a candidate may make, as columns."""

    candidate: int
    goods: Whole
    """Rows of goods that it may carry."""
    units: Whole
    """Column of each of them."""
    used: Whole
    """One column."""
    step: Whole
    """Steps of the ladder that are not beaten by one further up."""
    chosen: Whole
    """Column of each of them."""
    full: Whole
    """Column of full cartons before the last, of which there may be none."""
    charge: Whole
    """Charges for long goods that may fall due."""
    long: Whole
    """Column of each: whether it is due."""
    long_full: Whole
    """Column of each: full cartons that pay it too."""


def improve(priced: Priced, start: Choice, *, whole: bool) -> Choice:
    """The choice `start` with a better first plan where there is one, proven the least where it could be.

    Parameters
    ----------
    start : may be empty, or its first plan may be claimed proven already: then it comes back as it is.
    whole : lines travel whole and a node may send several shipments; else quantities may be split, kits excepted, and a
        node sends one.
    """
    if len(start) and start.proven_least:
        return start
    goods = goods_of(priced, whole=whole)
    program = Program()
    slots = _slots(priced, goods, program, whole=whole)
    most_full = max((program.upper[int(slot.full[0])] for slot in slots), default=0)
    if not slots or len(program.cost) > MOST_COLUMNS or most_full > MOST_FULL:
        return start
    for slot in slots:
        _slot_rows(priced, goods, program, slot)
    _shared_rows(priced, goods, program, slots, whole=whole)
    solver = _solver(program)
    if len(start):
        solver.setSolution(_as_columns(priced, goods, program, slots, start))
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return start
    values = np.rint(np.asarray(solver.getSolution().col_value)).astype(np.int64)
    found = _plan(priced, goods, slots, values)
    best = found if not len(start) or found.cents[0] < start.cents[0] else start
    bound = info.mip_dual_bound - priced.extra_shipment_cents
    return _with_others(priced, best, start, proven=bool(bound > int(best.cents[0]) - 0.9))


def _slots(priced: Priced, goods: Goods, program: Program, *, whole: bool) -> list[Slot]:
    slots = []
    weight_g, volume_mm3, longest_mm, _ = goods.each
    for c in range(len(priced.node)):
        most = np.where(goods.permitted[c], np.minimum(goods.most[priced.node[c]], goods.units), 0)
        able = np.flatnonzero(most)
        if not able.size:
            continue
        ladder = _Ladder.of(priced, int(priced.ladder[c]), int(most @ weight_g), int(most @ volume_mm3))
        charge = ladder.charges[priced.ladders.long_above[ladder.charges] < longest_mm[able].max()]
        fixed = int(priced.shipment_cents[c]) + priced.extra_shipment_cents
        once = not whole or (ladder.joining_saves(fixed) and (not charge.size or not ladder.most_full))
        ones = np.ones_like(charge)
        for _ in range(1 if once else min(priced.max_shipments, len(able))):
            slot = Slot(
                c,
                able,
                program.columns(goods.unit_cents[c, able], most[able]),
                program.columns(np.array([fixed]), np.array([1])),
                ladder.step,
                program.columns(ladder.cents, np.ones_like(ladder.step)),
                program.columns(ladder.cents[-1:], np.full(1, ladder.most_full)),
                charge,
                program.columns(priced.ladders.long_cents[charge], ones),
                program.columns(priced.ladders.long_cents[charge], ones * ladder.most_full),
            )
            slots.append(slot)
    return slots


@dataclass(frozen=True, slots=True, eq=False)
class _Ladder:
    """A ladder as far as an order's goods can reach; dearer steps at the price of the cheapest further up."""

    step: Whole
    end: Whole
    cents: Whole
    most_full: int
    charges: Whole

    @classmethod
    def of(cls, priced: Priced, which: int, weight_g: int, volume_mm3: int) -> _Ladder:
        ladders = priced.ladders
        full, last = carton_step(ladders.arrays, which, weight_g, volume_mm3)
        first, end = int(ladders.first_step[which]), int(ladders.first_step[which + 1])
        step = np.arange(first, end if full else last + 1)
        cents = np.minimum.accumulate(ladders.step_cents[step][::-1])[::-1]
        apart = np.append(cents[:-1] < cents[1:], True)  # of equal prices the one that holds most
        charges = np.arange(int(ladders.first_long[which]), int(ladders.first_long[which + 1]))
        return cls(step[apart], ladders.max_weight_g[step[apart]], cents[apart], full, charges)

    def joining_saves(self, fixed_cents: int) -> bool:
        """Whether two shipments on this ladder never cost less than the two in one."""
        if self.most_full:
            return False
        both = self.end[:, None] + self.end
        joined = self.cents[np.minimum(np.searchsorted(self.end, both), len(self.end) - 1)]
        return bool((joined <= self.cents[:, None] + self.cents + fixed_cents).all())


def _slot_rows(priced: Priced, goods: Goods, program: Program, slot: Slot) -> None:
    """What one shipment holds, and what it therefore pays."""
    ladders, which = priced.ladders, int(priced.ladder[slot.candidate])
    weight_g, volume_mm3, longest_mm, _ = (of_row[slot.goods] for of_row in goods.each)
    most = np.array(program.upper)[slot.units]
    program.keep([(slot.chosen, 1), (slot.used, -1)], 0, 0)
    for column, n in zip(slot.units, most, strict=True):
        program.keep([(column[None], 1), (slot.used, -n)], -np.inf, 0)
    heaviest = (
        ladders.max_weight_g[ladders.first_step[which + 1] - 1] / 1_000
    )  # in kg, so that all factors are near one
    room = [(slot.chosen, -ladders.max_weight_g[slot.step] / 1_000), (slot.full, -heaviest)]
    program.keep([(slot.units, weight_g / 1_000), *room], -np.inf, 0)
    if ladders.divisor[which] > 0:
        program.keep([(slot.units, volume_mm3 / (1_000 * ladders.divisor[which])), *room], -np.inf, 0)
    for charge, due, paid in zip(slot.charge, slot.long[:, None], slot.long_full[:, None], strict=True):
        for i in np.flatnonzero(longest_mm > ladders.long_above[charge]):
            program.keep([(slot.units[i : i + 1], 1), (due, -most[i])], -np.inf, 0)
        top = program.upper[int(slot.full[0])]
        if top:  # long_full ≥ full - most · (1 - long)
            program.keep([(paid, 1), (slot.full, -1), (due, -top)], -top, np.inf)


def _shared_rows(priced: Priced, goods: Goods, program: Program, slots: list[Slot], *, whole: bool) -> None:
    """What holds for all shipments together."""
    for row, wanted in enumerate(goods.units.tolist()):
        of_row = np.concatenate([s.units[s.goods == row] for s in slots])
        program.keep([(of_row, 1)], wanted, wanted)
    used = np.concatenate([s.used for s in slots])
    program.keep([(used, 1)], 1, priced.max_shipments)
    for k in range(priced.nodes):
        there = [s for s in slots if priced.node[s.candidate] == k]
        if there and not whole:
            program.keep([(s.used, 1) for s in there], 0, 1)
        for item, stock in enumerate(goods.stock[k].tolist()):
            drawn: Terms = [(s.units, goods.need[s.goods, item]) for s in there]
            if drawn:
                program.keep(drawn, -np.inf, stock)
    for one, other in pairwise(slots):
        if one.candidate == other.candidate:  # equal slots are used in their order
            program.keep([(one.used, 1), (other.used, -1)], 0, 1)
    least = priced.min_split_value_cents
    if least > 0:  # each shipment is worth as much, or is the only one
        alone = program.columns(np.array([0]), np.array([1]))
        program.keep([(used, 1), (alone, priced.max_shipments - 1)], -np.inf, priced.max_shipments)
        for s in slots:
            worth = goods.each[3][s.goods] / least
            program.keep([(s.units, worth), (s.used, -1), (alone, 1)], 0, np.inf)


def _solver(program: Program) -> highspy.Highs:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), len(program.row_lower)
    lp.col_cost_, lp.col_lower_ = np.array(program.cost, np.float64), np.zeros(lp.num_col_)
    lp.col_upper_ = np.array(program.upper, np.float64)
    lp.row_lower_ = np.array(program.row_lower, np.float64)
    lp.row_upper_ = np.array(program.row_upper, np.float64)
    row, column = np.concatenate(program.row), np.concatenate(program.column)
    value = np.concatenate(program.value)
    order = np.lexsort((row, column))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(column[order], np.arange(lp.num_col_ + 1)).astype(np.int32)
    lp.a_matrix_.index_, lp.a_matrix_.value_ = row[order].astype(np.int32), value[order]
    lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, setting in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        ("mip_max_nodes", MOST_NODES),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.5),
    ):
        solver.setOptionValue(name, setting)
    solver.passModel(lp)
    return solver


def _as_columns(
    priced: Priced, goods: Goods, program: Program, slots: list[Slot], start: Choice
) -> highspy.HighsSolution:
    """The first plan of `start` as values of the columns."""
    values = np.zeros(len(program.cost))
    free = list(slots)
    shipments = start.shipments()
    for candidate, units in shipments:
        slot = next((s for s in free if s.candidate == candidate), None)
        if slot is None:
            continue  # the program knows that joining these shipments costs no more
        free.remove(slot)
        taken = goods.taken(units)
        parcel = int(taken @ goods.each[0]), int(taken @ goods.each[1])
        full, step = carton_step(priced.ladders.arrays, int(priced.ladder[candidate]), *parcel)
        values[slot.units], values[slot.used] = taken[slot.goods], 1
        values[slot.chosen[np.searchsorted(slot.step, step)]] = 1
        values[slot.full] = full
        due = priced.ladders.long_above[slot.charge] < goods.each[2][taken > 0].max()
        values[slot.long], values[slot.long_full] = due, due * full
    if priced.min_split_value_cents > 0:
        values[-1] = len(shipments) == 1
    solution = highspy.HighsSolution()
    solution.col_value = values
    return solution


def _plan(priced: Priced, goods: Goods, slots: list[Slot], values: Whole) -> Choice:
    """The plan that the columns say, at its true price."""
    made = []
    for slot in slots:
        taken = np.zeros(len(goods.units), np.int64)
        taken[slot.goods] = values[slot.units]
        if taken.any():
            made.append((slot.candidate, int(np.flatnonzero(taken)[0]), taken))
    made.sort(key=lambda one: one[:2])
    cents = sum(shipment_cents(priced, goods, c, taken) for c, _, taken in made)
    cents += (len(made) - 1) * priced.extra_shipment_cents
    carried = goods.by_line(priced, [taken for *_, taken in made])
    return Choice(np.array([cents]), np.array([[c for c, *_ in made]]), carried[None], proven_least=False)


def _with_others(priced: Priced, best: Choice, start: Choice, *, proven: bool) -> Choice:
    """The best plan first, then those of `start` that leave other nodes."""
    used = {int(priced.node[c]) for c, _ in best.shipments()}
    others = [p for p in range(len(start)) if {int(priced.node[c]) for c, _ in start.shipments(p)} != used]
    width = max(best.candidate.shape[1], start.candidate.shape[1])

    def wide(choice: Choice, plans: list[int]) -> tuple[Whole, Whole]:
        candidate = np.full((len(plans), width), -1, np.int64)
        units = np.zeros((len(plans), width, priced.lines), np.int64)
        candidate[:, : choice.candidate.shape[1]] = choice.candidate[plans]
        units[:, : choice.candidate.shape[1]] = choice.units[plans]
        return candidate, units

    first, rest = wide(best, [0]), wide(start, others)
    return Choice(
        np.concatenate([best.cents[:1], start.cents[others]]),
        np.concatenate([first[0], rest[0]]),
        np.concatenate([first[1], rest[1]]),
        proven_least=proven,
        exact_alternatives=False,
    )
