"""Says of each line what it is worth, what it costs, and what it does to both ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from evenstock.domain import Cents, CostTerm, NodeId, Sku, TransferLine, Units
from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.cover import daily_demand, days_of_cover, position
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.solution import Solution, cost_members
from evenstock.tables import TransferLines

COLUMNS = ("freight", "handling", "capital")


def transfer_lines(problem: Problem, solution: Solution) -> tuple[TransferLine, ...]:
    """One line for each item, origin and destination (several modes of one pair are added), in that order of names."""
    covers = _covers(problem, solution)
    grouped: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    lanes, moves = problem.lanes, solution.moves
    for n, (k, lane) in enumerate(zip(moves.item.tolist(), moves.lane.tolist(), strict=True)):
        grouped[k, int(lanes.origin[lane]), int(lanes.destination[lane])].append(n)
    found = [_line(problem, solution, covers, key, at) for key, at in grouped.items()]
    return tuple(sorted(found, key=lambda line: (line.sku, line.origin, line.destination)))


def frame(lines: Sequence[TransferLine]) -> pl.DataFrame:
    """The lines with the schema `TransferLines`; terms of one column are added."""
    column = {name: member.COLUMN for name, member in cost_members().items()}
    rows = [
        {
            "sku": line.sku,
            "origin": line.origin,
            "destination": line.destination,
            "units": line.units,
            "worth_cents": line.worth_cents,
            **{f"{of}_cents": sum(t.cents for t in line.costs if column[t.name] == of) for of in COLUMNS},
            "net_cents": line.net_cents,
            "origin_cover_before": line.origin_cover_before,
            "origin_cover_after": line.origin_cover_after,
            "destination_cover_before": line.destination_cover_before,
            "destination_cover_after": line.destination_cover_after,
            "because": line.sentence,
        }
        for line in lines
    ]
    return TransferLines.validate(pl.DataFrame(rows, schema=TransferLines.create_empty().schema))


@dataclass(frozen=True, slots=True, eq=False)
class _Covers:
    before: Ints
    after: Ints


def _covers(problem: Problem, solution: Solution) -> _Covers:
    moves, lanes = solution.moves, problem.lanes
    units, daily = position(problem), daily_demand(problem)
    moved = units.copy()
    np.subtract.at(moved, (moves.item, lanes.origin[moves.lane]), moves.units)
    np.add.at(moved, (moves.item, lanes.destination[moves.lane]), moves.units)
    return _Covers(days_of_cover(units, daily), days_of_cover(moved, daily))


def _line(
    problem: Problem, solution: Solution, covers: _Covers, key: tuple[int, int, int], at: list[int]
) -> TransferLine:
    k, i, j = key
    costs = tuple(CostTerm(name, Cents(int(cents[at].sum()))) for name, cents in solution.terms.items())
    units, worth = int(solution.moves.units[at].sum()), int(solution.worth_cents[at].sum())
    more, less = float(solution.sold_more[at].sum()), float(solution.sold_less[at].sum())
    sentence = (
        f"{problem.nodes[j]} has {_days(covers.before[k, j])} and within {problem.days} days would miss {more:.1f} of these "
        f"{units} units, {problem.nodes[i]} has {_days(covers.before[k, i])} and will miss {less:.1f}: worth "
        f"{_money(worth)}, costs {_money(sum(term.cents for term in costs))}."
    )
    return TransferLine(
        sku=Sku(str(problem.skus[k])),
        origin=NodeId(str(problem.nodes[i])),
        destination=NodeId(str(problem.nodes[j])),
        units=Units(units),
        worth_cents=Cents(worth),
        costs=costs,
        origin_cover_before=int(covers.before[k, i]),
        origin_cover_after=int(covers.after[k, i]),
        destination_cover_before=int(covers.before[k, j]),
        destination_cover_after=int(covers.after[k, j]),
        sentence=sentence,
    )


def _days(cover: int) -> str:
    return "no sales to expect" if cover >= 9999 else f"{cover} day{'' if cover == 1 else 's'} of cover"


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"
