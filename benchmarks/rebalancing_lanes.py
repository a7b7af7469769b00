"""Departures that items share: how far from the bound, how near to a whole-number program, and a night of 100,000 item-nodes."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic

import numpy as np
from benchmarks.harness import clock, peak_rss_gb, report
from benchmarks.rebalancing_family import instance

from evenstock.rebalancing import Problem, solve
from evenstock.rebalancing.departures.departures import Effort
from evenstock.rebalancing.departures.night import Night
from evenstock.rebalancing.departures.program import best_departures

MILP_S = 240.0
"""Wall seconds for HiGHS; where it does not end, its own gap is printed."""
UNTUNED = 101
"""A seed nobody looked at while building."""


def two_days(problem: Problem) -> Problem:
    """All lanes of one lead time, so that each node's value is one concave function and the program below is exact."""
    return replace(problem, lanes=replace(problem.lanes, lead_days=np.full(len(problem.lanes), 2)))


def gaps() -> dict[str, float]:
    """Integer pallets and $45 a departure over ten nodes, badly out of balance."""
    figures: dict[str, float] = {}
    for items in (1000, 3000):
        for name, seed in (("", 7), ("_untuned", UNTUNED)):
            for lead in ("two_days", "natural"):
                if seed == UNTUNED and (items == 3000 or lead == "natural"):
                    continue
                problem = instance(items, 10, 50, alpha=1.5, seed=seed)
                problem = two_days(problem) if lead == "two_days" else problem
                with clock() as taken:
                    plan = solve(problem)
                key = f"gap_{items}{name}" + ("" if lead == "two_days" else "_natural")
                assert plan.gap is not None
                figures |= {key: plan.gap, f"{key}_cpu_s": taken.cpu_s}
                print(
                    f"{items} items, seed {seed}, lanes {lead}: net {plan.net_cents / 100:,.0f}, gap {plan.gap:.2%}, "
                    f"{plan.lanes_used} lanes, {int(plan.lane_pallets.sum())} pallets {plan.lane_fill.max():.0%} full at most, "
                    f"{taken.cpu_s:.1f} s CPU",
                    flush=True,
                )
    return figures


def against_the_program() -> dict[str, float]:
    """The share of the whole-number program's saving, whole cases and pallets in both."""
    shares: dict[str, float] = {}
    for items, nodes in ((50, 6), (50, 10), (100, 6), (100, 10)):
        problem = two_days(instance(items, nodes, 50, alpha=1.5))
        with clock() as ours:
            plan = solve(problem)
        with clock() as theirs:
            answer = best_departures(Night.of(problem, map), gap=1e-3, time_limit_s=MILP_S).answer
        share = plan.net_cents / -answer.objective
        shares[f"saving_vs_milp_{items}_{nodes}"] = share
        print(
            f"{items} items, {nodes} nodes: ours {plan.net_cents / 100:,.0f} in {ours.cpu_s:.1f} s CPU; HiGHS "
            f"{-answer.objective / 100:,.0f} (bound {-answer.bound / 100:,.0f}, gap {answer.gap:.2%}) in {theirs.cpu_s:.1f} s; "
            f"{share:.2%} of it, {plan.net_cents / -answer.bound:.2%} of its bound; our own gap {plan.gap:.1%}",
            flush=True,
        )
    return shares | {"saving_vs_milp": min(shares.values())}


def large(limit_s: float = 260.0) -> dict[str, float]:
    """10,000 items over ten nodes, 28 days of 50 paths, on two threads, stopped by a clock."""
    problem = instance(10_000, 10, 50, alpha=1.5)
    start = monotonic()
    with ThreadPoolExecutor(2) as pool, clock() as taken:
        plan = solve(problem, map=pool.map, effort=Effort(more=lambda: monotonic() - start < limit_s))
    assert plan.gap is not None
    print(
        f"10,000 items: net {plan.net_cents / 100:,.0f}, gap {plan.gap:.2%}, {taken.cpu_s:.0f} s CPU, {taken.wall_s:.0f} s wall"
    )
    return {"big_100k_s": taken.wall_s, "big_100k_cpu_s": taken.cpu_s, "big_rss_gb": peak_rss_gb(), "big_gap": plan.gap}


PARTS = {"large": large, "gaps": gaps, "program": against_the_program}


def main() -> None:
    with clock() as compiling:
        solve(instance(30, 10, 5, alpha=1.5))
    print(f"compilation (or reading compiled code) {compiling.cpu_s:.1f} s CPU, not counted")
    for part in sys.argv[1:] or PARTS:
        report("rebalancing", PARTS[part]())


if __name__ == "__main__":
    main()
