r"""A proof, or a better plan, for an order beyond the exact search: an integer program in HiGHS.

Goods ``g`` travel by candidate ``c`` (one unit, or some where quantities may be split); a shipment by ``c`` pays one step
of its ladder, and full cartons before the last pay the last step:

.. math:: \min \sum_{cg} h_{cg} x_{cg} + \sum_c (s_c + e) u_c + \sum_{ct} p_{ct} y_{ct} + \sum_c p_c^{full} n_c - e

with all goods shipped, ``u_c = Σ_t y_ct`` at most one, ``Σ_g w_g x_cg ≤ Σ_t end_t y_ct + heaviest_c n_c`` (and the same
for volume by the divisor), at most so many shipments, stock, least values, and charges for unhandy goods.

The program is built to be a lower bound: a step that is dearer than one further up counts at that one's price, a charge
for unhandy goods that changes with the step at its least, and only volume beyond what is free. So its plan is priced anew by the readable rule, and the least is claimed only where HiGHS proves that nothing is a cent below.
It stops after `MOST_NODES` nodes, by no clock, on one thread and with a fixed seed: the same order, the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evenstock.freight.marks import is_met, together
from evenstock.optimisation import Program
from evenstock.optimisation.program import Floats
from evenstock.routing.choose import Choice
from evenstock.routing.goods import Goods, goods_of, shipment_cents
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.subset_kernel import carton_step

MOST_NODES: Final = 10
MOST_COLUMNS: Final = 6_000
"""Larger programs are not begun: about thirty lines at eight nodes by three services."""
MOST_FULL: Final = 1
"""Full cartons before the last that one shipment may need; with more the bound is weak and takes seconds."""
Terms = Sequence[tuple[Whole, ArrayLike]]
"""Columns with their factors."""


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One shipment that a candidate may make, as columns."""

    candidate: int
    goods: Whole
    """Rows of goods that it may carry."""
    units: Whole
    """Column of each of them."""
    most: Whole
    """How many of each of them it may carry."""
    used: Whole
    """One column."""
    step: Whole
    """Steps of the ladder that are not beaten by one further up."""
    chosen: Whole
    """Column of each of them."""
    full: Whole
    """Column of full cartons before the last."""
    most_full: int
    """How many there may be, perhaps none."""
    charge: Whole
    """What goods meet of each charge for unhandy ones that may fall due."""
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
    most_full = max((slot.most_full for slot in slots), default=0)
    if not slots or program.columns_count > MOST_COLUMNS or most_full > MOST_FULL:
        return start
    for slot in slots:
        _slot_rows(priced, goods, program, slot)
    _shared_rows(priced, goods, program, slots, whole=whole)
    known = _as_columns(priced, goods, program, slots, start) if len(start) else None
    answer = program.solve(start=known, gap=0.0, absolute_gap=0.5, most_nodes=MOST_NODES)
    if not answer.found:
        return start
    values = np.rint(answer.values).astype(np.int64)
    found = _plan(priced, goods, slots, values)
    best = found if not len(start) or found.cents[0] < start.cents[0] else start
    bound = answer.bound - priced.extra_shipment_cents
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
        may_fall_due = is_met(together(longest_mm[able]), ladder.charges)
        charge, long_cents = ladder.charges[may_fall_due], ladder.long_cents[may_fall_due]
        fixed = int(priced.shipment_cents[c]) + priced.extra_shipment_cents
        once = not whole or (
            ladder.joining_saves(fixed) and (not charge.size or (ladder.steady and not ladder.most_full))
        )
        for _ in range(1 if once else min(priced.max_shipments, len(able))):
            slot = Slot(
                candidate=c,
                goods=able,
                units=_columns(program, goods.unit_cents[c, able], most[able]),
                most=most[able],
                used=_columns(program, np.array([fixed]), 1),
                step=ladder.step,
                chosen=_columns(program, ladder.cents, 1),
                full=_columns(program, ladder.cents[-1:], ladder.most_full),
                most_full=ladder.most_full,
                charge=charge,
                long=_columns(program, long_cents, 1),
                long_full=_columns(program, long_cents, ladder.most_full),
            )
            slots.append(slot)
    return slots


def _columns(program: Program, cents: Whole, most: ArrayLike) -> Whole:
    """New columns, whole and not below zero."""
    return program.columns(len(cents), cost=cents, upper=most, whole=True)


def _keep(program: Program, name: str, terms: Terms, *, lower: float = -np.inf, upper: float = np.inf) -> None:
    """A new row over columns with their factors."""
    row = program.rows(name, 1, lower=lower, upper=upper)
    for columns, factor in terms:
        program.put(row, columns, factor)


