"""What stockpyl 1.0.2 answers to the textbook's questions: run in its own environment, for `rebalancing_textbook`.

Prints one JSON object; every figure comes with the CPU seconds it took. Nothing of ours is imported.
"""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")

from stockpyl.instances import load_instance  # noqa: E402
from stockpyl.meio_general import meio_by_enumeration  # noqa: E402
from stockpyl.newsvendor import newsvendor_normal  # noqa: E402
from stockpyl.sim import simulation  # noqa: E402
from stockpyl.ssm_serial import optimize_base_stock_levels  # noqa: E402

SERIAL = [
    "example_6_1",
    "problem_6_1",
    "problem_6_2a",
    "problem_6_16",
    "shang_song_1",
    "shang_song_9",
    "shang_song_17",
    "shang_song_25",
]
GROUPS = [{0}, {1, 2}, {3, 4, 5, 6}]


def timed(work):
    start = time.process_time()
    answer = work()
    return answer, time.process_time() - start


def serial():
    found = {}
    for name in SERIAL:
        network = load_instance(name)
        (levels, cost), cpu = timed(lambda network=network: optimize_base_stock_levels(network=network))
        found[name] = {"levels": [float(levels[k]) for k in sorted(levels)], "cost": float(cost), "cpu_s": cpu}
    readme = {
        "num_nodes": 3,
        "node_order_in_lists": [1, 2, 3],
        "echelon_holding_cost": [4, 3, 1],
        "lead_time": [1, 1, 2],
        "stockout_cost": 40,
        "demand_mean": 10,
        "demand_standard_deviation": 2,
    }
    (levels, cost), cpu = timed(lambda: optimize_base_stock_levels(**readme))
    found["readme"] = {"levels": [float(levels[k]) for k in sorted(levels)], "cost": float(cost), "cpu_s": cpu}
    return found


def walks():
    found = {}
    for name, periods in (("example_6_1", 1000), ("assembly_3_stage", 1000)):
        network = load_instance(name)
        total, cpu = timed(lambda n=network, t=periods: simulation(n, t, rand_seed=42, progress_bar=False))
        found[name] = {
            "cost": float(total) / periods,
            "cpu_s": cpu,
            "node_periods": periods * len(network.nodes),
            "levels": {str(n.index): n.inventory_policy.base_stock_level for n in network.nodes},
        }
    return found


def levels_of_a_tree():
    grid = {
        0: range(35, 50, 5),
        **dict.fromkeys((1, 2), range(22, 31, 3)),
        **dict.fromkeys((3, 4, 5, 6), range(10, 14, 2)),
    }
    found = {}
    network = load_instance("rong_atan_snyder_figure_1a")
    (levels, cost), cpu = timed(
        lambda: meio_by_enumeration(
            network,
            base_stock_levels={k: list(v) for k, v in grid.items()},
            groups=GROUPS,
            sim_num_trials=5,
            sim_num_periods=100,
            sim_rand_seed=762,
            progress_bar=False,
        )
    )
    found["enumeration of 18"] = {"levels": [float(levels[k]) for k in range(7)], "cost": float(cost), "cpu_s": cpu}
    return found


def main():
    (level, cost), cpu = timed(lambda: newsvendor_normal(0.18, 0.70, 50, 8))
    json.dump(
        {
            "newsvendor": {"level": float(level), "cost": float(cost), "cpu_s": cpu},
            "serial": serial(),
            "walks": walks(),
            "tree": levels_of_a_tree(),
            "numpy": np.__version__,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
