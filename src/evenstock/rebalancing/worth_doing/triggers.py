"""What happened since the plan that calls for another look between two nights, at the items concerned only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.problem import Problem, whole
from evenstock.rebalancing.worth_doing.foreseen_kernel import stock_after, units_missed

LEAST_CENTS: Final = 5000
"""Less at stake than this does not interrupt anybody's day."""
FEED_HOURS: Final = 26.0
"""A nightly feed, and two hours of grace."""


class Kind(StrEnum):
    """In the order in which one explains another at the same item and node."""

    FEED_GAP = "feed gap"
    DEMAND = "demand shift"
    DELAY = "delay"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A reason to review."""

    sku: str | None
    """None: every item at the node."""
    node: str | None
    """None: every node of the item."""
    kind: Kind
    cause: str
    """Names what happened, so that it is told once."""
    far: float
    """How far beyond what was to be expected, in the kind's own measure: units, times, days, hours beyond."""
    because: str

    @property
    def key(self) -> tuple[str | None, str | None, Kind, str]:
        return self.sku, self.node, self.kind, self.cause


@dataclass(frozen=True, slots=True)
class Positions:
    """Stock that is not where the plan foresaw it."""

    triggers: tuple[Trigger, ...]
    false_alarms: float
    """How many item-nodes would be told on a day on which everything goes as foreseen, expected, from the paths."""


def positions(
    planned: Problem, days: int, on_hand: Ints, *, rank: int = 1, least_cents: int = LEAST_CENTS, cause: str = ""
) -> Positions:
    """Item-nodes whose stock lies outside the paths the plan was made on by more than `least_cents`.

    While demand comes as on the paths, stock falls below the `rank`-th lowest of S paths with probability ``rank / (S + 1)``
    (exchangeability), the same above. That alone would tell of thousands on a large network, so the units beyond, at the
    item's highest shortage cost, must come to `least_cents` as well. `false_alarms` plays the rule on the paths themselves,
    each against all others.

    Parameters
    ----------
    planned
        The evening of the plan with its moves made: ``problem.after(moves)``.
    days
        Whole days since, 1 to T.
    on_hand
        Units counted now, comparable with `planned.on_hand`, ``(K, W)``.
    cause
        Names the plan: one plan tells of an item-node once.
    """
    if not 1 <= days <= planned.days or not 1 <= rank <= (planned.path_count - 1) // 2:
        raise ValueError(
            f"positions: day {days} of {planned.days} and rank {rank} of {planned.path_count} paths; days begin with 1 and the "
            "rank is below half of the paths"
        )
    now = whole("on_hand", on_hand, planned.on_hand.shape)
    foreseen = np.sort(stock_after(planned.paths, planned.on_hand, planned.arrivals, days), axis=2)
    low, high = foreseen[:, :, rank - 1], foreseen[:, :, -rank]
    price = np.maximum(planned.shortage_cents.max(axis=1), 1)[:, None]
    beyond = np.where(now < low, now - low, np.maximum(now - high, 0))
    told = []
    for k, w in np.argwhere((np.abs(beyond) * price >= least_cents) & (beyond != 0)).tolist():
        sku, node, units = str(planned.skus[k]), str(planned.nodes[w]), int(beyond[k, w])
        because = (
            f"{sku} at {node}: {int(now[k, w])} units, {abs(units)} {'above' if units > 0 else 'below'} all but {rank - 1} of "
            f"{planned.path_count} paths ({int(low[k, w])} to {int(high[k, w])} after {days} days)"
        )
        side = "more" if units > 0 else "less"
        told.append(Trigger(sku, node, Kind.POSITION, f"{cause} {side}".strip(), float(units), because))
    return Positions(tuple(told), _false_alarms(foreseen, price, rank, least_cents))


def _false_alarms(foreseen: Ints, price: Ints, rank: int, least_cents: int) -> float:
    """Expected alarms if one of the paths were the truth and the others the forecast; `foreseen` rises along paths."""
    count = foreseen.shape[2]
    low = foreseen[:, :, rank, None] - foreseen[:, :, :rank]
    high = foreseen[:, :, count - rank :] - foreseen[:, :, count - rank - 1, None]
    off = np.concatenate([low, high], axis=2)
    return float(((off > 0) & (off * price[:, :, None] >= least_cents)).sum() / count)


def demand_shifts(alerts: pl.DataFrame) -> tuple[Trigger, ...]:
    """From the alerts of demand sensing (`evenstock.forecasting.sensing.ALERTS`); their false-alarm rate is that of sensing."""
    told = []
    for row in alerts.iter_rows(named=True):
        sku = None if row["scope"] == "node" else row["sku"]
        node = None if row["scope"] == "item" else row["node"]
        cause = f"{row['direction']} since {row['since']}"
        told.append(Trigger(sku, node, Kind.DEMAND, cause, float(row["ratio"]), str(row["because"])))
    return tuple(told)


@dataclass(frozen=True, slots=True)
class Late:
    """Goods under way that are now expected on another day; days are counted as in the problem."""

    name: str
    """The document, such as a transfer order."""
    item: int
    node: int
    units: int
    planned_day: int
    expected_day: int


