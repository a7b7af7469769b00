"""From invoices to a correction that quotes add, and to its end."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.operations.rates.brand import NEW, OLD, card, company, rates, residential, sent_and_billed

from evenstock.operations.company import Company
from evenstock.operations.ports import Store, StoreError
from evenstock.operations.rates.add_invoices import add_invoices
from evenstock.operations.rates.adopt import adopt, end
from evenstock.operations.rates.hold_invoices import DriftReport, hold_invoices
from evenstock.operations.rates.import_rates import import_rates
from evenstock.storage.snapshots import SnapshotFolder

AS_OF = OLD + timedelta(days=140)
NOW = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 9, tzinfo=UTC)


def held(store: Store, snapshots: SnapshotFolder, as_of: date = AS_OF) -> DriftReport:
    return hold_invoices(store, snapshots, Company.load(store, snapshots, as_of), as_of=as_of, now=NOW)


def home(store: Store, snapshots: SnapshotFolder, on: date) -> dict[str, int]:
    """What a parcel to a home in the nearest zone pays, by charge."""
    book = Company.load(store, snapshots, on).network.rates
    assert book is not None
    quote = book.quote("ups:ground", "75201", "75201", 900, 0, 0, residential=True, on=on)
    assert quote is not None
    return {term.name: int(term.cents) for term in quote.terms}


def test_a_dearer_surcharge_is_found_priced_and_told_in_one_sentence(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path, sent_and_billed())

    report = held(store, snapshots)

    [drift] = report.drifts.iter_rows(named=True)
    # Of 150 parcels a week 60 % go to homes: 90 times 20 cents are $18.
    assert drift["sentence"].startswith("ups:ground residential +5.0 % since 16 March, $1")
    assert drift["cents_a_week"] == pytest.approx(1_800, rel=0.12)
    assert drift["found_on"] == OLD + timedelta(days=75), "the Saturday on which that week was invoiced"
    assert (drift["corrects"], drift["cents"], drift["share_bp"]) == ("residential", 0, pytest.approx(500, abs=20))
    assert report.new == (drift["drift"],)
    assert report.left_out.select("because", "parcels").row(0) == (
        "billed, but not among our parcels: ask the carrier what it was",
        1,
    )


def test_dearer_fuel_is_told_as_fuel_and_corrected_for_four_weeks(tmp_path: Path) -> None:
    # The card says 10 %, from March on 12 % are billed: 1.12 for our 0.93 near, 1.48 for 1.23 far, both rounded up.
    bills = sent_and_billed(rise=1.0, fuel=(1_000, 1_200)) | {"rate_cards": card(fuel_bp=1_000)}
    store, snapshots = company(tmp_path, bills)

    [drift] = held(store, snapshots).drifts.iter_rows(named=True)

    assert drift["sentence"].startswith("ups:ground fuel +20.4 % against our fuel table since 16 March, $")
    assert (drift["charge"], drift["cause"], drift["corrects"], drift["days"]) == ("fuel", "fuel", "fuel", 28)
    adopt(store, snapshots, drift["drift"], by="Ann", now=NOW)
    terms = home(store, snapshots, AS_OF)
    assert terms["fuel"] + terms["correction: fuel"] == pytest.approx(930 * 0.12, abs=1)
    newer = {"rate_cards": card(day=NEW, fuel_bp=1_200)}
    import_rates(store, snapshots, newer, source="ups", now=NOW)
    assert home(store, snapshots, NEW) == {"base": 930, "fuel": 112, "residential": 400}


def test_a_dearer_base_takes_its_fuel_along_and_one_correction_makes_both_good(tmp_path: Path) -> None:
    bills = sent_and_billed(rise=1.0, base=1.04, fuel=(1_000, 1_000)) | {"rate_cards": card(fuel_bp=1_000)}
    store, snapshots = company(tmp_path, bills)

    [drift] = held(store, snapshots).drifts.iter_rows(named=True)
    adopt(store, snapshots, drift["drift"], by="Ann", now=NOW)

    assert drift["sentence"].startswith("ups:ground base +4.0 % since 16 March, $")
    # 9.30 with 10 % fuel are billed as 9.67 + 0.97.
    assert sum(home(store, snapshots, AS_OF).values()) - 400 == pytest.approx(967 + 97, abs=2)


def test_a_drift_keeps_its_name_as_invoices_come_in(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path, sent_and_billed())

    early, later = held(store, snapshots, OLD + timedelta(days=75)), held(store, snapshots)

    assert early.new == (early.drifts["drift"][0],)
    assert later.drifts["drift"].to_list() == early.drifts["drift"].to_list()
    assert later.new == ()
    assert later.drifts["parcels"][0] > early.drifts["parcels"][0]


def test_a_single_wrong_bill_is_no_drift_but_is_told_to_be_claimed_back(tmp_path: Path) -> None:
    bills = sent_and_billed(rise=1.0)
    wrong = pl.col("line") == bills["invoices"].filter(pl.col("shipped_on") == AS_OF - timedelta(days=10))["line"].min()
    invoices = bills["invoices"].with_columns(
        pl.when(wrong).then(pl.col("cents") + 9_999).otherwise("cents").alias("cents")
    )
    store, snapshots = company(tmp_path, bills | {"invoices": invoices})

    report = held(store, snapshots)

    assert report.drifts.is_empty()
    assert report.dearest.select("charge", "cause", "cents").rows() == [("base", "rate", 9_999)]


def test_before_the_invoices_came_nothing_could_be_known(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path, sent_and_billed())

    assert held(store, snapshots, OLD + timedelta(days=74)).drifts.is_empty()


def test_an_adopted_correction_is_added_by_name_and_is_no_drift_any_more(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path, sent_and_billed(days=210))
    [drift] = held(store, snapshots).drifts["drift"]

    row = adopt(store, snapshots, drift, by="Ann", now=NOW)

    assert home(store, snapshots, AS_OF - timedelta(days=1)) == {"base": 930, "fuel": 0, "residential": 400}
    assert home(store, snapshots, AS_OF) == {
        "base": 930,
        "fuel": 0,
        "residential": 400,
        "correction: residential": row["share_bp"] * 4 // 100 + (row["share_bp"] * 4 % 100 >= 50),
    }
    assert row["valid_to"] == AS_OF + timedelta(days=89)
    later = held(store, snapshots, OLD + timedelta(days=210))
    assert later.drifts.filter(pl.col("until").is_null()).is_empty()
    assert adopt(store, snapshots, drift, by="Ben", now=NOW)["by"] == "Ann", "adopted again it is the same"


def test_a_correction_ends_by_itself_and_by_hand(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path, sent_and_billed())
    [drift] = held(store, snapshots).drifts["drift"]
    adopt(store, snapshots, drift, by="Ann", now=NOW)

    assert "correction: residential" in home(store, snapshots, AS_OF + timedelta(days=89))
    assert "correction: residential" not in home(store, snapshots, AS_OF + timedelta(days=90))

    end(store, snapshots, drift, by="Ben", because="the carrier paid back", now=NOW + timedelta(days=10))
    assert "correction: residential" in home(store, snapshots, AS_OF + timedelta(days=9)), "what was quoted stays"
    assert "correction: residential" not in home(store, snapshots, AS_OF + timedelta(days=10))


def test_a_mended_card_ends_its_correction(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path, sent_and_billed())
    [drift] = held(store, snapshots).drifts["drift"]
    adopt(store, snapshots, drift, by="Ann", now=NOW)

    mended = {"rate_cards": card(day=NEW), "rates": rates(day=NEW), "surcharges": residential(NEW, 420)}
    import_rates(store, snapshots, mended, source="ups", now=NOW)

    assert "correction: residential" in home(store, snapshots, NEW - timedelta(days=1))
    assert home(store, snapshots, NEW) == {"base": 930, "fuel": 0, "residential": 420}


def test_what_is_over_unknown_or_nobodys_is_not_adopted(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path, sent_and_billed())

    with pytest.raises(StoreError, match="run `evenstock rates drift`"):
        adopt(store, snapshots, "x", by="Ann", now=NOW)
    [drift] = held(store, snapshots).drifts["drift"]
    with pytest.raises(ValueError, match="say who adopts it"):
        adopt(store, snapshots, drift, by=" ", now=NOW)
    with pytest.raises(StoreError, match=f"those that last: {drift}"):
        adopt(store, snapshots, "nope", by="Ann", now=NOW)
    with pytest.raises(StoreError, match="no correction 'nope' is in force"):
        end(store, snapshots, "nope", by="Ann", because="so", now=NOW)


def test_invoices_grow_week_by_week_and_are_never_written_over(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    brought = sent_and_billed(days=14)
    first = brought["invoices"].filter(pl.col("invoice") == "I0")

    add_invoices(store, snapshots, {"invoices": first, "parcels": brought["parcels"]}, now=NOW)
    again = add_invoices(store, snapshots, brought, now=NOW)

    assert again == {"invoices": brought["invoices"].height - first.height, "parcels": 0}
    invoices = Company.load(store, snapshots, AS_OF).table("invoices")
    assert invoices is not None
    assert invoices.height == brought["invoices"].height
    with pytest.raises(ValueError, match=r"invoices: invoice line I0 0; .* stand there with other values"):
        add_invoices(store, snapshots, {"invoices": first.with_columns(pl.col("cents") + 1)}, now=NOW)


def test_without_invoices_or_quotes_it_says_what_to_import(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)

    with pytest.raises(ValueError, match="import a table named invoices"):
        held(store, snapshots)
