"""What decisions kept of their chance comes back to the parcels they sent, and to what each service would have done."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from tests.operations.test_score_carriers import deliveries, delivery, network, parcels, shipments

from evenstock.domain import (
    Allow,
    Candidate,
    Cents,
    DecisionId,
    DecisionRecord,
    Inputs,
    LineId,
    NodeId,
    OrderId,
    OrderPlan,
    OrderShipment,
    Outcome,
    Propensity,
    ServiceId,
    ShippedLine,
    Sku,
    Units,
)
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store
from evenstock.operations.score_carriers import propensities_of, score_carriers
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

TODAY = date(2026, 6, 1)
AT = datetime(2026, 5, 4, 15, tzinfo=UTC)
MONDAY = date(2026, 5, 4)
BEST, OTHER = "a:ground", "b:air"


def plan(service: str) -> OrderPlan:
    way = Candidate(NodeId("TX"), ServiceId(service), AT.date())
    return OrderPlan((OrderShipment(way, (ShippedLine(LineId("1"), Sku("MUG"), Units(1)),), ()),))


def decided(order: str, chosen: str, said: Propensity | None, at: datetime = AT, **other: object) -> DecisionRecord:
    record = DecisionRecord(
        DecisionId(f"route-{order}-{at.isoformat()}"), OrderId(order), at, Inputs("n", "s", "p", "c", "v"),
        Outcome.EXECUTED, Allow(), "", plan(chosen), (plan(BEST),) if chosen != BEST else (), (), propensity=said,
    )  # fmt: skip
    return replace(record, **other)  # type: ignore[arg-type]


def chance(millionths: int, *among: str) -> Propensity:
    return Propensity(millionths, Cents(0), Cents(0), tuple(ServiceId(name) for name in among))


def books(*records: DecisionRecord, spent: int | None = 0) -> Store:
    store = MemoryStore()
    with store.transaction() as t:
        for record in records:
            t.record(record)
        if spent is not None:
            t.spend_on_try(MONDAY, spent, spent)
    return store


def rows(store: Store, weeks: int = 12) -> list[tuple[object, ...]]:
    return propensities_of(store, as_of=TODAY, weeks=weeks).rows()


def test_each_order_has_its_chance_and_the_services_it_was_one_of() -> None:
    store = books(
        decided("A", BEST, chance(750_000, OTHER, "c:air")),
        decided("B", OTHER, chance(125_000, OTHER, "c:air")),
        decided("C", BEST, chance(1_000_000)),
        decided("D", BEST, None),
    )
    three = [BEST, OTHER, "c:air"]
    assert rows(store) == [("A", BEST, 0.75, three), ("B", OTHER, 0.125, three), ("C", BEST, 1.0, [BEST])]


def test_an_order_decided_again_was_not_drawn_any_more_and_a_shadow_decides_nothing() -> None:
    later = AT + timedelta(hours=1)
    store = books(
        decided("A", BEST, chance(750_000, OTHER)),
        decided("A", OTHER, None, later),
        decided("B", BEST, chance(750_000, OTHER)),
        decided("B", OTHER, None, later, outcome=Outcome.SHADOW),
    )
    assert rows(store) == [("B", BEST, 0.75, [BEST, OTHER])]


def test_weeks_without_a_try_are_not_read_and_older_decisions_are_left_out() -> None:
    a = decided("A", BEST, chance(750_000, OTHER))
    assert rows(books(a, spent=None)) == []
    assert rows(books(a), weeks=2) == [("A", BEST, 0.75, [BEST, OTHER])], "two weeks of parcels, and three before them"
    old = decided("B", BEST, chance(750_000, OTHER), AT - timedelta(weeks=30))
    assert [row[0] for row in rows(books(old, a))] == ["A"]
    assert rows(books(old), weeks=1) == []


@pytest.fixture
def scored(tmp_path):
    """80 orders: half were tried by the other service, of which every fourth came late; one went by neither as decided."""
    names = [f"P{n}" for n in range(80)]
    service = {name: OTHER if n % 2 else BEST for n, name in enumerate(names)}
    late = {name for n, name in enumerate(names) if n % 8 == 1}
    scans = deliveries(
        *(delivery(name, 5 if name in late else 2) | {"service": service[name]} for name in names),
        delivery("Q", 2) | {"service": BEST},
    )
    boxes = parcels(*names, "Q").with_columns(service=pl.Series([*service.values(), BEST]))
    sent = shipments(**{name: f"O-{name}" for name in (*names, "Q")})
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    tables = {**network(), "deliveries": scans, "parcels": boxes, "shipments": sent}
    import_network(store, snapshots, tables, datetime(2026, 6, 1, 4, tzinfo=UTC))
    with store.transaction() as t:
        for name in names:
            t.record(decided(f"O-{name}", service[name], chance(500_000, OTHER)))
        t.record(decided("O-Q", OTHER, chance(500_000, OTHER)))
        t.spend_on_try(MONDAY, 0, 0)
    return Company.load(store, snapshots), propensities_of(store, as_of=TODAY, weeks=12)


def test_the_card_says_how_late_all_would_have_been_by_each_service(scored) -> None:
    """Ten of forty tried came late, of forty others none; Q went by another service than decided and speaks for nobody."""
    found = score_carriers(scored[0], as_of=TODAY, propensities=scored[1])

    assert found.had_all is not None
    best, other = found.had_all.to_dicts()
    assert (best["service"], best["orders"], best["used"], best["late"]) == (BEST, 80, 40, 0.0)
    assert (other["service"], other["orders"], other["used"], other["effective"]) == (OTHER, 80, 40, 40.0)
    assert other["late"] == pytest.approx(0.25)
    # Forty at one half, weights alike: 0.25 ± 1.645 * sqrt(0.25 * 0.75 / 40).
    assert (other["late_low"], other["late_high"]) == pytest.approx((0.25 - 0.1126, 0.25 + 0.1126), abs=1e-3)
    assert (
        "80 of 81 parcels are weighed by one over the propensity that their decision kept; others count once"
        in found.notes
    )


def test_decisions_whose_parcels_are_not_known_are_told_and_without_tries_so_is_that(scored) -> None:
    strangers = scored[1].with_columns(order=pl.col("order") + "-x")
    found = score_carriers(scored[0], as_of=TODAY, propensities=strangers)
    assert found.had_all is None
    assert any(note.startswith("81 decisions keep a propensity, but no parcel is known") for note in found.notes)

    nothing = score_carriers(scored[0], as_of=TODAY, propensities=scored[1].clear())
    assert nothing.had_all is None
    assert any(note.startswith("no decision keeps a propensity: nothing was tried") for note in nothing.notes)


def test_a_file_of_propensities_weighs_parcels_as_before(scored) -> None:
    told = pl.DataFrame({"parcel": [f"P{n}" for n in range(80)], "propensity": 0.5})
    found = score_carriers(scored[0], as_of=TODAY, propensities=told)
    assert found.had_all is None
    assert not any("propensity" in note for note in found.notes)
