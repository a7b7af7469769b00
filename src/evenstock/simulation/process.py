"""The hidden process that customers of the made-up brand follow: history and future are drawn from it, never fitted to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.catalogue import CATEGORIES
from evenstock.simulation.markets import KINDS, Market

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

FUTURE_DAYS: Final = 120
"""Days beyond the history for which promotions are planned, and hence demand can be drawn."""
USUAL_SPEND: Final = 400.0
"""Dollars a day that marketing spends in the median."""
_TRAITS, _PROMOTIONS, _PAST, _OUTAGES, _FUTURE, _SPEND = range(6)
_CHUNK_DAYS: Final = 64


@dataclass(frozen=True, slots=True)
class DemandTraits:
    """How demand behaves, in numbers that can be argued with."""

    zipf: float = 1.05
    """Sales of the item of rank r go as (r + head) to the minus this (Zipf and Mandelbrot)."""
    head: float = 8.0
    """How many of the first items share the top."""
    rank_noise: float = 0.5
    """Standard deviation of the logarithm around that law."""
    taste: float = 0.25
    """Standard deviation of the logarithm of how much more one market likes an item than others do."""
    shared_dispersion: float = 0.06
    """Squared variation of a day that all markets share: something goes around."""
    own_dispersion: float = 0.25
    """And of each market alone."""
    level_step: float = 0.045
    """Standard deviation of a day's change of an item's log level: about 0.22 in four weeks."""
    market_step: float = 0.02
    """The same of a market's part in it."""
    pull: float = 0.005
    """Share of the way back to its mean that a level goes in a day."""
    trend: float = 0.2
    """Standard deviation of an item's growth in a year, as a logarithm."""
    launched: float = 0.06
    """Share of items that came during the history."""
    fading: float = 0.04
    """Share of items that go out, falling by half in two weeks."""
    promotion_every_days: int = 50
    promotion_days: int = 7
    promoted_share: float = 0.3
    """Of a category's items, each time."""
    promotion_lift: tuple[float, float] = (1.5, 2.6)
    outages_per_year: float = 0.35
    """Times an item is out of stock everywhere."""
    outage_days: float = 9.0
    monday: float = 1.06
    """Mondays over other weekdays."""
    payday: float = 1.0
    """Days on which wages come over other days; 1 where they do not show."""
    spend_elasticity: float = 0.0
    """Share by which demand rises for each share by which marketing spends more; 0 where nobody spends."""


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """Rates of every item and market by day, and what chance does to them. Days count from the first of the history."""

    seed: int
    first_day: date
    past_days: int
    traits: DemandTraits
    markets: tuple[Market, ...]
    home: Counts
    """Node that should serve each item in each market, shape ``(item, market)``."""
    n_nodes: int
    base: Floats
    """Units a day in a market with everything else at 1, shape ``(item, market)``."""
    category: Counts
    growth: Floats
    """Logarithm a year."""
    begin: Counts
    """First day of each item."""
    fade: Counts
    """Day from which it fades, far away for most."""
    lift: npt.NDArray[np.float32]
    """Promotion's factor by item and day, future included; 1 where there is none."""
    level: Floats
    """Log level of each item on the morning after the history."""
    market_level: Floats
    spend: Floats | None = None
    """Marketing's dollars by day, future included; None where demand does not follow them."""

    def calendar_factor(self, days: Counts) -> Floats:
        """Year, weekday, growth, launch and fading of each item and day, promotions included; shape ``(item, day)``."""
        when = [self.first_day + timedelta(days=int(d)) for d in days]
        of_year = np.array([d.timetuple().tm_yday for d in when])
        weekday = np.array([d.weekday() for d in when])
        season, peak, weekend = (
            np.array([getattr(c, name) for c in CATEGORIES])[self.category, None]
            for name in ("season", "peak_day", "weekend")
        )
        year = 1.0 + season * np.cos(2 * np.pi * (of_year[None, :] - peak) / 365.25)
        week = np.where(weekday[None, :] >= 5, weekend, np.where(weekday == 0, self.traits.monday, 1.0)[None, :])
        week = week / ((4.0 + self.traits.monday + 2.0 * weekend) / 7.0)
        growth = np.exp(self.growth[:, None] * (days[None, :] - self.past_days) / 365.0)
        fading = 0.5 ** (np.maximum(days[None, :] - self.fade[:, None], 0) / 14.0)
        alive = days[None, :] >= self.begin[:, None]
        found = np.asarray(year * week * growth * fading * alive * self.lift[:, days])
        if self.traits.payday != 1.0:
            found *= np.where([is_payday(d) for d in when], self.traits.payday, 1.0)
        if self.spend is not None:
            found *= (self.spend[days] / USUAL_SPEND) ** self.traits.spend_elasticity
        return found

    def draw(self, rate: Floats, rng: np.random.Generator) -> Counts:
        """Units wanted at these rates, shape ``(item, market, day)``: Poisson, with chance shared and own."""
        shared, own = self.traits.shared_dispersion, self.traits.own_dispersion
        n, _, days = rate.shape
        together = rng.gamma(1.0 / shared, shared, (n, 1, days))
        alone = rng.standard_gamma(np.float32(1.0 / own), rate.shape, dtype=np.float32) * np.float32(own)
        return rng.poisson(rate * together * alone)

    def at_nodes(self, units: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Markets added up to the nodes that should serve them: ``(item, market, ...)`` to ``(item, node, ...)``."""
        found = np.zeros((units.shape[0], self.n_nodes, *units.shape[2:]), dtype=units.dtype)
        rows = np.arange(units.shape[0])
        for m in range(units.shape[1]):
            # Two markets of one item may share a node, but a row meets each node once per market.
            found[rows, self.home[:, m]] += units[:, m]
        return found

    def future(self, days: int, draw: int = 0) -> tuple[Floats, Counts]:
        """Rates and units of the first `days` days after the history, shape ``(item, market, day)``.

        The same (seed, draw) gives the same days however many are asked for; other draws are other futures.
        """
        if not 1 <= days <= FUTURE_DAYS:
            raise ValueError(f"the future is drawn for 1 to {FUTURE_DAYS} days, not {days}")
        level, market_level = self.level.copy(), self.market_level.copy()
        ahead = self.calendar_factor(np.arange(self.past_days, self.past_days + days))
        rates, units = [], []
        for day in range(days):
            rng = np.random.default_rng([self.seed, _FUTURE, draw, day])
            level = _step(level, self.traits.level_step, self.traits.pull, rng)
            market_level = _step(market_level, self.traits.market_step, self.traits.pull, rng)
            rate = self.base * np.exp(level[:, None] + market_level) * ahead[:, day, None]
            rates.append(rate)
            units.append(self.draw(rate[:, :, None], rng)[:, :, 0])
        return np.stack(rates, axis=2), np.stack(units, axis=2)

    def expected(self, days: int) -> Floats:
        """Mean units of each day ahead as known on the morning after the history, shape ``(item, node, day)``.

        Chance to come is averaged over; what the levels are is known here, but to nobody in the world.
        """
        ahead = self.calendar_factor(np.arange(self.past_days, self.past_days + days))
        k = np.arange(1, days + 1)
        keep = 1.0 - self.traits.pull
        still = keep**k
        spread = (1.0 - keep ** (2 * k)) / (1.0 - keep**2)
        variance = (self.traits.level_step**2 + self.traits.market_step**2) * spread
        start = self.level[:, None, None] + self.market_level[:, :, None]
        rate = self.base[:, :, None] * np.exp(start * still + variance / 2.0) * ahead[:, None, :]
        return np.asarray(self.at_nodes(rate), dtype=np.float64)


def _step(level: Floats, step: float, pull: float, rng: np.random.Generator) -> Floats:
    return (1.0 - pull) * level + rng.normal(0.0, step, level.shape)


def make_process(
    items: pl.DataFrame,
    markets: tuple[Market, ...],
    *,
    n_nodes: int,
    units_per_day: float,
    first_day: date,
    days: int,
    seed: int,
    traits: DemandTraits,
) -> tuple[Process, Counts]:
    """A process whose mean is about `units_per_day`, and the history drawn from it, shape ``(item, market, day)``."""
    rng = np.random.default_rng([seed, _TRAITS])
    n = items.height
    rank = rng.permutation(n) + 1.0
    popular = (rank + traits.head) ** -traits.zipf * np.exp(rng.normal(0, traits.rank_noise, n))
    taste = np.exp(rng.normal(0, traits.taste, (n, len(markets))))
    base = popular[:, None] * taste * np.array([m.share for m in markets])
    # Levels vary around 1 in the logarithm, so their mean lies above it by half the variance.
    wandering = (traits.level_step**2 + traits.market_step**2) / (1.0 - (1.0 - traits.pull) ** 2)
    base *= units_per_day / base.sum() * np.exp(-wandering / 2.0)
    kind = np.array([KINDS.index(k) for k in items["requires"]])
    names = [c.name for c in CATEGORIES]
    launched, fading = rng.random(n) < traits.launched, rng.random(n) < traits.fading
    category = np.array([names.index(c) for c in items["category"]])
    stationary = 1.0 / np.sqrt(1.0 - (1.0 - traits.pull) ** 2)
    level = rng.normal(0, traits.level_step * stationary, n)
    market_level = rng.normal(0, traits.market_step * stationary, base.shape)
    process = Process(
        seed=seed,
        first_day=first_day,
        past_days=days,
        traits=traits,
        markets=markets,
        home=np.array([m.home for m in markets]).T[kind],
        n_nodes=n_nodes,
        base=base,
        category=category,
        growth=rng.normal(0, traits.trend, n),
        begin=np.where(launched, rng.integers(0, max(days, 1), n), 0),
        fade=np.where(fading, rng.integers(0, max(days, 1), n), 10**6),
        lift=_promotions(category, days + FUTURE_DAYS, np.random.default_rng([seed, _PROMOTIONS]), traits),
        level=level,
        market_level=market_level,
        spend=_spend(first_day, days + FUTURE_DAYS, np.random.default_rng([seed, _SPEND]))
        if traits.spend_elasticity
        else None,
    )
    units = _history(process, np.random.default_rng([seed, _PAST]))
    return process, units


def _promotions(category: Counts, days: int, rng: np.random.Generator, traits: DemandTraits) -> npt.NDArray[np.float32]:
    """Each category has its promotion weeks, each with some of its items."""
    lift = np.ones((category.size, days), dtype=np.float32)
    for code in range(len(CATEGORIES)):
        rows = np.flatnonzero(category == code)
        for begin in range(int(rng.integers(traits.promotion_every_days)), days, traits.promotion_every_days):
            chosen = rows[rng.random(rows.size) < traits.promoted_share]
            part = slice(begin, begin + traits.promotion_days)
            lift[chosen, part] = rng.uniform(*traits.promotion_lift, chosen.size)[:, None]
    return lift


def is_payday(day: date) -> bool:
    """Whether wages come: on the first and the fifteenth, and people shop on the day after as well.

    Examples
    --------
    >>> [k for k in range(1, 32) if is_payday(date(2026, 8, k))]
    [1, 2, 15, 16]
    """
    return day.day in (1, 2, 15, 16)


def _spend(first_day: date, days: int, rng: np.random.Generator) -> Floats:
    """Dollars of each day, set anew for each week from Monday on; half a good or bad week's mood stays for the next."""
    week = np.array([(first_day.weekday() + d) // 7 for d in range(days)])
    mood = np.zeros(int(week[-1]) + 1)
    shock = rng.normal(0.0, 0.35, mood.size)
    for k in range(mood.size):
        mood[k] = shock[k] + (0.5 * mood[k - 1] if k else 0.0)
    return np.asarray(np.rint(USUAL_SPEND * np.exp(mood[week])))


def _history(process: Process, rng: np.random.Generator) -> Counts:
    """Units of every day; leaves the process' levels where the last day left them."""
    n, m = process.base.shape
    units = np.zeros((n, m, process.past_days), dtype=np.int64)
    for begin in range(0, process.past_days, _CHUNK_DAYS):
        days = np.arange(begin, min(begin + _CHUNK_DAYS, process.past_days))
        level = np.empty((n, m, days.size))
        for k in range(days.size):
            process.level[:] = _step(process.level, process.traits.level_step, process.traits.pull, rng)
            process.market_level[:] = _step(process.market_level, process.traits.market_step, process.traits.pull, rng)
            level[:, :, k] = process.level[:, None] + process.market_level
        rate = process.base[:, :, None] * np.exp(level) * process.calendar_factor(days)[:, None, :]
        units[:, :, days] = process.draw(rate, rng)
    return units


def outages(process: Process) -> npt.NDArray[np.bool_]:
    """Days of the history on which an item was out of stock everywhere, shape ``(item, day)``."""
    rng = np.random.default_rng([process.seed, _OUTAGES])
    traits, days = process.traits, process.past_days
    out = np.zeros((process.base.shape[0], days), dtype=np.bool_)
    for item, times in enumerate(rng.poisson(traits.outages_per_year * days / 365.0, out.shape[0])):
        for _ in range(times):
            begin = int(rng.integers(days))
            out[item, begin : begin + 1 + int(rng.geometric(1.0 / traits.outage_days))] = True
    return out & (np.arange(days)[None, :] >= process.begin[:, None])
