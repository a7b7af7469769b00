"""Rebalancing 3,000 items over ten nodes: time, memory, and how good against a solver and against the 20 % rule."""

from __future__ import annotations

import numpy as np
from benchmarks.harness import clock, peak_rss_gb, report

from evenstock.rebalancing import Lanes, Moves, Problem, evaluate, solve
from evenstock.rebalancing.conditions import conditions
from evenstock.rebalancing.departures import Night
from evenstock.rebalancing.exchange import improved
from evenstock.rebalancing.flow import scaled
from evenstock.rebalancing.heuristics import twenty_percent
from evenstock.rebalancing.program import best_cases
from evenstock.rebalancing.slope_scaling import full_departures
from evenstock.rebalancing.worth import worth


def instance(
    items: int,
    nodes: int,
    paths: int,
    *,
    alpha: float,
    seed: int = 7,
    days: int = 28,
    case_share: int = 20,
    fresh: int = 0,
) -> Problem:
    """Family RB: nodes on a 4,200 × 2,400 km map, negative-binomial demand with a persistent error of its level.

    `alpha` says how near the shares of stock are to the shares of demand: 1.5 badly out of balance, 20 mildly.
    With `fresh` the same network and stock, other demand.
    """
    rng = np.random.default_rng(seed)
    place = rng.uniform((0, 0), (4200, 2400), (nodes, 2))
    km = np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1))
    origin, destination = np.nonzero(~np.eye(nodes, dtype=bool))
    far = km[origin, destination]
    lanes = Lanes(
        origin=origin,
        destination=destination,
        fixed_cents=np.full(len(origin), 4500),
        pallet_cents=np.rint(3000 + 12 * far).astype(np.int64),
        unit_cents=np.zeros(len(origin), np.int64),
        lead_days=np.clip(np.ceil(far / 700), 1, 6).astype(np.int64),
        leaves=np.ones(len(origin), bool),
    )
    daily = rng.lognormal(2.3, 1.1, items)
    share = rng.dirichlet(np.full(nodes, 4.0), items)
    mean = daily[:, None] * share
    cost = np.rint(100 * rng.lognormal(2.6, 0.7, items)).astype(np.int64)
    margin = np.rint(cost[:, None] * rng.uniform(0.35, 0.9, items)[:, None]).astype(np.int64)
    pallet = rng.choice([40, 80, 160, 320, 640], items)
    stock_share = np.stack([rng.dirichlet(alpha * nodes * row + 1e-3) for row in share])
    stock = np.rint(daily[:, None] * rng.uniform(24, 36, items)[:, None] * stock_share).astype(np.int64)
    demand = np.random.default_rng([seed, 1 + fresh])
    level = demand.lognormal(-0.045, 0.30, (items, nodes, paths)).astype(np.float32)
    units = np.empty((items, nodes, paths, days), np.uint16)
    for k in range(items):
        rate = demand.gamma(2.0, 0.5, (nodes, paths, days)) * (mean[k, :, None] * level[k])[..., None]
        units[k] = demand.poisson(rate)
    return Problem(
        skus=[f"SKU{k:05d}" for k in range(items)],
        nodes=[f"N{w:02d}" for w in range(nodes)],
        on_hand=stock,
        paths=units,
        shortage_cents=np.broadcast_to(margin, (items, nodes)),
        unit_cost_cents=cost,
        lanes=lanes,
        holding_millicents=np.rint(cost * 0.10 / 365 * 1000).astype(np.int64),
        capital_rate=0.12,
        handling_out_cents=np.full(nodes, 15),
        handling_in_cents=np.full(nodes, 12),
        case_units=np.maximum(pallet // case_share, 1),
        pallet_units=pallet,
    )


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
            _, cases, _ = night.asked(linear)
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


def against_the_rule(items: int = 150, fresh_paths: int = 600) -> dict[str, float]:
    """Saving of ours and of the 20 % rule under full cost at three imbalances, on fresh paths."""
    figures: dict[str, float] = {}
    print(
        f"\n{'imbalance':<10} {'shortage':>10} {'ours':>9} {'lanes':>6} {'pallets':>8} {'rule':>9} {'lanes':>6} {'pallets':>8} {'rule/ours':>9}"
    )
    for name, alpha in (("strong", 1.5), ("moderate", 6.0), ("mild", 20.0)):
        problem = instance(items, 10, 50, alpha=alpha)
        fresh = instance(items, 10, fresh_paths, alpha=alpha, fresh=1)
        plans = [solve(problem), twenty_percent.solve(problem)]
        nothing = evaluate(fresh, Moves.none())
        saved = [(nothing.total_cents - evaluate(fresh, plan.moves).total_cents) / 100 for plan in plans]
        shown = [
            f"{value:>9,.0f} {plan.lanes_used:>6} {int(plan.lane_pallets.sum()):>8}"
            for value, plan in zip(saved, plans, strict=True)
        ]
        print(f"{name:<10} {nothing.shortage_cents / 100:>10,.0f} {shown[0]} {shown[1]} {saved[1] / saved[0]:>9.1%}")
        figures |= {f"{name}_saving_usd": saved[0], f"{name}_rule20_over_ours": saved[1] / saved[0]}
    return figures


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
    figures = quality() | against_the_rule()
    report("rebalance", figures | {"cpu_s": solving.cpu_s, "rss_gb": rss})


if __name__ == "__main__":
    main()
