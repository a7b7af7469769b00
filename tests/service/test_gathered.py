"""Orders that wait at once go together: who is in a batch, who is refused, and what happens where a batch stalls or fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evenstock.domain import DecisionRecord, OrderId
from evenstock.operations.ports import UnavailableError
from evenstock.service import gathered as module
from evenstock.service.admission import SHARES, Admission, Load
from evenstock.service.context import Service
from evenstock.service.gathered import AT_ONCE, Gathered
from evenstock.service.http.problems import Problem

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


class World:
    """A service of which only the batches are seen; `hold` keeps a batch from ending."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, patience_s: float = 5.0, waiting: int = 128) -> None:
        share = replace(SHARES[Load.ROUTE], patience_s=patience_s, waiting=waiting)
        self.admission = Admission({**SHARES, Load.ROUTE: share})
        self.batches: list[list[str]] = []
        self.hold = threading.Event()
        self.fails: Callable[[list[str]], Exception | None] = lambda _: None
        here = SimpleNamespace(shipping=None, policy=None, stage=None, substitutes=None)
        company = SimpleNamespace(get=lambda: here)
        service = SimpleNamespace(admission=self.admission, company=company, clock=lambda: NOW, store=None)
        monkeypatch.setattr(module, "route_together", self._together)
        self.gathered = Gathered(cast("Service", service))

    def _together(self, *arguments: Any, **_: Any) -> list[Any]:
        names = [wish.command.order.id for wish in arguments[3]]
        self.batches.append(names)
        assert self.hold.wait(20)
        error = self.fails(names)
        if error is not None:
            raise error
        return [SimpleNamespace(record=SimpleNamespace(canonical=f"routed {name}".encode)) for name in names]

    def ask(self, name: str) -> Coroutine[Any, Any, Any]:
        order = cast("Any", SimpleNamespace(id=OrderId(name)))
        return self.gathered.route(order, "", "", DecisionRecord.canonical)

    async def begun(self, batches: int) -> None:
        while len(self.batches) < batches:  # noqa: ASYNC110 (another thread appends)
            await asyncio.sleep(0.002)


def test_an_order_alone_goes_at_once_and_those_that_come_meanwhile_go_together(monkeypatch) -> None:
    world = World(monkeypatch)

    async def life() -> list[Any]:
        first = asyncio.create_task(world.ask("0"))
        await world.begun(1)
        others = [asyncio.create_task(world.ask(str(n))) for n in range(1, 6)]
        await asyncio.sleep(0.01)
        world.hold.set()
        return list(await asyncio.gather(first, *others))

    assert [told.body for told in asyncio.run(life())] == [f"routed {n}".encode() for n in range(6)]
    assert world.batches == [["0"], ["1", "2", "3", "4", "5"]]
    assert world.admission.busy == 0


def test_a_batch_is_no_longer_than_it_may_be(monkeypatch) -> None:
    world = World(monkeypatch)
    world.hold.set()

    async def life() -> None:
        await asyncio.gather(*(world.ask(str(n)) for n in range(2 * AT_ONCE + 1)))

    asyncio.run(life())
    assert [name for batch in world.batches for name in batch] == [str(n) for n in range(2 * AT_ONCE + 1)]
    assert max(map(len, world.batches)) == AT_ONCE


def test_one_that_waits_behind_a_stalled_batch_has_another_started(monkeypatch) -> None:
    world = World(monkeypatch)

    async def life() -> None:
        stalled = asyncio.create_task(world.ask("stalled"))
        await world.begun(1)
        late = asyncio.create_task(world.ask("late"))
        await world.begun(2)
        assert world.admission.busy == 2
        world.hold.set()
        await asyncio.gather(stalled, late)

    asyncio.run(life())
    assert world.batches == [["stalled"], ["late"]]


def test_who_finds_the_line_full_is_refused_at_once_and_who_waits_too_long_in_the_end(monkeypatch) -> None:
    world = World(monkeypatch, patience_s=0.3, waiting=3)

    async def life() -> list[Any]:
        asked = []
        for n in range(module._MOST_BATCHES):
            asked.append(asyncio.create_task(world.ask(f"stalled-{n}")))
            await world.begun(n + 1)
        asked += [asyncio.create_task(world.ask(f"waits-{n}")) for n in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(Problem) as refused:
            await world.ask("too many")
        assert refused.value.code.name == "overloaded"
        await asyncio.sleep(0.4)
        world.hold.set()
        return list(await asyncio.gather(*asked, return_exceptions=True))

    told = asyncio.run(life())
    assert [isinstance(one, Problem) for one in told] == [False] * 3 + [True] * 3
    assert world.admission.refused[Load.ROUTE] == 4
    assert world.admission.waiting(Load.ROUTE) == 0


def test_who_hung_up_is_not_routed(monkeypatch) -> None:
    world = World(monkeypatch)

    async def life() -> None:
        first = asyncio.create_task(world.ask("first"))
        await world.begun(1)
        gone, stays = asyncio.create_task(world.ask("gone")), asyncio.create_task(world.ask("stays"))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.sleep(0)
        world.hold.set()
        await asyncio.gather(first, stays)

    asyncio.run(life())
    assert world.batches == [["first"], ["stays"]]


def test_what_fails_goes_one_by_one(monkeypatch) -> None:
    world = World(monkeypatch)
    world.hold.set()
    world.fails = lambda names: ZeroDivisionError() if "poison" in names else None

    async def life() -> list[Any]:
        return list(await asyncio.gather(world.ask("poison"), world.ask("good"), world.ask("other")))

    # All of them came in one turn of the loop, so they stood in one batch.
    assert asyncio.run(life()) == [None, None, None]


def test_where_the_books_are_gone_everybody_is_told_at_once(monkeypatch) -> None:
    world = World(monkeypatch)
    world.hold.set()
    world.fails = lambda _: UnavailableError("the database went away; ask again")

    async def life() -> list[Any]:
        return list(await asyncio.gather(*(world.ask(str(n)) for n in range(3)), return_exceptions=True))

    told = asyncio.run(life())
    assert [str(one) for one in told] == ["the database went away; ask again"] * 3
    assert len({id(one) for one in told}) == 3, "each has an error of his own to raise"
