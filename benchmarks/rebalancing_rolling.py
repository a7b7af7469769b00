"""Ship now or wait, over 28 nights of family RB: each night planned from the past alone, levels of demand learned by Bayes.

Every arm sees the same forecasts and the same demand, so differences are paired by seed. Lanes leave every night. The
margin on the value of waiting was chosen on seeds 0–9 (0.8, 0.9, 1, 1.1: 1 was best); what is reported are seeds 40–71.
`python -m benchmarks.rebalancing_rolling [first seed] [last seed] [seeds that also play the open-loop plan]`.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from benchmarks.harness import clock, report
from benchmarks.rebalancing_family import instance
from scipy import stats

from evenstock.rebalancing import Moves, Solution, settle
from evenstock.rebalancing.arrays import Bools, Floats
from evenstock.rebalancing.horizon.plan import plan_weeks
from evenstock.rebalancing.horizon.question import Horizon, Supplies
from evenstock.simulation.rolling import planners
from evenstock.simulation.rolling.level_learner import level_learner, true_demand
from evenstock.simulation.rolling.night import Night, Planner
from evenstock.simulation.rolling.play import Course, play
from evenstock.simulation.rolling.world import World

ITEMS, NODES, DAYS, PATHS = 20, 5, 28, 50
SHAPE, LEVEL_SD = 2.0, 0.30
ALPHA = 6.0
OPEN_LOOP_DAYS, OPEN_LOOP_PATHS = 3, 16
"""Evenings on which the open-loop plan may transfer, and paths it sees: each of its nights is a program an item."""
Figures = dict[str, list[float]]


def mean_units(seed: int) -> Floats:
    """Units a day of each item and node of the family's instance, drawn as `instance` draws them."""
    rng = np.random.default_rng(seed)
    rng.uniform((0, 0), (4200, 2400), (NODES, 2))
    daily = rng.lognormal(2.3, 1.1, ITEMS)
    return daily[:, None] * rng.dirichlet(np.full(NODES, 4.0), ITEMS)


def world(seed: int) -> tuple[Floats, World]:
    opening = instance(ITEMS, NODES, 1, alpha=ALPHA, seed=seed)
    mean = mean_units(seed)
    demand = true_demand(mean, shape=SHAPE, level_sd=LEVEL_SD, days=DAYS, seed=1000 + seed)
    return mean, World(opening=opening, demand=demand, departs=np.ones((len(opening.lanes), DAYS), np.bool_))


def open_loop(departs: Bools) -> Planner:
    """Tonight's part of the plan for the coming days, postponing for nothing; departures that do not pay stay."""

    def plan(night: Night) -> Moves:
        problem = replace(night.problem, paths=night.problem.paths[:, :, :OPEN_LOOP_PATHS])
        items, days = len(problem.skus), problem.days
        weeks = Horizon(
            problem=problem,
            departs=departs[:, night.number : night.number + days],
            transit_days=problem.lanes.lead_days,
            supplies=Supplies.none(items, days),
            transfer_days=min(OPEN_LOOP_DAYS, days),
        )
        return paying(settle(problem, Moves.from_table(tonight(weeks)), method="open loop"))

    return plan


def tonight(weeks: Horizon):
    return plan_weeks(weeks, items=np.arange(len(weeks.problem.skus))).transfers[:, :, 0]


def paying(solution: Solution) -> Moves:
    moves = solution.moves
    net = np.bincount(moves.lane, weights=solution.line_net_cents, minlength=int(moves.lane.max(initial=0)) + 1)
    return moves.only(net[moves.lane] > 0)


