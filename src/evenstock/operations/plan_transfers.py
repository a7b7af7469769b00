"""Plans tonight's transfers, keeps the plan and the prices it implies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from evenstock import __version__
from evenstock.domain import CapacityPrice, Cents, Event, PlanId, PlanState, Price, TransferPlan, digest
from evenstock.forecasting import Forecast
from evenstock.operations.approvals import void_request
from evenstock.operations.audit.who import ACTING
from evenstock.operations.autonomy.approving_plans import ask_for_plan
from evenstock.operations.autonomy.asking_of_plans import (
    RuledPlan,
    let_go,
    let_go_of,
    rule_on_plan,
    without_refused,
)
from evenstock.operations.autonomy.asking_of_prices import lawful_prices
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.network import Network
from evenstock.operations.ports import Snapshots, Store, Transaction
from evenstock.operations.tonight import document
from evenstock.operations.tonight.decide import OURS, Decided, decide
from evenstock.operations.tonight.demand import fresh_demand
from evenstock.operations.tonight.evening import EVENING, keep_evening
from evenstock.operations.tonight.feeds import doubtful_feeds
from evenstock.operations.tonight.lane_times import lane_days
from evenstock.operations.tonight.question import Happenings, Tonight, tonight
from evenstock.operations.transfers import release_plan
from evenstock.rebalancing.departures.departures import Effort
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.worth.evaluate import evaluate
from evenstock.rebalancing.worth.prices import price_rows
from evenstock.rebalancing.worth.solution import Solution

PATHS = 50
"""Sample paths of demand a plan is reckoned on, by default."""


@dataclass(frozen=True)
class Planned:
    """A plan with the question it answers."""

    plan: TransferPlan
    question: Tonight
    decided: Decided

    @property
    def solution(self) -> Solution:
        """What goes tonight."""
        return self.decided.solution


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
    happened: Happenings | None = None,
    snapshots: Snapshots | None = None,
    effort: Effort | None = None,
    rules: Governance | None = None,
) -> Planned:
    """Propose tonight's transfers from the books as they are, and write the nightly price list.

    Lines that `rules` refuse are left out, and a note names the rule. Lines that an envelope lets go alone are approved and
    released at once, as a plan of their own where others wait for a person.

    The plan's id is the digest of everything it was computed from: the same evening planned twice is one plan. A plan
    proposed before and not approved is superseded.

    Parameters
    ----------
    inputs : digests of the snapshots used, by name; books, forecast, seed and paths are added here.
    now : the plan is for the day of `now` in UTC, with which the forecast must start.
    method : ours, or a rule of `evenstock.rebalancing.heuristics` to compare with, priced in the same way.
    snapshots : where the evening is kept, so that the plan can be edited and judged later; not kept without.
    effort : how hard to look; with a clock in it the plan may depend on the machine.

    Raises
    ------
    ValueError
        If the forecast starts on another day, the network has no rates, or there is no such method.
    """
    on = now.date()
    if forecast.as_of != on:
        raise ValueError(f"the forecast starts on {forecast.as_of}, the plan on {on}: forecast again with that day")
    with store.transaction() as books:
        balances = books.balance_frame()
        transfers = books.transfers()
        doubtful = {}
        if snapshots is not None and (before := books.plans(limit=1)):
            doubtful = doubtful_feeds(snapshots, before[0], balances, books.movement_frame())
    question = tonight(
        network,
        balances=balances,
        transfers=transfers,
        forecast=forecast,
        on=on,
        n_paths=n_paths,
        seed=seed,
        happened=happened,
        excluded_nodes=doubtful,
    )
    fresh = fresh_demand(forecast, question.problem.skus, question.problem.nodes, question.problem.days, n_paths, seed)
    decided = decide(question, network.costs, network.supplies, method=method, seed=seed, effort=effort, fresh=fresh)
    used = _used(inputs, forecast, question, {"policy": network.policy.digest, "paths": str(n_paths), "method": method})
    if snapshots is not None:
        modes = tuple(lane.mode for lane in network.lanes)
        used[EVENING] = keep_evening(snapshots, question, modes, paths=n_paths, seed=seed)
    plan = _document(network, question, decided, used, now, (seed, n_paths))
    left = decided.problem.after(decided.solution.moves)
    prices = price_rows(left, valid_from=now, routes=question.routes)
    shared = document.shared_prices(decided, network.lanes, on, now)
    return Planned(_kept(store, plan, prices, shared, rules), question, decided)


def _used(
    inputs: Mapping[str, str], forecast: Forecast, question: Tonight, beside: Mapping[str, str]
) -> dict[str, str]:
    """Everything the plan follows from, by name."""
    return dict(inputs) | {
        "books": _frame_digest(question.balances),
        "forecast": _forecast_digest(forecast),
        "code": __version__,
        "transfers": digest([str(t.id) + t.state for t in question.transfers]),
        **beside,
    }


def _document(
    network: Network,
    question: Tonight,
    decided: Decided,
    used: Mapping[str, str],
    now: datetime,
    drawn: tuple[int, int],
) -> TransferPlan:
    """The answer as a plan; `drawn` is the seed and the number of paths."""
    (seed, n_paths), on = drawn, question.on
    days = lane_days(network.lanes, question.ship_on, question.transfers)
    return TransferPlan(
        id=PlanId("plan-" + digest({"inputs": used, "on": on, "seed": seed}).removeprefix("sha256:")[:20]),
        made_at=now,
        inputs=tuple(sorted(used.items())),
        seed=seed,
        lines=document.lines_of(question, decided, days),
        purchases=document.purchases(question, decided),
        notes=network.lane_notes + question.notes + decided.notes,
        held=document.held_lines(decided, days, on),
        bound_cents=None if decided.solved.bound_cents is None else Cents(decided.solved.bound_cents),
        solved_cents=Cents(decided.solved.net_cents),
        played=document.played(decided, n_paths),
        rivals=document.rivals(decided, n_paths),
        curve=document.curve_days(decided, on),
    )


def _kept(
    store: Store,
    plan: TransferPlan,
    prices: Sequence[Price],
    shared: Sequence[CapacityPrice],
    rules: Governance | None = None,
) -> TransferPlan:
    """The plan as it is kept, with its prices; a plan proposed before and not approved is superseded."""
    with store.transaction() as books:
        known = books.plan(plan.id)
        if known is not None:
            return known
        for other in books.plans(limit=10):
            if other.state is PlanState.PROPOSED:
                books.move_plan(other.id, PlanState.PROPOSED, PlanState.SUPERSEDED)
                void_request(books, f"plan:{other.id}", plan.made_at)
        ruled = rule_on_plan(books, rules, plan, plan.made_at)
        if ruled is None:
            books.put_plan(plan)
        else:
            plan = _put_ruled(books, *without_refused(plan, ruled))
        lawful = lawful_prices(books, rules, plan.made_at, prices)
        books.put_prices(lawful.prices)
        books.put_capacity_prices(shared)
        books.publish([_proposed(plan)])
    return plan


def _put_ruled(books: Transaction, plan: TransferPlan, ruled: RuledPlan) -> TransferPlan:
    """Keep the plan, let go what may go alone, and ask people about the rest; the part that waits, or the whole."""
    alone, waits = let_go(plan, ruled)
    for part in filter(None, (waits, alone)):
        books.put_plan(part)
    if alone is not None:
        on = plan.made_at.date()
        release_plan(books, alone, on, ACTING.get().id, plan.made_at)
        let_go_of(ruled).say(books, alone.id)
    if waits is None:
        return replace(plan, state=PlanState.APPROVED)
    if ruled.whole.asks is not None and (waits.lines or waits.purchases):
        ask_for_plan(books, waits, ruled.whole, plan.made_at)
    return waits


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
