from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.service.conftest import EXAMPLE
from tests.service.one_brand import Brand, brand, opened  # noqa: F401 (fixtures)

from evenstock.operations.rates.refresh import Every, RateSource, put_source

PARCEL: dict[str, Any] = {"origin": "TX-DC", "destination": "94105", "weight_g": 900, "sides_mm": [300, 200, 100]}


def send(brand: Brand, content: dict[str, str | bytes], **params: Any) -> Any:  # noqa: F811
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, body in content.items():
            archive.writestr(name, body)
    return brand.client.post(
        "/v1/rates", content=sink.getvalue(), params=params, headers={"Content-Type": "application/zip"}
    )


def test_the_age_of_everything_is_told(brand: Brand) -> None:  # noqa: F811
    told = brand.get("/rates/ages")
    cards = {age["name"]: age for age in told["items"] if age["kind"] == "card"}
    assert set(cards) == set(brand.get("/network")["services"])
    assert told["attention"] == sum(age["attention"] for age in told["items"])


def test_a_quote_adds_up_to_its_terms_and_says_why_others_have_none(brand: Brand) -> None:  # noqa: F811
    told = brand.post("/rates/quotes", PARCEL)
    assert told["from"] == "75236"
    assert told["quotes"]
    assert all(quote["cents"] == sum(quote["terms"].values()) for quote in told["quotes"])
    assert [q["cents"] for q in told["quotes"]] == sorted(q["cents"] for q in told["quotes"])
    assert {q["service"] for q in told["quotes"]} | set(told["cannot"]) == set(brand.get("/network")["services"])
    heavy = brand.post("/rates/quotes", PARCEL | {"weight_g": 5_000_000})
    assert heavy["quotes"] == []
    assert "above" in next(iter(heavy["cannot"].values()))
    past = brand.post("/rates/quotes", PARCEL | {"on": "2001-01-01"})
    assert past["quotes"] == []
    assert "no card on 2001-01-01" in str(past["cannot"])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"weight_g": 0}, "/weight_g"),
        ({"weight_g": 1.5}, "/weight_g"),
        ({"sides_mm": [1, 2]}, "/sides_mm"),
        ({"sides_mm": [1, 2, -3]}, "/sides_mm/2"),
        ({"on": "tomorrow"}, "/on"),
        ({"home": 1}, "/home"),
    ],
)
def test_what_is_no_parcel_is_refused_by_its_place(brand: Brand, change: dict[str, Any], pointer: str) -> None:  # noqa: F811
    refused = brand.post("/rates/quotes", PARCEL | change, 422)
    assert [place["pointer"] for place in refused["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("change", "pointer"), [({"origin": "Texas"}, "/origin"), ({"destination": "nowhere"}, "/destination")]
)
def test_a_place_that_nobody_knows_is_not_found(brand: Brand, change: dict[str, Any], pointer: str) -> None:  # noqa: F811
    refused = brand.post("/rates/quotes", PARCEL | change, 404)
    assert refused["code"] == "not_found"
    assert [place["pointer"] for place in refused["errors"]] == [pointer]


def test_a_new_card_serves_at_once_and_a_bad_one_is_told_by_cell(brand: Brand) -> None:  # noqa: F811
    head, *cards = (EXAMPLE / "rate_cards.csv").read_text("utf-8").splitlines()
    columns = head.split(",")
    row = dict(zip(columns, cards[0].split(","), strict=True))
    bad = send(brand, {"rate_cards.csv": f"{head}\n" + ",".join((row | {"valid_from": "soon"}).values())})
    assert bad.status_code == 422
    first = bad.json()["problems"][0]
    assert (first["file"], first["row"], first["column"], first["value"]) == ("rate_cards.csv", 2, "valid_from", "soon")
    assert bad.json()["refusal"] in {one["id"] for one in brand.get("/rates/refusals", standing=True)["items"]}

    changed = row | {"minimum_cents": str(int(row["minimum_cents"] or 0) + 1)}
    over = send(brand, {"rate_cards.csv": f"{head}\n" + ",".join(changed.values())}, source="carrier")
    assert over.status_code == 422
    assert over.json()["wrong"] or over.json()["doubtful"]
    standing = brand.get("/rates/refusals", standing=True)["items"]
    assert over.json()["refusal"] in {one["id"] for one in standing}

    same = send(
        brand, {name: (EXAMPLE / name).read_bytes() for name in ("rate_cards.csv", "rates.csv", "surcharges.csv")}
    )
    assert same.status_code == 200, same.text
    assert same.json()["taken"] == {}
    assert send(brand, {"nodes.csv": "node\nTX"}).json()["code"] == "invalid_request"


def test_sources_are_seen_and_fetched_but_never_set_from_here(brand: Brand) -> None:  # noqa: F811
    put_source(
        brand.service.store, brand.service.snapshots, RateSource("eia", "/nowhere", Every.DAY),
        now=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    found = brand.get("/rates/sources")["items"][0]
    assert (found["name"], found["every"]) == ("eia", "day")
    assert found["due_since"] == "2026-11-20T00:00:00Z"
    assert brand.client.put("/v1/rates/sources", json={}).status_code == 405
    assert brand.post("/rates/refreshes", {"source": "eia"}, 202)["asked"] == {"source": "eia"}
    assert brand.post("/rates/refreshes", {"source": "none"}, 404)["code"] == "not_found"
    assert any(age["kind"] == "source" for age in brand.get("/rates/ages")["items"])


def test_drifts_corrections_and_audits_begin_empty(brand: Brand) -> None:  # noqa: F811
    assert brand.client.get("/v1/rates/drift").json()["code"] == "not_found"
    assert brand.get("/rates/corrections")["items"] == []
    assert brand.get("/rates/audits") == {"quotes": [], "asked": []}
    assert brand.post("/rates/drifts/none/adoptions", {}, 404)["detail"]
    assert brand.post("/rates/corrections/none/ends", {"because": "x"}, 404)["detail"]
    assert brand.post("/rates/drift", {}, 202)["job"] == "invoices"
    assert brand.post("/rates/audits", {}, 202)["job"] == "audit"


def test_rates_are_everybodys_so_one_node_changes_none(brand: Brand) -> None:  # noqa: F811
    brand.access.scope = frozenset({"TX-DC"})
    assert send(brand, {"rates.csv": "x"}).status_code == 403
    brand.post("/rates/refreshes", {}, 403)
    brand.post("/rates/drifts/none/adoptions", {}, 403)


def test_a_return_is_sent_where_it_costs_least(brand: Brand) -> None:  # noqa: F811
    asked = {"postal_code": "94105", "lines": [{"sku": "KIT-0001", "price_cents": 4899}]}
    told = brand.post("/returns", asked)
    assert (
        told["choice"]["cents"]
        == sum(cents for parcel in told["choice"]["parcels"] for cents in parcel["terms"].values())
        or told["choice"]["kept_lines"]
    )
    assert all(told["choice"]["cents"] <= other["cents"] for other in told["alternatives"])
    kept_by_nobody = brand.post("/returns", asked | {"never_keep": True})
    assert not any(plan["kept_lines"] for plan in [kept_by_nobody["choice"], *kept_by_nobody["alternatives"]])
    for wrong in ({"lines": []}, {"postal_code": ""}, {"lines": asked["lines"] * 9}, {"resaleable": 1.5}):
        assert brand.post("/returns", asked | wrong, 422)["code"] == "invalid_request"
    for wrong, pointer in (
        ({"lines": [{"sku": "KIT-0001"}, {"sku": "NOBODY"}]}, "/lines/1/sku"),
        ({"services": ["none:x"]}, "/services/0"),
    ):
        unknown = brand.post("/returns", asked | wrong, 404)
        assert (unknown["code"], unknown["errors"][0]["pointer"]) == ("not_found", pointer)
    assert brand.post("/returns", {"order": "none"}, 404)["code"] == "not_found"
