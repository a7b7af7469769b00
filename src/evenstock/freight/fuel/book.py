"""Every carrier's fuel surcharge on any day, with where it comes from."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.freight.fuel.rule import DAYS_A_WEEK, FuelRule
from evenstock.freight.rows import refuse, rows, whole

Dated = tuple[Sequence[date], Sequence[int]]
"""Days in their order, and a number for each."""
Version = tuple[date, tuple[Sequence[int], Sequence[int]]]
"""First day of a table's version; lower ends of its rows, inclusive and increasing, and the basis points of each."""
POSTED_DAYS: Final = 31
"""Carriers post every week, or every month: one that has no end and is older has probably been followed by another."""
SLACK_DAYS: Final = 3
"""A price dated at most so many days late, after a holiday, is no missing one: the week before it counts as usual."""


@dataclass(frozen=True, slots=True)
class FuelRate:
    """A surcharge, and how it came about."""

    bp: int
    """Basis points of what it is charged on."""
    mills: int | None = None
    """Price of fuel it was read with, rounded as the rule says, in thousandths a gallon; None where it was posted."""
    index_day: date | None = None
    """Day of that price."""
    table_from: date | None = None
    """First day of the version of the table that was read."""
    stale: str = ""
    """One sentence where a price or a table is missing and an older one was taken, else empty."""
    because: str = ""
    """Where it was posted, for one that the carrier posted against its rule."""


@dataclass(frozen=True, slots=True)
class Override:
    """A surcharge as posted, from a day on; until the next or its last day."""

    valid_from: date
    valid_to: date | None
    bp: int
    because: str


