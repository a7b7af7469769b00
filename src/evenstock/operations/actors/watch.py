"""Watches what every actor does in the audit log, row by row, and says who acts as never before, in a sentence with its numbers.

Four things are looked at: how much in ten minutes, how large, which way, and at what hours. Each look is a p-value; what they add
up to has to reach a bound that is chosen so that an actor who goes on as before is stopped once in a hundred years or less
(`chances`). Everything is learnt from the rows alone, in one pass and in bounded memory. No clock of its own: the rows' moments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from evenstock.operations.actors.chances import rested, wagered
from evenstock.operations.actors.habit import (
    DOWN,
    HOURS,
    LEAST,
    UP,
    WINDOW_S,
    Expected,
    Habit,
    Habits,
    bin_of,
    expected,
    hour_chance,
    learn_window,
    rest,
    size_chance,
    size_of,
    way_chance,
    way_of,
)
from evenstock.operations.actors.quarantine import Because
from evenstock.operations.actors.seen import seen
from evenstock.operations.actors.standing import Aspect
from evenstock.operations.audit.rows import AuditRow

MOST_ACTORS: Final = 5_000
"""Watched at once; of those beyond, the one that did nothing for longest is forgotten and begins anew."""
FALSE_A_YEAR: Final = 0.01
"""Actors stopped in error that an actor's year may bring by chance alone: a quarter of it for each of the four aspects."""
_A_QUARTER: Final = FALSE_A_YEAR / 4
_KINDS_OF_WORK: Final = 5
_WINDOWS: Final = 365 * 86_400 // WINDOW_S * _KINDS_OF_WORK
SPELL_S: Final[Mapping[str, int]] = {"person": 600}
_MACHINE_SPELL_S: Final = 60
_SPELLS: Final = {True: 36_000, False: 365 * 1_440 * 3}
_HOURS: Final = {True: 2_500, False: 8_760}
WATCHED: Final = frozenset({"person", "integration", "agent"})
QUIET_S: Final = 3_600
"""Who was told of is not told of again so soon: a person who released him has the word."""
_REST_HOURS: Final = 6
_MOST_IN_SPELL: Final = 200


def bound(aspect: Aspect, kind: str) -> float:
    """Evidence at which an actor of this kind is stopped: its looks in a year over the false alarms that are bearable."""
    person = kind == "person"
    looks = {
        Aspect.RATE: _WINDOWS,
        Aspect.SIZE: _SPELLS[person],
        Aspect.DIRECTION: _SPELLS[person],
        Aspect.HOURS: _HOURS[person],
    }
    return looks[aspect] / _A_QUARTER


@dataclass(frozen=True, slots=True)
class Suspicion:
    """An actor that acts as never before."""

    actor: str
    """Whom to quarantine: of a run, whoever asked for it."""
    because: Because
    at: datetime
    """The last deed that it rests on."""