def delays(planned: Problem, late: Iterable[Late], *, least_cents: int = LEAST_CENTS) -> tuple[Trigger, ...]:
    """Delays whose added expected shortage, exact on the paths, comes to `least_cents`.

    Nothing random is judged here, so there are no false alarms beyond those of the reported date.

    Raises
    ------
    ValueError
        If the goods are not among the problem's arrivals on the planned day.
    """
    told = []
    for goods in late:
        k, w = goods.item, goods.node
        due = planned.arrivals[k, w].astype(np.int64)
        if not 0 <= goods.planned_day < planned.days or due[goods.planned_day] < goods.units:
            raise ValueError(
                f"{goods.name}: {goods.units} units are not among the arrivals of {planned.skus[k]} at {planned.nodes[w]} on "
                f"day {goods.planned_day}"
            )
        now = due.copy()
        now[goods.planned_day] -= goods.units
        if goods.expected_day < planned.days:
            now[goods.expected_day] += goods.units
        on_hand = int(planned.on_hand[k, w])
        more = units_missed(planned.paths[k, w], on_hand, now) - units_missed(planned.paths[k, w], on_hand, due)
        cents = more * int(planned.shortage_cents[k, w]) / planned.path_count
        if cents < max(least_cents, 1):
            continue
        days = goods.expected_day - goods.planned_day
        because = (
            f"{goods.name}: {goods.units} units of {planned.skus[k]} for {planned.nodes[w]} come {days} days later; "
            f"{more / planned.path_count:.1f} more would be missed, {cents / 100:,.2f}"
        )
        cause = f"{goods.name} on day {goods.expected_day}"
        told.append(Trigger(str(planned.skus[k]), str(planned.nodes[w]), Kind.DELAY, cause, float(days), because))
    return tuple(told)


@dataclass(frozen=True, slots=True)
class Feed:
    """When a node's stock was last heard of."""

    node: str
    age_hours: float
    last: str
    """The last report, such as its time: a gap after another report is another gap."""
    limit_hours: float = FEED_HOURS


def feed_gaps(feeds: Iterable[Feed]) -> tuple[Trigger, ...]:
    """Nodes not heard of for longer than their limit."""
    return tuple(
        Trigger(
            None,
            feed.node,
            Kind.FEED_GAP,
            f"silent since {feed.last}",
            feed.age_hours - feed.limit_hours,
            f"{feed.node}: last heard of {feed.age_hours:.0f} h ago ({feed.last}); more than {feed.limit_hours:.0f} h",
        )
        for feed in feeds
        if feed.age_hours > feed.limit_hours
    )


def one_cause_each(triggers: Iterable[Trigger]) -> tuple[Trigger, ...]:
    """Of triggers that explain one another keep the first in the order of `Kind`, and of the same key the farthest.

    A silent feed explains whatever its node seems to hold; a demand shift explains the position it leads to; so does a delay.
    Different kinds of news (a shift and a delay of the same item) both stand.
    """
    kept: dict[tuple[str | None, str | None, Kind, str], Trigger] = {}
    for trigger in triggers:
        other = kept.get(trigger.key)
        if other is None or abs(trigger.far) > abs(other.far):
            kept[trigger.key] = trigger
    news = [trigger for trigger in kept.values() if trigger.kind is not Kind.POSITION]
    silent = {trigger.node for trigger in news if trigger.kind is Kind.FEED_GAP}
    explained = {(trigger.sku, trigger.node) for trigger in news}

    def is_explained(trigger: Trigger) -> bool:
        sku, node = trigger.sku, trigger.node
        return node in silent or not explained.isdisjoint({(sku, node), (sku, None), (None, node)})

    order = list(Kind)
    stands = [t for t in kept.values() if t.kind is not Kind.POSITION or not is_explained(t)]
    return tuple(sorted(stands, key=lambda t: (order.index(t.kind), t.sku or "", t.node or "", t.cause)))


def not_told(
    triggers: Iterable[Trigger], told: Collection[tuple[str | None, str | None, Kind, str]]
) -> tuple[Trigger, ...]:
    """Those whose cause has not been told before; keep their `key` with what is told."""
    return tuple(trigger for trigger in triggers if trigger.key not in told)


def to_review(triggers: Sequence[Trigger], problem: Problem) -> Ints:
    """Items to plan again, rising; a trigger of a whole node concerns what it holds, awaits or is asked for."""
    row = {sku: k for k, sku in enumerate(problem.skus)}
    column = {node: w for w, node in enumerate(problem.nodes)}
    found: set[int] = set()
    for trigger in triggers:
        if trigger.sku is not None:
            found |= {row[trigger.sku]} if trigger.sku in row else set()
        elif trigger.node in column:
            w = column[trigger.node]
            wanted = problem.paths[:, w].any(axis=(1, 2)) | problem.arrivals[:, w].any(axis=1)
            found |= set(np.flatnonzero((problem.on_hand[:, w] > 0) | wanted).tolist())
    return np.array(sorted(found), np.int64)
