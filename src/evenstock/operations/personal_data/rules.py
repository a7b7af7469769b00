"""How long personal data are kept, and where they must stay, by country of destination; a place for these books.

Without a rule nothing is erased by its age and nothing is held back: an upgrade forgets nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.ports import Entry, Store, StoreError, Transaction

KIND: Final = "personal_rule"
PLACE: Final = "personal_place"
EVERYWHERE: Final = "*"
"""The rule of every country that has none of its own."""
ADVISED_DAYS: Final = 400
"""A year of seasons, and the month in which a return or a disputed payment may still come."""
_HERE: Final = "books"
_LONGEST: Final = 36_500


class LeavesError(StoreError):
    """Personal data would leave the place where a rule keeps them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the orders of one country."""

    country: str
    """ISO 3166-1 alpha-2, or `*`."""
    orders_days: int | None = None
    """An order's person is forgotten so many days after it was placed; None: never by age."""
    only_in: str = ""
    """Name of the place that personal data must not leave; empty: they may."""
    by: str = ""
    because: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{2}|\*", self.country):
            raise ValueError(f"{self.country!r}: a country is two capital letters (ISO 3166-1), or * for all others")
        if self.orders_days is not None and not 1 <= self.orders_days <= _LONGEST:
            raise ValueError(
                f"{self.country}: personal data are kept for 1 to {_LONGEST:,} days, not {self.orders_days}"
            )
        if self.orders_days is None and not self.only_in:
            raise ValueError(f"{self.country}: a rule says for how many days, or where data stay, or both")

    def document(self) -> dict[str, Any]:
        return {
            "country": self.country,
            "orders_days": self.orders_days,
            "only_in": self.only_in,
            "by": self.by,
            "because": self.because,
        }


def set_rule(store: Store, rule: Rule, now: datetime) -> None:
    """In place of the country's rule before."""
    with store.transaction() as books:
        _put(books, KIND, rule.country, {**rule.document(), "at": rfc3339(now)})


def drop_rule(store: Store, country: str) -> bool:
    with store.transaction() as books:
        return books.remove_entry(KIND, country)


def rules(books: Transaction) -> dict[str, Rule]:
    """Every rule by its country."""
    return {entry.id: _rule(entry.body) for entry in books.entries(KIND)}


def rule_for(books: Transaction, country: str) -> Rule | None:
    every = rules(books)
    return every.get(country) or every.get(EVERYWHERE)


def set_place(store: Store, name: str, by: str, now: datetime) -> None:
    """Say where these books lie, in words of the company such as `EU`. Raises ValueError for no word."""
    if not re.fullmatch(r"\S{1,100}", name):
        raise ValueError("a place is one word, such as EU")
    with store.transaction() as books:
        _put(books, PLACE, _HERE, {"name": name, "by": by, "at": rfc3339(now)})


def place(books: Transaction) -> str:
    """Where these books lie; empty where nobody said."""
    found = books.entry(PLACE, _HERE)
    return str(found.body["name"]) if found is not None else ""


def out_of_place(books: Transaction) -> list[str]:
    """Rules that these books break by lying where they lie: one database is in one place, whatever a rule says."""
    here = place(books)
    return [
        f"{country}: personal data are to stay in {rule.only_in}, and these books lie in {here}: route its orders in a "
        "deployment of their own there"
        for country, rule in sorted(rules(books).items())
        if rule.only_in and here and rule.only_in != here
    ]


def require_staying(books: Transaction, country: str, to: str) -> None:
    """Raise LeavesError where a rule keeps the country's personal data in another place than `to`, the place they go to."""
    rule = rule_for(books, country)
    if rule is not None and rule.only_in and rule.only_in != to:
        where = f"to {to}" if to else "to a place that was not named"
        why = f": {rule.because}" if rule.because else ""
        raise LeavesError(
            f"personal data of {country} must stay in {rule.only_in}, and would go {where}{why}; say that the copy stays "
            "there, or hand it over there"
        )


def _put(books: Transaction, kind: str, name: str, body: Mapping[str, Any]) -> None:
    seen = books.entry(kind, name)
    if seen is None:
        books.enter(Entry(kind, name, body))
    else:
        books.change_entry(seen.step, Entry(kind, name, body, seen.step + 1))


def _rule(body: Mapping[str, Any]) -> Rule:
    return Rule(body["country"], body["orders_days"], body["only_in"], body["by"], body["because"])
