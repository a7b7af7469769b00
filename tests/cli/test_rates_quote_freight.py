"""`evenstock rates quote --pallets`: what a transfer pays by contract, line by line."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.cli.commands import run, told
from tests.freight.ltl.conftest import JANUARY, contract, flat_tariff
from tests.operations.rates.brand import network

from evenstock.connectors.files import write_folder

MARCH = ("--on", "2026-03-10")
PALLET_OF_1000_LB = "453590g"


def tables() -> dict[str, pl.DataFrame]:
    """Secaucus and Chicago, a lane by share that asks for a liftgate and one by truck."""
    nodes = pl.DataFrame(
        {"node": ["NJ", "IL"], "kind": ["own"] * 2, "postal_code": ["07094", "60601"],
         "timezone": ["America/New_York", "America/Chicago"], "latitude": [40.79, 41.88], "longitude": [-74.06, -87.63]}
    )  # fmt: skip
    lanes = pl.DataFrame(
        {"origin": ["NJ"] * 2, "destination": ["IL"] * 2, "mode": ["ltl", "ftl"], "lead_days": [3, 2], "truck_pallets": [0, 26],
         "service": ["saia:ltl", "jbhunt:ftl"], "accessorials": ["liftgate", ""]}
    )  # fmt: skip
    charges = pl.DataFrame(
        {"service": ["saia:ltl"] * 2, "valid_from": [JANUARY] * 2, "accessorial": ["liftgate", "appointment"],
         "cents": [7_500, 2_500]}
    )  # fmt: skip
    trucks = pl.DataFrame({"service": ["jbhunt:ftl"], "valid_from": [JANUARY], "mile_cents": [250]})
    mugs = pl.DataFrame(
        {"sku": ["MUG"], "weight_g": [400], "unit_cost_cents": [400], "price_cents": [1200], "pallet_units": [900],
         "length_mm": [120], "width_mm": [120], "height_mm": [100]}
    )  # fmt: skip
    shelf = network()["stock"].with_columns(node=pl.lit("NJ"))
    carried = {
        "ltl_tariffs": flat_tariff(),
        "ltl_contracts": contract(),
        "accessorials": charges,
        "truckload_rates": trucks,
    }
    return network() | carried | {"nodes": nodes, "lanes": lanes, "items": mugs, "stock": shelf}


@pytest.fixture
def brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    write_folder(tables(), tmp_path / "brand")
    run("import", str(tmp_path / "brand"))
    return tmp_path


def quoted(*words: str, code: int = 0, ends: tuple[str, str] = ("NJ", "IL")) -> dict[str, Any]:
    return told("rates", "quote", *ends, "--weight", PALLET_OF_1000_LB, *MARCH, *words, code=code)


@pytest.mark.usefixtures("brand")
def test_a_transfer_lane_is_quoted_by_its_contracts_with_what_its_departures_always_ask() -> None:
    found = quoted("--pallets", "3", "--class", "100")

    # 3,000 lb at 60.00 a hundredweight and the lane's liftgate; by truck 2.50 a mile.
    share, truck = found["offers"]
    assert (share["service"], share["cents"], share["of_lane"]) == ("saia:ltl", 180_000 + 7_500, True)
    assert [(line["name"], line["cents"]) for line in share["lines"]] == [
        ("tariff", 180_000),
        ("fuel", 0),
        ("liftgate", 7_500),
    ]
    assert share["terms"] == {"linehaul": 180_000, "fuel": 0, "liftgate": 7_500}
    assert (truck["service"], truck["cents"]) == ("jbhunt:ftl", found["miles"] * 250)
    assert (found["pallets"], found["class"], found["cannot"]) == (3, "100", {})
    assert found["truckload_from"] == 4

    screen = " ".join(
        run("rates", "quote", "NJ", "IL", "--weight", "453.59kg", "--pallets", "3", "--class", "100", *MARCH).split()
    )
    assert "saia:ltl, share of a truck, contract of the lane: $1,875.00" in screen
    assert "3,000 lb of class 100 by tariff flat at the rates from 1,000 lb on" in screen
    assert "From 4 such pallets on a whole truck costs no more" in screen


@pytest.mark.usefixtures("brand")
def test_dimensions_give_the_class_by_density() -> None:
    # 1,000 lb in 48 x 40 x 53.7 in, 59.7 cubic feet, are 16.8 pounds for each: class 70, of which the tariff knows nothing.
    by_size = quoted("--pallets", "1", "--size", "48x40x53.7in", code=0)
    assert by_size["cannot"] == {"saia:ltl": "tariff flat from 2026-01-05 has no class 70"}
    # 2 m less high it is 50 pounds and more: class 50, at half of class 100.
    dense = quoted("--pallets", "1", "--size", "1219x1016x250mm")
    assert {o["service"]: o["cents"] for o in dense["offers"]}["saia:ltl"] == 30_000 + 7_500
    unknown = quoted("--pallets", "1")
    assert "give weight and size, or a class" in unknown["cannot"]["saia:ltl"]


@pytest.mark.usefixtures("brand")
def test_from_a_postal_code_nobody_asks_but_the_caller() -> None:
    bare = quoted("--pallets", "1", "--class", "100", ends=("07094", "60601"))
    more = quoted(
        "--pallets", "1", "--class", "100", "--with", "appointment", "--miles", "800", ends=("07094", "60601")
    )

    assert bare["offers"][0]["cents"] == 60_000
    assert bare["offers"][0]["of_lane"] is False
    assert "no distance is known from 07094 to 60601" in bare["cannot"]["jbhunt:ftl"]
    assert {o["service"]: o["cents"] for o in more["offers"]} == {"saia:ltl": 62_500}
    assert "jbhunt:ftl has no charge for appointment" in more["cannot"]["jbhunt:ftl"]
    nowhere = quoted("--pallets", "1", "--class", "100", ends=("07094", "99501"), code=5)
    assert nowhere["offers"] == []


@pytest.mark.usefixtures("brand")
def test_old_contracts_are_marked_stale() -> None:
    found = told(
        "rates",
        "quote",
        "NJ",
        "IL",
        "--weight",
        "400kg",
        "--pallets",
        "2",
        "--class",
        "100",
        "--on",
        "2027-06-01",
        code=5,
    )
    assert "its contract is 512 days old" in found["offers"][0]["stale"]
    assert "(stale)" in run(
        "rates",
        "quote",
        "NJ",
        "IL",
        "--weight",
        "400kg",
        "--pallets",
        "2",
        "--class",
        "100",
        "--on",
        "2027-06-01",
        code=5,
    )


@pytest.mark.usefixtures("brand")
@pytest.mark.parametrize(
    "words",
    [("--class", "100"), ("--with", "liftgate"), ("--miles", "9"), ("--pallets", "2", "--class", "101"), ("--pallets", "2", "--home"),
     ("--pallets", "2", "--size", "48x40in"), ("--pallets", "2", "--size", "0x40x50in"), ("--pallets", "2", "--size", "9x9x9000cm")],
)  # fmt: skip
def test_a_call_that_means_nothing_is_refused(words: tuple[str, ...]) -> None:
    run("rates", "quote", "NJ", "IL", "--weight", "400kg", *words, code=2)


@pytest.mark.usefixtures("brand")
def test_a_place_that_is_none_is_a_wrong_call() -> None:
    run("rates", "quote", "NJ", "NOWHERE", "--weight", "400kg", "--pallets", "2", code=2)


def test_without_contracts_it_says_what_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    write_folder(network(), tmp_path / "brand")
    run("import", str(tmp_path / "brand"))

    run("rates", "quote", "TX", "75201", "--weight", "400kg", "--pallets", "2", code=4)
