"""A policy from its table, and the policy of one who has none."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from evenstock import tables
from evenstock.domain import Policy, Rule


def from_frame(frame: pl.DataFrame, name: str = "policy") -> Policy:
    """Rules in the order of the rows of `tables.Rules`; kinds and parameters are checked when it is compiled.

    Raises
    ------
    ValueError
        If a column is missing, or a parameter is not written as name=value.
    """
    columns = tables.Rules.columns()
    lacking = [c for c in columns if c not in frame.columns and "default" not in (columns[c].metadata or {})]
    if lacking:
        raise ValueError(f"rules: column {', '.join(lacking)} is missing; the table needs {', '.join(columns)}")
    problems: list[str] = []
    rules = tuple(_rule(row, problems) for row in frame.iter_rows(named=True))
    if problems:
        raise ValueError("\n".join(problems))
    return Policy(name, rules)


def default_policy() -> Policy:
    """What holds where a company says nothing: the law of the trade, and two wishes.

    Wishes are given up from the last to the first, so that a fourth parcel comes before a late one.
    """
    return Policy(
        "default",
        (
            Rule("active", "active"),
            Rule("certification", "certification"),
            Rule("pool", "pool"),
            Rule("ceiling", "ceiling"),
            Rule("promise", "promise", (("min_probability", "0.9"),), hard=False),
            Rule("max_shipments", "max_shipments", (("shipments", "3"),), hard=False),
        ),
    )


def _rule(row: dict[str, Any], problems: list[str]) -> Rule:
    hard = row.get("hard")
    return Rule(
        row["rule"],
        row["kind"],
        _parameters(row["rule"], row.get("parameters") or "", problems),
        hard=True if hard is None else hard,
        valid_from=row.get("valid_from") or date.min,
        valid_to=row.get("valid_to") or date.max,
        because=row.get("because") or "",
        owner=row.get("owner") or "",
    )


def _parameters(rule: str, text: str, problems: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            problems.append(f"rule {rule}: {part!r} is no parameter; write name=value, several separated by ;")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)
