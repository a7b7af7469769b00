"""The watch finds who goes astray, says why in numbers, and lets be who goes on as before; whatever it forgets and reads again."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from evenstock.operations.actors.chances import larger_than, more_than, rarer_than, wagered
from evenstock.operations.actors.habit import habits_of, plain
from evenstock.operations.actors.standing import Aspect
from evenstock.operations.actors.watch import FALSE_A_YEAR, MOST_ACTORS, Suspicion, Watch, bound
from evenstock.operations.audit.rows import AuditRow

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
KEY, ANA = "key:ek_0000000001", "person:ana@example.com"
Deed = dict[str, object]


def row(at: datetime, deed: Deed, who: str = KEY, kind: str = "agent", **more: str) -> AuditRow:
    said = {"about": "x", "deeds": [deed], "who": {"id": who, "kind": kind, **more}}
    return AuditRow(0, 1, at, "x", json.dumps(said), b"")


def count(units: int, *, up: bool = False) -> Deed:
    way = ["TX:outside", "TX:available"] if up else ["TX:available", "TX:outside"]
    return {"did": "count", "movements": [["m", units, *way]]}


def decided(units: int = 1) -> Deed:
    return {"did": "decide", "lines": [["MUG", units]], "cents": 900}


def fed(watch: Watch, rows: list[AuditRow]) -> list[Suspicion]:
    """Read and look once a minute, as the duty does."""
    found: list[Suspicion] = []
    minute = None
    for one in rows:
        if minute is not None and one.at >= minute + timedelta(minutes=1):
            found += watch.look(one.at)
            minute = one.at
        minute = minute or one.at
        watch.read(one)
    return found + watch.look(rows[-1].at + timedelta(minutes=2))


def agent_days(days: int, seed: int = 1, first: int = 0, who: str = KEY) -> Iterator[AuditRow]:
    """Counts of a few units downwards, some four each ten minutes around the clock."""
    rng = random.Random(seed)
    for day in range(first, first + days):
        for part in range(144):
            for _ in range(rng.choice((2, 3, 4, 4, 5, 7))):
                at = BEGIN + timedelta(days=day, minutes=10 * part, seconds=rng.random() * 600)
                yield row(at, count(rng.choice((1, 1, 2, 3, 5, 8)), up=rng.random() < 0.01), who)


def person_days(days: int, seed: int = 2) -> Iterator[AuditRow]:
    """From nine to five on working days, in Chicago."""
    rng, zone = random.Random(seed), ZoneInfo("America/Chicago")
    for day in range(days):
        on = (BEGIN + timedelta(days=day)).date()
        if on.weekday() < 5:
            for hour in range(9, 17):
                for _ in range(rng.randrange(1, 6)):
                    minute = rng.randrange(60)
                    at = datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone).astimezone(UTC)
                    yield row(at, count(rng.randrange(1, 20), up=rng.random() < 0.3), ANA, "person")


@pytest.fixture(scope="module")
def learnt() -> str:
    """A watch after four weeks of an agent and a person, as it is kept."""
    watch = Watch(ZoneInfo("America/Chicago"))
    rows = sorted([*agent_days(28), *person_days(28)], key=lambda one: one.at)
    assert fed(watch, rows) == [], "who goes on as before is let be"
    return json.dumps({name: plain(habits) for name, habits in watch.pairs()})


def resumed(learnt: str) -> Watch:
    watch = Watch(ZoneInfo("America/Chicago"))
    for name, body in json.loads(learnt).items():
        kind, _, rest = name.partition(":")
        (watch.actors if kind == "actor" else watch.pools)[rest] = habits_of(body)
    return watch


def on_day(day: int, hour: float, minute: float = 0.0) -> datetime:
    return BEGIN + timedelta(days=day, hours=hour, minutes=minute)


def test_a_flood_is_found_in_minutes_and_told_in_numbers(learnt: str) -> None:
    flood = [row(on_day(28, 12, n / 20), count(2)) for n in range(400)]
    found = fed(resumed(learnt), flood)[0]
    assert (found.actor, found.because.aspect) == (KEY, Aspect.RATE)
    assert found.at - flood[0].at < timedelta(minutes=11)
    assert "stock adjustments in the ten minutes from 2026-02-02 06:00 CST" in found.because.sentence
    assert f"in 28 days there never were more than {found.because.evidence['most']} in ten" in found.because.sentence
    assert found.because.evidence["p"] < 1e-6


def test_twice_as_much_for_an_hour_is_no_flood(learnt: str) -> None:
    busy = [row(on_day(28, 12, n * 60 / 48), count(2)) for n in range(48)]
    assert fed(resumed(learnt), busy) == []


def test_what_is_twenty_times_as_large_is_found(learnt: str) -> None:
    rng = random.Random(5)
    large = [row(on_day(28, 12, 2.5 * n), count(20 * rng.choice((1, 2, 3, 5, 8)))) for n in range(60)]
    found = fed(resumed(learnt), large)[0]
    assert (found.actor, found.because.aspect) == (KEY, Aspect.SIZE)
    assert found.at - large[0].at < timedelta(minutes=60)
    assert "99 in 100 were at most" in found.because.sentence


def test_half_as_much_again_is_not(learnt: str) -> None:
    rng = random.Random(5)
    larger = [row(on_day(28, 12, 2.5 * n), count(round(1.5 * rng.choice((1, 2, 3, 5, 8))))) for n in range(200)]
    assert fed(resumed(learnt), larger) == []


def test_who_counted_downwards_and_now_goes_up_is_found(learnt: str) -> None:
    up = [row(on_day(28, 12, 2.5 * n), count(3, up=True)) for n in range(60)]
    found = fed(resumed(learnt), up)[0]
    assert (found.actor, found.because.aspect) == (KEY, Aspect.DIRECTION)
    assert "go up" in found.because.sentence
    # A few among others are what it did before.
    mixed = [row(on_day(28, 12, 2.5 * n), count(3, up=n % 20 == 0)) for n in range(200)]
    assert fed(resumed(learnt), mixed) == []


def test_lanes_are_known_by_their_usual_way() -> None:
    def moved(at: datetime, origin: str, destination: str) -> AuditRow:
        deed: Deed = {"did": "put_transfer", "from_node": origin, "to_node": destination, "lines": [["MUG", 40]]}
        return row(at, deed, "key:wms", "integration")

    watch = Watch()
    usual = [moved(on_day(n // 24, n % 24), "PA", "TX" if n % 3 else "CA") for n in range(24 * 20)]
    new = [moved(on_day(20, n / 4), "PA", "OH") for n in range(80)]
    assert fed(watch, usual + new) == [], "a new lane is no flip"
    back = [moved(on_day(21, n / 4), "TX", "PA") for n in range(80)]
    found = fed(watch, back)
    assert found[0].because.aspect is Aspect.DIRECTION
    assert "go from TX to PA, against their usual way" in found[0].because.sentence


def test_somebodys_account_at_night_is_found_by_the_hours_of_the_place(learnt: str) -> None:
    """From eleven at night in Chicago, which is 05:00 UTC; somebody who stays two hours longer is let be."""
    night = [row(on_day(28, 5, 20 * n), count(4), ANA, "person") for n in range(27)]
    found = fed(resumed(learnt), night)[0]
    assert (found.actor, found.because.aspect) == (ANA, Aspect.HOURS)
    assert found.at - night[0].at <= timedelta(hours=7)
    assert "o'clock on working days" in found.because.sentence
    late = [row(on_day(28, 15, 20 * n), count(4), ANA, "person") for n in range(31)]
    assert fed(resumed(learnt), late) == []


def test_each_is_told_once_and_begins_anew(learnt: str) -> None:
    watch = resumed(learnt)
    flood = [row(on_day(28, 12, n / 20), count(2)) for n in range(190)]
    assert len(fed(watch, flood)) == 1
    assert watch.look(on_day(28, 13)) == []


def test_of_a_run_whoever_asked_for_it_answers() -> None:
    watch = Watch()
    by_worker = row(BEGIN, count(3), "schedule", "schedule", on_behalf_of=ANA)
    watch.read(by_worker)
    assert watch.actors[f"worker for {ANA}"].target == ANA
    for who, kind in (("schedule", "schedule"), ("nobody", "nobody"), ("system", "system"), ("user:root", "user")):
        watch.read(row(BEGIN, count(3), who, kind))
    assert list(watch.actors) == [f"worker for {ANA}"]


def test_a_new_actor_leans_on_its_kind_and_alone_on_nothing() -> None:
    """Nobody is stopped on his first day of all; where others of his kind are known, a newcomer's flood is a flood."""
    flood = [row(on_day(10, 12, n / 400), decided(), "key:new", "integration") for n in range(4_000)]
    assert fed(Watch(), flood) == []
    watch = Watch()
    rng = random.Random(3)
    known = [
        row(on_day(day, hour, rng.random() * 60), decided(), f"key:shop-{n}", "integration")
        for day in range(10)
        for hour in range(24)
        for n in range(4)
        for _ in range(6)
    ]
    assert fed(watch, sorted(known, key=lambda one: one.at)) == []
    assert [one.actor for one in fed(watch, flood)] == ["key:new"]


