"""From the books to what should be where: levels, orders, their reasons, and what is left out."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.operations.stock_levels.company import (
    ITEMS,
    TODAY,
    Opened,
    demand,
    forecast,
    opened,
    receipts,
    stock,
    supplies,
)

from evenstock.forecasting import Forecast
from evenstock.operations.stock_levels import FoundLevels, outlook, placement, stock_levels
from evenstock.tables import StockLevels

SUPPLY = supplies(("Meridian", "MUG", "DC", 380, 14))
SOLD = demand(MUG_DC=10, MUG_SHOP=4, MUG_FBA=6)
WANTED = {"MUG_DC": 10.0, "MUG_SHOP": 4.0, "MUG_FBA": 6.0}


def found(at: Opened, said: Forecast, **more: Any) -> FoundLevels:
    store, snapshots, company = at
    return stock_levels(store, snapshots, company, said, as_of=TODAY, **more)


def row(levels: FoundLevels, sku: str, node: str) -> dict[str, Any]:
    return levels.frame.row(by_predicate=(pl.col("sku") == sku) & (pl.col("node") == node), named=True)


def test_a_centre_is_supplied_and_its_shop_and_amazon_are_fed_by_it(tmp_path: Path) -> None:
    told = found(opened(tmp_path, stock(MUG_DC=100), supplies=SUPPLY, demand=SOLD), forecast(**WANTED))
    centre, shop, amazon = (row(told, "MUG", node) for node in ("DC", "SHOP", "FBA"))

    StockLevels.validate(told.frame)
    assert (centre["way"], centre["lead_mean_days"], centre["review_days"]) == ("Meridian", 14.0, 7)
    assert (shop["way"], shop["lead_mean_days"]) == ("DC by ltl", 2.0)
    assert (amazon["way"], amazon["lead_mean_days"]) == ("DC by ltl", 5.0)
    # What the centre passes on is asked of it too: 10 + 4 + 6 a day over 14 + 7 days.
    assert centre["daily_units"] == pytest.approx(20)
    assert centre["reorder_point"] + 1 - centre["safety_stock"] == pytest.approx(420, rel=0.05)
    assert shop["daily_units"] == pytest.approx(4)


def test_below_its_order_point_an_order_in_whole_multiples_is_due_on_the_next_order_day(tmp_path: Path) -> None:
    told = found(opened(tmp_path, stock(MUG_DC=100), supplies=SUPPLY, demand=SOLD), forecast(**WANTED))
    centre = row(told, "MUG", "DC")

    assert centre["position"] == 100 <= centre["reorder_point"]
    assert (centre["days_to_reorder"], centre["order_by"]) == (0, TODAY)
    assert centre["order_units"] % 12 == 0
    assert centre["reorder_point"] < 100 + centre["order_units"] <= centre["order_up_to"]
    assert centre["suggestion"] == f"order {centre['order_units']} by 2026-11-16 from Meridian"
    assert centre["because"].startswith(f"100 here and coming, at or below {centre['reorder_point']}: ")
    assert centre["risk_cents"] > 0


def test_above_it_the_order_comes_on_the_order_day_after_it_is_reached(tmp_path: Path) -> None:
    at = opened(tmp_path, stock(MUG_DC=700), supplies=SUPPLY, demand=SOLD)
    centre = row(found(at, forecast(**WANTED)), "MUG", "DC")

    assert centre["days_to_reorder"] == int(np.ceil((700 - centre["reorder_point"]) / 20))
    reached = TODAY + dt.timedelta(days=centre["days_to_reorder"])
    assert reached <= centre["order_by"] < reached + dt.timedelta(days=7)
    assert centre["order_by"].weekday() == 0


def test_more_service_asked_by_a_target_needs_more(tmp_path: Path) -> None:
    def asked(name: str, service: float) -> dict[str, Any]:
        targets = pl.DataFrame({"sku": ["MUG"], "node": ["DC"], name: [service]})
        folder = tmp_path / f"{name}{service}"
        return row(
            found(
                opened(folder, stock(MUG_DC=1), supplies=SUPPLY, demand=SOLD, stock_targets=targets), forecast(**WANTED)
            ),
            "MUG",
            "DC",
        )

    low, high, fill = asked("cycle_service", 0.8), asked("cycle_service", 0.99), asked("fill_rate", 0.9)
    assert (low["cycle_service"], low["fill_rate"], fill["cycle_service"], fill["fill_rate"]) == (0.8, 0, 0, 0.9)
    assert low["reorder_point"] < high["reorder_point"]
    assert low["textbook_stock"] < high["textbook_stock"]
    assert fill["textbook_stock"] is None


def test_a_node_is_never_sent_more_than_it_accepts(tmp_path: Path) -> None:
    targets = pl.DataFrame({"node": ["FBA"], "most_units": [30]})
    at = opened(tmp_path, stock(MUG_FBA=7), supplies=SUPPLY, demand=SOLD, stock_targets=targets)
    amazon = row(found(at, forecast(**WANTED)), "MUG", "FBA")

    assert amazon["order_up_to"] == 30
    assert amazon["order_units"] == 12, "23 have room, in twelves"
    assert amazon["because"].endswith("cut to what the node accepts")


def test_lead_times_learned_take_the_place_of_the_stated_and_a_late_supplier_needs_more(tmp_path: Path) -> None:
    sold = {"demand": SOLD, "supplies": SUPPLY}
    even = opened(tmp_path / "even", stock(MUG_DC=1), receipts=receipts(*[20] * 12), **sold)
    odd = opened(tmp_path / "odd", stock(MUG_DC=1), receipts=receipts(*[8, 32] * 6), **sold)
    steady, late = (row(found(at, forecast(**WANTED)), "MUG", "DC") for at in (even, odd))

    assert steady["lead_mean_days"] == pytest.approx(20, abs=2), "stated were 14"
    assert steady["because"].endswith("lead time learned")
    assert late["lead_p95_days"] > steady["lead_p95_days"]
    assert late["safety_stock"] > 1.2 * steady["safety_stock"]


def test_a_supplier_who_loses_orders_needs_more(tmp_path: Path) -> None:
    sold = {"demand": SOLD, "supplies": SUPPLY}
    keeps = opened(tmp_path / "keeps", stock(MUG_DC=1), receipts=receipts(*[20] * 12), **sold)
    loses = opened(tmp_path / "loses", stock(MUG_DC=1), receipts=receipts(*[20] * 12, lost=4), **sold)
    sure, unsure = (row(found(at, forecast(**WANTED)), "MUG", "DC") for at in (keeps, loses))

    assert unsure["safety_stock"] > 1.3 * sure["safety_stock"]


def test_without_supplies_purchases_tell_who_is_ordered_from_and_how_often(tmp_path: Path) -> None:
    at = opened(tmp_path, stock(MUG_DC=1, CUP_DC=1), receipts=receipts(*[20] * 12), demand=SOLD)
    told = found(at, forecast(MUG_DC=10.0, CUP_DC=2.0))
    mug, cup = row(told, "MUG", "DC"), row(told, "CUP", "DC")

    assert (mug["way"], mug["review_days"]) == ("Meridian", 14)
    assert cup["way"] == "", "nobody is known to sell cups: kitchen's lead times are taken"
    assert cup["because"].endswith("supplier unknown, lead time of kitchen")
    assert cup["suggestion"].endswith("from its supplier")
    assert any(note.startswith("1 of 2 item-nodes have no supplier") for note in told.notes)


def test_what_cannot_be_reckoned_keeps_its_row_with_the_reason(tmp_path: Path) -> None:
    told = found(opened(tmp_path, stock(MUG_DC=9, PEN_DC=3), supplies=SUPPLY, demand=SOLD), forecast(CUP_DC=2.0))
    mug, cup, pen = (row(told, sku, "DC") for sku in ("MUG", "CUP", "PEN"))

    assert mug["because"].startswith("no forecast")
    assert pen["because"].startswith("no forecast")
    assert (mug["position"], mug["reorder_point"], mug["policy"]) == (9, None, "")
    assert cup["because"].startswith("nothing tells how it is refilled")
    assert sum("no forecast" in note for note in told.notes) == 1


def test_an_item_that_ends_before_a_refill_could_be_sold_is_run_down(tmp_path: Path) -> None:
    items = ITEMS.with_columns(
        discontinued_on=pl.when(pl.col("sku") == "MUG").then(pl.lit(TODAY + dt.timedelta(days=9))).otherwise(None)
    )
    at = opened(tmp_path, stock(MUG_DC=5), supplies=SUPPLY, demand=SOLD, items=items)
    mug = row(found(at, forecast(**WANTED)), "MUG", "DC")

    assert mug["segment"].endswith("end of life")
    assert (mug["reorder_point"], mug["order_up_to"], mug["order_units"], mug["suggestion"]) == (-1, 0, 0, "")
    assert mug["because"].startswith("no longer sold from 2026-11-25")


def test_an_item_of_which_too_little_can_come_in_time_is_constrained_and_a_launch_is_wide(tmp_path: Path) -> None:
    introduced = ITEMS.with_columns(
        introduced_on=pl.when(pl.col("sku") == "CUP").then(pl.lit(TODAY - dt.timedelta(days=20))).otherwise(None)
    )
    supply = supplies(("Meridian", "MUG", "DC", 380, 14), ("Meridian", "CUP", "DC", 380, 14))
    sold = demand(MUG_DC=10, CUP_DC=10)
    at = opened(tmp_path, stock(MUG_DC=50, CUP_DC=400), supplies=supply, demand=sold, items=introduced)
    told = found(at, forecast(MUG_DC=10.0, CUP_DC=10.0))
    mug, cup = row(told, "MUG", "DC"), row(told, "CUP", "DC")

    # 50 mugs are there, 140 wanted in the 14 days until more can come.
    assert mug["segment"].endswith("constrained")
    assert (cup["segment"].split()[1], cup["policy"]) == ("new", "order up to, wide")
    assert cup["safety_stock"] > 3 * mug["safety_stock"], "nobody knows a launch's level"


def test_a_cost_of_orders_makes_them_larger_where_the_policy_is_min_max(tmp_path: Path) -> None:
    # Cups bring 99 % of the margin, so mugs are C and ordered in economic quantities. A mug costs 4.00, so 0.00241 a day to
    # hold at 22 % a year: √(2 x 200.00 x 4 ÷ 0.00241) = 815, in twelves 816.
    sold = demand(CUP_SHOP=400, MUG_DC=4)
    free, dear = (
        row(
            found(
                opened(
                    tmp_path / str(cents),
                    stock(MUG_DC=200),
                    supplies=supplies(("Meridian", "MUG", "DC", 380, 14), order_cents=cents),
                    demand=sold,
                ),
                forecast(MUG_DC=4.0, CUP_SHOP=400.0),
            ),
            "MUG",
            "DC",
        )
        for cents in (0, 20_000)
    )

    assert free["policy"] == dear["policy"] == "min-max"
    assert free["reorder_point"] == dear["reorder_point"]
    assert free["order_up_to"] - free["reorder_point"] == 12
    assert dear["order_up_to"] - dear["reorder_point"] == 816


def test_another_seed_and_twice_the_paths_say_nearly_the_same(tmp_path: Path) -> None:
    at = opened(tmp_path, stock(MUG_DC=1), supplies=SUPPLY, demand=SOLD)
    one, other = (
        row(found(at, forecast(**WANTED), seed=seed, n_paths=n), "MUG", "DC")["reorder_point"]
        for seed, n in ((0, 256), (5, 512))
    )

    assert one == pytest.approx(other, rel=0.05)


def test_a_promotion_ahead_raises_the_level_of_the_days_before_it(tmp_path: Path) -> None:
    at = opened(tmp_path, stock(MUG_SHOP=1), supplies=SUPPLY, demand=SOLD)
    said = forecast(**WANTED)
    promoted = said.mu.copy()
    promoted[1, 16:23] = 40.0
    plain, raised = (
        outlook(found(at, forecast_with), "MUG").filter(node="SHOP")["level"].to_list()
        for forecast_with in (
            said,
            Forecast(said.keys, TODAY, promoted, said.alpha, said.path_variance, "x", said.cut_off),
        )
    )

    assert raised[0] == plain[0]
    assert raised[2] > 3 * plain[2], "looked at on day 14, a transfer lasts to day 17 and beyond"


def test_safety_stock_placed_over_the_network_costs_no_more_than_apart(tmp_path: Path) -> None:
    told = found(opened(tmp_path, stock(MUG_DC=1), supplies=SUPPLY, demand=SOLD), forecast(**WANTED))
    placed = placement(told, "MUG")

    assert placed.placement is not None
    assert placed.placement.cost <= placed.alone_cents + 1e-9
    assert placed.placement.gap < 1e-6
    assert placed.frame["node"].to_list() == ["DC", "FBA", "SHOP"]
    assert "less than with every node serving at once" in placed.text
    assert placed.pooled is not None
    assert placed.pooled.helping < placed.pooled.alone
    assert (
        "Helping one another within 3 days saves " in placed.text or "Helping one another within 2 days" in placed.text
    )
    with pytest.raises(ValueError, match="PEN has no levels"):
        placement(told, "PEN")


def test_a_forecast_of_another_day_is_refused(tmp_path: Path) -> None:
    store, snapshots, company = opened(tmp_path, stock(MUG_DC=1), supplies=SUPPLY)
    with pytest.raises(ValueError, match="forecast again with that day"):
        stock_levels(store, snapshots, company, forecast(MUG_DC=1.0), as_of=TODAY + dt.timedelta(days=1))
