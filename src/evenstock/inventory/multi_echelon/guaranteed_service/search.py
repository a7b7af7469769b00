"""The least cost of all service times: trees by dynamic programme, the rest by bounds and splitting."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Bools, Floats, Ints
from evenstock.inventory.multi_echelon.guaranteed_service.core_kernel import converge, doubts
from evenstock.inventory.multi_echelon.guaranteed_service.promises import Promises
from evenstock.inventory.multi_echelon.guaranteed_service.tree_kernel import leaves, put_back, take_off


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Outbound service time of every stage, and a cost that nothing undercuts."""

    outbound: Ints
    bound: float
    method: str
    boxes: int


def search(promises: Promises, *, gap: float, most_boxes: int, most_sweeps: int) -> Found:
    """Take trees off, then solve the core that is left, then put the trees back."""
    n = promises.stages
    at, edges_of = _edges_by_variable(promises)
    off, by, stays = leaves(promises.tail, promises.head, at, edges_of)
    own = np.zeros((2 * n, promises.width))
    model = (n, promises.tail, promises.head, promises.cost, promises.start, promises.longest)
    trees = take_off(off, by, *model, promises.low, promises.high, own)
    chosen, bound, method, boxes = promises.low.copy(), trees, "dynamic programme over a tree", 1
    if stays.any():
        core = _Core(promises, own, stays)
        bound, boxes = core.solve(trees, chosen, gap, most_boxes, most_sweeps)
        method = "message passing between trees" if boxes == 1 else f"branch and bound, {boxes} boxes"
    put_back(off, by, *model, promises.low, promises.high, own, chosen)
    return Found(chosen[n:], bound, method, boxes)


def _edges_by_variable(promises: Promises, kept: Bools | None = None) -> tuple[Ints, Ints]:
    """Edges of variable v are ``edges_of[at[v] : at[v + 1]]``; with `kept`, edges between kept variables only."""
    edges = np.arange(len(promises.tail))
    if kept is not None:
        edges = edges[kept[promises.tail] & kept[promises.head]]
    ends = np.concatenate([promises.tail[edges], promises.head[edges]])
    at = np.searchsorted(np.sort(ends), np.arange(2 * promises.stages + 1))
    return at.astype(np.int64), np.concatenate([edges, edges])[np.argsort(ends, kind="stable")]


class _Core:
    """What is left when all leaves are off, with its messages."""

    def __init__(self, promises: Promises, own: Floats, stays: Bools) -> None:
        self.promises = promises
        self.order = promises.order[stays[promises.order]]
        self.at, self.edges_of = _edges_by_variable(promises, stays)
        self.own = own
        self.message = np.zeros((len(promises.tail), 2, promises.width))
        inside = stays[promises.tail] & stays[promises.head]
        self.links = np.flatnonzero(inside & (promises.tail >= promises.stages))

    def _model(self, low: Ints, high: Ints, message: Floats, chosen: Ints) -> tuple[Any, ...]:
        p = self.promises
        edges = (p.tail, p.head, self.at, self.edges_of)
        return (self.order, p.stages, *edges, p.cost, p.start, p.longest, self.own, low, high, message, chosen)

    def solve(self, trees: float, chosen: Ints, gap: float, most_boxes: int, most_sweeps: int) -> tuple[float, int]:
        """Best-first branch and bound: a bound and the boxes it took; the best service times go into `chosen`."""
        low, high = self.promises.low.copy(), self.promises.high.copy()
        root = self._model(low, high, self.message, chosen)
        bound, best = converge(most_sweeps, 0.0, np.inf, *root)

        def enough() -> float:
            return gap * max(best + trees, 0.0)

        boxes, closed = 1, np.inf
        waiting = [(bound, 0, low, high, *doubts(*root))]
        while waiting and waiting[0][0] < best - enough() and boxes < most_boxes:
            bound, _, low, high, variable, last = heappop(waiting)
            if variable < 0:
                closed = min(closed, bound)
                continue
            for lower in (True, False):
                boxes += 1
                child_low, child_high = low.copy(), high.copy()
                if lower:
                    child_high[variable] = last
                else:
                    child_low[variable] = last + 1
                if not self._narrow(child_low, child_high):
                    continue
                trial = np.clip(chosen, child_low, child_high)
                model = self._model(child_low, child_high, self.message.copy(), trial)
                least, value = converge(most_sweeps, enough(), best, *model)
                if value < best:
                    best = value
                    chosen[:] = trial
                least = max(least, bound)
                if least < best - enough():
                    heappush(waiting, (least, boxes, child_low, child_high, *doubts(*model)))
                else:
                    closed = min(closed, least)
        return trees + min(closed, waiting[0][0] if waiting else np.inf), boxes

    def _narrow(self, low: Ints, high: Ints) -> bool:
        """Draw the days of all variables in as far as links make them; False where none are left."""
        p = self.promises
        tail, head = p.tail[self.links], p.head[self.links]
        np.maximum.at(low, head, low[tail])
        np.minimum.at(high, tail, high[head])
        return bool((low <= high).all())
