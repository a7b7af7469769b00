from __future__ import annotations

from typing import Any

import pytest
from tests.service.conftest import NOW
from tests.service.one_brand import Brand, brand, opened, plan_made  # noqa: F401 (fixtures)

from evenstock.operations.transfers import approve_plan


@pytest.fixture(scope="module")
def released(opened: Brand) -> list[str]:  # noqa: F811
    plan = plan_made(opened)
    made = approve_plan(opened.service.store, plan.id, NOW.date(), "ana", NOW)
    assert len(made) >= 3
    return [str(one.id) for one in made]


def in_transit(brand: Brand, sku: str, node: str) -> int:  # noqa: F811
    return sum(row["in_transit"] for row in brand.get("/stock/balances", sku=sku, node=node)["items"])


def test_transfers_are_listed_and_read(brand: Brand, released: list[str]) -> None:  # noqa: F811
    found = brand.get("/transfers")["items"]
    assert [one["id"] for one in found] == released
    page = brand.get("/transfers", limit=1)
    assert brand.get("/transfers", limit=1, cursor=page["next"])["items"][0]["id"] == released[1]
    one = brand.get(f"/transfers/{released[0]}")
    assert one == found[0]
    assert brand.get("/transfers", node=one["origin"], state="released")["items"]
    assert brand.get("/transfers", state="closed")["items"] == []
    assert brand.client.get("/v1/transfers/none").status_code == 404


def test_what_left_and_what_came_are_movements(brand: Brand, released: list[str]) -> None:  # noqa: F811
    address = f"/transfers/{released[0]}"
    seen = brand.client.get(f"/v1{address}")
    line, to = seen.json()["lines"][0], seen.json()["destination"]
    before = in_transit(brand, line["sku"], to)
    assert brand.post(f"{address}/dispatch", {}, 412, If_Match='"0"')["code"] == "changed_meanwhile"
    sent = brand.post(f"{address}/dispatch", {}, If_Match=seen.headers["etag"])
    assert sent["transfer"]["state"] == "dispatched"
    gone = sent["transfer"]["lines"][0]["dispatched"]
    assert in_transit(brand, line["sku"], to) == before + gone
    assert brand.post(f"{address}/dispatch", {})["transfer"] == sent["transfer"]
    assert brand.post(f"{address}/cancellations", {"because": "late"}, 409)["code"] == "conflict"

    receipt: dict[str, Any] = {
        "id": "R-1", "lines": [{"sku": line["sku"], "received": gone - 1, "lost": 1, "lot": line["lot"]}]
    }  # fmt: skip
    got = brand.post(f"{address}/receipts", receipt)
    assert (got["lines"][0]["received"], got["lines"][0]["lost"]) == (gone - 1, 1)
    assert in_transit(brand, line["sku"], to) == before
    assert brand.post(f"{address}/receipts", receipt) == got
    other = receipt | {"lines": [{"sku": line["sku"], "received": 1}]}
    assert brand.post(f"{address}/receipts", other, 409)["code"] == "conflict"


def test_a_line_short_of_stock_is_told(brand: Brand, released: list[str]) -> None:  # noqa: F811
    found = brand.get(f"/transfers/{released[1]}")
    line = found["lines"][0]
    part = brand.post(f"/transfers/{released[1]}/dispatch", {"loaded": [{"sku": line["sku"], "units": 1}]})
    assert part["short"][0] == {"sku": line["sku"], "lot": "", "ordered": line["units"], "dispatched": 1}


def test_one_that_has_not_left_is_called_off_once(brand: Brand, released: list[str]) -> None:  # noqa: F811
    done = brand.post(f"/transfers/{released[2]}/cancellations", {"because": "the dock is closed"})
    assert done["state"] == "cancelled"
    assert brand.post(f"/transfers/{released[2]}/cancellations", {"because": "again"}) == done


def test_each_end_is_moved_by_whom_it_belongs_to(brand: Brand, released: list[str]) -> None:  # noqa: F811
    found = brand.get(f"/transfers/{released[1]}")
    brand.access.scope = frozenset({found["destination"]})
    brand.get(f"/transfers/{released[1]}")
    refused = brand.post(f"/transfers/{released[1]}/dispatch", {}, 403)
    assert found["origin"] in refused["detail"]
    brand.access.scope = frozenset({found["origin"]})
    lines = [{"sku": found["lines"][0]["sku"], "received": 1}]
    assert (
        found["destination"]
        in brand.post(f"/transfers/{released[1]}/receipts", {"id": "x", "lines": lines}, 403)["detail"]
    )
    brand.access.scope = frozenset({"NOWHERE"})
    assert brand.get("/transfers")["items"] == []
    assert brand.client.get(f"/v1/transfers/{released[1]}").status_code == 403


@pytest.mark.parametrize(
    ("deed", "body", "pointer"),
    [
        ("dispatch", {"loaded": [{"sku": "A", "units": -1}]}, "/loaded/0/units"),
        ("dispatch", {"loaded": [{"sku": "A", "units": 1}, {"sku": "A", "units": 2}]}, "/loaded"),
        ("receipts", {"id": "r", "lines": []}, "/lines"),
        ("receipts", {"id": "", "lines": [{"sku": "A", "received": 1}]}, "/id"),
        ("receipts", {"id": "r", "lines": [{"sku": "A", "received": "1"}]}, "/lines/0/received"),
        ("receipts", {"id": "r", "lines": [{"sku": "A", "received": 1, "lost": True}]}, "/lines/0/lost"),
        ("cancellations", {}, "/because"),
    ],
)
def test_nothing_is_taken_for_something_else(
    brand: Brand,  # noqa: F811
    released: list[str],
    deed: str,
    body: dict[str, Any],
    pointer: str,
) -> None:
    refused = brand.post(f"/transfers/{released[1]}/{deed}", body, 422)
    assert [place["pointer"] for place in refused["errors"]] == [pointer]


def test_units_of_what_was_not_on_it_are_refused(brand: Brand, released: list[str]) -> None:  # noqa: F811
    refused = brand.post(f"/transfers/{released[1]}/dispatch", {"loaded": [{"sku": "NOBODY", "units": 1}]}, 409)
    assert "no line of NOBODY" in refused["detail"]
    lines = [{"sku": "NOBODY", "received": 1}]
    assert "NOBODY" in brand.post(f"/transfers/{released[1]}/receipts", {"id": "y", "lines": lines}, 409)["detail"]
