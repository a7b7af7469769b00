"""A good plan for an order beyond the exact search, with a bound that may prove it.

Lines of one item and lines of one kit travel together. First plans: in every set of nodes that covers the order, up to three and up to the
most shipments, each node in turn takes all it can. The best are then improved: eight lines at a time are free while the
rest of each shipment stays tied together, and the exact search decides about these few pieces; windows slide over the
lines from heavy to light until none of them saves anything. Where no set of three covers the order a greedy cover of
more is tried; where no one service of a node may carry its lines, each service counts as a place of its own.

The bound: for any slope ``b`` a shipment by candidate ``c`` costs at least ``a[c] + b w``, where ``w`` is its weight
and ``a[c]`` the least of charge less ``b`` times the upper end over all steps. So two or more shipments cost at least
``2 min(a) + b W``, one extra shipment, and the cheapest handling of every line. A plan of one shipment within this
bound is proven the least; no other is claimed to be.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.marks import together
from evenstock.routing.choose import ALTERNATIVES, Choice, choose, least
from evenstock.routing.large_kernel import try_places
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.subset_kernel import INFEASIBLE

MOST_PLACES: Final = 3
MOST_SUBSETS: Final = 5_000
"""Sets of places tried; in a larger network the first of them, in node order."""
FIRST_PLANS: Final = 2
WINDOW: Final = 8
MOST_PASSES: Final = 4
SLOPES: Final = np.concatenate([[0.0], np.geomspace(0.001, 2.0, 24)])
"""Cents a gram."""

Assigned = list[tuple[int, NDArray[np.bool_]]]
"""Candidate and lines of each shipment."""


def choose_large(priced: Priced, alternatives: int = ALTERNATIVES) -> Choice:
    """A plan for an order of any number of lines, and others; empty if no cover was found."""
    merged, line_of = _by_item(priced)
    permitted = merged.permitted & (merged.atp >= merged.units)[merged.node]
    firsts = _first_plans(merged, permitted, merged.node)
    if not firsts:
        firsts = _first_plans(merged, permitted, np.arange(len(merged.node)))
    if not firsts:
        empty = np.zeros((0, 1), np.int64)
        return Choice(empty[:, 0], empty, np.zeros((0, 1, priced.lines), np.int64), proven_least=False)
    bound = _least_of_more(merged, permitted)
    # Improving looks no further than three shipments, unless more are needed.
    most = max(MOST_PLACES, *(len(plan) for _, plan in firsts))
    merged = merged.under(permitted, min(merged.max_shipments, most), merged.min_split_value_cents)
    cents, plan = firsts[0]
    if len(plan) > 1 or cents > bound:
        improved = [_improve(merged, permitted, *first) for first in firsts]
        _, plan = min(improved, key=lambda one: one[0])
    pieces = _pieces(merged.lines, plan, _by_freedom(merged, permitted)[:WINDOW])
    found = choose(_tied(merged, permitted, pieces), alternatives)
    proven = int(found.cents[0]) <= bound and int((found.candidate[0] >= 0).sum()) == 1
    units = (found.units > 0) @ pieces > 0
    return Choice(found.cents, found.candidate, units[:, :, line_of] * priced.units, proven_least=proven)


def _by_item(priced: Priced) -> tuple[Priced, Whole]:
    """The order with one line of one unit for what travels together, and the new line of each old one."""
    line_of = _together(priced)
    member = line_of == np.arange(int(line_of.max()) + 1)[:, None]
    merge = member.astype(np.int64)
    _, item = np.unique(priced.item, return_inverse=True)
    wanted = np.bincount(item, weights=priced.units).astype(np.int64)[item]
    merged = Priced(
        priced.node, priced.ladder, _all_of(priced.permitted, member), _all_of(priced.atp >= wanted, member).astype(np.int64),
        np.arange(len(merge)), np.ones(len(merge), np.int64), merge @ priced.weight_g, merge @ priced.volume_mm3,
        np.array([together(priced.longest_mm[row]) for row in member]), merge @ priced.value_cents, priced.shipment_cents,
        (priced.unit_cents * priced.units) @ merge.T, priced.ladders, priced.extra_shipment_cents,
        priced.max_shipments, priced.min_split_value_cents,
    )  # fmt: skip
    return merged, line_of


def _together(priced: Priced) -> Whole:
    """Number of what each line travels with: lines that share an item or a kit, with others or through them."""
    _, line_of = np.unique(priced.item, return_inverse=True)
    kits = [] if priced.kit is None else [priced.kit == n for n in set(priced.kit[priced.kit >= 0].tolist())]
    for kit in kits:
        line_of[np.isin(line_of, line_of[kit])] = line_of[kit].min()
    return np.unique(line_of, return_inverse=True)[1]


def _all_of(truth: NDArray[np.bool_], member: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether something holds for all lines of each group, shape ``(row, group)``."""
    return np.stack([truth[:, row].all(axis=1) for row in member], axis=1)


def _first_plans(priced: Priced, permitted: NDArray[np.bool_], place: Whole) -> list[tuple[int, Assigned]]:
    """A plan for each set of places that covers the order, cheapest first; `place` of each candidate, not decreasing."""
    count = int(place[-1]) + 1 if len(place) else 0
    first = np.searchsorted(place, np.arange(count + 1))
    able = np.zeros((count, priced.lines), np.bool_)
    np.logical_or.at(able, place, permitted)
    cents, assigned = try_places(
        (priced.weight_g, priced.volume_mm3, priced.longest_mm, priced.value_cents),
        (first, permitted, priced.ladder, priced.shipment_cents, priced.unit_cents * priced.units),
        priced.ladders.arrays,
        np.array([priced.extra_shipment_cents, priced.min_split_value_cents]),
        _subsets(able, priced.max_shipments),
        able,
    )
    order = [row for row in np.argsort(cents, kind="stable").tolist() if cents[row] < INFEASIBLE][:FIRST_PLANS]
    return [
        (int(cents[row]), [(int(first[p]), assigned[row] == p) for p in sorted(set(assigned[row].tolist()))])
        for row in order
    ]


