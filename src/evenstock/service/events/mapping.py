"""Reads the bodies of other systems by rules kept with the source: each field of the event is found by a JMESPath expression.

Expressions look at `{"body": …, "headers": {…}}`, header names in small letters. The first rule whose `when` holds is taken; with
`each` it makes one event of every item of a list, and the other expressions look at `{"item": …, "body": …, "headers": …}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

MOST_RULES: Final = 50
MOST_EVENTS: Final = 10_000
"""Of one foreign body."""
_EXPRESSIONS: Final = ("when", "each", "id", "type", "time", "subject", "data")


class MappingError(ValueError):
    """A rule cannot be used, or a body does not give what a rule asks of it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready for use."""

    number: int
    when: ParsedResult | None
    each: ParsedResult | None
    id: ParsedResult | None
    type: ParsedResult | None
    time: ParsedResult | None
    subject: ParsedResult | None
    data: ParsedResult | None
    ignore: bool


def compiled(rules: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Rules made ready. Raises MappingError that names the rule and the expression."""
    if len(rules) > MOST_RULES:
        raise MappingError(f"at most {MOST_RULES} rules are taken, not {len(rules)}")
    return tuple(_rule(number, rule) for number, rule in enumerate(rules))


def events_of(rules: Sequence[Rule], body: Any, headers: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """The events a body tells, as CloudEvents without `specversion`; None where the rule says to ignore it.

    Raises MappingError where no rule takes the body, or a field of an event cannot be found.
    """
    whole = {"body": body, "headers": headers}
    for rule in rules:
        if rule.when is None or _holds(_search(rule, "when", rule.when, whole)):
            return None if rule.ignore else list(_events(rule, whole))
    raise MappingError(
        "no rule of the source's mapping takes this body; add one, or one that ignores it, and read it again"
    )


def _events(rule: Rule, whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if rule.each is None:
        yield _event(rule, whole, "")
        return
    items = _search(rule, "each", rule.each, whole)
    if not isinstance(items, list) or len(items) > MOST_EVENTS:
        raise MappingError(f"rule {rule.number}, each: a list of at most {MOST_EVENTS:,} items is needed")
    for place, item in enumerate(items):
        yield _event(rule, {**whole, "item": item}, f", item {place}")


def _event(rule: Rule, seen: dict[str, Any], where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("id", "type", "time", "subject", "data"):
        expression = getattr(rule, name)
        if expression is None:
            continue
        value = _search(rule, name, expression, seen, where)
        if value is None and name in ("time", "subject"):
            continue
        if name in ("id", "subject") and type(value) is int:
            value = str(value)
        if name == "data":
            if not isinstance(value, dict):
                raise MappingError(f"rule {rule.number}, data{where}: an object is needed; use {{sku: …, node: …}}")
            value = {key: one for key, one in value.items() if one is not None}
        elif not isinstance(value, str) or not value:
            raise MappingError(f"rule {rule.number}, {name}{where}: text is needed, and {_shown(value)} was found")
        found[name] = value
    return found


def _search(rule: Rule, name: str, expression: ParsedResult, seen: Any, where: str = "") -> Any:
    try:
        return expression.search(seen)
    except JMESPathError as error:
        raise MappingError(f"rule {rule.number}, {name}{where}: {str(error).splitlines()[0]}") from None


def _rule(number: int, said: Mapping[str, Any]) -> Rule:
    ignore = bool(said.get("ignore", False))
    parts = {name: _expression(number, name, said.get(name)) for name in _EXPRESSIONS}
    if not ignore and (parts["type"] is None or parts["data"] is None):
        raise MappingError(f"rule {number}: type and data are needed, or ignore")
    return Rule(number=number, ignore=ignore, **parts)


def _expression(number: int, name: str, text: str | None) -> ParsedResult | None:
    if not text:
        return None
    try:
        return _parsed(text)
    except JMESPathError as error:
        raise MappingError(f"rule {number}, {name}: {str(error).splitlines()[0]}") from None


@lru_cache(1_000)
def _parsed(text: str) -> ParsedResult:
    return jmespath.compile(text)


def _holds(value: Any) -> bool:
    # As JMESPath has it: 0 is true, what is empty is not.
    return not (value is None or value is False or value in ("", [], {}))


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"{type(value).__name__}"
