"""How far software may go, the stop, and one way back, at a terminal."""

from pathlib import Path

import pytest
from tests.cli.commands import run, told

from evenstock.cli.screen import Exit

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dtc-3-node"
MORNING, NOON, EVENING = "2026-11-20T06:00:00Z", "2026-11-20T14:00:00Z", "2026-11-20T18:00:00Z"
ANA = ("--by", "Ana", "--because", "first week")
REFUSED = int(Exit.REFUSED_INPUT)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EVENSTOCK_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    run("import", str(EXAMPLE), "--as-of", MORNING)
    return tmp_path


def test_a_stage_holds_orders_back_and_goes_back(home: Path) -> None:
    assert "automatic inside the envelopes" in run("autonomy")
    words = ("autonomy", "set", "guided", "--kind", "route", "--node", "TX-DC", "--pilot", "texas", *ANA)
    shown = told(*words, "--as-of", MORNING)
    assert shown["lines"][0]["said"] == "route at node TX-DC: guided (pilot texas)"
    routed = told("route", "--as-of", NOON, code=int(Exit.NEEDS_ATTENTION))
    assert routed["executed"] + routed["awaits_approval"] >= 30
    assert routed["awaits_approval"] > 0

    run("autonomy", "set", "guided", "--node", "MARS", *ANA, code=REFUSED)
    run("autonomy", "set", "support", "--share", "10", *ANA, code=REFUSED)
    assert told("autonomy", "end", "--kind", "route", "--node", "TX-DC", *ANA, "--as-of", NOON)["lines"] == []
    assert len(told("autonomy", "back", *ANA, "--as-of", EVENING)["lines"]) == 1
    assert [one["because"] for one in told("autonomy", "history")["versions"]] == [
        "first week", "first week", "rolled back: first week",
    ]  # fmt: skip


def test_one_word_stops_software_and_another_lets_it_go_on(home: Path) -> None:
    halted = told("autonomy", "halt", *ANA, "--as-of", MORNING)
    assert halted["settled"]
    routed = told("route", "--as-of", NOON, code=int(Exit.NEEDS_ATTENTION))
    assert (routed["executed"], routed["awaits_approval"] > 30) == (0, True)
    assert halted["id"] in run("autonomy")
    run("autonomy", "resume", "halt-none", *ANA, code=int(Exit.NOT_FOUND))
    assert told("autonomy", "resume", halted["id"], *ANA, "--as-of", EVENING)["halts"] == []


def test_a_change_is_tried_and_comes_into_force_with_its_evidence(home: Path) -> None:
    told("route", "--as-of", NOON)
    told("autonomy", "ask-evidence", *ANA, "--as-of", NOON)
    costs = ("late_order_cents=700",)
    run("autonomy", "weigh", *costs, *ANA, "--as-of", NOON, code=REFUSED)
    found = told("autonomy", "simulate", "--cost", *costs, "--by", "Ana", "--as-of", NOON)
    assert (found["kind"], found["days"], found["enough"]) == ("costs", 1, False)
    assert found["orders"] >= 30
    assert told("autonomy", "weigh", *costs, *ANA, "--as-of", NOON)["amounts"] == {"late_order_cents": 700}

    rules = home / "rules.txt"
    rules.write_text("rule open: active\nrule one: max_shipments 1\n", "utf-8")
    version = told("rules", "propose", str(rules), *ANA, "--as-of", NOON)["version"]
    run("rules", "activate", version, *ANA, "--as-of", NOON, code=REFUSED)
    tried = told("rules", "simulate", version, "--by", "Ana", "--as-of", NOON)
    assert tried["then"]["split"] == 0
    assert "only 1 days of 30" in run("rules", "activate", version, *ANA, "--as-of", NOON)
    run("autonomy", "simulate", "--by", "Ana", code=2)


def test_everything_goes_back_to_a_moment(home: Path) -> None:
    told("autonomy", "weigh", "late_order_cents=700", *ANA, "--as-of", NOON)
    told("rollout", "set", "--share", "10", *ANA, "--as-of", NOON)
    words = ("rollback", "--to", MORNING, *ANA, "--as-of", EVENING)
    would = told(*words, "--dry-run")
    assert [step["part"] for step in would["steps"] if step["changes"]] == ["weights", "stages"]
    assert told("rollout", "show")["share_bp"] == 1_000
    assert told(*words) == would | {"done": True}
    assert told("rollout", "show")["stage"] == "live for every order"
    assert "stays" in run(*words)
