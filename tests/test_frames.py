"""The Python face: any kind of frame in, the same kind out, the same arguments the same results."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import evenstock as es

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "dtc-3-node"
NOON = "2026-11-20T14:00:00Z"


@pytest.fixture(scope="module")
def company() -> dict[str, pl.DataFrame]:
    return es.read_folder(EXAMPLE)


@pytest.fixture(scope="module")
def network(company: dict[str, pl.DataFrame]) -> es.Network:
    return es.Network.from_frames(company)


def as_kind(frame: pl.DataFrame, kind: str) -> Any:
    """The frame as a user of another library would have it."""
    return {"polars": frame, "pandas": frame.to_pandas(), "arrow": frame.to_arrow()}[kind]


@pytest.mark.parametrize(("kind", "type_"), [("polars", pl.DataFrame), ("pandas", pd.DataFrame), ("arrow", pa.Table)])
def test_the_kind_of_frame_that_comes_in_goes_out(
    company: dict[str, pl.DataFrame], network: es.Network, kind: str, type_: type
) -> None:
    orders, stock = as_kind(company["orders"], kind), as_kind(company["stock"], kind)
    routed = es.Router(network).route(orders, stock, now=NOON)
    plan = es.Rebalancer(network).solve(stock, es.forecast(as_kind(company["demand"], kind), "2026-11-20"), seed=7)

    assert isinstance(routed.shipments, type_)
    assert isinstance(plan.lines, type_)
    assert routed.summary["orders"] == company["orders"]["order"].n_unique()


def test_a_shipments_cents_stand_once_and_add_up(company: dict[str, pl.DataFrame], network: es.Network) -> None:
    routed = es.Router(network).route(company["orders"], company["stock"], now=NOON)

    assert routed.shipments["cents"].sum() == routed.summary["cents"]
    wanted = company["orders"].select("order", "line", "units").sort("order", "line")
    shipped = routed.shipments.group_by("order", "line").agg(pl.sum("units")).sort("order", "line")
    assert shipped.equals(wanted.with_columns(pl.col("units").cast(pl.Int64)))


def test_a_decision_can_be_asked_for(company: dict[str, pl.DataFrame], network: es.Network) -> None:
    routed = es.Router(network).route(company["orders"], company["stock"], now=NOON)
    first = company["orders"]["order"][0]

    assert routed.explain(first).order == first
    with pytest.raises(KeyError):
        routed.explain("nobody")


def test_the_same_arguments_give_the_same_plan(company: dict[str, pl.DataFrame], network: es.Network) -> None:
    forecast = es.forecast(company["demand"], "2026-11-20")
    first, second = (es.Rebalancer(network).solve(company["stock"], forecast, seed=7) for _ in range(2))

    assert first.plan == second.plan
    assert first.summary["net_cents"] == first.summary["worth_cents"] - first.summary["cost_cents"]


def test_every_problem_of_every_table_is_named_at_once(company: dict[str, pl.DataFrame]) -> None:
    nodes = company["nodes"].with_columns(pl.lit("Mars/Olympus").alias("timezone"))
    items = company["items"].with_columns(pl.lit(-1, pl.Int64).alias("weight_g"))

    with pytest.raises(es.RefusedInputError) as refused:
        es.Network.from_frames(company, nodes=nodes, items=items)

    assert {p.file for p in refused.value.problems} >= {"nodes", "items"}
    assert "Mars/Olympus" in str(refused.value)


def test_a_moment_needs_its_zone(company: dict[str, pl.DataFrame], network: es.Network) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        es.Router(network).route(company["orders"], company["stock"], now="2026-11-20T14:00:00")


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(AttributeError, match="it has Network"):
        es.Rooter  # noqa: B018


def test_an_event_ahead_lifts_its_day_and_an_unknown_driver_is_refused() -> None:
    day = pl.date_range(date(2026, 5, 1), date(2026, 8, 31), eager=True)
    fair = pl.DataFrame({"event": "fair", "date": [date(2026, k, 10) for k in (5, 6, 7, 8, 9)]})
    sold = pl.when(day.is_in(fair["date"])).then(12).otherwise(4)
    demand = pl.DataFrame([day.alias("date")]).with_columns(
        pl.lit("MUG").alias("sku"), pl.lit("TX").alias("node"), units=sold
    )

    told = es.forecast(demand, "2026-09-01", events=fair)

    assert told.mu[0, 9] > 1.3 * np.delete(told.mu[0], 9).mean()
    with pytest.raises(ValueError, match="weather drive no forecast; the tables that do are events, promotions"):
        es.forecast(demand, "2026-09-01", weather=fair)


@pytest.mark.parametrize(("kind", "type_"), [("polars", pl.DataFrame), ("pandas", pd.DataFrame)])
def test_the_past_is_decided_again_from_frames(
    company: dict[str, pl.DataFrame], network: es.Network, kind: str, type_: type
) -> None:
    lines = company["orders"].select("order", "line", "sku", "units", "placed_at", "postal_code", "country")
    node = company["nodes"]["node"][0]
    history = as_kind(lines.with_columns(served_by=pl.lit(node)), kind)
    day = company["orders"]["placed_at"].dt.date()
    said = es.Router(network).replay(
        first=day.min(), last=day.max(), order_history=history, stock=as_kind(company["stock"], kind)
    )

    assert isinstance(said.scores, type_)
    scores = said.scores if isinstance(said.scores, pl.DataFrame) else pl.from_pandas(said.scores)
    assert scores["arm"].to_list() == ["what was done", "evenstock", "cheapest now"]
    assert scores["orders"].to_list()[1] == lines["order"].n_unique()
    assert scores["over_bound"].to_list()[1] >= -1e-9  # nobody is below the bound
    assert said.replayed.certificate is not None
