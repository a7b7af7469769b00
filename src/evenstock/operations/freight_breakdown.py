"""A freight price line by line, as the carrier reckons it: every line in cents and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenstock.domain import Cents, CostTerm
from evenstock.freight.ltl import LtlQuote
from evenstock.freight.ltl.contract import Contract, share_cents
from evenstock.freight.truckload import TruckloadRate


@dataclass(frozen=True, slots=True)
class FreightLine:
    """One line; those of an offer add up to its cents."""

    name: str
    cents: Cents
    because: str
    """Where it comes from, in words."""


def shared_lines(contract: Contract, quote: LtlQuote, fuel_bp: int) -> tuple[FreightLine, ...]:
    """Tariff, discount, what lifts it to a minimum, fuel, accessorials.

    Examples
    --------
    450 lb of class 100 rated as 500 lb at 480.00 in all; less 65 % 168.00, of which 27 % are fuel.

    >>> from datetime import date
    >>> from evenstock.freight.ltl.rating import BaseCharge, charge
    >>> contract, base = Contract("saia:ltl", date(2026, 1, 1), "base500", 6_500), BaseCharge(48_000, 500, 50)
    >>> quote = LtlQuote("saia:ltl", (("100", 450),), base, 4, charge(contract, base, 4, 2_700, {}))
    >>> for line in shared_lines(contract, quote, 2_700):
    ...     print(line.name, line.cents, line.because)
    tariff 48000 450 lb of class 100 by tariff base500 at the rates from 500 lb on, 50 lb of them deficit weight
    discount -31200 65 % of the tariff
    fuel 4536 27 % of 168.00
    """
    weights = ", ".join(f"{pounds:,} lb of class {name}" for name, pounds in quote.classes)
    rates = f"by tariff {contract.tariff} at the rates from {quote.base.at_least_lb:,} lb on"
    deficit = f", {quote.base.deficit_lb:,} lb of them deficit weight" if quote.base.deficit_lb else ""
    lines = [FreightLine("tariff", Cents(quote.base.cents), f"{weights} {rates}{deficit}")]
    discounted = share_cents(quote.base.cents, 10_000 - contract.discount_bp)
    if contract.discount_bp:
        off = Cents(discounted - quote.base.cents)
        lines.append(FreightLine("discount", off, f"{_percent(contract.discount_bp)} of the tariff"))
    net = next(term.cents for term in quote.terms if term.name == "linehaul")
    if net > discounted:
        by_feet = f"{quote.feet} ft of trailer at {contract.linear_foot_cents / 100:,.2f}"
        least = "the contract's minimum" if net == contract.minimum_cents else by_feet
        lines.append(FreightLine("to the least", Cents(net - discounted), f"to {least}, {net / 100:,.2f}"))
    for term in quote.terms:
        if term.name == "fuel":
            rule = f" by rule {contract.fuel_rule}" if contract.fuel_rule else ""
            lines.append(FreightLine("fuel", term.cents, f"{_percent(fuel_bp)} of {net / 100:,.2f}{rule}"))
        elif term.name != "linehaul":
            lines.append(_asked(term, 1))
    return tuple(lines)


def truck_lines(rate: TruckloadRate, miles: int, trucks: int, terms: Sequence[CostTerm]) -> tuple[FreightLine, ...]:
    """Linehaul, fuel and accessorials of whole trucks."""
    run = f"{trucks} {'truck' if trucks == 1 else 'trucks'} x"
    by_mile = f"{run} {miles:,} road miles at"
    least = miles * rate.mile_cents < rate.minimum_cents
    words = {
        "linehaul": f"{run} the least of a truck, {rate.minimum_cents / 100:,.2f}" if least else f"{by_mile} {rate.mile_cents / 100:,.2f}",
        "fuel": f"{by_mile} {rate.fuel_mile_cents / 100:,.2f}",
    }  # fmt: skip
    return tuple(
        FreightLine(term.name, term.cents, words[term.name]) if term.name in words else _asked(term, trucks)
        for term in terms
    )


def _asked(term: CostTerm, times: int) -> FreightLine:
    each = f", {times} x {term.cents / times / 100:,.2f}" if times > 1 else ""
    return FreightLine(term.name, term.cents, f"accessorial asked for{each}")


def _percent(share_bp: int) -> str:
    return f"{share_bp / 100:g} %"
