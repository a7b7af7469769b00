"""Reads the centres and cities of the multi-item fulfilment instances."""

from __future__ import annotations

import csv
from pathlib import Path

from evenstock.simulation.multi_item import UNIT_MILE, Instance, multi_item


def instance(
    folder: Path,
    seed: int,
    *,
    periods: int = 10_000,
    carried: float = 0.75,
    unit_mile: float = UNIT_MILE,
    large: bool = False,
) -> Instance:
    """The instance of this seed: the small network (5 centres, 10 cities), or the large one (10 and 99)."""
    which = "" if large else "_warmup"
    cities = _rows(folder / f"cities{which}.csv")
    centres = _rows(folder / f"fulfillment_centers{which}.csv")
    return multi_item(
        [(float(r[2]), float(r[3])) for r in centres],
        [(float(r[2]), float(r[3]), float(r[4].replace(",", ""))) for r in cities],
        seed,
        periods=periods,
        carried=carried,
        unit_mile=unit_mile,
    )


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file) if row]
