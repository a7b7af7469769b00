"""The textbook's inventory problems: ours, what is published, and stockpyl 1.0.2 where it has an answer, with CPU times.

`python -m benchmarks.rebalancing_textbook`. stockpyl runs in its own environment (`make bench` sets it up) and its own
process, on the same instances, in the same run. Lost-sales costs are exact: the policy's from its stationary distribution,
the optimum's from value iteration, which the policy never sees.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
from benchmarks.harness import ROOT, clock, report

from evenstock.inventory.multi_echelon.divergent import DivergentPolicy, divergent_policy, simulated_cost, stores
from evenstock.inventory.multi_echelon.serial import serial_optimum
from evenstock.inventory.multi_echelon.simulate import OUTSIDE, StockNetwork, simulate, stock_network
from evenstock.inventory.multi_echelon.simulate_search import search_levels
from evenstock.inventory.single.base_stock import base_stock
from evenstock.inventory.single.demand import NormalDemand, PoissonDemand
from evenstock.inventory.single.lost_sales import lost_sales_policy
from evenstock.inventory.single.lost_sales_optimum import lost_sales_optimum
from evenstock.inventory.single.newsvendor import newsvendor

PEER = ROOT / ".venv-stockpyl" / "bin" / "python"
ZIPKIN = {
    1: (4.04, 5.44, 6.68, 7.84),
    2: (4.40, 6.09, 7.66, 9.11),
    3: (4.60, 6.53, 8.36, 10.04),
    4: (4.73, 6.84, 8.89, 10.79),
}
SHANG_SONG = {"flat": [1.0, 0.75, 0.5, 0.25], "steep": [5.5, 5.25, 2.75, 0.25]}
SERIAL = {
    "example_6_1": ([7, 4, 2], [1, 1, 2], 37.12, NormalDemand(5, 1), "47.65"),
    "readme": ([8, 4, 1], [1, 1, 2], 40, NormalDemand(10, 2), "86.0253"),
    "problem_6_1": ([2, 1], [1, 1], 15, NormalDemand(100, 15), ""),
    "problem_6_2a": ([7, 5, 3, 2, 1], [0.5] * 5, 24, NormalDemand(64, 8), "451.7288"),
    "problem_6_16": ([7, 2], [8, 3], 24, NormalDemand(20, 4), ""),
    "shang_song_1": (SHANG_SONG["flat"], [0.25] * 4, 9, PoissonDemand(16), "12.6869"),
    "shang_song_9": (SHANG_SONG["steep"], [0.25] * 4, 9, PoissonDemand(16), "53.0064"),
    "shang_song_17": (SHANG_SONG["flat"], [0.25] * 4, 99, PoissonDemand(16), "16.1979"),
    "shang_song_25": (SHANG_SONG["steep"], [0.25] * 4, 99, PoissonDemand(16), "74.5543"),
}
"""Holding costs and lead times from the customer's stage on, penalty, demand, and the cost in print."""
REPEATS = 20
CHAIN = stock_network([2, 4, 7], [0, 0, 37.12], [(OUTSIDE, 0, 2), (0, 1, 1), (1, 2, 1)], sells=[2])
ASSEMBLY = stock_network([2, 1, 1], [20, 0, 0], [(OUTSIDE, 1, 2), (OUTSIDE, 2, 2), (1, 0, 1), (2, 0, 1)], sells=[0])
TREE = stock_network(
    [1 / 3, 2 / 3, 2 / 3, 1, 1, 1, 1],
    [20.0] * 7,
    [(OUTSIDE, 0, 1), (0, 1, 1), (0, 2, 1), (1, 3, 1), (1, 4, 1), (2, 5, 1), (2, 6, 1)],
    sells=[3, 4, 5, 6],
)
GROUPS = [[1, 2], [3, 4, 5, 6]]


def row(*cells: object) -> None:
    print("  " + "".join(f"{cell!s:<{width}}" for cell, width in zip(cells, (32, 25, 26, 27, 14, 12, 0), strict=False)))


def ask_peer() -> dict[str, dict]:
    if not PEER.exists():
        print("stockpyl is not installed in .venv-stockpyl (`make bench` sets it up): its column stays empty")
        return {}
    said = subprocess.run(
        [str(PEER), str(Path(__file__).with_name("rebalancing_textbook_stockpyl.py"))],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout)


def one_place(peer: dict) -> None:
    best = newsvendor(NormalDemand(50, 8), 0.18, 0.70)
    theirs = peer.get("newsvendor", {})
    row("newsvendor, example 4.3", f"{best.cost:.10f}", "1.9976051932", theirs.get("cost", ""))
    worst = max(
        abs(base_stock(NormalDemand(5, 1.6), days, 1, 9).cost - known)
        for days, known in ((1, 3.9711), (4, 6.2788), (7, 7.9421), (10, 9.3130), (15, 11.2319), (20, 12.8678))
    )
    row("one store, backlogged", f"off by <= {worst:.0e}", "six lead times")


