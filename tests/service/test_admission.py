"""Who gets a place when there are fewer than are wanted, and that no place is ever lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.service.admission import SHARES, Admission, Load, Share
from evenstock.service.http.problems import Problem


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


async def hold(admission: Admission, load: Load, until: asyncio.Event, seen: list[Load] | None = None) -> str:
    try:
        async with admission.place(load):
            if seen is not None:
                seen.append(load)
            await until.wait()
    except Problem as problem:
        return problem.code.name
    return "served"


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_the_less_a_class_matters_the_fewer_places_it_may_hold() -> None:
    at_once = [SHARES[load].at_once for load in Load]
    assert at_once == sorted(at_once, reverse=True)
    assert len(set(at_once)) == len(at_once)


def test_reports_leave_places_for_the_floor() -> None:
    async def work() -> None:
        admission, over = Admission(), asyncio.Event()
        reports = [asyncio.create_task(hold(admission, Load.REPORT, over)) for _ in range(10)]
        await settle()
        assert admission.busy == SHARES[Load.REPORT].at_once
        floor = asyncio.create_task(hold(admission, Load.RESERVE, over))
        await settle()
        assert admission.busy == SHARES[Load.REPORT].at_once + 1
        over.set()
        assert await floor == "served"
        await asyncio.gather(*reports)
        assert admission.busy == 0

    run(work)


def test_a_full_line_refuses_at_once_and_says_when_to_come_back() -> None:
    async def work() -> None:
        admission = Admission({load: Share(1, 2, 3.0) for load in Load})
        over = asyncio.Event()
        held = [asyncio.create_task(hold(admission, Load.ROUTE, over)) for _ in range(3)]
        await settle()
        with pytest.raises(Problem, match="wait already") as refused:
            async with admission.place(Load.ROUTE):
                pass
        assert refused.value.code.status == 503
        assert refused.value.headers["Retry-After"] == "3"
        assert admission.refused[Load.ROUTE] == 1
        over.set()
        assert await asyncio.gather(*held) == ["served"] * 3

    run(work)


def test_who_would_wait_in_vain_is_refused_at_once() -> None:
    async def work() -> None:
        admission = Admission({load: Share(1, 100, 1.0) for load in Load})
        admission._held_s[Load.ROUTE] = 0.3  # three wait up to 0.9 s, a fourth 1.2 s
        over = asyncio.Event()
        held = [asyncio.create_task(hold(admission, Load.ROUTE, over)) for _ in range(5)]
        await settle()
        assert admission.waiting(Load.ROUTE) == 3
        assert admission.refused[Load.ROUTE] == 1
        over.set()
        assert sorted(await asyncio.gather(*held)) == ["overloaded", "served", "served", "served", "served"]

    run(work)


def test_impatience_refuses_and_leaves_the_line() -> None:
    async def work() -> None:
        admission = Admission({load: Share(1, 10, 0.01) for load in Load})
        over = asyncio.Event()
        first = asyncio.create_task(hold(admission, Load.ROUTE, over))
        await settle()
        assert await hold(admission, Load.ROUTE, over) == "overloaded"
        assert admission.waiting(Load.ROUTE) == 0
        over.set()
        assert await first == "served"
        assert admission.busy == 0

    run(work)


def test_places_held_very_long_once_refuse_nobody_who_comes_first() -> None:
    """After the database stood still, say: who is let in is quick again, and only so does anybody learn of it."""

    async def work() -> None:
        admission = Admission()
        admission._held_s[Load.ROUTE] = 60.0
        waiting = 0
        admission.beside[Load.ROUTE] = lambda: waiting
        admission.require_room(Load.ROUTE, 16)
        waiting = 1
        with pytest.raises(Problem, match="wait already"):
            admission.require_room(Load.ROUTE, 16)

    run(work)


def test_what_matters_more_comes_first() -> None:
    async def work() -> None:
        admission = Admission({load: Share(1, 10, 5.0) for load in Load})
        gates = [asyncio.Event() for _ in range(4)]
        seen: list[Load] = []
        wanted = (Load.ROUTE, Load.REPORT, Load.CONSOLE, Load.RESERVE)
        tasks = []
        for load, gate in zip(wanted, gates, strict=True):
            tasks.append(asyncio.create_task(hold(admission, load, gate, seen)))
            await settle()
        for gate in gates:
            gate.set()
        await asyncio.gather(*tasks)
        assert seen == [Load.ROUTE, Load.RESERVE, Load.CONSOLE, Load.REPORT]

    run(work)


@given(st.lists(st.tuples(st.sampled_from(list(Load)), st.integers(0, 3), st.booleans()), max_size=40))
def test_no_place_is_lost_whoever_goes_away(wanted: list[tuple[Load, int, bool]]) -> None:
    """Callers come, hold a place for a few turns of the loop, and some are cut off while they wait or work."""

    async def one(admission: Admission, load: Load, turns: int) -> None:
        async with admission.place(load):
            assert admission.busy <= 8
            for _ in range(turns):
                await asyncio.sleep(0)

    async def work() -> None:
        admission = Admission()
        tasks = []
        for load, turns, cut in wanted:
            task = asyncio.create_task(one(admission, load, turns))
            tasks.append(task)
            await asyncio.sleep(0)
            if cut:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert admission.busy == 0
        assert not any(admission.waiting(load) for load in Load)

    run(work)
