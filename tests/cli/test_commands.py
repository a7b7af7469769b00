"""What a newcomer types, in order, on the example network: each command says what it did and ends with a telling code."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run, told

from evenstock.cli.screen import Exit

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING, NOON = "2026-11-20T06:00:00Z", "2026-11-20T14:00:00Z"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_morning_from_import_to_explanation(home: Path) -> None:
    imported = told("import", str(EXAMPLE), "--as-of", MORNING)
    assert imported["imported"]
    assert set(imported["changed"]) == {"network", "stock", "orders", "demand"}
    assert told("import", str(EXAMPLE), "--as-of", MORNING)["changed"] == []

    forecast = told("forecast", "--as-of", MORNING)
    assert forecast["as_of"] == "2026-11-20"
    assert forecast["expected_units"] > 0

    plan = told("plan", "--as-of", MORNING, "--seed", "7", "--out", "plan.csv")
    assert plan["net_cents"] == plan["worth_cents"] - plan["cost_cents"]
    assert pl.read_csv("plan.csv").height == len(plan["lines"])
    assert told("plan", "--as-of", MORNING, "--seed", "7")["id"] == plan["id"]

    routed = told("route", "--as-of", NOON)
    assert routed["orders"] == routed["executed"] + routed["unserved"] + routed["awaits_approval"] == 39
    assert sum(routed["cents_by_term"].values()) == routed["cents"]

    order = routed["decisions"][0]["order"]
    record = told("explain", order)
    assert record["order"] == order
    options = [record["choice"], *record["alternatives"]]
    totals = [sum(t["cents"] for s in o["shipments"] for t in s["terms"]) for o in options]
    assert totals == sorted(totals)
    assert "cheapest first" in run("explain", order)
    assert plan["id"] in run("explain", plan["id"])

    assert "stock by the record" in run("stock")
    again = told("route", "--as-of", NOON)
    assert again["decisions"] == routed["decisions"], "an order keeps its decision"


def test_reserved_units_show_in_the_stock(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    before = {row["node"]: row for row in told("stock")["stock"]}
    run("route", "--as-of", NOON)
    after = {row["node"]: row for row in told("stock")["stock"]}

    assert sum(row["reserved"] for row in after.values()) > 0
    for node, row in after.items():
        assert row["on_hand"] == before[node]["on_hand"], "a reservation moves nothing out of the building"
        assert row["available"] + row["reserved"] == before[node]["available"]


def test_a_shadow_run_reserves_nothing(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    shadow = told("route", "--as-of", NOON, "--shadow")

    assert shadow["shadow"] + shadow["unserved"] == shadow["orders"]
    assert sum(row["reserved"] for row in told("stock")["stock"]) == 0


def test_approving_a_plan_makes_transfer_orders(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    plan = told("plan", "--as-of", MORNING, "--approve", "dana")

    lanes = {(line["origin"], line["destination"]) for line in plan["lines"]}
    assert {(t["origin"], t["destination"]) for t in plan["transfers"]} == lanes
    assert all(t["state"] == "released" for t in plan["transfers"])


def test_a_rule_people_use_is_planned_for_comparison(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    ours = told("plan", "--as-of", MORNING)
    rule = told("plan", "--as-of", MORNING, "--method", "twenty_percent")

    assert rule["net_cents"] <= ours["net_cents"]
    run("plan", "--as-of", MORNING, "--method", "magic", code=int(Exit.REFUSED_INPUT))


def test_a_bad_cell_is_named_and_nothing_is_imported(home: Path) -> None:
    shutil.copytree(EXAMPLE, home / "bad")
    stock = home / "bad" / "stock.csv"
    lines = stock.read_text().splitlines()
    cells = lines[4].split(",")
    cells[3] = "-7"
    lines[4] = ",".join(cells)
    stock.write_text("\n".join(lines))

    output = run("import", "bad", code=int(Exit.REFUSED_INPUT))

    assert "stock.csv row 5, column on_hand, value '-7'" in output
    run("stock", code=int(Exit.NOT_FOUND))


@pytest.mark.parametrize("words", [("plan",), ("forecast",), ("route",), ("stock",), ("explain", "X")])
def test_before_the_first_import_every_command_says_so(home: Path, words: tuple[str, ...]) -> None:
    run(*words, code=int(Exit.NOT_FOUND))


def test_an_unknown_id_is_not_found(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)

    run("explain", "nobody", code=int(Exit.NOT_FOUND))


def test_a_moment_without_a_zone_is_a_wrong_call(home: Path) -> None:
    run("route", "--as-of", "2026-11-20T14:00:00", code=2)


def test_orders_in_a_file_are_checked_against_the_network(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    Path("orders.csv").write_text(
        "order,line,sku,units,placed_at,postal_code\nA-1,1,NO-SUCH,1,2026-11-20T10:00:00Z,02139\n"
    )

    output = run("route", "orders.csv", "--as-of", NOON, code=int(Exit.REFUSED_INPUT))

    assert "NO-SUCH" in output


def test_orders_in_a_file_keep_the_leading_zero_of_a_postal_code(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    sku = pl.read_csv(EXAMPLE / "items.csv")["sku"][0]
    Path("orders.csv").write_text(
        f"order,line,sku,units,placed_at,postal_code\nA-1,1,{sku},1,2026-11-20T10:00:00Z,02139\n"
    )

    routed = told("route", "orders.csv", "--as-of", NOON)

    assert routed["orders"] == 1
    assert routed["unserved"] == 0


def test_the_doctor_names_what_is_stale_and_what_to_do(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)

    advice = told("doctor", "--as-of", "2027-03-01", code=int(Exit.NEEDS_ATTENTION))["advice"]

    assert any("demand ends on" in a["what"] for a in advice)
    assert any("counts are older than 30 days" in a["what"] for a in advice)
    assert all(a["fix"] for a in advice)


def test_the_dictionary_is_printed_as_documentation_and_as_json_schema(home: Path) -> None:
    assert "# Data dictionary" in run("export-schemas")
    assert "nodes" in told("export-schemas")["$defs"]


def test_the_documentation_in_the_repository_is_what_the_code_prints(home: Path) -> None:
    docs = EXAMPLE.parents[1] / "docs" / "reference"
    run("export-schemas", "--out", "out")

    for name in ("dictionary.md", "schemas.json"):
        assert (docs / name).read_text("utf-8") == Path("out", name).read_text("utf-8"), "run `make docs`"


def test_a_small_demo_ends_with_a_report_that_needs_no_network(home: Path) -> None:
    facts = told("demo", "--skus", "60", "--orders", "40", "--days", "2", "--report", "out/report.html")

    arms = {lived["arm"]: lived for lived in facts["lived"]}
    assert len(arms) == 3
    assert len({lived["orders"] for lived in arms.values()}) == 1, "every arm meets the same customers"
    page = Path("out/report.html").read_text("utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script" not in page
    assert page.count("<svg") >= 6
    order = told("--demo", "explain", facts["plan"]["id"])
    assert order["id"] == facts["plan"]["id"]


def test_the_same_seed_tells_the_same_story_and_a_demo_forgets_only_demos(home: Path) -> None:
    mine = home / "home" / "evenstock-demo" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("not yours")
    first = told("demo", "--skus", "30", "--orders", "20", "--days", "1")
    second = told("demo", "--skus", "30", "--orders", "20", "--days", "1")

    first.pop("seconds"), second.pop("seconds")
    assert first == second
    assert mine.read_text() == "not yours"
