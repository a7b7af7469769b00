"""What is stale today and soon, and which source is due when."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.operations.rates.brand import NEW, NOW, OLD, card, company, network, rates, residential

from evenstock.operations.company import Company
from evenstock.operations.ports import StoreError
from evenstock.operations.rates.age import Age, ages
from evenstock.operations.rates.import_rates import import_rates
from evenstock.operations.rates.in_force import imported_rates
from evenstock.operations.rates.refresh import (
    Every,
    Fetched,
    RateSource,
    drop_source,
    due,
    put_source,
    refresh,
    sources,
)
from evenstock.operations.rates.refusals import standing

FUEL = {
    "fuel_rules": pl.DataFrame({"rule": ["ups"], "fuel_index": ["diesel"], "lag_days": [14], "fuel_table": ["ups"]}),
    "fuel_tables": pl.DataFrame(
        {"fuel_table": ["ups"] * 2, "valid_from": [OLD] * 2, "at_least_mills": [3000, 3500], "fuel_bp": [1500, 1600]}
    ),
    "fuel_index": pl.DataFrame(
        {
            "fuel_index": ["diesel"] * 5,
            "region": ["US"] * 5,
            "date": [date(2026, 5, 4) + timedelta(days=7 * k) for k in range(5)],
            "mills": [3480, 3500, 3510, 3520, 3530],
        }
    ),
}


def told(frames: dict[str, pl.DataFrame], on: date, kind: str) -> Age:
    [age] = [age for age in ages(frames, on) if age.kind == kind]
    return age


def test_a_card_is_fresh_then_soon_to_end_then_over() -> None:
    frames = network() | {"rate_cards": card(valid_to=date(2026, 12, 31))}

    fresh, soon, over = (told(frames, on, "card") for on in (date(2026, 11, 30), date(2026, 12, 2), date(2027, 1, 1)))

    assert (fresh.attention, fresh.days) == (False, 329)
    assert soon.soon == "ups:ground: its rate card ended on 2026-12-31; import the one that follows"
    assert over.stale == soon.soon


def test_a_card_that_follows_in_time_needs_no_attention() -> None:
    cards = pl.concat([card(valid_to=NEW - timedelta(days=1)), card(day=NEW)], how="diagonal")
    frames = network() | {"rate_cards": cards, "rates": pl.concat([rates(), rates(day=NEW)])}

    age = told(frames, NEW - timedelta(days=3), "card")

    assert not age.attention
    assert age.used == "card of 2026-01-05, 4 zones to 30.0 kg; the next begins on 2026-07-06"


def test_zones_of_the_chart_that_a_service_does_not_rate_are_holes() -> None:
    near = network() | {
        "rate_cards": pl.concat([card(), card("lso:ground")]),
        "rates": pl.concat([rates(), rates("lso:ground").filter(pl.col("zone") < 4)]),
    }

    [lso, ups] = [age for age in ages(near, NOW.date()) if age.kind == "card"]

    assert (lso.holes, ups.holes) == ("no rate for zone 4, 5", "")


def test_what_a_decision_would_use_of_fuel_is_told_and_a_missing_week_is_stale() -> None:
    frames = network() | FUEL

    used = told(frames, date(2026, 6, 3), "fuel")
    assert used.used == "16.00 %, $3.510 of 2026-05-18 in the table of 2026-01-05"
    assert not used.attention
    assert not told(frames, date(2026, 6, 11), "fuel index").attention, "a price may be out three days late"
    late = told(frames, date(2026, 6, 12), "fuel index")
    assert late.stale.startswith("diesel in US: no price since 2026-06-01; one is due every 7 days")
    assert "the last known, of 2026-06-01, is used" in told(frames, date(2026, 6, 24), "fuel").stale


def test_a_chart_tells_since_when_it_was_taken_in(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    chart = network()["zones"].with_columns(pl.lit(3).alias("zone"))
    import_rates(store, snapshots, {"zones": chart}, source="x", now=NOW, replaced=["zones"], by="Ann", because="new")

    with store.reading() as books:
        rates_now = imported_rates(books, snapshots)
    [zones] = [a for a in ages(network(), NOW.date() + timedelta(days=9), rates=rates_now) if a.kind == "table"]

    assert (zones.name, zones.since, zones.days, zones.used) == ("zones", NOW.date(), 9, "4 rows")


def test_stale_fuel_is_said_by_whoever_quotes_with_it(tmp_path: Path) -> None:
    brought = FUEL | {"rate_cards": card(fuel_rule="ups")}
    store, snapshots = company(tmp_path, brought)
    book = Company.load(store, snapshots, date(2026, 6, 24)).network.rates
    assert book is not None

    quotes = [
        book.quote("ups:ground", "75201", "75201", 900, 0, 0, residential=False, on=on)
        for on in (date(2026, 6, 3), date(2026, 6, 24))
    ]

    assert quotes[0] is not None
    assert quotes[1] is not None
    assert quotes[0].stale == ""
    assert "the last known, of 2026-06-01, is used" in quotes[1].stale


EIA = RateSource("eia", "eia", Every.WEEK, on=2, hour=12, since=date(2026, 5, 1))


def test_a_weekly_source_is_due_on_its_day_until_it_was_fetched() -> None:
    tuesday = datetime(2026, 6, 2, 12, tzinfo=UTC)
    fetched = RateSource("eia", "eia", Every.WEEK, 2, 1, 12, date(2026, 5, 1), fetched_at=tuesday - timedelta(days=6))

    assert [at for _, at in due([EIA], tuesday)] == [tuesday]
    assert due([fetched], tuesday - timedelta(minutes=1)) == []
    assert [at for _, at in due([fetched], tuesday + timedelta(days=5))] == [tuesday]


def test_a_yearly_source_is_due_once_a_year_and_none_before_it_is_followed() -> None:
    yearly = RateSource("ups", "ups", Every.YEAR, on=22, month=12, since=date(2025, 12, 23))

    assert due([yearly], datetime(2026, 12, 21, tzinfo=UTC)) == []
    assert due([yearly], datetime(2027, 3, 1, tzinfo=UTC)) == [(yearly, datetime(2026, 12, 22, tzinfo=UTC))]


def test_running_what_is_due_takes_good_rates_in_and_tells_of_the_others(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    for name in ("broken", "good", "gone"):
        put_source(store, snapshots, RateSource(name, name, Every.DAY), now=NOW)
    good = {"rate_cards": card(day=NEW), "rates": rates(day=NEW), "surcharges": residential(NEW)}

    def fetch(source: RateSource) -> Fetched:
        if source.place == "gone":
            raise OSError("no route to host")
        return Fetched(good) if source.place == "good" else Fetched({}, ("rates.csv row 3, column cents, value 'x'",))

    broken, gone, taken = refresh(store, snapshots, fetch, now=NOW)

    assert (taken.refused, taken.rows) == ("", {"rate_cards": 1, "rates": 12, "surcharges": 1})
    assert "broken of 2026-06-01 12:00 UTC was refused: rates.csv row 3" in broken.refused
    assert gone.refused == "no route to host"
    assert [source.name for source, _ in due(sources(store, snapshots), NOW + timedelta(hours=1))] == []
    assert [source.name for source, _ in due(sources(store, snapshots), NOW + timedelta(hours=7))] == ["broken", "gone"]
    with store.reading() as books:
        assert [refusal.source for refusal in standing(books, snapshots)] == ["broken"]


def test_a_source_is_run_by_name_and_dropped_by_name(tmp_path: Path) -> None:
    store, snapshots = company(tmp_path)
    put_source(store, snapshots, EIA, now=NOW)

    [done] = refresh(store, snapshots, lambda _: Fetched({}), now=NOW, only="eia")
    assert done.refused == "it holds no table of rates"
    with pytest.raises(StoreError, match="there is eia"):
        refresh(store, snapshots, lambda _: Fetched({}), now=NOW, only="ups")
    drop_source(store, snapshots, "eia", now=NOW)
    assert sources(store, snapshots) == []
    with pytest.raises(StoreError, match="there is none"):
        drop_source(store, snapshots, "eia", now=NOW)


def test_a_source_on_a_day_that_no_month_has_is_refused() -> None:
    with pytest.raises(ValueError, match="a day from 1 to 7"):
        RateSource("eia", "eia", Every.WEEK, on=8)
