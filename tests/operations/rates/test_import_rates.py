"""Rates taken in beside those that serve, and those that are not."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.operations.rates.brand import NEW, NOW, OLD, card, cents, company, network, rates, residential

from evenstock.domain import Cents, LineId, Order, OrderId, OrderLine, ShipTo, Sku, Units
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store, StoreError
from evenstock.operations.rates.import_rates import import_rates
from evenstock.operations.rates.refusals import standing
from evenstock.operations.route_order import RouteOrder, route_order
from evenstock.operations.rulebook import network_frames
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NEXT = {"rate_cards": card(day=NEW), "rates": rates(day=NEW, times=1.06), "surcharges": residential(NEW)}
"""Next year's card: 6 % more."""


def but(zone: int, weight_g: int, charge: int) -> pl.DataFrame:
    """The next card with one cell changed."""
    cell = (pl.col("zone") == zone) & (pl.col("max_weight_g") == weight_g)
    return rates(day=NEW).with_columns(pl.when(cell).then(charge).otherwise("cents").alias("cents"))


def ground(store: Store, snapshots: SnapshotFolder, on: date) -> int:
    """What a parcel of 900 g to the nearest zone costs, before surcharges."""
    book = Company.load(store, snapshots, on).network.rates
    assert book is not None
    quote = book.quote("ups:ground", "75201", "75201", 900, 0, 0, residential=False, on=on)
    assert quote is not None
    return quote.cents


def test_a_new_card_serves_from_its_first_day_and_the_old_one_until_then(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)

    done = import_rates(store, snapshots, NEXT, source="ups 2026.xlsx", now=NOW)

    assert done.refusal is None
    assert done.rows == {"rate_cards": 1, "rates": 12, "surcharges": 1}
    assert ground(store, snapshots, NEW - timedelta(days=1)) == cents(2, 1_000) == 930
    assert ground(store, snapshots, NEW) == round(1.06 * 930) == 986


def test_decisions_say_which_rates_they_used(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    before = Company.load(store, snapshots, NEW).shipping.digest

    done = import_rates(store, snapshots, NEXT, source="ups", now=NOW)

    assert Company.load(store, snapshots, NEW).shipping.digest == f"{before}+{done.digest}"


def test_the_same_rates_again_change_nothing(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    first = import_rates(store, snapshots, NEXT, source="ups", now=NOW)

    again = import_rates(store, snapshots, NEXT, source="ups", now=NOW + timedelta(days=1))

    assert not again.rows
    assert again.digest == first.digest


def test_what_the_network_says_already_is_not_taken_twice(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)

    assert not import_rates(store, snapshots, {"rates": rates()}, source="ups", now=NOW).rows


def test_another_value_under_a_key_that_serves_is_refused_and_told(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)

    done = import_rates(store, snapshots, {"rates": rates(times=1.06)}, source="ups", now=NOW, by="Ann", because="sure")

    assert done.refusal is not None
    assert done.refusal.wrong[0] == (
        "rates row 1, ups:ground from 2026-01-05 zone 2 up to 1000 g, cents 986: is 930 in the table that serves, and what"
        " served is never written over; leave it, and give the new value a later first day"
    )
    assert ground(store, snapshots, NEW) == 930


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            0,
            "rates row 5, ups:ground from 2026-07-06 zone 3 up to 5000 g, cents 0: is not plausible: 1 to 1,000,000 is",
        ),
        (10**9, "zone 3 up to 5000 g, cents 1,000,000,000: is not plausible"),
        (-100, "zone 3 up to 5000 g, cents -100: is not plausible"),
        (float("nan"), "zone 3 up to 5000 g, cents nan: is no whole number"),
        (None, "zone 3 up to 5000 g, cents: is empty; fill it in"),
    ],
)
def test_garbage_is_refused_by_its_cell_and_the_last_good_rates_serve_on(
    tmp_path: Path, value: float | None, told: str
) -> None:
    store, snapshots = company(tmp_path)
    column = [float(c) for c in NEXT["rates"]["cents"]]
    bad = NEXT["rates"].with_columns(pl.Series("cents", [*column[:4], value, *column[5:]], dtype=pl.Float64))

    done = import_rates(store, snapshots, NEXT | {"rates": bad}, source="ups", now=NOW, by="Ann", because="sure")

    assert done.refusal is not None
    assert told in done.refusal.wrong[0]
    assert not done.rows
    assert ground(store, snapshots, NEW) == 930