@dataclass(frozen=True, slots=True, eq=False)
class _Ladder:
    """A ladder as far as an order's goods can reach; dearer steps at the price of the cheapest further up."""

    step: Whole
    end: Whole
    cents: Whole
    most_full: int
    charges: Whole
    """What goods meet that pay more, each once."""
    long_cents: Whole
    """The least that a carton of such goods adds."""
    steady: bool
    """Whether it adds as much at every step, and never less than nothing."""

    @classmethod
    def of(cls, priced: Priced, which: int, weight_g: int, volume_mm3: int) -> _Ladder:
        ladders = priced.ladders
        full, last = carton_step(ladders.arrays, which, weight_g, volume_mm3)
        first, end = int(ladders.first_step[which]), int(ladders.first_step[which + 1])
        step = np.arange(first, end if full else last + 1)
        cents = np.minimum.accumulate(ladders.step_cents[step][::-1])[::-1]
        apart = np.append(cents[:-1] < cents[1:], True)  # of equal prices the one that holds most
        charges, adds = ladders.unhandy(which)
        least = adds.min(axis=1)
        steady = bool((adds == least[:, None]).all() and (least >= 0).all())
        return cls(step[apart], ladders.max_weight_g[step[apart]], cents[apart], full, charges, least, steady)

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
    _keep(program, "one price for a shipment", [(slot.chosen, 1), (slot.used, -1)], lower=0, upper=0)
    rows = program.rows("goods travel in a shipment", len(slot.units), upper=0)
    program.put(rows, slot.units)
    program.put(rows, slot.used, -slot.most)
    heaviest = (
        ladders.max_weight_g[ladders.first_step[which + 1] - 1] / 1_000
    )  # in kg, so that all factors are near one
    room = [(slot.chosen, -ladders.max_weight_g[slot.step] / 1_000), (slot.full, -heaviest)]
    _keep(program, "no heavier than its step", [(slot.units, weight_g / 1_000), *room], upper=0)
    if ladders.divisor[which] > 0:
        charged_kg = volume_mm3 / (1_000 * ladders.divisor[which])
        free_kg = 0.0 if ladders.dim_above is None else ladders.dim_above[which] / (1_000 * ladders.divisor[which])
        _keep(program, "no larger than its step", [(slot.units, charged_kg), *room], upper=free_kg)
    for charge, due, paid in zip(slot.charge, slot.long[:, None], slot.long_full[:, None], strict=True):
        long = np.flatnonzero(is_met(longest_mm, charge))
        rows = program.rows("unhandy goods pay their charge", len(long), upper=0)
        program.put(rows, slot.units[long])
        program.put(rows, due, -slot.most[long])
        top = slot.most_full
        if top:  # long_full ≥ full - most · (1 - long)
            terms: Terms = [(paid, 1), (slot.full, -1), (due, -top)]
            _keep(program, "full cartons pay the charge for unhandy goods too", terms, lower=-top)


def _shared_rows(priced: Priced, goods: Goods, program: Program, slots: list[Slot], *, whole: bool) -> None:
    """What holds for all shipments together."""
    for row, wanted in enumerate(goods.units.tolist()):
        of_row = np.concatenate([s.units[s.goods == row] for s in slots])
        _keep(program, "all goods are shipped", [(of_row, 1)], lower=wanted, upper=wanted)
    used = np.concatenate([s.used for s in slots])
    _keep(program, "so many shipments at most", [(used, 1)], lower=1, upper=priced.max_shipments)
    for k in range(priced.nodes):
        there = [s for s in slots if priced.node[s.candidate] == k]
        if there and not whole:
            _keep(program, "one shipment from a node", [(s.used, 1) for s in there], lower=0, upper=1)
        for item, stock in enumerate(goods.stock[k].tolist()):
            drawn: Terms = [(s.units, goods.need[s.goods, item]) for s in there]
            if drawn:
                _keep(program, "only what is there", drawn, upper=stock)
    for one, other in pairwise(slots):
        if one.candidate == other.candidate:
            _keep(program, "equal shipments in their order", [(one.used, 1), (other.used, -1)], lower=0, upper=1)
    least = priced.min_split_value_cents
    if least > 0:
        alone = _columns(program, np.array([0]), 1)
        several: Terms = [(used, 1), (alone, priced.max_shipments - 1)]
        _keep(program, "alone, or one of several", several, upper=priced.max_shipments)
        for s in slots:
            worth = goods.each[3][s.goods] / least
            enough: Terms = [(s.units, worth), (s.used, -1), (alone, 1)]
            _keep(program, "each of several is worth as much", enough, lower=0)


def _as_columns(priced: Priced, goods: Goods, program: Program, slots: list[Slot], start: Choice) -> Floats:
    """The first plan of `start` as values of the columns."""
    values = np.zeros(program.columns_count)
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
        due = is_met(together(goods.each[2][taken > 0]), slot.charge)
        values[slot.long], values[slot.long_full] = due, due * full
    if priced.min_split_value_cents > 0:
        values[-1] = len(shipments) == 1
    return values


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