def _subsets(able: NDArray[np.bool_], shipments: int) -> Whole:
    """Sets of places that cover the order, few places first; a greedy cover where none of three does."""
    useful = np.flatnonzero(able.any(axis=1)).tolist()
    found: list[tuple[int, ...]] = []
    for size in range(1, min(MOST_PLACES, shipments, len(useful)) + 1):
        for places in combinations(useful, size):
            if len(found) < MOST_SUBSETS and able[list(places)].any(axis=0).all():
                found.append(places)
    if not found and shipments > MOST_PLACES:
        left = np.ones(able.shape[1], np.bool_)
        greedy: list[int] = []
        while (able & left).any() and len(greedy) < shipments:
            greedy.append(int((able & left).sum(axis=1).argmax()))
            left &= ~able[greedy[-1]]
        found = [] if left.any() else [tuple(sorted(greedy))]
    width = max((len(places) for places in found), default=1)
    return np.array([[*places, *[-1] * (width - len(places))] for places in found], np.int64).reshape(-1, width)


def _by_freedom(priced: Priced, permitted: NDArray[np.bool_]) -> list[int]:
    """Lines that more than one candidate may carry, heaviest first."""
    free = np.flatnonzero(permitted.sum(axis=0) > 1)
    return [int(i) for i in free[np.argsort(-priced.weight_g[free], kind="stable")]]


def _improve(priced: Priced, permitted: NDArray[np.bool_], cents: int, plan: Assigned) -> tuple[int, Assigned]:
    """Decide exactly about some lines at a time until nothing saves."""
    lines = _by_freedom(priced, permitted)
    starts = range(0, max(1, len(lines) - WINDOW // 2), WINDOW // 2)
    for _ in range(MOST_PASSES):
        before = cents
        for start in starts:
            pieces = _pieces(priced.lines, plan, lines[start : start + WINDOW])
            found = least(_tied(priced, permitted, pieces))
            if len(found) and found.cents[0] < cents:
                cents = int(found.cents[0])
                plan = [(c, np.any(pieces[units > 0] > 0, axis=0)) for c, units in found.shipments()]
        if cents == before:
            break
    return cents, plan


def _pieces(lines: int, plan: Assigned, free: list[int]) -> Whole:
    """Rows of lines that travel together: each free line alone, then the rest of each shipment."""
    alone = np.zeros(lines, np.bool_)
    alone[free] = True
    tied = [carried & ~alone for _, carried in plan]
    rows = [np.arange(lines) == i for i in sorted(free)] + [row for row in tied if row.any()]
    return np.array(rows).astype(np.int64)


def _tied(priced: Priced, permitted: NDArray[np.bool_], pieces: Whole) -> Priced:
    """The order with pieces for lines, each of one unit; stock is already in `permitted`."""
    count = len(pieces)
    member = pieces.astype(np.bool_)
    return Priced(
        priced.node, priced.ladder, _all_of(permitted, member),
        np.ones((priced.nodes, count), np.int64), np.arange(count), np.ones(count, np.int64),
        pieces @ priced.weight_g, pieces @ priced.volume_mm3,
        np.array([together(priced.longest_mm[row]) for row in member]), pieces @ priced.value_cents,
        priced.shipment_cents, (priced.unit_cents * priced.units) @ pieces.T, priced.ladders,
        priced.extra_shipment_cents, priced.max_shipments, priced.min_split_value_cents,
    )  # fmt: skip


def _least_of_more(priced: Priced, permitted: NDArray[np.bool_]) -> int:
    """A lower bound on any plan of two or more shipments."""
    if priced.max_shipments < 2 or priced.lines < 2:
        return INFEASIBLE
    weight = int(priced.weight_g.sum())
    handling = int(np.where(permitted, priced.unit_cents * priced.units, INFEASIBLE).min(axis=0).sum())
    ladders = priced.ladders
    above = np.full(len(SLOPES), np.inf)
    for which, fixed in {
        int(n): int(priced.shipment_cents[priced.ladder == n].min()) for n in np.unique(priced.ladder)
    }.items():
        steps = slice(int(ladders.first_step[which]), int(ladders.first_step[which + 1]))
        ends, cents = ladders.max_weight_g[steps], ladders.step_cents[steps]
        # Dimensional weight is at least the weight, and goods of no weight still pay the first step.
        least = (cents[:, None] - SLOPES * ends[:, None]).min(axis=0)
        if (ladders.long_cents < 0).any() and ladders.unhandy(which)[1].min(initial=0) < 0:
            return 0  # a correction takes something off for unhandy goods: nothing is claimed
        # Full cartons before the last each add the same: the least is at none or at the most.
        full = np.minimum(0.0, (weight // int(ends[-1])) * (cents[-1] - SLOPES * ends[-1]))
        above = np.minimum(above, least + full + fixed)
    # More than two shipments: each adds `above` where that is positive, and may take from it where it is not.
    most = min(priced.max_shipments, priced.lines)
    bound = np.minimum(2 * above, most * above) + SLOPES * weight
    return int(np.floor(bound.max())) - 1 + priced.extra_shipment_cents + handling
