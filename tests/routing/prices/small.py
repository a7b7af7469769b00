"""Small worlds of orders whose best routing is known by trying everything."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

from evenstock.routing.batch import Batch
from evenstock.routing.priced import Ladders, Priced

PARCEL, LOST = 500, 3_000
"""Cents of a parcel; of a line left out."""


def ladder(cents: int = PARCEL) -> Ladders:
    """One charge whatever the weight."""
    nothing = np.zeros(0, np.int64)
    return Ladders(
        np.array([0, 1]), np.array([10**9]), np.array([cents]), np.zeros(1, np.int64), np.zeros(2, np.int64),
        nothing, nothing,
    )  # fmt: skip


def order(unit_cents: list[list[int]], items: list[int], parcel: int = PARCEL) -> Priced:
    """One unit of each item; one service a node; `unit_cents` by node and line."""
    nodes, lines = len(unit_cents), len(items)
    nothing = np.zeros(lines, np.int64)
    return Priced(
        node=np.arange(nodes),
        ladder=np.zeros(nodes, np.int64),
        permitted=np.ones((nodes, lines), np.bool_),
        atp=np.full((nodes, lines), 10**6),
        item=np.array(items),
        units=np.ones(lines, np.int64),
        weight_g=nothing + 100,
        volume_mm3=nothing,
        longest_mm=nothing,
        value_cents=nothing + 1_000,
        shipment_cents=np.zeros(nodes, np.int64),
        unit_cents=np.array(unit_cents),
        ladders=ladder(parcel),
        max_shipments=max(1, lines),
    )


def random_world(seed: int, orders: int = 9, nodes: int = 2, items: int = 2) -> tuple[list[Priced], np.ndarray]:
    """Orders of one or two items, and stock for about nine units in ten."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(orders):
        wants = sorted(rng.choice(items, int(rng.integers(1, items + 1)), replace=False).tolist())
        made.append(order(rng.integers(50, 600, (nodes, len(wants))).tolist(), wants))
    wanted = sum(p.lines for p in made)
    stock = rng.multinomial(max(1, round(0.9 * wanted)), np.full(nodes * items, 1 / (nodes * items)))
    return made, stock.reshape(nodes, items)


def batch_of(orders: list[Priced], *, by_way: bool = False) -> Batch:
    return Batch.pack(orders, [p.item for p in orders], by_way=by_way)


def best_routing(orders: list[Priced], stock: np.ndarray, places: list[int] | None = None) -> int:
    """Least cents of any routing that knows every order, with lines left out at `LOST`; by trying everything.

    `places` are the shipments each node may send; none for no ceiling.
    """
    nodes, items = stock.shape

    @cache
    def least(number: int, left: tuple[int, ...], slots: tuple[int, ...]) -> int:
        if number == len(orders):
            return 0
        p = orders[number]
        parcel, best = int(p.ladders.step_cents[0]), 10**9
        for where in itertools.product(range(-1, nodes), repeat=p.lines):
            there, open_places = list(left), list(slots)
            for i, k in enumerate(where):
                if k >= 0:
                    there[k * items + int(p.item[i])] -= 1
            for k in {k for k in where if k >= 0}:
                open_places[k] -= 1
            if min(there) < 0 or min(open_places) < 0:
                continue
            cents = parcel * len({k for k in where if k >= 0})
            cents += sum(LOST if k < 0 else int(p.unit_cents[k, i]) for i, k in enumerate(where))
            best = min(best, cents + least(number + 1, tuple(there), tuple(open_places)))
        return best

    slots = tuple(places) if places is not None else (10**6,) * nodes
    return least(0, tuple(int(n) for n in stock.ravel()), slots)
