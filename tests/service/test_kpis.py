from __future__ import annotations

import io
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from tests.service.conftest import NOW, example, order_body
from tests.service.one_brand import Brand, brand, opened, plan_made  # noqa: F401 (fixtures)

from evenstock.domain import PlanId, PlanState
from evenstock.operations.import_network import import_network
from evenstock.operations.kpis.figure import measures
from evenstock.operations.kpis.measures import expedite_cost
from evenstock.operations.live_scores import DAYS, SUMS
from evenstock.operations.transfers import approve_plan, dispatch_transfer

NAMES = sorted(measures())
ORDERS = 6


@pytest.fixture(scope="module")
def lived(opened: Brand) -> dict[str, Any]:  # noqa: F811
    """A day of the brand: orders routed and delivered, a plan changed and approved, a transfer sent, days scored."""
    stock = opened.get("/stock/balances", limit=1000)["items"]
    skus = sorted({row["sku"] for row in stock if row["atp"] > 5})[:ORDERS]
    routed = [
        opened.post(
            "/route",
            order_body(
                f"K-{n}", lines=[{"id": "1", "sku": sku, "units": 1 + n % 2, "price_cents": 2_000}],
                promise={"deliver_by": "2026-11-27"},
            ),
        )
        for n, sku in enumerate(skus)
    ]  # fmt: skip
    _arrive(opened, routed)
    plan = plan_made(opened)
    line = plan.lines[0]
    cut = {"sku": line.sku, "origin": line.origin, "destination": line.destination, "mode": line.mode, "units": 0}
    edited = opened.post(f"/plans/{plan.id}/edits", {"lines": [cut]})
    opened.access.caller = None
    store = opened.service.store
    sent = approve_plan(store, PlanId(edited["id"]), NOW.date(), "ana", NOW)
    dispatch_transfer(store, sent[0].id, NOW)
    _score(opened)
    return {"routed": routed, "plan": plan, "sent": sent}


def _arrive(brand: Brand, routed: list[dict[str, Any]]) -> None:  # noqa: F811
    """Every order arrives in time but the first, the second is invoiced, and the third is damaged."""
    rows = [
        {
            "shipment": f"S-{n}-{k}", "order": record["order"], "node": way["candidate"]["node"],
            "service": way["candidate"]["service"], "shipped_on": date(2026, 11, 20),
            "delivered_on": date(2026, 11, 30 if n == 0 else 23), "parcels": 1, "cents": 777 if n == 1 else None,
            "reship": False,
        }
        for n, record in enumerate(routed)
        for k, way in enumerate(record["choice"]["shipments"])
    ]  # fmt: skip
    shipments = pl.DataFrame(rows, schema_overrides={"cents": pl.Int64})
    claims = pl.DataFrame(
        {
            "claim": ["C-1"],
            "order": [routed[2]["order"]],
            "opened_on": [date(2026, 11, 24)],
            "kind": ["damaged"],
            "cents": [500],
        }
    ).with_columns(pl.col("kind").cast(pl.Enum(["late", "lost", "damaged", "missing", "split", "other"])))
    service = brand.service
    import_network(service.store, service.snapshots, example() | {"shipments": shipments, "claims": claims}, NOW)
    service.company.refresh()


def _score(brand: Brand) -> None:  # noqa: F811
    """Two scored days: 8 and 10 units foretold of 9 sold at one node, 4 of 5 at the other."""
    rows = [
        {"date": NOW.date() - timedelta(days=n), "role": "served", "node": node, "velocity": "slow", "series": 1,
         "sold": sold, "mean": mean, "forecast": "", "model": "", "version": "", "pit": 0.5, "above": 0.0, "loss": 1.0,
         "fallback_loss": 1.0}
        for n, (node, sold, mean) in enumerate([("TX-DC", 4.0, 4.5), ("TX-DC", 5.0, 5.5), ("CA-3PL", 5.0, 4.0)])
    ]  # fmt: skip
    kept = brand.service.snapshots.take({"days": pl.DataFrame(rows, schema=DAYS), "sums": pl.DataFrame(schema=SUMS)})
    with brand.service.store.transaction() as books:
        books.point("watch:demand", kept, NOW)


