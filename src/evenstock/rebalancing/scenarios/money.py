"""Scenarios of cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.scenarios.situation import Situation, lanes_between, said

KINDS: Final = ("freight", "handling", "storing", "shortage")


@dataclass(frozen=True, slots=True)
class CostTimes:
    """A kind of cost becomes so many times what it was; lanes can be named for freight only."""

    kind: str
    times: float
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"cost times: {self.kind!r} is none of {', '.join(KINDS)}")
        if self.kind != "freight" and (self.origins or self.destinations):
            raise ValueError(f"cost times: {self.kind} is not of lanes; leave out origins and destinations")
        if self.times < 0:
            raise ValueError(f"cost times {self.times}: cannot be below zero")

    @property
    def sentence(self) -> str:
        where = f" from {said(self.origins, 'all nodes')} to {said(self.destinations, 'all nodes')}"
        return f"{self.kind}{where if self.origins or self.destinations else ''} costs times {self.times:g}"

    def apply(self, situation: Situation) -> Situation:
        """Whole cents, each rounded once. Leftovers keep no more than a shortage costs."""
        problem = situation.problem
        match self.kind:
            case "freight":
                on, lanes = lanes_between(problem, self.origins, self.destinations), problem.lanes
                assert lanes.truck_cents is not None
                changed = replace(
                    problem,
                    lanes=replace(
                        lanes,
                        fixed_cents=self._where(on, lanes.fixed_cents),
                        pallet_cents=self._where(on, lanes.pallet_cents),
                        unit_cents=self._where(on, lanes.unit_cents),
                        truck_cents=self._where(on, lanes.truck_cents),
                    ),
                )
            case "handling":
                changed = replace(
                    problem,
                    handling_out_cents=self._of(problem.handling_out_cents),
                    handling_in_cents=self._of(problem.handling_in_cents),
                )
            case "storing":
                changed = replace(problem, holding_millicents=self._of(problem.holding_millicents))
            case _:
                shortage = self._of(problem.shortage_cents)
                changed = replace(
                    problem, shortage_cents=shortage, terminal_cents=np.minimum(problem.terminal, shortage)
                )
        return replace(situation, problem=changed)

    def _of(self, money: Ints) -> Ints:
        scaled: Ints = np.rint(money * self.times).astype(np.int64)
        return scaled

    def _where(self, on: Bools, money: Ints) -> Ints:
        return np.where(on, self._of(money), money)
