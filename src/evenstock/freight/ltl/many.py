"""What many shipments pay by one contract on one day, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenstock.freight.ltl.contract import Contract
from evenstock.freight.ltl.density import CLASSES
from evenstock.freight.ltl.tariff import Areas, Edition

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Charges:
    """What each shipment pays, shape ``(shipment,)`` each; accessorials come on top."""

    base_cents: Ints
    linehaul_cents: Ints
    fuel_cents: Ints
    at_least_lb: Ints
    """Break whose rates were taken."""

    @property
    def cents(self) -> Ints:
        return self.linehaul_cents + self.fuel_cents


class LtlTable:
    """A contract, its edition of the tariff and its fuel on a day."""

    def __init__(self, contract: Contract, edition: Edition, fuel_bp: int) -> None:
        self.contract = contract
        self.edition = edition
        self.fuel_bp = fuel_bp
        place = {name: k for k, name in enumerate(edition.classes)}
        self._class = np.array([place.get(contract.fak_class or name, -1) for name in CLASSES], np.int64)
        """Place of each NMFC class in the tariff; -1 where it has none."""

    def lanes(self, lanes: Sequence[Areas]) -> Ints:
        """Number of each lane in the tariff.

        Raises
        ------
        ValueError
            If the tariff lacks one of them.
        """
        missing = [lane for lane in lanes if lane not in self.edition.lanes]
        if missing:
            raise ValueError(f"tariff {self.edition.tariff} has no lane {'-'.join(missing[0])}")
        return np.array([self.edition.lanes[lane] for lane in lanes], np.int64)

    def charges(
        self, lane: ArrayLike, shipment: ArrayLike, freight_class: ArrayLike, pounds: ArrayLike, feet: ArrayLike = 0
    ) -> Charges:
        """Base, net linehaul and fuel of each shipment; the same cents as the readable rating.

        Parameters
        ----------
        lane
            Number of each shipment's lane in the tariff, see `lanes`, shape ``(shipment,)``.
        shipment
            Shipment of each line, from 0 on, not falling, every shipment at least once, shape ``(line,)``.
        freight_class
            Place of each line's class in `CLASSES`, shape ``(line,)``; a shipment has one line for each class it is rated by.
        pounds
            Whole pounds of each line, shape ``(line,)``.
        feet
            Linear feet of each shipment, shape ``(shipment,)`` or one for all.

        Raises
        ------
        ValueError
            If lines are out of order, a shipment has none, or the tariff lacks a class.
        """
        lanes, lines = np.asarray(lane, np.int64), np.asarray(shipment, np.int64)
        weight = np.asarray(pounds, np.int64)
        first = np.searchsorted(lines, np.arange(len(lanes)))
        if len(lines) and ((np.diff(lines) < 0).any() or lines[0] != 0 or lines[-1] != len(lanes) - 1):
            raise ValueError("lines stand in the order of their shipments, counted from 0 without a gap")
        if len(np.unique(lines)) != len(lanes):
            raise ValueError("every shipment has at least one line")
        if not len(lanes):
            none = np.zeros(0, np.int64)
            return Charges(none, none, none, none)
        classes = self._class[np.asarray(freight_class, np.int64)]
        if (classes < 0).any():
            lacking = CLASSES[int(np.asarray(freight_class)[int(np.flatnonzero(classes < 0)[0])])]
            raise ValueError(f"tariff {self.edition.tariff} has no class {self.contract.fak_class or lacking}")
        base, at_least = self._base(self.edition.cents_cwt[lanes[lines], classes], first, weight)
        linehaul = self._net(base, np.broadcast_to(np.asarray(feet, np.int64), lanes.shape))
        return Charges(base, linehaul, self._fuel(linehaul), at_least)

    def net_and_fuel(self, base_cents: Ints, feet: Ints) -> Ints:
        """What base charges come to by the contract, fuel included, shape as given."""
        linehaul = self._net(base_cents, feet)
        return linehaul + self._fuel(linehaul)

    def _fuel(self, linehaul: Ints) -> Ints:
        return (linehaul * self.fuel_bp + 5_000) // 10_000

    def _base(self, cents_cwt: Ints, first: Ints, pounds: Ints) -> tuple[Ints, Ints]:
        """The least over all breaks; `cents_cwt` has shape ``(line, break)``."""
        weight = np.add.reduceat(pounds, first)
        base = np.full(len(first), np.iinfo(np.int64).max)
        at_least = np.zeros(len(first), np.int64)
        for b, least in enumerate(self.edition.at_least_lb.tolist()):
            rates = cents_cwt[:, b]
            deficit = np.maximum(least - weight, 0)
            hundredths = np.add.reduceat(pounds * rates, first) + deficit * np.minimum.reduceat(rates, first)
            cents = (hundredths + 50) // 100
            better = (deficit == 0) | (cents < base)
            base, at_least = np.where(better, cents, base), np.where(better, least, at_least)
        return base, at_least

    def _net(self, base: Ints, feet: Ints) -> Ints:
        terms = self.contract
        net = np.maximum((base * (10_000 - terms.discount_bp) + 5_000) // 10_000, terms.minimum_cents)
        if not terms.linear_feet:
            return net
        return np.maximum(net, np.where(feet >= terms.linear_feet, feet * terms.linear_foot_cents, 0))
