"""Orders as arrays, decided together: their plans are made as prices ask for them, by the same search as any decision.

An order starts with every way to ship it from one node and the best plans of other sets of nodes. What is short then has
a price, and each order is asked for its cheapest plan at these prices: one that is not among its plans is added, until
none is missing or `MOST_ROUNDS` rounds have passed. The prices bound every choice over all plans, those never made too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenstock.freight.marks import together
from evenstock.routing.choose import ALTERNATIVES, EXACT_LINES, Choice
from evenstock.routing.decide import choose_whole
from evenstock.routing.pool import LEFT_OUT, TIERS, Columns, Pooled, pool
from evenstock.routing.pool_program import MOST_NODES
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.split import choose_split
from evenstock.routing.subset_kernel import carton_cents

FIRST: Final = 8
"""Other sets of nodes an order of a large pool starts with; prices ask for more, and fewer are searched sooner."""
MOST_FIRST: Final = 3_000
"""Up to so many in all, a small pool's orders start with more."""
MOST_ROUNDS: Final = 6
PARTS: Final = 1_000_000
"""Parts of an order in which prices of places are reckoned where only the number served counts."""

FAR: Final = int(np.iinfo(np.int64).max // 4)

Shipments = tuple[tuple[int, tuple[int, ...]], ...]
"""Candidate and units by line of each shipment."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One order of a pool: what its plans cost, and what they take."""

    priced: Priced
    """Under law and the wishes that it can keep alone."""
    stock: Whole
    """Supplies from which a unit of each line is drawn, shape ``(kind, node, line)``; -1 for none. Equal for equal items."""
    places: Whole
    """Supplies of which a shipment by each candidate takes one, shape ``(kind, candidate)``; -1 for none."""
    lawful: Priced | None = None
    """Under law alone, where that allows more."""
    credit_cents: int = 0
    """See `Columns.credit`."""

    def levels(self) -> list[Priced]:
        """With every wish it can keep, then without."""
        return [self.priced] if self.lawful is None else [self.priced, self.lawful]

    def takes(self, shipments: Shipments) -> dict[int, int]:
        """Amount of each supply that a plan takes."""
        taken: dict[int, int] = {}
        for candidate, units in shipments:
            for supply in self.places[:, candidate].tolist():
                if supply >= 0:
                    taken[supply] = taken.get(supply, 0) + 1
            for of_node in self.stock[:, self.priced.node[candidate]].tolist():
                for supply, n in zip(of_node, units, strict=True):
                    if n and supply >= 0:
                        taken[supply] = taken.get(supply, 0) + n
        return taken

    def at(self, priced: Priced, price: Whole) -> Priced:
        """A level with the prices of what its plans take added to them; `price` has shape ``(supply,)``."""
        padded = np.append(price, 0)
        unit = padded[self.stock].sum(axis=0)[priced.node]
        place = padded[self.places].sum(axis=0)
        return replace(priced, unit_cents=priced.unit_cents + unit, shipment_cents=priced.shipment_cents + place)


@dataclass(frozen=True, slots=True)
class Option:
    """One plan of an order."""

    cents: int
    gives_up: int
    """Wishes given up, and lines torn, that alone need not be."""
    shipments: Shipments
    takes: tuple[tuple[int, int], ...]
    """Supplies, and how much of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """What was decided together."""

    options: tuple[tuple[Option, ...], ...]
    """By order."""
    columns: Columns
    pooled: Pooled
    most_served: int
    """No choice of whole-line plans serves more, whatever plans were made."""
    least_cents: int
    """No choice of whole-line plans that serves as many, and gives up as little, costs less (beyond credits)."""
    torn: bool = False
    """Whether plans that take a line from several nodes were needed: the bounds are those of the choice without them."""

    def chosen(self, order: int) -> Option | None:
        """None where an order is left out."""
        plan = int(self.pooled.plan[order])
        return None if plan == LEFT_OUT else self.options[order][plan]

    @property
    def proven(self) -> bool:
        """Whether it is the most served and the least cents over all whole-line plans."""
        done = self.pooled
        best = self.most_served <= done.served and self.least_cents >= done.cents
        return done.proven and best and not self.torn


def join(
    asked: Sequence[Asked], left: Whole, *, alternatives: int | None = None, most_nodes: int = MOST_NODES
) -> Joined:
    """Decide orders together within what is left of each supply, shape ``(supply,)``.

    Each order's own stock limits it as in a decision alone; `left` limits all of them together. An order starts with so
    many `alternatives`, by the size of the pool if not said.
    """
    first = min(ALTERNATIVES, max(FIRST, MOST_FIRST // max(1, len(asked)))) if alternatives is None else alternatives
    made = [options_of(one, first) for one in asked]
    columns = columns_of(asked, made)
    if any(one.priced.pieces > 1 for one in asked):
        for _ in range(MOST_ROUNDS):
            grown = [list(own) for own in made]
            if not _grow(asked, grown, pool(columns, left, 0), left)[0]:
                break
            made, columns = grown, columns_of(asked, grown)
    pooled = pool(columns, left, most_nodes)
    bounds = (pooled.most_served, pooled.least_cents)
    if any(one.priced.pieces > 1 for one in asked):
        bounds = _grow(asked, [list(own) for own in made], pooled, left)[1]
    if any(one.priced.pieces > EXACT_LINES for one in asked):
        # Their cheapest plan at the prices is not known for sure.
        left_out = [one.credit_cents for one, plan in zip(asked, pooled.plan, strict=True) if plan == LEFT_OUT]
        bounds = (len(asked), -sum(left_out))
    torn = [list(own) for own in made]
    if pooled.served < len(asked) and any(list(map(_torn, asked, torn))):
        apart = columns_of(asked, torn)
        more = pool(apart, left, most_nodes)
        if more.served > pooled.served:
            return Joined(tuple(map(tuple, torn)), apart, more, *bounds, torn=True)
    return Joined(tuple(map(tuple, made)), columns, pooled, *bounds)


def options_of(one: Asked, alternatives: int = ALTERNATIVES) -> list[Option]:
    """The plans of an order to start from; of those that take the same, the cheapest."""
    options: dict[tuple[tuple[int, int], ...], Option] = {}
    for level, priced in enumerate(one.levels()):
        found = _from_one_node(priced)
        if priced.pieces > 1:
            found += _plans(choose_whole(priced, alternatives))
        for cents, shipments in found or _plans(choose_split(priced, alternatives)):
            key = tuple(sorted(one.takes(shipments).items()))
            known = options.get(key)
            if known is None or (known.gives_up, known.cents) > (level, cents):
                options[key] = Option(cents, level, shipments, key)
    return list(options.values())


def columns_of(asked: Sequence[Asked], options: Sequence[Sequence[Option]]) -> Columns:
    """The plans as the pool sees them."""
    plans = [option for own in options for option in own]
    taken = np.array([pair for option in plans for pair in option.takes], np.int64).reshape(-1, 2)
    return Columns(
        np.cumsum([0, *map(len, options)]),
        np.array([option.cents for option in plans], np.int64),
        np.array([option.gives_up for option in plans], np.int64),
        np.cumsum([0, *(len(option.takes) for option in plans)]),
        taken[:, 0],
        taken[:, 1],
        np.array([one.credit_cents for one in asked], np.int64),
    )


def plan_cents(priced: Priced, shipments: Shipments) -> int:
    """What a plan costs, before prices of what it takes."""
    cents = (len(shipments) - 1) * priced.extra_shipment_cents
    for candidate, carried in shipments:
        units = np.array(carried, np.int64)
        longest = together(priced.longest_mm[units > 0])
        goods = _part(priced.weight_g, priced, units), _part(priced.volume_mm3, priced, units), longest
        cents += int(priced.shipment_cents[candidate]) + int(priced.unit_cents[candidate] @ units)
        cents += int(carton_cents(priced.ladders.arrays, int(priced.ladder[candidate]), *goods))
    return cents


def _part(of_line: Whole, priced: Priced, units: Whole) -> int:
    """Sum over lines: of a whole line all, of a part its units times that of one."""
    return int(np.where(units == priced.units, of_line, of_line // priced.units * units).sum())


def _from_one_node(priced: Priced) -> list[tuple[int, Shipments]]:
    """Every way to ship the whole order at once."""
    first = np.unique(priced.item, return_index=True)[1]
    wanted = np.bincount(np.unique(priced.item, return_inverse=True)[1], weights=priced.units).astype(np.int64)
    has = np.asarray((priced.atp[:, first] >= wanted).all(axis=1))
    able = has[priced.node] & priced.permitted.all(axis=1)
    units = tuple(priced.units.tolist())
    found: list[tuple[int, Shipments]] = []
    for candidate in np.flatnonzero(able).tolist():
        shipments: Shipments = ((candidate, units),)
        found.append((plan_cents(priced, shipments), shipments))
    return found


def _plans(choice: Choice) -> list[tuple[int, Shipments]]:
    return [
        (int(choice.cents[p]), tuple((c, tuple(units.tolist())) for c, units in choice.shipments(p)))
        for p in range(len(choice))
    ]


def _torn(one: Asked, options: list[Option]) -> int:
    """Add plans that take one line's units from several nodes to an order that has others; how many."""
    if not options or (one.priced.units == 1).all() or one.levels()[-1].max_shipments == 1:
        return 0
    known = {option.shipments for option in options}
    added = [
        Option(cents, level + 1, shipments, tuple(sorted(one.takes(shipments).items())))
        for level, priced in enumerate(one.levels())
        for cents, shipments in _plans(choose_split(priced))
        if shipments not in known
    ]
    options += added
    return len(added)


def _grow(
    asked: Sequence[Asked], options: list[list[Option]], pooled: Pooled, left: Whole
) -> tuple[int, tuple[int, int]]:
    """Add the plans that orders would rather have at the prices; how many, and bounds over all plans at these prices.

    Prices are rounded to whole cents, and to whole parts of an order where only the number served counts: any prices of
    zero or more bound every choice.
    """
    part, whim = np.rint(pooled.price[: TIERS - 1] * PARTS).astype(np.int64)
    cent = np.rint(pooled.worth).astype(np.int64)
    # One worth of serving, one of a wish, for all: plans not made yet may join what shared nothing so far.
    serve, wish = np.rint(pooled.before[TIERS - 1].max(axis=1, initial=0.0)).astype(np.int64)[:2].tolist()
    grown, served, cents = 0, 0, 0
    for one, own in zip(asked, options, strict=True):
        least_part, least_cent = 0, 0
        for level, priced in enumerate(one.levels()):
            scarce, more = _dearer(one, own, level, priced, part, free=True)
            least_part = min(least_part, scarce - PARTS)
            more += _dearer(one, own, level, priced, whim, free=True)[1]
            dear, others = _dearer(one, own, level, priced, cent)
            least_cent = min(least_cent, dear - one.credit_cents + level * wish - serve)
            for shipments in dict.fromkeys(more + others):
                takes = tuple(sorted(one.takes(shipments).items()))
                own.append(Option(plan_cents(priced, shipments), level, shipments, takes))
                grown += 1
        served += least_part
        cents += least_cent
    served -= _paid(part, left)
    cents += serve * pooled.served - wish * pooled.gave_up - _paid(cent, left)
    cents += sum(one.credit_cents for one, plan in zip(asked, pooled.plan, strict=True) if plan != LEFT_OUT)
    return grown, (min(-served // PARTS, len(asked)), cents)


def _dearer(
    one: Asked, options: list[Option], level: int, priced: Priced, price: Whole, *, free: bool = False
) -> tuple[int, list[Shipments]]:
    """The least that an order pays at prices of what it takes, and the plan that does, if it has none as cheap yet.

    With `free`, plans cost nothing but these prices.
    """
    paid = [
        (0 if free else o.cents) + sum(n * int(price[s]) for s, n in o.takes) for o in options if o.gives_up <= level
    ]
    have = min(paid, default=FAR)
    padded = np.append(price, 0)
    if not padded[one.stock].any() and not padded[one.places].any():
        return have, []  # it pays no price, and began with the least without any
    found = choose_whole(one.at(_free(priced) if free else priced, price), 0)
    if not len(found):
        return FAR, []
    shipments = _plans(found)[0][1]
    return int(found.cents[0]), [shipments] if int(found.cents[0]) < have else []


def _free(priced: Priced) -> Priced:
    """The same order where nothing costs anything."""
    ladders = priced.ladders
    return replace(
        priced,
        shipment_cents=np.zeros_like(priced.shipment_cents),
        unit_cents=np.zeros_like(priced.unit_cents),
        ladders=replace(
            ladders, step_cents=np.zeros_like(ladders.step_cents), long_cents=np.zeros_like(ladders.long_cents)
        ),
        extra_shipment_cents=0,
    )


def _paid(price: Whole, left: Whole) -> int:
    """In Python's whole numbers, which do not overflow."""
    return sum(a * b for a, b in zip(price.tolist(), left.tolist(), strict=True))
