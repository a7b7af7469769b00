"""What it takes to price one parcel on all services, and a network's snapshot, beside the readable quote."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
from benchmarks.harness import peak_rss_gb, report, shared_data

from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import RateBook
from evenstock.freight.snapshot import PriceSnapshot, snapshot

ON, BEGAN = date(2026, 11, 20), date(2026, 1, 5)
CARRIERS = {"ups": 3, "fedex": 3, "usps": 2, "ontrac": 2, "lso": 2}
NODES = ["070", "171", "303", "606", "752", "802", "852", "891", "900", "981"]
WEIGHTS_G = [200, 450, 900, 1_800, 2_700, 4_500, 6_800, 9_000, 13_600, 22_600]
SAMPLE = 2_000
REPEATS = 7
LB_G = 453.59237


def network(zip3s: pl.DataFrame) -> RateBook:
    """Twelve services of five carriers: 150 breaks to 68 kg, discounts, fuel by rule, and the surcharges of a published list."""
    cards, rates, surcharges, discounts = [], [], [], []
    for number, (service, carrier) in enumerate((f"{c}:{k}", c) for c, n in CARRIERS.items() for k in range(n)):
        cards.append(
            {"service": service, "valid_from": BEGAN, "dim_divisor_mm3_per_g": 5_998 if carrier == "usps" else 5_022,
             "dim_above_mm3": 28_316_847 if carrier == "usps" else 0, "minimum_cents": 900, "max_weight_g": 68_039,
             "fuel_rule": "" if carrier == "usps" else "ground"}
        )  # fmt: skip
        rates += [
            {"service": service, "valid_from": BEGAN, "zone": zone, "max_weight_g": int(lb * LB_G),
             "cents": 950 + 40 * number + 45 * zone + lb * (18 + 5 * zone)}
            for zone in range(1, 9) for lb in range(1, 151)
        ]  # fmt: skip
        discounts += [
            {
                "service": service,
                "valid_from": BEGAN,
                "zone": 0,
                "above_g": above,
                "spend_above_cents": 0,
                "discount_bp": off,
            }
            for above, off in ((0, 3_000), (4_536, 4_200))
        ]
        surcharges += [{"service": service, "valid_from": BEGAN} | one for one in published(number)]
    fuel = {
        "fuel_rules": pl.DataFrame(
            {"rule": ["ground"], "fuel_index": ["diesel"], "lag_days": [14], "fuel_table": ["ground"]}
        ),
        "fuel_tables": pl.DataFrame(
            {"fuel_table": ["ground"], "valid_from": [BEGAN], "at_least_mills": [3_000], "fuel_bp": [1_825]}
        ),
        "fuel_index": pl.DataFrame(
            {"fuel_index": ["diesel"], "region": ["US"], "date": [date(2026, 11, 2)], "mills": [3_512]}
        ),
    }
    areas = pl.DataFrame(
        {"area_list": ["remote"] * 3 + ["extended"] * 3, "postal_code": ["590", "692", "798", "821", "878", "893"]}
    )
    return RateBook.from_frames(
        rate_cards=pl.DataFrame(cards), rates=pl.DataFrame(rates), surcharges=pl.DataFrame(surcharges),
        discounts=pl.DataFrame(discounts), delivery_areas=areas, places=zip3s.drop("n_zcta"), **fuel,
    )  # fmt: skip


def published(number: int) -> list[dict[str, object]]:
    """The kinds of charges that UPS and FedEx list: address, area, peak, handling by weight, sides and girth, oversize, hazard."""
    listed = [
        ("residential", "residential", 0, 595, "", ""), ("delivery area", "delivery_area", 0, 455, "extended", "area"),
        ("remote area", "delivery_area", 0, 1_650, "remote", "area"), ("peak", "residential", 0, 60, "", ""),
        ("handling: weight", "weight_over", 22_680, 4_350, "", "handling"),
        ("handling: length", "longest_over", 1_219, 2_900, "", "handling"),
        ("handling: width", "second_longest_over", 762, 2_900, "", "handling"),
        ("handling: girth", "girth_over", 2_667, 2_900, "", "handling"),
        ("handling: volume", "volume_over", 169_901_079, 2_900, "", "handling"),
        ("large package", "girth_over", 3_302, 24_000, "", "handling"), ("hazardous", "hazmat", 0, 5_200, "", ""),
    ]  # fmt: skip
    return [
        {"surcharge": name, "applies": applies, "above": above, "cents": cents + number, "area_list": area,
         "dearest_of": group, "fuel_applies": True,
         "first_day": date(2026, 9, 28) if name == "peak" else None, "last_day": date(2027, 1, 17) if name == "peak" else None}
        for name, applies, above, cents, area, group in listed
    ]  # fmt: skip


def resident_mb() -> float:
    """What the process holds now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def best_us(run: Callable[[], object], count: int) -> float:
    """Microseconds of CPU a call, the best of a few rounds: what it takes, not what else the machine does."""
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        run()
        taken.append(1e6 * (time.process_time() - began) / count)
    return min(taken)


