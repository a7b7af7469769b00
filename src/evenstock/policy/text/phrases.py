"""Which words stand before a parameter's value, and which words must be quoted where they are names."""

from __future__ import annotations

import re
from typing import Final

from evenstock.policy.autonomy.conditions import ACTION_WHEN
from evenstock.policy.compiled import Kind
from evenstock.policy.conditions import WHEN
from evenstock.policy.parameters import Parameter
from evenstock.policy.text.lexer import ESCAPED

CLAUSES: Final = ("when", "from", "until", "soft", "hard", "owner", "because")
"""What may follow a rule's kind and its parameters."""
CONDITIONS: Final = (*WHEN, *ACTION_WHEN)
"""What may stand after `when`, of orders and items or of actions."""
LISTS: Final = frozenset(
    {
        "nodes",
        "services",
        "skus",
        "categories",
        "pools",
        "countries",
        "levels",
        "actions",
        "actors",
        "roles",
        "texts",
    }
)
"""Types whose value is a list of names."""
RESERVED: Final = frozenset({*CLAUSES, "rule", "policy", "and", "or", "not"})
_BARE: Final = re.compile(r"[\w.@/+*&%$()'-][\w.@/+*&%$()':-]*(?<!:)", re.ASCII)
_FIRST_WORDS: Final = frozenset(parameter.words.split()[0] for parameter in WHEN)


def own(kind: Kind) -> tuple[Parameter, ...]:
    """Parameters that stand beside the kind."""
    return tuple(parameter for parameter in kind.parameters if parameter not in CONDITIONS)


def conditions(kind: Kind) -> tuple[Parameter, ...]:
    """Parameters that stand after `when`."""
    return tuple(parameter for parameter in kind.parameters if parameter in CONDITIONS)


def spelled(name: str, kind: Kind | None = None) -> str:
    """A name as a text writes it: bare where that cannot be mistaken, else between quotes."""
    openings = {parameter.words.split()[0] for parameter in own(kind) if parameter.words} if kind else frozenset()
    if _BARE.fullmatch(name) and name not in RESERVED | _FIRST_WORDS | openings:
        return name
    return quoted(name)


def quoted(said: str) -> str:
    return f'"{"".join(ESCAPED.get(character, character) for character in said)}"'


def unit_after(count: int, parameter: Parameter) -> str:
    """A blank and the unit's word, in the singular for one; empty where it has none."""
    if not parameter.unit:
        return ""
    return f" {parameter.unit.removesuffix('s') if count == 1 else parameter.unit}"


SPANS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
"""How a span of time is written: a number and one of these, each in seconds."""


def span(seconds: int) -> str:
    """Seconds in the largest unit that says them exactly, such as 4h."""
    return next(
        f"{seconds // size}{letter}" for letter, size in SPANS if seconds % size == 0 and (seconds or size == 1)
    )
