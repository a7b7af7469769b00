"""Whether an actor that goes astray is found, how soon, and how often an honest one is taken for it.

Honest actors are simulated for a year: integrations that place orders around the clock with the hours of a shop, growth of 40 % a
year and five days of a big sale at up to six times the usual; agents that count shelves and move stock; people who work in bursts on
working days, late now and then. Their rows are read as the worker reads them. Then each goes astray in one way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Final

import numpy as np
from benchmarks.harness import report

from evenstock.operations.actors.watch import Suspicion, Watch
from evenstock.operations.audit.rows import AuditRow

BEGIN: Final = datetime(2026, 1, 5, tzinfo=UTC)
SALE: Final = (325, 326, 327, 328, 329)
"""Days of the year of the big sale: the Thursday to the Monday."""
SALE_AT: Final = {324: 1.3, 325: 2.5, 326: 6.0, 327: 3.5, 328: 3.5, 329: 6.0, 330: 2.0}
SHOP: Final = np.array(
    [2, 1, 1, 1, 1, 2, 3, 5, 7, 9, 11, 12, 12, 11, 10, 10, 10, 11, 13, 15, 16, 13, 8, 4], dtype=float
)
SHOP_HOURS: Final = SHOP / SHOP.mean()
YEARS: Final = float(os.environ.get("EVENSTOCK_ACTOR_YEARS", "1"))
EACH: Final = int(os.environ.get("EVENSTOCK_ACTORS", "8"))
Deeds = list[tuple[float, str]]
"""Moments in seconds since `BEGIN`, and what was said."""


def main() -> None:
    rng = np.random.default_rng(44)
    days = int(365 * YEARS)
    watch, read, spent = Watch(), 0, 0.0
    alarms: list[Suspicion] = []
    actors = [(kind, n) for kind in MAKERS for n in range(EACH)]
    scale = {one: float(np.exp(rng.normal(0.0, 0.7))) for one in actors}
    for day in range(days):
        deeds: Deeds = []
        for one in actors:
            deeds += MAKERS[one[0]](rng, day, one[1], scale[one])
        found, cpu, rows = _read(watch, deeds, day)
        alarms, spent, read = alarms + found, spent + cpu, read + rows
    actor_years = len(actors) * days / 365
    by_kind = {kind: sum(1 for one in alarms if kind in one.actor) for kind in MAKERS}
    told = [f"{one.at:%m-%d %H:%M} {one.actor}: {one.because.sentence}" for one in alarms]
    delays = {name: _delay(rng, watch, days, scale, name) for name in ASTRAY}
    report(
        "governance",
        {
            "actors_rows_read": read,
            "actors_cpu_s_per_100k_rows": 1e5 * spent / read,
            "actors_years": actor_years,
            "actors_false_alarms": len(alarms),
            "actors_false_alarms_a_year": len(alarms) / actor_years,
            **{f"actors_{name}_minutes": minutes for name, (minutes, _) in delays.items()},
        },
        [
            f"false alarms by kind: {by_kind}",
            *told[:20],
            *(f"{name}: {sentence}" for name, (_, sentence) in delays.items()),
        ],
    )


# --- who does what ---------------------------------------------------------------------------------------------------


def integration(rng: np.random.Generator, day: int, number: int, scale: float, busy: float = 1.0) -> Deeds:
    """Orders around the clock, thirty an hour."""
    week = 0.8 if (BEGIN + timedelta(days=day)).weekday() >= 5 else 1.0
    level = 30 * scale * week * 1.4 ** (day / 365) * SALE_AT.get(day % 365, 1.0) * busy
    moments = []
    for part in range(144):
        mean = level / 6 * SHOP_HOURS[part // 6] * rng.gamma(1 / 0.15, 0.15)
        moments += list(part * 600 + 600 * rng.random(rng.poisson(mean)))
    return [(at, _order(number, int(1 + rng.poisson(1.2)), int(rng.lognormal(8.2, 0.6)))) for at in moments]


def agent(
    rng: np.random.Generator, _day: int, number: int, scale: float, busy: float = 1.0, size: float = 1.0
) -> Deeds:
    """Counts shelves that lost units, eight an hour around the clock, a little more in the morning."""
    made: Deeds = []
    for part in range(144):
        mean = 8 / 6 * scale * (1.5 if 30 <= part < 66 else 0.85) * busy
        for at in part * 600 + 600 * rng.random(rng.poisson(mean * rng.gamma(2.0, 0.5))):
            units = max(1, int(size * rng.lognormal(1.2, 0.7)))
            made.append((at, _count("agent", number, units, up=rng.random() < 0.01)))
    return made


def person(rng: np.random.Generator, day: int, number: int, scale: float, _busy: float = 1.0) -> Deeds:
    """Adjusts stock and orders transfers in three to six bursts of a working day, seldom late or at a week-end."""
    weekend = (BEGIN + timedelta(days=day)).weekday() >= 5
    if rng.random() < (0.97 if weekend else 0.06):
        return []
    first, last = (13.0, 21.5) if rng.random() > 0.04 else (13.0, 25.0)
    peak = 2.0 if day % 365 in SALE_AT else 1.0
    made: Deeds = []
    for _ in range(rng.integers(3, 7)):
        at = 3_600 * (first + (last - first) * rng.random())
        for _ in range(1 + rng.geometric(1 / (6 * scale * peak))):
            at += rng.exponential(40)
            units = max(1, int(rng.lognormal(1.5, 0.9)))
            made.append((at, _count("person", number, units, up=rng.random() < 0.3)))
        if rng.random() < 0.5:
            made.append((at + 60, _transfer(number, "PA", "TX", max(1, int(rng.lognormal(3.5, 0.7))))))
    return made


MAKERS: Final[dict[str, Callable[..., Deeds]]] = {"integration": integration, "agent": agent, "person": person}


# --- and who goes astray -----------------------------------------------------------------------------------------------


def flood(rng: np.random.Generator, day: int, scale: float) -> tuple[str, Deeds]:
    """Ten times as many orders from noon."""
    calm, more = integration(rng, day, 0, scale), integration(rng, day, 0, scale, busy=10.0)
    return "key:integration-0", [one for one in calm if one[0] < _NOON] + [one for one in more if one[0] >= _NOON]


def twenty_times(rng: np.random.Generator, day: int, scale: float) -> tuple[str, Deeds]:
    """Shelves of twenty times the size from noon."""
    calm, large = agent(rng, day, 0, scale), agent(rng, day, 0, scale, size=20.0)
    return "key:agent-0", [one for one in calm if one[0] < _NOON] + [one for one in large if one[0] >= _NOON]


def upwards(rng: np.random.Generator, day: int, scale: float) -> tuple[str, Deeds]:
    """What was counted downwards goes up from noon."""
    turned = [
        (
            at,
            said
            if at < _NOON
            else said.replace("TX:outside", "?").replace("TX:available", "TX:outside").replace("?", "TX:available"),
        )
        for at, said in agent(rng, day, 0, scale)
    ]
    return "key:agent-0", turned


def by_night(_rng: np.random.Generator, _day: int, _scale: float) -> tuple[str, Deeds]:
    """Somebody's account is at work from midnight there on (05:00), three deeds in each quarter of an hour."""
    made: Deeds = [
        (3_600 * (5 + quarter / 4) + 60 * n, _count("person", 0, 4, up=False))
        for quarter in range(32)
        for n in range(3)
    ]
    return "person:person-0", made


