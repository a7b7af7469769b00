"""A policy as text that reads back the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from evenstock.domain import Policy, Rule
from evenstock.policy.compiled import Kind, describe
from evenstock.policy.parameters import Parameter
from evenstock.policy.text.phrases import LISTS, conditions, own, quoted, span, spelled, unit_after

UNNAMED: Final = "policy"
"""Name of a policy whose text does not say one."""
_INDENT: Final = "\n    "


def write(policy: Policy) -> str:
    """The policy as text. `parse(write(policy)) == canonical(policy)`.

    Raises
    ------
    ValueError
        If a rule's kind is unknown, or a parameter is unknown, stands twice or has no value of its type: such a policy
        does not compile, and says there what to do.
    """
    kinds = {kind.name: kind for kind in describe()}
    said: list[str] = []
    if policy.name != UNNAMED:
        said.append(f"policy {spelled(policy.name)}")
    said += [_rule(rule, kinds) for rule in canonical(policy).rules]
    lines: list[str] = []
    for before, now in zip(["", *said], said, strict=False):
        # A rule of several lines stands apart; rules of one line stand together.
        if before and ("\n" in before or "\n" in now or before.startswith("policy ")):
            lines.append("")
        lines.append(now)
    return "\n".join(lines) + "\n" if lines else ""


def canonical(policy: Policy) -> Policy:
    """The same rules with their parameters in the order of their kind and their values spelled in one way.

    Raises
    ------
    ValueError
        As `write`.
    """
    kinds = {kind.name: kind for kind in describe()}
    return replace(policy, rules=tuple(_canonical(rule, kinds) for rule in policy.rules))


def phrase_of(parameter: Parameter) -> str:
    """How a parameter is written, such as `value at least 50.00` or `nodes A, B`."""
    match parameter.type:
        case kind if kind in LISTS:
            value = "A or B" if parameter.words.endswith(" is") else "A, B"
        case "cents":
            value = "12.50"
        case "share":
            value = "0.9"
        case "seconds":
            value = "4h"
        case "text":
            value = "NAME"
        case _:
            value = f"3{unit_after(3, parameter)}"
    return f"{parameter.words} {value}".strip()


def _rule(rule: Rule, kinds: Mapping[str, Kind]) -> str:
    kind = kinds[rule.kind]
    given = dict(rule.parameters)
    beside = [_phrase(parameter, given[parameter.name], kind) for parameter in own(kind) if parameter.name in given]
    head = f"rule {spelled(rule.id)}: {' '.join([rule.kind, *beside])}"
    when = [_phrase(p, given[p.name], kind) for p in conditions(kind) if p.name in given]
    clauses = [f"when {' and '.join(when)}"] if when else []
    days = [f"from {rule.valid_from}"] if rule.valid_from != date.min else []
    days += [f"until {rule.valid_to}"] if rule.valid_to != date.max else []
    if days:
        clauses.append(" ".join(days))
    if rule.hard == kind.never_law:
        clauses.append("hard" if rule.hard else "soft")
    if rule.owner:
        clauses.append(f"owner {spelled(rule.owner)}")
    if rule.because:
        clauses.append(f"because {quoted(rule.because)}")
    return _INDENT.join([head, *clauses])


def _phrase(parameter: Parameter, value: str, kind: Kind) -> str:
    if parameter.type in LISTS:
        between = " or " if parameter.words.endswith(" is") else ", "
        said = between.join(spelled(name, kind) for name in value.split(","))
    elif parameter.type == "cents":
        said = f"{int(value) // 100}.{int(value) % 100:02d}"
    elif parameter.type == "text":
        said = spelled(value, kind)
    elif parameter.type == "share":
        said = value
    elif parameter.type == "seconds":
        said = span(int(value))
    else:
        said = f"{value}{unit_after(int(value), parameter)}"
    return f"{parameter.words} {said}".strip()


def _canonical(rule: Rule, kinds: Mapping[str, Kind]) -> Rule:
    if rule.kind not in kinds:
        raise ValueError(f"rule {rule.id}: there is no kind {rule.kind!r}; use one of {', '.join(kinds)}")
    known = {parameter.name: parameter for parameter in kinds[rule.kind].parameters}
    given: dict[str, str] = {}
    for name, value in rule.parameters:
        where = f"rule {rule.id} ({rule.kind}): {name}"
        if name not in known or name in given:
            raise ValueError(f"{where} {'stands twice' if name in given else 'is no parameter of this kind'}")
        spelling = _SPELLED[known[name].type](value) if known[name].type in _SPELLED else _list(value)
        if not spelling:
            raise ValueError(f"{where} is {value!r}, which cannot be written as {known[name].type}")
        given[name] = spelling
    return replace(rule, parameters=tuple((name, given[name]) for name in known if name in given))


def _list(value: str) -> str:
    return ",".join(filter(None, (name.strip() for name in value.split(","))))


def _whole(value: str) -> str:
    return str(int(value)) if re.fullmatch(r"\s*[0-9]{1,18}\s*", value) else ""


def share(value: str) -> str:
    """A share in plain digits, such as 0.9; empty where it is none."""
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return ""
    if not number.is_finite() or not 0 <= number <= 1:
        return ""
    plain = f"{number:f}"
    return (plain.rstrip("0").rstrip(".") or "0") if "." in plain else str(int(number))


_SPELLED: Final[dict[str, Callable[[str], str]]] = {
    "whole": _whole,
    "count": _whole,
    "cents": _whole,
    "seconds": _whole,
    "share": share,
    "text": str.strip,
}
