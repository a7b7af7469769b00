"""From the books to a plan: what is asked, what is kept, and that the same evening twice is one plan."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.domain import Lane, NodeId, PlanState, TransferState
from evenstock.forecasting import Forecast, fit, prepare
from evenstock.freight.lanes import lane_cents
from evenstock.operations.company import Company, NothingImportedError
from evenstock.operations.forecast_demand import current_forecast, forecast_demand
from evenstock.operations.import_network import import_network
from evenstock.operations.plan_transfers import plan_transfers, service_before_and_after
from evenstock.operations.tonight.calendar import next_departure
from evenstock.operations.tonight.decide import methods
from evenstock.operations.tonight.demand import demand_paths
from evenstock.operations.tonight.question import Happenings, tonight
from evenstock.operations.transfers import approve_plan, dispatch_transfer
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=2, nodes=3, skus=40, days=100, orders_per_day=60)


@pytest.fixture(scope="module")
def forecast(world: World) -> Forecast:
    return fit(prepare(world.frames["demand"], world.as_of, items=world.frames["items"]))


@pytest.fixture
def opened(world: World, tmp_path) -> tuple[MemoryStore, SnapshotFolder, Company]:
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, world.frames, world.opens_at)
    return store, snapshots, Company.load(store, snapshots)


def plan(opened, forecast: Forecast, world: World, **more):
    store, _, company = opened
    return plan_transfers(
        store, company.network, forecast, inputs={"network": company.digests["network"]}, now=world.opens_at, seed=1,
        happened=Happenings(orders=world.frames["orders"], places=world.frames["places"]), **more,
    )  # fmt: skip


def test_the_same_evening_planned_twice_is_one_plan(opened, forecast: Forecast, world: World) -> None:
    first, second = plan(opened, forecast, world), plan(opened, forecast, world)

    assert first.plan == second.plan
    with opened[0].transaction() as books:
        assert len(books.plans(limit=10)) == 1


def test_another_seed_is_another_plan_and_supersedes_the_first(opened, forecast: Forecast, world: World) -> None:
    first = plan(opened, forecast, world).plan
    store, _, company = opened
    second = plan_transfers(store, company.network, forecast, inputs={}, now=world.opens_at, seed=2).plan

    with store.transaction() as books:
        assert books.plan(first.id).state is PlanState.SUPERSEDED
        assert books.plan(second.id).state is PlanState.PROPOSED


def test_every_line_pays_for_itself_or_its_lane_does_and_the_plan_as_a_whole(
    opened, forecast: Forecast, world: World
) -> None:
    found = plan(opened, forecast, world).plan

    assert found.lines, "an opening stock that is misplaced gives something to move"
    assert found.net_cents == sum(line.net_cents for line in found.lines) > 0


def test_nobody_sends_more_than_may_be_promised(opened, forecast: Forecast, world: World) -> None:
    found = plan(opened, forecast, world)
    with opened[0].transaction() as books:
        balances = books.balance_frame()
    atp = {
        (s, n): max(0, a - b)
        for s, n, a, b in balances.group_by("sku", "node").agg(pl.sum("available"), pl.sum("buffer")).iter_rows()
    }
    leaving: dict[tuple[str, str], int] = {}
    for line in found.plan.lines:
        leaving[line.sku, line.origin] = leaving.get((line.sku, line.origin), 0) + line.units

    assert all(units <= atp[key] for key, units in leaving.items())


def test_transfers_leave_fewer_units_short(opened, forecast: Forecast, world: World) -> None:
    found = plan(opened, forecast, world)
    service = service_before_and_after(found.question, found.solution)

    assert service["short_after"].sum() < service["short_before"].sum()


def test_a_plan_that_was_dispatched_is_not_planned_again(opened, forecast: Forecast, world: World) -> None:
    store = opened[0]
    first = plan(opened, forecast, world).plan
    for transfer in approve_plan(store, first.id, world.as_of, "dana", world.opens_at):
        dispatch_transfer(store, transfer.id, world.opens_at)

    second = plan(opened, forecast, world).plan

    assert second.net_cents <= first.net_cents // 10, "what is under way is seen; next to nothing is left to gain"


def test_prices_are_written_once_for_each_item_and_node(opened, forecast: Forecast, world: World) -> None:
    plan(opened, forecast, world)
    store, _, company = opened
    with store.transaction() as books:
        prices = books.prices(sorted(company.network.items), world.opens_at)

    assert len(prices) == len(company.network.items) * len(company.network.nodes)
    assert all(price.cents >= 0 and price.source == "nightly" for price in prices)


def test_the_rules_people_use_are_planned_through_the_same_door(opened, forecast: Forecast, world: World) -> None:
    assert set(methods()) >= {"evenstock", "twenty_percent", "equalise", "do_nothing"}
    assert plan(opened, forecast, world, method="do_nothing").plan.lines == ()
    ours = plan(opened, forecast, world).plan
    for method in ("twenty_percent", "equalise"):
        assert plan(opened, forecast, world, method=method).plan.net_cents <= ours.net_cents


def test_an_unknown_method_says_which_there_are(opened, forecast: Forecast, world: World) -> None:
    with pytest.raises(ValueError, match="there is no method 'magic'; choose one of evenstock, "):
        plan(opened, forecast, world, method="magic")


def test_a_forecast_of_another_day_is_refused(opened, forecast: Forecast, world: World) -> None:
    stale = replace(forecast, as_of=forecast.as_of + timedelta(days=1))

    with pytest.raises(ValueError, match="forecast again with that day"):
        plan(opened, stale, world)


def test_what_is_under_way_counts_on_the_day_it_arrives(opened, forecast: Forecast, world: World) -> None:
    store, _, company = opened
    planned = plan(opened, forecast, world)
    first, first_question = planned.plan, planned.question
    transfers = approve_plan(store, first.id, world.as_of, "dana", world.opens_at)
    with store.transaction() as books:
        balances = books.balance_frame()
    question = tonight(
        company.network, balances=balances, transfers=transfers, forecast=forecast, on=world.as_of, n_paths=2, seed=0
    )
    line, transfer = transfers[0].lines[0], transfers[0]
    lead = next(
        x.lead_days
        for x in company.network.lanes
        if (x.origin, x.destination) == (transfer.origin, transfer.destination)
    )
    k, w = list(question.problem.skus).index(line.sku), list(question.problem.nodes).index(transfer.destination)

    origin = list(question.problem.nodes).index(transfer.origin)
    leaving = sum(x.units for t in transfers if t.origin == transfer.origin for x in t.lines if x.sku == line.sku)
    before = first_question.problem.on_hand[k, origin]

    assert transfer.state is TransferState.RELEASED
    assert question.problem.on_hand[k, origin] == before - leaving, "what is released is spoken for at its origin"
    assert question.problem.arrivals[k, w, lead] >= line.units


def test_a_plans_freight_is_that_of_its_departures(opened, forecast: Forecast, world: World) -> None:
    """Shared out over the lines in whole cents, the freight of a lane re-adds to what the lane's tariff says."""
    found = plan(opened, forecast, world)
    problem, moves = found.question.problem, found.solution.moves
    lanes = problem.lanes
    units = moves.table(len(problem.skus), len(lanes)).T
    expected = lane_cents(
        units, 1 / np.maximum(problem.pallet_units, 1), lanes.fixed_cents, lanes.pallet_cents, lanes.unit_cents
    )
    shared = sum(found.solution.terms[name] for name in ("fixed", "pallets", "unit_freight"))

    assert np.bincount(moves.lane, weights=shared, minlength=len(lanes)).astype(int).tolist() == expected.tolist()