def main() -> None:
    folder = shared_data("us")
    if folder is None:
        return
    zip3s = pl.read_csv(folder / "zip3_centroids_census2021.csv", schema_overrides={"zip3": pl.String})
    there = zip3s["zip3"].to_list()
    book = network(zip3s)
    rng = np.random.default_rng(5)
    parcels = [
        (str(rng.choice(NODES)), str(rng.choice(there)), int(rng.integers(100, 30_000)), bool(rng.random() < 0.7),
         Bulk.of(*(int(side) for side in rng.integers(50, 900, 3)), hazmat=bool(rng.random() < 0.1)))
        for _ in range(SAMPLE)
    ]  # fmt: skip

    def fast() -> list[np.ndarray]:
        return [book.quotes(a, b, g, box.volume_mm3, 0, home, ON, goods=box).cents for a, b, g, home, box in parcels]

    def slow(some: int) -> list[list[int | None]]:
        quotes = [
            [book.quote(s, a, b, g, box.volume_mm3, 0, home, ON, goods=box) for s in book.services]
            for a, b, g, home, box in parcels[:some]
        ]
        return [[None if q is None else int(q.cents) for q in row] for row in quotes]

    began = time.process_time()
    quick = fast()
    cold_us = 1e6 * (time.process_time() - began) / SAMPLE
    few = 200
    differ = sum(a.tolist() != b for a, b in zip(quick, slow(few), strict=False))
    quote_us, slow_us = best_us(fast, SAMPLE), best_us(lambda: slow(few), few)
    fresh = network(zip3s)  # nothing remembered
    before = resident_mb()
    began_cpu, began = time.process_time(), time.perf_counter()
    found = snapshot(fresh, NODES, there, WEIGHTS_G, ON, volume_mm3=[4_000 * g for g in WEIGHTS_G])
    first_cpu, first_s = time.process_time() - began_cpu, time.perf_counter() - began
    again = []
    for _ in range(3):
        began = time.process_time()
        snapshot(fresh, NODES, there, WEIGHTS_G, ON, volume_mm3=[4_000 * g for g in WEIGHTS_G])
        again.append(time.process_time() - began)
    began = time.perf_counter()
    rows = found.frame()
    frame_s = time.perf_counter() - began
    grown_mb = 1e3 * peak_rss_gb() - before
    wrong = disagreements(fresh, found, rng)
    assert not differ, f"{differ} parcels differ from the readable quote"
    assert not wrong, f"{wrong} cells of the snapshot differ from the readable quote"
    priced = (
        f"one parcel on {len(book.services)} services of {len(CARRIERS)} carriers, {SAMPLE} parcels of any box and address: "
        f"{quote_us:.1f} us CPU (first round, layouts made: {cold_us:.1f}); readable quotes of all services {slow_us:.0f} us; "
        f"{few} parcels compared, all equal"
    )
    looked_up = (
        f"snapshot {len(NODES)} x {len(there)} x {len(WEIGHTS_G)} x {len(book.services)} = {found.cents.size:,} prices with four "
        f"terms, nothing remembered: {first_cpu:.2f} s CPU, {first_s:.2f} s; again {median(again):.2f} s; as a frame of "
        f"{rows.height:,} rows {frame_s:.2f} s more; {grown_mb:.0f} MB at its peak, frame included; 300 cells compared, all equal"
    )
    report("freight", {"quote_us": quote_us, "snapshot_s": first_cpu, "snapshot_mb": grown_mb}, [priced, looked_up])


def disagreements(book: RateBook, found: PriceSnapshot, rng: np.random.Generator) -> int:
    """Of 300 cells, those that the readable quote does not give."""
    cents, wrong = found.cents, 0
    for _ in range(300):
        a, b, s, w = (int(rng.integers(n)) for n in cents.shape)
        weight = int(found.weight_g[w])
        quote = book.quote(
            found.services[s],
            found.origins[a],
            found.destinations[b],
            weight,
            4_000 * weight,
            0,
            True,
            ON,
            goods=Bulk(),
        )
        wrong += (-1 if quote is None else int(quote.cents)) != cents[a, b, s, w]
    return wrong


if __name__ == "__main__":
    main()
