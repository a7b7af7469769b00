"""Takes in what a system counted: the books follow the newest count, in whatever order counts arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from evenstock.domain import Bucket, Event, LotId, Movement, NodeId, Sku, StockObservation, Units
from evenstock.operations.autonomy.adjusting import (
    asks_about_adjusting,
    change_of,
    keep_observation,
    rule_on_adjustment,
)
from evenstock.operations.autonomy.governance import Asking, Governance
from evenstock.operations.ports import Count, Store, StoreError, Transaction

_AT_ONCE = 500
"""Observations in one transaction: few commits, and no lock held for long."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a set of counts changed."""

    movements: tuple[Movement, ...]
    gained: Units
    """Units found that the books did not know."""
    lost: Units
    """Units missing from what was free to promise."""
    short: Units
    """Units missing although they were promised: an open shortfall."""
    held: tuple[str, ...] = ()
    """What did not count: it waits for people, or is refused."""


def count_stock(
    store: Store, observations: Sequence[StockObservation], now: datetime, *, rules: Governance | None = None
) -> Counted:
    """Bring on hand to what was counted, and say what that changed; an older or repeated count changes nothing.

    Each batch is one transaction; the whole may be repeated after a failure. Counts that `rules` do not let change the books
    without people are kept until they agree, and those that they refuse are named. Raises ConflictError if a source says two
    things under one version.
    """
    movements: list[Movement] = []
    held: list[str] = []
    # In key order, so that two feeds never wait for each other in a circle.
    ordered = sorted(observations, key=lambda o: (o.sku, o.node, o.lot, o.source, o.version))
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        with store.transaction() as t:
            asking = asks_about_adjusting(t, rules, now)
            if asking is not None:
                some = _free(t, asking, some, held)
            facts: list[Event] = []
            for observation, moves in zip(some, t.change_stock([counting(o) for o in some], now), strict=True):
                if isinstance(moves, StoreError):
                    raise moves
                movements += moves
                facts += counted_facts(observation, moves)
            t.publish(facts)

    def total(source: Bucket, destination: Bucket) -> Units:
        return Units(
            sum(m.units for m in movements if (m.source.bucket, m.destination.bucket) == (source, destination))
        )

    return Counted(
        tuple(movements),
        gained=total(Bucket.OUTSIDE, Bucket.AVAILABLE),
        lost=total(Bucket.AVAILABLE, Bucket.OUTSIDE),
        short=total(Bucket.SHORTFALL, Bucket.OUTSIDE),
        held=tuple(held),
    )


def _free(
    t: Transaction, asking: Asking, observations: Sequence[StockObservation], held: list[str]
) -> list[StockObservation]:
    """Those that count at once; of the others `held` says what becomes of them."""
    free = []
    for said in observations:
        change = change_of(t, said)
        ruled = rule_on_adjustment(asking, said.sku, said.node, change, said.observed_at)
        if ruled.refused is not None:
            held.append(f"{said.sku} at {said.node} is not counted: {ruled.refused.because}")
        elif ruled.asks is not None:
            held.append(keep_observation(t, asking, ruled, said, change))
        else:
            ruled.say(t, f"stock:{said.sku}@{said.node}")
            free.append(said)
    return free


def counting(observation: StockObservation) -> Count:
    """A count as a step of the books."""
    return Count(observation, f"count by {observation.source}, version {observation.version}")


def count_one(t: Transaction, observation: StockObservation, now: datetime) -> list[Movement]:
    """Bring on hand to one count, in a transaction that is open, and publish what changed; its movements."""
    moves = t.adjust_on_hand(observation, counting(observation).because, now)
    t.publish(counted_facts(observation, moves))
    return moves


def counted_facts(observation: StockObservation, moves: Sequence[Movement]) -> list[Event]:
    """What is told of a count that changed something."""
    if not moves:
        return []
    body = {
        "source": observation.source,
        "version": observation.version,
        "lot": observation.lot,
        "counted": observation.units,
        "movements": [{"from": m.source.bucket, "to": m.destination.bucket, "units": m.units} for m in moves],
    }
    aggregate = f"stock:{observation.sku}@{observation.node}"
    return [Event(f"{moves[0].id}:event", "StockCounted", aggregate, observation.observed_at, body)]


def observations_of(stock: pl.DataFrame, source: str) -> list[StockObservation]:
    """A stock file (`tables.Stock`) as counts of `source`; the time observed, in microseconds, is the version.

    Held units and buffers of the file are not taken over: a count says how many are there, not why.
    """
    return [
        StockObservation(
            source,
            Sku(row["sku"]),
            NodeId(row["node"]),
            Units(row["on_hand"]),
            row["observed_at"],
            (row["observed_at"] - _EPOCH) // timedelta(microseconds=1),
            LotId(row["lot"]),
        )
        for row in stock.iter_rows(named=True)
    ]
