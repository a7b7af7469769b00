"""An audit of UPS from our table of parcels to the charge that is off, over a real line on this machine."""

from datetime import UTC, datetime, timedelta

import polars as pl
from tests.carriers import made
from tests.carriers.office import Office
from tests.freight.conftest import frames

from evenstock.carriers import Access, Account, HttpWire, open_carrier, ups
from evenstock.freight.rates import RateBook
from evenstock.operations.audit_rates import audit_rates, kept_audits
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_ups_is_sampled_compared_and_kept(tmp_path):
    office, paused = Office(), []
    account = Account("A1B2C3", "id", "secret", address={"": office.address})
    carrier = open_carrier("ups", Access(account, HttpWire("ups", ups.APIS, account, sleep=paused.append)))
    office.will(200, {"access_token": "t", "expires_in": 3600})
    office.will(503)
    office.will(200, made.ups_rates())
    sent = pl.DataFrame(
        {
            "parcel": ["P-1"],
            "service": ["ups:ground"],
            "origin_postal_code": ["07094"],
            "destination_postal_code": ["60601"],
            "residential": [True],
            "shipped_on": [NOW.date() - timedelta(days=3)],
            "weight_g": [1_000],
        }
    )
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    book = RateBook.from_frames(**frames())

    audit = audit_rates(store, snapshots, sent, book, {"ups": carrier}, {"ups": ups.QUOTA}, now=NOW)
    carrier.close()
    office.close()

    # Ours to zone 4: 11.00, fuel 18.5 % 2.04, residential 5.95, delivery area 0.25. Negotiated: 6.58, 1.18, 5.95.
    off = {row["charge"]: (row["our_cents"], row["off_cents"]) for row in audit.quotes.iter_rows(named=True)}
    assert off == {
        "base": (1100, 658 - 1100),
        "fuel": (204, 118 - 204),
        "residential": (595, 0),
        "delivery_area": (25, -25),
    }
    assert audit.quotes["zone"].unique().to_list() == [8]
    assert audit.quotes["our_zone"].unique().to_list() == [4]
    # The try that met 503 counts against the quota.
    assert audit.asked["calls"].to_list() == [2]
    assert paused == [0.5]
    kept = kept_audits(store, snapshots)
    assert kept.buckets["ups"].calls(NOW) == ups.QUOTA.burst - 2
    assert kept.quotes.height == 4
    store.close()