def lost_sales() -> dict[str, float]:
    with clock() as compiling:
        lost_sales_policy(PoissonDemand(2), 2, 1, 4)
    print(f"\n  lost sales, Poisson(5), compiled in {compiling.cpu_s:.1f} s")
    row(
        "days, penalty", "our policy (exact cost)", "Zipkin 2008", "optimum by DP (its CPU s)", "gap", "CPU s", "policy"
    )
    gaps, times = [], []
    for days, published in ZIPKIN.items():
        for penalty, known in zip((4, 9, 19, 39), published, strict=True):
            with clock() as finding:
                policy = lost_sales_policy(PoissonDemand(5), days, 1, penalty)
            with clock() as proving:
                best = lost_sales_optimum(PoissonDemand(5), days, 1, penalty)
            assert policy.exact
            assert round(best.cost, 2) == known
            gaps.append(policy.cost / best.lower - 1.0)
            times.append(finding.cpu_s)
            row(
                f"{days}, {penalty}",
                f"{policy.cost:.4f}",
                known,
                f"{best.cost:.4f} ({proving.cpu_s:.2f})",
                f"{gaps[-1]:.3%}",
                f"{times[-1]:.3f}",
                f"cover {policy.cover:.4f}, cap {policy.cap}",
            )
    return {"zipkin_worst_gap": max(gaps), "zipkin_worst_cpu_s": max(times)}


def serial(peer: dict) -> dict[str, float]:
    print("\n  serial chains (exact: our lattice eight times as fine)")
    row("chain", "ours (error)", "in print", "stockpyl (error)", "our ms", "their s", "times as fast")
    ratios, slowest = {}, 0.0
    for name, (*question, printed) in SERIAL.items():
        serial_optimum(*question)
        with clock() as solving:
            for _ in range(REPEATS):
                ours = serial_optimum(*question)
        own = solving.cpu_s / REPEATS
        slowest = max(slowest, own)
        exact = serial_optimum(*question, steps_per_sd=320).cost
        theirs = peer.get("serial", {}).get(name)
        said = f"{theirs['cost']:.4f} ({abs(theirs['cost'] - exact):.0e})" if theirs else ""
        if theirs:
            assert abs(ours.cost - exact) <= abs(theirs["cost"] - exact)
            ratios[name] = theirs["cpu_s"] / own
        row(
            name,
            f"{ours.cost:.5f} ({abs(ours.cost - exact):.0e})",
            printed,
            said,
            f"{1e3 * own:.2f}",
            f"{theirs['cpu_s']:.2f}" if theirs else "",
            f"{ratios[name]:,.0f}" if theirs else "",
        )
    figures = {"serial_worst_cpu_s": slowest}
    if ratios:
        figures |= {
            "serial_speedup_vs_stockpyl": min(ratios.values()),
            "serial_speedup_example_6_1": ratios["example_6_1"],
        }
    costs = [
        serial_optimum((1, 0.5, 0.2, 0.1), (4, 3, 4, 2), p, NormalDemand(5, 2), review=1).cost_on_hand
        for p in (4, 9, 19, 39)
    ]
    row("four stages, daily", " ".join(f"{c:.2f}" for c in costs), "8.78 10.76 12.45 13.94")
    return figures


def relaxed_noise(policy: DivergentPolicy, demand: np.ndarray, skip: int) -> np.ndarray:
    """What the relaxed system, whose mean cost is the bound, pays on these very paths above its mean."""
    system, total, scores = policy.stores, demand.sum(axis=2), policy.levels.sum(axis=1)
    cost = np.zeros(demand.shape[0])
    last = demand.shape[1] - int(system.lead_days.max())
    for t in range(skip, last):
        at_split = policy.order_up_to - total[:, t - system.centre_lead_days : t].sum(axis=1)
        for i, lead in enumerate(system.lead_days):
            level = np.interp(at_split, scores, policy.levels[:, i]) - demand[:, t : t + lead + 1, i].sum(axis=1)
            cost += np.where(level > 0, system.holding[i] * level, -system.penalty[i] * level)
    return cost / (last - skip) - policy.bound


