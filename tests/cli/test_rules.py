"""What a person types about rules."""

import json
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
    assert "data younger than 4h" in run("explain")
    assert "rule NAME: automatic A, B\n" in run("explain", "automatic")
    assert "rule NAME: prohibit A, B under NAME" in run("explain", "prohibit")
    assert "rule NAME: prefer [nodes A, B] [services A, B] worth 12.50" in run("explain", "prefer")
    assert "there is no kind 'x'" in run("explain", "x", code=Exit.NOT_FOUND)


ALONE = """rule small: automatic transfer when value at most 500
    owner ops@brand
rule texas: automatic transfer when node is TX and value at most 900
rule dear: propose transfer for finance when value above 5000
"""


def test_what_counts_at_a_place_is_shown_with_where_it_comes_from(company: Path) -> None:
    assert "no rule speaks of this place" in run("effective", "--node", "TX")
    (company / "alone.rules").write_text(ALONE)
    run("activate", "alone.rules", "--by", "ann", "--because", "pilot", "--as-of", "2026-11-01")
    (company / "wider.rules").write_text(ALONE.replace("at most 900", "at most 1900"))
    run("activate", "wider.rules", "--by", "ann", "--because", "it went well", "--as-of", "2026-11-15")

    told = json.loads(run("effective", "--node", "TX", "--action", "transfer", "--json", "--as-of", "2026-11-20"))
    versions = [deed["version"] for deed in json.loads(run("history", "--json"))["deeds"]]
    assert told["version"] == versions[1]
    assert told["digest"].startswith("sha256:")
    shown = [
        (line["rule"], line["scope"], line["owner"], line["version"], line["since"][:10]) for line in told["lines"]
    ]
    # The line that changed holds since the second version, the others since the first.
    assert shown == [
        ("texas", "node TX", None, versions[1], "2026-11-15"),
        ("small", "company", "ops@brand", versions[0], "2026-11-01"),
        ("dear", "company", None, versions[0], "2026-11-01"),
    ]
    assert told["lines"][0]["said"] == "automatic transfer when node is TX and value at most 1900.00"
    assert (told["lines"][0]["overrides"], told["lines"][0]["bound_by"]) == (["small"], ["dear"])

    page = run("effective", "--node", "TX", "--as-of", "2026-11-20")
    assert "texas" in page
    assert "a person decides" in page
    assert [line["rule"] for line in json.loads(run("effective", "--json"))["lines"]] == ["small", "dear"]


def test_a_place_that_is_not_there_is_refused(company: Path) -> None:
    assert "there is no node TXX; did you mean TX?" in run("effective", "--node", "TXX", code=Exit.NOT_FOUND)
    run("effective", "--node", "TX", "--region", "US", code=2)


def test_a_version_whose_refusal_an_envelope_makes_void_is_activated_only_by_force(company: Path) -> None:
    (company / "void.rules").write_text("rule all: automatic buy\nrule no: refuse buy when value above 500\n")
    words = ("activate", "void.rules", "--by", "ann", "--because", "x")
    assert "no refuses what all, listed before it" in run(*words, code=Exit.REFUSED_INPUT)
    run(*words, "--force")
