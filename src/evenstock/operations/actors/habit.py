"""What an actor usually does, learnt from what it did, and how unusual what it does now is.

One `Habits` an actor, with one `Habit` for each kind of work, and one more for each kind of actor, to which new ones lean. All
counts fade, half in four weeks. Its size is bounded: 48 hours (working days and week-ends apart), some tens of sizes, three ways.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar

from evenstock.operations.actors.chances import larger_than, more_than, rarer_than

Key = TypeVar("Key", int, str)
WINDOW_S: Final = 600
HOURS: Final = 48
_A_DAY: Final = 86_400 // WINDOW_S
HALF_LIFE_DAYS: Final = 28
STEP: Final = math.log(2.0) / 4
"""Sizes are told apart by a quarter of a doubling."""
TWICE: Final = 4
"""Bins of a doubling: a size counts as unusual only where half of it would be."""
ENOUGH_WINDOWS: Final = 3 * _A_DAY
ENOUGH_SPELLS: Final = 30
ENOUGH_HOURS: Final = 40
ENOUGH_WEEKS: Final = 14 * _A_DAY
"""Two week-ends seen before an hour can be unusual."""
LEAN: Final = 60.0
LEAST: Final = 30
"""Deeds in ten minutes under which nobody is too fast."""
_SHAPE: Final = 0.25
"""Of the Gamma of mean rates among actors of one kind: their standard deviation is twice their mean."""
_HOURS_LEAN: Final = 12.0
_RECENT: Final = 0.5 ** (1 / 36)
"""How recent work fades: half in six hours."""
_MOST_RECENT: Final = 4.0
DISPERSION: Final[Mapping[str, float]] = {"person": 8.0, "schedule": 2.0}
LEAST_DISPERSION: Final = 0.3
"""However even an actor was, its rate may itself be Gamma with a deviation of half its mean: a big sale is no attack."""
RAREST_WAY: Final[Mapping[str, float]] = {"person": 0.01}
RAREST_HOUR: Final = 0.003
UP, DOWN, ALONG, AGAINST = "up", "down", "along", "against"


@dataclass(slots=True)
class Habit:
    """One kind of work of one actor."""

    counts: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    total: float = 0.0
    above: float = 0.0
    """Sum of (x - m)^2 - m over windows: what a Poisson does not explain."""
    square: float = 0.0
    """Sum of m^2 over the same windows."""
    windows: float = 0.0
    peaks: list[int] = field(default_factory=lambda: [0] * HOURS)
    peaks_before: list[int] = field(default_factory=lambda: [0] * HOURS)
    recent: float = 0.0
    recent_mean: float = 0.0
    window: int = -1
    count: int = 0
    rate_evidence: float = 0.0
    sizes: dict[int, float] = field(default_factory=dict)
    spell: int = -1
    spell_sizes: list[int] = field(default_factory=list)
    spell_ways: dict[str, int] = field(default_factory=dict)
    size_evidence: float = 0.0
    size_run: int = 0
    ways: dict[str, float] = field(default_factory=dict)
    lanes: dict[str, float] = field(default_factory=dict)
    way_evidence: float = 0.0
    way_run: int = 0

    def fade(self, factor: float) -> None:
        self.counts = [one * factor for one in self.counts]
        self.total *= factor
        self.above, self.square, self.windows = self.above * factor, self.square * factor, self.windows * factor
        self.sizes, self.ways, self.lanes = (
            _faded(self.sizes, factor),
            _faded(self.ways, factor),
            _faded(self.lanes, factor),
        )

    def shift_peaks(self) -> None:
        """Begin another fortnight of greatest counts; the one before still counts."""
        self.peaks_before, self.peaks = self.peaks, [0] * HOURS

    def peak(self, hour: int) -> int:
        """Most in ten minutes about this hour in the last two to four weeks; at least a quarter of the most at any hour."""
        near = (hour, *beside(hour))
        whole = max(*self.peaks, *self.peaks_before)
        return max(whole // 4, *(self.peaks[n] for n in near), *(self.peaks_before[n] for n in near))

    @property
    def most(self) -> int:
        return max(*self.peaks, *self.peaks_before)

    def typical_size(self, share: float) -> int:
        """The size that so many of its spells do not exceed."""
        left = share * sum(self.sizes.values())
        for at, weight in sorted(self.sizes.items()):
            left -= weight
            if left <= 0:
                return size_of(at)
        return 0

    def begin_anew(self) -> None:
        """No evidence so far counts any more."""
        self.rate_evidence = self.size_evidence = self.way_evidence = 0.0
        self.size_run = self.way_run = 0


@dataclass(slots=True)
class Habits:
    """One actor, or all of a kind together."""

    kind: str
    target: str = ""
    """Who is quarantined for it; empty for a kind."""
    lived: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    """Windows since it was first seen, by hour."""
    life: float = 0.0
    until: int = -1
    """The first window not counted in `lived` yet."""
    first: int = -1
    day: int = -1
    hours: list[float] = field(default_factory=lambda: [0.0] * HOURS)
    """Hours at work."""
    hours_total: float = 0.0
    hour: int = -1
    shift: list[int] = field(default_factory=list)
    """Hours at work since it last rested: learnt when it is over, so that an odd night does not make itself usual."""
    shift_began: int = -1
    hours_evidence: float = 0.0
    hours_run: int = 0
    last_at: float = 0.0
    quiet_until: float = 0.0
    """Told not long ago: nothing more is said of it before."""
    work: dict[str, Habit] = field(default_factory=dict)

    def fade_to(self, day: int) -> None:
        """Let four weeks halve what was learnt; called once a day."""
        if self.day < 0:
            self.day = day
        days = day - self.day
        if days <= 0:
            return
        factor = 0.5 ** (days / HALF_LIFE_DAYS)
        self.lived = [one * factor for one in self.lived]
        self.hours = [one * factor for one in self.hours]
        self.life, self.hours_total = self.life * factor, self.hours_total * factor
        for habit in self.work.values():
            habit.fade(factor)
            if day // 14 != self.day // 14:
                habit.shift_peaks()
        self.day = day

    def begin_anew(self) -> None:
        self.hours_evidence, self.hours_run = 0.0, 0
        for habit in self.work.values():
            habit.begin_anew()


@dataclass(frozen=True, slots=True)
class Expected:
    """What ten minutes bring."""

    mean: float
    dispersion: float
    """With the doubt about the mean."""
    usual: float
    """Mean without what was unusual about the last hours."""

    def chance(self, count: int) -> float:
        return more_than(count, self.mean, self.dispersion)


def expected(actor: Habits, name: str, pool: Habits, hour: int) -> Expected | None:
    """How many deeds of a kind of work a window at this hour brings; None while neither the actor nor its kind is known.

    The actor's mean is Gamma about that of its kind, its hours lean on its kind's, its recent hours count up to four times.
    """
    habit, others = actor.work.get(name), pool.work.get(name)
    known = pool.life - actor.life >= ENOUGH_WINDOWS and others is not None and others.total > 0
    if actor.life < ENOUGH_WINDOWS and not known:
        return None
    habit = habit or Habit()
    alpha = _dispersion(habit, others, actor.kind)
    own = habit.total / actor.life if actor.life > 0 else 0.0
    discount = 1.0 + alpha * own
    shape = _SHAPE + habit.total / discount
    if known and others is not None:
        usual = others.total / pool.life
        mean = shape / (_SHAPE / usual + actor.life / discount)
        at = _smooth(others.counts, hour) / max(_smooth(pool.lived, hour), 1e-9) / usual if pool.life else 1.0
    else:
        mean, at = (habit.total + 0.5) / (actor.life + 1.0), 1.0
    local = (_smooth(habit.counts, hour) + _HOURS_LEAN * mean * at) / (_smooth(actor.lived, hour) + _HOURS_LEAN)
    busy = min(_MOST_RECENT, max(1.0, (habit.recent + 2.0) / (habit.recent_mean + 2.0)))
    return Expected(max(local * busy, 1e-3), alpha + (1.0 + alpha) / shape, local)


def learn_window(habit: Habit, others: Habit, count: int, told: Expected | None, hour: int) -> None:
    """What a window brought, at most four times what was expected: nobody teaches us in one go that floods are usual."""
    mean = told.mean if told is not None else float(count)
    taken = min(count, int(4 * mean) + LEAST) if told is not None else count
    for one in (habit, others):
        one.counts[hour] += taken
        one.total += taken
        one.peaks[hour] = max(one.peaks[hour], taken)
        if told is not None:
            one.above += (taken - mean) ** 2 - mean
            one.square += mean * mean
            one.windows += 1.0
    habit.recent = habit.recent * _RECENT + taken
    habit.recent_mean = habit.recent_mean * _RECENT + (told.usual if told is not None else mean)


def rest(habit: Habit, others: Habit, windows: int, told: Expected | None) -> None:
    """Windows without any of this work; of a long pause the first six hours say how uneven the work is."""
    faded = _RECENT ** min(windows, 500)
    habit.recent, habit.recent_mean = habit.recent * faded, habit.recent_mean * faded
    if told is not None:
        near = min(windows, _A_DAY // 4)
        for one in (habit, others):
            one.above += near * (told.mean**2 - told.mean)
            one.square += near * told.mean**2
            one.windows += near


def size_chance(habit: Habit, others: Habit, bin_: int) -> float | None:
    """Chance that half of such a size, or more, comes next; None while too little is known."""
    if sum(habit.sizes.values()) < ENOUGH_SPELLS and sum(others.sizes.values()) < LEAN:
        return None
    return larger_than(bin_ - TWICE, habit.sizes, others.sizes, LEAN, STEP)


def way_of(habit: Habit, way: str) -> str:
    """`up` or `down` as it is; of a lane whether it goes along with, or against, what this actor moves."""
    if way in {UP, DOWN}:
        return way
    origin, _, destination = way.partition(" to ")
    back = habit.lanes.get(f"{destination} to {origin}", 0.0)
    return AGAINST if back > habit.lanes.get(way, 0.0) else ALONG


def way_chance(habit: Habit, others: Habit, way: str, kind: str) -> float | None:
    """Chance of going this way; None while too little is known."""
    pair = (UP, DOWN) if way in {UP, DOWN} else (ALONG, AGAINST)
    n = sum(habit.ways.get(one, 0.0) for one in pair)
    if n < ENOUGH_SPELLS:
        return None
    pooled = sum(others.ways.get(one, 0.0) for one in pair)
    share = [
        (habit.ways.get(one, 0.0) + 2.0 * (others.ways.get(one, 0.0) + 1.0) / (pooled + 2.0)) / (n + 2.0)
        for one in pair
    ]
    return max(RAREST_WAY.get(kind, 0.005), rarer_than(share, pair.index(way)))


def hour_chance(actor: Habits, pool: Habits, hour: int) -> float | None:
    """Chance to be at work at an hour that is no more usual than three times this one; None while too little is known."""
    if actor.hours_total < ENOUGH_HOURS or actor.until - actor.first < ENOUGH_WEEKS:
        return None
    others = max(pool.hours_total, 1e-9)
    lean = [6.0 * _smooth(pool.hours, h) / (2.0 * others) + 0.5 / HOURS for h in range(HOURS)]
    raw = [_smooth(actor.hours, h) / 2.0 + lean[h] for h in range(HOURS)]
    whole = sum(raw)
    return max(RAREST_HOUR, rarer_than([one / whole for one in raw], hour, margin=3.0))


def beside(hour: int) -> tuple[int, int]:
    """The hours before and after, of the same kind of day."""
    half = hour // 24 * 24
    return half + (hour - half - 1) % 24, half + (hour - half + 1) % 24


def bin_of(size: int) -> int:
    """
    Examples
    --------
    >>> bin_of(1), bin_of(2), bin_of(40), size_of(bin_of(40))
    (0, 4, 21, 38)
    """
    return round(math.log(max(size, 1)) / STEP)


def size_of(bin_: int) -> int:
    return round(math.exp(bin_ * STEP))


def plain(value: Any) -> Any:
    """As JSON; numbers to six digits."""
    if isinstance(value, (Habit, Habits)):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def habits_of(body: Mapping[str, Any]) -> Habits:
    """From JSON."""
    work = {name: Habit(**{**one, "sizes": _numbered(one["sizes"])}) for name, one in body["work"].items()}
    return Habits(**{**body, "work": work})


def _faded(table: dict[Key, float], factor: float) -> dict[Key, float]:
    """What has nearly faded away is forgotten."""
    return {key: weight * factor for key, weight in table.items() if weight * factor >= 0.01}


def _numbered(sizes: Mapping[str, float]) -> dict[int, float]:
    return {int(at): weight for at, weight in sizes.items()}


def _dispersion(habit: Habit, others: Habit | None, kind: str) -> float:
    """The actor's own, as far as it is known; else that of its kind."""
    base = DISPERSION.get(kind, 1.0)
    for one in (others, habit):
        if one is not None and one.square > 0:
            known = one.windows / (one.windows + 200.0)
            base = known * max(one.above / one.square, 0.0) + (1.0 - known) * base
    return min(60.0, max(LEAST_DISPERSION, base))


def _smooth(values: list[float], hour: int) -> float:
    before, after = beside(hour)
    return values[hour] + 0.5 * (values[before] + values[after])