def test_no_line_of_a_departure_that_pays_shows_a_loss(opened, forecast: Forecast, world: World) -> None:
    """A truck's fixed and pallet costs are shared by what the lines bring: who gains from a move never reads a loss."""
    found = plan(opened, forecast, world).decided.solved
    own = sum(cents for name, cents in found.terms.items() if name not in {"fixed", "pallets"})
    by_lane = np.bincount(found.moves.lane, weights=found.line_net_cents)

    assert len(found.moves) > 5
    for net, brings, lane in zip(found.line_net_cents, found.worth_cents - own, found.moves.lane, strict=True):
        if by_lane[lane] >= 0 and brings >= 0:
            assert net >= -2, "at most a cent of rounding for each of the two joint costs"


def test_an_item_without_a_pallet_size_takes_room_by_weight_and_volume(
    opened, forecast: Forecast, world: World
) -> None:
    store, _, company = opened
    sku = min(company.network.items)
    item = replace(company.network.items[sku], pallet_units=0, weight_g=7_000, length_mm=0, width_mm=0, height_mm=0)
    network = replace(company.network, items={**company.network.items, sku: item})
    with store.transaction() as books:
        balances = books.balance_frame()
    question = tonight(network, balances=balances, transfers=[], forecast=forecast, on=world.as_of, n_paths=2, seed=0)

    assert question.problem.pallet_units[0] == 700 // 7


