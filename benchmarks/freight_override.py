"""How soon an override is proposed where a carrier fails on a lane, what it recovers beside an oracle, and false proposals.

A brand of four nodes and 600 orders a day, half of them promised soon, lives a quarter: its decisions are those of
production. From a day of the third or fourth week one carrier fails from one node to one postal area or region: two days
slower, 15 % lost, or nothing delivered at weekends, to the quarter's end; apart from those figures it is also told what becomes
of a failure that is mended after six weeks, and of lanes with fewer parcels. Every evening parcels are looked at, what is proposed is adopted a day later and lasts eight weeks. The oracle prices
the lane as it truly is from the first day to the last of the failure. Lanes are drawn by volume; a lane where the oracle
itself gains less than 10.00 a week has no other way worth taking, and another is drawn.

Thresholds were set on other worlds: independent lanes of a simpler brand, seeds 0 to 21.

    python -m benchmarks.freight_override [SEEDS] [FIRST]
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np
from benchmarks.harness import clock, report

from evenstock.simulation.carriers.brand import QUARTER, Brand, make_brand
from evenstock.simulation.carriers.failures import Failure, Pattern
from evenstock.simulation.carriers.live import act, outcome, told_from_the_start

KINDS = {
    "3 to 6 a day": (3, 6, False),
    "6 to 12 a day": (6, 12, False),
    "12 to 40 a day": (12, 40, False),
    "1.5 to 3 a day": (1.5, 3, False),
    "6 to 12 a day, mended after six weeks": (6, 12, True),
}
"""Parcels a day on the lane, and whether the failure is mended."""
APART = ("1.5 to 3 a day", "6 to 12 a day, mended after six weeks")
"""Told apart from the figures."""
LEAST_CENTS_A_WEEK = 1_000
TRIES = 6
NEVER = 99


def lanes(brand: Brand) -> dict[tuple[str, str, str], float]:
    """Parcels a day by carrier, origin, and postal area or region."""
    found: dict[tuple[str, str, str], float] = defaultdict(float)
    carrier = [name.partition(":")[0] for name in brand.ways.services]
    for order, shipment in zip(*np.nonzero(brand.plans.service >= 0), strict=True):
        who = carrier[brand.plans.service[order, shipment]]
        where = brand.ways.areas[brand.area[order]]
        for place in (where, where[0]):
            found[who, brand.ways.origins[brand.plans.origin[order, shipment]], place] += 1 / 14
    return found


def a_failure(brand: Brand, pattern: Pattern, kind: tuple[float, float, bool], rng: np.random.Generator):
    """A lane of the band on which the oracle gains, and what it gains; None where none was drawn."""
    of = sorted(lane for lane, a_day in lanes(brand).items() if kind[0] <= a_day < kind[1])
    for tried in range(TRIES):
        carrier, origin, place = of[rng.integers(len(of))]
        services = tuple(s for s in brand.ways.services if s.startswith(f"{carrier}:"))
        first = brand.morning + int(rng.integers(14, 28))
        last = first + 41 if kind[2] else brand.morning + QUARTER + 30
        failure = Failure(services, origin, (place,), pattern, first, last)
        nothing = outcome(brand, [brand.plans] * QUARTER, [failure])
        oracle = outcome(brand, told_from_the_start(brand, failure), [failure])
        weeks = (min(last, brand.morning + QUARTER) - first) / 7
        if nothing.cents - oracle.cents >= LEAST_CENTS_A_WEEK * weeks:
            return failure, nothing, oracle, tried
    return None


def main() -> None:
    seeds, begin = (int(a) for a in (*sys.argv[1:], *("6", "100")[len(sys.argv) - 1 :]))
    days: dict[tuple[str, str], list[int]] = defaultdict(list)
    gains: dict[str, list[tuple[int, int, int, int]]] = defaultdict(list)
    false_proposals, false_told, drawn_again = [], [], 0
    with clock() as taken:
        for seed in range(begin, begin + seeds):
            brand = make_brand(seed)
            rng = np.random.default_rng([seed, 301])
            quiet = act(brand, [], until_told=False)
            false_proposals.append(sum(one.proposed for one in quiet.told))
            false_told.append(len(quiet.told))
            for pattern in Pattern:
                for kind, limits in KINDS.items():
                    found = a_failure(brand, pattern, limits, rng)
                    if found is None:
                        print(f"{seed} {pattern.value}, {kind}: no lane with another way worth taking")
                        continue
                    failure, nothing, oracle, tried = found
                    drawn_again += tried
                    began = failure.first - brand.morning
                    lived = act(brand, [failure], begin=began + 1)
                    proposed = [one for one in lived.told if one.right and one.proposed]
                    waited = proposed[0].day - began if proposed else NEVER
                    days[pattern.value, kind].append(waited)
                    gain = nothing.cents - lived.outcome.cents, nothing.cents - oracle.cents
                    late = nothing.late - lived.outcome.late, nothing.late - oracle.late
                    gains[pattern.value if kind not in APART else kind].append((*gain, *late))
                    did = "; ".join(
                        f"day {one.day - began} {one.failing.extent} {','.join(one.failing.areas[:4])}"
                        f" {one.failing.pattern}, {one.best.form.value if one.proposed else 'told'}"
                        for one in lived.told
                    )
                    print(
                        f"{seed} {failure.services[0].partition(':')[0]} {failure.origin} to {failure.areas[0]},"
                        f" {pattern.value}, {kind}: {waited} days; recovered {gain[0] / 100:,.0f} of"
                        f" {gain[1] / 100:,.0f}, {late[0]} of {late[1]} late orders [{did}]",
                        flush=True,
                    )
    said(days, gains, false_proposals, false_told, drawn_again, taken.wall_s)


def said(days, gains, false_proposals, false_told, drawn_again, wall_s) -> None:
    every = np.array([d for (_, kind), of in days.items() if kind not in APART for d in of])
    rows = np.array([row for name, of in gains.items() if name not in APART for row in of])
    for (pattern, kind), of in sorted(days.items()):
        print(f"{pattern}, {kind}: days {sorted(of)}, median {np.median(of):g}")
    for pattern, of in sorted(gains.items()):
        part = np.array(of).sum(axis=0)
        print(f"{pattern}: {part[0] / part[1]:.2f} of the oracle's money, {part[2] / part[3]:.2f} of its late orders")
    # Cases drawn with replacement: how far another draw of lanes and days could lie.
    rng = np.random.default_rng(1)
    again = [rows[rng.integers(len(rows), size=len(rows))].sum(axis=0) for _ in range(2_000)]
    low, high = np.quantile([r[0] / r[1] for r in again], [0.05, 0.95])
    money, late = rows[:, 0].sum() / rows[:, 1].sum(), rows[:, 2].sum() / rows[:, 3].sum()
    report(
        "freight",
        {
            "override_days": float(np.median(every)),
            "override_days_p90": float(np.quantile(every, 0.9)),
            "override_share_of_oracle": float(min(money, late)),
            "override_money_share_of_oracle": float(money),
            "override_late_share_of_oracle": float(late),
            "override_false_a_quarter": float(np.mean(false_proposals)),
            "override_told_falsely_a_quarter": float(np.mean(false_told)),
        },
        [
            (
                f"{len(every)} failures on lanes of 3 to 40 parcels a day, {len(false_proposals)} quarters without one;"
                f" money share 90 % interval {low:.2f} to {high:.2f}"
            ),
            f"false proposals by quarter {false_proposals}, told falsely (with or without another way) {false_told}",
            f"{drawn_again} lanes drawn again since no other way was worth taking; {wall_s:.0f} s",
        ],
    )


if __name__ == "__main__":
    main()
