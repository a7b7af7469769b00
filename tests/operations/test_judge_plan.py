"""What a line brought is what the days with it are better than the days without it, counted one by one."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.domain import LineOutcome
from evenstock.operations.company import Company
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.import_network import import_network
from evenstock.operations.judge_plan import judge_plan
from evenstock.operations.plan_transfers import Planned, plan_transfers
from evenstock.operations.ports import StoreError
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.transfers import ReceivedLine, approve_plan, dispatch_transfer, receive_transfer
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

DAYS = 28


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=2, nodes=3, skus=40, days=100, orders_per_day=60)


@pytest.fixture
def evening(world: World, tmp_path) -> tuple[MemoryStore, SnapshotFolder, Planned]:
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, world.frames, world.opens_at)
    company, now = Company.load(store, snapshots), world.opens_at
    said = forecast_demand(store, snapshots, company, as_of=now.date(), now=now)
    planned = plan_transfers(
        store, company.network, said.forecast, inputs={"forecast snapshot": said.digest}, now=now, seed=1,
        happened=happenings(store, company), snapshots=snapshots,
    )  # fmt: skip
    return store, snapshots, planned


def came(planned: Planned, seed: int = 5) -> pl.DataFrame:
    """Demand that came, one of many possible: Poisson around the plan's mean."""
    problem, rng = planned.question.problem, np.random.default_rng(seed)
    mean = problem.paths.mean(axis=2)
    rows = [
        (planned.question.on + timedelta(days=t), sku, node, int(rng.poisson(mean[k, w, t])))
        for k, sku in enumerate(problem.skus) for w, node in enumerate(problem.nodes) for t in range(problem.days)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["date", "sku", "node", "units"], orient="row")


def carried(store, planned: Planned, world: World, late_days: int = 0) -> dict[tuple[str, str], int]:
    """Approve, dispatch and receive everything; the day of arrival by lane."""
    arrived = {}
    for transfer in approve_plan(store, planned.plan.id, planned.question.on, "dana", world.opens_at):
        dispatch_transfer(store, transfer.id, world.opens_at)
        (lead,) = {
            int(lead) for lead, i, j in zip(
                planned.question.problem.lanes.lead_days, planned.question.problem.lanes.origin,
                planned.question.problem.lanes.destination, strict=True,
            ) if (planned.question.problem.nodes[i], planned.question.problem.nodes[j]) == (transfer.origin, transfer.destination)
        }  # fmt: skip
        day = lead + late_days
        at = datetime.combine(planned.question.on + timedelta(days=day), datetime.min.time(), UTC) + timedelta(hours=9)
        receive_transfer(store, transfer.id, "dock", [ReceivedLine(e.sku, e.units) for e in transfer.lines], at)
        arrived[transfer.origin, transfer.destination] = day
    return arrived


def lived_cents(planned: Planned, demand: pl.DataFrame, sku: str, node: str, change: dict[int, int]) -> float:
    """Shortage and storing at one shelf, counted day by day."""
    problem = planned.question.problem
    k, w = list(problem.skus).index(sku), list(problem.nodes).index(node)
    wanted = dict(demand.filter((pl.col("sku") == sku) & (pl.col("node") == node)).select("date", "units").iter_rows())
    stock, cents = int(problem.on_hand[k, w]), 0.0
    for t in range(problem.days):
        stock += change.get(t, 0)
        units = wanted[planned.question.on + timedelta(days=t)]
        sold = min(stock, units)
        stock -= sold
        cents += (
            int(problem.shortage_cents[k, w]) * (units - sold) + int(problem.holding_millicents[k, w]) / 1000 * stock
        )
    return cents


def test_the_realised_gain_is_the_difference_of_two_lives(evening, world: World) -> None:
    store, snapshots, planned = evening
    demand, arrived = came(planned), carried(store, planned, world)
    later = datetime.combine(planned.question.on + timedelta(days=DAYS + 1), datetime.min.time(), UTC)

    judged = judge_plan(store, snapshots, demand, planned.plan.id, now=later)

    assert len(judged.lines) == len(planned.plan.lines)
    ends = [(e.sku, e.origin) for e in planned.plan.lines] + [(e.sku, e.destination) for e in planned.plan.lines]
    alone = [e for e in planned.plan.lines if ends.count((e.sku, e.origin)) == ends.count((e.sku, e.destination)) == 1]
    assert alone
    of = {(e.sku, e.origin, e.destination): e for e in judged.lines}
    for line in alone:
        day = arrived[line.origin, line.destination]
        there = lived_cents(planned, demand, line.sku, line.destination, {}) - lived_cents(
            planned, demand, line.sku, line.destination, {day: line.units}
        )
        here = lived_cents(planned, demand, line.sku, line.origin, {0: -line.units}) - lived_cents(
            planned, demand, line.sku, line.origin, {}
        )
        found: LineOutcome = of[line.sku, line.origin, line.destination]
        assert found.realised_cents == pytest.approx(there - here - line.cost_cents, abs=2)
        assert found.foretold_cents == line.net_cents
    with store.reading() as books:
        assert books.plan_outcome(planned.plan.id) == judged


def test_a_late_truck_brings_no_more_and_an_early_judgement_says_so(evening, world: World) -> None:
    store, snapshots, planned = evening
    carried(store, planned, world, late_days=6)
    demand = came(planned).filter(pl.col("date") < planned.question.on + timedelta(days=12))
    later = datetime.combine(planned.question.on + timedelta(days=12), datetime.min.time(), UTC)

    judged = judge_plan(store, snapshots, demand, planned.plan.id, now=later)

    assert judged.notes == ("12 of 28 days have passed: gains still grow",)
    assert judged.judged_on == planned.question.on + timedelta(days=12)


def test_nothing_received_cannot_be_judged(evening, world: World) -> None:
    store, snapshots, planned = evening
    with pytest.raises(StoreError, match=r"nothing of plan .* has been received yet"):
        judge_plan(store, snapshots, came(planned), planned.plan.id, now=world.opens_at + timedelta(days=9))
    with pytest.raises(ValueError, match="no demand is known since"):
        judge_plan(
            store, snapshots, came(planned).filter(pl.col("date") < date(2000, 1, 1)), planned.plan.id,
            now=world.opens_at + timedelta(days=9),
        )  # fmt: skip
