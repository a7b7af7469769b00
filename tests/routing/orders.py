"""Random orders over random rate cards, and the slow reckoning of what they cost: it shares no code with the search."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from evenstock.freight.rates import RateBook
from evenstock.routing.parcels import ParcelSteps
from evenstock.routing.priced import Priced

ON = date(2026, 11, 20)
HOME_ZIP = "100"


def random_book(rng: np.random.Generator, services: int = 3, zones: int = 5, breaks: int = 9) -> RateBook:
    """Cards with breaks, a dimensional divisor, minimum, fuel and surcharges of every kind; not always growing with weight."""
    cards, rates, surcharges = [], [], []
    for s in range(services):
        heaviest = int(rng.choice([9_000, 22_000, 31_500]))
        cards.append(
            {
                "service": f"c:{s}",
                "valid_from": date(2026, 1, 1),
                "valid_to": None,
                "dim_divisor_mm3_per_g": int(rng.choice([0, 5_000, 6_000])),
                "minimum_cents": int(rng.integers(0, 900)),
                "fuel_bp": int(rng.integers(0, 2_500)),
                "max_weight_g": heaviest,
            }
        )
        ends = sorted({*rng.integers(200, heaviest, breaks - 1).tolist(), heaviest})
        for zone in range(1, zones + 1):
            cents = 500 + 60 * zone + np.cumsum(rng.integers(0, 40 * zone, len(ends)))
            rates += [
                {"service": f"c:{s}", "valid_from": date(2026, 1, 1), "zone": zone, "max_weight_g": g, "cents": int(c)}
                for g, c in zip(ends, cents, strict=True)
            ]
        kinds = [("always", 0), ("residential", 0), ("weight_over", heaviest // 2), ("longest_over", 900)]
        surcharges += [
            {
                "service": f"c:{s}",
                "valid_from": date(2026, 1, 1),
                "surcharge": kind,
                "applies": kind,
                "above": above,
                "cents": int(rng.integers(0, 500)),
            }
            for kind, above in kinds
            if rng.random() < 0.6
        ]
    chart = [
        {"origin_zip3": f"{n:03d}", "destination_zip3": HOME_ZIP, "zone": 1 + n % zones}
        for n in range(200, 200 + 4 * zones)
    ]
    return RateBook.from_frames(
        rate_cards=pl.DataFrame(cards, schema_overrides={"valid_to": pl.Date}),
        rates=pl.DataFrame(rates),
        surcharges=pl.DataFrame(surcharges) if surcharges else None,
        zones=pl.DataFrame(chart),
    )


OUNCE_G = 28.349523125


def usps_book(folder: Path) -> RateBook:
    """The Postal Service's retail tables of Notice 123 (ounces down to whole grams), zones 1 to 9, 166 in³/lb."""
    cards, rates = [], []
    for service in ("ground_advantage", "priority_mail"):
        table = pl.read_csv(folder / f"usps_{service}_retail.csv")
        cards.append(
            {
                "service": f"usps:{service}",
                "valid_from": date(2025, 10, 5),
                "dim_divisor_mm3_per_g": 5_997,
                "max_weight_g": 31_751,
            }
        )
        breaks = {int(row["max_weight_oz"] * OUNCE_G): row for row in reversed(table.to_dicts())}
        rates += [
            {
                "service": f"usps:{service}",
                "valid_from": date(2025, 10, 5),
                "zone": zone,
                "max_weight_g": grams,
                "cents": round(row[f"zone_{zone}"] * 100),
            }
            for grams, row in breaks.items()
            for zone in range(1, 10)
        ]
    chart = [{"origin_zip3": str(200 + n), "destination_zip3": HOME_ZIP, "zone": 1 + n % 9} for n in range(36)]
    return RateBook.from_frames(rate_cards=pl.DataFrame(cards), rates=pl.DataFrame(rates), zones=pl.DataFrame(chart))


@dataclass(frozen=True)
class Case:
    """One order over one book: the arrays that the search sees, and what the slow reckoning needs."""

    priced: Priced
    book: RateBook
    service: list[str]
    """Of each candidate."""
    origin: list[str]
    """ZIP of each node."""
    residential: bool


