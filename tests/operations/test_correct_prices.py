"""Between repricings the prices of contested items follow the stock: dearer where more is gone than was foretold."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil

import numpy as np
import polars as pl
import pytest

from evenstock.domain import Cents, NodeId, OrderId, Price, Reservation, ReservationId, ReservationLine, Sku, Units
from evenstock.operations import correct_prices as correct_prices_module
from evenstock.operations.company import Company
from evenstock.operations.correct_prices import LEAST_MOVE, correct_prices
from evenstock.operations.foretold_use import FORETOLD, HOUR, ForetoldUse, pace_of
from evenstock.operations.import_network import import_network
from evenstock.operations.network import orders_from_frame
from evenstock.operations.ports import StoreError
from evenstock.operations.reprice import reprice
from evenstock.operations.route_order import RouteOrder, route_order
from evenstock.routing.prices.correction import STEP, correct
from evenstock.routing.prices.ladder import corrected_source
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 9, 16, 6, tzinfo=UTC)
LATER = NOW + timedelta(hours=8)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=2, nodes=3, skus=40, days=40, orders_per_day=60)


class Shop:
    """The brand after a repricing."""

    def __init__(self, world: World, folder) -> None:
        self.store, self.snapshots = MemoryStore(), SnapshotFolder(folder)
        import_network(self.store, self.snapshots, world.frames, world.opens_at)
        self.company = Company.load(self.store, self.snapshots)
        self.done = reprice(self.store, self.snapshots, self.company, now=NOW, scenarios=0)

    @property
    def told(self) -> ForetoldUse:
        with self.store.reading() as books:
            return ForetoldUse.read(self.snapshots, books.pointer(FORETOLD))

    def prices(self, at: datetime) -> dict[tuple[Sku, NodeId], Price]:
        with self.store.reading() as books:
            return {(row.sku, row.node): row for row in books.prices(list(self.company.network.items), at)}

    def take(self, sku: Sku, node: NodeId, units: int) -> None:
        """Reserve so many, lot by lot."""
        with self.store.transaction() as books:
            lines = []
            for row in books.balances([sku]):
                part = min(units, row.atp) if row.node == node else 0
                if part > 0:
                    lines.append(ReservationLine(sku, node, Units(part), row.lot))
                    units -= part
            assert units == 0
            made = Reservation(ReservationId("R"), OrderId("O"), tuple(lines), NOW, NOW + timedelta(days=3))
            assert books.reserve(made) is None

    def most(self) -> int:
        """Number of the row with the most units."""
        return int(np.argmax(self.told.stock))


@pytest.fixture
def shop(world, tmp_path) -> Shop:
    return Shop(world, tmp_path / "snapshots")


def test_a_repricing_keeps_what_it_foretold_of_each_contested_item_at_each_node(shop):
    told = shop.told
    prices = shop.prices(NOW)

    assert set(told.skus) == set(shop.done.contested)
    assert len(told.skus) == 3 * len(shop.done.contested)
    for sku, node, cents in zip(told.skus, told.nodes, told.cents.tolist(), strict=True):
        assert prices[sku, node].cents == round(cents)
    assert told.pace[0] == 0
    assert told.pace[-1] == 1
    assert (np.diff(told.pace) >= 0).all()
    assert 0 < told.unit_cents < 5_000
    # The sample stands for seven like days: after one a seventh of it was to come.
    assert told.gone(NOW + timedelta(days=1)) == pytest.approx(1 / 7, abs=0.01)


def test_units_taken_beyond_what_was_foretold_raise_their_price_by_the_step(shop):
    told, k = shop.told, shop.most()
    sku, node, units = told.skus[k], told.nodes[k], int(told.stock[k])
    shop.take(sku, node, units - 5)
    done = correct_prices(shop.store, shop.snapshots, now=LATER)
    row = shop.prices(LATER)[sku, node]

    due = told.gone(LATER) * min(told.use[k], units)
    beyond = min(1.0, (units - 5 - due) / 5)
    assert row.cents == round(told.cents[k] + STEP * told.unit_cents * beyond)
    assert row.cents > told.cents[k]
    assert (row.source, row.valid_from) == (corrected_source(NOW), LATER)
    assert done.taken == units - 5
    assert done.rows >= 1
    assert f"{done.taken} units are gone since 2026-09-16 06:00 UTC" in done.sentence


def test_where_nobody_came_no_price_rises_and_some_fall_but_none_below_zero(shop):
    told = shop.told
    before = shop.prices(NOW)
    done = correct_prices(shop.store, shop.snapshots, now=NOW + timedelta(hours=24))
    after = shop.prices(NOW + timedelta(hours=24))

    assert done.taken == 0
    assert done.foretold == round(told.gone(NOW + timedelta(hours=24)) * np.minimum(told.use, told.stock).sum())
    assert all(0 <= after[key].cents <= before[key].cents for key in before)
    assert any(after[key].cents < before[key].cents for key in before)


def test_at_the_moment_of_the_repricing_nothing_moves(shop):
    done = correct_prices(shop.store, shop.snapshots, now=NOW)

    assert (done.since, done.rows, done.taken, done.foretold) == (NOW, 0, 0, 0)
    assert {row.source for row in shop.prices(NOW).values()} == {"repricing"}


def test_asking_again_writes_nothing_and_how_often_was_asked_does_not_matter(world, tmp_path):
    often, once = Shop(world, tmp_path / "often"), Shop(world, tmp_path / "once")
    k = often.most()
    for shop in (often, once):
        shop.take(shop.told.skus[k], shop.told.nodes[k], int(shop.told.stock[k]) - 5)
    for hours in range(1, 9):
        correct_prices(often.store, often.snapshots, now=NOW + hours * HOUR)
    correct_prices(once.store, once.snapshots, now=LATER)
    least = ceil(max(1.0, LEAST_MOVE * often.told.unit_cents)) + 1

    assert correct_prices(often.store, often.snapshots, now=LATER).rows == 0
    a, b = often.prices(LATER), once.prices(LATER)
    assert all(abs(a[key].cents - b[key].cents) <= 2 * least for key in a)


def test_two_at_once_write_the_same_rows_once(shop):
    k = shop.most()
    shop.take(shop.told.skus[k], shop.told.nodes[k], int(shop.told.stock[k]) - 5)
    done = []
    runs = [
        threading.Thread(target=lambda: done.append(correct_prices(shop.store, shop.snapshots, now=LATER)))
        for _ in range(4)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    with shop.store.reading() as books:
        events = [event for event in books.outbox(100) if event.kind == "PricesCorrected"]

    assert len(done) == 4
    assert len(events) == 1
    assert events[0].body["rows"] == max(one.rows for one in done)
    assert correct_prices(shop.store, shop.snapshots, now=LATER).rows == 0


def test_a_repricing_in_between_wins(shop, monkeypatch):
    k = shop.most()
    shop.take(shop.told.skus[k], shop.told.nodes[k], int(shop.told.stock[k]) - 5)
    again = replace(shop.told, made_at=NOW + timedelta(hours=7)).keep(shop.snapshots)

    def repriced_meanwhile(*of):
        with shop.store.transaction() as books:
            books.point(FORETOLD, again, LATER)
        return correct(*of)

    monkeypatch.setattr(correct_prices_module, "correct", repriced_meanwhile)
    done = correct_prices(shop.store, shop.snapshots, now=LATER)

    assert done.since is None
    assert "anew meanwhile" in done.sentence
    assert shop.prices(LATER) == shop.prices(NOW)


def test_a_later_night_is_left_alone_and_an_older_correction_is_replaced(shop):
    told, k = shop.told, shop.most()
    other = next(n for n in range(len(told.skus)) if n != k and told.cents[n] > 2 * told.unit_cents * LEAST_MOVE)
    night, old = NOW + timedelta(hours=1), NOW - timedelta(hours=20)
    with shop.store.transaction() as books:
        books.put_prices(
            [
                Price(told.skus[k], told.nodes[k], night, "nightly", Cents(9)),
                Price(told.skus[other], told.nodes[other], night, corrected_source(old), Cents(99_999)),
            ]
        )
    shop.take(told.skus[k], told.nodes[k], int(told.stock[k]) - 5)
    correct_prices(shop.store, shop.snapshots, now=LATER)
    rows = shop.prices(LATER)

    assert rows[told.skus[k], told.nodes[k]].cents == 9
    assert rows[told.skus[other], told.nodes[other]].source == corrected_source(NOW)
    assert rows[told.skus[other], told.nodes[other]].cents < 99_999


def test_a_repricing_that_is_too_old_is_corrected_no_more(shop):
    done = correct_prices(shop.store, shop.snapshots, now=NOW + timedelta(hours=27))

    assert (done.since, done.rows) == (None, 0)
    assert "reprice" in done.sentence


def test_before_any_repricing_and_without_contested_items_nothing_is_done(world, tmp_path):
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    plenty = world.frames["stock"].with_columns(pl.col("on_hand") + 10_000)
    import_network(store, snapshots, world.frames | {"stock": plenty}, world.opens_at)
    first = correct_prices(store, snapshots, now=NOW)
    reprice(store, snapshots, Company.load(store, snapshots), now=NOW, scenarios=0)

    assert first.sentence == "No repricing to correct."
    assert correct_prices(store, snapshots, now=LATER).sentence == "No item is contested."


def test_a_lost_snapshot_is_told(shop):
    with shop.store.transaction() as books:
        books.point(FORETOLD, "sha256:" + "0" * 64, NOW)
    with pytest.raises(StoreError):
        correct_prices(shop.store, shop.snapshots, now=LATER)


def test_decisions_stand_on_corrected_prices_and_the_next_repricing_starts_from_them(shop):
    told, k = shop.told, shop.most()
    shop.take(told.skus[k], told.nodes[k], int(told.stock[k]) - 5)
    correct_prices(shop.store, shop.snapshots, now=LATER)
    orders = orders_from_frame(shop.company.table("orders"))
    order = next(one for one in orders if any(line.sku == told.skus[k] for line in one.lines))
    command = RouteOrder(replace(order, placed_at=LATER, promise=None), LATER, shadow=True)
    made = route_order(shop.store, shop.company.shipping, shop.company.network.policy, command)
    again = reprice(shop.store, shop.snapshots, shop.company, now=LATER, scenarios=0)

    assert "corrected, 8 h" in made.record.price_rung
    assert again.contested
    assert all(row.source == "repricing" for row in shop.prices(LATER).values() if row.sku in again.contested)


def test_a_pace_without_units_is_even():
    assert pace_of([], np.zeros(0), NOW, 1)[12] == pytest.approx(0.5)
    assert pace_of([NOW + 1.5 * HOUR, NOW + 30 * HOUR], np.array([1.0, 3.0]), NOW, 2)[[1, 2, 30, 31, 48]].tolist() == [
        0, 0.25, 0.25, 1, 1,
    ]  # fmt: skip