def divergent() -> dict[str, float]:
    print("\n  one centre, K stores (Federgruen and Zipkin), cost a store and day; bound and policy, found together")
    row("K, correlation, days, penalty", "bound", "", "policy, simulated", "above bound", "ms")
    worst = 0.0
    for k in (3, 5, 10):
        mean = np.random.RandomState(33).uniform(2.5, 7.5, k)
        sd = mean * np.random.RandomState(92).uniform(0.25, 0.5, k)
        for rho in (0.0, 0.5):
            rng = np.random.default_rng(11)
            common, own = rng.standard_normal((200, 800, 1)), rng.standard_normal((200, 800, k))
            demand = mean + sd * (np.sqrt(rho) * common + np.sqrt(1 - rho) * own)
            for days in (2, 6):
                for penalty in (4.0, 9.0):
                    system = stores(
                        mean, sd, lead_days=days, holding=1.0, penalty=penalty, centre_lead_days=3, correlation=rho
                    )
                    with clock() as solving:
                        policy = divergent_policy(system)
                    cost = simulated_cost(policy, demand, skip=60) - relaxed_noise(policy, demand, 60)
                    over = cost.mean() / policy.bound - 1.0
                    worst = max(worst, over)
                    error = cost.std() / np.sqrt(cost.size) / policy.bound
                    row(
                        f"{k}, {rho}, {days}, {penalty:g}",
                        f"{policy.bound_per_store:.4f}",
                        "",
                        f"{cost.mean() / k:.4f}",
                        f"{over:+.3%}",
                        f"{1e3 * solving.cpu_s:.0f}",
                        f"se {error:.3%}",
                    )
    return {"divergent_worst_above_bound": worst}


def speed(network: StockNetwork, levels: list[float], demand: np.ndarray) -> tuple[float, float]:
    simulate(network, levels, demand[:1, :60], skip=50)
    with clock() as walking:
        cost = simulate(network, levels, demand, skip=50).cost
    return cost, demand.shape[0] * demand.shape[1] * len(levels) / walking.cpu_s


def networks(peer: dict) -> dict[str, float]:
    print("\n  networks under base-stock levels, cost a day and stage-days a CPU second (stockpyl: 1,000 days)")
    row("network", "ours, simulated", "exact", "stockpyl", "ours /s", "theirs /s")
    rng = np.random.default_rng(12)
    best = serial_optimum(*SERIAL["example_6_1"][:4])
    rates = {}
    cases = {
        "example_6_1": (CHAIN, list(best.local_levels[::-1]), rng.normal(5, 1, (100, 2000, 1)), f"{best.cost:.4f}"),
        "assembly_3_stage": (ASSEMBLY, [7.0, 13.0, 11.0], np.round(rng.normal(5, 1, (100, 2000, 1))), ""),
        "rong_atan_snyder_figure_1a": (TREE, [45.0, 25, 25, 12, 12, 12, 12], rng.normal(8, 8**0.5, (100, 1000, 4)), ""),
    }
    for name, (network, levels, demand, exact) in cases.items():
        cost, rates[name] = speed(network, levels, demand)
        theirs = peer.get("walks", {}).get(name)
        row(
            name,
            f"{cost:.4f}",
            exact,
            f"{theirs['cost']:.4f}" if theirs else "",
            f"{rates[name]:,.0f}",
            f"{theirs['node_periods'] / theirs['cpu_s']:,.0f}" if theirs else "",
        )
    return {"simulator_node_periods_per_s": min(rates.values())} | search(peer)


def search(peer: dict) -> dict[str, float]:
    print("\n  levels of the tree of seven, judged on 60 fresh paths of 1,000 days")
    row("by", "cost a day", "", "levels", "", "CPU s")
    fresh = np.random.default_rng(14).normal(8, 8**0.5, (60, 1000, 4))
    demand = np.random.default_rng(13).normal(8, 8**0.5, (20, 500, 4))
    figures = {}
    for name, alike in (("ours, levels by group", GROUPS), ("ours, seven levels", [])):
        with clock() as searching:
            found = search_levels(TREE, demand, skip=20, alike=alike)
        judged = simulate(TREE, found.levels, fresh, skip=50)
        row(
            name,
            f"{judged.cost:.3f} +- {judged.standard_error:.3f}",
            "",
            found.levels.tolist(),
            "",
            f"{searching.cpu_s:.2f}",
        )
        figures |= {"tree_levels_cpu_s": searching.cpu_s, "tree_levels_cost": judged.cost}
    for name, theirs in peer.get("tree", {}).items():
        cost = simulate(TREE, theirs["levels"], fresh, skip=50).cost
        levels = [round(v, 1) for v in theirs["levels"]]
        row(f"stockpyl, {name}", f"{cost:.3f}", "", levels, "", f"{theirs['cpu_s']:.1f}")
    return figures


def main() -> None:
    peer = ask_peer()
    row("problem", "ours", "published", "stockpyl")
    one_place(peer)
    figures = lost_sales() | serial(peer) | divergent() | networks(peer)
    report("rebalancing", figures, ["serial_speedup_vs_stockpyl is the least over the nine chains"])


if __name__ == "__main__":
    main()
