"""The scorecard of a million shipments: how fast, beside the plain way, and whether its intervals hold what they promise.

`python -m benchmarks.freight_scorecard` prints and keeps the figures. The million is made up: five carriers with two
services each, five origins, two hundred destinations, half a year, so that most of the two hundred thousand cells have a
handful of parcels. The plain way is the same hundred thousand parcels cell by cell in Python, with Wilson's interval of
the on-time share alone; both read the same frame, and their counts must agree.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import polars as pl
from benchmarks.harness import clock, peak_rss_gb, report

from evenstock.distributions.proportions import wilson
from evenstock.freight import scorecard

MORNING = date(2026, 11, 2)
SHIPMENTS = 1_000_000
PLAIN = 100_000
TIMES = 3
COVERED = 8
"""Worlds over which intervals are counted."""
MORE_LATE = (0.2, 0.4)


def shipments(count: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Parcels of half a year, and the true late share of each cell; lateness nests as carriers do, rarer things do not."""
    rng = np.random.default_rng(seed)
    names = np.array([f"{c}:{s}" for c in ("fedex", "lso", "ontrac", "ups", "usps") for s in ("ground", "two_day")])
    popular = rng.dirichlet(np.full(200, 0.7))
    service, origin = rng.integers(0, 10, count), rng.integers(0, 5, count)
    there = rng.choice(200, count, p=popular)
    zone, ago = (origin * 37 + there) % 7 + 2, rng.integers(1, 183, count)
    left = np.datetime64(MORNING) - ago
    # Monday of the week: 1970-01-01 was a Thursday.
    week = (left.astype(np.int64) + 3) // 7
    truth = late_shares(rng, int(week.max() - week.min()) + 1)[service, zone - 2, origin, there, week - week.min()]
    late = rng.random(count) < truth
    took = 2 + zone // 2 + np.where(late, 2 + rng.integers(0, 4, count), -rng.integers(0, 2, count))
    frame = pl.DataFrame(
        {
            "parcel": np.char.add("P", np.arange(count).astype(str)),
            "service": names[service],
            "origin": np.char.add("DC", origin.astype(str)),
            "destination": np.char.add("", (there + 100).astype(str)),
            "zone": zone,
            "shipped_on": left,
            "delivered_on": left + took,
            "promised_on": left + 3 + zone // 2,
            "advertised_on": left + 2 + zone // 2,
            "cents": (650 + 60 * zone + rng.gamma(2.0, 100.0, count)).astype(np.int64),
            "score": rng.integers(1, 6, count),
            "lost": rng.random(count) < 0.002,
            "damaged": rng.random(count) < 0.004,
            "truth": truth,
        }
    ).with_columns(
        delivered_on=pl.when(~pl.col("lost")).then("delivered_on"),
        damaged_on=pl.when("damaged").then(pl.col("delivered_on").dt.offset_by("2d")),
    )
    cell = ["service", "zone", "origin", "destination", pl.col("shipped_on").dt.truncate("1w").alias("week")]
    return frame.drop("lost", "damaged", "truth"), frame.group_by(cell).agg(pl.col("truth").first())


def late_shares(rng: np.random.Generator, weeks: int) -> np.ndarray:
    """True late share by service, zone, origin, destination and week, each level about the one above."""

    def children(of: np.ndarray, spread: float, *size: int) -> np.ndarray:
        mean = np.broadcast_to(of.reshape(*of.shape, *(1 for _ in size)), (*of.shape, *size))
        return rng.beta(mean * (1 / spread - 1), (1 - mean) * (1 / spread - 1)).clip(1e-6, 1 - 1e-6)

    carrier = children(np.array(0.08), 0.01, 5)
    service = children(carrier, 0.005, 2).reshape(10)
    lane = children(children(service, 0.01, 7), 0.01, 5, 200)
    return children(lane, 0.005, weeks)


def plain_way(frame: pl.DataFrame) -> dict[tuple, tuple[int, int, float, float]]:
    """Due and late parcels of each cell with Wilson's interval, row by row."""
    counted: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
    columns = ("service", "zone", "origin", "destination", "shipped_on", "delivered_on", "promised_on")
    for service, zone, origin, destination, shipped, delivered, promised in frame.select(columns).iter_rows():
        if promised < MORNING:
            cell = counted[service, zone, origin, destination, shipped - timedelta(days=shipped.weekday())]
            cell[0] += 1
            cell[1] += delivered is None or delivered >= MORNING or delivered > promised
    return {key: (n, k, *wilson(k, n, level=0.9)) for key, (n, k) in counted.items()}


