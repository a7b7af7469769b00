"""What the executed lines of a plan really brought: the same days without the move, on the demand that came."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import (
    Cents,
    LineOutcome,
    LotId,
    NodeId,
    PlanId,
    PlanOutcome,
    Sku,
    TransferLine,
    TransferOrder,
    TransferPlan,
    Units,
)
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.tonight.evening import EVENING, Evening, reopen
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Lanes, Problem
from evenstock.rebalancing.worth.worth import worth

_TO_CUSTOMERS: Final = frozenset({"customer"})


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Units of one line that arrived on one day."""

    line: TransferLine
    units: int
    day: int


def judge_plan(store: Store, snapshots: Snapshots, demand: pl.DataFrame, plan: PlanId, *, now: datetime) -> PlanOutcome:
    """Re-live the plan's days with and without its moves, and keep what each line brought.

    Demand does not depend on where stock stood, so "not moved" is exact, not estimated: stock as it was that evening, what
    came and went since by other ways from the ledger, demand as it came, and the units of each line on the day on which they
    really arrived. A unit short is priced as that evening; days that have not passed yet are left out and said.

    Parameters
    ----------
    demand : columns of `tables.Demand`, up to yesterday.

    Raises
    ------
    StoreError
        If there is no such plan, it does not keep its evening, or none of its goods have arrived.
    ValueError
        If no day of demand is known since.
    """
    with store.reading() as books:
        found = books.plan(plan)
        transfers = [t for t in books.transfers() if t.plan == plan]
        moved = books.movement_frame()
    if found is None:
        raise StoreError(f"there is no plan {plan}; `evenstock plan` makes one")
    kept = dict(found.inputs).get(EVENING)
    if kept is None:
        raise StoreError(f"plan {plan} does not keep the evening it was made on: it cannot be judged")
    evening = reopen(snapshots, kept, {line.sku for line in found.lines})
    last: date | None = demand["date"].max()  # type: ignore[assignment]
    days = (
        0
        if last is None
        else min(evening.problem.days, (min(last, now.date() - timedelta(days=1)) - evening.on).days + 1)
    )
    if days < 1:
        raise ValueError(f"no demand is known since {evening.on}: import demand, then judge")
    arrivals = _arrivals(found, transfers, moved, evening.on)
    if not arrivals:
        raise StoreError(f"nothing of plan {plan} has been received yet")
    since = moved.filter(pl.col("recorded_at") > found.made_at)
    lived = _lived(evening, demand, since, {t.id for t in transfers}, days)
    outcome = PlanOutcome(plan, evening.on + timedelta(days=days), _outcomes(lived, arrivals), _notes(evening, days))
    with store.transaction() as books:
        books.put_plan_outcome(outcome)
    return outcome


def _notes(evening: Evening, days: int) -> tuple[str, ...]:
    whole = evening.problem.days
    return (f"{days} of {whole} days have passed: gains still grow",) if days < whole else ()


def _arrivals(plan: TransferPlan, transfers: list[TransferOrder], moved: pl.DataFrame, on: date) -> list[_Arrival]:
    """Units received by line and day; where a lane's lines of one item were added up, dealt out in their order."""
    of_transfer = {str(t.id): t for t in transfers}
    came = moved.filter(
        (pl.col("source_bucket") == "in_transit")
        & (pl.col("destination_bucket") == "available")
        & pl.col("because").is_in(list(of_transfer))
    )
    left = {n: int(line.units) for n, line in enumerate(plan.lines)}
    found = []
    for row in came.sort("occurred_at").iter_rows(named=True):
        transfer, units = of_transfer[row["because"]], int(row["units"])
        for n, line in enumerate(plan.lines):
            ends = (line.origin, line.destination, line.mode) == (transfer.origin, transfer.destination, transfer.mode)
            if units and ends and (line.sku, line.lot) == (row["sku"], row["lot"]):
                taken = min(units, left[n])
                if taken:
                    found.append(_Arrival(line, taken, max((row["occurred_at"].date() - on).days, 0)))
                    left[n] -= taken
                    units -= taken
    return found


