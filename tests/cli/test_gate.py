"""What a person types about the confidence gate: look at it, set it by outcomes, hold it against the days since."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.cli.commands import run as run_all
from tests.operations import stocked
from tests.operations.test_gate import NOW, outcomes
from typer.testing import CliRunner

from evenstock.cli.gate import app
from evenstock.cli.screen import Exit

AT = NOW.isoformat()


def gate(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output + str(result.exception)
    return result.stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, frame in {
        "nodes": stocked.NODES,
        "items": stocked.ITEMS,
        "stock": stocked.stock([("MUG", "TX", 60)]),
        "costs": pl.DataFrame({"cost": ["regret_budget_millicents"], "amount": [500]}),
    }.items():
        frame.write_parquet(folder / f"{name}.parquet")
    run_all("import", str(folder), "--as-of", "2026-06-23T06:00:00Z")
    return tmp_path


def test_before_any_calibration_every_lawful_plan_executes(home: Path) -> None:
    assert "No gate was ever set" in gate("show")
    assert json.loads(gate("show", "--json")) == {"gate": None}


def test_a_gate_is_set_within_the_budget_of_the_company_and_lowered_by_days_that_break_it(home: Path) -> None:
    outcomes(60, NOW.date()).write_csv(home / "seen.csv")
    # Half a cent an order, as the company's costs say: the worst, which lose 11 cents each, are left to people.
    said = gate("calibrate", "--by", "Ana", "--outcomes", str(home / "seen.csv"), "--as-of", AT)
    assert "up to 2.00 cents of expected regret: 95.0 % of 12,000 decisions of 60 days, at 0.15 cents" in " ".join(
        said.split()
    )
    wider = json.loads(gate("calibrate", "--by", "Ana", "--budget", "1000", "--as-of", "2026-11-20T04:00Z", "--json"))
    assert (wider["changed"], wider["gate"]["threshold_millicents"]) == (True, 5_000)

    week = NOW.date().replace(day=27)
    outcomes(7, week, bad=37_000, seed=2).write_parquet(home / "week.parquet")
    words = ("watch", "--outcomes", str(home / "week.parquet"), "--as-of", "2026-11-27T04:00Z", "--json")
    said = json.loads(gate(*words, code=int(Exit.NEEDS_ATTENTION)))
    assert (said["tightened"], said["mean_millicents"], said["gate"]["threshold_millicents"]) == (True, 2_000.0, 2_000)
    assert "lowered to 2000" in gate("show")


def test_too_few_outcomes_and_files_that_hold_none_change_nothing(home: Path) -> None:
    assert "Nothing changed: nothing was seen yet" in gate("calibrate", "--by", "Ana", code=int(Exit.NEEDS_ATTENTION))
    gate("calibrate", "--by", "Ana", "--outcomes", "nowhere.csv", code=int(Exit.NOT_FOUND))
    (home / "bad.csv").write_text("decision,day\nroute-1,tomorrow\n")
    gate("calibrate", "--by", "Ana", "--outcomes", str(home / "bad.csv"), code=int(Exit.REFUSED_INPUT))
    assert json.loads(gate("show", "--json")) == {"gate": None}
