"""Policies of the field against ours on the fair multi-item instances, and how far each is from a certified bound.

The same customers, stock and guard for all; the bound knows every order beforehand. Everything chosen by trial (steps,
weights, how many repricings) was chosen on seeds 0 to 29; what is reported here are seeds 40 to 47, two streams each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from benchmarks.harness import clock, report, shared_data
from benchmarks.jasin_sinha_ma import instance

from evenstock.simulation.fulfilment.bound import clairvoyant, guarded
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.look_ahead import LookAhead
from evenstock.simulation.fulfilment.policies import FIELD, MYOPIC, RULES, Policy, all_policies
from evenstock.simulation.fulfilment.world import Outcome
from evenstock.simulation.multi_item import Instance

SEEDS = range(40, 48)
SIGMA = 0.6
OURS, BIASED, LEARNT = "ours", f"ours, error {SIGMA}", f"ours, error {SIGMA}, learning"
BRIEF = ("nearest", RULES, MYOPIC, "stock-out penalty", "LP dual, 12 solves", "mirror descent", OURS)
"""Policies played on the variants."""


@dataclass
class Played:
    """What every policy came to on several streams of orders."""

    name: str
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    bound: list[float] = field(default_factory=list)
    guarded: list[float] = field(default_factory=list)
    cpu_s: float = 0.0

    def play(
        self, world: Instance, seed: int, path: int, policies: Mapping[str, Policy], *, rounds: int | None = None
    ) -> None:
        """With `rounds` the guarded bound alone, from so many programs."""
        with clock() as spent:
            kinds = Kinds.of(world)
            arrivals = kinds.arrivals(world.arrivals(path, seed=seed))
            if rounds is None:
                self.guarded.append(guarded(kinds, arrivals).value)
                self.bound.append(clairvoyant(kinds, arrivals).value)
            else:
                self.guarded.append(guarded(kinds, arrivals, rounds=rounds).value)
                self.bound.append(self.guarded[-1])
            for name, policy in policies.items():
                self.outcomes.setdefault(name, []).append(policy(kinds, arrivals))
        self.cpu_s += spent.cpu_s

    def cost(self, policy: str) -> np.ndarray:
        return np.array([o.millicents for o in self.outcomes[policy]], np.float64)

    def over(self, policy: str, *, guard: bool = False) -> np.ndarray:
        """Cost over the bound by stream."""
        return self.cost(policy) / np.array(self.guarded if guard else self.bound)

    def closed(self, policy: str, *, guard: bool = False) -> float:
        """Share of the way from cheapest-now to the bound."""
        return float(1 - (self.over(policy, guard=guard).mean() - 1) / (self.over(MYOPIC, guard=guard).mean() - 1))

    def saving(self, policy: str) -> float:
        """Of ours, as a share of this policy's cost."""
        return float((1 - self.cost(OURS) / self.cost(policy)).mean())

    @property
    def unfilled_differences(self) -> float:
        """Largest difference of a policy's unfilled share from ours."""
        ours = self.outcomes[OURS]
        return max(
            abs(theirs.unfilled_share - mine.unfilled_share)
            for outcomes in self.outcomes.values()
            for theirs, mine in zip(outcomes, ours, strict=True)
        )

    def table(self) -> list[str]:
        """One line a policy."""
        head = f"{self.name}: {len(self.bound)} streams, {self.cpu_s:.0f} s CPU"
        lines = [
            "",
            f"{head:<56} {'cost/bound':>16} {'closed':>8} {'/guarded':>9} {'closed':>8} {'parcels':>8} {'unfilled':>9}",
        ]
        for name, outcomes in self.outcomes.items():
            over, under_guard = self.over(name), self.over(name, guard=True)
            error = f"±{over.std(ddof=1) / np.sqrt(over.size):.4f}" if over.size > 1 else ""
            parcels = np.mean([o.parcels_an_order for o in outcomes])
            unfilled = np.mean([o.unfilled_share for o in outcomes])
            lines.append(
                f"{name:<56} {over.mean():>8.4f} {error:<7} {self.closed(name):>8.1%} {under_guard.mean():>9.4f} "
                f"{self.closed(name, guard=True):>8.1%} {parcels:>8.3f} {unfilled:>9.2%}"
            )
        return lines


def played(folder: Path, periods: int, without: Sequence[str] = ()) -> Played:
    """Every policy but these on the reported seeds."""
    runs = Played(f"T = {periods:,}")
    for seed in SEEDS:
        world = instance(folder, seed, periods=periods)
        for path in (0, 1):
            policies = {name: policy for name, policy in all_policies(seed, SIGMA).items() if name not in without}
            runs.play(world, seed, path, policies)
    return runs


def variants(folder: Path) -> Iterator[Played]:
    """The main policies where rates, stock or carrying differ, one stream a seed."""
    worlds = {
        "zone rates ($0.004 a mile), stock misplaced": lambda s: instance(folder, s, unit_mile=0.004).misplaced(seed=s),
        "stock × 0.95": lambda s: instance(folder, s).scaled(0.95),
        "sparse carrying, 0.4": lambda s: instance(folder, s, carried=0.4),
    }
    for name, world in worlds.items():
        runs = Played(name)
        for seed in SEEDS:
            policies = all_policies(seed, SIGMA)
            runs.play(world(seed), seed, 0, {policy: policies[policy] for policy in BRIEF})
        yield runs


def large(folder: Path, periods: int = 100_000) -> Played:
    """One instance of ten centres, 99 cities, 100 items and orders of up to ten lines; the guarded bound alone."""
    runs = Played(f"large network, T = {periods:,}, guarded bound")
    few = LookAhead(repricings=12, first_sweeps=40, sweeps=12, most_kinds=5_000)
    policies = {name: FIELD[name] for name in ("nearest", RULES, MYOPIC, "stock-out penalty", "mirror descent")}
    world = instance(folder, SEEDS[0], periods=periods, large=True)
    runs.play(world, SEEDS[0], 0, {**policies, OURS: few.run}, rounds=24)
    return runs


def shown(runs: Played) -> Played:
    """The same, printed as soon as it is there."""
    print("\n".join(runs.table()), flush=True)
    return runs


def main(arguments: list[str]) -> None:
    folder = shared_data("jasin_sinha_ma")
    if folder is None:
        return
    with clock() as spent:
        high, low = shown(played(folder, 10_000)), shown(played(folder, 1_000, without=[BIASED]))
        others = [] if "short" in arguments else [*map(shown, variants(folder)), shown(large(folder))]
    every = [high, low, *others]
    report(
        "routing",
        {
            "cost_over_bound_10k": float(high.over(OURS).mean()),
            "cost_over_bound_1k": float(low.over(OURS).mean()),
            "gap_closed_10k": high.closed(OURS),
            "gap_closed_1k": low.closed(OURS),
            "gap_closed_biased": high.closed(LEARNT),
            "saving_vs_rules": high.saving(RULES),
            "saving_vs_cheapest": high.saving(MYOPIC),
            "unfilled_share_diff": max(runs.unfilled_differences for runs in every),
        },
        [
            "The bound may choose which units to lose, which the guard forbids; the guarded bound may not. Where much",
            "cannot be filled the first cannot be reached by any policy that keeps the guard: look at the second.",
            f"{spent.cpu_s:.0f} s CPU in all",
        ],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
