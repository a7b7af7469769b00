"""What a carrier's contract makes of a tariff, from a day on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.freight.cells import ROW, checked
from evenstock.freight.ltl.density import CLASSES

EXPECTED_DAYS: Final = 400
"""Carriers raise their rates once a year: a contract older than this probably has a successor nobody imported."""


def share_cents(cents: int, share_bp: int) -> int:
    """A share in basis points, rounded half up to a whole cent.

    Examples
    --------
    27 % of 168.00 is 45.36; 50 % of 0.05 is two and a half cents, hence three.

    >>> share_cents(16_800, 2_700), share_cents(5, 5_000)
    (4536, 3)
    """
    return (cents * share_bp + 5_000) // 10_000


@dataclass(frozen=True, slots=True)
class Contract:
    """The terms of one service from `valid_from` on."""

    service: str
    valid_from: date
    tariff: str
    discount_bp: int = 0
    minimum_cents: int = 0
    """Absolute minimum charge of a shipment, before fuel."""
    fak_class: str = ""
    """One class for all goods (freight all kinds); empty rates each line by its own."""
    fuel_bp: int = 0
    fuel_rule: str = ""
    """Rule of the fuel book that sets the surcharge instead of `fuel_bp`."""
    linear_feet: int = 0
    """Feet of trailer from which the linear-foot rule holds; 0 for none."""
    linear_foot_cents: int = 0
    """Least net linehaul for each foot then."""

    def net_cents(self, base_cents: int, feet: int = 0) -> int:
        """Net linehaul of a tariff charge: after the discount, at least the minimum, at least what its feet cost.

        The discount is rounded half up to a whole cent, once.

        Examples
        --------
        480.00 less 65 % is 168.00; 200.00 less 65 % is 70.00, but the minimum is 90.00; 14 ft at 30.00 are 420.00.

        >>> terms = Contract("saia:ltl", date(2026, 1, 1), "base500", 6_500, 9_000, linear_feet=12, linear_foot_cents=3_000)
        >>> terms.net_cents(48_000), terms.net_cents(20_000), terms.net_cents(48_000, feet=14)
        (16800, 9000, 42000)
        """
        net = share_cents(base_cents, 10_000 - self.discount_bp)
        by_feet = feet * self.linear_foot_cents if self.linear_feet and feet >= self.linear_feet else 0
        return max(net, self.minimum_cents, by_feet)

    def stale(self, on: date) -> str:
        """One sentence if the contract is probably out of date on this day, else empty."""
        age = (on - self.valid_from).days
        return f"{self.service}: its contract is {age} days old; ask for this year's" if age > EXPECTED_DAYS else ""


def contracts(ltl_contracts: pl.DataFrame, tariffs: Mapping[str, date], problems: list[str]) -> list[Contract]:
    """Contracts of a frame in the shape of `tables.LtlContracts`.

    `tariffs` says from when on each tariff is known: a contract that names another, or begins before its own, is a problem.
    """
    found = []
    for values in checked(ltl_contracts, tables.LtlContracts, "ltl_contracts", problems).iter_rows(named=True):
        row = values.pop(ROW)
        where = f"ltl_contracts row {row}, {values['service']} from {values['valid_from']}"
        if values["tariff"] not in tariffs:
            problems.append(f"{where}: ltl_tariffs has no tariff {values['tariff']!r}; add it")
        elif tariffs[values["tariff"]] > values["valid_from"]:
            problems.append(f"{where}: its tariff begins only on {tariffs[values['tariff']]}; add the edition before")
        if values["fak_class"] and values["fak_class"] not in CLASSES:
            problems.append(f"{where}: fak_class is {values['fak_class']!r}; use one of {', '.join(CLASSES)}")
        if values["linear_feet"] and not values["linear_foot_cents"]:
            problems.append(f"{where}: linear_foot_cents is 0, but the rule holds from {values['linear_feet']} ft")
        found.append(Contract(**values))
    return found