@dataclass
class Watch:
    """All actors of a company."""

    zone: tzinfo = UTC
    """In which hours are told apart: that of most nodes."""
    actors: dict[str, Habits] = field(default_factory=dict)
    pools: dict[str, Habits] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    """Actors who did something since the last `look`."""
    _hours: dict[int, int] = field(default_factory=dict)
    _found: list[Suspicion] = field(default_factory=list)

    # --- what is read --------------------------------------------------------------------------------------------
    def read(self, row: AuditRow) -> None:
        """Take in one row; rows of one actor come nearly in the order of their moments."""
        if '"kind":"system"' in row.said or '"kind":"nobody"' in row.said:
            return
        told = json.loads(row.said)
        who = told["who"]
        kind, behalf = who["kind"], who.get("on_behalf_of", "")
        if kind in WATCHED:
            name = target = who["id"]
        elif kind == "schedule" and behalf:
            # The worker at somebody's wish: habits of their own, and the wish is whose it is.
            name, target = f"worker for {behalf}", behalf
        else:
            return
        found = [one for one in (seen(row.about, deed) for deed in told["deeds"]) if one is not None]
        if not found:
            return
        at = row.at.timestamp()
        actor = self._actor(name, target, kind, at)
        actor.last_at = max(actor.last_at, at)
        self.changed.add(name)
        self._at_work(actor, at)
        for one in found:
            habit = actor.work.get(one.work)
            if habit is None:
                habit = actor.work[one.work] = Habit()
            self._counted(actor, one.work, habit, int(at // WINDOW_S))
            if one.size or one.way:
                self._in_spell(actor, one.work, habit, at, one.size, one.way)

    def look(self, now: datetime) -> list[Suspicion]:
        """Who is beyond his bound, the window that is not over yet included; each is told once, and begins anew."""
        at = now.timestamp()
        for name in list(self.changed):
            actor = self.actors[name]
            for work, habit in actor.work.items():
                self._look_at_rate(actor, work, habit)
                if habit.spell >= 0 and at >= (habit.spell + 1) * _spell_s(actor.kind):
                    self._end_spell(actor, work, habit)
            if at - actor.last_at > 2 * WINDOW_S:
                self.changed.discard(name)
        found, self._found = self._found, []
        return found

    def free(self, target: str) -> None:
        """Whoever was looked at and released begins anew; what he did counts as usual."""
        for actor in self.actors.values():
            if actor.target == target:
                actor.begin_anew()
                actor.quiet_until = 0.0

    # --- actors --------------------------------------------------------------------------------------------------
    def _actor(self, name: str, target: str, kind: str, at: float) -> Habits:
        actor = self.actors.get(name)
        window = int(at // WINDOW_S)
        if actor is None:
            if len(self.actors) >= MOST_ACTORS:
                oldest = min(self.actors, key=lambda one: self.actors[one].last_at)
                del self.actors[oldest]
                self.changed.discard(oldest)
            actor = self.actors[name] = Habits(kind, target, until=window, first=window)
        if window > actor.until:
            self._live(actor, window)
        return actor

    def _pool(self, kind: str) -> Habits:
        found = self.pools.get(kind)
        if found is None:
            found = self.pools[kind] = Habits(kind)
        return found

    def _others(self, kind: str, work: str) -> Habit:
        """What all of a kind do of this work."""
        there = self._pool(kind).work
        found = there.get(work)
        if found is None:
            found = there[work] = Habit()
        return found

    def _live(self, actor: Habits, until: int) -> None:
        """Count the windows that went by; at most those of four weeks."""
        pool = self._pool(actor.kind)
        day = until * WINDOW_S // 86_400
        pool.fade_to(day)
        actor.fade_to(day)
        window = max(actor.until, until - 28 * 144)
        while window < until:
            step = min(until, (window // 6 + 1) * 6) - window
            hour = self._hour(window * WINDOW_S)
            for one in (actor, pool):
                one.lived[hour] += step
                one.life += step
            window += step
        actor.until = until

    def _hour(self, at: float) -> int:
        """Hour of the week-day or week-end day there: 0 to 23 and 24 to 47."""
        number = int(at // 1_800)
        found = self._hours.get(number)
        if found is None:
            if len(self._hours) > 10_000:
                self._hours.clear()
            local = datetime.fromtimestamp(number * 1_800, self.zone)
            found = self._hours[number] = local.hour + (24 if local.weekday() >= 5 else 0)
        return found

    # --- how much ------------------------------------------------------------------------------------------------
    def _counted(self, actor: Habits, work: str, habit: Habit, window: int) -> None:
        if habit.window < 0:
            habit.window = window
        if window > habit.window:
            self._end_window(actor, work, habit, window)
        habit.count += 1

    def _end_window(self, actor: Habits, work: str, habit: Habit, window: int) -> None:
        pool, hour = self._pool(actor.kind), self._hour(habit.window * WINDOW_S)
        others = self._others(actor.kind, work)
        told = expected(actor, work, pool, hour)
        if told is not None:
            self._look_at_rate(actor, work, habit, told)
            habit.rate_evidence = wagered(habit.rate_evidence, told.chance(habit.count))
        learn_window(habit, others, habit.count, told, hour)
        gap = window - habit.window - 1
        if gap > 0:
            habit.rate_evidence = rested(habit.rate_evidence, gap)
            rest(habit, others, gap, told)
        habit.window, habit.count = window, 0

    def _look_at_rate(self, actor: Habits, work: str, habit: Habit, told: Expected | None = None) -> None:
        """Whether the window so far is too much already: what follows can only add to it."""
        if habit.count < LEAST:
            return
        hour = self._hour(habit.window * WINDOW_S)
        told = told or expected(actor, work, self._pool(actor.kind), hour)
        peak = habit.peak(hour)
        if told is None or habit.count < 2 * peak:
            return
        p = told.chance(habit.count)
        evidence = wagered(habit.rate_evidence, p)
        if evidence < bound(Aspect.RATE, actor.kind):
            return
        began = self._local(habit.window * WINDOW_S)
        days = max(1, min(28, (habit.window - actor.first) * WINDOW_S // 86_400))
        sentence = (
            f"made {habit.count:,} {work} in the ten minutes from {began}; {told.mean:,.1f} were to be expected, and in "
            f"{days} days there never were more than {habit.most:,} in ten minutes; {_rarity(p)}"
        )
        numbers = {
            "work": work, "count": habit.count, "expected": round(told.mean, 2), "most": habit.most, "peak": peak, "p": p
        }  # fmt: skip
        self._suspect(actor, Aspect.RATE, sentence, numbers, evidence)

    # --- how large, which way --------------------------------------------------------------------------------------
    def _in_spell(self, actor: Habits, work: str, habit: Habit, at: float, size: int, way: str) -> None:
        spell = int(at // _spell_s(actor.kind))
        if habit.spell >= 0 and spell > habit.spell:
            self._end_spell(actor, work, habit)
        habit.spell = max(spell, habit.spell)
        if size and len(habit.spell_sizes) < _MOST_IN_SPELL:
            habit.spell_sizes.append(bin_of(size))
        if way and (way in habit.spell_ways or len(habit.spell_ways) < _MOST_IN_SPELL):
            habit.spell_ways[way] = habit.spell_ways.get(way, 0) + 1

    def _end_spell(self, actor: Habits, work: str, habit: Habit) -> None:
        others = self._others(actor.kind, work)
        if habit.spell_sizes:
            self._size(actor, work, habit, others, sorted(habit.spell_sizes)[len(habit.spell_sizes) // 2])
        if habit.spell_ways:
            lane = max(sorted(habit.spell_ways), key=lambda one: habit.spell_ways[one])
            self._way(actor, work, habit, others, lane)
        habit.spell, habit.spell_sizes, habit.spell_ways = -1, [], {}

    def _size(self, actor: Habits, work: str, habit: Habit, others: Habit, bin_: int) -> None:
        p = size_chance(habit, others, bin_)
        if p is not None:
            habit.size_evidence = wagered(habit.size_evidence, p)
            habit.size_run = habit.size_run + 1 if p < 0.1 else 0
            if habit.size_evidence >= bound(Aspect.SIZE, actor.kind):
                middle, high = habit.typical_size(0.5), habit.typical_size(0.99)
                sentence = (
                    f"its {work} are of about {size_of(bin_):,}, {max(1, habit.size_run)} times in a row; usual are "
                    f"{middle:,}, and 99 in 100 were at most {high:,}; {_rarity(1 / habit.size_evidence)}"
                )
                numbers = {
                    "work": work, "size": size_of(bin_), "median": middle, "p99": high, "spells": habit.size_run
                }  # fmt: skip
                self._suspect(actor, Aspect.SIZE, sentence, numbers, habit.size_evidence)
        for one in (habit, others):
            one.sizes[bin_] = one.sizes.get(bin_, 0.0) + 1.0

    def _way(self, actor: Habits, work: str, habit: Habit, others: Habit, lane: str) -> None:
        way = way_of(habit, lane)
        p = way_chance(habit, others, way, actor.kind)
        if p is not None:
            habit.way_evidence = wagered(habit.way_evidence, p)
            habit.way_run = habit.way_run + 1 if p < 0.1 else 0
            if habit.way_evidence >= bound(Aspect.DIRECTION, actor.kind):
                done = sum(habit.ways.values())
                like = habit.ways.get(way, 0.0) / done if done else 0.0
                told = (
                    f"its {work} go {lane}"
                    if lane in {UP, DOWN}
                    else f"its {work} go from {lane}, against their usual way,"
                )
                sentence = (
                    f"{told} {max(1, habit.way_run)} times in a row; before, {like:.1%} of {done:,.0f} did; "
                    f"{_rarity(1 / habit.way_evidence)}"
                )
                numbers = {"work": work, "way": lane, "share_before": round(like, 4), "spells": habit.way_run}
                self._suspect(actor, Aspect.DIRECTION, sentence, numbers, habit.way_evidence)
        for one in (habit, others):
            one.ways[way] = one.ways.get(way, 0.0) + 1.0
        if lane not in {UP, DOWN} and (lane in habit.lanes or len(habit.lanes) < _MOST_IN_SPELL):
            habit.lanes[lane] = habit.lanes.get(lane, 0.0) + 1.0

    # --- when ------------------------------------------------------------------------------------------------------
    def _at_work(self, actor: Habits, at: float) -> None:
        number = int(at // 3_600)
        if number <= actor.hour:
            return
        hour, pool = self._hour(at), self._pool(actor.kind)
        if number - actor.hour > _REST_HOURS or number - actor.shift_began >= 24:
            for one in (actor, pool):
                for before in actor.shift:
                    one.hours[before] += 1.0
                one.hours_total += len(actor.shift)
            actor.shift, actor.shift_began = [], number
        actor.hour = number
        actor.shift.append(hour)
        p = hour_chance(actor, pool, hour)
        if p is not None:
            actor.hours_evidence = wagered(actor.hours_evidence, p)
            actor.hours_run = actor.hours_run + 1 if p < 0.1 else 0
            if actor.hours_evidence >= bound(Aspect.HOURS, actor.kind):
                seldom = actor.hours[hour] / max(actor.hours_total, 1e-9)
                day = "at week-ends" if hour >= HOURS // 2 else "on working days"
                sentence = (
                    f"was at work at {hour % 24:02d} o'clock {day}, the last of {max(1, actor.hours_run)} unusual hours in a "
                    f"row; {seldom:.1%} of its {actor.hours_total:,.0f} hours before were of that hour; "
                    f"{_rarity(1 / actor.hours_evidence)}"
                )
                numbers = {"hour": hour % 24, "weekend": hour >= HOURS // 2, "hours": actor.hours_run}
                self._suspect(actor, Aspect.HOURS, sentence, numbers, actor.hours_evidence)

    # --- what is told ----------------------------------------------------------------------------------------------
    def _suspect(self, actor: Habits, aspect: Aspect, sentence: str, numbers: dict[str, Any], evidence: float) -> None:
        actor.begin_anew()
        if actor.last_at < actor.quiet_until:
            return
        actor.quiet_until = actor.last_at + QUIET_S
        told = {**numbers, "evidence": float(f"{evidence:.3g}"), "bound": float(f"{bound(aspect, actor.kind):.3g}")}
        at = datetime.fromtimestamp(actor.last_at, UTC)
        self._found.append(Suspicion(actor.target, Because(aspect, sentence, told), at))

    def _local(self, at: float) -> str:
        return f"{datetime.fromtimestamp(at, self.zone):%Y-%m-%d %H:%M %Z}"

    def pairs(self) -> Iterator[tuple[str, Habits]]:
        """Everybody and every kind, under names to keep them by."""
        yield from ((f"actor:{name}", actor) for name, actor in self.actors.items())
        yield from ((f"kind:{kind}", pool) for kind, pool in self.pools.items())


def _spell_s(kind: str) -> int:
    return SPELL_S.get(kind, _MACHINE_SPELL_S)


def _rarity(p: float) -> str:
    """
    Examples
    --------
    >>> _rarity(3e-11), _rarity(0.0004)
    ('chance below 1 in 10 billion', 'chance below 1 in 1,000')
    """
    for of, words in ((1e12, "1,000 billion"), (1e10, "10 billion"), (1e9, "1 billion"), (1e8, "100 million")):
        if p <= 1 / of:
            return f"chance below 1 in {words}"
    for of, words in ((1e7, "10 million"), (1e6, "1 million"), (1e5, "100,000"), (1e4, "10,000")):
        if p <= 1 / of:
            return f"chance below 1 in {words}"
    return "chance below 1 in 1,000"
