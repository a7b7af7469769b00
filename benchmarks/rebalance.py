"""Rebalancing 3,000 items over ten nodes: time, memory, and how good against a solver and against the 20 % rule."""

from __future__ import annotations

import numpy as np
from benchmarks.harness import clock, peak_rss_gb, report
from benchmarks.rebalancing_family import instance
from benchmarks.rebalancing_rules import against_the_rule

from evenstock.rebalancing import Moves, Problem, solve
from evenstock.rebalancing.departures.night import Night
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import scaled
from evenstock.rebalancing.flow.program import best_cases
from evenstock.rebalancing.worth.worth import worth


def quality(items: int = 24, sample_paths: int = 50, fresh_paths: int = 2000) -> dict[str, float]:
    """Ours against HiGHS item by item on the same paths at linear lane costs, both played on fresh paths."""
    figures: dict[str, float] = {}
    for name, case_share in (("cases", 20), ("units", 10_000)):
        problem = instance(items, 10, sample_paths, alpha=1.5, case_share=case_share)
        fresh = instance(items, 10, fresh_paths, alpha=1.5, case_share=case_share, fresh=1)
        linear = full_departures(problem)
        cost = scaled(problem, linear)
        with clock() as ours_time:
            night = Night.of(problem, map)
            cases, _ = night.asked(linear)
            held = conditions(problem, night.values, cost)
            better, _ = improved(problem, night.values, cost, cases, ~held.exact)
        with clock() as highs_time:
            relaxed = [best_cases(problem, k, cost[k], whole=False) for k in range(items)]
        whole = [best_cases(problem, k, cost[k]) for k in range(items)]
        bound = sum(_nothing(problem, k) - found.cents for k, found in enumerate(relaxed) if found) / 100
        exact = np.stack([found.cases.astype(np.int64) if found else better[k] for k, found in enumerate(whole)])
        plans = {"flow": cases, "ours": better, "highs": exact}
        seen = {plan: _linear_saving(problem, linear, table) for plan, table in plans.items()}
        unseen = {plan: _linear_saving(fresh, linear, table) for plan, table in plans.items()}
        print(
            f"{name}: {held.exact.mean():.0%} of items proven exact. Saving on the same {sample_paths} paths: flow "
            f"{seen['flow']:,.0f}, ours {seen['ours']:,.0f}, HiGHS whole {seen['highs']:,.0f}, relaxed bound {bound:,.0f}; on "
            f"{fresh_paths} fresh paths: ours {unseen['ours']:,.0f}, HiGHS whole {unseen['highs']:,.0f}. "
            f"CPU {ours_time.cpu_s:.3f} s against {highs_time.cpu_s:.1f} s (relaxed)"
        )
        figures |= {
            f"{name}_saving_over_mip": seen["ours"] / seen["highs"],
            f"{name}_saving_over_lp_bound": seen["ours"] / bound,
            f"{name}_fresh_saving_over_mip": unseen["ours"] / unseen["highs"],
            f"{name}_speedup_over_highs_lp": highs_time.cpu_s / max(ours_time.cpu_s, 1e-4),
        }
    return figures


def _linear_saving(problem: Problem, linear: np.ndarray, cases: np.ndarray) -> float:
    """Worth on these paths less linear cost, in dollars."""
    moves = Moves.from_table(cases * problem.case_units[:, None])
    return float(worth(problem, moves).cents.sum() - (moves.units * linear[moves.item, moves.lane]).sum()) / 100


def _nothing(problem: Problem, item: int) -> float:
    """Cents of shortage and storing of one item left alone, less its terminal worth."""
    free = scaled(problem, np.full((len(problem.skus), len(problem.lanes)), np.inf))
    found = best_cases(problem, item, free[item], whole=False)
    assert found is not None
    return found.cents


def main() -> None:
    with clock() as compiling:
        solve(instance(30, 10, 5, alpha=1.5))
    problem = instance(3000, 10, 50, alpha=1.5)
    with clock() as solving:
        solution = solve(problem)
    rss = peak_rss_gb()
    with clock() as again:
        after = solve(problem.after(solution.moves))
    pallets = int(solution.lane_pallets.sum())
    cases = int((solution.moves.units // problem.case_units[solution.moves.item]).sum())
    carried = (
        f"{len(solution.moves)} lines, {cases} cases, {solution.lanes_used} lanes, {pallets} pallets, full to "
        f"{solution.lane_loads.sum() / pallets:.1%}; worth ${solution.total_worth_cents / 100:,.0f}, cost "
        f"${solution.total_cost_cents / 100:,.0f}"
    )
    notes = [
        f"compilation (or reading compiled code) {compiling.cpu_s:.1f} s CPU, not counted; {solving.wall_s:.1f} s wall",
        carried,
        f"planning again moves {len(after.moves)} lines ({again.cpu_s:.1f} s)",
        *solution.notes,
    ]
    report("spine", {"rebalance_cpu_s": solving.cpu_s, "rebalance_rss_gb": rss}, notes)
    figures = quality() | against_the_rule(seeds=(7,))
    report("rebalance", figures | {"cpu_s": solving.cpu_s, "rss_gb": rss})


if __name__ == "__main__":
    main()
