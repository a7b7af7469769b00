"""Whom the made-up brand buys from, what they promised and when it came."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.past_books import DAYS, Units

HISTORY_DAYS: Final = 400
LINES: Final = 8
"""Most lines of a purchase."""
LATER: Final = 0.08
"""Share of lines that come after the rest of their purchase, by 3 to 14 days."""
SHORT: Final = 0.05
"""Share of lines of which less came than was ordered."""


class Supplier(NamedTuple):
    """A supplier: days promised, and the log-normal days it takes."""

    name: str
    mode: str
    promised_days: int
    median_days: float
    spread: float
    """Standard deviation of the logarithm of the days."""
    categories: tuple[str, ...]


SUPPLIERS: Final = (
    Supplier("Lakeside Housewares", "truck", 10, 10.0, 0.12, ("kitchen", "home")),
    Supplier("Harbour Line Trading", "sea", 42, 47.0, 0.16, ("kitchen", "toys", "sports")),
    Supplier("Meridian Laboratories", "truck", 14, 13.0, 0.15, ("beauty", "supplements")),
    Supplier("Old Mill Pet Foods", "truck", 7, 7.0, 0.10, ("pet", "food")),
    Supplier("Eastgate Electronics", "air", 16, 21.0, 0.35, ("electronics",)),
    Supplier("Greenbank Growers", "truck", 9, 9.5, 0.25, ("garden", "food")),
)
"""One of them, by air, takes a third longer than it promises and nobody knows how long."""

RECEIPTS: Final = {
    "purchase": pl.String,
    "line": pl.String,
    "supplier": pl.String,
    "sku": pl.String,
    "node": pl.String,
    "mode": pl.String,
    "ordered_on": pl.Date,
    "promised_on": pl.Date,
    "received_on": pl.Date,
    "units_ordered": pl.Int64,
    "units_received": pl.Int64,
}


def suppliers_frame() -> pl.DataFrame:
    """The truth behind the receipts: supplier, promised_days, median_days and spread of the log-normal days."""
    told = [(s.name, s.mode, s.promised_days, s.median_days, s.spread) for s in SUPPLIERS]
    return pl.DataFrame(told, schema=["supplier", "mode", "promised_days", "median_days", "spread"], orient="row")


def receipts_frame(
    stock: pl.DataFrame,
    items: pl.DataFrame,
    daily: npt.NDArray[np.float64],
    sold: Units,
    faults: pl.DataFrame,
    as_of: date,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """`tables.Receipts` of about the last year: a purchase of each supplier every two to four weeks.

    Of what came in the last `DAYS` days no more was received than the books can have held: what is there now and what
    was `sold` since. Lines for which that leaves nothing are left out, and so are those that came after one of the
    `faults` began: goods that come in are looked at, and would have ended it.

    Parameters
    ----------
    daily, sold
        Of each row of `stock`: units expected a day, and `past_books.units_since`.
    """
    place = stock.select("sku", "node").join(
        items.select("sku", "category", "case_units"), on="sku", how="left", maintain_order="left"
    )
    case = place["case_units"].to_numpy()
    drawn = [
        line
        for supplier in SUPPLIERS
        for line in _purchases(
            supplier, place["category"].is_in(supplier.categories).to_numpy(), case, daily, as_of, rng
        )
    ]
    began = place.join(faults.select("sku", "node", "began_on"), on=["sku", "node"], how="left", maintain_order="left")
    before = [k for k in drawn if not _after(k.received_on, began["began_on"][k.row])]
    lines = sorted(
        _possible(before, stock["on_hand"].to_numpy(), sold, as_of),
        key=lambda k: (k.ordered_on, k.supplier.name, k.row),
    )
    purchases = {key: k + 1 for k, key in enumerate(dict.fromkeys((k.ordered_on, k.supplier.name) for k in lines))}
    rows = [k.row for k in lines]
    return (
        pl.DataFrame(
            {
                "purchase": [f"PO-{purchases[k.ordered_on, k.supplier.name]:05}" for k in lines],
                "supplier": [k.supplier.name for k in lines],
                "sku": place["sku"].gather(rows),
                "node": place["node"].gather(rows),
                "mode": [k.supplier.mode for k in lines],
                "ordered_on": [k.ordered_on for k in lines],
                "promised_on": [k.ordered_on + timedelta(days=k.supplier.promised_days) for k in lines],
                "received_on": [k.received_on for k in lines],
                "units_ordered": [k.ordered for k in lines],
                "units_received": [k.received for k in lines],
            },
            schema={name: kind for name, kind in RECEIPTS.items() if name != "line"},
        )
        .with_columns(line=pl.int_range(1, pl.len() + 1).over("purchase").cast(pl.String))
        .select(list(RECEIPTS))
    )


class _Line(NamedTuple):
    supplier: Supplier
    row: int
    ordered_on: date
    received_on: date | None
    ordered: int
    received: int


def _purchases(
    supplier: Supplier,
    sells: npt.NDArray[np.bool_],
    case: npt.NDArray[np.int64],
    daily: npt.NDArray[np.float64],
    as_of: date,
    rng: np.random.Generator,
) -> list[_Line]:
    """Lines of one supplier, whole cases for about a month's sales each; what is due from `as_of` on is outstanding."""
    odds = np.sqrt(daily + 0.01) * sells
    most = min(LINES, int(sells.sum()))
    found = []
    ordered_on = as_of - timedelta(days=HISTORY_DAYS - int(rng.integers(14)))
    while most and ordered_on < as_of:
        took = supplier.median_days * np.exp(rng.normal(0.0, supplier.spread))
        for row in rng.choice(sells.size, int(rng.integers(1, most + 1)), replace=False, p=odds / odds.sum()).tolist():
            later = int(rng.integers(3, 15)) if rng.random() < LATER else 0
            received_on = ordered_on + timedelta(days=max(1, round(took)) + later)
            ordered = int(case[row] * max(1, np.ceil(30.0 * daily[row] / case[row])))
            received = max(1, round(ordered * rng.uniform(0.6, 0.95))) if rng.random() < SHORT else ordered
            here = received_on < as_of
            found.append(
                _Line(supplier, row, ordered_on, received_on if here else None, ordered, received if here else 0)
            )
        ordered_on += timedelta(days=int(rng.integers(14, 29)))
    return found


def _after(received_on: date | None, began_on: date | None) -> bool:
    return received_on is not None and began_on is not None and received_on >= began_on


def _possible(lines: list[_Line], on_hand: Units, sold: Units, as_of: date) -> list[_Line]:
    """The lines, the latest first, with no more received than the books can have held; emptied lines are dropped."""
    room: dict[int, int] = {}
    kept = []
    for line in sorted(lines, key=lambda k: (k.received_on or as_of, k.row, k.ordered_on), reverse=True):
        ago = (as_of - line.received_on).days if line.received_on else 0
        if not 1 <= ago <= DAYS:
            kept.append(line)
            continue
        most = int(on_hand[line.row] + sold[line.row, ago]) - room.get(line.row, 0)
        units = min(line.received, most)
        if units > 0:
            room[line.row] = room.get(line.row, 0) + units
            short = line.ordered if line.received < line.ordered else units
            kept.append(line._replace(ordered=short, received=units))
    return kept
