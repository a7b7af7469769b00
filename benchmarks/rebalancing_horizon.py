"""The coming weeks of one item: tangents against the scenario program in HiGHS, on the same paths."""

from __future__ import annotations

import numpy as np
from benchmarks.harness import clock, report
from benchmarks.rebalancing_family import instance

from evenstock.optimisation import Program
from evenstock.rebalancing.horizon.choices import lane_costs
from evenstock.rebalancing.horizon.plan_item import plan_item, question
from evenstock.rebalancing.horizon.question import Horizon, Supplies

NODES, ITEMS = 5, 6


def horizon(paths: int, *, daily: bool, waiting: bool = False, order_cents: int = 0) -> Horizon:
    """Family RB with two ways to buy into each node: nine days at 20 cents a unit, three days at 150."""
    problem = instance(ITEMS, NODES, paths, alpha=6)
    ways, days = 2 * NODES, problem.days
    order_days = np.zeros((ways, days), bool)
    order_days[:, :: 1 if daily else 3] = True
    supplies = Supplies(
        names=[f"way {v}" for v in range(ways)],
        node=np.arange(ways) % NODES,
        lead_days=np.repeat([9, 3], NODES),
        order_days=order_days,
        sells=np.ones((ITEMS, ways), bool),
        extra_cents=np.broadcast_to(np.repeat([20, 150], NODES), (ITEMS, ways)),
        order_cents=np.full(ways, order_cents),
        multiple_units=np.ones((ITEMS, ways), np.int64),
        minimum_units=np.ones((ITEMS, ways), np.int64),
    )
    return Horizon(
        problem=problem,
        departs=np.ones((len(problem.lanes), days), bool),
        transit_days=problem.lanes.lead_days,
        supplies=supplies,
        backorder_millicents=np.full((ITEMS, NODES), 100_000) if waiting else None,
    )


def scenario_program(asked: Horizon, k: int) -> float:
    """Least cost with a stock, and a shortage, for every path, node and day."""
    problem, waits = asked.problem, asked.backorder_millicents
    options = question(asked, k, lane_costs(asked)[k]).options
    lines, (nodes, paths, days) = options.lines, problem.paths.shape[1:]
    program = Program()
    steps = program.columns(len(options), cost=options.cents * options.step, upper=options.most / options.step)
    hold = problem.holding_millicents[k][:, None, None] / 1000 / paths
    cost = np.broadcast_to(hold, (nodes, paths, days)).copy()
    cost[:, :, -1] -= problem.terminal[k][:, None] / paths
    stock = program.columns((nodes, paths, days), cost=cost)
    each = problem.shortage_cents[k] if waits is None else waits[k] / 1000
    short = program.columns((nodes, paths, days), cost=np.broadcast_to(each[:, None, None] / paths, cost.shape))
    known = problem.arrivals[k].astype(float)
    known[:, 0] += problem.on_hand[k]
    supply = known[:, None, :] - problem.paths[k]
    rows = program.rows("balance", (nodes, paths, days), lower=supply, upper=supply)
    program.put(rows, stock, 1.0)
    program.put(rows[..., 1:], stock[..., :-1], -1.0)
    program.put(rows, short, -1.0)
    if waits is not None:
        program.put(rows[..., 1:], short[..., :-1], 1.0)
    for d in range(len(options)):
        into, day = int(lines.node[options.into[d]]), int(lines.day[options.into[d]])
        if day < days:
            program.put(rows[into, :, day], steps[d], -float(options.step[d]))
        if options.out_of[d] >= 0:
            program.put(rows[int(lines.node[options.out_of[d]]), :, 0], steps[d], float(options.step[d]))
    moved = np.flatnonzero(options.lane >= 0)
    there = program.rows("only what is there", nodes, upper=options.stock_units)
    program.put(there[lines.node[options.out_of[moved]]], steps[moved], options.step[moved])
    return program.solve().objective


def main() -> None:
    figures: dict[str, float | int] = {}
    with clock() as compiled:
        for waiting in (False, True):
            few = horizon(8, daily=False, waiting=waiting)
            plan_item(few, 0, cents_per_unit=lane_costs(few)[0])
    figures["horizon_compile_s"] = compiled.wall_s
    worst = 0.0
    for name, daily, waiting in (("lost", False, False), ("waiting", False, True), ("daily", True, False)):
        for paths in (50, 200, 2000):
            asked = horizon(paths, daily=daily, waiting=waiting)
            cents = lane_costs(asked)
            with clock() as ideal_time:
                ideal = [plan_item(asked, k, cents_per_unit=cents[k], whole=False) for k in range(ITEMS)]
            with clock() as whole_time:
                whole = [plan_item(asked, k, cents_per_unit=cents[k]) for k in range(ITEMS)]
            key = f"horizon_{name}_{paths}"
            figures[f"{key}_relaxed_ms"] = 1000 * ideal_time.cpu_s / ITEMS
            figures[f"{key}_whole_ms"] = 1000 * whole_time.cpu_s / ITEMS
            figures[f"{key}_whole_over_bound"] = sum(p.cost_cents for p in whole) / sum(p.bound_cents for p in whole)
            if paths > 200 or (daily and paths > 50):
                continue
            with clock() as highs_time:
                exact = [scenario_program(asked, k) for k in range(2)]
            figures[f"{key}_highs_ms"] = 1000 * highs_time.cpu_s / 2
            figures[f"{key}_speedup"] = figures[f"{key}_highs_ms"] / figures[f"{key}_relaxed_ms"]
            worst = max(worst, *(abs(p.relaxed_cents - e) / abs(e) for p, e in zip(ideal, exact, strict=False)))
    figures["horizon_worst_difference"] = worst
    asked = horizon(50, daily=False, order_cents=500)
    cents = lane_costs(asked)
    with clock() as order_time:
        plans = [plan_item(asked, k, cents_per_unit=cents[k], programs=1) for k in range(ITEMS)]
    figures["horizon_orders_50_whole_ms"] = 1000 * order_time.cpu_s / ITEMS
    figures["horizon_orders_50_gap"] = sum(p.cost_cents for p in plans) / sum(p.bound_cents for p in plans) - 1
    report("rebalancing", figures)


if __name__ == "__main__":
    main()
