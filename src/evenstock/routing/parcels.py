"""Ladders of a rate book laid end to end, term by term, for the compiled search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from evenstock.freight.ladder import Ladder
from evenstock.freight.layout import BASE_ROW, CORRECTION_ROW, FUEL_ROW, SURCHARGE_ROW, Layout, laid_out
from evenstock.freight.marks import Marks
from evenstock.freight.surcharge import NOWHERE
from evenstock.routing.priced import Ladders, Whole


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What several terms charge a carton: all of them together, and one by one."""

    ladders: Ladders
    step_cents: Whole
    """Shape ``(term, step)``."""
    long_cents: Whole
    """Shape ``(term, charge)``."""


@dataclass(frozen=True, slots=True, eq=False)
class ParcelSteps:
    """What one carton pays on each ladder, by term; laid out as `evenstock.routing.priced.Ladders` says."""

    first_step: Whole
    max_weight_g: Whole
    divisor: Whole
    dim_above: Whole
    first_long: Whole
    long_above: Whole
    long_last: Whole
    base_cents: Whole
    """Shape ``(step,)``, as are the next three."""
    fuel_cents: Whole
    surcharge_cents: Whole
    """Surcharges that are due to every carton of that step."""
    correction_cents: Whole
    """What invoices taught about these charges."""
    long_fuel_cents: Whole
    """Fuel on surcharges that unhandy goods pay, shape ``(charge,)``, as are the next two."""
    long_cents: Whole
    """Surcharges for unhandy goods."""
    long_correction_cents: Whole
    corrected: bool = field(init=False)
    """Whether invoices taught anything about them."""
    _known: dict[tuple[int, ...], Together] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "corrected", bool(self.correction_cents.any() or self.long_correction_cents.any()))

    @classmethod
    def pack(
        cls,
        ladders: Sequence[tuple[Ladder, bool]],
        areas: Sequence[frozenset[str]] | None = None,
        marks: Marks | None = None,
    ) -> ParcelSteps:
        """Each ladder with whether the parcel goes to a home, in this order.

        `areas` are the lists of delivery areas of each, none if left out; `marks` number what goods are, by default
        from these ladders alone.
        """
        known = marks or Marks(s for ladder, _ in ladders for s in ladder.surcharges)
        laid = [
            laid_out(ladder, known, residential=home, areas=lists)
            for (ladder, home), lists in zip(ladders, areas or [NOWHERE] * len(ladders), strict=True)
        ]
        return cls.end_to_end([ladder for ladder, _ in ladders], laid)

    @classmethod
    def end_to_end(cls, ladders: Sequence[Ladder], laid: Sequence[Layout]) -> ParcelSteps:
        """Ladders as they are laid out already, in this order."""
        first_step = _starts([len(one.max_weight_g) for one in laid])
        return cls(
            first_step,
            _joined(one.max_weight_g for one in laid),
            np.array([ladder.dim_divisor_mm3_per_g for ladder in ladders], np.int64),
            np.array([ladder.dim_above_mm3 for ladder in ladders], np.int64),
            _starts([len(one.above) for one in laid]),
            _joined(one.above for one in laid),
            _joined(one.last_step + first for one, first in zip(laid, first_step[:-1], strict=True)),
            *(_joined(one.cents[row] for one in laid) for row in (BASE_ROW, FUEL_ROW, SURCHARGE_ROW, CORRECTION_ROW)),
            *(_joined(one.more[row] for one in laid) for row in (FUEL_ROW, SURCHARGE_ROW, CORRECTION_ROW)),
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
            self.dim_above,
            self.long_last,
        )

    def together(self, step_cents: Sequence[Whole | None], long_cents: Sequence[Whole | None]) -> Together:
        """The same steps with what these terms charge; remembered where all charge no other arrays than these steps have.

        `step_cents` and `long_cents` have an array for each term, or None where it charges nothing.
        """
        given = (*step_cents, *long_cents)
        # Arrays of these steps live as long as they do, so that no other has their identity.
        key = tuple(map(id, given))
        made = self._known.get(key)
        if made is None:
            made = Together(
                self.ladders(_added(step_cents, self.max_weight_g.shape), _added(long_cents, self.long_above.shape)),
                stacked(step_cents, self.max_weight_g.shape),
                stacked(long_cents, self.long_above.shape),
            )
            if all(any(array is own for own in self._own) for array in given if array is not None):
                self._known[key] = made
        return made

    @property
    def _own(self) -> tuple[Whole, ...]:
        step = (self.base_cents, self.fuel_cents, self.surcharge_cents, self.correction_cents)
        return (*step, self.long_fuel_cents, self.long_cents, self.long_correction_cents)

    @property
    def whole(self) -> Ladders:
        """The same steps with everything a carrier charges."""
        return self.ladders(
            self.base_cents + self.fuel_cents + self.surcharge_cents + self.correction_cents,
            self.long_fuel_cents + self.long_cents + self.long_correction_cents,
        )


def _added(arrays: Iterable[Whole | None], shape: tuple[int, ...]) -> Whole:
    """Their sum; zeros where there is none."""
    there = [array for array in arrays if array is not None]
    return reduce(np.add, there) if there else np.zeros(shape, np.int64)


def stacked(arrays: Sequence[Whole | None], shape: tuple[int, ...]) -> Whole:
    """One row for each, zeros where there is none."""
    out = np.zeros((len(arrays), *shape), np.int64)
    for row, array in zip(out, arrays, strict=True):
        if array is not None:
            row[...] = array
    return out


def _starts(lengths: Sequence[int]) -> Whole:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _joined(arrays: Iterable[Whole]) -> Whole:
    several = list(arrays)
    return np.concatenate(several) if several else np.zeros(0, np.int64)
