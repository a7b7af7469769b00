"""What an operations lead reads in the morning about the day before."""

import json
from pathlib import Path

import pytest
import typer
from tests.cli.commands import run, told
from typer.testing import CliRunner

from evenstock.cli import night
from evenstock.domain import Layer
from evenstock.simulation.night import LayerShare

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING, NOON, NEXT = "2026-11-20T06:00:00Z", "2026-11-20T14:00:00Z", "2026-11-21T06:00:00Z"
app = typer.Typer()
app.command()(night.command)


def closed(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output + str(result.exception)
    return result.stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_day_of_the_example_network_is_closed_in_ten_lines(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)
    run("forecast", "--as-of", MORNING)
    run("reprice", "--as-of", NOON)
    routed = told("route", "--as-of", NOON)

    page = closed("--as-of", NEXT)
    said = json.loads(closed("--as-of", NEXT, "--json"))

    assert len(page.splitlines()) <= 10
    assert page.startswith("2026-11-20: 39 orders")
    assert (said["day"], said["orders"], said["served"]) == ("2026-11-20", 39, routed["executed"])
    assert said["bound_cents"] <= said["cents"] + said["lost_cents"]
    assert 0 <= said["over_bound"] < 0.2
    assert sum(share["orders"] for share in said["layers"]) == said["served"]
    judged = sum(share["judged"] for share in said["layers"])
    assert judged > 30  # the repricing left possible prices, so regret was foretold
    assert told("gate", "show") == {"gate": None}
    # Told again, it is the same day.
    assert json.loads(closed("--as-of", NEXT, "--json")) == said


def test_a_quiet_day_is_closed_too(home: Path) -> None:
    run("import", str(EXAMPLE), "--as-of", MORNING)

    assert "2026-11-20: no order was decided." in closed("--as-of", NEXT)
    assert json.loads(closed("--as-of", NEXT, "--json"))["bound_cents"] is None


def test_regret_is_told_in_whole_money() -> None:
    share = LayerShare(Layer.OPTIMISER, 40, 40, expected_millicents=250_000, realised_millicents=1_000_000)

    # 250,000 thousandths of a cent are 250 cents.
    assert night._share(share, 50) == (
        "the optimiser decided: 40 orders, 80.0 %; regret $2.50 expected, $10.00 came so far, on 40 judged"
    )
