"""A lived month, reported: what adds up, what is claimed, and what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.simulation.monthly.lived import OCTOBER, Lived, lived_month

from evenstock.cli.report.monthly_page import monthly_page
from evenstock.domain import CaseKind, NodeId, OrderId
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.network import orders_from_frame
from evenstock.operations.outcomes.foretold import Says, calibration, foretold_and_came
from evenstock.operations.outcomes.period import Period, month
from evenstock.operations.outcomes.recommendation import Became, counted, recommendations
from evenstock.operations.outcomes.running import RunningCosts, costs_in, enter_costs
from evenstock.operations.outcomes.told import Told
from evenstock.operations.route_order import route_order
from evenstock.simulation.monthly.regret import changed_by, invoiced, missing_units
from evenstock.simulation.monthly.report import keep_report, kept_months, kept_report, month_report
from evenstock.simulation.world import make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 11, 2, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return lived_month(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="module")
def told(lived: Lived) -> Told:
    return Told(lived.store, lived.snapshots, lived.company, OCTOBER)


@pytest.fixture(scope="module")
def document(lived: Lived) -> dict[str, Any]:
    enter_costs(
        lived.store, "2026-09", RunningCosts(servers_cents_month=4_000, person_cents_hour=3_000), by="lee", now=NOW
    )
    return month_report(lived.store, lived.snapshots, lived.company, OCTOBER, now=NOW, sample=300, sweeps=25)


def test_the_golden_month(document: dict[str, Any]) -> None:
    """Figures of the month as it was first reported; each is asserted to be what it means by the tests below."""
    kinds = {row["kind"]: [row[one.value] for one in Became] for row in document["recommendations"]["by_kind"]}

    assert kinds["forecast override"] == [0, 1, 0, 0, 0, 0]
    assert kinds["order plan"] == [28, 21, 0, 31, 0, 2]
    assert sum(kinds["transfer line"]) >= 18
    assert kinds["transfer line"][:3] == [sum(kinds["transfer line"]) - 2, 1, 1]
    assert document["decided"]["orders"] == 1_373
    assert (document["regret"]["orders"], document["regret"]["judged"]) == (1_373, 300)
    by_cause = {row["cause"]: row["cents"] for row in document["regret"]["rows"]}
    assert max(by_cause, key=lambda one: by_cause[one]) == "rules"
    assert by_cause["human"] > 0
    assert document["regret"]["truths"]["services_invoiced_otherwise_bp"] == {"northline:ground": 800}
    assert document["money"]["running_cents"] == 4_000 + 70 * 3 * 3_000 // 60
    assert [one["what"] for one in document["money"]["savings"]] == ["routing", "prices and people", "transfers"]
    assert document["to_do"][0]["sentence"].startswith("Look at the wishes among the rules")


def test_every_total_adds_up_again(document: dict[str, Any]) -> None:
    said = document["recommendations"]
    for name in ("layer", "kind", "node", "proposer", "decider"):
        for figure in ("count", "cents", "changed_cents", "timed", "answered", *(one.value for one in Became)):
            assert sum(row[figure] for row in said[f"by_{name}"]) == said["all"][figure], (name, figure)
    assert said["all"]["count"] == sum(said["all"][one.value] for one in Became)
    assert sum(row["orders"] for row in document["decided"]["by_layer"]) == document["decided"]["orders"]
    regret, money = document["regret"], document["money"]
    assert sum(row["cents"] for row in regret["rows"]) == regret["total"]["cents"]
    assert all(sum(one["parts"].values()) == one["cents"] for one in regret["dearest"])
    assert sum(row["cents"] for row in regret["ledger"]["rows"]) == pytest.approx(
        regret["ledger"]["distance_cents"], abs=0.01
    )
    assert sum(one["cents"] for one in money["savings"] if one["counts"]) == money["saved_cents"]
    assert sum(row["cents"] for row in money["running"]["rows"]) == money["running_cents"] == money["running"]["cents"]
    assert money["saved_cents"] - money["running_cents"] == money["net_cents"]
    delivery = document["foretold"]["delivery"]
    assert sum(one["n"] for one in delivery["bins"]) == delivery["n"]
    assert sum(one["on_time"] for one in delivery["bins"]) == delivery["on_time"]


def test_nodes_add_up_to_the_company(lived: Lived, told: Told) -> None:
    whole = recommendations(told)
    nodes = sorted(set(whole["node"]) | {"TX-DC", "PA-3PL", "CA-3PL"})
    own = [Told(lived.store, lived.snapshots, lived.company, OCTOBER, frozenset({node})) for node in nodes]

    assert pl.concat([recommendations(one) for one in own]).sort("key").equals(whole)
    company = {(one.what, one.segment): one for one in foretold_and_came(told).money}
    parts = [{(one.what, one.segment): one for one in foretold_and_came(node).money} for node in own]
    for key in (("freight", ""), ("transfer benefit", ""), ("expected regret", "")):
        found = [part[key] for part in parts if key in part]
        assert sum(one.foretold for one in found) == pytest.approx(company[key].foretold)
        assert sum(one.actual for one in found) == pytest.approx(company[key].actual)
        assert sum(one.n for one in found) == company[key].n
    assert sum(foretold_and_came(node).delivery.n for node in own) == foretold_and_came(told).delivery.n


def test_what_was_put_into_the_month_is_found(document: dict[str, Any]) -> None:
    money = {(one["what"], one["segment"]): one for one in document["foretold"]["money"]}

    dear = money["freight", "northline:ground"]
    assert dear["says"] == "more than foretold"
    assert dear["ratio"] == pytest.approx(1.08, abs=0.001)
    assert {
        one["says"]
        for (what, service), one in money.items()
        if what == "freight" and service and service != dear["segment"]
    } == {"as foretold"}
    demand = {one["segment"]: one["says"] for one in document["foretold"]["demand"]}
    assert (demand["fast"], demand["slow"]) == ("as foretold", "more than foretold")
    late = [one for one in document["foretold"]["delivery"]["bins"] if one["says"] == "less than foretold"]
    assert late
    assert document["foretold"]["delivery"]["skill"] < 0
    assert any("northline:ground" in one["sentence"] for one in document["to_do"])


def test_ten_transfers_are_too_few_to_tell_and_nothing_is_claimed_of_them(document: dict[str, Any]) -> None:
    lines = next(one for one in document["foretold"]["money"] if one["what"] == "transfer benefit")
    saved = next(one for one in document["money"]["savings"] if one["what"] == "transfers")

    assert 0 < lines["n"] < 20
    assert (lines["says"], lines["low"], saved["low"]) == ("too few to tell", None, None)
    assert saved["n"] == saved["of"]


def test_whoever_changed_a_plan_is_charged_with_it_alone(lived: Lived, told: Told) -> None:
    changed = changed_by(told)

    with lived.store.reading() as books:
        cases = books.cases(kind=CaseKind.REVIEW)
    assert len(changed) == sum(bool(case.fact("override_cents")) for case in cases) == 21
    assert set(changed.values()) == {"dana"}


def test_units_missed_by_a_pick_were_missing_before_it_and_not_long_before(told: Told) -> None:
    missing, shelves = missing_units(told)
    picks = told.table("short_picks")
    assert picks is not None
    first = picks.sort("picked_at").row(0, named=True)
    shelf = first["sku"], NodeId(first["node"])

    assert shelves == picks.select("sku", "node").n_unique()
    assert missing(shelf, first["picked_at"] - timedelta(hours=1)) == first["wanted"] - first["found"]
    assert missing(shelf, first["picked_at"] - timedelta(days=15)) == 0
    assert missing(("NOTHING", NodeId("TX-DC")), first["picked_at"]) == 0  # type: ignore[arg-type]


def test_rates_are_true_as_invoiced_only_where_that_is_sure(told: Told) -> None:
    foretold = foretold_and_came(told)
    unsure = replace(foretold, money=tuple(replace(one, low=0.9, high=1.2) for one in foretold.money))

    assert invoiced(foretold) == {"northline:ground": 800}
    assert invoiced(unsure) == {}


def test_the_page_shows_every_total_and_fetches_nothing(document: dict[str, Any]) -> None:
    shown = monthly_page(document)

    for cents in (
        document["regret"]["total"]["cents"],
        document["money"]["saved_cents"],
        document["money"]["net_cents"],
    ):
        assert f"{'-' if cents < 0 else ''}{abs(cents) / 100:,.2f}" in shown
    assert shown.count("://") == shown.count('xmlns="http://www.w3.org/2000/svg"')
    assert "<script" not in shown
    assert "default-src 'none'" in shown


def test_what_people_typed_is_shown_as_they_typed_it(document: dict[str, Any]) -> None:
    said = json.loads(json.dumps(document))
    said["recommendations"]["reasons"][0]["reason"] = "<script>alert(1)</script>"
    said["to_do"][0]["sentence"] = "do `rm <b>` now"

    shown = monthly_page(said)

    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<code>rm &lt;b&gt;</code>" in shown


def test_the_same_books_give_the_same_report(lived: Lived, document: dict[str, Any]) -> None:
    again = month_report(lived.store, lived.snapshots, lived.company, OCTOBER, now=NOW, sample=300, sweeps=25)

    assert json.dumps(again, sort_keys=True) == json.dumps(document, sort_keys=True)


# --- months with nothing, or only with shadows ------------------------------------------------------------------------


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[tuple[MemoryStore, SnapshotFolder, Any]]:
    world = make_world(seed=1, nodes=3, skus=6, days=30, orders_per_day=6, as_of=OCTOBER.first)
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, world.frames, world.opens_at)
    yield store, snapshots, world
    store.close()


def test_an_empty_month_says_that_it_is_empty(quiet: Any) -> None:
    store, snapshots, _ = quiet
    found = month_report(store, snapshots, Company.load(store, snapshots), month("2026-08"), now=NOW)

    assert found["recommendations"]["all"] is None
    assert found["regret"] is None
    assert [one["sentence"] for one in found["to_do"]] == [
        "Nothing was decided and nothing recommended in this period: there is nothing to act on"
    ]
    assert found["money"]["saved_cents"] == 0
    assert found["money"]["net_low"] is None
    assert "nothing can be said of break-even" in found["money"]["break_even"]
    assert found["foretold"]["delivery"]["brier"] is None
    assert "Nothing was recommended to people" in monthly_page(found)


def test_a_month_of_shadow_decisions_claims_no_savings(quiet: Any) -> None:
    store, snapshots, world = quiet
    company = Company.load(store, snapshots)
    orders = orders_from_frame(world.frames["orders"])
    for order in orders:
        route_order(store, company.shipping, company.network.policy, RouteOrder(order, order.placed_at, shadow=True))

    found = month_report(store, snapshots, company, OCTOBER, now=NOW)

    assert found["decided"]["shadow"] == found["decided"]["records"] == len(orders) > 0
    assert found["decided"]["orders"] == 0
    assert found["regret"] is None
    assert found["money"]["saved_cents"] == 0
    assert any("in shadow: nothing was done by them" in note for note in found["notes"])
    assert f"{len(orders):,} decisions in shadow" in monthly_page(found)


def test_nodes_have_no_regret_of_their_own(lived: Lived) -> None:
    found = month_report(lived.store, lived.snapshots, lived.company, OCTOBER, now=NOW, nodes=frozenset({"TX-DC"}))

    assert found["regret"] is None
    assert found["money"] is None
    assert found["recommendations"]["all"]["count"] > 0
    assert "ask without nodes" in " ".join(found["notes"])
    assert "TX-DC" in monthly_page(found)


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_costs_hold_from_their_month_until_later_ones(quiet: Any) -> None:
    store = quiet[0]
    enter_costs(store, "2026-03", RunningCosts(servers_cents_month=100), by="lee", now=NOW)
    enter_costs(store, "2026-10", RunningCosts(servers_cents_month=200), by="lee", now=NOW)
    enter_costs(store, "2026-10", RunningCosts(servers_cents_month=300), by="ana", now=NOW)

    with store.reading() as books:
        found = {name: costs_in(books, name) for name in ("2026-02", "2026-09", "2026-10", "2027-01")}
    assert {name: one.costs.servers_cents_month for name, one in found.items()} == {
        "2026-02": 0, "2026-09": 100, "2026-10": 300, "2027-01": 300,
    }  # fmt: skip
    assert (found["2026-02"].since, found["2027-01"].by) == ("", "ana")


def test_costs_below_zero_or_by_nobody_are_refused(quiet: Any) -> None:
    with pytest.raises(ValueError, match="other_cents_month"):
        RunningCosts(other_cents_month=-1)
    with pytest.raises(ValueError, match="who enters"):
        enter_costs(quiet[0], "2026-10", RunningCosts(), by=" ", now=NOW)
    with pytest.raises(ValueError, match="is no month"):
        enter_costs(quiet[0], "October", RunningCosts(), by="lee", now=NOW)


def test_a_month_is_kept_once_and_a_stretch_of_days_never(quiet: Any, document: dict[str, Any]) -> None:
    store = quiet[0]
    assert keep_report(store, document)
    assert not keep_report(store, {**document, "made_at": "later"})
    assert kept_report(store, "2026-10") == document
    assert kept_months(store) == ["2026-10"]
    with pytest.raises(ValueError, match="calendar month"):
        keep_report(store, {**document, "period": {**document["period"], "month": None}})


# --- small figures ----------------------------------------------------------------------------------------------------


def test_probabilities_that_are_right_are_as_foretold_and_boasts_are_not() -> None:
    rng = np.random.default_rng(2)
    chance = rng.choice([0.92, 0.97, 0.99], size=6_000)
    day = np.arange(6_000) // 200
    honest = calibration(chance, (rng.random(6_000) < chance).astype(float), day)
    boast = calibration(chance, (rng.random(6_000) < chance - 0.1).astype(float), day)

    assert {one.says for one in honest.bins if one.n} == {Says.AS_FORETOLD}
    assert {one.says for one in boast.bins if one.n} == {Says.LESS}
    assert honest.skill > 0 > boast.skill
    assert boast.high < 0
    few = calibration(chance[:10], np.ones(10), day[:10])
    assert {one.says for one in few.bins if one.n} == {Says.TOO_FEW}
    assert isnan(few.low)


def test_a_period_is_of_the_days_of_its_zone() -> None:
    chicago = month("2026-10", "America/Chicago")
    last_minute = datetime(2026, 11, 1, 4, 59, tzinfo=UTC)

    assert chicago.holds(last_minute)
    assert not OCTOBER.holds(last_minute)
    assert chicago.ends == datetime(2026, 11, 1, 5, tzinfo=UTC)
    for wrong in (
        ("2026-10-02", "2026-10-01", "UTC"),
        ("2020-01-01", "2026-01-01", "UTC"),
        ("2026-10-01", "2026-10-31", "Nowhere"),
    ):
        with pytest.raises(ValueError, match=r"period|zone"):
            Period(date.fromisoformat(wrong[0]), date.fromisoformat(wrong[1]), wrong[2])


def test_a_median_is_of_answers_alone(told: Told) -> None:
    frame = recommendations(told).filter(pl.col("kind") == "order plan")
    row = counted(frame).row(0, named=True)

    # 28 answered after 12 minutes, 21 after 40; 31 ran to their deadline and are nobody's answer.
    assert row["median_minutes"] == 12.0
    assert row["timed"] == 49
    assert row["adoption"] == 28 / 49
    assert OrderId("x") not in changed_by(told)
