"""What has happened since the last plan that calls for another look before the next night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from evenstock.domain import PlanId, PlanState, TransferPlan
from evenstock.operations.forecast_demand import read_forecast
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.sense_demand import open_alerts
from evenstock.operations.tonight.evening import EVENING, Evening, reopen
from evenstock.operations.tonight.stock import promised_away, stock_matrix
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.worth_doing.triggers import (
    Trigger,
    demand_shifts,
    one_cause_each,
    positions,
    to_review,
)

_SEEN = "plan review"
_ALIVE = frozenset({PlanState.PROPOSED, PlanState.APPROVED})


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Since which plan, and what was found."""

    plan: PlanId
    triggers: tuple[Trigger, ...]
    """Each cause once, now or before."""
    fresh: tuple[Trigger, ...]
    """Those told for the first time."""
    items: tuple[str, ...]
    """Items to plan again because of them."""
    false_alarms: float
    """Item-nodes that would be told of their position on a day on which everything goes as foreseen."""


def review_plan(store: Store, snapshots: Snapshots, *, now: datetime) -> Reviewed:
    """Hold stock and demand of now against what the last plan foresaw; what is told is remembered.

    Raises
    ------
    StoreError
        If there is no plan that kept its evening, or it was made today: nothing has happened since that a plan could miss.
    """
    with store.reading() as books:
        plan = next((p for p in books.plans(limit=20) if p.state in _ALIVE and EVENING in dict(p.inputs)), None)
        balances, transfers = books.balance_frame(), books.transfers()
    if plan is None:
        raise StoreError("there is no plan that kept its evening; `evenstock plan` makes one")
    evening = _evening(snapshots, plan)
    days = (now.date() - evening.on).days
    if not 1 <= days < evening.problem.days:
        raise StoreError(f"plan {plan.id} is of {evening.on}: a review is for the days after it; plan again")
    problem = evening.problem.after(_moves(plan, evening)) if plan.state is PlanState.APPROVED else evening.problem
    skus = {sku: k for k, sku in enumerate(problem.skus)}
    nodes = {node: w for w, node in enumerate(problem.nodes)}
    here = np.maximum(0, stock_matrix(balances, skus, nodes) - promised_away(transfers, skus, nodes))
    found = positions(problem, days, here, cause=str(plan.id))
    triggers = one_cause_each([*found.triggers, *demand_shifts(open_alerts(store, snapshots))])
    with store.transaction() as books:
        fresh = tuple(t for t in triggers if books.accept(_SEEN, "|".join(str(part) for part in t.key), now))
    items = tuple(str(problem.skus[k]) for k in to_review(triggers, problem).tolist())
    return Reviewed(plan.id, triggers, fresh, items, found.false_alarms)


def _evening(snapshots: Snapshots, plan: TransferPlan) -> Evening:
    """The whole evening, on the plan's futures."""
    told = dict(plan.inputs)
    foretold = told.get("forecast snapshot")
    if foretold is None:
        raise StoreError(f"plan {plan.id} does not name its forecast; plan again")
    skus = snapshots.read(told[EVENING])["evening_items"]["sku"].to_list()
    return reopen(snapshots, told[EVENING], skus, read_forecast(snapshots.read(foretold)))


def _moves(plan: TransferPlan, evening: Evening) -> Moves:
    """The plan's lines as moves of the evening."""
    problem = evening.problem
    skus = {sku: k for k, sku in enumerate(problem.skus)}
    lanes = {
        (problem.nodes[int(i)], problem.nodes[int(j)], mode): a
        for a, (i, j, mode) in enumerate(
            zip(problem.lanes.origin, problem.lanes.destination, evening.modes, strict=True)
        )
    }
    rows = [(skus[e.sku], lanes[e.origin, e.destination, e.mode], int(e.units)) for e in plan.lines]
    table = np.array(rows, np.int64).reshape(-1, 3)
    return Moves.gather(table[:, 0], table[:, 1], table[:, 2])
