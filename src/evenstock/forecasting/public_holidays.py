"""Public holidays of the countries that the nodes stand in, as events."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import polars as pl

_EVENTS: Final = {"date": pl.Date, "event": pl.String, "node": pl.String}
_BETWEEN: Final = "; "
"""What the package writes between the names of two holidays on one day."""
_NOTE: Final = re.compile(r"\s*\((?!observed\))[^)]*\)$")
"""A remark that differs from year to year, such as (estimated) or the day that is made up for; `(observed)` is none."""
_SHORTEST: Final = 5


def events(nodes: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """`tables.Events` of the public holidays from `first` to `last`, by date, name and node.

    Names are English where the package has them, and the same each year. A day off in lieu has a name of its own, such as
    `Independence Day (observed)`: people buy otherwise on it than on the day itself. A holiday of all nodes is one row
    with an empty node.

    Parameters
    ----------
    nodes
        Columns `node`, `country` (ISO 3166-1 alpha-2) and, if wanted, `subdivision` (its ISO 3166-2 part, such as TX; empty
        for the country's own holidays only).
    first, last
        Both within the days asked for; days ahead belong in it.

    Raises
    ------
    ImportError
        If the package `holidays` is not installed.
    ValueError
        If a node's country or subdivision is unknown, or `last` lies before `first`.

    Examples
    --------
    >>> nodes = pl.DataFrame({"node": ["TX", "PA"], "country": ["US", "US"]})
    >>> events(nodes, date(2026, 7, 1), date(2026, 7, 31)).rows()
    [(datetime.date(2026, 7, 3), 'Independence Day (observed)', ''), (datetime.date(2026, 7, 4), 'Independence Day', '')]
    """
    if last < first:
        raise ValueError(f"the last day, {last}, lies before the first, {first}")
    if "subdivision" not in nodes.columns:
        nodes = nodes.with_columns(subdivision=pl.lit(""))
    where = nodes.select("node", "country", pl.col("subdivision").fill_null("")).sort("node")
    calendars: dict[tuple[str, str], list[tuple[date, str]]] = {}
    rows = []
    for node, country, subdivision in where.iter_rows():
        if (country, subdivision) not in calendars:
            calendars[country, subdivision] = _calendar(node, country, subdivision, first, last)
        rows += [(day, name, node) for day, name in calendars[country, subdivision]]
    found = pl.DataFrame(rows, schema=_EVENTS, orient="row").unique()
    everywhere = pl.len().over("date", "event") == where.height
    return (
        found.with_columns(node=pl.when(everywhere).then(pl.lit("")).otherwise("node"))
        .unique()
        .sort("date", "event", "node")
    )


def with_own(own: pl.DataFrame, holidays: pl.DataFrame) -> pl.DataFrame:
    """Events of a company with the public holidays it does not name itself, by date, name and node.

    A holiday gives way to an own event of the same day at its node whose name says the same, in whatever spelling
    (`Thanksgiving` and `Thanksgiving Day`). An own event of another name, such as a payday, stands beside it.

    Examples
    --------
    >>> day = date(2026, 11, 26)
    >>> own = pl.DataFrame({"date": [day, day], "event": ["thanksgiving", "payday"], "node": ["", ""]})
    >>> public = pl.DataFrame({"date": [day, date(2026, 12, 25)], "event": ["Thanksgiving Day", "Christmas Day"], "node": ["", ""]})
    >>> with_own(own, public)["event"].to_list()
    ['payday', 'thanksgiving', 'Christmas Day']
    """
    own = own if "node" in own.columns else own.with_columns(node=pl.lit(""))
    named: dict[date, list[tuple[str, str]]] = {}
    for day, name, node in own.select("date", "event", "node").iter_rows():
        named.setdefault(day, []).append((_plain(name), node))
    kept = [
        row
        for row in holidays.select("date", "event", "node").iter_rows()
        if not any(_same(_plain(row[1]), name) and node in ("", row[2]) for name, node in named.get(row[0], ()))
    ]
    public = pl.DataFrame(kept, schema=_EVENTS, orient="row")
    return pl.concat([own.select(public.columns), public]).unique().sort("date", "event", "node")


def _calendar(node: str, country: str, subdivision: str, first: date, last: date) -> list[tuple[date, str]]:
    try:
        import holidays  # an extra: whoever brings a calendar of their own does without
    except ImportError as error:
        raise ImportError("public holidays need the package holidays: pip install 'evenstock[forecasting]'") from error
    # A year more at each end: a day off in lieu can fall into the year before or after its own.
    years = range(first.year - 1, last.year + 2)
    try:
        known = holidays.country_holidays(country, subdiv=subdivision or None)
        english = next((said for said in known.supported_languages if said.startswith("en")), None)
        days = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=english)
    except NotImplementedError as error:
        place = f"{country}-{subdivision}" if subdivision else country
        raise ValueError(
            f"node {node}: there are no public holidays for {place} ({error}); correct it, or bring events of your own"
        ) from error
    return sorted(
        {
            (day, _NOTE.sub("", name).strip())
            for day, names in days.items()
            for name in names.split(_BETWEEN)
            if first <= day <= last
        }
    )


def _plain(name: str) -> str:
    """Letters only, in small ones, without the word day.

    Examples
    --------
    >>> _plain("New Year's Day"), _plain("NewYear")
    ('newyear', 'newyear')
    """
    letters = re.sub(r"[^\w]|\d|_", "", re.sub(r"['’]s\b", "", name.casefold()))
    return letters.removesuffix("day")


def _same(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= _SHORTEST and (one in other or other in one))
