"""Whether expected regret finds the decisions that turn out dear, and whether a gate calibrated on it keeps its budget.

Multi-item instances of 10,000 periods, 20 repricings, 8 scenarios; see `benchmarks.regret_world` for what hindsight regret
is. The gate is calibrated on seeds 0 to 29 and everything is reported on seeds 40 to 47, which nothing was chosen on.
An instance is one observation: its orders share their stock, their forecast and what really came.
"""

from __future__ import annotations

import time
from dataclasses import fields, replace
from statistics import median

import numpy as np
from benchmarks.harness import clock, report, shared_data
from benchmarks.jasin_sinha_ma import instance
from benchmarks.regret_world import Told, decisions, world
from numpy.typing import NDArray
from tests.routing import orders

from evenstock.learning.risk_control import RiskLimit, risk_limit
from evenstock.routing.choose import choose
from evenstock.routing.confidence import MOST_LINES, added_by, price_regret
from evenstock.simulation.multi_item import Instance

CALIBRATED_ON, TESTED_ON = range(30), range(40, 48)
BUDGET, CAP = 1_000.0, 5_000.0
"""Thousandths of a cent an order: a cent, and what an instance is taken to lose at most, with no person in between."""
SHARES = (0.01, 0.05, 0.1, 0.2, 0.3)
VARIANT_SEEDS = range(40, 44)


def told(made: list[Instance], seeds: range) -> tuple[Told, NDArray[np.int64]]:
    """Every decision of these instances, and the instance of each."""
    each = [decisions(world(one), 0, seed=seed) for one, seed in zip(made, seeds, strict=True)]
    columns = [np.concatenate([getattr(t, f.name) for t in each]) for f in fields(Told)]
    return Told(*columns), np.repeat(np.array(seeds), [t.regret.size for t in each])


def carried(score: NDArray[np.float64], regret: NDArray[np.float64], share: float) -> float:
    """Share of all regret in the decisions of the highest scores; ties in an order of chance."""
    mixed = np.random.default_rng(0).permutation(score.size)
    first = mixed[np.argsort(-score[mixed], kind="stable")][: int(share * score.size)]
    return float(regret[first].sum() / regret.sum())


def ranked(of: Told) -> list[str]:
    rng = np.random.default_rng(1)
    ranks = {
        "expected regret": of.foretold,
        "number of lines": of.lines.astype(np.float64),
        "score margin": -of.margin,
        "random": rng.random(of.regret.size),
    }
    return [
        f"share of hindsight regret by {name:<15} "
        + ", ".join(f"top {s:.0%} {carried(score, of.regret, s):.1%}" for s in SHARES)
        for name, score in ranks.items()
    ]


def kept(gate: RiskLimit, of: Told) -> tuple[float, float, float]:
    """Mean regret of automatic decisions over all orders, over the budget; share automatic; mean regret of the others."""
    through = of.foretold <= (-1.0 if gate.threshold is None else gate.threshold)
    others = float(of.regret[~through].mean()) if (~through).any() else 0.0
    return float(np.where(through, of.regret, 0.0).mean()) / BUDGET, float(through.mean()), others


def main() -> None:
    folder = shared_data("jasin_sinha_ma")
    if folder is None:
        return
    with clock() as taken:
        seen, which = told([instance(folder, s) for s in CALIBRATED_ON], CALIBRATED_ON)
        test, _ = told([instance(folder, s) for s in TESTED_ON], TESTED_ON)
    gate = risk_limit(seen.foretold, seen.regret, budget=BUDGET, cap=CAP, cluster=which)
    by_epoch = risk_limit(seen.foretold, seen.regret, budget=BUDGET, cap=CAP, cluster=100 * which + seen.epoch)
    over, auto, others = kept(gate, test)
    looked_at = (
        f"{seen.regret.size:,} decisions calibrated on, {test.regret.size:,} tested on, {taken.cpu_s:.0f} s CPU;"
        f" {(test.regret < 1.0).mean():.1%} have no regret, the mean is {test.regret.mean() / 1e3:.2f} cents"
        f" and {test.foretold.mean() / 1e3:.2f} was foretold"
    )
    found = (
        f"on the test instances {auto:.1%} pass and lose {over * BUDGET / 1e3:.2f} cents an order, all orders counted;"
        f" those left to people would have lost {others / 1e3:.1f} cents each"
    )
    again = "gate, a repricing one observation: {}; on the test instances {:.2f} of the budget, {:.1%} automatic"
    notes = [
        looked_at,
        *ranked(test),
        f"gate, an instance one observation: {gate.because}",
        found,
        again.format(by_epoch.because, *kept(by_epoch, test)[:2]),
    ]
    for name, changed in variants(folder).items():
        other, _ = told(changed, VARIANT_SEEDS)
        said = kept(gate, other)
        notes.append(
            f"{name}, seeds {VARIANT_SEEDS[0]} to {VARIANT_SEEDS[-1]}, the same gate: mean regret"
            f" {other.regret.mean() / 1e3:.2f} cents, top 10% carries {carried(other.foretold, other.regret, 0.1):.1%};"
            f" {said[0]:.2f} of the budget, {said[1]:.1%} automatic"
        )
    notes += in_process()
    report(
        "routing",
        {
            "regret_share_top10": carried(test.foretold, test.regret, 0.1),
            "gate_regret_over_budget": over,
            "gate_auto_share": auto,
        },
        notes,
    )


def variants(folder: object) -> dict[str, list[Instance]]:
    zones = [instance(folder, s, unit_mile=0.004) for s in VARIANT_SEEDS]  # type: ignore[arg-type]
    return {
        "zone-like rates": zones,
        "zone-like rates, misplaced stock": [
            one.misplaced(seed=s) for one, s in zip(zones, VARIANT_SEEDS, strict=True)
        ],
        "a tenth of the volume": [instance(folder, s, periods=1_000) for s in VARIANT_SEEDS],  # type: ignore[arg-type]
    }


def in_process() -> list[str]:
    """What it adds to one decision, and what larger orders miss where only their alternatives are looked at."""
    rng, said = np.random.default_rng(1), []
    book = orders.random_book(rng, breaks=70)
    for nodes, lines in ((8, 5), (8, 8), (8, MOST_LINES)):
        taken, exact, shown = [], 0, 0.0
        for _ in range(100):
            priced = orders.random_case(rng, book, nodes, lines, same_item=0.0, scarce=0.1).priced
            worth = rng.integers(0, 100, (nodes, lines))
            scenarios = np.maximum(0, worth + rng.integers(-40, 41, (8, nodes, lines)))
            priced = replace(priced, unit_cents=priced.unit_cents + worth[priced.node])
            found = choose(priced)
            if not len(found):
                continue
            price_regret(priced, found, worth, scenarios)
            began = time.process_time()
            exact += price_regret(priced, found, worth, scenarios)
            taken.append(1e3 * (time.process_time() - began))
            costs = found.cents + added_by(priced, found, scenarios - worth)
            shown += 1_000.0 * float((costs[:, 0] - costs.min(axis=1)).mean())
        said.append(
            f"expected regret of a decision, {nodes} nodes x {lines} lines, 8 scenarios: p50 {median(taken):.3f} ms,"
            f" p99 {np.quantile(taken, 0.99):.3f} ms; the alternatives alone would find {shown / exact:.1%} of it"
        )
    return said


if __name__ == "__main__":
    main()
