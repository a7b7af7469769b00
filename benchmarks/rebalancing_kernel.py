"""The tables and the flow of rebalancing by themselves: time, memory, distance from HiGHS and from the bound, one item again.

Each size runs in a process of its own, so that its peak of memory is its own. CPU seconds, one thread, after compiling.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
from benchmarks.harness import clock, peak_rss_gb, report
from benchmarks.rebalancing_family import instance

from evenstock.rebalancing import Moves, Problem
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.flow.bound import ceiling, upper_bound
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import flow, scaled
from evenstock.rebalancing.flow.program import best_cases
from evenstock.rebalancing.flow.replan import replan
from evenstock.rebalancing.unit_values.tables import spliced, unit_values
from evenstock.rebalancing.worth.worth import worth

UNITS = 100_000
"""Share of a pallet in a case that makes every case one unit."""


def compiled() -> float:
    """CPU seconds to compile, or to read what was compiled before."""
    with clock() as compiling:
        small = instance(30, 10, 5, alpha=1.5)
        cost = scaled(small, full_departures(small))
        values = unit_values(small, cost)
        upper_bound(small, values, cost)
        replan(small.only(np.array([0])), cost[:1])
    return compiling.cpu_s


def speed(items: int, nodes: int, paths: int, seed: int, case_share: int) -> dict[str, float]:
    """Tables and flow of the whole instance at linear lane costs, and the memory of all that, instance included."""
    compiling = compiled()
    problem = instance(items, nodes, paths, alpha=1.5, seed=seed, case_share=case_share)
    with clock() as tables:
        cost = scaled(problem, full_departures(problem))
        values = unit_values(problem, cost)
    with clock() as flowing:
        cases, _ = flow(problem, values, cost)
    return {
        "compile_s": compiling,
        "tables_s": tables.cpu_s,
        "flow_s": flowing.cpu_s,
        "cpu_s": tables.cpu_s + flowing.cpu_s,
        "rss_gb": peak_rss_gb(),
        "cases": int(cases.sum()),
    }


def quality(items: int, paths: int, seed: int, case_share: int) -> dict[str, float]:
    """Against HiGHS item by item: its linear relaxation for time, its whole-number optimum for the saving on fresh paths."""
    compiled()
    problem = instance(items, 10, paths, alpha=1.5, seed=seed, case_share=case_share)
    fresh = instance(items, 10, 2000, alpha=1.5, seed=seed, case_share=case_share, fresh=1)
    linear = full_departures(problem)
    repeats = 20
    with clock() as ours:
        for _ in range(repeats):
            cost = scaled(problem, linear)
            values = unit_values(problem, cost)
            straight, _ = flow(problem, values, cost)
    with clock() as more:
        for _ in range(repeats):
            exact = conditions(problem, values, cost).exact
            better, _ = improved(problem, values, cost, straight, ~exact)
    with clock() as bounding:
        bound = upper_bound(problem, values, cost).sum() / (1000.0 * paths)
    with clock() as highs:
        relaxed = [best_cases(problem, k, cost[k], whole=False) for k in range(items)]
    whole = [best_cases(problem, k, cost[k]) for k in range(items)]
    solved = np.array([found is not None for found in whole])
    optimum = np.stack([found.cases.astype(np.int64) if found else better[k] for k, found in enumerate(whole)])
    nothing = _nothing(problem)
    limit = sum(nothing[k] - found.cents for k, found in enumerate(relaxed) if found)
    same = {name: saving(problem, linear, plan) for name, plan in (("ours", better), ("highs", optimum))}
    return {
        "speedup_flow": highs.cpu_s / (ours.cpu_s / repeats),
        "speedup_ours": highs.cpu_s / ((ours.cpu_s + more.cpu_s) / repeats),
        "fresh_flow": saving(fresh, linear, straight) / saving(fresh, linear, optimum),
        "fresh_ours": saving(fresh, linear, better) / saving(fresh, linear, optimum),
        "same_ours": same["ours"] / same["highs"],
        "bound_over_optimum": bound / same["highs"],
        "lp_over_optimum": limit / same["highs"],
        "bound_s": bounding.cpu_s,
        "exact": float(exact.mean()),
        "unsolved": int((~solved).sum()),
    }


def saving(problem: Problem, linear: np.ndarray, cases: np.ndarray) -> float:
    """Worth on these paths less linear lane costs, in cents."""
    moves = Moves.from_table(cases * problem.case_units[:, None])
    return float(worth(problem, moves).cents.sum() - (moves.units * linear[moves.item, moves.lane]).sum())


def _nothing(problem: Problem) -> list[float]:
    """Cents of shortage and storing of each item left alone."""
    closed = scaled(problem, np.full((len(problem.skus), len(problem.lanes)), np.inf))
    found = [best_cases(problem, k, closed[k], whole=False) for k in range(len(problem.skus))]
    return [one.cents if one else np.nan for one in found]


def bounding(items: int, seed: int, case_share: int) -> dict[str, float]:
    """The bound of the whole instance: built once, asked again at dearer lanes, and its distance from our own plan."""
    compiled()
    problem = instance(items, 10, 50, alpha=1.5, seed=seed, case_share=case_share)
    linear = full_departures(problem)
    cost = scaled(problem, linear)
    values = unit_values(problem, cost)
    cases, _ = flow(problem, values, cost)
    better, _ = improved(problem, values, cost, cases, ~conditions(problem, values, cost).exact)
    with clock() as building:
        around = ceiling(problem, values, cost)
    found = upper_bound(problem, values, cost, around).sum() / 50_000.0
    with clock() as asking:
        upper_bound(problem, values, scaled(problem, 1.1 * linear), around)
    return {
        "bound_over_ours": found / saving(problem, linear, better),
        "build_s": building.cpu_s,
        "ask_s": asking.cpu_s,
    }


def one_item(items: int, seed: int) -> dict[str, float]:
    """One of many items after a change of its stock and its demand: checked, tables, flow, exchange."""
    compiled()
    problem = instance(items, 10, 50, alpha=1.5, seed=seed)
    cost = scaled(problem, full_departures(problem))
    values = unit_values(problem, cost)
    taken, put = [], []
    for k in range(0, items, max(items // 300, 1)):
        item = np.array([k])
        begin = time.process_time()
        one = problem.only(item)
        found = replan(replace(one, on_hand=one.on_hand + 3, paths=one.paths[:, :, ::-1]), cost[item])
        taken.append(1000 * (time.process_time() - begin))
        begin = time.process_time()
        spliced(values, found.values, item)
        put.append(1000 * (time.process_time() - begin))
    return {
        "ms": float(np.median(taken)),
        "p95_ms": float(np.quantile(taken, 0.95)),
        "splice_ms": float(np.median(put)),
    }


def apart(name: str, *given: int) -> dict[str, float]:
    """One of the functions above in a process of its own."""
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.rebalancing_kernel", name, *map(str, given)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    print(name, *given, {key: round(value, 4) for key, value in found.items()}, flush=True)
    return found


def main() -> None:
    few, many = apart("speed", 3000, 10, 50, 7, 20), apart("speed", 3000, 10, 200, 7, 20)
    units = apart("speed", 3000, 10, 200, 7, UNITS)
    other, wide = apart("speed", 3000, 10, 50, 101, 20), apart("speed", 3000, 30, 50, 101, 20)
    by_unit, by_case = apart("quality", 24, 50, 7, UNITS), apart("quality", 24, 50, 7, 20)
    unseen = apart("quality", 16, 50, 101, UNITS)
    bound, bound_units = apart("bounding", 3000, 7, 20), apart("bounding", 1000, 7, UNITS)
    again = apart("one_item", 3000, 7)
    report(
        "rebalancing",
        {
            "kernel_cpu_s_50": few["cpu_s"],
            "kernel_cpu_s_200": many["cpu_s"],
            "kernel_cpu_s_200_units": units["cpu_s"],
            "kernel_cpu_s_50_seed101": other["cpu_s"],
            "kernel_cpu_s_50_30nodes": wide["cpu_s"],
            "kernel_rss_gb": max(few["rss_gb"], many["rss_gb"], units["rss_gb"]),
            "kernel_compile_s": few["compile_s"],
            "speedup_vs_highs": by_unit["speedup_flow"],
            "saving_vs_highs": by_unit["fresh_flow"],
            "speedup_vs_highs_improved": by_unit["speedup_ours"],
            "saving_vs_highs_improved": by_unit["fresh_ours"],
            "speedup_vs_highs_cases": by_case["speedup_ours"],
            "saving_vs_highs_cases": by_case["fresh_ours"],
            "speedup_vs_highs_seed101": unseen["speedup_flow"],
            "saving_vs_highs_seed101": unseen["fresh_flow"],
            "speedup_vs_highs_improved_seed101": unseen["speedup_ours"],
            "saving_vs_highs_improved_seed101": unseen["fresh_ours"],
            "item_bound_over_optimum_units": by_unit["bound_over_optimum"],
            "item_bound_over_optimum_cases": by_case["bound_over_optimum"],
            "item_bound_over_ours_3000": bound["bound_over_ours"],
            "item_bound_over_ours_1000_units": bound_units["bound_over_ours"],
            "item_bound_build_s": bound["build_s"],
            "item_bound_ask_s": bound["ask_s"],
            "replan_one_ms": again["ms"],
            "replan_one_p95_ms": again["p95_ms"],
        },
        [
            "CPU seconds; savings on 2,000 fresh paths against the whole-number optimum of HiGHS, speed against its relaxation"
        ],
    )


_PARTS = {part.__name__: part for part in (speed, quality, bounding, one_item)}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_PARTS[sys.argv[1]](*map(int, sys.argv[2:]))))
    else:
        main()
