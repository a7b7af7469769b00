"""What a person types when a carrier fails."""

import json

import polars as pl
import pytest
from tests.cli.commands import run as run_evenstock
from tests.cli.commands import told
from tests.operations.carrier_overrides.shop import NOW, tables
from typer.testing import CliRunner

from evenstock.cli.carriers.override import app
from evenstock.cli.screen import Exit

AS_OF = ("--as-of", NOW.isoformat())


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output + str(result.exception)
    return " ".join(result.output.split())


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    folder = tmp_path / "tables"
    folder.mkdir()
    shelf = pl.DataFrame({"sku": ["MUG"], "node": ["TX"], "on_hand": [10_000], "observed_at": [NOW]})
    for name, frame in (tables(9) | {"stock": shelf}).items():
        frame.write_parquet(folder / f"{name}.parquet")
    run_evenstock("import", str(folder))


def test_a_failing_carrier_is_told_adopted_listed_and_ended(shop):
    assert "no override was proposed here" in run("list", *AS_OF)
    said = run("propose", *AS_OF, code=Exit.NEEDS_ATTENTION)
    assert "road:ground from TX to postal codes 752…" in said

    [found] = json.loads(run("list", "--json", *AS_OF))["overrides"]
    assert (found["state"], found["service"], found["areas"]) == ("proposed", "road:ground", ["752"])
    assert "no carrier has begun to fail" in run("propose", *AS_OF)
    advice = told("doctor", *AS_OF, code=Exit.NEEDS_ATTENTION)["advice"]
    assert any(one["what"].startswith("1 carrier override waits for an answer") for one in advice)

    assert f"override {found['id']} is in force until 2026-12-03" in run(
        "adopt", found["id"][:5], "--by", "ann", "--weeks", "2", *AS_OF
    )
    assert "only an open proposal can be answered" in run(
        "reject", found["id"], "--by", "bob", "--because", "no", *AS_OF, code=Exit.REFUSED_INPUT
    )
    assert "no longer in force" in run("end", found["id"], "--by", "ann", "--because", "mended", *AS_OF)
    [ended] = json.loads(run("--json", *AS_OF))["overrides"]
    assert (ended["state"], ended["by"], ended["because"]) == ("ended", "ann", "mended")