def agree(frame: pl.DataFrame) -> tuple[float, float]:
    """Wall seconds of the plain way and of ours on the same parcels; their counts are the same."""
    with clock() as slowly:
        slow = plain_way(frame)
    with clock() as fast:
        card = scorecard.scorecard(scorecard.read(frame, MORNING))
    due = card.filter(pl.col("promise_due") > 0)
    keys = due.select("service", "zone", "origin", "destination", "week").iter_rows()
    counts = due.select("promise_due", "late").iter_rows()
    assert dict(zip(keys, counts, strict=True)) == {key: v[:2] for key, v in slow.items()}
    return slowly.wall_s, fast.wall_s


def covered(seed: int) -> tuple[float, float, int]:
    """Share of cells whose true on-time share lies in its 90 % interval, all and those with parcels due."""
    frame, truth = shipments(200_000, seed)
    card = scorecard.scorecard(scorecard.read(frame, MORNING))
    joined = card.join(truth, on=["service", "zone", "origin", "destination", "week"])
    # A lost parcel is late as well: 2 in 1,000.
    right = 1.0 - (joined["truth"] + (1.0 - joined["truth"]) * 0.002)
    inside = (joined["on_time_low"] <= right) & (right <= joined["on_time_high"])
    some = joined["promise_due"] >= scorecard.LEAST_DUE
    return float(inside.mean()), float(inside.filter(some).mean()), int(some.sum())


def listed(seed: int, more: float) -> tuple[int, int, bool]:
    """Rows listed as worse where nothing changed; other rows and the right one where a zone of one service fails lately.

    There so many parcels more come four days later, of those that left in the last three weeks: late, all of them.
    """
    frame, _ = shipments(200_000, seed)
    rng = np.random.default_rng(seed)
    fails = (
        (pl.col("service") == "ups:ground")
        & (pl.col("origin") == "DC2")
        & (pl.col("zone") == 4)
        & (pl.col("shipped_on") >= MORNING - timedelta(days=21))
        & pl.Series(rng.random(frame.height) < more)
    )
    worse = frame.with_columns(
        delivered_on=pl.when(fails).then(pl.col("delivered_on").dt.offset_by("4d")).otherwise("delivered_on")
    )
    worth = scorecard.Worth(late=900, damaged=3_000, lost=3_000)
    before, after = (scorecard.changes(scorecard.read(f, MORNING), worth, by="zone") for f in (frame, worse))
    right = after.filter((pl.col("service") == "ups:ground") & (pl.col("origin") == "DC2") & (pl.col("zone") == 4))
    return before.height, after.height - right.height, right.height > 0


def main() -> None:
    frame, _ = shipments(SHIPMENTS, 1)
    taken = []
    for _ in range(TIMES):
        with clock() as reading:
            card = scorecard.scorecard(scorecard.read(frame, MORNING))
        taken.append((reading.wall_s, reading.cpu_s))
    slow, fast = agree(frame.head(PLAIN))
    inside = [covered(seed) for seed in range(11, 11 + COVERED)]
    changed = {more: [listed(seed, more) for seed in range(11, 11 + COVERED)] for more in MORE_LATE}
    best = min(taken)
    report(
        "freight",
        {
            "scorecard_1m_s": best[0],
            "scorecard_1m_cpu_s": best[1],
            "scorecard_coverage_90": float(np.mean([share for share, _, _ in inside])),
        },
        [
            f"{frame.height:,} shipments, {card.height:,} rows of {card.width} columns, best of {TIMES} runs (wall "
            + ", ".join(f"{wall:.2f}" for wall, _ in taken)
            + f" s); peak {peak_rss_gb():.2f} GB with the frame",
            f"{PLAIN:,} of them row by row, on time alone: {slow:.2f} s against {fast:.2f} s for all measures; same counts",
            *(
                f"listed as worse, {COVERED} worlds: {sum(n for n, _, _ in worse)} rows where nothing changed; a zone of some "
                f"forty parcels in two weeks where {more:.0%} more came late was found in {sum(f for _, _, f in worse)}, beside "
                f"{sum(n for _, n, _ in worse)} others"
                for more, worse in changed.items()
            ),
            f"true on-time share inside its 90 % interval, {COVERED} worlds: "
            + ", ".join(f"{share:.3f}" for share, _, _ in inside)
            + f"; of the {sum(n for _, _, n in inside):,} cells with {scorecard.LEAST_DUE} due or more "
            + f"{np.average([s for _, s, _ in inside], weights=[n for _, _, n in inside]):.3f}",
        ],
    )


if __name__ == "__main__":
    main()
