"""Says of each line what it is worth, what it costs, and what it does to both ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from evenstock.domain import Cents, CostTerm, NodeId, Sku, TransferLine, Units
from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.cover import daily_demand, days_of_cover, position
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.certainty import Certainty, certainty
from evenstock.rebalancing.worth.solution import Solution, cost_members
from evenstock.tables import TransferLines

COLUMNS = ("freight", "handling", "capital")


@dataclass(frozen=True, slots=True)
class LaneDays:
    """What a document says of each lane beside its cost, ``(A,)`` each."""

    mode: Sequence[str]
    ship_by: Sequence[date | None]
    eta_p50: Sequence[date | None]
    eta_p90: Sequence[date | None]

    @classmethod
    def unknown(cls, lanes: int) -> LaneDays:
        return cls([""] * lanes, [None] * lanes, [None] * lanes, [None] * lanes)


def transfer_lines(problem: Problem, solution: Solution, days: LaneDays | None = None) -> tuple[TransferLine, ...]:
    """One line for each item and lane, in the order of names: item, origin, destination, mode.

    Lanes that differ in nothing that is known here (`days` left out) are added.
    """
    covers, sure = _covers(problem, solution), certainty(problem, solution)
    days = days or LaneDays.unknown(len(problem.lanes))
    grouped: dict[tuple[int, int, int, str], list[int]] = defaultdict(list)
    lanes, moves = problem.lanes, solution.moves
    for n, (k, lane) in enumerate(zip(moves.item.tolist(), moves.lane.tolist(), strict=True)):
        grouped[k, int(lanes.origin[lane]), int(lanes.destination[lane]), days.mode[lane]].append(n)
    found = [_line(problem, solution, covers, sure, days, at) for at in grouped.values()]
    return tuple(sorted(found, key=lambda line: (line.sku, line.origin, line.destination, line.mode)))


def frame(lines: Sequence[TransferLine]) -> pl.DataFrame:
    """The lines with the schema `TransferLines`; terms of one column are added."""
    column = {name: member.COLUMN for name, member in cost_members().items()}
    rows = [
        {
            "sku": line.sku,
            "origin": line.origin,
            "destination": line.destination,
            "mode": line.mode,
            "lot": line.lot,
            "units": line.units,
            "cases": line.cases,
            "pallets": line.pallet_thousandths / 1000,
            "ship_by": line.ship_by,
            "eta_p50": line.eta_p50,
            "eta_p90": line.eta_p90,
            "worth_cents": line.worth_cents,
            **{f"{of}_cents": sum(t.cents for t in line.costs if column[t.name] == of) for of in COLUMNS},
            "net_cents": line.net_cents,
            "error_cents": line.error_cents,
            "chance": line.chance_ppm / 1e6,
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
    problem: Problem, solution: Solution, covers: _Covers, sure: Certainty, days: LaneDays, at: list[int]
) -> TransferLine:
    moves, lane = solution.moves, int(solution.moves.lane[at[0]])
    k, i, j = int(moves.item[at[0]]), int(problem.lanes.origin[lane]), int(problem.lanes.destination[lane])
    costs = tuple(CostTerm(name, Cents(int(cents[at].sum()))) for name, cents in solution.terms.items())
    units, worth = int(moves.units[at].sum()), int(solution.worth_cents[at].sum())
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
        mode=days.mode[lane],
        cases=units // int(problem.case_units[k]),
        pallet_thousandths=round(1000 * units * float(problem.pallet_share[k])),
        ship_by=days.ship_by[lane],
        eta_p50=days.eta_p50[lane],
        eta_p90=days.eta_p90[lane],
        error_cents=Cents(round(float(np.hypot.reduce(sure.error_cents[at])))),
        chance_ppm=int(sure.chance_ppm[at].min()),
    )


def _days(cover: int) -> str:
    return "no sales to expect" if cover >= 9999 else f"{cover} day{'' if cover == 1 else 's'} of cover"


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"
