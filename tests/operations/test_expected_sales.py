"""What beliefs leave behind for the time when a feed falls silent and nobody draws them up again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from tests.operations.stocked import NOW, ago, counts, demand, observations, opened, sources, stock

from evenstock.domain import (
    Costs,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    Sku,
    StockBalance,
    Units,
    promisable,
)
from evenstock.operations.believe_stock import believe_stock
from evenstock.operations.company import Company
from evenstock.operations.knowledge import BELIEFS, expected_sales
from evenstock.operations.stale_feeds import feeds_of, held_back
from evenstock.routing.knowledge import ExpectedSales, Knowledge
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

TX, NJ = NodeId("TX"), NodeId("NJ")
MUG, CUP = Sku("MUG"), Sku("CUP")
Here = tuple[MemoryStore, SnapshotFolder, Company]


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """Mugs sell four a day in both places, cups in Texas; Texas spoke an hour ago, New Jersey two days ago."""
    told = [("wms", sku, "TX", ago(1 / 24), 60) for sku in ("CUP", "MUG")] + [("threepl", "MUG", "NJ", ago(2.0), 60)]
    return opened(
        tmp_path,
        stock([("CUP", "TX", 60), ("MUG", "NJ", 60), ("MUG", "TX", 60)]),
        demand=demand(MUG_TX=(4, 0), MUG_NJ=(4, 0), CUP_TX=(1, 0)),
        sources=sources(wms=("wms", 60), threepl=("3pl", 30)),
        observations=observations(*told),
        counts=counts(
            ("MUG", "NJ", ago(0.1), 60, 60), ("MUG", "TX", ago(0.1), 60, 60), ("CUP", "TX", ago(0.1), 60, 60)
        ),
    )


def known(here: Here, nodes: tuple[NodeId, ...] = (TX, NJ)) -> ExpectedSales | None:
    with here[0].reading() as books:
        return expected_sales(books, here[1], nodes)


def balances(here: Here) -> list[StockBalance]:
    with here[0].reading() as books:
        return list(books.balances([MUG, CUP]))


def promised(here: Here, now: datetime) -> dict[tuple[Sku, NodeId], int]:
    feeds = feeds_of(here[2].table("sources"), here[2].table("observations"))
    return promisable(held_back(balances(here), Knowledge(feeds=feeds, sales=known(here)), Costs(), now).balances)


@pytest.mark.parametrize("hours", [0.5, 3, 6, 12, 17.5])
def test_orders_see_what_beliefs_drawn_up_at_their_moment_would_leave(here: Here, hours: float) -> None:
    later = NOW + timedelta(hours=hours)
    believe_stock(*here, now=NOW)
    before, seen = promisable(balances(here)), promised(here, later)
    believe_stock(*here, now=later)

    assert seen == promisable(balances(here))
    assert promised(here, later) == seen, "they hold nothing back twice"
    assert seen != before or hours < 3


def test_beliefs_of_last_month_still_say_what_sells(here: Here) -> None:
    believe_stock(*here, now=NOW)
    month = promised(here, NOW + timedelta(days=30))
    assert month[MUG, TX] == 0
    assert 0 < month[CUP, TX] < 60 - 30


def test_units_that_orders_held_when_beliefs_were_drawn_up_are_remembered(here: Here) -> None:
    wish = Reservation(
        ReservationId("R"), OrderId("O"), (ReservationLine(MUG, TX, Units(7)),), NOW, NOW + timedelta(days=3)
    )
    with here[0].transaction() as books:
        assert books.reserve(wish) is None
    believe_stock(*here, now=NOW)
    sales = known(here)

    assert sales is not None
    assert [sales.of(sku, node).spoken_for for sku, node in ((MUG, TX), (MUG, NJ), (CUP, TX))] == [7, 0, 0]  # type: ignore[union-attr]
    assert sales.made_at == NOW
    assert sales.of(MUG, TX).a_day == pytest.approx(4.0, rel=0.2)  # type: ignore[union-attr]
    assert sales.of(CUP, NJ) is None
    assert sales.of(CUP, NodeId("elsewhere")) is None


def test_only_nodes_that_are_judged_are_kept(here: Here) -> None:
    believe_stock(*here, now=NOW)
    sales = known(here, (NJ,))
    assert sales is not None
    assert sales.of(MUG, TX) is None
    assert sales.of(MUG, NJ) is not None
    assert known(here, ()) is None


def test_without_beliefs_or_without_any_sale_nothing_is_known(here: Here, tmp_path: Path) -> None:
    assert known(here) is None
    quiet = opened(tmp_path / "quiet", stock([("MUG", "TX", 60)]))
    believe_stock(*quiet, now=NOW)
    assert known(quiet) is None


def test_beliefs_of_an_earlier_version_serve_from_the_start_of_their_day_and_excuse_no_sale(here: Here) -> None:
    digest = believe_stock(*here, now=NOW).digest
    kept = here[1].read(digest)
    old = here[1].take(
        {name: kept[name] for name in ("beliefs", "accuracy")} | {"about": kept["about"].drop("made_at")}
    )
    with here[0].transaction() as books:
        books.point(BELIEFS, old, NOW)
    before, now = promised(here, NOW + timedelta(hours=12)), known(here)
    assert now is not None
    assert now.made_at == datetime.combine(NOW.date(), time.min, UTC)

    wish = Reservation(
        ReservationId("R"), OrderId("O"), (ReservationLine(MUG, TX, Units(2)),), NOW, NOW + timedelta(days=3)
    )
    with here[0].transaction() as books:
        assert books.reserve(wish) is None
    assert promised(here, NOW + timedelta(hours=12))[MUG, TX] == before[MUG, TX] - 2
    with here[0].transaction() as books:
        books.point(BELIEFS, digest, NOW)
    # This version's beliefs know that the two are sales it heard of.
    assert promised(here, NOW + timedelta(hours=12))[MUG, TX] == before[MUG, TX]
