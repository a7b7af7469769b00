"""Compiled: the least cost on one side of an edge, for each day on its other side.

Variable ``i`` is the inbound service time of stage ``i`` and variable ``n + i`` its outbound one. A stage's edge goes from
its inbound to its outbound variable and costs ``cost[start + max(0, inbound + longest - outbound)]``; a link's edge goes from
an outbound variable to the inbound variable that may not be less, and costs nothing. Tables have one column a day.
"""

from __future__ import annotations

from numba import njit

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Floats, Ints

FAR = 1e300


@njit(cache=True, nogil=True)
def stage_price(cost: Floats, start: int, longest: int, inbound: int, outbound: int) -> float:
    net = inbound + longest - outbound
    return cost[start + max(0, net)]  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def _to_outbound(
    cost: Floats, start: int, longest: int, given: Floats, a0: int, a1: int, b0: int, b1: int, out: Floats
) -> None:
    """Least of `given` inbound time a with the stage's cost, for each outbound time b."""
    covered, a_next = FAR, a0
    for b in range(b0, b1 + 1):
        while a_next <= a1 and a_next + longest <= b:
            covered = min(covered, given[a_next])
            a_next += 1
        best = covered + cost[start]
        first = start + longest - b
        for a in range(a_next, a1 + 1):
            best = min(best, given[a] + cost[first + a])
        out[b] = best


@njit(cache=True, nogil=True)
def _to_inbound(
    cost: Floats, start: int, longest: int, given: Floats, a0: int, a1: int, b0: int, b1: int, out: Floats
) -> None:
    """Least of `given` outbound time b with the stage's cost, for each inbound time a."""
    covered, b_last = FAR, b1
    for a in range(a1, a0 - 1, -1):
        while b_last >= b0 and a + longest <= b_last:
            covered = min(covered, given[b_last])
            b_last -= 1
        best = covered + cost[start]
        first = start + a + longest
        for b in range(b0, b_last + 1):
            best = min(best, given[b] + cost[first - b])
        out[a] = best


@njit(cache=True, nogil=True)
def _down(given: Floats, a0: int, a1: int, b0: int, b1: int, out: Floats) -> None:
    """Least of `given` outbound times up to each inbound time b."""
    best, a = FAR, a0
    for b in range(b0, b1 + 1):
        while a <= min(a1, b):
            best = min(best, given[a])
            a += 1
        out[b] = best


@njit(cache=True, nogil=True)
def _up(given: Floats, a0: int, a1: int, b0: int, b1: int, out: Floats) -> None:
    """Least of `given` inbound times from each outbound time a on."""
    best, b = FAR, b1
    for a in range(a1, a0 - 1, -1):
        while b >= max(b0, a):
            best = min(best, given[b])
            b -= 1
        out[a] = best


@njit(cache=True, nogil=True)
def send(
    tail: int,
    head: int,
    forward: bool,
    stages: int,
    cost: Floats,
    start: Ints,
    longest: Ints,
    given: Floats,
    low: Ints,
    high: Ints,
    out: Floats,
) -> None:
    """Fill `out` at one end of an edge, head if `forward`, from the costs `given` at its other end."""
    a0, a1, b0, b1 = low[tail], high[tail], low[head], high[head]
    if tail < stages:
        if forward:
            _to_outbound(cost, start[tail], longest[tail], given, a0, a1, b0, b1, out)
        else:
            _to_inbound(cost, start[tail], longest[tail], given, a0, a1, b0, b1, out)
    elif forward:
        _down(given, a0, a1, b0, b1, out)
    else:
        _up(given, a0, a1, b0, b1, out)
