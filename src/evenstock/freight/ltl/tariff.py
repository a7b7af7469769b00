"""A class tariff: cents a hundredweight by lane, class and weight break, edition by edition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock import tables
from evenstock.freight.cells import ROW, checked
from evenstock.freight.ltl.density import CLASSES
from evenstock.freight.rows import SHOWN, refuse
from evenstock.freight.zones import area

MOST_CENTS_CWT: Final = 1_000_000
"""Ten thousand dollars for a hundred pounds: above it a cell is taken for a slip."""
_ABSENT: Final = np.int64(-1)
Areas = tuple[str, str]
"""First three characters of the postal codes of origin and destination."""


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """A tariff as it counts from a day on. Every lane has every class, every class every break."""

    tariff: str
    valid_from: date
    classes: tuple[str, ...]
    """Cheapest first."""
    at_least_lb: NDArray[np.int64]
    """Weights from which the breaks hold, inclusive, from 0 on, shape ``(break,)``."""
    lanes: Mapping[Areas, int]
    """Place of each lane in `cents_cwt`."""
    cents_cwt: NDArray[np.int64]
    """Shape ``(lane, class, break)``; never rises along a lane and class."""

    def rates(self, lane: Areas, freight_class: str) -> NDArray[np.int64] | None:
        """Cents a hundredweight by break; None where the tariff has no such lane or class."""
        at = self.lanes.get(lane)
        if at is None or freight_class not in self.classes:
            return None
        rates: NDArray[np.int64] = self.cents_cwt[at, self.classes.index(freight_class)]
        return rates


def editions(
    ltl_tariffs: pl.DataFrame, needed: Iterable[tuple[str, Areas]] = ()
) -> tuple[list[Edition], tuple[str, ...]]:
    """Editions of all tariffs by name and day, and what is odd though lawful.

    Parameters
    ----------
    ltl_tariffs
        In the shape of `tables.LtlTariffs`.
    needed
        Tariff and lane that must be in every edition of it, such as the lanes of the network.

    Raises
    ------
    ValueError
        With every cell that cannot be right: empty, no whole number, zero, ten thousand dollars a hundredweight or more, a rate that
        rises with weight, a class or a break that some lane lacks, a key that stands twice, a needed lane missing.
    """
    problems: list[str] = []
    rows = checked(ltl_tariffs, tables.LtlTariffs, "ltl_tariffs", problems)
    rows = rows.with_columns(pl.col("origin_zip3", "destination_zip3").str.to_uppercase())
    _refuse_rates(rows, problems)
    found = [_edition(*key, part, problems) for key, part in _by_edition(rows)]
    wanted: dict[str, list[Areas]] = {}
    for tariff, lane in needed:
        wanted.setdefault(tariff, []).append(lane)
    for edition in found:
        problems += _missing_lanes(edition, wanted.get(edition.tariff, []))
    refuse(problems)
    return found, tuple(note for edition in found for note in _inversions(edition))


def lane_of(origin_postal: str, destination_postal: str) -> Areas:
    """Postal areas of a lane."""
    return area(origin_postal), area(destination_postal)


def _by_edition(rows: pl.DataFrame) -> Iterable[tuple[tuple[str, date], pl.DataFrame]]:
    parts: dict[Any, pl.DataFrame] = rows.partition_by("tariff", "valid_from", as_dict=True, maintain_order=True)
    return sorted(parts.items(), key=lambda entry: entry[0])


def _refuse_rates(rows: pl.DataFrame, problems: list[str]) -> None:
    """Rates that nobody charges."""
    wrong = rows.filter((pl.col("cents_cwt") < 1) | (pl.col("cents_cwt") >= MOST_CENTS_CWT))
    problems += [
        f"{_place(row)}: cents_cwt is {row['cents_cwt']}; a rate is from 1 to {MOST_CENTS_CWT - 1} cents a hundredweight"
        for row in wrong.head(SHOWN).iter_rows(named=True)
    ]


def _edition(tariff: str, valid_from: date, rows: pl.DataFrame, problems: list[str]) -> Edition:
    given = set(rows["freight_class"].unique().to_list())
    classes = tuple(name for name in CLASSES if name in given)
    at_least = rows["at_least_lb"].unique().sort().to_numpy()
    if at_least[0] != 0:
        problems.append(
            f"ltl_tariffs: {tariff} from {valid_from} has no break at 0 lb: lighter freight than {at_least[0]} lb finds no "
            "rate; let its lightest break begin at 0"
        )
    lanes = rows.select("origin_zip3", "destination_zip3").unique(maintain_order=True).sort(pl.all())
    numbered = (
        rows.join(lanes.with_row_index("lane"), on=["origin_zip3", "destination_zip3"])
        .join(pl.DataFrame({"freight_class": classes}).with_row_index("class"), on="freight_class")
        .join(pl.DataFrame({"at_least_lb": at_least}).with_row_index("break"), on="at_least_lb")
    )
    cents = np.full((lanes.height, len(classes), len(at_least)), _ABSENT)
    cents[numbered["lane"], numbered["class"], numbered["break"]] = numbered["cents_cwt"].to_numpy()
    names = [(origin, destination) for origin, destination in lanes.iter_rows()]
    edition = Edition(tariff, valid_from, classes, at_least, {name: k for k, name in enumerate(names)}, cents)
    problems += _holes(edition, names)
    problems += _rises(edition, rows)
    cents.flags.writeable = False
    return edition


def _holes(edition: Edition, names: list[Areas]) -> list[str]:
    """A cell that other lanes have was lost on the way: such freight would silently find no rate."""
    absent = np.argwhere(edition.cents_cwt == _ABSENT)
    said = [
        f"ltl_tariffs: {edition.tariff} from {edition.valid_from} lacks {'-'.join(names[lane])} class {edition.classes[c]} from "
        f"{edition.at_least_lb[b]} lb, which other lanes or classes have; add it"
        for lane, c, b in absent[:SHOWN].tolist()
    ]
    return said + ([f"ltl_tariffs: and {len(absent) - SHOWN} more cells missing"] if len(absent) > SHOWN else [])


def _rises(edition: Edition, rows: pl.DataFrame) -> list[str]:
    """A rate that rises with weight is a slip of the file: heavier freight is never dearer by the hundredweight."""
    cents = edition.cents_cwt
    up = np.argwhere((np.diff(cents, axis=2) > 0) & (cents[:, :, :-1] > 0))
    if not len(up):
        return []
    names = list(edition.lanes)
    said = []
    for lane, c, b in up[:SHOWN].tolist():
        cell = (
            (pl.col("origin_zip3") == names[lane][0])
            & (pl.col("destination_zip3") == names[lane][1])
            & (pl.col("freight_class") == edition.classes[c])
            & (pl.col("at_least_lb") == int(edition.at_least_lb[b + 1]))
        )
        row = rows.filter(cell).row(0, named=True)
        said.append(
            f"{_place(row)}: cents_cwt is {row['cents_cwt']}, above the {int(cents[lane, c, b])} of lighter freight; a rate "
            "never rises with weight"
        )
    return said


def _missing_lanes(edition: Edition, wanted: list[Areas]) -> list[str]:
    return [
        f"ltl_tariffs: {edition.tariff} from {edition.valid_from} has no lane {'-'.join(lane)}, which the network uses; add it"
        for lane in dict.fromkeys(wanted)
        if lane not in edition.lanes
    ]


def _inversions(edition: Edition) -> list[str]:
    """A higher class that costs less than a lower one is odd, but some tariffs have it."""
    cheaper = np.argwhere(np.diff(edition.cents_cwt, axis=1) < 0)
    if not len(cheaper):
        return []
    lane, c, b = cheaper[0].tolist()
    more = f", and so in {len(cheaper) - 1} more cells" if len(cheaper) > 1 else ""
    where = f"{edition.tariff} from {edition.valid_from}, {'-'.join(list(edition.lanes)[lane])} from {edition.at_least_lb[b]} lb"
    return [f"ltl_tariffs: {where}: class {edition.classes[c + 1]} costs less than class {edition.classes[c]}{more}"]


def _place(row: Mapping[str, Any]) -> str:
    return (
        f"ltl_tariffs row {row[ROW]}, {row['tariff']} from {row['valid_from']} {row['origin_zip3']}-{row['destination_zip3']} "
        f"class {row['freight_class']} from {row['at_least_lb']} lb"
    )
