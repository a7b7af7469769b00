"""Foreign money in ours, by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.freight.rows import refuse, rows, whole

OURS: Final = "USD"
"""ISO 4217 code of the network's currency."""
MILLION: Final = 1_000_000
EXPECTED_DAYS: Final = 35
"""An exchange rate older than this is flagged: companies set theirs once a month."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a foreign unit is worth on a day."""

    micros: int
    """Millionths of our currency for one of theirs."""
    day: date | None = None
    """First day it counted; None for our own money."""
    stale: str = ""
    """One sentence where it is old, or begins only later."""

    def cents(self, theirs: int) -> int:
        """Their cents in ours, rounded half up.

        Examples
        --------
        CA$ 12.34 at 0.7305 are 9.01437, hence 9.01.

        >>> Exchange(730_500).cents(1_234)
        901
        """
        return (theirs * self.micros + MILLION // 2) // MILLION


class ExchangeBook:
    """Rates of exchange by currency and day."""

    def __init__(self, rates: Mapping[str, tuple[Sequence[date], Sequence[int]]] | None = None) -> None:
        self._rates = dict(rates or {})

    @classmethod
    def from_frame(cls, exchange_rates: pl.DataFrame | None) -> ExchangeBook:
        """Read a frame in the shape of `tables.ExchangeRates`.

        Raises
        ------
        ValueError
            With every cell that cannot be right, and every day that has two rates.
        """
        problems: list[str] = []
        found: dict[str, dict[date, int]] = {}
        for row, values in rows(exchange_rates, tables.ExchangeRates, "exchange_rates", problems):
            where = f"exchange_rates row {row}, {values['currency']} from {values['date']}"
            micros = whole(values["micros"], f"{where}: micros", 1, problems)
            if values["currency"] == OURS and micros != MILLION:
                problems.append(f"{where}: {OURS} is our own currency, worth {MILLION} millionths; leave the row out")
            if found.setdefault(values["currency"], {}).setdefault(values["date"], micros) != micros:
                known = found[values["currency"]][values["date"]]
                problems.append(f"{where}: is both {known} and {micros} millionths; keep one")
        refuse(problems)
        return cls({code: (sorted(of), [of[day] for day in sorted(of)]) for code, of in found.items()})

    def knows(self, currency: str) -> bool:
        return currency == OURS or currency in self._rates

    def on(self, currency: str, day: date) -> Exchange:
        """The rate of a day: the latest that began on or before it, else the first there is.

        Raises
        ------
        ValueError
            If there is none for the currency.
        """
        if currency == OURS:
            return Exchange(MILLION)
        if currency not in self._rates:
            raise ValueError(f"exchange_rates has no row for {currency}; add one")
        days, micros = self._rates[currency]
        at = max(bisect_right(days, day) - 1, 0)
        said, age = "", (day - days[at]).days
        if age < 0:
            said = f"exchange of {currency}: no rate is known before {days[at]}; it is used all the same"
        elif age > EXPECTED_DAYS:
            said = f"exchange of {currency}: the last rate is {age} days old; import this month's"
        return Exchange(micros[at], days[at], said)