class FuelBook:
    """Rules, tables by version, prices and what was posted; what is asked once is remembered."""

    def __init__(
        self,
        rules: Mapping[str, FuelRule],
        versions: Mapping[str, Sequence[Version]],
        prices: Mapping[tuple[str, str], Dated],
        overrides: Mapping[str, Sequence[Override]],
    ) -> None:
        self._rules = dict(rules)
        self._versions = {name: list(of) for name, of in versions.items()}
        self._prices = dict(prices)
        self._overrides = {name: list(of) for name, of in overrides.items()}
        self._step = {key: _usual_step(days) for key, (days, _) in self._prices.items()}
        self._known: dict[tuple[str, date], FuelRate] = {}

    @classmethod
    def from_frames(
        cls,
        *,
        fuel_rules: pl.DataFrame | None = None,
        fuel_tables: pl.DataFrame | None = None,
        fuel_index: pl.DataFrame | None = None,
        fuel_overrides: pl.DataFrame | None = None,
    ) -> FuelBook:
        """Read frames in the shapes of `evenstock.tables`; columns with a default may be left out.

        Raises
        ------
        ValueError
            With every problem: a rule without its table or without any price, a cell that cannot be right, a row that
            stands twice, an override of a rule that is not there.
        """
        problems: list[str] = []
        rules = _rules(fuel_rules, problems)
        versions = _versions(fuel_tables, problems)
        prices = _prices(fuel_index, problems)
        overrides = _overrides(fuel_overrides, rules, problems)
        for name, rule in rules.items():
            if rule.fuel_table not in versions:
                problems.append(
                    f"fuel_rules {name}: fuel_table {rule.fuel_table!r} has no row in fuel_tables; add them"
                )
            if (rule.fuel_index, rule.region) not in prices:
                problems.append(
                    f"fuel_rules {name}: fuel_index has no price of {rule.fuel_index} in {rule.region}; import it"
                )
        refuse(problems)
        return cls(rules, versions, prices, overrides)

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules, sorted."""
        return tuple(sorted(self._rules))

    def rate(self, rule: str, on: date) -> FuelRate:
        """The surcharge that a rule gives on a day; what the carrier posted wins over it.

        Where weeks of the index are missing the last known price counts, and `stale` says so; so it does where the day
        lies before the first price or the first version of the table.

        Raises
        ------
        ValueError
            If there is no such rule.

        Examples
        --------
        FedEx Ground: $3.40 a gallon was 14 % by the table until 2024-05-05 and 15 % by the one from the 6th on.

        >>> book = FuelBook.from_frames(
        ...     fuel_rules=pl.DataFrame({"rule": ["fedex ground"], "fuel_index": ["diesel"], "lag_days": [7],
        ...                              "fuel_table": ["fedex ground"]}),
        ...     fuel_tables=pl.DataFrame({"fuel_table": ["fedex ground"] * 2, "at_least_mills": [3370, 3370],
        ...                               "valid_from": [date(2023, 1, 2), date(2024, 5, 6)], "fuel_bp": [1400, 1500]}),
        ...     fuel_index=pl.DataFrame({"fuel_index": ["diesel"] * 2, "region": ["US"] * 2, "mills": [3400, 3400],
        ...                              "date": [date(2024, 4, 22), date(2024, 4, 29)]}))
        >>> [book.rate("fedex ground", day).bp for day in (date(2024, 5, 5), date(2024, 5, 6))]
        [1400, 1500]
        """
        key = rule, on
        if key not in self._known:
            if rule not in self._rules:
                raise ValueError(f"no fuel rule is named {rule!r}; fuel_rules has {', '.join(self.rules) or 'none'}")
            self._known[key] = self._posted(rule, on) or self._by_rule(self._rules[rule], on)
        return self._known[key]

    def _posted(self, rule: str, on: date) -> FuelRate | None:
        begun = [posted for posted in self._overrides.get(rule, ()) if posted.valid_from <= on]
        if not begun or (begun[-1].valid_to is not None and on > begun[-1].valid_to):
            return None
        posted, said = begun[-1], ""
        if posted.valid_to is None and (on - posted.valid_from).days > POSTED_DAYS:
            said = f"fuel {rule}: what was posted on {posted.valid_from} is still taken; import what followed, or say when it ended"
        return FuelRate(posted.bp, stale=said, because=posted.because or f"posted from {posted.valid_from}")

    def _by_rule(self, rule: FuelRule, on: date) -> FuelRate:
        index, (days, mills) = (rule.fuel_index, rule.region), self._prices[rule.fuel_index, rule.region]
        wanted = rule.index_day(on)
        at = max(bisect_right(days, wanted) - 1, 0)
        price = rule.rounded(mills[at])
        versions = self._versions[rule.fuel_table]
        which = max(bisect_right([begins for begins, _ in versions], on) - 1, 0)
        begins, (least, bp) = versions[which]
        row = bisect_right(least, price) - 1
        said = _price_said(index, days, at, wanted, self._step[index]) or _table_said(
            rule.fuel_table, begins, least, price, on
        )
        return FuelRate(
            bp[row] if row >= 0 else 0, price, days[at], begins, f"fuel {rule.rule}: {said}" if said else ""
        )


def _price_said(index: tuple[str, str], days: Sequence[date], at: int, wanted: date, step: int) -> str:
    """What is wrong about the price of a day when one is wanted, in words; empty where it is the right one."""
    name = " in ".join(index)
    if days[at] > wanted:
        return f"no price of {name} is known for {wanted}; that of {days[at]} is used"
    if (wanted - days[at]).days >= step and not _late(days[at + 1 :], wanted):
        return f"the price of {name} for {wanted} is missing; the last known, of {days[at]}, is used"
    return ""


def _table_said(table: str, begins: date, least: Sequence[int], price: int, on: date) -> str:
    """What is wrong about a version of a table on a day, in words: it begins later, or its rows do not reach the price."""
    if begins > on:
        return f"its table {table} begins on {begins}, after {on}; it is used all the same"
    if price < least[0]:
        return f"its table {table} begins at {least[0]} thousandths a gallon, above {price}; nothing is charged, add its lower rows"
    if len(least) > 1 and price >= 2 * least[-1] - least[-2]:
        return f"its table {table} ends at {least[-1]} thousandths a gallon, below {price}; its last row is taken, add the next"
    return ""


def _late(later: Sequence[date], wanted: date) -> bool:
    """Whether the price of a day was published some days after it."""
    return bool(later) and (later[0] - wanted).days <= SLACK_DAYS


def _usual_step(days: Sequence[date]) -> int:
    """Days between publications: the most common distance, a week where there is one price alone.

    Examples
    --------
    A week was lost between the second and the third price.

    >>> _usual_step([date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 26), date(2026, 2, 2)])
    7
    """
    steps = Counter((later - earlier).days for earlier, later in pairwise(days))
    return min(steps, key=lambda step: (-steps[step], step)) if steps else DAYS_A_WEEK


def _rules(frame: pl.DataFrame | None, problems: list[str]) -> dict[str, FuelRule]:
    found: dict[str, FuelRule] = {}
    for row, values in rows(frame, tables.FuelRules, "fuel_rules", problems):
        where = f"fuel_rules row {row}, {values['rule']}"
        if values["rule"] in found:
            problems.append(f"{where}: stands twice; keep one")
        weekday = whole(values["effective_weekday"], f"{where}: effective_weekday", 0, problems)
        if weekday > DAYS_A_WEEK:
            problems.append(f"{where}: effective_weekday is {weekday}; Monday is 1, Sunday 7, a month's first 0")
        found[values["rule"]] = FuelRule(
            values["rule"],
            values["fuel_index"],
            values["region"],
            whole(values["lag_days"], f"{where}: lag_days", 0, problems),
            weekday,
            whole(values["rounding_mills"], f"{where}: rounding_mills", 1, problems),
            values["fuel_table"],
        )
    return found


def _versions(frame: pl.DataFrame | None, problems: list[str]) -> dict[str, list[Version]]:
    """By table, oldest version first."""
    found: dict[str, dict[date, dict[int, int]]] = {}
    for row, values in rows(frame, tables.FuelTables, "fuel_tables", problems):
        where = f"fuel_tables row {row}, {values['fuel_table']} from {values['valid_from']}"
        least = whole(values["at_least_mills"], f"{where}: at_least_mills", 0, problems)
        bp = whole(values["fuel_bp"], f"{where}: fuel_bp", 0, problems)
        version = found.setdefault(values["fuel_table"], {}).setdefault(values["valid_from"], {})
        if least in version:
            problems.append(f"{where}: two rows begin at {least} thousandths a gallon; keep one")
        version[least] = bp
    return {
        name: [(begins, (sorted(of), [of[least] for least in sorted(of)])) for begins, of in sorted(versions.items())]
        for name, versions in found.items()
    }


def _prices(frame: pl.DataFrame | None, problems: list[str]) -> dict[tuple[str, str], Dated]:
    found: dict[tuple[str, str], dict[date, int]] = {}
    for row, values in rows(frame, tables.FuelIndex, "fuel_index", problems):
        key = values["fuel_index"], values["region"]
        where = f"fuel_index row {row}, {key[0]} in {key[1]} on {values['date']}"
        mills = whole(values["mills"], f"{where}: mills", 1, problems)
        if found.setdefault(key, {}).setdefault(values["date"], mills) != mills:
            problems.append(f"{where}: is both {found[key][values['date']]} and {mills}; keep one")
    return {key: (sorted(of), [of[day] for day in sorted(of)]) for key, of in found.items()}


def _overrides(
    frame: pl.DataFrame | None, rules: Mapping[str, FuelRule], problems: list[str]
) -> dict[str, list[Override]]:
    found: dict[str, dict[date, Override]] = {}
    for row, values in rows(frame, tables.FuelOverrides, "fuel_overrides", problems):
        where = f"fuel_overrides row {row}, {values['rule']} from {values['valid_from']}"
        if values["rule"] not in rules:
            problems.append(f"{where}: fuel_rules has no such rule; add it")
        if values["valid_to"] is not None and values["valid_to"] < values["valid_from"]:
            problems.append(f"{where}: ends on {values['valid_to']}, before it begins")
        posted = found.setdefault(values["rule"], {})
        if values["valid_from"] in posted:
            problems.append(f"{where}: stands twice; keep one")
        bp = whole(values["fuel_bp"], f"{where}: fuel_bp", 0, problems)
        posted[values["valid_from"]] = Override(values["valid_from"], values["valid_to"], bp, values["because"])
    return {name: [of[day] for day in sorted(of)] for name, of in found.items()}
