"""What is assumed about records and shelves before anything was counted; every figure can be replaced."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Rates and error shares that data is too thin to tell; each is a statement about the world, in its own unit.

    Two findings set the scale. DeHoratius and Raman (2008) found 65 % of nearly 370,000 records of 37 stores wrong, so a
    record without recent counts deserves little trust. Kang and Gershwin (2005) show that unseen losses of one percent of
    demand already empty shelves, because a record above zero stops replenishment; so one percent is the loss assumed.
    """

    phantom_per_day: float = 0.002
    """Hazard: chance that a stocked shelf is empty from today on while the record says otherwise."""
    restored_per_day: float = 0.01
    """Chance that an empty shelf is filled again without our hearing of it."""
    sale_while_empty: float = 0.01
    """How much less likely a day with sales is where the shelf is empty: a unit found elsewhere, a return sold again."""
    level_shift_per_day: float = 1 / 90
    """Chance that demand takes another level, drawn from the same spread as the path's own."""
    short_pick_when_stocked: float = 0.005
    """Share of picks that miss goods that are there: wrong shelf, wrong look."""
    short_pick_when_empty: float = 0.95
    """Share of picks that report an empty shelf as empty."""
    cancel_when_empty: float = 0.8
    """Share of order lines cancelled where the shelf is empty."""
    miscount: float = 0.005
    """Chance that a count leaves an empty shelf recorded as stocked."""
    loss_per_unit: float = 0.01
    """Units lost for each unit of exposure (see `accuracy.exposure`)."""
    error_variance: float = 0.05
    """Variance in units squared for each unit of exposure: one handling in eighty goes wrong by two units."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < 1:
                raise ValueError(f"{field.name} is a rate or share between 0 and 1, both left out, not {value}")
