"""What was foretold against what came: freight, delivery, demand, transfers, and the regret that decisions were let through with.

A figure with too few cases says so and claims nothing: `says` is then `too few to tell`, with its number of cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from enum import StrEnum
from itertools import pairwise
from math import isnan, nan
from typing import Any, Final

import numpy as np
import polars as pl

from evenstock.distributions.proportions import wilson
from evenstock.learning.paired_bootstrap import LEAST_BLOCKS, loss_ratio
from evenstock.operations.outcomes.told import Told
from evenstock.operations.review_outcomes import review_outcomes

SEED: Final = 8
BINS: Final = (0.0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)
"""Edges of the classes of foretold probability: finer where promises are made."""


class Says(StrEnum):
    """What a figure may be taken for."""

    TOO_FEW = "too few to tell"
    AS_FORETOLD = "as foretold"
    MORE = "more than foretold"
    LESS = "less than foretold"


@dataclass(frozen=True, slots=True)
class Held:
    """One thing foretold, held against what came, over all cases where both are known."""

    what: str
    segment: str
    """Empty for the whole."""
    unit: str
    foretold: float
    actual: float
    n: int
    blocks: int
    """Days, items or orders that are drawn as one for the interval."""
    ratio: float
    """Actual over foretold; nan where nothing was foretold."""
    low: float
    """95 % of the ratio; nan where too few to tell."""
    high: float
    definition: str

    @property
    def says(self) -> Says:
        if isnan(self.low):
            return Says.TOO_FEW
        if self.low > 1.0:
            return Says.MORE
        return Says.LESS if self.high < 1.0 else Says.AS_FORETOLD


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Orders whose foretold probability of being on time lies in one class."""

    above: float
    """Exclusive, but for the first."""
    to: float
    n: int
    foretold: float
    """Mean probability; nan without orders."""
    on_time: int
    low: float
    """95 % of the share that came on time (Wilson)."""
    high: float

    @property
    def says(self) -> Says:
        if self.n < LEAST_BLOCKS:
            return Says.TOO_FEW
        if self.foretold < self.low:
            return Says.MORE
        return Says.LESS if self.foretold > self.high else Says.AS_FORETOLD


@dataclass(frozen=True, slots=True)
class Delivery:
    """Promised days against delivery, of orders with a promise whose every shipment has arrived."""

    bins: tuple[CalibrationBin, ...]
    n: int
    on_time: int
    brier: float
    """Mean squared difference of probability and outcome: 0 is perfect. nan without orders."""
    climate: float
    """Brier score of who says each time the share that came on time: what knowing nothing of the order scores."""
    skill: float
    """1 less brier over climate: above zero the probabilities tell orders apart; nan where none was late, or all."""
    low: float
    """95 % of the skill, over days; nan where too few to tell."""
    high: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often what came lay within what was said to hold it."""

    what: str
    segment: str
    said: float
    """Share that was to lie within."""
    n: int
    within: float
    """Of n; not whole where single chances are added up."""
    low: float
    high: float
    definition: str

    @property
    def says(self) -> Says:
        if self.n < LEAST_BLOCKS:
            return Says.TOO_FEW
        if self.low > self.said:
            return Says.MORE
        return Says.LESS if self.high < self.said else Says.AS_FORETOLD


@dataclass(frozen=True, slots=True)
class ForetoldAndCame:
    """Everything of a period."""

    money: tuple[Held, ...]
    """Freight in all and by service, missing units, transfers, regret."""
    demand: tuple[Held, ...]
    """In all, then by speed of the item."""
    delivery: Delivery
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


def foretold_and_came(told: Told) -> ForetoldAndCame:
    """Hold what the period's decisions, plans and forecasts foretold against what came of it."""
    tables = {name: told.table(name) for name in ("shipments", "claims", "short_picks")}
    review = review_outcomes(
        told.served.values(),
        tables,
        told.company.network.costs,
        first=date.min,
        last=told.period.ends.astimezone(UTC).date(),
    )
    money = [
        Held(one.what, "", one.unit, one.foretold, one.actual, one.cases, one.cases, one.ratio, one.low, one.high, said)
        for one in review.foretold
        if (said := _FREIGHT if one.what == "freight" else _MISSING) and one.what != "late orders"
    ]
    money += [
        Held("freight", one.what, one.unit, one.foretold, one.actual, one.cases, one.cases, one.ratio, one.low,
             one.high, _FREIGHT)
        for one in review.by_service
    ]  # fmt: skip
    money += [one for one in (_transfers(told), _regret(told)) if one is not None]
    return ForetoldAndCame(tuple(money), tuple(_demand(told)), _delivery(told), tuple(_coverage(told)), review.notes)


