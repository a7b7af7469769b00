"""The answer as the document a planner reads: lines, held lines, rivals, the curve, prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from evenstock.domain import (
    UNTRACKED,
    CapacityPrice,
    Cents,
    CurveDay,
    HeldLine,
    Lane,
    LotId,
    Played,
    PurchaseLine,
    Rival,
    TransferLine,
)
from evenstock.operations.tonight.by_lot import by_lot, lots_there
from evenstock.operations.tonight.decide import OURS, Decided
from evenstock.operations.tonight.question import Tonight
from evenstock.operations.tonight.weeks import learned_days, purchase_lines
from evenstock.rebalancing.explain import LaneDays, transfer_lines
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.worth.solution import settle
from evenstock.rebalancing.worth_doing.compare import Saving

NIGHTLY = "nightly"


def lines_of(question: Tonight, decided: Decided, days: LaneDays) -> tuple[TransferLine, ...]:
    """Lines of the plan, by lot where lots are tracked."""
    lines = transfer_lines(decided.problem, decided.solution, days)
    return by_lot(lines, lots_there(question.balances, question.happened.lots), _chosen_lots(decided, days))


def _chosen_lots(decided: Decided, days: LaneDays) -> dict[tuple[str, str, str, str], list[tuple[LotId, int]]]:
    """Lots of goods that spoil, as the weeks chose them for tonight."""
    chosen: dict[tuple[str, str, str, str], list[tuple[LotId, int]]] = {}
    rows = decided.weeks.schedule.lot_transfers if decided.weeks is not None else None
    if rows is None:
        return chosen
    lanes, problem = decided.problem.lanes, decided.problem
    for k, a, t, lot, units in zip(rows.item, rows.lane, rows.day, rows.lot, rows.units, strict=True):
        if t == 0 and units:
            ends = problem.nodes[int(lanes.origin[a])], problem.nodes[int(lanes.destination[a])]
            name = decided.lots[int(lot)] if lot >= 0 else UNTRACKED
            chosen.setdefault((problem.skus[int(k)], *ends, days.mode[int(a)]), []).append((name, int(units)))
    return chosen


def purchases(question: Tonight, decided: Decided) -> tuple[PurchaseLine, ...]:
    """What to buy tonight."""
    if decided.weeks is None:
        return ()
    return purchase_lines(question, decided.weeks, learned_days(question.happened.lead_times, "q90"))


def held_lines(decided: Decided, days: LaneDays, on: date) -> tuple[HeldLine, ...]:
    """What waits, priced as if it were all that left."""
    if not decided.held:
        return ()
    found = []
    for waiting in sorted(decided.held, key=lambda w: (w.item, w.lane)):
        alone = settle(decided.problem, Moves.gather([waiting.item], [waiting.lane], [waiting.units]), method=OURS)
        (line,) = transfer_lines(decided.problem, alone, days)
        found.append(HeldLine(line, Cents(waiting.wait_cents), on + timedelta(days=waiting.departure_days)))
    return tuple(found)


def played(decided: Decided, futures: int) -> Played | None:
    """What the plan saved on fresh futures."""
    return _played(decided.comparison.of(decided.solution.method).fresh, futures)


def _played(saving: Saving | None, futures: int) -> Played | None:
    if saving is None:
        return None

    def whole(cents: float) -> Cents:
        return Cents(round(cents)) if np.isfinite(cents) else Cents(0)

    return Played(whole(saving.mean_cents), whole(saving.low_cents), whole(saving.high_cents), futures)


def rivals(decided: Decided, futures: int) -> tuple[Rival, ...]:
    """What the rules people use would have brought on the same futures."""
    return tuple(
        Rival(
            row.method, row.lines, row.units, Cents(row.worth_cents), Cents(row.cost_cents), _played(row.fresh, futures)
        )
        for row in decided.comparison.rows
        if row.method != decided.solution.method
    )


def curve_days(decided: Decided, on: date) -> tuple[CurveDay, ...]:
    """Cost of doing nothing by day, of all items that the plan moves, and what is left of the plan's gain if it leaves later."""
    moved = np.unique(decided.solution.moves.item)
    if len(moved) == 0:
        return ()
    nothing = decided.curve.nothing_by_item[moved].sum(axis=0)
    worth = decided.curve.worth_cents - decided.solution.total_cost_cents
    return tuple(
        CurveDay(on + timedelta(days=t), Cents(round(float(cents))), Cents(round(float(late))))
        for t, (cents, late) in enumerate(zip(nothing, worth, strict=True))
    )


def shared_prices(decided: Decided, lanes: Sequence[Lane], on: date, valid_from: datetime) -> list[CapacityPrice]:
    """What one more pallet on a lane, unit through a dock or pallet of room is worth, where it is worth anything."""
    prices, problem = decided.solved.prices, decided.problem
    if prices is None:
        return []
    rows = [
        CapacityPrice("lane", f"{lane.origin} > {lane.destination} {lane.mode}", on, valid_from, NIGHTLY, _cents(value))
        for lane, value in zip(lanes, prices.lane_pallet_cents, strict=True)
    ]
    for w, node in enumerate(problem.nodes):
        rows.append(CapacityPrice("dock_out", node, on, valid_from, NIGHTLY, _cents(prices.out_unit_cents[w])))
        for t in range(problem.days):
            day = on + timedelta(days=t)
            rows += [
                CapacityPrice("dock_in", node, day, valid_from, NIGHTLY, _cents(prices.in_unit_cents[w, t])),
                CapacityPrice("room", node, day, valid_from, NIGHTLY, _cents(prices.room_pallet_cents[w, t])),
            ]
    return [row for row in rows if row.cents > 0]


def _cents(value: float) -> Cents:
    return Cents(round(float(value)))
