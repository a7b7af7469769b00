"""Compiled: the state of all departures of a night, and what one case more or fewer on one of them changes.

Money is the tables': millicents summed over paths, in whole numbers. Every change is written to a journal, so that a
trial that does not pay is taken back exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.flow.kernel import FAR

TINY = 1e-9
P = ParamSpec("P")
R = TypeVar("R")


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Compiled for other kernels only: without the entry from Python, which takes longest to compile here."""
    compiled: Callable[P, R] = njit(cache=True, nogil=True, no_cpython_wrapper=True)(function)  # type: ignore[call-overload]
    return compiled


class Tables(NamedTuple):
    """What does not change while departures are loaded; narrow columns lie together, as each array is compiled in again."""

    gain_at: Ints
    gains: Ints
    loss_at: Ints
    losses: Ints
    unsold: Ints
    """Worth of a case nobody buys, ``(K, R)``."""
    sink_node: Ints
    sink_at: Ints
    lane: Ints
    """By lane, ``(A + 1, 10)``: see `ORIGIN` and the names after it."""
    own: Ints
    """What a case pays for itself, and the part of it that a budget pays, ``(K, A, 2)``."""
    item: Ints
    """Units of a case, and where the lanes an item could use begin, ``(K + 1, 2)``."""
    share: Floats
    """Pallets of a case, ``(K,)``; 0 where unknown."""
    lane_of: Ints
    item_of: Ints
    room: Floats
    """By node, ``(W, 1 + 2 T)``: units that may leave, arrive by day, and pallets that may have been added by day."""
    budget: float
    """Of all freight and handling."""


class State(NamedTuple):
    """Cases on lanes, and what follows from them."""

    flow: Ints
    """``(K, A)``."""
    given: Ints
    """Cases that leave, ``(K, W)``."""
    got: Ints
    """Cases that arrive by sink, ``(K, R)``."""
    load: Floats
    """Pallets by lane, not rounded."""
    cases: Ints
    """Cases by lane."""
    cap: Ints
    """Pallets a departure may take for now; -1 where it stays."""
    used: Floats
    """Of `Tables.room`."""
    value: Ints
    """Gain less loss and own cost, own money, and the number of changes in the journal."""
    journal: Ints
    """Item, lane and sign of each change, ``(n, 3)``."""


ORIGIN, SINK, NODE, LEAD, FIXED, PALLET, TRUCK, SIZE, MOST, ITEM_AT = range(10)
"""Columns of `Tables.lane`: both ends, day of arrival (at most the days planned), cost of a departure, a pallet and a
truck, pallets of a truck (0: not counted), most pallets, and where the items that could use it begin."""
MARK = 2
"""Where `State.value` counts the journal."""


