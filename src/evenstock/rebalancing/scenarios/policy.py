"""Scenarios of policy: floors, bands, forbidden lanes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from evenstock.rebalancing.cover import daily_demand
from evenstock.rebalancing.options.cover_bands import CoverBand, cover_bands
from evenstock.rebalancing.scenarios.situation import Situation, chosen, lanes_between, said


@dataclass(frozen=True, slots=True)
class FloorDays:
    """Nodes keep so many days of cover whatever happens; floors that are higher stay."""

    days: float
    nodes: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return f"{said(self.nodes, 'all nodes')} keep {self.days:g} days of {said(self.skus, 'all items')}"

    def apply(self, situation: Situation) -> Situation:
        problem = situation.problem
        at = np.ix_(chosen("item", problem.skus, self.skus), chosen("node", problem.nodes, self.nodes))
        floor = problem.floor.copy()
        floor[at] = np.maximum(floor[at], np.ceil(self.days * daily_demand(problem)[at]).astype(np.int64))
        return replace(situation, problem=replace(problem, source_floor=floor))


@dataclass(frozen=True, slots=True)
class LaneClosed:
    """Nothing leaves from these nodes to those."""

    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return f"nothing leaves from {said(self.origins, 'all nodes')} to {said(self.destinations, 'all nodes')}"

    def apply(self, situation: Situation) -> Situation:
        lanes = situation.problem.lanes
        shut = lanes_between(situation.problem, self.origins, self.destinations)
        return replace(situation, problem=replace(situation.problem, lanes=replace(lanes, leaves=lanes.leaves & ~shut)))


@dataclass(frozen=True, slots=True)
class CoverBandsWanted:
    """Bands of cover by class and node, in place of those there are; see `cover_bands`."""

    wanted: Mapping[tuple[str, str], CoverBand]
    classes: Mapping[str, str] = field(default_factory=dict)
    """Class by SKU; items not named are of class ``""``."""

    @property
    def sentence(self) -> str:
        bands = (
            f"{kind} at {node}: {band.low_days:g} to {band.high_days:g} days"
            for (kind, node), band in self.wanted.items()
        )
        return f"cover of {'; '.join(bands)}"

    def apply(self, situation: Situation) -> Situation:
        problem = situation.problem
        classes = [self.classes.get(str(sku), "") for sku in problem.skus]
        return replace(situation, problem=replace(problem, bands=cover_bands(problem, classes, self.wanted)))
