"""What a set of goods pays as parcels: the rule for cartons, and the steps that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.bulk import HANDY, Bulk
from evenstock.freight.ladder import Ladder
from evenstock.freight.layout import BASE_ROW, CORRECTION_ROW, FUEL_ROW, SURCHARGE_ROW, laid_out
from evenstock.freight.marks import Marks, is_met
from evenstock.freight.surcharge import NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The whole charge by total billable weight, several cartons included; closed above like a ladder."""

    max_weight_g: NDArray[np.int64]
    """Upper ends, strictly increasing, shape ``(step,)``."""
    base_cents: NDArray[np.int64]
    fuel_cents: NDArray[np.int64]
    surcharge_cents: NDArray[np.int64]
    """Surcharges, and what invoices taught about any charge."""
    cartons: NDArray[np.int64]

    @property
    def cents(self) -> NDArray[np.int64]:
        """Total charge of each step."""
        return self.base_cents + self.fuel_cents + self.surcharge_cents

    def at(self, billable_g: int) -> int:
        """The step that goods of this total billable weight pay.

        Raises
        ------
        ValueError
            If they are heavier than the steps were made for.
        """
        step = int(np.searchsorted(self.max_weight_g, billable_g, side="left"))
        if step == len(self.max_weight_g):
            raise ValueError(f"{billable_g} g is beyond these steps, which end at {self.max_weight_g[-1]} g")
        return step


def cartons_g(heaviest_g: int, billable_g: int) -> tuple[int, int]:
    """Number of full cartons, and billable grams of the last: all are full but the last, which is never empty.

    Goods that weigh nothing still travel in one carton.

    Examples
    --------
    70 kg at most a carton: 150 kg is two full ones and 10 kg; 140 kg exactly fills two.

    >>> cartons_g(70_000, 150_000), cartons_g(70_000, 140_000), cartons_g(70_000, 0)
    ((2, 10000), (1, 70000), (0, 0))
    """
    full = max(0, -(-billable_g // heaviest_g) - 1)
    return full, billable_g - full * heaviest_g


def carton_steps(
    ladder: Ladder,
    total_billable_g: int,
    *,
    residential: bool,
    longest_mm: int = 0,
    goods: Bulk = HANDY,
    areas: frozenset[str] = NOWHERE,
) -> Steps:
    """Every step of the whole charge from 0 to `total_billable_g`, so that any part of an order is one look-up.

    All cartons are full but the last (see `cartons_g`); each pays its own base, fuel and surcharges. Where one item
    is longer than a threshold every carton of the set pays that surcharge: which one holds it is not known here.
    A threshold of weight inside a step cuts it in two.
    """
    marks = Marks(ladder.surcharges)
    one = laid_out(ladder, marks, residential=residential, areas=areas)
    met = is_met(marks.code(goods.beside(Bulk(longest_mm))), one.above)
    paid = met[:, None] & (np.arange(len(one.max_weight_g)) <= one.last_step[:, None])
    cents = one.cents + one.more @ paid
    full, _ = cartons_g(ladder.heaviest_g, total_billable_g)
    before = np.repeat(np.arange(full + 1), len(one.max_weight_g))

    def stacked(cents: NDArray[np.int64]) -> NDArray[np.int64]:
        """Charge of the full cartons before, and of the last one."""
        total: NDArray[np.int64] = before * cents[-1] + np.tile(cents, full + 1)
        return total

    return Steps(
        before * ladder.heaviest_g + np.tile(one.max_weight_g, full + 1),
        stacked(cents[BASE_ROW]),
        stacked(cents[FUEL_ROW]),
        stacked(cents[SURCHARGE_ROW] + cents[CORRECTION_ROW]),
        before + 1,
    )
