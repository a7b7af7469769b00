"""Ladders of a rate book laid end to end, term by term, for the compiled search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenstock.freight.ladder import Ladder
from evenstock.freight.parcel import carton_steps
from evenstock.routing.priced import Ladders, Whole


@dataclass(frozen=True, slots=True, eq=False)
class ParcelSteps:
    """What one carton pays on each ladder, by term; laid out as `evenstock.routing.priced.Ladders` says."""

    first_step: Whole
    max_weight_g: Whole
    divisor: Whole
    first_long: Whole
    long_above: Whole
    base_cents: Whole
    """Shape ``(step,)``, as are the next two."""
    fuel_cents: Whole
    surcharge_cents: Whole
    """Surcharges that are due to every carton of that step."""
    long_cents: Whole
    """Surcharges for long goods, shape ``(charge,)``."""

    @classmethod
    def pack(cls, ladders: Sequence[tuple[Ladder, bool]]) -> ParcelSteps:
        """Each ladder with whether the parcel goes to a home, in this order."""
        steps = [carton_steps(ladder, ladder.heaviest_g, residential=home) for ladder, home in ladders]
        long = [[s for s in ladder.surcharges if s.applies == "longest_over"] for ladder, _ in ladders]
        charges = [s for several in long for s in several]
        return cls(
            _starts([len(s.max_weight_g) for s in steps]),
            _joined([s.max_weight_g for s in steps]),
            np.array([ladder.dim_divisor_mm3_per_g for ladder, _ in ladders], np.int64),
            _starts([len(several) for several in long]),
            np.array([s.above for s in charges], np.int64),
            _joined([s.base_cents for s in steps]),
            _joined([s.fuel_cents for s in steps]),
            _joined([s.surcharge_cents for s in steps]),
            np.array([s.cents for s in charges], np.int64),
        )

    def ladders(self, step_cents: Whole, long_cents: Whole) -> Ladders:
        """The same steps with these charges."""
        return Ladders(
            self.first_step,
            self.max_weight_g,
            step_cents,
            self.divisor,
            self.first_long,
            self.long_above,
            long_cents,
        )

    @property
    def whole(self) -> Ladders:
        """The same steps with everything a carrier charges."""
        return self.ladders(self.base_cents + self.fuel_cents + self.surcharge_cents, self.long_cents)


def _starts(lengths: Sequence[int]) -> Whole:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _joined(arrays: Sequence[Whole]) -> Whole:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)
