"""A supply network of stages that promise service times to one another, with the demand that each of them sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from math import isfinite

import numpy as np

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Floats, Ints
from evenstock.inventory.multi_echelon.guaranteed_service.stage_time import StageTime


@dataclass(frozen=True, slots=True)
class Demand:
    """What outside customers of a stage ask for, and what they are promised."""

    mean: float
    """Units a day."""
    sd: float
    """Units a day, independent from day to day and from stage to stage."""
    safety_factor: float
    """Standard deviations of demand that stock covers: 1.645 covers 95 % of the time. [:math:`z`]"""
    promise_at_most: int = 0
    """Longest service time customers accept, in whole days; 0 is from the shelf."""

    def __post_init__(self) -> None:
        for name in ("mean", "sd", "safety_factor", "promise_at_most"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"demand: {name} is a number of at least 0, not {value}")
        if self.promise_at_most != int(self.promise_at_most):
            raise ValueError(f"demand: promises are whole days, not {self.promise_at_most}")


@dataclass(frozen=True, slots=True)
class Stage:
    """A place or process that can hold stock behind what it promises."""

    name: str
    time: StageTime
    """From having all inputs to being able to serve: processing, waiting and transport. [:math:`T_i`]"""
    holding_cost: float
    """Of one unit for one period, in any money: the value added up to here times the carrying rate. [:math:`h_i`]"""
    demand: Demand | None = None
    """Of outside customers; None where only other stages ask."""
    supplied_in: int = 0
    """Service time of suppliers outside the network, in whole days."""
    safety_stock: Callable[[Floats], Floats] | None = None
    """Units wanted for a mean net time in days, if not by the square-root rule: zero at zero, never falling."""

    def __post_init__(self) -> None:
        if not (isfinite(self.holding_cost) and self.holding_cost >= 0):
            raise ValueError(f"stage {self.name!r}: a holding cost is at least 0, not {self.holding_cost}")
        if self.supplied_in < 0 or self.supplied_in != int(self.supplied_in):
            raise ValueError(f"stage {self.name!r}: suppliers' service time is whole days, not {self.supplied_in}")


@dataclass(frozen=True, slots=True)
class Link:
    """One stage supplies another."""

    supplier: str
    customer: str
    units: float = 1.0
    """Of the supplier's item in one unit of the customer's."""

    def __post_init__(self) -> None:
        if not (isfinite(self.units) and self.units > 0):
            raise ValueError(f"link {self.supplier!r} → {self.customer!r}: units are above 0, not {self.units}")


@dataclass(frozen=True)
class Network:
    """Stages and links without a cycle; every last stage sells to outside customers.

    Raises
    ------
    ValueError
        For a name used twice or not known, a link given twice, a cycle, or a last stage without demand.
    """

    stages: tuple[Stage, ...]
    links: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a network has at least one stage")
        twice = [name for name, times in Counter(s.name for s in self.stages).items() if times > 1]
        if twice:
            raise ValueError(f"stages with the same name: {', '.join(map(repr, twice[:5]))}; give each its own")
        for link in self.links:
            for name in (link.supplier, link.customer):
                if name not in self.number:
                    raise ValueError(f"link {link.supplier!r} → {link.customer!r}: there is no stage {name!r}")
        pairs = Counter((link.supplier, link.customer) for link in self.links)
        doubled = [f"{a!r} → {b!r}" for (a, b), times in pairs.items() if times > 1]
        if doubled:
            raise ValueError(f"links given twice: {', '.join(doubled[:5])}; add up their units in one")
        self._refuse_dead_ends(self.order)

    def _refuse_dead_ends(self, order: Ints) -> None:
        supplies = {link.supplier for link in self.links}
        for i in order:
            stage = self.stages[i]
            if stage.demand is None and stage.name not in supplies:
                raise ValueError(
                    f"stage {stage.name!r} serves nobody: give it a demand, or a link to a stage it supplies"
                )

    @cached_property
    def number(self) -> dict[str, int]:
        """Place of each stage in `stages`, by name."""
        return {stage.name: i for i, stage in enumerate(self.stages)}

    @cached_property
    def ends(self) -> Ints:
        """Supplier and customer of each link, as places in `stages`, shape ``(link, 2)``."""
        pairs = [(self.number[link.supplier], self.number[link.customer]) for link in self.links]
        return np.array(pairs, np.int64).reshape(-1, 2)

    @cached_property
    def order(self) -> Ints:
        """Stages from suppliers to customers."""
        before: dict[int, list[int]] = {i: [] for i in range(len(self.stages))}
        for supplier, customer in self.ends.tolist():
            before[customer].append(supplier)
        try:
            return np.array(list(TopologicalSorter(before).static_order()), np.int64)
        except CycleError as cycle:
            around = " → ".join(self.stages[i].name for i in cycle.args[1])
            raise ValueError(f"stages supply one another in a circle: {around}; remove a link") from None

    @cached_property
    def demand(self) -> tuple[Floats, Floats, Floats]:
        """Mean, standard deviation and covered deviation ``z σ`` of what each stage is asked for a day, in its own units.

        A unit sold at e takes ``u`` units of stage i, over all ways from i to e together. Demands of different stages
        are independent, so variances add, and so do squares of covered deviations (Graves and Willems 2000, section
        2.2, with pooling exponent 2).
        """
        mean, variance, covered = (np.zeros(len(self.stages)) for _ in range(3))
        units = np.array([link.units for link in self.links])
        into: list[list[tuple[int, float]]] = [[] for _ in self.stages]
        for (supplier, customer), per in zip(self.ends.tolist(), units.tolist(), strict=True):
            into[customer].append((supplier, per))
        rank = np.empty(len(self.stages), np.int64)
        rank[self.order] = np.arange(len(self.stages))
        for end, stage in enumerate(self.stages):
            if stage.demand is None:
                continue
            for i, u in _needed(end, into, rank).items():
                mean[i] += u * stage.demand.mean
                variance[i] += (u * stage.demand.sd) ** 2
                covered[i] += (u * stage.demand.sd * stage.demand.safety_factor) ** 2
        return mean, np.sqrt(variance), np.sqrt(covered)


def _needed(end: int, into: list[list[tuple[int, float]]], rank: Ints) -> dict[int, float]:
    """Units of each stage that one unit sold at `end` takes."""
    found = {end}
    waiting = [end]
    while waiting:
        for supplier, _ in into[waiting.pop()]:
            if supplier not in found:
                found.add(supplier)
                waiting.append(supplier)
    units = dict.fromkeys(sorted(found, key=lambda i: -int(rank[i])), 0.0)
    units[end] = 1.0
    for i, u in units.items():
        for supplier, per in into[i]:
            units[supplier] += u * per
    return units
