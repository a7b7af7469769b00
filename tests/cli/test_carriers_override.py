"""What a person types when a carrier fails."""

import json
from datetime import timedelta
from pathlib import Path

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
    monkeypatch.chdir(tmp_path)
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


def review(*words, code, on=NOW):
    return told("carriers", "review", "--as-of", on.isoformat(), *words, code=code)["overrides"]


def test_the_weeks_review_shows_what_waits_with_its_money_and_what_is_in_force_with_its_last_day(shop):
    quiet = told("carriers", "review", *AS_OF, code=Exit.NEEDS_ATTENTION)["overrides"]
    assert quiet == {"cents_a_week": 0, "waiting": [], "in_force": []}
    run("propose", *AS_OF, code=Exit.NEEDS_ATTENTION)

    [waiting] = review("--report", "carriers.html", code=Exit.NEEDS_ATTENTION)["waiting"]
    assert waiting["cents_a_week"] > 0
    # Proposed on 20 November, it lapses on 4 December: today and thirteen days more.
    assert (waiting["lapses_on"], waiting["days_left"]) == ("2026-12-04", 13)
    assert waiting["adopt"] == f"evenstock carriers override adopt {waiting['id']} --by NAME"
    screen = run_evenstock("carriers", "review", *AS_OF, code=Exit.NEEDS_ATTENTION)
    drawn = Path("carriers.html").read_text("utf-8")
    for said in (waiting["sentence"], waiting["adopt"], waiting["reject"]):
        assert said in " ".join(screen.split())
        assert said in drawn
    worth = f"{waiting['cents_a_week'] / 100:,.2f} a week"
    assert f"worth {worth} on" in " ".join(screen.split())
    assert f"${waiting['cents_a_week'] / 100:,.0f}" in drawn

    command = waiting["adopt"].replace("NAME", "ann").split()[3:]
    run(*command, "--weeks", "3", *AS_OF)
    found = review(code=Exit.NEEDS_ATTENTION)
    assert found["waiting"] == []
    [in_force] = found["in_force"]
    # Three weeks from 20 November end on 10 December: 20 days, and from the 26th on no more than 14.
    assert (in_force["valid_to"], in_force["days_left"], in_force["ends_soon"]) == ("2026-12-10", 20, False)
    [later] = review("--report", "later.html", code=Exit.NEEDS_ATTENTION, on=NOW + timedelta(days=6))["in_force"]
    assert (later["days_left"], later["ends_soon"], later["by"]) == (14, True, "ann")
    assert "14 days left" in Path("later.html").read_text("utf-8")
    # The command that is shown does it.
    run(*later["end"].replace("NAME", "ann").replace("WHY", "mended").split()[3:], *AS_OF)
    assert review(code=Exit.NEEDS_ATTENTION)["in_force"] == []


def test_a_review_of_an_earlier_day_does_not_know_what_was_proposed_later(shop):
    run("propose", *AS_OF, code=Exit.NEEDS_ATTENTION)
    assert review(code=Exit.NEEDS_ATTENTION)["waiting"]
    assert review(code=Exit.NEEDS_ATTENTION, on=NOW - timedelta(days=1))["waiting"] == []


def test_a_proposal_that_waits_needs_attention_though_nothing_got_worse_any_more(shop, tmp_path):
    run("propose", *AS_OF, code=Exit.NEEDS_ATTENTION)
    tables(0)["deliveries"].write_parquet(tmp_path / "tables" / "deliveries.parquet")
    run_evenstock("import", str(tmp_path / "tables"))

    said = run_evenstock("carriers", "review", *AS_OF, code=Exit.NEEDS_ATTENTION)
    assert "Nothing got worse" in said
    assert "answer before it lapses on 2026-12-04" in said
    [waiting] = review(code=Exit.NEEDS_ATTENTION)["waiting"]
    run("reject", waiting["id"], "--by", "ann", "--because", "mended", *AS_OF)
    assert review(code=Exit.DONE)["waiting"] == []