_FREIGHT: Final = (
    "invoiced cents over base freight, fuel and surcharges foretold by the decision, of shipments whose every parcel is "
    "invoiced; whole orders are drawn for the interval"
)
_MISSING: Final = "units that pickers did not find over units expected missing by the terms of the plans chosen"
_TRANSFER: Final = (
    "realised net gain of judged transfer lines over the gain foretold for the units received; whole items are drawn"
)
_REGRET: Final = "regret under prices in hindsight over the regret expected when it was decided; whole days are drawn"
_DEMAND: Final = (
    "units sold over units foretold, of the forecasts that served, shelves out of stock left out; whole days are drawn"
)


def _transfers(told: Told) -> Held | None:
    lines = [
        line
        for plan in told.plans
        if told.period.holds(plan.made_at) and plan.id in told.plan_outcomes
        for line in told.plan_outcomes[plan.id].lines
        if told.within(str(line.destination))
    ]
    if not lines:
        return None
    foretold = np.array([line.foretold_cents for line in lines], np.float64)
    came = np.array([line.realised_cents for line in lines], np.float64)
    item = np.unique([str(line.sku) for line in lines], return_inverse=True)[1].astype(np.int64)
    return _held("transfer benefit", "", "cents", foretold, came, item, _TRANSFER)


def _regret(told: Told) -> Held | None:
    seen = told.regrets
    if seen.is_empty():
        return None
    day = seen["day"].to_physical().to_numpy().astype(np.int64)
    said, came = (seen[f"{name}_millicents"].to_numpy() / 1_000.0 for name in ("score", "regret"))
    return _held("expected regret", "", "cents", said, came, day, _REGRET)


def _demand(told: Told) -> list[Held]:
    served = told.scored[0].filter(pl.col("role") == "served")
    if served.is_empty():
        return []
    found = []
    segments: list[tuple[str, pl.DataFrame]] = [("", served)]
    segments += [(str(key[0]), part) for key, part in sorted(served.partition_by("velocity", as_dict=True).items())]
    segments += [(f"node {key[0]}", part) for key, part in sorted(served.partition_by("node", as_dict=True).items())]
    for name, part in segments:
        day = part["date"].to_physical().to_numpy().astype(np.int64)
        found.append(_held("demand", name, "units", part["mean"].to_numpy(), part["sold"].to_numpy(), day, _DEMAND))
    return found


def _held(
    what: str, segment: str, unit: str, foretold: np.ndarray[Any, Any], came: np.ndarray[Any, Any],
    block: np.ndarray[Any, Any], definition: str,
) -> Held:  # fmt: skip
    """A ratio of sums, with whole blocks drawn for its interval; none where the sum foretold is not above zero."""
    said = loss_ratio(came.astype(np.float64), foretold.astype(np.float64), block, seed=SEED)
    total = float(foretold.sum())
    return Held(
        what, segment, unit, total, float(came.sum()), len(came), said.blocks, said.ratio if total > 0 else nan,
        said.low if total > 0 else nan, said.high if total > 0 else nan, definition,
    )  # fmt: skip


# --- delivery --------------------------------------------------------------------------------------------------------


def _delivery(told: Told) -> Delivery:
    arrived = _arrived(told.table("shipments"))
    rows = []
    for name, record in told.served.items():
        came = arrived.get(str(name))
        assert record.choice is not None
        if came is None or record.commitment is None or came[0] < len(record.choice.shipments):
            continue
        chance = record.commitment.now_millionths / 1_000_000
        rows.append((chance, came[1] <= record.commitment.deliver_by, told.period.day(record.decided_at).toordinal()))
    chances = np.array([row[0] for row in rows], np.float64)
    kept = np.array([row[1] for row in rows], np.float64)
    day = np.array([row[2] for row in rows], np.int64)
    return calibration(chances, kept, day)


