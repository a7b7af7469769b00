"""A day's demand as orders: who wants which items together, where to, by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.markets import Market
from evenstock.simulation.places import METROS

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Habits:
    """How customers order. Shares are of orders unless said otherwise."""

    order_lines: tuple[float, ...] = (0.55, 0.24, 0.12, 0.06, 0.03)
    """Shares of orders of one, two, ... lines."""
    another_unit: float = 0.2
    """Chance that a unit shares its line with the one before, if that is the same item for the same market."""
    residential: float = 0.92
    two_day: float = 0.12
    vip: float = 0.04
    social: float = 0.18
    """Of orders outside marketplaces, through social channels; the rest through the brand's own site."""
    promotion_price: float = 0.85
    """Price of a promoted item over its usual one."""

    @property
    def units_per_order(self) -> float:
        """About the mean units of an order: half the units follow another of the same item and market, so can join it."""
        lines = sum((k + 1) * share for k, share in enumerate(self.order_lines))
        return lines / (1.0 - self.another_unit / 2.0)


_STANDARD: Final = (6, 6, 6, 7, 7, 7, 7)
_TWO_DAY: Final = (3, 3, 3, 5, 5, 4, 3)
_VIP: Final = (4, 4, 5, 5, 5, 5, 4)
_PROMISE_DAYS: Final = {"standard": _STANDARD, "two_day": _TWO_DAY, "vip": _VIP}
"""Days promised by class and weekday of the order, Monday first: a weekend without pick-up counts in."""

ORDERS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "order": pl.String,
    "line": pl.String,
    "sku": pl.String,
    "units": pl.Int64,
    "price_cents": pl.Int64,
    "placed_at": pl.Datetime("us", "UTC"),
    "postal_code": pl.String,
    "country": pl.String,
    "residential": pl.Boolean,
    "deliver_by": pl.Date,
    "order_class": pl.String,
    "channel": pl.String,
}


def orders_frame(
    units: Counts,
    markets: tuple[Market, ...],
    items: pl.DataFrame,
    promoted: npt.NDArray[np.bool_],
    *,
    opens_at: datetime,
    habits: Habits,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """`tables.Orders` of one day, in the order they were placed, whose units add up to `units` ``(item, market)``.

    Orders are placed over the 24 hours from `opens_at`.
    """
    lines = pl.concat([_lines(units[:, m], m, markets[m], habits, rng) for m in range(len(markets))])
    n = int(lines["order"].n_unique())
    lines = lines.with_columns(pl.col("order").rank("dense") - 1)
    heads = _heads(lines, n, markets, opens_at, habits, rng)
    usual = items["price_cents"].to_numpy()
    price = np.where(promoted, np.rint(usual * habits.promotion_price).astype(np.int64), usual)
    row = lines["item"].to_numpy()
    return (
        lines.with_columns(sku=items["sku"].gather(row), price_cents=pl.Series(price[row]))
        .join(heads, on="order")
        .sort("name", "sku")
        .with_columns(line=pl.int_range(1, pl.len() + 1).over("name").cast(pl.String))
        .drop("order")
        .rename({"name": "order"})
        .select(pl.col(name).cast(kind) for name, kind in ORDERS.items())
    )


def _lines(units: Counts, m: int, market: Market, habits: Habits, rng: np.random.Generator) -> pl.DataFrame:
    """Lines of one market: order (a number no other market uses), item, units, place."""
    item = np.repeat(np.arange(units.size), units)
    starts = np.ones(item.size, dtype=np.bool_)
    starts[1:] = (item[1:] != item[:-1]) | (rng.random(max(item.size - 1, 0)) >= habits.another_unit)
    line = np.cumsum(starts) - 1
    count = int(line[-1]) + 1 if item.size else 0
    shuffled = rng.permutation(count)
    sizes = rng.choice(len(habits.order_lines), count, p=habits.order_lines) + 1
    order_of = np.repeat(np.arange(count), sizes)[:count]
    place = market.places[rng.choice(market.places.size, count, p=market.weight)]
    of_line = np.empty(count, dtype=np.int64)
    of_line[shuffled] = order_of
    frame = pl.DataFrame(
        {
            "order": of_line,
            "item": item[starts],
            "units": np.bincount(line, minlength=count).astype(np.int64),
            "place": place[of_line] if count else place,
        },
        schema={"order": pl.Int64, "item": pl.Int64, "units": pl.Int64, "place": pl.Int64},
    )
    # The same item twice in an order is one line.
    merged = frame.group_by("order", "item", "place", maintain_order=True).agg(pl.col("units").sum())
    return merged.with_columns(pl.col("order") * 64 + m, market=pl.lit(m))


def _heads(
    lines: pl.DataFrame,
    n: int,
    markets: tuple[Market, ...],
    opens_at: datetime,
    habits: Habits,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """One row an order: everything about it that its lines share; names in the order of placing."""
    firsts = lines.unique("order", keep="first").sort("order")
    marketplace = np.array([m.marketplace for m in markets])[firsts["market"].to_numpy()]
    # Two humps: lunch and the evening.
    hour = np.where(rng.random(n) < 0.4, rng.normal(7.5, 2.2, n), rng.normal(14.5, 2.8, n)) % 24.0
    second = np.rint(hour * 3600).astype(np.int64)
    drawn = rng.random(n)
    order_class = np.where(
        drawn < habits.vip, "vip", np.where(drawn < habits.vip + habits.two_day, "two_day", "standard")
    )
    day: date = opens_at.date()
    due = {name: day + timedelta(days=days[day.weekday()]) for name, days in _PROMISE_DAYS.items()}
    zip3 = [METROS[k].zip3 for k in firsts["place"]]
    heads = pl.DataFrame(
        {
            "order": firsts["order"],
            "placed_at": [opens_at + timedelta(seconds=int(s)) for s in second],
            "postal_code": [f"{z}{s:02}" for z, s in zip(zip3, rng.integers(1, 100, n), strict=True)],
            "country": ["US"] * n,
            "residential": rng.random(n) < habits.residential,
            "deliver_by": [due[name] for name in order_class],
            "order_class": order_class.tolist(),
            "channel": np.where(
                marketplace, "marketplace", np.where(rng.random(n) < habits.social, "social", "web")
            ).tolist(),
        },
        schema_overrides={
            name: ORDERS[name]
            for name in ("placed_at", "deliver_by", "order_class", "channel", "postal_code", "country")
        },
    )
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)
    return heads.sort("placed_at", "order").with_columns(name=pl.lit(f"{day:%y%m%d}-") + number)
