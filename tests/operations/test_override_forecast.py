"""Overrides are said once, kept with author and reason, withdrawn on record, and judged when their days have passed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.override_forecast import (
    judge_overrides,
    override_forecast,
    overrides_of,
    withdraw_override,
)
from evenstock.operations.ports import StoreError
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
TODAY = date(2026, 11, 20)
NODES = pl.DataFrame({"node": ["TX"], "kind": ["own"], "postal_code": ["75201"], "timezone": ["America/Chicago"]})
ITEMS = pl.DataFrame(
    {"sku": ["MUG"], "category": ["clay"], "weight_g": [350], "unit_cost_cents": [200], "price_cents": [999]}
)
STOCK = pl.DataFrame({"sku": ["MUG"], "node": ["TX"], "on_hand": [5], "observed_at": [NOW]}).with_columns(
    lot=pl.lit(""), held=pl.lit(0, pl.Int64), buffer=pl.lit(0, pl.Int64)
)
# Four a day until the third of November, eight a day afterwards.
DAYS = pl.date_range(date(2026, 7, 1), date(2026, 11, 19), eager=True)
DEMAND = pl.DataFrame({"date": DAYS, "sku": "MUG", "node": "TX"}).with_columns(
    units=pl.when(pl.col("date") < date(2026, 11, 3)).then(4).otherwise(8).cast(pl.Int64)
)


@pytest.fixture
def opened(tmp_path: Path):
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    import_network(store, snapshots, {"nodes": NODES, "items": ITEMS, "stock": STOCK, "demand": DEMAND}, NOW)
    return store, snapshots, Company.load(store, snapshots)


def say(opened: Any, **change: Any) -> str:
    words: dict[str, Any] = {"first_day": date(2026, 11, 3), "last_day": date(2026, 11, 9), "kind": "multiply"}
    words |= {"value": 2.0, "reason": "an advertisement", "author": "dana", "now": NOW, "sku": "MUG"}
    return override_forecast(*opened, **(words | change))


def facts(opened: Any) -> list[str]:
    with opened[0].transaction() as t:
        return [event.kind for event in t.outbox(100)]


def test_the_same_words_twice_are_one_override(opened):
    first = say(opened)
    assert say(opened, now=NOW + timedelta(hours=1)) == first
    assert say(opened, value=3.0) != first
    assert overrides_of(*opened)["value"].to_list() == [2.0, 3.0]
    assert facts(opened).count("ForecastOverridden") == 2


def test_what_was_withdrawn_counts_no_longer_until_it_is_said_again(opened):
    number = say(opened)
    withdraw_override(*opened[:2], number, by="lee", because="the fair moved", now=NOW)
    withdraw_override(*opened[:2], number, by="lee", because="the fair moved", now=NOW)
    assert overrides_of(*opened) is None
    assert facts(opened).count("OverrideWithdrawn") == 1
    assert say(opened, now=NOW + timedelta(days=1)) == number
    assert overrides_of(*opened).height == 1
    with pytest.raises(StoreError, match="there is no override 99"):
        withdraw_override(*opened[:2], "99", by="lee", because="typing error", now=NOW)


def test_overrides_that_were_imported_stand_beside_those_said_here(opened):
    say(opened)
    imported = pl.DataFrame(
        {"override": "erp-1", "sku": "", "node": "TX", "category": "", "first_day": TODAY, "last_day": TODAY}
        | {"kind": "add", "value": 5.0, "reason": "a school", "author": "erp", "made_at": NOW}
    ).with_columns(expires_on=pl.lit(None, pl.Date))
    frames = {"nodes": NODES, "items": ITEMS, "stock": STOCK, "demand": DEMAND, "overrides": imported}
    import_network(*opened[:2], frames, NOW)
    company = Company.load(*opened[:2])
    assert set(overrides_of(*opened[:2], company)["author"]) == {"dana", "erp"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sku": "CUP"}, "the network has no sku 'CUP'"),
        ({"node": "PA"}, "the network has no node 'PA'"),
        ({"category": "glass"}, "the network has no category 'glass'"),
        ({"reason": ""}, "say why and by whom"),
    ],
)
def test_an_override_of_nothing_or_without_a_reason_is_refused(opened, change, words):
    with pytest.raises(ValueError, match=words):
        say(opened, **change)
    assert overrides_of(*opened) is None


def test_of_two_planners_at_once_neither_loses_what_he_said(opened, monkeypatch):
    store = opened[0]
    begun = store.transaction
    first = [True]

    def meanwhile(*args: Any) -> Any:
        # Between another's reading and her writing, lee writes too.
        if first:
            first.clear()
            say(opened, author="lee")
        return begun(*args)

    monkeypatch.setattr(store, "transaction", meanwhile)
    say(opened)
    assert sorted(overrides_of(*opened)["author"]) == ["dana", "lee"]


def test_a_planner_who_knew_of_the_advertisement_added_value_and_one_who_guessed_took_some(opened):
    right, wrong = say(opened), say(opened, first_day=date(2026, 11, 10), last_day=date(2026, 11, 12), value=0.5)

    found = {row["override"]: row for row in judge_overrides(*opened, as_of=TODAY).iter_rows(named=True)}

    # A week of 8: about 4 foretold, 8 said. Then three days of 8: 4 foretold, 2 said.
    assert found[right]["units"] == 56
    assert found[right]["error_before"] == pytest.approx(28, abs=2)
    assert found[right]["error_after"] < 2
    assert found[right]["value_added"] == pytest.approx(0.5, abs=0.05)
    assert found[wrong]["value_added"] == pytest.approx(-0.25, abs=0.05)


def test_an_override_is_judged_by_the_days_that_have_passed_and_no_others(opened):
    say(opened)
    assert judge_overrides(*opened, as_of=date(2026, 11, 5))["days"].to_list() == [2]
    assert judge_overrides(*opened, as_of=date(2026, 11, 2)).is_empty()
