"""Every rule of our own has its control, which `make check` runs, and what it leaves out is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "lint" / "semgrep"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "ours.yml").read_text("utf-8"))["rules"]
CONTROLS = (FOLDER / "ours.py").read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["id"]))
def test_a_rule_has_a_sin_that_it_must_find(rule: dict[str, Any]) -> None:
    assert f"# ruleid: {rule['id']}\n" in CONTROLS
    assert rule["severity"] == "ERROR", "what is found ends the check"


def test_every_control_is_of_a_rule_that_there_is() -> None:
    named = set(re.findall(r"# (?:ruleid|ok): (\S+)$", CONTROLS, re.MULTILINE))
    assert named == {rule["id"] for rule in RULES}


def test_what_is_left_out_is_there() -> None:
    """A file that was renamed would be looked at again, or another one never."""
    left_out = {path for rule in RULES for path in rule.get("paths", {}).get("exclude", ())}
    assert left_out
    for path in left_out:
        assert (FOLDER.parents[1] / path.removeprefix("**/")).exists(), path
