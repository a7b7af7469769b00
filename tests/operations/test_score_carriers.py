"""From a company's tables to what became of its parcels, and what a person is told of its carriers."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from tests.operations.test_learn_transit import network

from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.score_carriers import (
    carrier_outcomes,
    review_carriers,
    score_carriers,
    told_once,
    worth_of,
)
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
AT = datetime(2026, 5, 4, 17, tzinfo=UTC)
"""Hand-over of every parcel here: noon in Dallas, four weeks ago."""


def delivery(parcel: str, took: float | None, promised: int | None = 3, to: str = "90001") -> dict:
    return {
        "parcel": parcel,
        "service": "a:ground",
        "origin": "TX",
        "origin_postal_code": "75201",
        "destination_postal_code": to,
        "shipped_at": AT,
        "delivered_at": None if took is None else AT + timedelta(days=took),
        "promised_on": None if promised is None else (AT + timedelta(days=promised)).date(),
    }


def deliveries(*rows: dict) -> pl.DataFrame:
    moment = pl.Datetime("us", "UTC")
    kinds = {"shipped_at": moment, "delivered_at": moment, "promised_on": pl.Date}
    return pl.DataFrame(list(rows), schema_overrides=kinds, infer_schema_length=None)


def parcels(*names: str, to: str = "90001") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "parcel": list(names),
            "shipment": [f"S-{name}" for name in names],
            "service": "a:ground",
            "origin": "TX",
            "origin_postal_code": "75201",
            "destination_postal_code": to,
            "residential": True,
            "shipped_on": AT.date(),
            "weight_g": 500,
            "length_mm": 300,
            "width_mm": 200,
            "height_mm": 50,
            "hazmat": False,
            "value_cents": 2_500,
        }
    )


def shipments(**orders: str) -> pl.DataFrame:
    """Shipment of each parcel and its order."""
    return pl.DataFrame(
        {
            "shipment": [f"S-{name}" for name in orders],
            "order": list(orders.values()),
            "node": "TX",
            "service": "a:ground",
            "shipped_on": AT.date(),
            "delivered_on": pl.Series([None] * len(orders), dtype=pl.Date),
            "parcels": 1,
            "cents": 990,
            "reship": False,
        }
    )


def claim(order: str, kind: str, opened: date = TODAY - timedelta(days=10), cents: int = 4_000) -> dict:
    return {"claim": f"C-{order}-{kind}-{cents}", "order": order, "opened_on": opened, "kind": kind, "cents": cents}


def scan(parcel: str, hours: float, status: str) -> dict:
    at = AT + timedelta(hours=hours)
    return {"parcel": parcel, "scanned_at": at, "code": status, "service": "a:ground", "status": status, "location": ""}


def scans(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides={"scanned_at": pl.Datetime("us", "UTC")})


def company(tmp_path, **happened: pl.DataFrame) -> Company:
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    import_network(store, snapshots, {**network(), **happened}, NOW)
    return Company.load(store, snapshots)


def of(found, parcel: str) -> dict:
    return found.outcomes.frame.row(by_predicate=pl.col("parcel") == parcel, named=True)


def test_a_parcel_in_both_tables_is_one_and_one_in_either_is_not_lost(tmp_path) -> None:
    here = company(tmp_path, deliveries=deliveries(delivery("P1", 2), delivery("P2", 2)), parcels=parcels("P2", "P3"))

    found = carrier_outcomes(here, as_of=TODAY)

    assert sorted(found.outcomes.frame["parcel"]) == ["P1", "P2", "P3"]
    assert of(found, "P2")["tier"] == "up to 5 l"
    assert of(found, "P1")["tier"] is None
    # No delivery was scanned; four weeks are not enough to call it lost.
    assert of(found, "P3")["under_way"]


def test_a_parcel_twice_in_one_table_is_refused_and_told(tmp_path) -> None:
    twice = pl.concat([deliveries(delivery("P1", 2)), deliveries(delivery("P1", 9))])
    both = parcels("P1", "P2")
    snapshots = SnapshotFolder(tmp_path)
    store = MemoryStore()
    import_network(store, snapshots, {**network(), "deliveries": twice, "parcels": both}, NOW)

    found = carrier_outcomes(Company.load(store, snapshots), as_of=TODAY)

    assert found.outcomes.frame["parcel"].to_list() == ["P2"]
    assert set(found.outcomes.refused["parcel"]) == {"P1"}
    assert any("stands more than once" in note for note in found.notes)


def test_days_are_those_of_the_nodes_clock_not_of_greenwich(tmp_path) -> None:
    """Delivered at 03:00 UTC on the 8th: it was the evening of the 7th in Dallas, the promised day."""
    row = delivery("P1", None) | {"delivered_at": datetime(2026, 5, 8, 3, tzinfo=UTC)}
    here = company(tmp_path, deliveries=deliveries(row))

    told = of(carrier_outcomes(here, as_of=TODAY), "P1")

    assert told["delivered_on"] == told["promised_on"] == date(2026, 5, 7)
    assert not told["late"]


def test_the_customers_promise_is_that_of_the_order_and_the_carriers_its_own(tmp_path) -> None:
    history = pl.DataFrame(
        {
            "order": ["O1"],
            "line": ["1"],
            "sku": ["MUG"],
            "units": [1],
            "placed_at": [AT],
            "postal_code": ["90001"],
            "deliver_by": [(AT + timedelta(days=6)).date()],
        }
    )
    here = company(
        tmp_path,
        deliveries=deliveries(delivery("P1", 5), delivery("P2", 5)),
        parcels=parcels("P1", "P2"),
        shipments=shipments(P1="O1", P2="O2"),
        order_history=history,
    )

    found = carrier_outcomes(here, as_of=TODAY)

    # Five days: the carrier said three, the first customer was told six, of the second nothing else is known.
    assert [(of(found, p)["late"], of(found, p)["beyond"]) for p in ("P1", "P2")] == [(False, True), (True, True)]
    assert "1 parcels are held against what the customer was told" in found.notes
    assert "1 parcels are held against the day that the carrier named" in found.notes


def test_a_claim_blames_the_orders_one_parcel_and_none_where_there_are_two(tmp_path) -> None:
    here = company(
        tmp_path,
        deliveries=deliveries(delivery("P1", 2), delivery("P2", 2), delivery("P3", 2)),
        parcels=parcels("P1", "P2", "P3"),
        shipments=shipments(P1="O1", P2="O2", P3="O2"),
        claims=pl.DataFrame([claim("O1", "damaged"), claim("O2", "damaged")]),
    )

    found = carrier_outcomes(here, as_of=TODAY)

    assert found.outcomes.frame.filter("damaged")["parcel"].to_list() == ["P1"]
    assert (
        "claims: 1 orders damaged had several parcels; which one it was nobody said, and none is blamed" in found.notes
    )


def test_tracking_says_when_it_came_that_it_turned_back_and_that_it_broke(tmp_path) -> None:
    events = scans(
        scan("P1", 0, "picked_up"),
        scan("P1", 48, "delivered"),
        scan("P1", 49, "damaged"),
        scan("P2", 30, "return_to_sender"),
        scan("P3", 30, "delivery_failed"),
    )
    rows = (delivery("P1", None), delivery("P2", None), delivery("P3", 5))
    here = company(tmp_path, deliveries=deliveries(*rows), tracking_events=events)

    found = carrier_outcomes(here, as_of=TODAY)

    assert of(found, "P1")["delivered_on"] == date(2026, 5, 6)
    assert of(found, "P1")["damaged"]
    assert not of(found, "P2")["under_way"]
    # At the door on the second day, nobody in: the carrier kept its three days, the customer waited five.
    assert (of(found, "P3")["late"], of(found, "P3")["beyond"]) == (True, False)


def test_cost_is_what_invoices_add_up_to_and_foreign_or_credited_ones_are_told(tmp_path) -> None:
    def row(line: int, parcel: str, cents: int, charge: str = "base", currency: str = "USD", day: int = 5) -> dict:
        on = (AT + timedelta(days=day)).date()
        return {
            "invoice": "I1",
            "line": line,
            "parcel": parcel,
            "service": "a:ground",
            "charge": charge,
            "invoiced_on": on,
            "shipped_on": AT.date(),
            "cents": cents,
            "currency": currency,
        }

    invoices = pl.DataFrame(
        [
            row(1, "P1", 800),
            row(2, "P1", 150, "fuel"),
            row(3, "P2", -300),
            row(4, "P3", 700, currency="CAD"),
            row(5, "P1", 9_999, "adjustment", day=40),
        ]
    )
    here = company(
        tmp_path,
        deliveries=deliveries(*(delivery(p, 2) for p in ("P1", "P2", "P3"))),
        parcels=parcels("P1", "P2", "P3"),
        shipments=shipments(P1="O1", P2="O2", P3="O3"),
        invoices=invoices,
    )

    found = carrier_outcomes(here, as_of=TODAY)

    # The adjustment lies after the morning; where invoices say nothing the shipment's 9.90 stands.
    assert [of(found, p)["cents"] for p in ("P1", "P2", "P3")] == [950, 990, 990]
    assert any("1 rows in another currency" in note for note in found.notes)
    assert any("1 parcels were credited more" in note for note in found.notes)


def test_what_is_known_in_the_morning_does_not_change_when_the_day_is_played_again(tmp_path) -> None:
    rows = [delivery(f"P{k}", 2 + k % 4) for k in range(30)]
    then = TODAY - timedelta(days=25)
    knew = [row | {"delivered_at": None if row["delivered_at"].date() >= then else row["delivered_at"]} for row in rows]

    later = carrier_outcomes(company(tmp_path / "a", deliveries=deliveries(*rows)), as_of=then)
    then_ = carrier_outcomes(company(tmp_path / "b", deliveries=deliveries(*knew)), as_of=then)

    assert later.outcomes.frame.sort("parcel").equals(then_.outcomes.frame.sort("parcel"))


def test_without_a_carriers_word_the_imported_table_is_what_is_advertised(tmp_path) -> None:
    """The table has 60 % on the third day and 90 % by the fourth."""
    transit = pl.DataFrame(
        {"service": "a:ground", "zone": [5, 5, 5], "days": [3, 4, 6], "probability": [0.6, 0.3, 0.1]}
    )
    here = company(tmp_path, deliveries=deliveries(delivery("P1", 5, promised=None)), transit=transit)

    told = of(carrier_outcomes(here, as_of=TODAY), "P1")

    assert told["zone"] == 5
    assert told["advertised_on"] == AT.date() + timedelta(days=4)
    assert told["beyond"]


def test_a_parcel_that_nobody_promised_a_day_is_neither_on_time_nor_late(tmp_path) -> None:
    """No order, no word of the carrier, and no imported table."""
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    frames = {name: frame for name, frame in network().items() if name != "transit"}
    row = delivery("P1", 5, promised=None)
    import_network(store, snapshots, {**frames, "deliveries": deliveries(row)}, NOW)

    found = carrier_outcomes(Company.load(store, snapshots), as_of=TODAY)

    assert not of(found, "P1")["promise_due"]
    assert "1 parcels are held against nothing: they count as neither on time nor late" in found.notes


def test_damage_costs_what_claims_of_its_kind_cost_where_there_are_enough_and_the_goods_else(tmp_path) -> None:
    few = pl.DataFrame([claim(f"O{k}", "damaged", cents=4_000 + k) for k in range(3)])
    many = pl.DataFrame([claim(f"O{k}", "damaged", cents=4_000 + k) for k in range(7)])
    rows = deliveries(delivery("P1", 2))

    little = worth_of(company(tmp_path / "a", deliveries=rows, parcels=parcels("P1"), claims=few), TODAY)
    enough = worth_of(company(tmp_path / "b", deliveries=rows, parcels=parcels("P1"), claims=many), TODAY)

    # 5.00 for the claim and 25.00 of goods; the median of 40.00 to 40.06.
    assert (little.damaged, enough.damaged, enough.lost) == (3_000, 4_003, 3_000)


def test_a_thing_that_got_worse_is_told_at_one_level_only() -> None:
    def worse(measure: str, service: str, cents: float, **where) -> dict:
        return {"measure": measure, "carrier": "a", "service": service, **where, "cents_week": cents}

    found = {
        "service": pl.DataFrame(
            [worse("late", "a:x", 110.0), worse("damaged", "a:x", 30.0), worse("late", "a:y", 400.0)]
        ),
        "origin": pl.DataFrame([worse("late", "a:x", 95.0, origin="TX"), worse("late", "a:y", 390.0, origin="CA")]),
        "zone": pl.DataFrame(
            [worse("late", "a:x", 90.0, zone=4, origin="TX")]
            + [worse("late", "a:y", 100.0 + zone, zone=zone, origin="CA") for zone in (2, 3, 4)]
        ),
        "lane": pl.DataFrame(
            [
                worse("late", "a:x", 50.0, zone=4, origin="TX", destination="606"),
                worse("late", "a:x", 20.0, zone=2, origin="TX", destination="750"),
                worse("late", "a:y", 60.0, zone=2, origin="CA", destination="902"),
            ]
        ),
    }

    told = told_once(found)

    # Three zones from CA are one origin; TX into zone 4 holds the lane to 606 but not that to 750; damage has no place.
    assert told.select("measure", "level", "cents_week").rows() == [
        ("late", "origin", 390.0),
        ("late", "zone", 90.0),
        ("damaged", "service", 30.0),
        ("late", "lane", 20.0),
    ]


def test_scores_need_parcels_and_say_what_to_import(tmp_path) -> None:
    with pytest.raises(ValueError, match="import a table named deliveries"):
        score_carriers(company(tmp_path / "a"), as_of=TODAY)
    old = company(tmp_path / "b", deliveries=deliveries(delivery("P1", 2)))
    with pytest.raises(ValueError, match="no parcel left in the 2 weeks before"):
        score_carriers(old, as_of=TODAY, weeks=2)


def test_a_review_with_deliveries_alone_says_what_it_cannot_tell(tmp_path) -> None:
    here = company(tmp_path, deliveries=deliveries(*(delivery(f"P{k}", 2) for k in range(20))))

    found = review_carriers(here, as_of=TODAY)

    assert found.worse.is_empty()
    assert found.missing.is_empty()
    assert any("no table tracking_events" in note for note in found.notes)
    assert found.services.card["on_time"].item() > 0.8
