"""What a person types about rules."""

from pathlib import Path

import pytest
from tests.cli.commands import run as run_evenstock
from tests.operations import stocked
from typer.testing import CliRunner

from evenstock.cli.rules import app
from evenstock.cli.screen import Exit

HOUSE = """# our house
rule open: active
rule texas: forbid nodes TX when tag is gift
    because "no gift paper"
"""


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output + str(result.exception)
    return result.output


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tables"
    folder.mkdir()
    tables = {"nodes": stocked.NODES, "items": stocked.ITEMS, "stock": stocked.stock([("MUG", "TX", 5)])}
    for name, frame in tables.items():
        frame.write_csv(folder / f"{name}.csv")
    run_evenstock("import", str(folder))
    (tmp_path / "house.rules").write_text(HOUSE)
    return tmp_path


def test_rules_are_shown_checked_activated_and_taken_back(company: Path) -> None:
    assert "rule promise: promise 0.9\n    soft" in run()
    assert "2 rules, 0 findings" in run("check", "house.rules")
    assert "is in force: gifts" in run("activate", "house.rules", "--by", "ann", "--because", "gifts")
    shown = run("show")
    assert HOUSE.strip() in shown
    assert "proposed by ann: gifts" in shown
    assert "activated" in run("history")
    assert "the imported table is in force again" in run("rollback", "--by", "ann", "--because", "no")
    assert "rule promise: promise 0.9" in run("show")


def test_what_cannot_be_read_or_used_is_told_by_line(company: Path) -> None:
    (company / "bad.rules").write_text("rule a: active\nrule b: forbid node TX\n")
    assert "line 2, column 16: 'node' is not understood here" in run("check", "bad.rules", code=Exit.REFUSED_INPUT)
    (company / "far.rules").write_text("rule a: active\n\nrule far: forbid nodes TXX\n")
    said = run("activate", "far.rules", "--by", "ann", "--because", "x", code=Exit.REFUSED_INPUT)
    assert "line 3: rule far (forbid): nodes names TXX, which does not exist; did you mean TX?" in said
    assert "cannot be read as text" in run("check", "no.rules", code=Exit.REFUSED_INPUT)


def test_findings_end_with_five_and_contradictions_are_refused(company: Path) -> None:
    (company / "torn.rules").write_text("rule only: require nodes TX\nrule never: forbid nodes TX\n")
    assert "contradictory: only and never leave no node" in run("lint", "torn.rules", code=Exit.NEEDS_ATTENTION)
    words = ("activate", "torn.rules", "--by", "ann", "--because", "by hand this week")
    assert "law contradicts itself" in run(*words, code=Exit.REFUSED_INPUT)
    assert "is in force: by hand this week" in run(*words, "--force")
    assert "activated, forced" in run("history")


def test_every_kind_is_explained() -> None:
    assert "postal starts with A, B" in run("explain")
    assert "rule NAME: prefer [nodes A, B] [services A, B] worth 12.50" in run("explain", "prefer")
    assert "there is no kind 'x'" in run("explain", "x", code=Exit.NOT_FOUND)
