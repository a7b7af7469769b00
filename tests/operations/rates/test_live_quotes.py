"""Live quotes that audits kept are a second source of drift: told apart from invoices, which win for what was billed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.operations.rates.brand import NOW as IMPORTED
from tests.operations.rates.brand import OLD, network, sent_and_billed

from evenstock.freight.rates import RateBook
from evenstock.operations.audit_rates import audit_rates
from evenstock.operations.call_quota import Quota
from evenstock.operations.carrier_ports import Charge, LiveRate, ParcelToRate, RatesReply
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rates.adopt import adopt
from evenstock.operations.rates.hold_invoices import DriftReport, hold_invoices, latest_report
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

DAYS = 140
SHIFT = OLD + timedelta(days=70)
AS_OF = OLD + timedelta(days=DAYS)
EVERY = 2
"""Days between audits; each asks for one parcel of each of four zones, to a home and not."""


class Carrier:
    """Quotes our own card, from `SHIFT` on with 20 cents more to a home: 5 % of 4.00."""

    def __init__(self, book: RateBook, rise_cents: int = 20) -> None:
        self.book, self.rise = book, rise_cents

    def rates(self, parcel: ParcelToRate) -> RatesReply:
        quote = self.book.quote(
            "ups:ground", parcel.origin.postal_code, parcel.destination.postal_code, parcel.weight_g, 0, 0,
            parcel.destination.residential, parcel.ship_on,
        )  # fmt: skip
        assert quote is not None
        more = self.rise if parcel.ship_on >= SHIFT else 0
        charges = [Charge(t.name, t.cents + (more if t.name == "residential" else 0)) for t in quote.terms]
        return RatesReply((LiveRate("ups:ground", "negotiated", "USD", tuple(charges), zone=quote.zone),), (), {}, 1)


def audited(store: Store, snapshots: Snapshots, until: date = AS_OF) -> None:
    here = Company.load(store, snapshots, until)
    book, sent = here.network.rates, here.table("parcels")
    assert book is not None
    assert sent is not None
    for ago in range((until - OLD).days - 7, -1, -EVERY):
        at = datetime.combine(until - timedelta(days=ago), time(9), UTC)
        audit_rates(store, snapshots, sent, book, {"ups": Carrier(book)}, {"ups": Quota(500, 3600, 50)}, now=at)


def opened(folder: Path, *, rise: float | None, billed_by: date = AS_OF) -> tuple[MemoryStore, SnapshotFolder]:
    """Parcels and audits; invoices where `rise` says how the charge to homes was billed, those of `billed_by` and before."""
    brought = sent_and_billed(rise=rise or 1.0)
    brought["invoices"] = brought["invoices"].filter(pl.col("invoiced_on") <= billed_by)
    if rise is None:
        del brought["invoices"]
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    import_network(store, snapshots, network() | brought, IMPORTED)
    audited(store, snapshots)
    return store, snapshots


def held(at: tuple[MemoryStore, SnapshotFolder], as_of: date = AS_OF) -> DriftReport:
    now = datetime.combine(as_of, time(9), UTC)
    return hold_invoices(*at, Company.load(*at, as_of), as_of=as_of, now=now)


def test_before_a_bill_came_live_quotes_tell_the_drift_as_theirs_and_in_the_money_of_what_is_shipped(tmp_path: Path):
    shop = opened(tmp_path, rise=None)
    report = held(shop)

    [drift] = report.drifts.iter_rows(named=True)
    assert drift["source"] == "quoted live"
    assert drift["sentence"].startswith("quoted live: ups:ground residential +5.0 % since 1")
    assert abs((drift["since"] - SHIFT).days) <= EVERY
    assert (report.parcels, report.quotes) == (0, 8 * len(range(0, DAYS - 6, EVERY)))
    # Of four weeks' parcels each home pays 4.00; four quotes every other day are not what is shipped.
    sent = sent_and_billed()["parcels"]
    homes = sent.filter((pl.col("shipped_on") > AS_OF - timedelta(days=28)) & pl.col("residential")).height
    assert drift["cents_a_week"] == pytest.approx(0.05 * 400 * homes / 4, rel=0.02)
    assert drift["advice"].startswith("ask the carrier for the card it quotes by")
    # What asks more today is told at once, by its source.
    [lately] = report.lately.iter_rows(named=True)
    assert (lately["charge"], lately["source"]) == ("residential", "quoted live")
    assert lately["off_cents"] == 20 * lately["parcels"]
    assert report.dearest.is_empty()


def test_where_both_are_there_what_was_billed_is_told_and_the_quotes_are_counted(tmp_path: Path):
    report = held(opened(tmp_path, rise=1.05))

    [drift] = report.drifts.iter_rows(named=True)
    assert drift["source"] == "invoiced"
    assert drift["sentence"].startswith("ups:ground residential +5.0 % since 16 March")
    [lost] = report.outweighed.iter_rows(named=True)
    assert lost["sentence"].startswith("quoted live: ups:ground residential +5.0 %")
    assert lost["quotes"] > 100
    billed = sent_and_billed()["parcels"].filter((pl.col("shipped_on") >= lost["since"]) & pl.col("residential")).height
    assert lost["invoiced"] == billed
    assert report.parcels > 2_000
    assert report.quotes == 8 * len(range(0, DAYS - 6, EVERY))
    assert set(report.lately["source"]) == {"invoiced", "quoted live"}


def test_a_price_that_is_quoted_and_never_billed_is_no_drift(tmp_path: Path):
    shop = opened(tmp_path, rise=1.0)
    report = held(shop)

    assert report.drifts.is_empty()
    assert report.outweighed.height == 1
    kept = latest_report(*shop)
    assert kept is not None
    assert kept.outweighed.equals(report.outweighed)
    assert kept.quotes == report.quotes


def test_quotes_speak_of_the_weeks_that_no_bill_has_reached(tmp_path: Path):
    """The last bill in hand is of 14 March, the shift of the 16th."""
    shop = opened(tmp_path, rise=1.05, billed_by=SHIFT - timedelta(days=2))
    report = held(shop)

    [drift] = report.drifts.iter_rows(named=True)
    assert drift["source"] == "quoted live"
    assert report.parcels > 1_000
    assert report.outweighed.is_empty()
    # The next run knows it by its name; a person may let quotes add it as any other drift.
    assert report.new == (drift["drift"],)
    assert held(shop).new == ()
    row = adopt(*shop, drift["drift"], by="Ann", now=datetime.combine(AS_OF, time(10), UTC))
    assert (row["charge"], row["valid_from"]) == ("residential", AS_OF)
    assert row["because"].startswith("quoted live: ")


def test_quotes_asked_later_are_not_known_earlier(tmp_path: Path):
    early = held(opened(tmp_path, rise=None), SHIFT - timedelta(days=1))

    assert early.drifts.is_empty()
    assert early.lately.is_empty()
    assert 0 < early.quotes < 8 * len(range(0, DAYS - 6, EVERY))
