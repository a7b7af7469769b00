"""The book of less-than-truckload rates: tariffs, contracts and accessorials by day, and the readable price of a shipment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from evenstock.freight.accessorials import Accessorials
from evenstock.freight.fuel import FuelBook
from evenstock.freight.ltl.contract import Contract, contracts
from evenstock.freight.ltl.handling_units import HandlingUnits, linear_feet
from evenstock.freight.ltl.many import LtlTable
from evenstock.freight.ltl.rating import LtlQuote, base_charge, charge, pounds_by_class
from evenstock.freight.ltl.tariff import Areas, Edition, editions, lane_of
from evenstock.freight.rows import refuse


@dataclass(frozen=True, slots=True)
class NoQuote:
    """A service that cannot be priced for a shipment, and why."""

    service: str
    because: str


class LtlBook:
    """Every service's contract on any day."""

    def __init__(
        self,
        tariffs: Iterable[Edition],
        terms: Iterable[Contract],
        accessorials: Accessorials,
        fuel: FuelBook | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._editions: dict[str, list[Edition]] = {}
        for edition in sorted(tariffs, key=lambda edition: edition.valid_from):
            self._editions.setdefault(edition.tariff, []).append(edition)
        self._contracts: dict[str, list[Contract]] = {}
        for contract in sorted(terms, key=lambda contract: contract.valid_from):
            self._contracts.setdefault(contract.service, []).append(contract)
        self.accessorials = accessorials
        self._fuel = fuel
        self.services: tuple[str, ...] = tuple(sorted(self._contracts))
        self.notes = notes
        """What is odd in the tables though lawful, in words."""

    @classmethod
    def from_frames(
        cls,
        *,
        ltl_tariffs: pl.DataFrame,
        ltl_contracts: pl.DataFrame,
        accessorials: pl.DataFrame | None = None,
        fuel: FuelBook | None = None,
        needed: Mapping[str, Collection[Areas]] | None = None,
    ) -> LtlBook:
        """Read frames in the shapes of `evenstock.tables`; columns with a default may be left out.

        `needed` names lanes that a service's tariff must have, such as those of the network.

        Raises
        ------
        ValueError
            With every cell that cannot be right, see `editions`; a contract without its tariff; a fuel rule that is not there.
        """
        problems: list[str] = []
        tariff_of: dict[str, set[str]] = {}
        if {"service", "tariff"} <= set(ltl_contracts.columns):
            for service, tariff in ltl_contracts.select("service", "tariff").iter_rows():
                tariff_of.setdefault(service, set()).add(tariff)
        wanted = [
            (tariff, lane)
            for service, lanes in (needed or {}).items()
            for tariff in sorted(tariff_of.get(service, set()))
            for lane in lanes
        ]
        found, notes = editions(ltl_tariffs, wanted)
        first: dict[str, date] = {}
        for edition in found:
            first[edition.tariff] = min(first.get(edition.tariff, edition.valid_from), edition.valid_from)
        terms = contracts(ltl_contracts, first, problems)
        rules = set(fuel.rules) if fuel else set()
        problems += [
            f"ltl_contracts {contract.service} from {contract.valid_from}: fuel_rules has no rule {contract.fuel_rule!r}; add it"
            for contract in terms
            if contract.fuel_rule and contract.fuel_rule not in rules
        ]
        charges = Accessorials.from_frame(accessorials, problems)
        refuse(problems)
        return cls(found, terms, charges, fuel, notes)

    def contract(self, service: str, on: date) -> Contract | None:
        """The latest contract begun by the day; None before the first."""
        begun = [contract for contract in self._contracts.get(service, []) if contract.valid_from <= on]
        return begun[-1] if begun else None

    def edition(self, tariff: str, on: date) -> Edition | None:
        """The latest edition of a tariff begun by the day; None before the first."""
        begun = [edition for edition in self._editions.get(tariff, []) if edition.valid_from <= on]
        return begun[-1] if begun else None

    def fuel(self, contract: Contract, on: date) -> tuple[int, str]:
        """Fuel surcharge on net linehaul in basis points, and a sentence where it is stale."""
        if not contract.fuel_rule:
            return contract.fuel_bp, ""
        assert self._fuel is not None
        rate = self._fuel.rate(contract.fuel_rule, on)
        return rate.bp, rate.stale

    def quote(
        self,
        service: str,
        origin_postal: str,
        destination_postal: str,
        units: Sequence[HandlingUnits],
        on: date,
        accessorials: Collection[str] = (),
        floor: Sequence[HandlingUnits] | None = None,
    ) -> LtlQuote | NoQuote:
        """The readable price of a shipment. Every faster reckoning must give the same cents.

        `floor` is what stands in the trailer where it is not the `units`: lines of goods that share pallets.
        """
        contract = self.contract(service, on)
        edition = self.edition(contract.tariff, on) if contract else None
        if contract is None or edition is None:
            return NoQuote(service, f"{service} has no contract on {on}; add it to ltl_contracts")
        lane = lane_of(origin_postal, destination_postal)
        if lane not in edition.lanes:
            return NoQuote(service, f"tariff {edition.tariff} from {edition.valid_from} has no lane {'-'.join(lane)}")
        if not units:
            return NoQuote(service, "there is nothing to ship")
        try:
            asked = self.accessorials.asked(service, on, accessorials)
            pounds = pounds_by_class(units, contract.fak_class)
        except ValueError as error:
            return NoQuote(service, str(error))
        rates = [edition.rates(lane, rated) for rated in pounds]
        missing = [rated for rated, of in zip(pounds, rates, strict=True) if of is None]
        if missing:
            return NoQuote(service, f"tariff {edition.tariff} from {edition.valid_from} has no class {missing[0]}")
        base = base_charge(np.array(list(pounds.values())), np.array(rates), edition.at_least_lb)
        feet = linear_feet(units if floor is None else floor)
        fuel_bp, stale_fuel = self.fuel(contract, on)
        stale = "; ".join(filter(None, (contract.stale(on), stale_fuel)))
        return LtlQuote(service, tuple(pounds.items()), base, feet, charge(contract, base, feet, fuel_bp, asked), stale)

    def table(self, service: str, on: date) -> LtlTable:
        """The service's prices on a day for many shipments at once.

        Raises
        ------
        ValueError
            If it has no contract on the day.
        """
        contract = self.contract(service, on)
        edition = self.edition(contract.tariff, on) if contract else None
        if contract is None or edition is None:
            raise ValueError(f"{service} has no contract on {on}; add it to ltl_contracts")
        return LtlTable(contract, edition, self.fuel(contract, on)[0])
