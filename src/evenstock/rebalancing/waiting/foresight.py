"""What each line of a plan gains tonight and on a later departure, path by path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.waiting.kernel import line_gains
from evenstock.rebalancing.waiting.regression import foreseen
from evenstock.rebalancing.worth.solution import cost_members

PORTIONS: Final = (0.5, 1.0)
"""Parts of a line that may leave later; demand seen by then chooses."""


@dataclass(frozen=True, slots=True, eq=False)
class Foresight:
    """Cents before pallets and departure, by line and path; the item's other lines are taken to leave tonight."""

    now: Floats
    """Gain if the line leaves tonight, ``(n, S)``."""
    fitted: Floats
    """Gain then to be expected of the best part of the line, as it will be known then, ``(n, S)``; 0 where none goes."""
    later: Floats
    """What that part then brings on the path, ``(n, S)``."""
    load: Floats
    """Pallets of that part, ``(n, S)``."""


def foresight(problem: Problem, moves: Moves, departure_days: Ints) -> Foresight:
    """Each line tonight, and on its lane's departure `departure_days` from tonight, ``(A,)``.

    A day beyond the problem's days is never. What was wanted at both ends by then is known then; the rest is not.
    """
    choices = _choices(problem, moves)
    members = [member for member in cost_members().values() if not getattr(member, "JOINT", False)]
    own: Floats = np.sum([member.slope(problem) for member in members], axis=0)
    now, later, sent, known = line_gains(
        problem.paths,
        problem.on_hand,
        problem.arrivals,
        1000 * problem.shortage_cents,
        problem.holding_millicents,
        1000 * problem.terminal,
        problem.floor,
        problem.case_units,
        problem.lanes.origin,
        problem.lanes.destination,
        problem.lanes.lead_days,
        np.searchsorted(moves.item, np.arange(len(problem.skus) + 1)).astype(np.int64),
        moves.item,
        moves.lane,
        moves.units,
        own[moves.item, moves.lane],
        departure_days,
        choices,
    )
    expected = np.stack([foreseen(later[:, q], known) for q in range(choices.shape[1])], axis=1)
    best = expected.argmax(axis=1)[:, None]

    def chosen(of: Floats | Ints) -> Floats:
        at_best: Floats = np.take_along_axis(of, best, axis=1)[:, 0].astype(np.float64)
        return at_best

    goes = chosen(expected) > 0
    return Foresight(
        now=now,
        fitted=np.where(goes, chosen(expected), 0.0),
        later=np.where(goes, chosen(later), 0.0),
        load=np.where(goes, chosen(sent), 0.0) * problem.pallet_share[moves.item][:, None],
    )


def _choices(problem: Problem, moves: Moves) -> Ints:
    """Units that may leave later, whole cases, ``(n, portions)``."""
    case = problem.case_units[moves.item][:, None]
    cases = np.ceil(moves.units[:, None] / case * np.array(PORTIONS)).astype(np.int64)
    units: Ints = np.ascontiguousarray(cases * case)
    return units