def calibration(
    chance: np.ndarray[tuple[int], np.dtype[np.float64]],
    kept: np.ndarray[tuple[int], np.dtype[np.float64]],
    day: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Delivery:
    """Probabilities against outcomes.

    Parameters
    ----------
    chance, kept, day
        Of each order: the probability foretold, 1.0 where it came true and 0.0 where not, and a number of its day, shape
        ``(order,)``.

    References
    ----------
    Brier (1950), Monthly Weather Review 78; Murphy (1973), Journal of Applied Meteorology 12, for the skill.

    Examples
    --------
    Two orders at 0.9 of which one came in time: (0.1² + 0.9²) / 2 = 0.41; always saying a half scores 0.25.

    >>> said = calibration(np.array([0.9, 0.9]), np.array([1.0, 0.0]), np.array([1, 1]))
    >>> round(said.brier, 6), said.climate, round(said.skill, 6), said.low != said.low
    (0.41, 0.25, -0.64, True)
    """
    bins = []
    for above, to in pairwise(BINS):
        inside = (chance > above) & (chance <= to) if above else chance <= to
        n, on_time = int(inside.sum()), int(kept[inside].sum())
        low, high = wilson(on_time, n)
        bins.append(CalibrationBin(above, to, n, float(chance[inside].mean()) if n else nan, on_time, low, high))
    n, share = kept.size, float(kept.mean()) if kept.size else nan
    brier = float(((chance - kept) ** 2).mean()) if n else nan
    climate = share * (1.0 - share) if n else nan
    said = loss_ratio((chance - kept) ** 2, (share - kept) ** 2, day, seed=SEED) if n else None
    return Delivery(
        tuple(bins), n, int(kept.sum()), brier, climate, 1.0 - said.ratio if said else nan,
        1.0 - said.high if said else nan, 1.0 - said.low if said else nan,
    )  # fmt: skip


def _arrived(shipments: pl.DataFrame | None) -> dict[str, tuple[int, date]]:
    """Shipments and the last day of each order that has arrived whole."""
    if shipments is None or "delivered_on" not in shipments.columns:
        return {}
    whole = shipments.group_by("order").agg(
        n=pl.len(), last=pl.col("delivered_on").max(), known=pl.col("delivered_on").is_not_null().all()
    )
    return {order: (n, last) for order, n, last in whole.filter("known").select("order", "n", "last").iter_rows()}


# --- intervals -------------------------------------------------------------------------------------------------------


def _coverage(told: Told) -> Sequence[Coverage]:
    days, sums = told.scored
    served = days.filter(pl.col("role") == "served")
    found = []
    for name, part in [
        ("", served),
        *((str(k[0]), p) for k, p in sorted(served.partition_by("velocity", as_dict=True).items())),
    ]:
        if not part.is_empty():
            cells = int(part["series"].sum())
            below = cells - float(part["above"].sum())
            found.append(_share("demand of a day", name, 0.975, below, part["date"].n_unique(), cells, _BELOW))
    for (length,), part in sorted(sums.filter(pl.col("role") == "served").partition_by("days", as_dict=True).items()):
        cells = int(part["series"].sum())
        inside = float((part["coverage"] * part["series"]).sum())
        # Sums of overlapping days move together: as many cases as there are whole stretches, not as there are rows.
        cases = max(1, part.height // max(1, int(str(length)))) * max(1, cells // max(1, part.height))
        found.append(_share(f"demand of {length} days", "", 0.95, inside, cases, cells, _SUMS))
    found += _etas(told)
    return found


_BELOW: Final = "share of item-nodes whose sales did not lie above the 97.5 % quantile of the day; the interval counts days as cases"
_SUMS: Final = "share of item-nodes whose sales over the days lay within the 95 % interval of their sum"
_ETA: Final = "share of transfers of the period received by the day foretold with this probability"


def _share(what: str, segment: str, said: float, within: float, cases: int, n: int, definition: str) -> Coverage:
    """A share over n cells that move together in so many cases: its interval is that of the cases (normal, Wilson's centre)."""
    share = within / n if n else nan
    low, high = wilson(round(share * cases), cases) if n else (nan, nan)
    return Coverage(what, segment, said, cases, share * cases, low, high, definition)


def _etas(told: Told) -> list[Coverage]:
    """Arrival of transfers against the days their plan lines foretold."""
    plans = {plan.id: plan for plan in told.plans if told.period.holds(plan.made_at)}
    early: dict[str, list[bool]] = {"half": [], "nine in ten": []}
    for transfer in told.transfers:
        plan = plans.get(transfer.plan)
        if plan is None or transfer.received_on is None or not told.within(str(transfer.destination)):
            continue
        lines = [
            e
            for e in plan.lines
            if (e.origin, e.destination, e.mode) == (transfer.origin, transfer.destination, transfer.mode)
        ]
        for name, days in (("half", [e.eta_p50 for e in lines]), ("nine in ten", [e.eta_p90 for e in lines])):
            known = [day for day in days if day is not None]
            if known:
                early[name].append(transfer.received_on <= max(known))
    found = []
    for name, said in (("half", 0.5), ("nine in ten", 0.9)):
        n, times = len(early[name]), sum(early[name])
        if n:
            low, high = wilson(times, n)
            found.append(Coverage("transfers received in time", name, said, n, float(times), low, high, _ETA))
    return found
