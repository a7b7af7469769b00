"""Plans an evening again over what its plan leaves, until nothing more goes.

Waiting weighs a line beside the others of its plan. Once those have left, what it would have travelled with is gone, and the
same line may be worth sending at once: an evening planned, carried out and planned again would then move goods twice. So the
rest of the evening is planned here, before anything is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from evenstock.rebalancing.limits import limits_broken
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.waiting.hold_back import Waiting
from evenstock.rebalancing.worth.solution import Solution, settle

Cut = Callable[[Problem, Solution], tuple[Solution, tuple[Waiting, ...]]]
"""From what a solver found to what goes and what waits."""
MOST_ROUNDS: Final = 8
"""Rounds are few, because each takes goods away that could still go; a plan that wants more says so."""


def until_nothing_goes(
    problem: Problem, found: Solution, *, cut: Cut, again: Callable[[Problem], Solution]
) -> tuple[Solution, tuple[Waiting, ...]]:
    """What goes this evening when it is planned over and over, and what still waits then.

    Parameters
    ----------
    found
        The solver's plan of the whole evening.
    cut
        What of a plan goes, and what waits, such as `hold_back` with what it needs.
    again
        The solver, for what is left of the evening.

    Notes
    -----
    No round moves an item against what an earlier one moved. Every round's departures are paid by themselves, so the whole,
    which shares them, costs no more than the rounds do. A round that the evening's docks, room, trucks or budget no longer
    have room for is left out, and a note says so.
    """
    goes, waits = cut(problem, found)
    if len(goes.moves) == 0 or goes.moves.units.sum() == found.moves.units.sum():
        return goes, waits
    moves, notes = goes.moves, goes.notes
    for _ in range(MOST_ROUNDS):
        left = rest_of(problem, moves)
        more, still = cut(left, again(left))
        if len(more.moves) == 0:
            waits = still
            break
        whole = moves + more.moves
        if broken := limits_broken(problem, whole):
            notes = (*notes, f"what was left to wait may go when the evening is planned again: {broken[0]}")
            break
        moves, waits = whole, still
    else:
        notes = (*notes, f"planned {MOST_ROUNDS} times over; lines that wait may still go when it is planned again")
    if moves is goes.moves:
        return replace(goes, notes=notes), waits
    notes = _counted(notes, len(waits), len(moves))
    return settle(problem, moves, method=goes.method, notes=notes, seed=goes.seed), waits


def rest_of(problem: Problem, gone: Moves) -> Problem:
    """The same evening once `gone` has left; no item travels against it."""
    lanes = problem.lanes
    came = np.zeros((len(problem.skus), len(problem.nodes), len(problem.nodes)), np.bool_)
    came[gone.item, lanes.destination[gone.lane], lanes.origin[gone.lane]] = True
    left = problem.after(gone)
    assert left.barred is not None
    return replace(left, barred=left.barred | came[:, lanes.origin, lanes.destination])


def _counted(notes: tuple[str, ...], waits: int, goes: int) -> tuple[str, ...]:
    """The count of waiting lines was the first round's and is said anew."""
    waiting = "lines wait for a later departure of their lane"
    kept = tuple(note for note in notes if not note.endswith(waiting))
    return (*kept, f"{waits} of {waits + goes} {waiting}") if waits else kept
