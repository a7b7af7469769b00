"""The rulebook in plain words and plain JSON: versions, what was done with them, and what is found wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

from evenstock.operations.rulebook import Activation, Version
from evenstock.policy import Kind, text
from evenstock.policy.autonomy.conditions import ACTION_WHEN
from evenstock.policy.conditions import WHEN
from evenstock.policy.lint import Finding
from evenstock.policy.parameters import Parameter
from evenstock.policy.text.phrases import CLAUSES, CONDITIONS, own


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


def text_form() -> str:
    """The form of a rule and its conditions."""
    return (
        "rule NAME: KIND and what the kind takes\n"
        "    when CONDITION and CONDITION …        all must hold; within a list one is enough\n"
        "    from 2026-10-01 until 2027-01-31      days it is in force, both included\n"
        "    soft                                  a wish that yields to a paid order; without it, law\n"
        "    owner NAME                            who answers for it\n"
        '    because "why it exists"\n'
        f"\n    conditions of orders and items:\n{_listed(WHEN)}\n"
        f"\n    conditions of actions, in rules about who may act alone:\n{_listed(ACTION_WHEN)}\n"
    )


def _listed(conditions: Sequence[Parameter]) -> str:
    return "\n".join(f"        {text.phrase_of(parameter):<28} {parameter.meaning}" for parameter in conditions)


def pattern(kind: Kind) -> str:
    """How a rule of this kind is written: what need not be said stands in brackets."""
    said = []
    for parameter in own(kind):
        phrase = text.phrase_of(parameter)
        said.append(phrase if parameter.required else f"[{phrase}]")
    takes_conditions = any(parameter in CONDITIONS for parameter in kind.parameters)
    rest = [c for c in CLAUSES if c in ("from", "until", "owner", "because") or (c == "when" and takes_conditions)]
    if not kind.always_law and not kind.never_law:
        rest.append("soft")
    return f"rule NAME: {' '.join([kind.name, *said])}\n    [{'] ['.join(rest)}]"
