"""Draws up what we believe is on each shelf, keeps it, and holds back what may not be there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import LotId, NodeId, Sku, Units
from evenstock.inventory import EMPTY_AT, LEVEL, Assumptions, believe, learn_accuracy, safety_buffer
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import current_forecast
from evenstock.operations.knowledge import BELIEFS
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.stock_evidence import KEY, gather

_AT_ONCE: Final = 500
"""Buffers in one transaction: few commits, and no lock held for long."""


@dataclass(frozen=True)
class Beliefs:
    """What is believed about every SKU-node of the books."""

    frame: pl.DataFrame
    """Columns of `inventory.believe`, in (sku, node) order."""
    accuracy: pl.DataFrame
    """How fast records went wrong, by node and velocity class, where counts taught it."""
    on: date
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Believed:
    """Beliefs as kept, and the buffers that follow from them."""

    beliefs: Beliefs
    digest: str
    buffers: pl.DataFrame
    """Buffers that changed: sku, node, lot, before, after (units), because. Empty when asked again."""
    held: pl.DataFrame
    """Every SKU-node's buffer: sku, node, units, because."""


def draw_up_beliefs(
    store: Store, snapshots: Snapshots, company: Company, *, now: datetime, assumptions: Assumptions | None = None
) -> tuple[Beliefs, pl.DataFrame]:
    """Beliefs as of `now`, and the balances they are about; nothing is written."""
    today = now.astimezone(UTC).date()
    forecast = current_forecast(store, snapshots, company, today)
    with store.reading() as books:
        balances, movements = books.balance_frame(), books.movement_frame()
    told = gather(company, balances, movements, forecast.forecast if forecast else None, now, assumptions)
    accuracy = learn_accuracy(told.counts, assumptions)
    frame = believe(told.evidence, accuracy, assumptions)
    return Beliefs(frame, accuracy.frame(), today, told.notes), balances


def believe_stock(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    now: datetime,
    level: float = LEVEL,
    empty_at: float = EMPTY_AT,
    assumptions: Assumptions | None = None,
) -> Believed:
    """Draw up beliefs, keep them under the pointer `beliefs`, and set each buffer they ask for; again it changes nothing.

    The buffer of the stock table is a floor, lot by lot. What beliefs add to it goes to the lots with most units free.

    Raises
    ------
    ValueError
        If `level` or `empty_at` lies outside its range.
    """
    beliefs, balances = draw_up_beliefs(store, snapshots, company, now=now, assumptions=assumptions)
    floors = _floors(company, balances)
    whole = floors.group_by(KEY, maintain_order=True).agg(pl.sum("available", "floor"))
    aligned = beliefs.frame.select(KEY).join(whole, on=KEY, how="left", maintain_order="left")
    available, floor = (aligned[name].fill_null(0).to_numpy().astype(np.int64) for name in ("available", "floor"))
    held = safety_buffer(beliefs.frame, available, floor, level=level, empty_at=empty_at)
    changes = _by_lot(floors, held)
    about = pl.DataFrame(
        {"on": [beliefs.on], "notes": ["\n".join(beliefs.notes)], "level": [level], "made_at": [now.astimezone(UTC)]},
        schema_overrides={"made_at": pl.Datetime("us", "UTC")},
    )
    digest = snapshots.take(
        {
            "beliefs": beliefs.frame,
            "accuracy": beliefs.accuracy,
            "about": about,
            # What orders take from here on the books know: it is no part of what may have been sold unheard.
            "spoken_for": _spoken_for(balances),
        }
    )
    # In key order, so that two runs never wait for each other in a circle.
    rows = changes.sort(*KEY, "lot").select(*KEY, "lot", "after").rows()
    for start in range(0, len(rows), _AT_ONCE):
        with store.transaction() as books:
            for sku, node, lot, units in rows[start : start + _AT_ONCE]:
                books.set_buffer(Sku(sku), NodeId(node), Units(units), LotId(lot))
    with store.transaction() as books:
        books.point(BELIEFS, digest, now)
    return Believed(beliefs, digest, changes, held)


def current_beliefs(store: Store, snapshots: Snapshots) -> Beliefs | None:
    """The beliefs last kept, whatever their day; None if there are none."""
    with store.transaction() as books:
        digest = books.pointer(BELIEFS)
    if digest is None:
        return None
    kept = snapshots.read(digest)
    about = kept["about"].row(0, named=True)
    notes = tuple(line for line in about["notes"].split("\n") if line)
    return Beliefs(kept["beliefs"].sort(KEY), kept["accuracy"].sort("node", "velocity"), about["on"], notes)


def beliefs_of_today(store: Store, snapshots: Snapshots, company: Company, now: datetime) -> Beliefs:
    """The beliefs kept today, or new ones that are not kept."""
    kept = current_beliefs(store, snapshots)
    if kept is not None and kept.on == now.astimezone(UTC).date():
        return kept
    return draw_up_beliefs(store, snapshots, company, now=now)[0]


def _floors(company: Company, balances: pl.DataFrame) -> pl.DataFrame:
    """Each lot of the books with what is free of it, its buffer now, and the user's own: sku, node, lot, available, before, floor."""
    lots = balances.select(*KEY, "lot", "available", before="buffer")
    stock = company.table("stock")
    if stock is None:
        return lots.with_columns(floor=pl.lit(0, dtype=pl.Int64))
    own = stock.select(*KEY, "lot", floor="buffer")
    return lots.join(own, on=[*KEY, "lot"], how="left", maintain_order="left").with_columns(
        pl.col("floor").fill_null(0)
    )


def _spoken_for(balances: pl.DataFrame) -> pl.DataFrame:
    """Units that orders hold of each shelf, where they hold any: sku, node, units."""
    held = balances.group_by(KEY).agg(units=pl.sum("reserved") + pl.sum("allocated"))
    return held.filter(pl.col("units") > 0).sort(KEY)


def _by_lot(floors: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Buffers that differ from what is set: the lots' floors first, then the fullest lot, the next, and so on."""
    room = (pl.col("available") - pl.col("floor")).clip(lower_bound=0)
    ahead = pl.col("room").cum_sum().over(KEY) - pl.col("room")
    more = pl.col("units") - pl.col("floor").sum().over(KEY)
    return (
        floors.join(held, on=list(KEY), how="inner")
        .with_columns(room=room)
        .sort(*KEY, "room", "lot", descending=[False, False, True, False])
        .with_columns(after=pl.col("floor") + (more - ahead).clip(lower_bound=0).clip(upper_bound=pl.col("room")))
        .filter(pl.col("after") != pl.col("before"))
        .select(*KEY, "lot", "before", "after", "because")
        .sort(*KEY, "lot")
    )
