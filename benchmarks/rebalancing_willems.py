"""Safety stock placed in the real supply chains of Willems (2008), beside a general whole-number solver.

Chains 0 (the paper's example) to 24, from Willems (2008), Data Set: Real-World Multiechelon Supply Chains Used for
Inventory Optimization, Manufacturing & Service Operations Management 10(1). Each is placed twice:

* **fixed**: every stage takes its mean time, the model of the literature on general networks; this one is compared;
* **random**: stage times as the data give them, by cases or else normal, with the lead-time formula on what a promise
  leaves of them (Humair, Ruark, Tomlin and Willems 2013).

Part days are kept, promises are whole days. Holding costs 20 % a year of the value added up to a stage; the data have no
such rate, and it scales all costs alike. All links are one unit for one. Demand of different stages is independent.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.harness import clock, report, shared_data
from scipy.special import ndtri

from evenstock.inventory.multi_echelon.guaranteed_service import (
    Demand,
    Link,
    Network,
    Placement,
    Stage,
    StageTime,
    cases,
    fixed,
    normal,
    place,
    place_by_program,
)

CHAINS = range(25)
CARRYING_RATE = 0.2
SOLVER_LIMIT_S = 40.0
WITHIN = 1e-3
PROVEN = 1e-6


def _time(row: dict[str, str | None], random_times: bool) -> StageTime:
    mean, sd = float(row["stageTime"]), float(row["stdDev stageTime"] or 0)
    if not random_times:
        return fixed(mean)
    share: dict[float, float] = {}
    for k in range(1, 7):
        if row[f"stageTime_{k}"] is not None:
            days = float(row[f"stageTime_{k}"])
            share[days] = share.get(days, 0.0) + float(row[f"stageTime_%_{k}"])
    if share:
        return cases({days: p / sum(share.values()) for days, p in share.items()})
    return normal(mean, sd) if sd > 0 else fixed(mean)


def chain(folder: Path, number: int, *, random_times: bool) -> Network:
    """One chain of the data set; every number in it is text."""
    rows = pl.read_parquet(folder / "willems_stages.parquet").filter(pl.col("chain") == number).to_dicts()
    links = pl.read_parquet(folder / "willems_links.parquet").filter(pl.col("chain") == number)
    ends = list(zip(links["sourceStage"], links["destinationStage"], strict=True))
    suppliers: dict[str, list[str]] = {}
    for supplier, customer in ends:
        suppliers.setdefault(customer, []).append(supplier)
    added = {row["Stage Name"]: float(row["stageCost"]) for row in rows}
    value: dict[str, float] = {}

    def worth(name: str) -> float:
        if name not in value:
            value[name] = added[name] + sum(worth(s) for s in suppliers.get(name, []))
        return value[name]

    def demand(row: dict[str, str | None]) -> Demand | None:
        if row["avgDemand"] is None:
            return None
        covered = float(ndtri(float(row["serviceLevel"])))
        return Demand(float(row["avgDemand"]), float(row["stdDevDemand"]), covered, int(row["maxServiceTime"]))

    stages = [
        Stage(row["Stage Name"], _time(row, random_times), CARRYING_RATE * worth(row["Stage Name"]), demand(row))
        for row in rows
    ]
    return Network(tuple(stages), tuple(Link(a, b) for a, b in ends))


def long_tree(stages: int, seed: int = 1) -> Network:
    """A random tree, each stage joined to an earlier one as its supplier or its customer."""
    rng = np.random.default_rng(seed)
    links = []
    for i in range(1, stages):
        j = int(rng.integers(0, i))
        links.append((i, j) if rng.random() < 0.5 else (j, i))
    supplies = {a for a, _ in links}
    made = [
        Stage(
            str(i),
            fixed(int(rng.integers(1, 8))),
            float(rng.uniform(1, 10)),
            None if i in supplies else Demand(10, float(rng.uniform(1, 4)), 1.645, int(rng.integers(0, 3))),
        )
        for i in range(stages)
    ]
    return Network(tuple(made), tuple(Link(str(a), str(b)) for a, b in links))


def _by_solver(network: Network) -> Placement | None:
    try:
        return place_by_program(network, time_limit_s=SOLVER_LIMIT_S)
    except ValueError:
        return None


def main() -> int:
    folder = shared_data("multi_echelon")
    if folder is None:
        return 0
    with clock() as compiling:
        for number in (0, 1, 20):
            place(chain(folder, number, random_times=False))
    print(f"compiled in {compiling.cpu_s:.1f} s CPU (nothing to speak of where it is cached)\n")
    print(
        "chain stages links |  fixed: cost a year      gap   CPU s boxes"
        " | solver: cost a year      gap   CPU s  ours below by | random: cost a year      gap   CPU s"
    )
    solved, proven, worse, finished, random_solved, totals = 0, 0, 0, 0, 0, np.zeros(3)
    for number in CHAINS:
        network, random_times = (chain(folder, number, random_times=r) for r in (False, True))
        with clock() as ours_time:
            ours = place(network)
        with clock() as random_time:
            random = place(random_times)
        with clock() as solver_time:
            theirs = _by_solver(network)
        totals += (ours_time.cpu_s, random_time.cpu_s, solver_time.cpu_s)
        solved += ours.gap <= WITHIN
        proven += ours.gap <= PROVEN
        random_solved += random.gap <= WITHIN
        beside = "                 none within the limit"
        if theirs is not None:
            worse += ours.cost > theirs.cost + 1e-6
            finished += theirs.gap <= PROVEN * 1.01
            saving = 1 - ours.cost / theirs.cost if theirs.cost else 0.0
            beside = f"{theirs.cost:19,.2f} {theirs.gap:8.3%} {solver_time.cpu_s:7.2f} {saving:12.4%}"
        print(
            f"{number:5} {len(network.stages):6} {len(network.links):5} | {ours.cost:19,.2f} {ours.gap:8.4%} "
            f"{ours_time.cpu_s:7.3f} {ours.boxes:5} | {beside} | "
            f"{random.cost:19,.2f} {random.gap:8.4%} {random_time.cpu_s:7.3f}",
            flush=True,
        )
        largest_s = ours_time.cpu_s
    with clock() as building:
        tree = long_tree(10_000)
    with clock() as tree_time:
        placed = place(tree)
    report(
        "rebalancing",
        {
            "willems_solved": solved,
            "willems_proven": proven,
            "willems_random_solved": random_solved,
            "willems_s_largest": largest_s,
            "willems_s_all": float(totals[0]),
            "willems_solver_s_all": float(totals[2]),
            "willems_solver_finished": finished,
            "willems_worse_than_solver": worse,
            "gsm_tree_10000_s": tree_time.cpu_s,
        },
        [
            f"of {len(CHAINS)} chains: {solved} within {WITHIN:.1%} proven, {proven} proven optimal (gap ≤ {PROVEN})",
            f"with random stage times {random_solved} within {WITHIN:.1%}, {totals[1]:.1f} s CPU in all",
            f"the general solver proved {finished} within {SOLVER_LIMIT_S:.0f} s each; ours dearer than its answer: {worse}",
            f"tree of 10,000 stages: {placed}; made and checked in {building.cpu_s:.2f} s more",
        ],
    )
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