ASTRAY: Final = {"flood_x10": flood, "size_x20": twenty_times, "direction": upwards, "night": by_night}
_NOON: Final = 12 * 3_600.0
_BEGINS: Final = {"night": 5 * 3_600.0}
_OF: Final = {"flood_x10": "integration", "size_x20": "agent", "direction": "agent", "night": "person"}


def _delay(
    rng: np.random.Generator, watch: Watch, days: int, scale: dict[tuple[str, int], float], name: str
) -> tuple[float, str]:
    """Minutes from the first deed astray to the alarm of a duty that looks once a minute; infinite where there is none."""
    # Tuesday after what was simulated; all that follows is forgotten again.
    day = days + (1 - (BEGIN + timedelta(days=days)).weekday()) % 7
    actor, deeds = ASTRAY[name](rng, day, scale[_OF[name], 0])
    watch = deepcopy(watch)
    watch.free(actor)
    begins = BEGIN.timestamp() + day * 86_400 + _BEGINS.get(name, _NOON)
    for found in _looked(watch, deeds, day):
        if found.actor == actor:
            return round((found_at(found) - begins) / 60, 1), found.because.sentence
    return float("inf"), "not found on that day"


def found_at(one: Suspicion) -> float:
    return 60.0 * (one.at.timestamp() // 60 + 1)


def _read(watch: Watch, deeds: Deeds, day: int) -> tuple[list[Suspicion], float, int]:
    deeds.sort()
    began = process_time()
    found = list(_looked(watch, deeds, day))
    return found, process_time() - began, len(deeds)


def _looked(watch: Watch, deeds: Deeds, day: int) -> Iterator[Suspicion]:
    """Read a day as the duty does: rows as they come, and a look each minute in which there were any."""
    midnight, minute = BEGIN.timestamp() + day * 86_400, 0
    for at, said in sorted(deeds):
        now = midnight + at
        if now // 60 > minute:
            yield from watch.look(datetime.fromtimestamp(now // 60 * 60, UTC))
            minute = int(now // 60)
        watch.read(AuditRow(0, 1, datetime.fromtimestamp(now, UTC), "x", said, b""))
    yield from watch.look(datetime.fromtimestamp(midnight + 90_000, UTC))


def _said(name: str, kind: str, deed: Mapping[str, object]) -> str:
    return json.dumps({"about": "x", "deeds": [deed], "who": {"id": name, "kind": kind, "through": "api"}})


def _order(number: int, units: int, cents: int) -> str:
    deed = {"did": "decide", "lines": [["MUG", units]], "cents": cents, "decision": "d", "digest": "sha256:" + "0" * 64}
    return _said(f"key:integration-{number}", "integration", deed)


def _count(kind: str, number: int, units: int, *, up: bool) -> str:
    way = ["TX:outside", "TX:available"] if up else ["TX:available", "TX:outside"]
    name = f"person:person-{number}" if kind == "person" else f"key:{kind}-{number}"
    return _said(name, kind, {"did": "count", "source": "count", "units": 9, "movements": [["m", units, *way]]})


def _transfer(number: int, origin: str, destination: str, units: int) -> str:
    deed = {
        "did": "put_transfer",
        "from_node": origin,
        "to_node": destination,
        "lines": [["MUG", units]],
        "state": "draft",
    }
    return _said(f"person:person-{number}", "person", deed)


if __name__ == "__main__":
    main()
