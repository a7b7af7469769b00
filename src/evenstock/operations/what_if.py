"""Tonight as it is beside tonight as it could be, on the same futures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from evenstock.forecasting import Forecast
from evenstock.operations.network import Network
from evenstock.operations.ports import Store
from evenstock.operations.tonight.demand import fresh_demand
from evenstock.operations.tonight.question import Happenings, tonight
from evenstock.rebalancing.departures.departures import Effort
from evenstock.rebalancing.scenarios.compare_scenarios import Paired, Side, compare_scenarios
from evenstock.rebalancing.scenarios.situation import Change
from evenstock.rebalancing.solve import solve

LIGHT: Final = Effort(sweeps=40, rounds=5, programs=0)
"""A scenario is planned less thoroughly than a night: what differs between scenarios is far larger."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    sides: tuple[Side, ...]
    """The evening as it is first."""
    notes: tuple[str, ...]


def what_if(
    store: Store,
    network: Network,
    forecast: Forecast,
    scenarios: Mapping[str, Sequence[Change]],
    *,
    on: date,
    seed: int,
    n_paths: int,
    happened: Happenings | None = None,
) -> WhatIf:
    """Plan tonight under each scenario and play every plan on the same fresh futures; nothing is kept.

    Purchases are not part of it: scenarios compare what should move.
    """
    with store.reading() as books:
        balances, transfers = books.balance_frame(), books.transfers()
    question = tonight(
        network,
        balances=balances,
        transfers=transfers,
        forecast=forecast,
        on=on,
        n_paths=n_paths,
        seed=seed,
        happened=happened,
    )
    problem = question.problem
    fresh = fresh_demand(forecast, problem.skus, problem.nodes, problem.days, n_paths, seed)
    sides = compare_scenarios(
        problem,
        scenarios,
        fresh=fresh,
        rerouting=question.routes,
        solve=lambda asked: solve(asked, seed=seed, effort=LIGHT),
    )
    return WhatIf(sides, question.notes)


def document(side: Side) -> dict[str, Any]:
    """One side as JSON: money in whole cents, intervals of 95 %."""

    def paired(of: Paired) -> dict[str, int]:
        return {"mean": round(of.mean_cents), "low": round(of.low_cents), "high": round(of.high_cents)}

    return {
        "name": side.name,
        "changes": list(side.changes),
        "lines": side.lines,
        "units": side.units,
        "transfer_cents": side.transfer_cents,
        "served": side.fill,
        "saving_cents": paired(side.saving),
        "against_base_cents": paired(side.against_base),
        "planned_items": side.planned_items,
    }
