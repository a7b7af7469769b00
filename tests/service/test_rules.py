"""Rules over HTTP: text and table, checks, dry runs, versions, activation against what was seen, and back."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient
from tests.service.conftest import example, order_body


def table_of(client: TestClient) -> list[dict[str, Any]]:
    """The rules in force as a table that can be sent back."""
    return [
        {
            "id": r["id"],
            "kind": r["kind"],
            "parameters": dict(r["parameters"]),
            "hard": r["hard"],
            "because": r["because"],
        }
        for r in client.get("/v1/rules").json()["rules"]
    ]


def review_everything(client: TestClient) -> str:
    """Propose and activate: a person decides about every plan. Gives the version."""
    dear = {
        "id": "look at all",
        "kind": "review_above",
        "parameters": {"role": "operations lead", "plan_cost_cents": "0"},
    }
    body = {"table": [*table_of(client), dear], "because": "the first week"}
    version: str = client.post("/v1/rules/versions", json=body).json()["version"]
    done = client.post("/v1/rules/activations", json={"version": version, "because": "we begin"})
    assert done.status_code == 200, done.text
    return version


def test_text_and_table_say_the_same(client: TestClient) -> None:
    found = client.get("/v1/rules").json()
    assert found["version"] is None
    assert {rule["id"] for rule in found["rules"]} == {
        line.split(":")[0].removeprefix("rule ").strip('"')
        for line in found["text"].splitlines()
        if line.startswith("rule ")
    }
    by_text = client.post("/v1/rules/versions", json={"text": found["text"], "because": "as text"})
    by_table = client.post("/v1/rules/versions", json={"table": table_of(client), "because": "as a table"})
    assert by_text.status_code == by_table.status_code == 201
    assert by_text.json()["rules"] == by_table.json()["rules"]
    assert client.get(by_text.headers["location"]).json() == by_text.json()


def test_an_activated_version_decides_the_next_order_and_a_roll_back_the_one_after(client: TestClient) -> None:
    before = client.get("/v1/rules")
    assert client.post("/v1/route", json=order_body("A-1")).json()["outcome"] == "executed"
    version = review_everything(client)
    now = client.get("/v1/rules").json()
    assert (now["version"], now["by"]) == (version, "person:test")
    assert client.post("/v1/route", json=order_body("A-2")).json()["outcome"] == "awaits_approval"
    stale = {"because": "enough"}
    refused = client.post("/v1/rules/roll-backs", json=stale, headers={"if-match": before.headers["etag"]})
    assert (refused.status_code, refused.json()["code"]) == (412, "changed_meanwhile")
    done = client.post("/v1/rules/roll-backs", json=stale, headers={"if-match": refused.headers["etag"]})
    assert done.json()["version"] is None
    assert done.headers["etag"] == before.headers["etag"]
    assert client.post("/v1/route", json=order_body("A-3")).json()["outcome"] == "executed"
    assert [(d["deed"], d["version"]) for d in client.get("/v1/rules/history").json()["items"]] == [
        ("activated", version), ("rolled_back", None)
    ]  # fmt: skip
    assert client.post("/v1/rules/roll-backs", json=stale).status_code == 409


def test_what_cannot_be_read_or_used_is_refused_with_its_place(client: TestClient) -> None:
    unread = client.post("/v1/rules/versions", json={"text": "rule a: forbid\n  nonsense here", "because": "x"})
    assert unread.status_code == 409
    assert unread.json()["errors"][0]["because"].startswith("line ")
    for body in ({}, {"text": "a", "table": []}):
        assert client.post("/v1/rules/versions", json=body | {"because": "x"}).status_code == 422
    strange = [*table_of(client), {"id": "x", "kind": "require", "parameters": {"nodes": "NOWHERE"}}]
    checked = client.post("/v1/rules/checks", json={"table": strange}).json()
    assert (checked["usable"], checked["sound"]) == (False, False)
    assert "NOWHERE" in checked["because"]
    version = client.post("/v1/rules/versions", json={"table": strange, "because": "a slip"}).json()["version"]
    refused = client.post("/v1/rules/activations", json={"version": version, "because": "a slip"})
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert client.get("/v1/rules").json()["version"] is None
    assert client.post("/v1/rules/activations", json={"version": "nope", "because": "x"}).status_code == 404


def test_a_dry_run_tells_what_other_rules_would_cost(client: TestClient) -> None:
    node = client.post("/v1/route?shadow=true", json=order_body()).json()["choice"]["shipments"][0]["candidate"]["node"]
    bar = [*table_of(client), {"id": "not there", "kind": "forbid", "parameters": {"nodes": node}}]
    version = client.post("/v1/rules/versions", json={"table": bar, "because": "what if"}).json()["version"]
    found = client.post(f"/v1/rules/versions/{version}/dry-runs", json={"orders": 40}).json()
    assert found["orders"] + found["left_out"] == min(40, example()["orders"]["order"].n_unique())
    assert found["changed"] > 0
    assert found["then"]["cents"] >= found["now"]["cents"], "a rule more never makes it cheaper"
    for one in found["examples"]:
        assert f"{node} by" in one["now"]
        assert f"{node} by" not in one["then"]
    same = client.post("/v1/rules/versions", json={"table": table_of(client), "because": "same"}).json()["version"]
    none = client.post(f"/v1/rules/versions/{same}/dry-runs", json={"orders": 20}).json()
    assert (none["changed"], none["then"]) == (0, none["now"])


def test_pages_of_versions(client: TestClient) -> None:
    base = client.get("/v1/rules").json()["text"]
    made = [
        client.post("/v1/rules/versions", json={"text": f"# {n}\n{base}", "because": "x"}).json()["version"]
        for n in range(3)
    ]
    first = client.get("/v1/rules/versions?limit=2").json()
    second = client.get(f"/v1/rules/versions?limit=2&cursor={first['next']}").json()
    assert [v["version"] for v in first["items"] + second["items"]] == made
    assert second["next"] is None


def test_the_language_tells_itself(client: TestClient) -> None:
    found = client.get("/v1/rules/kinds").json()
    kinds = {kind["name"]: kind for kind in found["items"]}
    assert kinds["max_shipments"]["pattern"].startswith("rule NAME: max_shipments")
    assert "conditions" in found["form"]
    assert client.get("/v1/rules/suggestions").json()["items"] == []


def test_the_roll_out_is_changed_by_who_saw_it_and_taken_back(client: TestClient) -> None:
    before = client.get("/v1/roll-out")
    assert before.json()["live"]
    body = {"live": True, "share_bp": 0, "because": "watch first"}
    done = client.put("/v1/roll-out", json=body, headers={"if-match": before.headers["etag"]})
    assert (done.json()["share_bp"], done.json()["by"]) == (0, "person:test")
    assert client.post("/v1/route", json=order_body()).json()["outcome"] == "shadow"
    assert client.put("/v1/roll-out", json=body, headers={"if-match": before.headers["etag"]}).status_code == 412
    strange = client.put("/v1/roll-out", json=body | {"nodes": [example()["nodes"]["node"][0], "NOWHERE"]})
    assert strange.status_code == 409
    assert "NOWHERE" in strange.json()["detail"]
    back = client.post("/v1/roll-out/roll-backs", json={"because": "sure now"})
    assert not back.json()["live"]
    assert client.get("/v1/gate").json() == {"gate": None}


def test_checks_say_what_the_doctor_says(client: TestClient) -> None:
    found = client.get("/v1/checks").json()
    assert found["well"] == (not found["items"])
    assert all(item["what"] and item["fix"] for item in found["items"])
    assert not [item for item in found["items"] if "balance" in item["what"]], "books must balance"


def test_who_may_act_alone_at_a_place_is_told_line_by_line_with_where_each_comes_from(client: TestClient) -> None:
    node = client.get("/v1/nodes").json()["items"][0]["node"]
    assert client.get("/v1/rules/effective").json()["lines"] == []
    words = client.get("/v1/rules").json()["text"] + (
        f"rule small: automatic transfer when value at most 500\n    owner ops@brand\n"
        f"rule here: automatic transfer when node is {node} and value at most 900\n"
    )
    version = client.post("/v1/rules/versions", json={"text": words, "because": "a pilot"}).json()["version"]
    body = {"version": version, "because": "a pilot", "force": True}
    assert client.post("/v1/rules/activations", json=body).status_code == 200

    told = client.get("/v1/rules/effective", params={"node": node, "action": "transfer"}).json()
    assert (told["version"], told["place"]["node"]) == (version, node)
    assert told["digest"] == client.get("/v1/rules").json()["digest"]
    shown = [(line["rule"], line["scope"], line["owner"], line["version"], line["overrides"]) for line in told["lines"]]
    assert shown == [("here", f"node {node}", None, version, ["small"]), ("small", "company", "ops@brand", version, [])]
    assert [line["rule"] for line in client.get("/v1/rules/effective").json()["lines"]] == ["small"]
    assert client.get("/v1/rules/effective", params={"action": "adjust"}).json()["lines"] == []


def test_a_place_or_an_action_that_is_not_there_is_told_so(client: TestClient) -> None:
    none = client.get("/v1/rules/effective", params={"node": "nowhere"})
    assert none.status_code == 404
    assert "there is no node nowhere; there is " in none.json()["detail"]
    assert client.get("/v1/rules/effective", params={"node": "TX", "region": "US"}).status_code == 422
    assert client.get("/v1/rules/effective", params={"action": "fly"}).status_code == 422
