"""One night and one day of a made-up brand, then the same days lived in three ways."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.progress import Progress, TaskID

from evenstock.bootstrap import Workspace
from evenstock.cli.demo_stock import StockTruth, stock_truth
from evenstock.domain import DecisionRecord
from evenstock.operations.believe_stock import Believed, believe_stock
from evenstock.operations.beyond_the_model import adjustments
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.forecast_demand import Forecasted, forecast_demand
from evenstock.operations.import_network import import_network
from evenstock.operations.learn_lead_times import learn_lead_times
from evenstock.operations.learn_transit import learn_transit
from evenstock.operations.network import orders_from_frame
from evenstock.operations.plan_transfers import Planned, plan_transfers
from evenstock.operations.propose_counts import ProposedCounts, propose_counts
from evenstock.operations.reprice import Repriced, reprice
from evenstock.operations.route_order import route_order
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.transit_in_force import LearnedTransit
from evenstock.simulation.days import Arm, Lived, Setting, live
from evenstock.simulation.enrichment import enrich
from evenstock.simulation.habit import nearest
from evenstock.simulation.world import World, future_orders, make_world
from evenstock.storage.memory import MemoryStore

ARMS = (
    Arm("evenstock", method="evenstock"),
    Arm("habit: nearest, 20 % rule", nearest, "twenty_percent"),
    Arm("nearest, no transfers", nearest),
)
FAULTS = 0.02
"""Share of the brand's records that are wrong."""
COUNTS = 20
"""Counts that each node has time for in a day."""


@dataclass
class Demo:
    """Everything the demo found out."""

    world: World
    company: Company
    forecast: Forecasted
    transit: LearnedTransit
    believed: Believed
    proposed: ProposedCounts
    truth: StockTruth
    planned: Planned
    repriced: Repriced
    records: list[DecisionRecord]
    lived: list[Lived]
    seconds: dict[str, float] = field(default_factory=dict)


def run(
    opened: Workspace, shown: Progress, *, seed: int, nodes: int, skus: int, days: int, orders_per_day: int = 600
) -> Demo:
    """One night and one day, then `days` days of each way of deciding."""
    seconds: dict[str, float] = {}

    @contextmanager
    def step(name: str, total: int | None = None) -> Iterator[TaskID]:
        task = shown.add_task(name, total=total)
        begun = time.perf_counter()
        yield task
        seconds[name] = time.perf_counter() - begun
        shown.remove_task(task)

    with step("building a brand"):
        brand = enrich(make_world(seed, nodes=nodes, skus=skus, orders_per_day=orders_per_day), faults=FAULTS)
        world = brand.world
    now = world.opens_at
    with step("opening its books"):
        import_network(opened.store, opened.snapshots, world.frames, now)
        company = Company.load(opened.store, opened.snapshots)
    with step("learning delivery times"):
        transit = learn_transit(opened.store, opened.snapshots, company, as_of=now.date(), now=now)
        learn_lead_times(opened.store, opened.snapshots, company, as_of=now.date(), now=now)
        company = Company.load(opened.store, opened.snapshots, now.date())
    with step("forecasting demand"):
        beyond = adjustments(opened.store, opened.snapshots, company)
        forecast = forecast_demand(opened.store, opened.snapshots, company, as_of=now.date(), now=now, adjust=beyond)
    with step("doubting the records"):
        believed = believe_stock(opened.store, opened.snapshots, company, now=now)
        proposed = propose_counts(opened.store, opened.snapshots, company, now=now, per_node=COUNTS)
    with step("planning tonight's transfers"):
        planned = plan_transfers(
            opened.store,
            company.network,
            forecast.forecast,
            inputs={
                **{name: company.digests[name] for name in ("network", "transit")},
                "forecast snapshot": forecast.digest,
            },
            now=now,
            seed=seed,
            happened=happenings(opened.store, company),
            snapshots=opened.snapshots,
        )
    with step("pricing what the week's orders compete for"):
        repriced = reprice(opened.store, opened.snapshots, company, now=now, forecast=forecast.forecast, seed=seed)
        company = Company.load(opened.store, opened.snapshots, now.date())
    orders = orders_from_frame(world.frames["orders"])
    with step("routing today's orders", len(orders)) as task:
        shipping, policy, records = company.shipping, company.network.policy, []
        for order in orders:
            records.append(route_order(opened.store, shipping, policy, RouteOrder(order, order.placed_at)).record)
            shown.advance(task)
    with step(f"living through {days} days, three ways", days * len(ARMS)) as task:
        lived = _live(world, company, forecast, days, lambda: shown.advance(task))
    truth = stock_truth(brand, believed, proposed)
    return Demo(
        world, company, forecast, transit, believed, proposed, truth, planned, repriced, records, lived, seconds
    )


def _live(world: World, company: Company, forecast: Forecasted, days: int, tick: Callable[[], None]) -> list[Lived]:
    customers = {
        world.as_of + timedelta(days=k): future_orders(world, world.as_of + timedelta(days=k)) for k in range(days)
    }

    setting = Setting(
        company.network,
        company.shipping,
        world.frames,
        forecast.forecast,
        world.opens_at,
        customers.__getitem__,
        world.seed,
    )
    return [live(setting, arm, days, MemoryStore(), tick) for arm in ARMS]