def every_row(brand: Brand, name: str, **params: Any) -> list[dict[str, Any]]:  # noqa: F811
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = brand.get(f"/kpis/{name}/rows", limit=37, **params, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("name", NAMES)
def test_the_rows_add_up_to_exactly_the_figure(brand: Brand, lived: dict[str, Any], name: str) -> None:  # noqa: F811
    told = brand.get(f"/kpis/{name}", first="2026-08-01")
    rows = every_row(brand, name, first="2026-08-01")
    part, whole = sum(row["part"] for row in rows), sum(row["whole"] for row in rows)
    assert (told["part"], told["whole"], told["count"]) == (part, whole, len(rows))
    summed = not getattr(measures()[name], "RATIO", True)
    expected = told["scale"] * part if summed else (told["scale"] * part / whole if whole else None)
    assert told["value"] == expected
    assert len({row["key"] for row in rows}) == len(rows)
    assert told["definition"]
    assert told["source"]
    if name != "expedite_cost":
        assert rows, f"nothing happened that {name} counts"
    arrow = brand.client.get(
        f"/v1/kpis/{name}/rows",
        params={"first": "2026-08-01"},
        headers={"Accept": "application/vnd.apache.arrow.stream"},
    )
    assert int(pl.read_ipc_stream(io.BytesIO(arrow.content))["part"].sum()) == part


@pytest.mark.parametrize("name", NAMES)
def test_a_node_has_its_own_rows_and_figure(brand: Brand, lived: dict[str, Any], name: str) -> None:  # noqa: F811
    whole = brand.get(f"/kpis/{name}", first="2026-08-01")
    brand.access.scope = frozenset({"TX-DC"})
    told = brand.get(f"/kpis/{name}", first="2026-08-01")
    rows = every_row(brand, name, first="2026-08-01")
    assert all("TX-DC" in row["nodes"] for row in rows)
    assert told["part"] == sum(row["part"] for row in rows)
    assert told["count"] == len(rows) <= whole["count"]
    refused = brand.client.get(f"/v1/kpis/{name}", params={"node": "PA-3PL"})
    assert refused.status_code == 403
    assert "PA-3PL" in refused.json()["detail"]


def test_what_orders_say_is_what_was_decided(brand: Brand, lived: dict[str, Any]) -> None:  # noqa: F811
    records = lived["routed"]
    figures = {one["name"]: one for one in brand.get("/kpis")["items"]}
    assert set(figures) == set(NAMES)
    cents = sum(t["cents"] for r in records for s in r["choice"]["shipments"] for t in s["terms"])
    assert figures["cost_per_order"]["value"] == cents / ORDERS
    split = sum(len(record["choice"]["shipments"]) > 1 for record in records)
    assert figures["split_rate"]["value"] == split / ORDERS
    units = sum(1 + n % 2 for n in range(ORDERS))
    assert (figures["fill_rate_type_2"]["part"], figures["fill_rate_type_2"]["whole"]) == (units, units)
    assert figures["freight_share"]["whole"] == units * 2_000
    billed = {row["order"]: row for row in every_row(brand, "freight_share")}
    assert (billed["K-1"]["part"], billed["K-1"]["by"]) == (777 * len(records[1]["choice"]["shipments"]), "invoiced")


def test_an_order_is_perfect_only_in_every_way(brand: Brand, lived: dict[str, Any]) -> None:  # noqa: F811
    rows = {row["order"]: row for row in every_row(brand, "perfect_order")}
    assert (rows["K-0"]["on_time"], rows["K-0"]["part"]) == (False, 0)
    assert (rows["K-2"]["undamaged"], rows["K-2"]["on_time"], rows["K-2"]["part"]) == (False, True, 0)
    assert brand.get("/kpis/perfect_order")["value"] == (ORDERS - 2) / ORDERS


def test_both_fill_rates_say_which_they_are(brand: Brand, lived: dict[str, Any]) -> None:  # noqa: F811
    one, two = brand.get("/kpis/fill_rate_type_1"), brand.get("/kpis/fill_rate_type_2")
    assert "type-1" in one["definition"]
    assert "type-2" in two["definition"]
    demand = example()["demand"].filter(pl.col("date").is_between(date(2026, 10, 24), date(2026, 11, 20)))
    wanted = demand.filter((pl.col("units") > 0) | ~pl.col("in_stock"))
    assert (one["part"], one["whole"]) == (int(wanted["in_stock"].sum()), wanted.height)


def test_a_line_changed_by_hand_was_not_adopted(brand: Brand, lived: dict[str, Any]) -> None:  # noqa: F811
    told = brand.get("/kpis/recommendation_adoption")
    assert (told["part"], told["whole"]) == (len(lived["plan"].lines) - 1, len(lived["plan"].lines))
    week = brand.get("/kpis/transfer_frequency", first="2026-11-14", last="2026-11-20")
    assert week["value"] == 1.0


def test_bias_is_told_by_node(brand: Brand, lived: dict[str, Any]) -> None:  # noqa: F811
    assert brand.get("/kpis/forecast_bias", node="TX-DC")["value"] == 1_000 / 9_000
    assert brand.get("/kpis/forecast_bias", node="CA-3PL")["value"] == -0.2
    assert brand.get("/kpis/forecast_bias")["value"] == 0.0


@pytest.mark.parametrize(
    "params",
    [
        {"first": "2026-11-20", "last": "2026-11-19"},
        {"first": "1990-01-01"},
        {"first": "soon"},
        {"last": "2026-13-01"},
        {"last": "0"},
    ],
)
def test_what_is_no_period_is_refused(brand: Brand, params: dict[str, str]) -> None:  # noqa: F811
    assert brand.client.get("/v1/kpis", params=params).json()["code"] == "invalid_request"
    assert brand.client.get("/v1/kpis/happiness").json()["code"] == "not_found"


def test_haste_costs_what_the_dearer_mode_costs_more() -> None:
    def supply(mode: str, cents: int) -> Any:
        return SimpleNamespace(sku="A", node="TX", supplier="ACME", way=f"ACME by {mode}", price_cents=cents)

    def bought(way: str, units: int) -> Any:
        return SimpleNamespace(sku="A", node="TX", way=way, units=units)

    def plan(name: str, state: PlanState, *purchases: Any) -> Any:
        return SimpleNamespace(id=name, state=state, made_at=NOW, purchases=purchases)

    supplies = (supply("sea", 900), supply("air", 1_250))
    plans = [
        plan("one", PlanState.APPROVED, bought("ACME by air", 12), bought("ACME by sea", 100)),
        plan("two", PlanState.REJECTED, bought("ACME by air", 50)),
    ]
    told: Any = SimpleNamespace(
        company=SimpleNamespace(network=SimpleNamespace(supplies=supplies)), plans=plans, within=lambda _day: True
    )
    found = expedite_cost.rows(told)
    assert found["part"].to_list() == [12 * (1_250 - 900)]
    assert found["nodes"].to_list() == [["TX"]]
