"""Orders that wait at the same moment, routed in one transaction: nobody waits for others to come, only for those before.

While one batch is decided, whoever comes meanwhile is the next one. So an order alone is routed at once, and the more there
is to do the less each order costs. What a batch cannot settle goes by itself, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from evenstock.domain import DecisionRecord, Order
from evenstock.operations.audit.who import ACTING, Who, each_for
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.ports import UnavailableError
from evenstock.operations.route_order import Routed
from evenstock.operations.route_together import Wish, route_together
from evenstock.service.admission import Load
from evenstock.service.deadlines import BOUNDS, bounded
from evenstock.service.telemetry.tracing import TRACED, span

if TYPE_CHECKING:
    from evenstock.service.context import Service

AT_ONCE: Final = 16
"""Orders in one batch: what the first of them may wait for the last one."""
STALLED_S: Final = 0.1
"""Who waits so long for his batch has another one started for him: the one before may wait for a lock."""
_MOST_BATCHES: Final = 3
"""At the same time."""
_LOG: Final = logging.getLogger("evenstock.service")


class Answered(NamedTuple):
    """What became of an order."""

    routed: Routed
    body: bytes
    """The bytes of its record, written where they were at hand: the loop has others to serve."""


@dataclass(eq=False, slots=True)
class _Waiting:
    order: Order
    key: str
    request: str
    reply: Callable[[DecisionRecord], bytes]
    turn: asyncio.Future[Answered | None]
    who: Who
    traced: Context | None = None
    """Of a request whose steps are traced."""
    patience: asyncio.TimerHandle | None = None


class Gathered:
    """Runs in one event loop; not for threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._line: deque[_Waiting] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        service.admission.beside[Load.ROUTE] = self._line.__len__

    async def route(
        self, order: Order, key: str, request: str, reply: Callable[[DecisionRecord], bytes]
    ) -> Answered | None:
        """What became of the order, as `route_together` tells it; None where it must be routed alone.

        Raises
        ------
        Problem
            `overloaded`, where too many wait, or where its turn does not come in time.
        """
        admission, loop = self._service.admission, asyncio.get_running_loop()
        admission.require_room(Load.ROUTE, AT_ONCE)
        with span("gathered"):
            traced = copy_context() if TRACED.get() is not None else None
            waiting = _Waiting(order, key, request, reply, loop.create_future(), ACTING.get(), traced)
            self._line.append(waiting)
            if not self._running:
                self._start()
            else:
                waiting.patience = loop.call_later(STALLED_S, self._overdue, waiting)
            return await waiting.turn

    def _start(self) -> None:
        self._running += 1
        # A batch belongs to no one request, so it knows of none.
        task = asyncio.get_running_loop().create_task(self._run(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _overdue(self, waiting: _Waiting) -> None:
        """Its turn should have come by now: the batch before it may wait for a lock, so another one starts."""
        if waiting in self._line:
            if self._running < _MOST_BATCHES:
                self._start()
            left = self._service.admission.patience_s(Load.ROUTE) - STALLED_S
            waiting.patience = asyncio.get_running_loop().call_later(left, self._give_up, waiting)

    def _give_up(self, waiting: _Waiting) -> None:
        if waiting in self._line:
            self._line.remove(waiting)
            if not waiting.turn.done():
                waiting.turn.set_exception(self._service.admission.refuse(Load.ROUTE))

    async def _run(self) -> None:
        """Batch after batch, until nobody waits."""
        try:
            while self._line:
                async with self._service.admission.place(Load.ROUTE):
                    batch = self._next()
                    if batch:
                        await self._settle(batch)
        except Exception as error:  # noqa: BLE001 (whoever waits must be told, and the next one starts anew)
            for waiting in list(self._line):
                self._line.remove(waiting)
                if not waiting.turn.done():
                    waiting.turn.set_exception(error)
        finally:
            self._running -= 1

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._line and len(batch) < AT_ONCE:
            waiting = self._line.popleft()
            if waiting.patience is not None:
                waiting.patience.cancel()
            # Who hung up meanwhile wants nothing any more.
            if not waiting.turn.done():
                batch.append(waiting)
        return batch

    async def _settle(self, batch: list[_Waiting]) -> None:
        told: list[Answered | None]
        try:
            told = await asyncio.get_running_loop().run_in_executor(
                None, bounded, BOUNDS[Load.ROUTE], partial(self._in_context_of, batch)
            )
        except UnavailableError as error:
            # Each of them alone would wait as long to hear the same.
            for waiting in batch:
                if not waiting.turn.done():
                    waiting.turn.set_exception(UnavailableError(str(error)))
            return
        except Exception as error:  # noqa: BLE001 (each of them is asked for again by itself, and told its own error)
            # What it says may be of one of them: whoever it is of meets it again, and it is logged under his request.
            _LOG.warning("a batch of %d orders goes one by one: %s", len(batch), type(error).__name__)
            told = [None] * len(batch)
        for waiting, one in zip(batch, told, strict=True):
            if not waiting.turn.done():
                waiting.turn.set_result(one)

    def _in_context_of(self, batch: list[_Waiting]) -> list[Answered | None]:
        """What a batch does is seen in the trace of the first of its requests that is traced."""
        traced = next((one.traced for one in batch if one.traced is not None), None)
        return self._decide(batch) if traced is None else traced.run(self._decide, batch)

    def _decide(self, batch: list[_Waiting]) -> list[Answered | None]:
        here, now = self._service.company.get(), self._service.clock()
        wishes = [Wish(RouteOrder(one.order, now), one.key, one.request, one.reply) for one in batch]
        with each_for({one.order.id: one.who for one in batch}):
            told = route_together(
                self._service.store, here.shipping, here.policy, wishes, stage=here.stage, substitutes=here.substitutes
            )
        return [None if one is None else Answered(one, one.record.canonical()) for one in told]
