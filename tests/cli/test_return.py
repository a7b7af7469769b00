"""`evenstock return`: where goods sent back should go, from the books of the example network."""

import json
from pathlib import Path

import pytest
from tests.cli.commands import run, told
from typer.testing import CliRunner

from evenstock.cli import app

EXAMPLE = Path(__file__).parents[2] / "examples" / "dtc-3-node"
ON = ("--as-of", "2026-09-15")


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path))
    run("import", str(EXAMPLE))
    return (EXAMPLE / "items.csv").read_text().splitlines()[1].split(",")[0]


def test_the_choice_is_the_cheapest_of_all_ways_and_its_terms_add_up(network):
    found = told("return", "--sku", f"{network}:2", "--from", "10001", *ON)
    plans = [found["choice"], *found["alternatives"]]
    assert found["choice"]["cents"] == min(plan["cents"] for plan in plans)
    for plan in plans:
        for parcel in plan["parcels"]:
            assert sum(parcel["terms"].values()) == parcel["cents"]
    assert any(plan["parcels"] for plan in plans)
    assert any(plan["kept_lines"] == ["1"] for plan in plans), "to let the customer keep it is weighed too"


def test_a_unit_that_cannot_be_sold_again_stays_with_the_customer_unless_that_is_not_allowed(network):
    worthless = ("return", "--sku", network, "--from", "10001", "--resaleable", "0", *ON)
    assert told(*worthless)["choice"] == {"parcels": [], "kept_lines": ["1"], "cents": 0}
    forced = told(*worthless, "--never-keep")["choice"]
    assert forced["parcels"]
    assert forced["cents"] > 0
    # With the label paid by the customer the same way costs less by what the carrier takes.
    assert told(*worthless, "--never-keep", "--customer-pays")["choice"]["cents"] < forced["cents"]


def test_a_person_reads_the_sentence_and_every_way(network):
    said = run("return", "--sku", network, "--from", "10001", *ON)
    assert "next best" in said
    assert "ways back" in said


def test_a_service_without_a_rate_card_is_refused(network):
    said = CliRunner().invoke(app, ["return", "--sku", network, "--from", "10001", "--service", "ups:nothing", *ON])
    assert said.exit_code == 3
    assert "no rate card for ups:nothing" in said.output


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--from", "10001"), 3, "--sku"),
        (("--sku", "NOBODY", "--from", "10001"), 3, "NOBODY"),
        (("--order", "NONE"), 4, "no such order"),
        (("--sku", "X:0", "--from", "10001"), 3, "at least one unit"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_word(network, words, code, says):
    result = CliRunner().invoke(app, ["return", *words, *ON])
    assert result.exit_code == code
    assert says in result.output


def test_the_document_is_one_json_object(network):
    assert isinstance(json.loads(run("return", "--sku", network, "--from", "10001", "--json", *ON)), dict)