def arms(there: World, *, with_open_loop: bool) -> dict[str, Planner]:
    found: dict[str, Planner] = {
        "nothing": planners.nothing,
        "rule20": planners.rule20,
        "ship_now": planners.ship_now,
        "wait": planners.ship_or_wait(round_trips=None),
        "ours": planners.ship_or_wait(),
        "clairvoyant": planners.clairvoyant(there.demand),
    }
    return found | ({"open_loop": open_loop(there.departs)} if with_open_loop else {})


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half the width of its 95 % interval (Student)."""
    found = np.array(values)
    error = float(stats.t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
    return float(found.mean()), error


def kept(courses: dict[str, Course], figures: dict[str, Figures]) -> None:
    nothing = courses["nothing"].total_cents
    for name, course in courses.items():
        into = figures.setdefault(name, {})
        for what, value in (
            ("saving", (nothing - course.total_cents) / 100),
            ("moving", course.moving_cents / 100),
            ("lost", float(course.lost_units.sum())),
            ("sent", float(course.sent.units.sum())),
            ("back", float(course.moved_back_units(14))),
            ("first", float(course.units_by_night[0])),
        ):
            into.setdefault(what, []).append(value)


def main() -> None:
    first, last, opened = (int(sys.argv[n]) if len(sys.argv) > n else n0 for n, n0 in ((1, 40), (2, 71), (3, 3)))
    print(__doc__)
    figures: dict[str, Figures] = {}
    with clock() as playing:
        for seed in range(first, last + 1):
            mean, there = world(seed)
            learner = level_learner(mean, shape=SHAPE, level_sd=LEVEL_SD, paths=PATHS, seed=seed)
            chosen = arms(there, with_open_loop=seed - first < opened)
            kept(play(there, learner, chosen, look_ahead_days=DAYS), figures)
            print(f"  seed {seed}: { ({name: round(of['saving'][-1]) for name, of in figures.items()}) }", flush=True)
    show(figures)
    report("rebalancing", rolling(figures) | {"rolling_seeds": last - first + 1, "rolling_cpu_s": playing.cpu_s})


def show(figures: dict[str, Figures]) -> None:
    print(
        f"\n{'plan':<12} {'seeds':>5} {'saving $':>9} {'±':>6} {'against ship now':>17} {'±':>6} {'moving $':>9} "
        f"{'lost units':>10} {'units sent':>10} {'first night':>11} {'sent back in 14 days':>20}"
    )
    for name, of in figures.items():
        mean, half = interval(of["saving"])
        paired = [a - b for a, b in zip(of["saving"], figures["ship_now"]["saving"], strict=False)]
        more, more_half = interval(paired)
        rest = [float(np.mean(of[what])) for what in ("moving", "lost", "sent", "first", "back")]
        print(
            f"{name:<12} {len(of['saving']):>5} {mean:>9,.0f} {half:>6,.0f} {more:>17,.0f} {more_half:>6,.0f} {rest[0]:>9,.0f} "
            f"{rest[1]:>10,.0f} {rest[2]:>10,.0f} {rest[3]:>11,.0f} {rest[4]:>20,.1f}"
        )


def rolling(figures: dict[str, Figures]) -> dict[str, float | int]:
    found: dict[str, float | int] = {}
    now = figures["ship_now"]["saving"]
    for name, of in figures.items():
        found[f"rolling_saving_usd_{name}"], found[f"rolling_saving_ci_{name}"] = interval(of["saving"])
        found[f"rolling_sent_back_{name}"] = float(np.mean(of["back"]))
        paired = [a - b for a, b in zip(of["saving"], now, strict=False)]
        if name not in ("nothing", "ship_now"):
            found[f"rolling_{name}_over_ship_now_usd"], found[f"rolling_{name}_over_ship_now_ci"] = interval(paired)
    found["rolling_wait_over_ship_now"] = float(np.sum(figures["wait"]["saving"]) / np.sum(now))
    found["rolling_ours_over_ship_now"] = float(np.sum(figures["ours"]["saving"]) / np.sum(now))
    if len(figures.get("open_loop", {}).get("saving", [])) > 1:
        same = [a - b for a, b in zip(figures["ours"]["saving"], figures["open_loop"]["saving"], strict=False)]
        found["rolling_ours_over_open_loop_usd"], found["rolling_ours_over_open_loop_ci"] = interval(same)
    return found


if __name__ == "__main__":
    main()
