"""A ladder at one kind of address, laid out for compiled loops: cents by step, and by step and what the goods are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.correction import BASE, FUEL, Correction
from evenstock.freight.ladder import Ladder
from evenstock.freight.marks import Marks, any_of
from evenstock.freight.parcel_kernel import TERMS
from evenstock.freight.surcharge import BULKY, NOWHERE, WHOLE_BP, Surcharge

Whole = NDArray[np.int64]
BASE_ROW, FUEL_ROW, SURCHARGE_ROW, CORRECTION_ROW = range(TERMS)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What a carton pays: the column of its step, and each slot that its goods meet, if its step is not beyond the slot's.

    A charge that goods of a kind pay (long, hazardous) is a slot. Where only the dearest of several is due each slot
    holds what one adds to the next cheaper, and is met by any of those that are as dear; where an amount depends on the
    step, slots end at steps and their differences add up. So every amount, to the cent, is a sum.
    """

    max_weight_g: Whole
    """Upper ends of the ladder's steps, cut where a surcharge begins above a weight, shape ``(step,)``."""
    cents: Whole
    """Base, fuel, surcharges and corrections of a carton, shape ``(4, step)``."""
    above: Whole
    """What goods meet, as in `evenstock.freight.marks`, shape ``(slot,)``."""
    last_step: Whole
    """Last step of a carton that pays a slot, shape ``(slot,)``."""
    more: Whole
    """Cents of a slot, shape ``(4, slot)``; those that end early may be below zero."""


def laid_out(ladder: Ladder, marks: Marks, *, residential: bool, areas: frozenset[str] = NOWHERE) -> Layout:
    """A ladder at homes or businesses in these lists of delivery areas.

    Raises
    ------
    KeyError
        If `marks` were made without this ladder's surcharges.
    """
    there = [s for s in ladder.surcharges if s.reaches(residential=residential, areas=areas)]
    cuts = [s.above for s in there if s.applies == "weight_over" and s.above < ladder.heaviest_g]
    ends = np.union1d(ladder.max_weight_g, np.array(cuts, np.int64))
    at = np.searchsorted(ladder.max_weight_g, ends, side="left")
    base, fuel = ladder.base_cents[at], ladder.fuel_cents[at]
    cents = np.zeros((TERMS, len(ends)), np.int64)
    cents[BASE_ROW], cents[FUEL_ROW] = base, fuel
    cents[CORRECTION_ROW] = _corrected(ladder.correction(BASE), base) + _corrected(ladder.correction(FUEL), fuel)
    slots: dict[int, Whole] = defaultdict(lambda: np.zeros((TERMS, len(ends)), np.int64))
    groups: dict[str, list[Surcharge]] = defaultdict(list)
    for surcharge in there:
        if surcharge.dearest_of:
            groups[surcharge.dearest_of].append(surcharge)
            continue
        amount = _amount(ladder, surcharge, base) * _heavy(surcharge, ends)
        if surcharge.applies in BULKY:
            slots[marks.above(surcharge)] += amount
        else:
            cents += amount
    for group in groups.values():
        _add_dearest(ladder, group, marks, (ends, base), cents, slots)
    return Layout(ends, cents, *_ended(slots))


def _amount(ladder: Ladder, surcharge: Surcharge, base: Whole) -> Whole:
    """Cents of a surcharge, fuel on it and its corrections on each base charge, shape ``(4, step)``."""
    found = np.zeros((TERMS, len(base)), np.int64)
    cents = surcharge.cents + _share(base, surcharge.share_bp)
    fuel = _share(cents, ladder.fuel_bp) if surcharge.fuel_applies else np.zeros_like(base)
    about_fuel = ladder.correction(FUEL)
    found[SURCHARGE_ROW], found[FUEL_ROW] = cents, fuel
    found[CORRECTION_ROW] = _corrected(ladder.correction(surcharge.name), cents)
    found[CORRECTION_ROW] += _share(fuel, about_fuel.share_bp) if about_fuel else 0
    return found


def _heavy(surcharge: Surcharge, ends: Whole) -> NDArray[np.bool_]:
    """Steps whose cartons are heavy enough."""
    return ends > (surcharge.above if surcharge.applies == "weight_over" else -1)


def _share(cents: Whole, share_bp: int) -> Whole:
    return (cents * share_bp + WHOLE_BP // 2) // WHOLE_BP


def _corrected(correction: Correction | None, cents: Whole) -> Whole:
    return np.zeros_like(cents) if correction is None else correction.cents + _share(cents, correction.share_bp)


def _add_dearest(
    ladder: Ladder,
    group: Sequence[Surcharge],
    marks: Marks,
    steps: tuple[Whole, Whole],
    cents: Whole,
    slots: dict[int, Whole],
) -> None:
    """Add to `cents` the dearest of what every carton of a step pays, and to `slots` what dearer ones add to it.

    At each step the charges that look at goods stand from the cheapest to the dearest: the goods pay what the k-th adds
    to the one before it if they meet the k-th or any after it.
    """
    ends, base = steps
    count = len(group)
    amounts = np.stack([_amount(ladder, s, base) for s in group])
    bulky = np.array([s.applies in BULKY for s in group])
    # Of equal charges the first of the card is due, so no two have the same rank.
    rank = (amounts[:, FUEL_ROW] + amounts[:, SURCHARGE_ROW]) * count + np.arange(count)[::-1, None]
    plain = np.stack([_heavy(s, ends) for s in group]) & ~bulky[:, None]
    least = np.where(plain, rank, -1)
    kept, some = least.argmax(axis=0), plain.any(axis=0)
    at = np.arange(len(ends))
    now = np.where(some, amounts[kept, :, at].T, 0)
    cents += now
    dearer = bulky[:, None] & (rank > least.max(axis=0))
    order = np.argsort(np.where(dearer, rank, -1), axis=0)
    cheaper = count - dearer.sum(axis=0)
    changes = np.flatnonzero((np.diff(order, axis=1) != 0).any(axis=0) | (np.diff(cheaper) != 0)) + 1
    for begin, end in pairwise([0, *changes.tolist(), len(ends)]):  # steps where they stand alike
        before = now[:, begin:end]
        standing = order[cheaper[begin] :, begin].tolist()
        for k, one in enumerate(standing):
            amount = amounts[one][:, begin:end]
            slots[any_of(marks.above(group[j]) for j in standing[k:])][:, begin:end] += amount - before
            before = amount


def _ended(slots: dict[int, Whole]) -> tuple[Whole, Whole, Whole]:
    """Slots whose cents change from step to step as several that end where they change."""
    above, last_step, more = [], [], []
    for code in sorted(slots):
        cents = slots[code]
        falls = cents - np.concatenate([cents[:, 1:], np.zeros((TERMS, 1), np.int64)], axis=1)
        for step in np.flatnonzero(falls.any(axis=0)).tolist():
            above.append(code)
            last_step.append(step)
            more.append(falls[:, step])
    return (
        np.array(above, np.int64),
        np.array(last_step, np.int64),
        np.array(more, np.int64).reshape(-1, TERMS).T.copy(),
    )
