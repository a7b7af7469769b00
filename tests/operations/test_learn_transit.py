"""From scans to the tables that routing looks up, and back out when they are old."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest

from evenstock.freight import reading
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.learn_lead_times import current_lead_times, learn_lead_times
from evenstock.operations.learn_transit import IMPORTED_PARCELS, learn_transit
from evenstock.operations.network import Network
from evenstock.operations.transit_in_force import current_transit, with_learned
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
NEAR, FAR = "75001", "90001"
"""Zone 2 and zone 5 from Dallas."""


def network() -> dict[str, pl.DataFrame]:
    services = ["a:ground", "b:air"]
    return {
        "nodes": pl.DataFrame(
            {"node": ["TX"], "kind": ["own"], "postal_code": ["75201"], "timezone": ["America/Chicago"]}
        ),
        "items": pl.DataFrame({"sku": ["MUG"], "weight_g": [350], "unit_cost_cents": [200], "price_cents": [999]}),
        "stock": pl.DataFrame(
            {
                "sku": ["MUG"],
                "node": ["TX"],
                "lot": [""],
                "on_hand": [5],
                "held": [0],
                "buffer": [0],
                "observed_at": [NOW],
            }
        ),
        "rate_cards": pl.DataFrame({"service": services, "valid_from": [date(2026, 1, 1)] * 2}),
        "rates": pl.DataFrame(
            {
                "service": [s for s in services for _ in (2, 5)],
                "valid_from": [date(2026, 1, 1)] * 4,
                "zone": [2, 5, 2, 5],
                "max_weight_g": [68_000] * 4,
                "cents": [500, 700, 900, 1200],
            }
        ),
        "zones": pl.DataFrame({"origin_zip3": ["752", "752"], "destination_zip3": ["750", "900"], "zone": [2, 5]}),
        "transit": pl.DataFrame(
            {
                "service": ["a:ground", "a:ground", "b:air"],
                "zone": [2, 5, 2],
                "days": [1, 2, 1],
                "probability": [1.0] * 3,
            }
        ),
    }


def deliveries(near: int = 60, far: int = 60) -> pl.DataFrame:
    """Ground took 3 days near and 6 far, though its table says 1 and 2; air was never scanned."""
    rows = [(NEAR, k, 3) for k in range(near)] + [(FAR, k, 6) for k in range(far)] + [(FAR, 88, None)]
    begun = datetime(2026, 3, 1, 18, tzinfo=UTC)
    return pl.DataFrame(
        {
            "parcel": [f"P{k}" for k in range(len(rows))],
            "service": "a:ground",
            "origin": "TX",
            "origin_postal_code": "75201",
            "destination_postal_code": [row[0] for row in rows],
            "shipped_at": [begun + timedelta(days=row[1]) for row in rows],
            "delivered_at": [None if row[2] is None else begun + timedelta(days=row[1] + row[2]) for row in rows],
            "promised_on": [(begun + timedelta(days=row[1] + 5)).date() for row in rows],
        },
        schema_overrides={"delivered_at": pl.Datetime("us", "UTC")},
    )


@pytest.fixture
def opened(tmp_path):
    def open_with(**frames: pl.DataFrame):
        store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
        import_network(store, snapshots, network() | frames, NOW)
        return store, snapshots, Company.load(store, snapshots)

    return open_with


def mean_days(frame: pl.DataFrame, service: str, zone: int) -> float:
    own = frame.filter((pl.col("service") == service) & (pl.col("zone") == zone))
    return float((own["days"] * own["probability"]).sum())


def test_scans_move_the_table_from_what_was_imported_to_what_happened(opened) -> None:
    store, snapshots, company = opened(deliveries=deliveries())

    learned = learn_transit(store, snapshots, company, as_of=TODAY, now=NOW)

    # 60 parcels of three days beside 20 of one: somewhat above (60 x 3 + 20) / 80 = 2.5, for the oldest count less.
    assert mean_days(learned.transit, "a:ground", 2) == pytest.approx(2.4, abs=0.3)
    assert mean_days(learned.transit, "a:ground", 5) > 4.5
    zone_2 = learned.zones.row(by_predicate=(pl.col("service") == "a:ground") & (pl.col("zone") == 2), named=True)
    assert zone_2["parcels"] == 60
    assert 20 / 80 < zone_2["imported_share"] < 20 / 60
    reading.shares(learned.transit)


def test_scans_of_parcels_teach_the_same_as_a_list_of_deliveries(opened) -> None:
    told = deliveries()
    events = pl.concat(
        [
            told.select("parcel", "service", scanned_at="shipped_at", code=pl.lit("P"), status=pl.lit("picked_up")),
            told.drop_nulls("delivered_at").select(
                "parcel", "service", scanned_at="delivered_at", code=pl.lit("D"), status=pl.lit("delivered")
            ),
        ]
    )
    ends = ("parcel", "service", "origin", "origin_postal_code", "destination_postal_code")
    parcels = told.select(*ends, shipped_on=pl.col("shipped_at").dt.date(), weight_g=pl.lit(350, pl.Int64))
    listed = learn_transit(*opened(deliveries=told), as_of=TODAY, now=NOW)

    scanned = learn_transit(*opened(tracking_events=events, parcels=parcels), as_of=TODAY, now=NOW)

    assert scanned.transit.equals(listed.transit)


def test_what_was_never_scanned_keeps_its_imported_table_and_says_so(opened) -> None:
    store, snapshots, company = opened(deliveries=deliveries())

    learned = learn_transit(store, snapshots, company, as_of=TODAY, now=NOW)

    assert mean_days(learned.transit, "b:air", 2) == 1.0
    assert "b:air zone 2: no scan; the imported table stays" in learned.notes
    assert learned.notes[0] == "121 of 121 parcels are learned from, 1 of them still under way"


def test_few_scans_of_a_zone_lean_on_the_import(opened) -> None:
    store, snapshots, company = opened(deliveries=deliveries(near=5))

    learned = learn_transit(store, snapshots, company, as_of=TODAY, now=NOW)

    zone_2 = learned.zones.row(by_predicate=(pl.col("service") == "a:ground") & (pl.col("zone") == 2), named=True)
    assert zone_2["imported_share"] > IMPORTED_PARCELS / (IMPORTED_PARCELS + 5)
    assert zone_2["basis"].startswith("few scans (5): leans on its service and postal areas, and 8")


def test_routing_looks_up_learned_tables_while_they_are_fresh(opened) -> None:
    store, snapshots, company = opened(deliveries=deliveries())
    learn_transit(store, snapshots, company, as_of=TODAY, now=NOW)

    def believed(on: date) -> float:
        with store.transaction() as books:
            learned = current_transit(books, snapshots, on)
        rates = Network.from_frames(with_learned(company.tables, learned)).rates
        share = rates.transit_share("a:ground", 5)
        return float(share @ range(share.size))

    assert believed(TODAY) > 4.5
    assert believed(TODAY + timedelta(days=14)) > 4.5
    # A feed that stopped two weeks ago rules no longer; and yesterday's decision did not know of today's scans.
    assert believed(TODAY + timedelta(days=15)) == 2.0
    assert believed(TODAY - timedelta(days=1)) == 2.0


def test_the_same_scans_give_the_same_snapshot(opened) -> None:
    store, snapshots, company = opened(deliveries=deliveries())

    first, second = (learn_transit(store, snapshots, company, as_of=TODAY, now=NOW) for _ in range(2))
    with store.transaction() as books:
        kept = current_transit(books, snapshots, TODAY)

    assert first.digest == second.digest == kept.digest
    assert kept.transit.equals(first.transit)
    assert kept.notes == first.notes
    assert kept.fitted_on == TODAY


def test_a_lane_with_scans_of_its_own_has_a_table_of_its_own(opened) -> None:
    store, snapshots, company = opened(deliveries=deliveries())

    lanes = learn_transit(store, snapshots, company, as_of=TODAY, now=NOW).lanes

    shares = lanes.group_by("destination", maintain_order=True).agg(
        pl.col("probability").sum(), mean=(pl.col("days") * pl.col("probability")).sum()
    )
    assert shares["destination"].to_list() == ["750", "900"]
    assert shares["probability"].to_list() == pytest.approx([1, 1])
    assert shares["mean"].to_list() == pytest.approx([3, 6], abs=0.5)


def test_a_parcel_handed_over_on_a_friday_rests_over_the_sunday(opened) -> None:
    # A service that takes two working days: Thursday's parcel comes on Saturday, Friday's on Monday, for nothing moves on Sundays.
    days = [(day, 3 if day.weekday() in (4, 5) else 2) for day in (TODAY - timedelta(days=d) for d in range(5, 120))]
    frame = deliveries()
    rows = pl.DataFrame(
        {
            "parcel": [f"D{n}" for n in range(4 * len(days))],
            "origin_postal_code": frame["origin_postal_code"][0],
            "destination_postal_code": frame["destination_postal_code"][0],
            "shipped_at": [datetime.combine(day, time(20), UTC) for day, _ in days for _ in range(4)],
            "delivered_at": [
                datetime.combine(day + timedelta(days=n), time(20), UTC) for day, n in days for _ in range(4)
            ],
        }
    ).filter(pl.col("shipped_at").dt.weekday() < 7)
    scans = pl.DataFrame(
        {name: rows[name] if name in rows.columns else [frame[name][0]] * rows.height for name in frame.columns}
    )
    store, snapshots, company = opened(deliveries=scans.cast(dict(frame.schema)))

    learned = learn_transit(store, snapshots, company, as_of=TODAY, now=NOW)
    with store.transaction() as books:
        assert current_transit(books, snapshots, TODAY).lane_weekdays.equals(learned.lane_weekdays)
    rates = Network.from_frames(with_learned(company.tables, learned)).rates
    lane = frame["origin_postal_code"][0][:3], frame["destination_postal_code"][0][:3]
    zone = rates.zone(frame["origin_postal_code"][0], frame["destination_postal_code"][0])
    service = frame["service"][0]

    def soon(weekday: int, lane: tuple[str, str] | None) -> float:
        return float(rates.transit_on(service, zone, weekday, lane)[:3].sum())

    # Within two days: nearly all of Thursday's, few of Friday's; by zone the imported table still has its say.
    assert soon(3, lane) > 0.9
    assert soon(4, lane) < 0.25
    assert soon(3, None) - soon(4, None) > 0.6
    assert learned.weekdays.group_by("service", "zone", "weekday").agg(pl.col("probability").sum())[
        "probability"
    ].to_list() == pytest.approx([1.0] * learned.weekdays.select("service", "zone", "weekday").unique().height)


def test_a_service_without_a_rate_card_is_named_and_left_out(opened) -> None:
    frame = deliveries()
    store, snapshots, company = opened(
        deliveries=pl.concat([frame, frame.with_columns(parcel="X" + pl.col("parcel"), service=pl.lit("old:slow"))])
    )

    learned = learn_transit(store, snapshots, company, as_of=TODAY, now=NOW)

    assert "old:slow: has scans but no rate card; it cannot be offered, and no table is kept" in learned.notes
    assert set(learned.transit["service"]) == {"a:ground", "b:air"}
    assert learned.reliability["service"].to_list() == ["a:ground", "old:slow"]
    # Promised in five days: three are in time, six are late; the one under way is due tomorrow.
    assert learned.reliability["late"].to_list() == [60, 60]


def test_without_scans_or_arrivals_the_reason_is_said(opened) -> None:
    store, snapshots, company = opened()
    with pytest.raises(ValueError, match="import a table named deliveries"):
        learn_transit(store, snapshots, company, as_of=TODAY, now=NOW)
    with store.transaction() as books:
        assert current_transit(books, snapshots, TODAY) is None
    store, snapshots, company = opened(deliveries=deliveries())
    with pytest.raises(ValueError, match="keep the imported transit table"):
        learn_transit(store, snapshots, company, as_of=date(2026, 3, 2), now=NOW)


def test_lead_times_are_learned_and_kept(opened) -> None:
    receipts = pl.DataFrame(
        {
            "purchase": [f"PO{k}" for k in range(40)],
            "line": "1",
            "supplier": "acme",
            "sku": "MUG",
            "ordered_on": [date(2026, 1, 1) + timedelta(days=k) for k in range(40)],
            "promised_on": [date(2026, 1, 1) + timedelta(days=k + 12) for k in range(40)],
            "received_on": [date(2026, 1, 1) + timedelta(days=k + 10 + 4 * (k % 2)) for k in range(40)],
            "units_ordered": 5,
            "units_received": 5,
        }
    )
    store, snapshots, company = opened(receipts=receipts)
    assert current_lead_times(store, snapshots) is None

    learned = learn_lead_times(store, snapshots, company, as_of=TODAY, now=NOW)

    (row,) = learned.lead_times.iter_rows(named=True)
    assert row["mean_days"] == pytest.approx(12, abs=0.7)
    assert (row["q50"], row["received"], row["outstanding"]) in {(10, 40.0, 0.0), (11, 40.0, 0.0), (14, 40.0, 0.0)}
    assert learned.reliability["on_time_share"].to_list() == [0.5, 0.5]
    assert learned.reliability["bias_days"].to_list() == [0.0, 0.0]
    assert current_lead_times(store, snapshots).lead_times.equals(learned.lead_times)
    assert current_lead_times(store, snapshots).digest == learned.digest


def test_without_purchases_the_reason_is_said(opened) -> None:
    store, snapshots, company = opened()
    with pytest.raises(ValueError, match="import a table named receipts"):
        learn_lead_times(store, snapshots, company, as_of=TODAY, now=NOW)
