"""What a set of goods pays as parcels: the rule for cartons, and the steps that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.ladder import Ladder


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The whole charge by total billable weight, several cartons included; closed above like a ladder."""

    max_weight_g: NDArray[np.int64]
    """Upper ends, strictly increasing, shape ``(step,)``."""
    base_cents: NDArray[np.int64]
    fuel_cents: NDArray[np.int64]
    surcharge_cents: NDArray[np.int64]
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


def carton_steps(ladder: Ladder, total_billable_g: int, *, residential: bool, longest_mm: int = 0) -> Steps:
    """Every step of the whole charge from 0 to `total_billable_g`, so that any part of an order is one look-up.

    All cartons are full but the last (see `cartons_g`); each pays its own base, fuel and surcharges. Where one item
    is longer than a threshold every carton of the set pays that surcharge: which one holds it is not known here.
    A threshold of weight inside a step cuts it in two.
    """
    cuts = [s.above for s in ladder.surcharges if s.applies == "weight_over" and 0 < s.above < ladder.heaviest_g]
    upper = np.union1d(ladder.max_weight_g, np.array(cuts, dtype=np.int64))
    step = np.searchsorted(ladder.max_weight_g, upper, side="left")
    base, fuel = ladder.base_cents[step], ladder.fuel_cents[step]
    extra = np.zeros_like(upper)
    for charge in ladder.surcharges:
        extra += np.array([charge.due(int(g), longest_mm, residential) * charge.cents for g in upper], dtype=np.int64)
    full, _ = cartons_g(ladder.heaviest_g, total_billable_g)
    before = np.repeat(np.arange(full + 1), len(upper))

    def stacked(cents: NDArray[np.int64]) -> NDArray[np.int64]:
        """Charge of the full cartons before, and of the last one."""
        total: NDArray[np.int64] = before * cents[-1] + np.tile(cents, full + 1)
        return total

    return Steps(
        before * ladder.heaviest_g + np.tile(upper, full + 1), stacked(base), stacked(fuel), stacked(extra), before + 1
    )