def random_case(
    rng: np.random.Generator,
    book: RateBook,
    nodes: int = 5,
    lines: int = 4,
    scarce: float = 0.3,
    max_shipments: int = 3,
    same_item: float = 0.15,
    kits: float = 0.0,
) -> Case:
    """An order of which some lines are short at some nodes, some barred for some candidates, some of one item or kit."""
    origin = [str(200 + int(n)) + "01" for n in rng.choice(len(book_zips(book)), nodes, replace=False)]
    node, service = (
        [k for k in range(nodes) for _ in book.services],
        [s for _ in range(nodes) for s in book.services],
    )
    home = bool(rng.random() < 0.5)
    ladders, index = [], []
    for k, name in zip(node, service, strict=True):
        zone = book.zone(origin[k], HOME_ZIP + "01")
        assert zone is not None
        ladder = book.ladder(name, zone, ON)
        assert ladder is not None
        index.append(len(ladders))
        ladders.append((ladder, home))
    item = np.arange(lines)
    for i in range(1, lines):
        if rng.random() < same_item:
            item[i] = item[rng.integers(i)]
    units = rng.integers(1, 5, lines)
    atp = np.where(
        rng.random((nodes, lines)) < scarce, rng.integers(0, 4, (nodes, lines)), rng.integers(4, 9, (nodes, lines))
    )
    first = np.array([int(np.flatnonzero(item == i)[0]) for i in item])
    each_g, each_mm3 = rng.integers(50, 6_000, lines)[first], rng.integers(10**5, 3 * 10**7, lines)[first]
    return Case(
        Priced(
            node=np.array(node),
            ladder=np.array(index),
            permitted=rng.random((len(node), lines)) > 0.15,
            atp=atp[:, first],
            item=first,
            units=units,
            weight_g=units * each_g,
            volume_mm3=units * each_mm3,
            longest_mm=rng.integers(100, 1_200, lines)[first],
            value_cents=units * rng.integers(500, 9_000, lines)[first],
            shipment_cents=rng.integers(0, 300, len(node)),
            unit_cents=rng.integers(0, 120, (len(node), lines))[:, first],
            ladders=ParcelSteps.pack(ladders).whole,
            extra_shipment_cents=int(rng.integers(0, 120)),
            max_shipments=max_shipments,
            min_split_value_cents=int(rng.choice([0, 0, 4_000])),
            kit=np.where(rng.random(lines) < kits, rng.integers(0, 2, lines), -1) if kits else None,
        ),
        book,
        service,
        origin,
        home,
    )


def book_zips(book: RateBook) -> list[str]:
    """The three digits of places that the chart of `random_book` knows."""
    return [f"{n:03d}" for n in range(200, 300) if book.zone(f"{n:03d}01", HOME_ZIP + "01") is not None]


def partitions(lines: list[int], most: int) -> Iterator[list[list[int]]]:
    """Every way to put lines into at most so many shipments."""
    if not lines:
        yield []
        return
    for rest in partitions(lines[1:], most):
        for k, block in enumerate(rest):
            yield [*rest[:k], [lines[0], *block], *rest[k + 1 :]]
        if len(rest) < most:
            yield [[lines[0]], *rest]


def slow_cents(case: Case, candidate: int, block: list[int]) -> int | None:
    """What one shipment costs by the readable price of the rate book."""
    p = case.priced
    if not all(p.permitted[candidate, i] for i in block):
        return None
    quote = case.book.quote(
        case.service[candidate],
        case.origin[int(p.node[candidate])],
        HOME_ZIP + "01",
        sum(int(p.weight_g[i]) for i in block),
        sum(int(p.volume_mm3[i]) for i in block),
        max(int(p.longest_mm[i]) for i in block),
        case.residential,
        ON,
    )
    assert quote is not None
    handling = sum(int(p.unit_cents[candidate, i]) * int(p.units[i]) for i in block)
    return int(quote.cents) + int(p.shipment_cents[candidate]) + handling


def brute_force(case: Case) -> dict[frozenset[int], int]:
    """Least cents by the set of nodes that ship, over every partition, every node and every service."""
    p = case.priced
    nodes = sorted(set(p.node.tolist()))
    price: dict[tuple[int, tuple[int, ...]], int | None] = {}
    best: dict[frozenset[int], int] = {}
    for blocks in partitions(list(range(p.lines)), p.max_shipments):
        if len(blocks) > 1 and any(sum(int(p.value_cents[i]) for i in b) < p.min_split_value_cents for b in blocks):
            continue
        if p.kit is not None and any(
            p.kit[i] >= 0 and p.kit[i] in p.kit[b] for a, b in itertools.permutations(blocks, 2) for i in a
        ):
            continue
        for where in itertools.product(nodes, repeat=len(blocks)):
            if not _stocked(p, blocks, where):
                continue
            total = (len(blocks) - 1) * p.extra_shipment_cents
            for k, block in zip(where, blocks, strict=True):
                key = (k, tuple(block))
                if key not in price:
                    offers = [slow_cents(case, c, block) for c in np.flatnonzero(p.node == k).tolist()]
                    price[key] = min((o for o in offers if o is not None), default=None)
                cents = price[key]
                if cents is None:
                    break
                total += cents
            else:
                used = frozenset(where)
                best[used] = min(best.get(used, total), total)
    return best


def _stocked(p: Priced, blocks: list[list[int]], where: tuple[int, ...]) -> bool:
    wanted: dict[tuple[int, int], int] = {}
    for k, block in zip(where, blocks, strict=True):
        for i in block:
            key = (k, int(p.item[i]))
            wanted[key] = wanted.get(key, 0) + int(p.units[i])
    first = {int(number): i for i, number in reversed(list(enumerate(p.item.tolist())))}
    return all(units <= p.atp[k, first[number]] for (k, number), units in wanted.items())
