"""The rulebook in plain words and plain JSON: versions, what was done with them, and what is found wrong with them."""

from __future__ import annotations

from evenstock.operations.rulebook import Activation, Version
from evenstock.policy import text
from evenstock.policy.lint import Finding


def placed(problems: str, words: str) -> str:
    """Problems of rules with the line on which each rule begins, where its text is at hand."""
    try:
        lines = text.read(words).lines
    except text.PolicyTextError:
        return problems
    said = []
    for problem in problems.splitlines():
        begins = [n for name, n in lines.items() if problem.startswith((f"rule {name} (", f"rule {name}:"))]
        said.append(f"line {begins[0]}: {problem}" if begins else problem)
    return "\n".join(said)


def finding_told(finding: Finding) -> dict[str, object]:
    return {
        "fault": finding.fault.value,
        "rules": list(finding.rules),
        "law": finding.law,
        "sentence": finding.sentence,
        "advice": finding.advice,
        "evidence": finding.evidence,
        "orders": finding.orders,
    }


def version_told(version: Version) -> dict[str, object]:
    return {
        "version": version.id,
        "at": version.at.isoformat(),
        "rules": len(version.policy.rules),
        "by": version.by,
        "because": version.because,
    }


def deed_told(deed: Activation) -> dict[str, object]:
    return {
        "deed": deed.deed.value,
        "version": deed.version or None,
        "at": deed.at.isoformat(),
        "by": deed.by,
        "because": deed.because,
        "forced": deed.forced,
    }
