"""What was given up, at a terminal: read with its reason, replayed, dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.commands import run, told

from evenstock.bootstrap import open_workspace
from evenstock.operations.ports import Handling, Received
from evenstock.settings import Settings

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    with open_workspace(Settings.load()) as opened, opened.store.transaction() as books:
        for n, (source, kind) in enumerate(
            (("wms", "stock.observed"), ("wms", "stock.adjusted"), ("shop", "unreadable"))
        ):
            event = Received(source, f"e{n}", kind, "stock:MUG@TX", NOW, b'{"id": "e"}')
            books.receive([event], NOW)
            books.handled(event, Handling.DEAD, NOW, f"reason {n}")


def left() -> list[int]:
    return [one["number"] for one in told("events", "dead")["dead"]]


def test_what_was_given_up_is_told_with_its_reason() -> None:
    assert [one["because"] for one in told("events", "dead")["dead"]] == ["reason 0", "reason 1", "reason 2"]
    assert "reason 1" in run("events")
    assert [one["source"] for one in told("events", "dead", "--source", "shop")["dead"]] == ["shop"]
    assert json.loads(run("events", "show", "1"))["body"] == '{"id": "e"}'
    run("events", "show", "77", code=4)


def test_one_is_replayed_and_another_is_dropped() -> None:
    run("events", "replay", "1", "--by", "ana")
    run("events", "drop", "2", "--by", "ana", "--because", "counted instead")
    assert left() == [3]
    run("events", "replay", "1", "--by", "ana", code=4)
    run("events", "drop", "2", "--by", "ana", "--because", "x", code=4)
    run("events", "replay", "3", "--by", "ana", code=3)


def test_all_of_a_kind_are_replayed_together() -> None:
    run("events", "replay", "--by", "ana", code=2)
    run("events", "replay", "1", "--all", "--by", "ana", code=2)
    assert "1 events wait" in run("events", "replay", "--all", "--kind", "stock.adjusted", "--by", "ana")
    assert left() == [1, 3]
