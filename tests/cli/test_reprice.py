"""What a person types to price what orders compete for."""

import json
from pathlib import Path

import pytest
import typer
from tests.cli.commands import run as run_all
from tests.cli.commands import told as told_all
from typer.testing import CliRunner

from evenstock.cli.reprice import command
from evenstock.cli.screen import Exit
from evenstock.simulation.world import make_world

AT = "2026-09-16T06:00:00Z"


def reprice(*words: str, code: int = 0) -> str:
    app = typer.Typer()
    app.command()(command)
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
    for name, frame in make_world(seed=2, nodes=3, skus=40, days=40, orders_per_day=60).frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    run_all("import", str(folder), "--as-of", "2026-09-15T06:00:00Z")
    return tmp_path


def test_prices_are_written_and_told(home: Path) -> None:
    told_all("forecast", "--as-of", AT)
    said = json.loads(reprice("--as-of", AT, "--scenarios", "2", "--json"))
    shown = " ".join(reprice("--as-of", "2026-09-16T08:00:00Z", "--scenarios", "0").split())

    assert said["contested"]
    assert said["prices"] == 3 * len(said["contested"])
    assert 0 < said["free_cents"] <= said["bound_cents"]
    assert said["forecast"].startswith("sha256:")
    assert said["scenarios"].startswith("sha256:")
    assert "items are contested in the next 7 days" in shown
    assert "no routing of whole lines within today's stock costs less than" in shown


def test_without_past_orders_it_says_what_to_import(home: Path) -> None:
    reprice("--as-of", "2026-08-01T06:00:00Z", code=int(Exit.NOT_FOUND))


def test_prices_follow_the_stock_at_every_tick(home: Path) -> None:
    nothing = told_all("tick", "--as-of", AT)["prices"]
    reprice("--as-of", AT, "--scenarios", "0")
    later = "2026-09-17T05:00:00Z"
    said = told_all("tick", "--as-of", later)["prices"]
    shown = " ".join(run_all("tick", "--as-of", later).split())

    assert nothing["since"] is None
    assert said["rows"] > 0
    # Nobody ordered since the repricing: less is gone than was foretold.
    assert said["taken"] == 0 < said["foretold"]
    assert "Nothing is due. No price had to move: of" in shown