def test_what_is_kept_and_taken_up_comes_to_the_same(learnt: str) -> None:
    rows = list(agent_days(2, seed=9, first=28)) + [row(on_day(30, 12, n / 20), count(2)) for n in range(400)]
    whole, first = resumed(learnt), resumed(learnt)
    told = fed(whole, rows)
    fed(first, rows[:300])
    again = resumed(json.dumps({name: plain(habits) for name, habits in first.pairs()}))
    assert [one.because.aspect for one in fed(again, rows[300:])] == [one.because.aspect for one in told]


def test_memory_is_bounded() -> None:
    watch = Watch()
    for n in range(MOST_ACTORS + 50):
        watch.read(row(BEGIN + timedelta(seconds=n), count(1 + n % 999), f"key:{n}", "agent"))
    assert len(watch.actors) == MOST_ACTORS
    assert "key:0" not in watch.actors
    for n in range(20_000):
        watch.read(row(BEGIN + timedelta(minutes=n), count(1 + n**3), "key:one", "agent"))
    assert len(json.dumps(plain(watch.actors["key:one"]))) < 12_000


def test_wagers_make_nothing_out_of_chance() -> None:
    """On average a wager on a uniform p is worth 1, so evidence grows by at most one a look while nothing has changed."""
    rng = random.Random(11)
    n = 200_000
    # The wager at p is 0.1 p^-0.9; its mean over uniform p is exactly 1, and most of it lies in p that are seldom seen.
    seen = sum(min(wagered(0.0, rng.random()), 100.0) for _ in range(n)) / n
    assert 0.3 < seen <= 1.0
    runs, most = 0, bound(Aspect.HOURS, "person")
    evidence = 0.0
    for _ in range(n):
        evidence = wagered(evidence, rng.random())
        if evidence >= most:
            runs, evidence = runs + 1, 0.0
    assert runs <= 3, "n looks over the bound are a fifth of an alarm"


def test_bounds_follow_from_the_false_alarms_of_a_year() -> None:
    assert bound(Aspect.RATE, "agent") == pytest.approx(365 * 144 * 5 / (FALSE_A_YEAR / 4))
    assert bound(Aspect.HOURS, "person") == 1_000_000


def test_chances() -> None:
    # Poisson with mean 3: P(X >= 2) = 1 - 4 e^-3.
    assert more_than(2, 3.0, 1e-7) == pytest.approx(1 - 4 * 2.718281828**-3, rel=1e-4)
    assert more_than(0, 3.0, 1.0) == 1.0
    own = {0: 50.0, 4: 40.0, 8: 9.0}
    assert larger_than(8, own, {}, 60.0, 0.17) == pytest.approx(10 / 100)
    beyond = [larger_than(at, own, {}, 60.0, 0.17) for at in (9, 12, 20, 40)]
    assert beyond[0] < 1 / 100
    assert beyond == sorted(beyond, reverse=True)
    # The kind counts for at most sixty of one's own, however many there are.
    assert larger_than(20, {0: 60.0}, {20: 1e6}, 60.0, 0.17) == pytest.approx(61 / 121)
    assert rarer_than([0.7, 0.2, 0.07, 0.03], 2) == pytest.approx(0.1)
