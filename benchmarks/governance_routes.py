"""What something costs the durable route: the same orders through a store with it and one without, in turns, singly and in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.service_route import _order, backends_s
from benchmarks.service_world import orders

from evenstock.domain import Order
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_order
from evenstock.operations.route_together import Wish, route_together

BATCH = 8
WAYS = ("single", "batches")


@dataclass
class Spent:
    """CPU seconds for so many orders."""

    python_s: float = 0.0
    postgres_s: float = 0.0
    orders: int = 0

    @property
    def ms(self) -> float:
        return 1e3 * (self.python_s + self.postgres_s) / self.orders

    def said(self) -> str:
        return f"{1e3 * self.python_s / self.orders:.3f} + {1e3 * self.postgres_s / self.orders:.3f}"


def spent_on_routes(
    stores: Mapping[str, Store], company: Company, url: str, rounds: int, count: int
) -> dict[tuple[str, str], Spent]:
    """CPU of this process and of PostgreSQL by way of routing and by store; the first round only warms."""

    def singly(into: Store, some: list[Order]) -> None:
        for order in some:
            route_order(into, company.shipping, company.network.policy, RouteOrder(order, datetime.now(UTC)))

    def together(into: Store, some: list[Order]) -> None:
        for few in (some[k : k + BATCH] for k in range(0, len(some), BATCH)):
            now = datetime.now(UTC)
            wishes = [Wish(RouteOrder(order, now), f"http:{order.id}", order.id) for order in few]
            told = route_together(into, company.shipping, company.network.policy, wishes)
            assert sum(one is not None for one in told) == len(few), "every order goes together"

    ways: dict[str, Callable[[Store, list[Order]], None]] = dict(zip(WAYS, (singly, together), strict=True))
    spent = {(way, kind): Spent() for way in ways for kind in stores}
    for number in range(rounds + 1):
        for way, route in ways.items():
            turns = list(stores) if number % 2 else list(reversed(stores))
            for kind in turns:
                bodies = orders(count, prefix=f"{way}-{kind}-{number}", seed=number)
                some = [_order(body) for body in bodies]
                cpu, server = time.process_time(), backends_s(url)
                route(stores[kind], some)
                if number:
                    so_far = spent[way, kind]
                    so_far.python_s += time.process_time() - cpu
                    so_far.postgres_s += backends_s(url) - server
                    so_far.orders += len(some)
    return spent


def shares(spent: Mapping[tuple[str, str], Spent]) -> tuple[dict[str, float], list[str]]:
    """What `with` costs above `without`, by way of routing, and in words."""
    found = {way: spent[way, "with"].ms / spent[way, "without"].ms - 1.0 for way in WAYS}
    notes = [
        f"{way}: {spent[way, 'without'].said()} ms of CPU an order (Python + PostgreSQL) without, "
        f"{spent[way, 'with'].said()} with: {found[way]:+.1%}"
        for way in WAYS
    ]
    return found, notes
