"""Plans tonight's transfers, keeps the plan and the prices it implies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from evenstock import __version__, registry
from evenstock.domain import Event, PlanId, PlanState, TransferPlan, digest
from evenstock.forecasting import Forecast
from evenstock.operations.network import Network
from evenstock.operations.ports import Store
from evenstock.operations.tonight import Tonight, tonight
from evenstock.rebalancing.evaluate import evaluate
from evenstock.rebalancing.explain import transfer_lines
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.prices import price_rows
from evenstock.rebalancing.solution import Solution
from evenstock.rebalancing.solve import solve

PATHS = 50
"""Sample paths of demand a plan is reckoned on, by default."""
OURS = "evenstock"
"""The optimiser, beside the rules people use."""


@dataclass(frozen=True)
class Planned:
    """A plan with the question it answers."""

    plan: TransferPlan
    question: Tonight
    solution: Solution


def plan_transfers(
    store: Store,
    network: Network,
    forecast: Forecast,
    *,
    inputs: Mapping[str, str],
    now: datetime,
    seed: int,
    n_paths: int = PATHS,
    method: str = OURS,
    orders: pl.DataFrame | None = None,
    places: pl.DataFrame | None = None,
) -> Planned:
    """Propose tonight's transfers from the books as they are, and write the nightly price list.

    The plan's id is the digest of everything it was computed from: the same evening planned twice is one plan. A plan
    proposed before and not approved is superseded.

    Parameters
    ----------
    inputs : digests of the snapshots used, by name; books, forecast, seed and paths are added here.
    now : the plan is for the day of `now` in UTC, with which the forecast must start.
    method : ours, or a rule of `evenstock.rebalancing.heuristics` to compare with, priced in the same way.

    Raises
    ------
    ValueError
        If the forecast starts on another day, the network has no rates, or there is no such method.
    """
    if method not in methods():
        raise ValueError(f"there is no method {method!r}; choose one of {', '.join(methods())}")
    on = now.date()
    if forecast.as_of != on:
        raise ValueError(f"the forecast starts on {forecast.as_of}, the plan on {on}: forecast again with that day")
    with store.transaction() as books:
        balances = books.balance_frame()
        transfers = books.transfers()
    question = tonight(
        network,
        balances=balances,
        transfers=transfers,
        forecast=forecast,
        on=on,
        n_paths=n_paths,
        seed=seed,
        orders=orders,
        places=places,
    )
    solution = answer(question, method, seed)
    used: dict[str, Any] = dict(inputs) | {
        "books": _frame_digest(balances),
        "forecast": _forecast_digest(forecast),
        "policy": network.policy.digest,
        "paths": str(n_paths),
        "method": method,
        "code": __version__,
        "transfers": digest([str(t.id) + t.state for t in transfers]),
    }
    plan = TransferPlan(
        id=PlanId("plan-" + digest({"inputs": used, "on": on, "seed": seed}).removeprefix("sha256:")[:20]),
        made_at=now,
        inputs=tuple(sorted(used.items())),
        seed=seed,
        lines=transfer_lines(question.problem, solution),
        notes=question.notes + solution.notes,
    )
    prices = price_rows(question.problem.after(solution.moves), valid_from=now)
    with store.transaction() as books:
        known = books.plan(plan.id)
        if known is None:
            for other in books.plans(limit=10):
                if other.state is PlanState.PROPOSED:
                    books.move_plan(other.id, PlanState.PROPOSED, PlanState.SUPERSEDED)
            books.put_plan(plan)
            books.put_prices(prices)
            books.publish([_proposed(plan)])
        else:
            plan = known
    return Planned(plan, question, solution)


def methods() -> list[str]:
    """Ours, and the rules people use."""
    return [OURS, *registry.members("evenstock.rebalancing.heuristics")]


def answer(question: Tonight, method: str, seed: int) -> Solution:
    """Moves for tonight by any method."""
    if method == OURS:
        return solve(question.problem, seed=seed)
    said: Solution = registry.members("evenstock.rebalancing.heuristics")[method].solve(question.problem)
    return said


def _frame_digest(balances: pl.DataFrame) -> str:
    """Digest of the balances as rows; the frame is already sorted by its key."""
    return digest({name: balances[name].to_list() for name in balances.columns})


def _forecast_digest(forecast: Forecast) -> str:
    """Digest of what every quantile and path follows from: model, cut-off, keys and every parameter, to the bit."""
    said = hashlib.sha256(f"{forecast.version} {forecast.cut_off} {forecast.as_of}".encode())
    said.update(repr(forecast.keys.rows()).encode())
    for values in (forecast.mu, forecast.alpha, forecast.path_variance, forecast.path_drift, forecast.shared):
        said.update(np.ascontiguousarray(values, "<f8").tobytes())
    return f"sha256:{said.hexdigest()}"


def _proposed(plan: TransferPlan) -> Event:
    body = {
        "plan": plan.id,
        "lines": len(plan.lines),
        "units": sum(line.units for line in plan.lines),
        "worth_cents": plan.worth_cents,
        "cost_cents": plan.cost_cents,
    }
    return Event(f"{plan.id}:proposed", "TransfersProposed", plan.id, plan.made_at, body)


def service_before_and_after(question: Tonight, solution: Solution) -> pl.DataFrame:
    """Units a node is expected to miss within the horizon, without and with the moves, by node.

    Columns node, wanted, short_before, short_after. A unit short at a node is served from elsewhere where it can be.
    """
    before = evaluate(question.problem, Moves.none())
    after = evaluate(question.problem, solution.moves)
    return pl.DataFrame(
        {
            "node": list(question.problem.nodes),
            "wanted": np.asarray(before.wanted_units).sum(axis=0),
            "short_before": np.asarray(before.lost_units).sum(axis=0),
            "short_after": np.asarray(after.lost_units).sum(axis=0),
        }
    )
