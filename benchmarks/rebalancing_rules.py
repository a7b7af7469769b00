"""Rebalancing against the rules people use, under full cost: whole pallets, whole departures, demand nobody has seen."""

from __future__ import annotations

import numpy as np
from benchmarks.harness import clock, peak_rss_gb, report
from benchmarks.rebalancing_family import instance

from evenstock.rebalancing import solve
from evenstock.rebalancing.heuristics import twenty_percent
from evenstock.rebalancing.scenarios import (
    CostTimes,
    DemandTimes,
    FloorDays,
    LeadDays,
    NodeClosed,
    compare_scenarios,
)
from evenstock.rebalancing.worth_doing.compare import Comparison, compare
from evenstock.rebalancing.worth_doing.curve import do_nothing_curve
from evenstock.rebalancing.worth_doing.minimum import Minimum, above_minimum
from evenstock.rebalancing.worth_doing.screen import screen

IMBALANCES = (("strong", 1.5), ("moderate", 6.0), ("mild", 20.0))
SEEDS = (7, 101, 102)
"""7 is the family's own; on the others nothing was ever tuned."""
RULES = ("twenty_percent", "equalise", "excess_back_to_dc", "largest_deficit_first")


def against_the_rule(items: int = 150, fresh_paths: int = 600, seeds: tuple[int, ...] = SEEDS) -> dict[str, float]:
    """Savings of ours and of every rule under full cost at three imbalances, played on fresh paths, by seed."""
    figures: dict[str, float] = {}
    print(
        f"\n{'imbalance':<9} {'seed':>4} {'method':<22} {'saving':>9} {'95 %':>19} {'of ours':>8} {'lanes':>5} {'pallets':>7}"
    )
    for name, alpha in IMBALANCES:
        found: dict[str, list[float]] = {method: [] for method in ("ours", *RULES)}
        for seed in seeds:
            compared = _compared(items, alpha, seed, fresh_paths)
            for method, savings in found.items():
                row = compared.rows[0] if method == "ours" else compared.of(method)
                saving = row.fresh.mean_cents / 100
                savings.append(saving)
                interval = f"{row.fresh.low_cents / 100:,.0f} to {row.fresh.high_cents / 100:,.0f}"
                print(
                    f"{name:<9} {seed:>4} {method:<22} {saving:>9,.0f} {interval:>19} {saving / found['ours'][-1]:>8.1%} "
                    f"{row.lanes:>5} {row.pallets:>7}"
                )
        ours = np.array(found["ours"])
        figures[f"rules_{name}_saving_usd"] = float(ours[0])
        figures[f"rules_{name}_saving_mean_usd"] = float(ours.mean())
        figures[f"rules_{name}_saving_worst_usd"] = float(ours.min())
        for method in RULES:
            figures[f"rules_{name}_{method}_over_ours"] = float(found[method][0] / ours[0])
            figures[f"rules_{name}_{method}_over_ours_mean"] = float(np.sum(found[method]) / ours.sum())
        best = np.max([found[method] for method in RULES], axis=0)
        figures[f"rules_{name}_seeds_won"] = int((ours > np.maximum(best, 0)).sum())
    return figures


def _compared(items: int, alpha: float, seed: int, fresh_paths: int) -> Comparison:
    problem = instance(items, 10, 50, alpha=alpha, seed=seed)
    fresh = instance(items, 10, fresh_paths, alpha=alpha, seed=seed, fresh=1).paths
    return compare(problem, solve(problem), fresh=fresh)


def what_is_worth_doing(items: int, *, told: bool = True) -> dict[str, float]:
    """CPU seconds of everything around a plan; the plan is the 20 % rule's, so that lines are many."""
    problem = instance(items, 10, 50, alpha=6.0)
    fresh = instance(items, 10, 100, alpha=6.0, fresh=1).paths
    plan = twenty_percent.solve(problem)
    figures = {}
    for name, ask in {
        "compare": lambda: compare(problem, plan),
        "compare_fresh": lambda: compare(problem, plan, fresh=fresh),
        "screen": lambda: screen(problem),
        "curve": lambda: do_nothing_curve(problem, plan),
        "minimum": lambda: above_minimum(problem, plan, Minimum(line_share=1.5)),
    }.items():
        with clock() as time:
            answer = ask()
        figures[f"rules_{name}_cpu_s"] = time.cpu_s
        if told and name == "screen":
            counts = ", ".join(f"{count} {why}" for why, count in answer.counts.items())
            print(f"\nscreen: {counts}")
    return figures


def what_if(items: int, *, told: bool = True) -> dict[str, float]:
    """CPU seconds of six scenarios beside the evening as it is, all planned by the 20 % rule: the comparison's own time."""
    problem = instance(items, 10, 50, alpha=6.0)
    fresh = instance(items, 10, 100, alpha=6.0, fresh=1).paths
    with clock() as time:
        sides = compare_scenarios(
            problem,
            {
                "20 % more": [DemandTimes(1.2)],
                "one item doubles": [DemandTimes(2.0, skus=(problem.skus[0],))],
                "freight +30 %": [CostTimes("freight", 1.3)],
                "two days later": [LeadDays(2)],
                "N03 closed": [NodeClosed("N03", orders_go_to="N04")],
                "a week's floor": [FloorDays(7.0)],
            },
            fresh=fresh,
            solve=twenty_percent.solve,
        )
    if told:
        print(f"\n{'scenario':<17} {'planned':>7} {'total':>11} {'more than as it is':>32} {'saving':>10} {'fill':>6}")
        for side in sides:
            more = side.against_base
            interval = f"{more.mean_cents / 100:,.0f} ({more.low_cents / 100:,.0f} to {more.high_cents / 100:,.0f})"
            print(
                f"{side.name:<17} {side.planned_items:>7} {side.total_cents / 100:>11,.0f} {interval:>32} "
                f"{side.saving.mean_cents / 100:>10,.0f} {side.fill:>6.1%}"
            )
    return {"rules_six_scenarios_cpu_s": time.cpu_s}


def main() -> None:
    with clock() as compiling:
        small = instance(30, 10, 5, alpha=1.5)
        compare(small, solve(small), fresh=small.paths)
        what_is_worth_doing(30, told=False)
        what_if(30, told=False)
    with clock() as planning:
        figures = against_the_rule()
    figures |= what_is_worth_doing(3000) | what_if(3000)
    notes = [
        f"compilation (or reading compiled code) {compiling.cpu_s:.1f} s CPU, not counted",
        f"the table took {planning.cpu_s:.0f} s CPU, 150 items × 10 nodes, plans on 50 paths, played on 600 fresh ones",
        f"the other times are for 3,000 items × 10 nodes × 50 paths, 100 fresh; peak {peak_rss_gb():.1f} GB",
    ]
    report("rebalancing", figures, notes)


if __name__ == "__main__":
    main()
