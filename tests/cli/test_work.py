"""The worker, the schedule and the runs, at the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.commands import run, told


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)


def test_what_is_due_is_done_once_and_shown() -> None:
    told("schedule", "set", "purge", "--every", "1", "--by", "ana")
    assert told("work", "--once") == {"runs": {}}
    assert "no runs" in run("runs")


def test_the_schedule_is_listed_changed_paused_and_resumed() -> None:
    before = {one["name"]: one for one in told("schedule")["schedule"]}
    assert before["plan"]["timing"] == {"every_minutes": None, "at": "02:00", "weekday": None, "zone": "UTC"}

    changed = told(
        "schedule", "set", "plan", "--at", "03:30", "--zone", "America/Chicago", "--ask", '{"paths": 80}', "--by", "ana"
    )
    assert (changed["timing"]["zone"], changed["asked"]["paths"], changed["by"]) == ("America/Chicago", 80, "ana")
    assert told("schedule", "pause", "plan", "--by", "ana")["next_at"] is None
    assert "paused" in run("schedule")
    assert told("schedule", "resume", "plan", "--by", "ana")["next_at"] is not None


@pytest.mark.parametrize(
    "words",
    [
        ("set", "plan", "--at", "25:00"),
        ("set", "plan", "--at", "02:00", "--zone", "Mars/Base"),
        ("set", "plan", "--every", "5", "--at", "02:00"),
        ("set", "plan", "--ask", '{"speed": 3}'),
        ("set", "plan", "--ask", "{"),
    ],
)
def test_what_is_wrong_is_refused(words: tuple[str, ...]) -> None:
    run("schedule", *words, "--by", "ana", code=3)


def test_what_is_not_there_is_not_found() -> None:
    run("schedule", "pause", "none", "--by", "ana", code=4)
    run("runs", "show", "none", code=4)
    run("runs", "cancel", "none", "--by", "ana", code=4)
