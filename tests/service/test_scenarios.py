from __future__ import annotations

from tests.service.one_brand import Brand, brand, opened, work_done  # noqa: F401 (fixtures)


def test_forms_of_a_change_are_told(brand: Brand) -> None:  # noqa: F811
    assert "lead +2 [from NODE] [to NODE]" in brand.get("/scenarios")["forms"]


def test_a_scenario_is_planned_beside_the_evening_as_it_is(brand: Brand) -> None:  # noqa: F811
    run = brand.post("/scenario-runs", {"scenarios": ["dear: freight x50"], "paths": 4}, 202)
    assert run["job"] == "what_if"
    found = work_done(brand, run)["scenarios"]
    assert [side["name"] for side in found][1:] == ["dear"]
    base, dear = found
    assert base["against_base_cents"] == {"mean": 0, "low": 0, "high": 0}
    assert base["lines"] > 0
    assert dear["units"] < base["units"]


def test_a_scenario_that_cannot_be_read_is_told_by_its_place(brand: Brand) -> None:  # noqa: F811
    refused = brand.post("/scenario-runs", {"scenarios": ["a: demand x2", "b: more of everything", "a: lead +1"]}, 422)
    assert [place["pointer"] for place in refused["errors"]] == ["/scenarios/1", "/scenarios/2"]
    assert "write one of" in refused["errors"][0]["because"]
    assert brand.post("/scenario-runs", {"scenarios": []}, 422)["errors"][0]["pointer"] == "/scenarios"


def test_whoever_sees_one_node_runs_no_scenario(brand: Brand) -> None:  # noqa: F811
    brand.access.scope = frozenset({"TX-DC"})
    brand.post("/scenario-runs", {"scenarios": ["a: demand x2"]}, 403)


def test_a_network_without_a_pool_of_amazon_restocks_nothing(brand: Brand) -> None:  # noqa: F811
    assert "no node of the network is of kind fba" in brand.post("/fba-restocks", {}, 409)["detail"]
