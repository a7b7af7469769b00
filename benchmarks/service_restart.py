"""kill -9 of the service and of the whole PostgreSQL server under load: seconds until orders are taken again, and what was lost.

Every order that was acknowledged must be in the books afterwards; an order whose answer never came is asked again under its
id, and counts once.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

import httpx
from benchmarks.harness import report
from benchmarks.service_server import Postgres, Served, company, fresh
from benchmarks.service_world import orders

from evenstock.domain import OrderId
from evenstock.operations.check_books import check_books
from evenstock.storage import open_store

CALLERS = 8
ROUNDS = 4


class Callers:
    """Callers that route one order after the other and remember what they were told."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.acknowledged: dict[str, str] = {}
        self.unknown: list[dict[str, object]] = []
        self.last_good = 0.0
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._call, args=(n,)) for n in range(CALLERS)]

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _call(self, number: int) -> None:
        with httpx.Client(timeout=20) as client:
            for body in orders(100_000, prefix=fresh(f"C{number}x"), seed=number):
                if self.stop.is_set():
                    return
                self._one(client, body)

    def _one(self, client: httpx.Client, body: dict[str, object]) -> None:
        try:
            reply = client.post(f"{self.served.url}/v1/route", json=body, headers=self.served.headers)
        except httpx.HTTPError:
            with self.lock:
                self.unknown.append(body)
            time.sleep(0.05)
            return
        with self.lock:
            if reply.status_code == 200:
                self.acknowledged[str(body["id"])] = reply.json()["id"]
                self.last_good = time.perf_counter()
            else:
                self.unknown.append(body)
                time.sleep(0.02)

    def good_again(self, since: float, wait_s: float = 60) -> float:
        """Seconds from `since` to the next order that was taken."""
        until = time.perf_counter() + wait_s
        while time.perf_counter() < until:
            if self.last_good > since:
                return self.last_good - since
            time.sleep(0.01)
        sys.exit(f"no order was taken for {wait_s} s")


def killed(callers: Callers, kill: Callable[[], None], start: Callable[[], object]) -> float:
    """Seconds from the beginning of the restart to the first order taken."""
    time.sleep(2)
    kill()
    began = time.perf_counter()
    start()
    took = callers.good_again(began)
    time.sleep(1)
    return took


def lost(server: Postgres, callers: Callers) -> tuple[int, int, int]:
    """Acknowledged orders that are not in the books; unknown ones that took effect, and were settled by asking again."""
    store = open_store(server.url())
    with store.reading() as books:
        missing = sum(books.decision_of(OrderId(name)) is None for name in callers.acknowledged)
        there = sum(books.decision_of(OrderId(str(body["id"]))) is not None for body in callers.unknown)
    broken = [found.sentence for found in check_books(store, datetime.now(UTC)) if found.broken]
    store.close()
    settled = 0
    with httpx.Client(timeout=20) as client:
        for body in callers.unknown[:500]:
            with contextlib.suppress(httpx.HTTPError):
                first = client.post(f"{callers.served.url}/v1/route", json=body, headers=callers.served.headers)
                again = client.post(f"{callers.served.url}/v1/route", json=body, headers=callers.served.headers)
                settled += first.content == again.content
    if broken:
        sys.exit("\n".join(broken[:20]))
    print(f"  {len(callers.acknowledged):,} acknowledged, {missing} missing; {len(callers.unknown):,} unknown, {there} of them had taken effect, {settled} settled by asking again")  # fmt: skip
    return missing, there, settled


def main() -> int:
    service, database, missing = [], [], 0
    with company() as (server, served):
        with Callers(served) as callers:
            for _ in range(ROUNDS):
                service.append(killed(callers, served.kill, served.start))
                database.append(killed(callers, server.kill, server.start))
        missing, _, _ = lost(server, callers)
    print(f"  service back in {', '.join(f'{s:.1f}' for s in service)} s; PostgreSQL in {', '.join(f'{s:.1f}' for s in database)} s")  # fmt: skip
    report("service", {"restart_service_s": max(service), "restart_postgres_s": max(database), "acknowledged_lost": missing})  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
