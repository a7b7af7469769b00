"""Compiled: fills, trims, opens and closes departures, keeping what nets more.

A departure takes the cases that bring most for their room, and gives up those that bring least: dropped, or put on another
departure with room. A trial changes one or two departures by whole pallets and stands only if it nets more.
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.departures.load_kernel import (
    ITEM_AT,
    MARK,
    TINY,
    State,
    Tables,
    change,
    fits,
    inner,
    joint_cost,
    take_back,
    worth_of_adding,
    worth_of_dropping,
    worth_of_moving,
)
from evenstock.rebalancing.flow.kernel import FAR

SPARE = 8
"""Lines of the journal kept free: a trial too large to be taken back is cut short."""
LOOSE = 1e-3
"""Pallets that a case without a pallet size counts as when cases are ranked by room."""


@inner
def _best_onto(tables: Tables, state: State, k: int, a: int) -> tuple[int, int]:
    """The most a case on lane a could bring, and the lane it comes from (-1: from stock)."""
    best, source = worth_of_adding(tables, state, k, a), -1
    for n in range(tables.item[k, 1], tables.item[k + 1, 1]):
        b = tables.lane_of[n]
        if b != a and state.flow[k, b] > 0:
            worth = worth_of_moving(tables, state, k, b, a)
            if worth > best:
                best, source = worth, b
    return best, source


@inner
def _best_off(tables: Tables, state: State, k: int, a: int) -> tuple[int, int]:
    """The least a case off lane a costs (as a worth), and the lane it goes to (-1: it stays in stock)."""
    best, target = worth_of_dropping(tables, state, k, a), -1
    for n in range(tables.item[k, 1], tables.item[k + 1, 1]):
        b = tables.lane_of[n]
        if b != a and state.cap[b] >= 0 and state.load[b] + tables.share[k] <= state.cap[b] + TINY:
            worth = worth_of_moving(tables, state, k, a, b)
            if worth > best:
                best, target = worth, b
    return best, target


@inner
def _put(tables: Tables, state: State, k: int, a: int, source: int) -> bool:
    """A case onto lane a from stock or from another lane, if that keeps within everything."""
    if source >= 0:
        change(tables, state, k, source, -1)
    if fits(tables, state, k, a):
        change(tables, state, k, a, 1)
        return True
    if source >= 0:
        change(tables, state, k, source, 1)
        state.value[MARK] -= 2
    return False


@inner
def fill(tables: Tables, state: State, a: int) -> None:
    """Load lane a with what brings most for its room, as far as it may be loaded."""
    heap = [(0.0, 0)]
    heap.pop()
    for n in range(tables.lane[a, ITEM_AT], tables.lane[a + 1, ITEM_AT]):
        k = tables.item_of[n]
        best, _ = _best_onto(tables, state, k, a)
        if best > 0:
            heap.append((-best / max(tables.share[k], LOOSE), k))
    heapq.heapify(heap)
    while len(heap) > 0 and state.value[MARK] < len(state.journal) - SPARE:
        density, k = heapq.heappop(heap)
        best, source = _best_onto(tables, state, k, a)
        if best <= 0:
            continue
        now = -best / max(tables.share[k], LOOSE)
        if now > density + 1e-6 and len(heap) > 0 and now > heap[0][0]:
            heapq.heappush(heap, (now, k))
            continue
        if _put(tables, state, k, a, source):
            heapq.heappush(heap, (now, k))


@inner
def trim(tables: Tables, state: State, a: int) -> None:
    """Unload lane a down to what it may carry: what brings least for its room goes first."""
    heap = [(0.0, 0)]
    heap.pop()
    for n in range(tables.lane[a, ITEM_AT], tables.lane[a + 1, ITEM_AT]):
        k = tables.item_of[n]
        if state.flow[k, a] > 0:
            best, _ = _best_off(tables, state, k, a)
            heap.append((-best / max(tables.share[k], LOOSE), k))
    heapq.heapify(heap)
    closed = state.cap[a] < 0
    while (
        len(heap) > 0
        and state.value[MARK] < len(state.journal) - SPARE
        and (state.load[a] > max(state.cap[a], 0) + TINY or (closed and state.cases[a] > 0))
    ):
        density, k = heapq.heappop(heap)
        if state.flow[k, a] == 0 or (not closed and tables.share[k] == 0):
            continue
        best, target = _best_off(tables, state, k, a)
        now = -best / max(tables.share[k], LOOSE)
        if now > density + 1e-6 and len(heap) > 0 and now > heap[0][0]:
            heapq.heappush(heap, (now, k))
            continue
        change(tables, state, k, a, -1)
        if target >= 0 and fits(tables, state, k, target):
            change(tables, state, k, target, 1)
        if state.flow[k, a] > 0:
            heapq.heappush(heap, (now, k))


@inner
def _best_single(tables: Tables, state: State, k: int) -> tuple[int, int, int]:
    """The most one case of an item could bring in the room there is; the lane it goes to and the one it leaves."""
    best, put, off = 0, -1, -1
    for n in range(tables.item[k, 1], tables.item[k + 1, 1]):
        a = tables.lane_of[n]
        if state.flow[k, a] > 0:
            worth = worth_of_dropping(tables, state, k, a)
            if worth > best:
                best, put, off = worth, -1, a
        if state.cap[a] >= 0 and state.load[a] + tables.share[k] <= state.cap[a] + TINY:
            worth, source = _best_onto(tables, state, k, a)
            if worth > best and (source >= 0 or fits(tables, state, k, a)):
                best, put, off = worth, a, source
    return best, put, off


@inner
def settle_item(tables: Tables, state: State, k: int, most: int) -> None:
    """Single cases of an item in the room that is there: more, elsewhere or fewer, always what brings most."""
    for _ in range(most):
        best, put, off = _best_single(tables, state, k)
        if best <= 0 or state.value[MARK] >= len(state.journal) - SPARE:
            return
        if put < 0:
            change(tables, state, k, off, -1)
        elif not _put(tables, state, k, put, off):
            return


@inner
def _settle_touched(tables: Tables, state: State) -> None:
    """Items that a trial changed look for room again."""
    last = -1
    end = state.value[MARK]
    for n in range(min(end, len(state.journal))):
        k = state.journal[n, 0]
        if k != last:
            settle_item(tables, state, k, 20)
        last = k


@njit(cache=True, nogil=True)
def trial(tables: Tables, state: State, a: int, pallets: int, b: int, more: int) -> bool:
    """Let lane a carry `pallets` (-1: closed) and lane b `more`; keep it if that nets more. b is -1 for none.

    Other departures may carry the pallets they begin, and none where nothing is on them.
    """
    for c in range(len(state.cap)):
        state.cap[c] = np.int64(np.ceil(state.load[c] - TINY)) if state.cases[c] > 0 else -1
    before = state.value[0] - joint_cost(tables, state)
    state.value[MARK] = 0
    fewer = pallets < state.cap[a]
    state.cap[a] = pallets
    if b >= 0:
        state.cap[b] = more
    if fewer:
        trim(tables, state, a)
    grown = b if fewer else a
    if grown >= 0:
        fill(tables, state, grown)
    _settle_touched(tables, state)
    over = (pallets >= 0 and state.load[a] > pallets + TINY) or (pallets < 0 and state.cases[a] > 0)
    if not over and state.value[0] - joint_cost(tables, state) > before:
        return True
    take_back(tables, state, 0)
    return False


@njit(cache=True, nogil=True)
def insert(tables: Tables, state: State, wanted: Ints, line_item: Ints, line_lane: Ints) -> None:
    """Load the lines of a plan in this order, each as far as it keeps within everything."""
    for n in range(len(line_item)):
        k, a = line_item[n], line_lane[n]
        for _ in range(wanted[k, a]):
            if worth_of_adding(tables, state, k, a) <= -FAR or not fits(tables, state, k, a):
                break
            change(tables, state, k, a, 1)
            state.value[MARK] = 0


@njit(cache=True, nogil=True)
def settle_all(tables: Tables, state: State, order: Ints) -> None:
    """Every item in turn looks for room."""
    for k in order:
        settle_item(tables, state, k, 200)
        state.value[MARK] = 0
