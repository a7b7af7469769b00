from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest
from tests.service.conftest import NOW
from tests.service.one_brand import Brand, brand, opened, work_done  # noqa: F401 (fixtures)

from evenstock.operations.company import Company
from evenstock.operations.todays_forecast import todays_forecast

OVERRIDE: dict[str, Any] = {
    "kind": "multiply", "value": 1.5, "first_day": "2026-11-27", "last_day": "2026-11-30", "reason": "the fair",
    "node": "TX-DC",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(opened: Brand) -> Any:  # noqa: F811
    here = Company.load(opened.service.store, opened.service.snapshots, NOW.date())
    assert opened.client.get("/v1/forecasts").json()["code"] == "not_found"
    return todays_forecast(opened.service.store, opened.service.snapshots, here, NOW).forecast


def test_the_forecast_is_told_with_its_quantiles(brand: Brand, made: Any) -> None:  # noqa: F811
    page = brand.get("/forecasts", limit=40)
    rest = brand.get("/forecasts", limit=40, cursor=page["next"])
    keys = [(row["sku"], row["node"], row["date"]) for row in page["items"] + rest["items"]]
    assert keys == sorted(set(keys))
    assert all(r["q025"] <= r["q250"] <= r["q500"] <= r["q750"] <= r["q975"] for r in page["items"])
    arrow = brand.client.get("/v1/forecasts", headers={"Accept": "application/vnd.apache.arrow.stream"})
    whole = pl.read_ipc_stream(io.BytesIO(arrow.content))
    assert whole.height == made.keys.height * 28
    assert whole["mean"].sum() == pytest.approx(float(made.mu.sum()))
    assert [tuple(map(str, row)) for row in whole.select("sku", "node", "date").head(80).rows()] == keys
    one = brand.get("/forecasts", sku="KIT-0001", node="TX-DC", days=7)["items"]
    assert [row["date"] for row in one] == [f"2026-11-{20 + n}" for n in range(7)]


def test_where_a_forecast_comes_from_is_told(brand: Brand, made: Any) -> None:  # noqa: F811
    told = brand.get("/forecasts/provenance")
    assert told["version"] == made.version
    assert told["as_of"] == "2026-11-20"
    assert told["current"] is True
    assert told["data"]["demand"] == brand.service.company.get().company.digests["demand"]
    assert brand.get("/forecasts/accuracy")["items"] == []


def test_a_planner_says_better_and_takes_it_back(brand: Brand, made: Any) -> None:  # noqa: F811
    number = brand.post("/forecast-overrides", OVERRIDE)["override"]
    assert brand.post("/forecast-overrides", OVERRIDE)["override"] == number
    listed = brand.get("/forecast-overrides", standing=True)["items"]
    assert [(row["override"], row["author"], row["stands"]) for row in listed] == [(number, "person:test", True)]
    assert brand.get("/forecasts/provenance")["current"] is False
    assert brand.post(f"/forecast-overrides/{number}/withdrawals", {"because": "rain"})["override"] == number
    assert brand.get("/forecast-overrides")["items"] == []
    assert brand.post("/forecast-overrides/none/withdrawals", {"because": "x"}, 404)["code"] == "not_found"


@pytest.mark.parametrize(
    "change",
    [
        {"value": -1.0},
        {"value": "1.5"},
        {"value": 1e9},
        {"kind": "double"},
        {"last_day": "2026-11-01"},
        {"first_day": 5},
        {"reason": ""},
        {"more": 1},
    ],
)
def test_an_override_that_nobody_could_answer_for_is_refused(brand: Brand, change: dict[str, Any]) -> None:  # noqa: F811
    assert brand.post("/forecast-overrides", OVERRIDE | change, 422)["code"] == "invalid_request"


@pytest.mark.parametrize("change", [{"node": "NOWHERE"}, {"sku": "NOBODY"}, {"category": "nothing"}])
def test_an_override_of_what_is_not_there_is_not_taken(brand: Brand, change: dict[str, Any]) -> None:  # noqa: F811
    refused = brand.post("/forecast-overrides", OVERRIDE | change, 404)
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("not_found", f"/{next(iter(change))}")
    assert brand.get("/forecast-overrides")["items"] == []


@pytest.mark.parametrize("text", ['{"value": NaN}', '{"value": Infinity}', '{"value": 1e999}', "[]", '"x"', "", "{"])
def test_what_is_no_number_is_no_override(brand: Brand, text: str) -> None:  # noqa: F811
    body = text if not text.startswith('{"v') else json.dumps(OVERRIDE | {"value": 0}).replace('"value": 0', text[1:-1])
    answer = brand.client.post("/v1/forecast-overrides", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}


def test_long_work_is_asked_for_as_runs(brand: Brand) -> None:  # noqa: F811
    assert brand.post("/forecasts", {"horizon": 14}, 202)["asked"] == {"horizon": 14, "model": ""}
    assert brand.post("/forecast-trainings", {"model": "boosted", "seed": 3}, 202)["job"] == "train"
    assert brand.post("/forecasts", {"horizon": 61}, 422)["errors"][0]["pointer"] == "/horizon"
    assert brand.post("/forecasts", {"model": "m" * 51}, 422)["errors"][0]["pointer"] == "/model"
    run = brand.post("/backtests", {"origins": 1, "series": 10}, 202)
    found = work_done(brand, run)
    assert {row["model"] for row in found["scores"]} >= {"baseline"}
    assert found["gates"]


def test_the_worker_makes_a_forecast(brand: Brand) -> None:  # noqa: F811
    found = work_done(brand, brand.post("/forecasts", {"horizon": 7}, 202))
    assert found["horizon_days"] == 7
    assert brand.get("/forecasts/provenance")["snapshot"] == found["snapshot"]


def test_a_caller_of_one_node_sees_and_changes_it_alone(brand: Brand, made: Any) -> None:  # noqa: F811
    brand.access.scope = frozenset({"TX-DC"})
    assert {row["node"] for row in brand.get("/forecasts", limit=1000)["items"]} == {"TX-DC"}
    brand.post("/forecast-overrides", OVERRIDE | {"node": ""}, 403)
    assert "PA-3PL" in brand.post("/forecast-overrides", OVERRIDE | {"node": "PA-3PL"}, 403)["detail"]
    brand.post("/forecasts", {}, 403)