def test_a_plan_that_was_only_approved_is_not_planned_again_either(opened, forecast: Forecast, world: World) -> None:
    first = plan(opened, forecast, world).plan
    approve_plan(opened[0], first.id, world.as_of, "dana", world.opens_at)

    assert plan(opened, forecast, world).plan.net_cents <= first.net_cents // 10


def test_a_lane_leaves_on_its_next_day() -> None:
    weekly = Lane(NodeId("A"), NodeId("B"), dispatch_days=frozenset({0}))

    assert next_departure(weekly, date(2026, 11, 20)) == date(2026, 11, 23)  # Friday, then Monday
    assert next_departure(weekly, date(2026, 11, 23)) == date(2026, 11, 23)


def test_a_forecast_is_kept_until_the_demand_changes(opened, world: World) -> None:
    store, snapshots, company = opened
    made = forecast_demand(store, snapshots, company, as_of=world.as_of, now=world.opens_at)

    kept = current_forecast(store, snapshots, company, world.as_of)

    assert kept is not None
    assert kept.digest == made.digest
    np.testing.assert_array_equal(kept.forecast.paths(3, seed=1), made.forecast.paths(3, seed=1))
    assert current_forecast(store, snapshots, company, world.as_of + timedelta(days=1)) is None
    other = replace(company, digests={**company.digests, "demand": "sha256:other"})
    assert current_forecast(store, snapshots, other, world.as_of) is None


def test_without_demand_the_forecast_says_what_to_import(opened, world: World) -> None:
    store, snapshots, company = opened
    bare = replace(company, digests={"network": company.digests["network"]})

    with pytest.raises(ValueError, match="import a table named demand"):
        forecast_demand(store, snapshots, bare, as_of=world.as_of, now=world.opens_at)


def test_without_an_import_there_is_no_company(tmp_path) -> None:
    with pytest.raises(NothingImportedError, match="evenstock import FOLDER"):
        Company.load(MemoryStore(), SnapshotFolder(tmp_path))


def test_now_is_a_moment_not_a_day(world: World) -> None:
    assert world.opens_at == datetime(2026, 9, 15, 6, tzinfo=UTC)


def test_paths_are_drawn_in_parts_and_nodes_of_an_item_stay_in_one_world(monkeypatch) -> None:
    keys = pl.DataFrame({"sku": ["A", "B", "A", "Z"], "node": ["CA", "CA", "TX", "TX"]})
    forecast = Forecast(
        keys, date(2026, 11, 20), np.full((4, 7), 50.0), np.full(4, 0.5), np.full(4, 0.5), "v", date(2026, 11, 19),
        shared=np.ones(4),
    )  # fmt: skip
    skus, nodes = {"A": 0, "B": 1}, {"CA": 0, "TX": 1}

    paths, mean, notes = demand_paths(forecast, skus, nodes, 300, 3)
    monkeypatch.setattr("evenstock.operations.tonight.demand.SERIES_AT_ONCE", 1)
    again, _, _ = demand_paths(forecast, skus, nodes, 300, 3)

    assert (paths == again).all()
    assert (paths[0, 0] == forecast.paths(300, 3)[0]).all()
    assert mean.tolist() == [[50.0, 50.0], [50.0, 0.0]]
    assert paths[1, 1].max() == 0
    assert "1 forecast series are of items or nodes not in the network" in notes[0]
    weeks = paths.sum(axis=3)
    assert np.corrcoef(weeks[0, 0], weeks[0, 1])[0, 1] > 0.9
    assert abs(np.corrcoef(weeks[0, 0], weeks[1, 0])[0, 1]) < 0.25