def _lived(evening: Evening, demand: pl.DataFrame, moved: pl.DataFrame, own: set[str], days: int) -> Problem:
    """The evening's problem with what really happened as its only path, without this plan's moves."""
    problem = evening.problem
    at_sku = {sku: k for k, sku in enumerate(problem.skus)}
    at_node = {node: w for w, node in enumerate(problem.nodes)}
    wanted = np.zeros((len(at_sku), len(at_node), days), np.int64)
    here = demand.filter(pl.col("sku").is_in(list(at_sku)) & (pl.col("date") >= evening.on))
    for sku, node, day, units in here.select("sku", "node", "date", "units").iter_rows():
        t = (day - evening.on).days
        if node in at_node and t < days:
            wanted[at_sku[sku], at_node[node], t] += units
    came = _other_flows(moved, (at_sku, at_node), own, evening.on, days)
    return Problem(
        skus=problem.skus,
        nodes=problem.nodes,
        on_hand=problem.on_hand,
        # What left by other ways than to customers could not be sold either.
        paths=(wanted + np.maximum(-came, 0))[:, :, None, :].astype(np.int32),
        inbound=np.maximum(came, 0),
        shortage_cents=problem.shortage_cents,
        unit_cost_cents=problem.unit_cost_cents,
        lanes=problem.lanes,
        holding_millicents=problem.holding_millicents,
        capital_rate=problem.capital_rate,
        handling_out_cents=problem.handling_out_cents,
        handling_in_cents=problem.handling_in_cents,
        case_units=np.ones(len(problem.skus), np.int64),
        pallet_units=problem.pallet_units,
        terminal_cents=problem.terminal_cents,
    )


def _other_flows(
    moved: pl.DataFrame, keys: tuple[dict[str, int], dict[str, int]], own: set[str], on: date, days: int
) -> NDArray[np.int64]:
    """Net units that came to be available by other ways than orders and this plan, by item, node and day."""
    at_sku, at_node = keys
    net: dict[tuple[int, int, int], int] = defaultdict(int)
    since = moved.filter(
        (pl.col("occurred_at").dt.date() >= on)
        & (pl.col("sku").is_in(list(at_sku)))
        & ~pl.col("because").is_in(list(own))
    )
    for row in since.iter_rows(named=True):
        t = (row["occurred_at"].date() - on).days
        buckets = {row["source_bucket"], row["destination_bucket"]}
        to_order = buckets & {"reserved", "allocated"} or row["destination_cause"] in _TO_CUSTOMERS
        if t >= days or to_order:
            continue
        for end, sign in (("source", -1), ("destination", 1)):
            if row[f"{end}_bucket"] == "available" and row[f"{end}_node"] in at_node:
                net[at_sku[row["sku"]], at_node[row[f"{end}_node"]], t] += sign * int(row["units"])
    found = np.zeros((len(at_sku), len(at_node), days), np.int64)
    for at, units in net.items():
        found[at] = units
    return found


def _outcomes(lived: Problem, arrivals: list[_Arrival]) -> tuple[LineOutcome, ...]:
    """Each line re-valued; a line that came in several parts is added up."""
    at_sku = {sku: k for k, sku in enumerate(lived.skus)}
    at_node = {node: w for w, node in enumerate(lived.nodes)}
    count, zero = len(arrivals), np.zeros(len(arrivals), np.int64)
    lanes = Lanes(
        origin=np.array([at_node[a.line.origin] for a in arrivals], np.int64),
        destination=np.array([at_node[a.line.destination] for a in arrivals], np.int64),
        fixed_cents=zero,
        pallet_cents=zero,
        unit_cents=zero,
        lead_days=np.array([a.day for a in arrivals], np.int64),
        leaves=np.ones(count, np.bool_),
    )
    item = np.array([at_sku[a.line.sku] for a in arrivals], np.int64)
    units = np.array([a.units for a in arrivals], np.int64)
    order = np.lexsort((np.arange(count), item))
    moves = Moves(item[order], np.arange(count)[order], units[order])
    value = worth(replace(lived, lanes=lanes, barred=None), moves)
    parts: dict[TransferLine, list[tuple[int, float, float, float]]] = defaultdict(list)
    for n, a in enumerate(order.tolist()):
        line = arrivals[a].line
        parts[line].append(
            (arrivals[a].units, float(value.cents[n]), float(value.sold_more[n]), float(value.sold_less[n]))
        )
    found = []
    for line, told in parts.items():
        got, cents, more, less = (sum(column) for column in zip(*told, strict=True))
        found.append(
            LineOutcome(
                Sku(line.sku),
                NodeId(line.origin),
                NodeId(line.destination),
                LotId(line.lot),
                Units(int(got)),
                Cents(round(line.worth_cents * got / line.units) - line.cost_cents),
                Cents(round(cents) - line.cost_cents),
                Units(round(more)),
                Units(round(less)),
            )
        )
    return tuple(sorted(found, key=lambda line: (line.sku, line.origin, line.destination, line.lot)))
