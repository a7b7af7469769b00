"""The parameters of a rule: typed, checked when the policy is loaded, never read again."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evenstock.domain import ActionKind, ActorKind, Role, Rule, ServiceLevel
from evenstock.policy.network import Network

_COUNTRY: Final = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a kind of rule.

    `type` is one of: `nodes`, `services`, `skus`, `categories`, `pools` (names that must exist), `countries`, `levels`
    (service levels of an order), `actions`, `actors`, `roles` (of autonomy), `texts` (lists separated by commas), `text`, `whole` (0 or more), `count` (1 or more),
    `cents` (0 or more), `seconds` (0 or more), `share` (from 0 to 1).
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    default: Any = None
    phrase: str | None = None
    """Words before the value where a rule is written as text: None for the name itself, empty where the value follows the kind."""
    unit: str = ""
    """Word that may follow the value there, such as `days`."""

    @property
    def words(self) -> str:
        """What stands before the value in a rule written as text."""
        return self.name.replace("_", " ") if self.phrase is None else self.phrase


class Given:
    """The parameters of one rule, read by type; a parameter left out is its default, or an empty list."""

    def __init__(self, rule: Rule, values: dict[str, Any]) -> None:
        self.rule = rule
        self._values = values

    def names(self, name: str) -> frozenset[str]:
        """A list."""
        return frozenset(self._values.get(name) or ())

    def listed(self, name: str) -> tuple[str, ...]:
        """A list in the order written."""
        return tuple(self._values.get(name) or ())

    def text(self, name: str) -> str:
        return str(self._values.get(name) or "")

    def whole(self, name: str) -> int:
        return int(self._values.get(name) or 0)

    def share(self, name: str) -> float:
        return float(self._values.get(name) or 0.0)

    def at_most(self, name: str) -> int | None:
        """A whole number, or None where it was left out."""
        value = self._values.get(name)
        return None if value is None else int(value)

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None


def read(rule: Rule, parameters: Sequence[Parameter], network: Network) -> tuple[Given, list[str]]:
    """The rule's parameters by type, and every problem: each names rule and parameter, and says what to do."""
    known = {parameter.name: parameter for parameter in parameters}
    problems: list[str] = []
    values: dict[str, Any] = {p.name: p.default for p in parameters if p.default is not None}
    seen: set[str] = set()
    for name, text in rule.parameters:
        where = f"rule {rule.id} ({rule.kind}): {name}"
        if name not in known:
            problems.append(f"{where} is no parameter of this kind; {_instead(name, known)}")
        elif name in seen:
            problems.append(f"{where} stands twice; keep one")
        else:
            value, wrong = _typed(text.strip(), known[name].type, network)
            values[name] = value
            if wrong:
                problems.append(f"{where} {wrong}")
        seen.add(name)
    problems += [
        f"rule {rule.id} ({rule.kind}): {p.name} is missing; give {p.meaning}"
        for p in parameters
        if p.required and p.name not in seen
    ]
    return Given(rule, values), problems


def _typed(text: str, type_: str, network: Network) -> tuple[Any, str]:
    """The value, and what is wrong with it, if anything."""
    match type_:
        case "whole" | "count" | "cents" | "seconds":
            least = 1 if type_ == "count" else 0
            whole = int(text) if re.fullmatch(r"-?\d{1,18}", text) else None
            wrong = (
                "" if whole is not None and whole >= least else f"is {text!r}; give a whole number of at least {least}"
            )
            return whole if not wrong else None, wrong
        case "share":
            return _share(text)
        case "text":
            return text, "" if text else "is empty; give a word"
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not names:
        return None, "is empty; give one or more names separated by commas"
    return names, _unknown(names, type_, network)


def _share(text: str) -> tuple[float | None, str]:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    return (share, "") if 0.0 <= share <= 1.0 else (None, f"is {text!r}; give a share from 0 to 1, such as 0.9")


def _unknown(names: Sequence[str], type_: str, network: Network) -> str:
    if type_ == "countries":
        wrong = [name for name in names if not _COUNTRY.fullmatch(name)]
        return f"names {', '.join(wrong)}; a country is two capitals, such as US" if wrong else ""
    there = _existing(type_, network)
    missing = [name for name in names if there is not None and name not in there]
    if there is None or not missing:
        return ""
    return f"names {', '.join(missing)}, which does not exist; {_instead(missing[0], there)}"


def _existing(type_: str, network: Network) -> Iterable[str] | None:
    """Names that exist, or None where any name may stand."""
    match type_:
        case "nodes":
            return frozenset(str(node.id) for node in network.nodes)
        case "pools":
            return frozenset(node.pool for node in network.nodes)
        case "skus":
            return frozenset(str(sku) for sku in network.items)
        case "categories":
            return frozenset(item.category for item in network.items.values() if item.category)
        case "services":
            return network.services or None
        case "levels":
            return frozenset(level.value for level in ServiceLevel if level.value)
        case "actions":
            return frozenset(map(str, ActionKind))
        case "actors":
            return frozenset(map(str, ActorKind))
        case "roles":
            return frozenset(map(str, Role))
        case _:
            return None


def _instead(name: str, known: Iterable[str]) -> str:
    """What the writer may have meant."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"there is {shown}" if names else "there is none"
