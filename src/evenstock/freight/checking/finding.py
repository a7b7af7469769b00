"""What is wrong with a rate table, or doubtful, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One cell, row or table that must not serve, or must not before a person has looked.

    Examples
    --------
    >>> print(Finding("rates", "row 7, ups:ground from 2026-01-01 zone 4 up to 907 g, cents", "0", "a parcel would go free",
    ...               "write the charge"))
    rates row 7, ups:ground from 2026-01-01 zone 4 up to 907 g, cents 0: a parcel would go free; write the charge
    """

    table: str
    where: str
    """Row, key and column, in words; empty for the whole table."""
    value: str
    what: str
    fix: str
    doubtful: bool = False
    """Lawful, and a person may accept it with a reason; else it is wrong and nobody can."""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.table, self.where, self.value) if part)
        return f"{place}: {self.what}; {self.fix}"
