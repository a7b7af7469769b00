"""What a missing unit costs is asked of the production decision."""

import polars as pl
import pytest

from evenstock.forecasting import Forecast, fit, prepare
from evenstock.operations.network import Network
from evenstock.operations.open_balances import open_balances
from evenstock.operations.spill import UNREACHABLE
from evenstock.operations.tonight.question import Happenings, Tonight, tonight
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=4, nodes=3, skus=40, days=60, orders_per_day=80)


@pytest.fixture(scope="module")
def forecast(world: World) -> Forecast:
    return fit(prepare(world.frames["demand"], world.as_of))


def ask(world: World, forecast: Forecast, orders: pl.DataFrame | None) -> Tonight:
    store = MemoryStore()
    open_balances(store, world.frames["stock"], "sha256:test", world.opens_at)
    with store.transaction() as books:
        balances = books.balance_frame()
    network = Network.from_frames(world.frames)
    return tonight(
        network,
        balances=balances,
        transfers=[],
        forecast=forecast,
        on=world.as_of,
        n_paths=2,
        seed=0,
        happened=Happenings(orders=orders, places=world.frames["places"]),
    )


def test_orders_with_promises_and_parcel_mates_make_a_missing_unit_dearer(world: World, forecast: Forecast) -> None:
    alone = ask(world, forecast, None)
    among = ask(world, forecast, world.frames["orders"])
    note = next(n for n in among.notes if n.startswith("a unit that is missing at home costs"))
    factor = float(note.split("costs ")[1].split(" times")[0])
    reached = (among.shortage.spill_cents < UNREACHABLE) & (alone.shortage.spill_cents > 200)

    assert 0.25 <= factor <= 6.0
    assert reached.any()
    # The regions are weighted by the orders too, so the ratio is the factor only about.
    ratio = among.shortage.spill_cents[reached].sum() / alone.shortage.spill_cents[reached].sum()
    assert ratio == pytest.approx(factor, rel=0.35)


def test_too_few_orders_change_nothing(world: World, forecast: Forecast) -> None:
    few = world.frames["orders"].filter(pl.col("order") == world.frames["orders"]["order"][0])

    assert any("costs 1.00 times" in n for n in ask(world, forecast, few).notes)


def test_a_lost_sale_bounds_the_price(world: World, forecast: Forecast) -> None:
    found = ask(world, forecast, world.frames["orders"]).shortage

    assert (found.shortage_cents <= found.lost_cents).all()
    assert (found.shortage_cents <= found.spill_cents).all()