def test_a_zone_missing_between_two_others_is_refused_by_name(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    holed = NEXT | {"rates": NEXT["rates"].filter(pl.col("zone") != 4)}

    done = import_rates(store, snapshots, holed, source="ups", now=NOW, by="Ann", because="sure")

    assert done.refusal is not None
    assert done.refusal.wrong == (
        "rates ups:ground from 2026-07-06 zone 4: is missing between two others; add its rows",
    )


@pytest.mark.parametrize(
    ("what", "tables"),
    [
        ("is -44% against the 930 of the card before", {"rates": but(2, 1000, 520)}),
        ("its 12 changed rates move by +25.0% in the middle", {"rates": rates(day=NEW, times=1.25)}),
        ("zone 5: was on the card before and is not on this one", {"rates": rates(day=NEW).filter(pl.col("zone") < 5)}),
        ("the break of 1000 g: was on the card before", {"rates": rates(day=NEW).filter(pl.col("max_weight_g") > 1000)}),
        ("zone 4 up to 1000 g, cents 1020: is less than the 1030 of zone 3", {"rates": but(4, 1000, 1020)}),
        ("zone 4 up to 5000 g, cents 1125: is less than the 1130 of 1000 g", {"rates": but(4, 5000, 1125)}),
        ("zone 5 up to 5000 g, cents 9900: is 8.0 times the 1230 of 1000 g", {"rates": but(5, 5000, 9900)}),
        ("is +75% against the 400 cents before", {"rates": rates(day=NEW), "surcharges": residential(NEW, 700)}),
        ("was 0 on the card before", {"rate_cards": card(day=NEW, fuel_bp=1_900), "rates": rates(day=NEW)}),
    ],
)  # fmt: skip
def test_what_is_doubtful_waits_for_a_person_with_a_reason(
    tmp_path: Path, what: str, tables: dict[str, pl.DataFrame]
) -> None:
    store, snapshots = company(tmp_path)
    brought = {"rate_cards": card(day=NEW), "surcharges": residential(NEW)} | tables

    held = import_rates(store, snapshots, brought, source="ups", now=NOW)
    taken = import_rates(store, snapshots, brought, source="ups", now=NOW, by="Ann", because="announced in May")

    assert held.refusal is not None
    assert not held.refusal.wrong
    assert any(what in doubt for doubt in held.refusal.doubtful)
    assert taken.refusal is None
    assert taken.rows
    with store.reading() as books:
        assert standing(books, snapshots) == []


def test_a_card_with_rates_that_names_no_surcharge_would_lose_them_all_and_waits(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    bare = {name: NEXT[name] for name in ("rate_cards", "rates")}

    held = import_rates(store, snapshots, bare, source="ups", now=NOW)
    kept = import_rates(store, snapshots, {"rate_cards": card(day=NEW)}, source="ups", now=NOW)

    assert held.refusal is not None
    assert held.refusal.doubtful == (
        "surcharges ups:ground from 2026-07-06 residential: was on the card before and is not on this one; add its rows, or accept it with a reason",
    )
    assert kept.rows == {"rate_cards": 1}, "a card without rates keeps everything it does not name"


def test_a_refusal_stands_until_a_good_file_of_its_source_comes(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    import_rates(store, snapshots, {"rates": rates(times=2)}, source="ups", now=NOW)

    def told() -> list[str]:
        with store.reading() as books:
            return [refusal.source for refusal in standing(books, snapshots)]

    assert told() == ["ups"]
    import_rates(store, snapshots, NEXT, source="ups", now=NOW)
    assert told() == []


def test_an_end_may_be_said_later_but_nothing_else_of_a_card(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)

    ends = import_rates(store, snapshots, {"rate_cards": card(valid_to=date(2026, 12, 31))}, source="ups", now=NOW)
    other = import_rates(store, snapshots, {"rate_cards": card(minimum_cents=990)}, source="ups", now=NOW)

    import_rates(store, snapshots, {"rate_cards": card()}, source="ups", now=NOW)

    assert ends.rows == {"rate_cards": 1}
    assert Company.load(store, snapshots, OLD).tables["rate_cards"]["valid_to"].to_list() == [date(2026, 12, 31)]
    assert other.refusal is not None
    assert "minimum_cents 990: is 0 in the table that serves" in other.refusal.wrong[0]


def test_a_card_that_has_begun_takes_no_further_rows(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    more = pl.DataFrame(
        {"service": ["ups:ground"], "valid_from": [OLD], "zone": [2], "max_weight_g": [500], "cents": [800]}
    )

    done = import_rates(store, snapshots, {"rates": more}, source="ups", now=NOW)

    assert done.refusal is not None
    assert "1 rows more than the version that serves since then has" in done.refusal.wrong[0]


def test_a_table_without_dates_is_replaced_whole_by_a_person_with_a_reason(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    chart = network()["zones"].with_columns(pl.when(pl.col("zone") == 2).then(3).otherwise("zone").alias("zone"))

    refused = import_rates(store, snapshots, {"zones": chart}, source="chart", now=NOW)
    with pytest.raises(ValueError, match="say by whom and why"):
        import_rates(store, snapshots, {"zones": chart}, source="chart", now=NOW, replaced=["zones"])
    done = import_rates(
        store, snapshots, {"zones": chart}, source="chart", now=NOW, replaced=["zones"], by="Ann", because="new chart"
    )

    assert refused.refusal is not None
    assert done.rows == {"zones": 4}
    assert ground(store, snapshots, NEW) == cents(3, 1_000) == 1_030


def test_a_network_imported_again_does_not_undo_rates_taken_in(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    import_rates(store, snapshots, NEXT, source="ups", now=NOW)

    import_network(store, snapshots, network(), NOW + timedelta(days=1))

    assert ground(store, snapshots, NEW) == 986


def test_a_network_that_no_longer_has_a_card_leaves_out_what_was_taken_in_for_it(tmp_path: Path) -> None:
    ahead = {name: pl.concat([network()[name], NEXT[name]], how="diagonal") for name in ("rate_cards", "surcharges")}
    ahead["rates"] = pl.concat([rates(), NEXT["rates"]])
    store, snapshots = company(tmp_path, ahead)
    more = pl.DataFrame(
        {"service": ["ups:ground"], "valid_from": [NEW], "zone": [2], "max_weight_g": [500], "cents": [800]}
    )
    import_rates(store, snapshots, {"rates": more}, source="ups", now=NOW)

    import_network(store, snapshots, network(), NOW + timedelta(days=1))

    assert ground(store, snapshots, NEW) == 930


def test_rules_may_name_a_service_that_was_taken_in(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    import_rates(
        store, snapshots, {"rate_cards": card("lso:ground"), "rates": rates("lso:ground")}, source="lso", now=NOW
    )

    assert "lso:ground" in network_frames(store, snapshots)["rate_cards"]["service"].to_list()


def test_a_decision_by_stale_fuel_says_so_in_its_record(tmp_path: Path) -> None:
    fuel = {
        "rate_cards": card(fuel_rule="ups"),
        "fuel_rules": pl.DataFrame({"rule": ["ups"], "fuel_index": ["diesel"], "lag_days": [14], "fuel_table": ["ups"]}),
        "fuel_tables": pl.DataFrame({"fuel_table": ["ups"], "valid_from": [OLD], "at_least_mills": [0], "fuel_bp": [1500]}),
        "fuel_index": pl.DataFrame({"fuel_index": ["diesel"], "region": ["US"], "date": [date(2026, 5, 4)], "mills": [3500]}),
    }  # fmt: skip
    store, snapshots = company(tmp_path, fuel)
    here = Company.load(store, snapshots, NOW.date())
    line = OrderLine(LineId("1"), Sku("MUG"), Units(1), Cents(1200))

    record = route_order(
        store, here.shipping, here.network.policy, RouteOrder(Order(OrderId("1"), (line,), ShipTo("75204"), NOW), NOW)
    ).record

    assert record.inputs.warnings == (
        "fuel ups: the price of diesel in US for 2026-05-18 is missing; the last known, of 2026-05-04, is used",
    )


def test_weeks_missing_in_a_fuel_index_are_doubtful_and_named(tmp_path: Path) -> None:
    fuel = {
        "fuel_rules": pl.DataFrame({"rule": ["ups"], "fuel_index": ["diesel"], "lag_days": [14], "fuel_table": ["ups"]}),
        "fuel_tables": pl.DataFrame({"fuel_table": ["ups"], "valid_from": [OLD], "at_least_mills": [0], "fuel_bp": [1500]}),
        "fuel_index": pl.DataFrame({"fuel_index": ["diesel"] * 2, "region": ["US"] * 2, "date": [date(2026, 5, 4), date(2026, 5, 11)], "mills": [3500, 3510]}),
    }  # fmt: skip
    store, snapshots = company(tmp_path, fuel)
    late = fuel["fuel_index"].with_columns(date=pl.Series([date(2026, 5, 25), date(2026, 6, 1)]))

    held = import_rates(store, snapshots, {"fuel_index": late}, source="eia", now=NOW)
    whole = pl.concat([late, fuel["fuel_index"].head(1).with_columns(date=pl.lit(date(2026, 5, 18)))])
    taken = import_rates(store, snapshots, {"fuel_index": whole}, source="eia", now=NOW)

    assert held.refusal is not None
    assert held.refusal.doubtful[0].startswith(
        "fuel_index diesel in US: no price between 2026-05-11 and 2026-05-25, where one is due every 7 days"
    )
    assert taken.rows == {"fuel_index": 3}


def test_tables_that_are_no_rates_and_a_company_without_network_are_refused(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)

    with pytest.raises(ValueError, match="orders: no table of rates"):
        import_rates(store, snapshots, {"orders": pl.DataFrame()}, source="x", now=NOW)
    with pytest.raises(ValueError, match="a reason needs a name"):
        import_rates(store, snapshots, NEXT, source="x", now=NOW, because="sure")
    with pytest.raises(StoreError, match="no network yet"):
        import_rates(MemoryStore(), snapshots, NEXT, source="x", now=NOW)
