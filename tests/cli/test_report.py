"""What a person types to have a month reported: a page and its JSON, kept once; and what running costs."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from tests.cli.commands import run, told
from typer.testing import CliRunner

from evenstock.cli import app
from evenstock.simulation.world import make_world

AT = "2026-11-02T07:00:00Z"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    world = make_world(seed=1, nodes=3, skus=12, days=30, orders_per_day=10, as_of=date(2026, 10, 5))
    for name, frame in world.frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def home(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    run("import", str(tables), "--as-of", "2026-10-05T06:00:00Z")
    return tmp_path


def test_a_month_is_reported_on_a_page_and_kept(home: Path) -> None:
    run("route", "--as-of", "2026-10-05T09:00:00Z")
    shown = run("report", "month", "2026-10", "--as-of", AT)

    assert "month-2026-10.html" in shown.replace("\n", "")
    document = json.loads((home / "month-2026-10.json").read_text("utf-8"))
    page = (home / "month-2026-10.html").read_text("utf-8")
    assert document["decided"]["orders"] == document["regret"]["orders"] > 0
    assert document["period"] == {"first": "2026-10-01", "last": "2026-10-31", "zone": "UTC", "month": "2026-10"}
    assert "October 2026" in page
    assert "too few to tell" in page  # one day of orders proves nothing
    kept = told("report", "month", "2026-10", "--as-of", "2026-11-20T07:00:00Z")
    assert kept == document
    again = told("report", "month", "2026-10", "--again", "--as-of", "2026-11-20T07:00:00Z")
    assert again["made_at"] != document["made_at"]


def test_a_month_that_is_not_over_is_shown_and_not_kept(home: Path) -> None:
    early = told("report", "month", "2026-10", "--as-of", "2026-10-20T07:00:00Z")
    later = told("report", "month", "2026-10", "--as-of", "2026-10-21T07:00:00Z")

    assert early["made_at"] != later["made_at"]


def test_what_running_costs_is_entered_by_somebody_and_changed_in_part(home: Path) -> None:
    assert told("report", "costs", "--as-of", AT)["since"] is None
    run("report", "costs", "--servers", "120.50", "--hour", "38", "--by", "lee", "--since", "2026-10", "--as-of", AT)
    run("report", "costs", "--minutes", "5", "--by", "ana", "--since", "2026-10", "--as-of", AT)

    found = told("report", "costs", "--as-of", AT)
    assert (found["servers_cents_month"], found["person_cents_hour"], found["minutes_an_answer"]) == (12_050, 3_800, 5)
    assert (found["since"], found["by"]) == ("2026-10", "ana")
    assert "say who enters" in _refused("report", "costs", "--other", "1", "--as-of", AT)


def test_what_is_no_month_is_refused(home: Path) -> None:
    assert "is no month" in _refused("report", "month", "October", "--as-of", AT)


def _refused(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 3, result.output
    return result.output.replace("\n", " ")