@inner
def departure_cost(tables: Tables, a: int, load: float, count: int) -> int:
    """Pallets, trucks and the departure itself."""
    if count == 0:
        return 0
    pallets = np.int64(np.ceil(load - TINY))
    cost: int = tables.lane[a, FIXED] + pallets * tables.lane[a, PALLET]
    size = tables.lane[a, SIZE]
    if size > 0:
        cost += -(-pallets // size) * tables.lane[a, TRUCK]
    return cost


@njit(cache=True, nogil=True)
def joint_cost(tables: Tables, state: State) -> int:
    """Of all departures."""
    cost = 0
    for a in range(len(state.load)):
        cost += departure_cost(tables, a, state.load[a], state.cases[a])
    return cost


@inner
def gain_of(tables: Tables, state: State, k: int, r: int) -> int:
    """Of one case more at sink r; -FAR beyond the table. Cases of one node count in the order they arrive."""
    node, width = tables.sink_node[r], len(tables.sink_node)
    before = 0
    for q in range(tables.sink_at[node], r + 1):
        before += state.got[k, q]
    at = tables.gain_at[k * width + r] + before
    if at >= tables.gain_at[k * width + r + 1]:
        return -FAR
    value: int = tables.gains[at]
    place = before
    for q in range(r + 1, tables.sink_at[node + 1]):
        if state.got[k, q] > 0:
            at, end = tables.gain_at[k * width + q], tables.gain_at[k * width + q + 1]
            last = at + place + state.got[k, q]
            value += tables.gains[last] if last < end else tables.unsold[k, q]
            value -= tables.gains[at + place] if at + place < end else tables.unsold[k, q]
            place += state.got[k, q]
    return value


@inner
def loss_of(tables: Tables, state: State, k: int, i: int) -> int:
    """Of one case more taken from node i; FAR beyond the table."""
    at = tables.loss_at[k * state.given.shape[1] + i] + state.given[k, i]
    if at >= tables.loss_at[k * state.given.shape[1] + i + 1]:
        return FAR
    value: int = tables.losses[at]
    return value


@inner
def worth_of_adding(tables: Tables, state: State, k: int, a: int) -> int:
    """Gain less loss and own cost of one case more on lane a; -FAR where there is none."""
    gain, loss = gain_of(tables, state, k, tables.lane[a, SINK]), loss_of(tables, state, k, tables.lane[a, ORIGIN])
    if gain <= -FAR or loss >= FAR or tables.own[k, a, 0] >= FAR:
        return -FAR
    worth: int = gain - loss - tables.own[k, a, 0]
    return worth


@inner
def _count(tables: Tables, state: State, k: int, a: int, sign: int) -> None:
    state.flow[k, a] += sign
    state.given[k, tables.lane[a, ORIGIN]] += sign
    state.got[k, tables.lane[a, SINK]] += sign


@inner
def worth_of_dropping(tables: Tables, state: State, k: int, a: int) -> int:
    """Of one case fewer on lane a; at least one is on it."""
    _count(tables, state, k, a, -1)
    worth = -worth_of_adding(tables, state, k, a)
    _count(tables, state, k, a, 1)
    return worth


@inner
def worth_of_moving(tables: Tables, state: State, k: int, a: int, b: int) -> int:
    """Of one case on lane b instead of lane a; -FAR where there is none."""
    _count(tables, state, k, a, -1)
    back, there = worth_of_adding(tables, state, k, a), worth_of_adding(tables, state, k, b)
    _count(tables, state, k, a, 1)
    return there - back if there > -FAR else -FAR


@inner
def change(tables: Tables, state: State, k: int, a: int, sign: int) -> None:
    """Put a case on lane a, or take one off, and write it down."""
    if sign > 0:
        state.value[0] += worth_of_adding(tables, state, k, a)
        _count(tables, state, k, a, 1)
    else:
        _count(tables, state, k, a, -1)
        state.value[0] -= worth_of_adding(tables, state, k, a)
    state.value[1] += sign * tables.own[k, a, 1]
    state.load[a] += sign * tables.share[k]
    state.cases[a] += sign
    if state.cases[a] == 0:
        state.load[a] = 0.0
    units = sign * tables.item[k, 0]
    node, days = tables.lane[a, NODE], state.used.shape[1] // 2
    state.used[tables.lane[a, ORIGIN], 0] += units
    if tables.lane[a, LEAD] < days:
        state.used[node, 1 + tables.lane[a, LEAD]] += units
        for t in range(tables.lane[a, LEAD], days):
            state.used[node, 1 + days + t] += sign * tables.share[k]
    n = state.value[MARK]
    if n < len(state.journal):
        state.journal[n, 0], state.journal[n, 1], state.journal[n, 2] = k, a, sign
    state.value[MARK] = n + 1


@inner
def take_back(tables: Tables, state: State, mark: int) -> None:
    """Undo every change since the journal stood at `mark`."""
    for n in range(state.value[MARK] - 1, mark - 1, -1):
        change(tables, state, state.journal[n, 0], state.journal[n, 1], -state.journal[n, 2])
    state.value[MARK] = mark


@inner
def fits(tables: Tables, state: State, k: int, a: int) -> bool:
    """Whether one case more keeps within the departure as it may be loaded, docks, room and budget."""
    share, units = tables.share[k], tables.item[k, 0]
    if state.cap[a] < 0 or (share > 0 and state.load[a] + share > state.cap[a] + TINY):
        return False
    node, days, day = tables.lane[a, NODE], state.used.shape[1] // 2, tables.lane[a, LEAD]
    if state.used[tables.lane[a, ORIGIN], 0] + units > tables.room[tables.lane[a, ORIGIN], 0]:
        return False
    if day < days and state.used[node, 1 + day] + units > tables.room[node, 1 + day]:
        return False
    for t in range(1 + days + day, 1 + 2 * days):
        if state.used[node, t] + share > tables.room[node, t] + TINY:
            return False
    if np.isfinite(tables.budget):
        more = departure_cost(tables, a, state.load[a] + share, state.cases[a] + 1)
        more -= departure_cost(tables, a, state.load[a], state.cases[a])
        return bool(state.value[1] + tables.own[k, a, 1] + joint_cost(tables, state) + more <= tables.budget)
    return True
