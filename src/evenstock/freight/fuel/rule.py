"""Which day's price of fuel a carrier looks at, and how it rounds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

DAYS_A_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class FuelRule:
    """A row of `tables.FuelRules`: the index, how late it counts, when the surcharge changes, and its table."""

    rule: str
    fuel_index: str
    region: str
    lag_days: int
    effective_weekday: int
    """Monday 1 to Sunday 7; 0 where the surcharge changes on the first of a month."""
    rounding_mills: int
    fuel_table: str

    def effective(self, on: date) -> date:
        """First day of the surcharge that holds on a day.

        Examples
        --------
        UPS changes its ground surcharge on Mondays: Wednesday 2017-02-08 has that of Monday the 6th.

        >>> ups = FuelRule("ups ground", "diesel", "US", 14, 1, 10, "ups ground")
        >>> ups.effective(date(2017, 2, 8)).isoformat()
        '2017-02-06'
        """
        if not self.effective_weekday:
            return on.replace(day=1)
        return on - timedelta((on.isoweekday() - self.effective_weekday) % DAYS_A_WEEK)

    def index_day(self, on: date) -> date:
        """Last day whose published price counts.

        Examples
        --------
        UPS looks two weeks back: the week of 2017-02-06 has the price of 2017-01-23.

        >>> ups = FuelRule("ups ground", "diesel", "US", 14, 1, 10, "ups ground")
        >>> ups.index_day(date(2017, 2, 8)).isoformat()
        '2017-01-23'
        """
        return self.effective(on) - timedelta(self.lag_days)

    def rounded(self, mills: int) -> int:
        """The price as the table is read with it, half up.

        Examples
        --------
        $2.569 a gallon to the cent is $2.57; $2.565, too.

        >>> ups = FuelRule("ups ground", "diesel", "US", 14, 1, 10, "ups ground")
        >>> ups.rounded(2_569), ups.rounded(2_565), ups.rounded(2_564)
        (2570, 2570, 2560)
        """
        step = self.rounding_mills
        return (2 * mills + step) // (2 * step) * step
