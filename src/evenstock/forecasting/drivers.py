"""What moves demand from outside: events, promotions, prices and signals, each with the day it became known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

_EMPTY: Final = {
    "events": {"date": pl.Date, "event": pl.String, "node": pl.String},
    "promotions": {
        "promotion": pl.String,
        "sku": pl.String,
        "node": pl.String,
        "first_day": pl.Date,
        "last_day": pl.Date,
        "discount_bp": pl.Int64,
        "announced_on": pl.Date,
    },
    "sale_prices": {
        "sku": pl.String,
        "node": pl.String,
        "valid_from": pl.Date,
        "cents": pl.Int64,
        "announced_on": pl.Date,
    },
    "signals": {
        "signal": pl.String,
        "date": pl.Date,
        "node": pl.String,
        "value": pl.Float64,
        "known_on": pl.Date,
    },
}
NAMES: Final = tuple(_EMPTY)
"""Tables of the dictionary that drive demand."""


def _none(name: str) -> pl.DataFrame:
    return pl.DataFrame(schema=_EMPTY[name])


@dataclass(frozen=True, slots=True, eq=False)
class Drivers:
    """Frames with the columns of `tables.Events`, `Promotions`, `SalePrices` and `Signals`; an empty node means every node."""

    events: pl.DataFrame = field(default_factory=lambda: _none("events"))
    promotions: pl.DataFrame = field(default_factory=lambda: _none("promotions"))
    sale_prices: pl.DataFrame = field(default_factory=lambda: _none("sale_prices"))
    signals: pl.DataFrame = field(default_factory=lambda: _none("signals"))

    def __post_init__(self) -> None:
        for name, columns in _EMPTY.items():
            lacking = [column for column in columns if column not in getattr(self, name).columns]
            if lacking:
                raise ValueError(f"{name} lacks the columns {', '.join(lacking)}; take them from the data dictionary")

    @classmethod
    def from_frames(cls, frames: Mapping[str, pl.DataFrame]) -> Drivers:
        """The drivers among `frames`, by table name; an optional column that is left out is filled with its default.

        Examples
        --------
        >>> holiday = pl.DataFrame({"date": [date(2026, 12, 25)], "event": ["Christmas"]})
        >>> Drivers.from_frames({"events": holiday}).events.row(0)
        (datetime.date(2026, 12, 25), 'Christmas', '')
        """
        return cls(**{name: _completed(name, frames[name]) for name in NAMES if name in frames})

    def known(self, as_of: date) -> Drivers:
        """What was known on the morning of `as_of`, so that a backtest looks no further than its origin.

        Events are on every calendar and always known. A promotion counts from the day it was announced, a price from its
        announcement or else its first day, a signal from `known_on` or else the day after the one it speaks of.
        """
        price_known = pl.coalesce("announced_on", "valid_from")
        signal_known = pl.coalesce(pl.col("known_on"), pl.col("date").dt.offset_by("1d"))
        return Drivers(
            self.events,
            self.promotions.filter(pl.col("announced_on").is_null() | (pl.col("announced_on") <= as_of)),
            self.sale_prices.filter(price_known <= as_of),
            self.signals.filter(signal_known <= as_of),
        )


def _completed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Columns in the dictionary's order; those left out are empty text, zero or nothing."""
    filled = {pl.String: pl.lit(""), pl.Int64: pl.lit(0, dtype=pl.Int64), pl.Date: pl.lit(None, dtype=pl.Date)}
    optional = {"node", "discount_bp", "announced_on", "known_on"}
    return frame.with_columns(
        filled[kind].alias(column)
        for column, kind in _EMPTY[name].items()
        if column not in frame.columns and column in optional
    ).select(
        [
            pl.col(c).fill_null("") if c == "node" else pl.col(c)
            for c in _EMPTY[name]
            if c in {*frame.columns, *optional}
        ]
    )
