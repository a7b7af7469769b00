"""How fast one order's arrays become a choice, and that the choice is the least: by brute force, OR-Tools and CBC.

Sizes are nodes x lines, by three services with ladders of seventy steps; a third of the cells of stock are scarce, some
lines are barred or of one item, and goods are up to several cartons. Every order asks for twenty alternatives.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from benchmarks.harness import report
from tests.routing import brand, orders

from evenstock.domain import Allow, Cents, Outcome, Price, StockBalance, Units
from evenstock.operations.deciding import Books, RouteOrder, ask, decide_order, record_of
from evenstock.routing.candidates import candidates
from evenstock.routing.choose import choose, least
from evenstock.routing.large import choose_large
from evenstock.routing.milp import improve
from evenstock.routing.priced import Priced

SIZES = {(3, 2): 400, (8, 5): 400, (12, 10): 200}
PEER_ORDERS = {(3, 2): 20, (8, 5): 12, (12, 10): 5}
BRUTE_ORDERS = 400
LARGE_ORDERS = 12
REPEATS = 5


def best_ms(cases: Sequence[Any], run: Callable[[Any], Any]) -> list[float]:
    """CPU milliseconds of each call, the best of a few: what the call takes, not what else the machine does."""
    taken = []
    for case in cases:
        best = float("inf")
        for _ in range(REPEATS):
            began = time.process_time()
            run(case)
            best = min(best, time.process_time() - began)
        taken.append(1e3 * best)
    return taken


def spread(taken: Sequence[float]) -> str:
    return f"p50 {median(taken):.4f} ms, p99 {np.quantile(taken, 0.99):.4f} ms"


def cases_of(rng: np.random.Generator, nodes: int, lines: int, count: int) -> list[Priced]:
    book = orders.random_book(rng, breaks=70)
    return [orders.random_case(rng, book, nodes, lines).priced for _ in range(count)]


def brute_force_differs(rng: np.random.Generator) -> int:
    """Orders, half of them with kits, whose best plan of any node set differs from the slow reckoning by a cent."""
    wrong = 0
    books = [orders.random_book(rng, services=int(rng.integers(1, 4))) for _ in range(40)]
    for n in range(BRUTE_ORDERS):
        case = orders.random_case(
            rng,
            books[n % len(books)],
            int(rng.integers(1, 7)),
            int(rng.integers(1, 6)),
            max_shipments=int(rng.integers(1, 4)),
            kits=0.4 * (n % 2),
        )
        got = choose(case.priced, alternatives=1_000)
        by_nodes = {
            frozenset(int(case.priced.node[c]) for c, _ in got.shipments(p)): int(got.cents[p]) for p in range(len(got))
        }
        wrong += by_nodes != orders.brute_force(case)
    return wrong


def peer(which: str, cases: Sequence[Priced]) -> dict[str, list[Any]]:
    """What another solver finds, and how long it takes, in a process of its own."""
    arrays: dict[str, Any] = {"count": len(cases)}
    for n, case in enumerate(cases):
        for one in fields(case):
            value = getattr(case, one.name)
            if one.name == "ladders":
                arrays |= {f"{n}/{part.name}": getattr(value, part.name) for part in fields(value)}
            elif value is not None:
                arrays[f"{n}/{one.name}"] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.npz"
        np.savez(path, **arrays)
        said = subprocess.run(
            [sys.executable, "-m", "benchmarks.routing_peers", which, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, list[Any]] = json.loads(said.stdout.splitlines()[-1])
    return found


def against(which: str, name: str, rng: np.random.Generator) -> tuple[int, float, list[str]]:
    """Orders on which the least differs, our least speed-up over the sizes, and what was seen."""
    wrong, speedups, said = 0, [], []
    for (nodes, lines), count in PEER_ORDERS.items():
        cases = []
        while len(cases) < count:
            (case,) = cases_of(rng, nodes, lines, 1)
            plan = [c for c, _ in choose(case).shipments()] if len(choose(case)) else []
            # The peers' program lets a candidate make one shipment, which is nearly always enough, and smaller.
            if plan and len(set(plan)) == len(plan):
                cases.append(case)
        ours = [int(choose(case).cents[0]) for case in cases]
        found = peer(which, cases)
        solved = [c is not None for c in found["cents"]]
        wrong += sum(theirs is not None and theirs != mine for theirs, mine in zip(found["cents"], ours, strict=True))
        mine_ms, solve_ms = median(best_ms(cases, choose)), 1e3 * median(found["solve_s"])
        build_ms = 1e3 * median(found["build_s"])
        speedups.append(solve_ms / mine_ms)
        said.append(
            f"{name}, {nodes}x{lines}: solving {solve_ms:.1f} ms ({solve_ms / mine_ms:,.0f} times ours with twenty"
            f" alternatives, {solve_ms / median(best_ms(cases, least)):,.0f} times the least alone), building"
            f" {build_ms:.1f} ms besides; {sum(solved)} of {count} proven optimal"
        )
    return wrong, min(speedups), said


def beyond_reach(rng: np.random.Generator) -> list[str]:
    """Orders of more lines than the exact search takes, of goods of up to 0.75 kg: what the integer program adds."""
    said = []
    for nodes, lines in ((4, 15), (4, 30), (8, 20), (8, 30)):
        before = after = better = 0
        gains, taken = [], []
        book = orders.random_book(rng, breaks=70)
        for _ in range(LARGE_ORDERS):
            case = orders.random_case(rng, book, nodes, lines, scarce=0.05, same_item=0.05).priced
            light = replace(
                case,
                permitted=rng.random(case.permitted.shape) > 0.03,
                weight_g=case.weight_g // 8,
                volume_mm3=case.volume_mm3 // 8,
            )
            good = choose_large(light)
            began = time.process_time()
            got = improve(light, good, whole=True)
            taken.append(time.process_time() - began)
            before += len(good) > 0 and good.proven_least
            after += len(got) > 0 and got.proven_least
            if len(good):
                gains.append(1 - int(got.cents[0]) / int(good.cents[0]))
                better += gains[-1] > 0
        said.append(
            f"{lines} lines at {nodes} nodes: {before} of {LARGE_ORDERS} proven the least without the integer program,"
            f" {after} with it; {better} plans better, {100 * float(np.mean(gains)):.2f} % cheaper on average over"
            f" {len(gains)} plans; it takes {median(taken):.2f} s in the median, {max(taken):.2f} s at most"
        )
    return said


def full_ms() -> list[float]:
    """Order to candidates, rules, prices, choice, explanation and the record's bytes, at 8 nodes x 5 lines; no database."""
    rng = np.random.default_rng(5)
    network = brand.network(8)
    policy = brand.compiled(network)
    asked = []
    for n in range(200):
        of = brand.random_order(rng, 5, f"A-{n}")
        stock = sorted(brand.random_stock(rng, network, of).items())
        balances = [StockBalance(sku, node, available=Units(q)) for (sku, node), q in stock]
        prices = [Price(sku, node, brand.NOW, "nightly", Cents(int(rng.integers(80)))) for (sku, node), _ in stock]
        asked.append((of, Books(balances, prices, {})))

    def whole(one: tuple[Any, Books]) -> bytes:
        question = ask(network, policy, RouteOrder(one[0], brand.NOW), one[1])
        found = candidates(one[0], network, brand.NOW, {})
        decision = decide_order(found, network, policy, one[1])
        if decision.plan is None:
            return record_of(question, found, decision, Outcome.UNSERVED, Allow(), decision.sentence).canonical()
        verdict = policy.review(one[0], decision.plan, decision.rules, found.on)
        return record_of(question, found, decision, Outcome.EXECUTED, verdict, decision.sentence).canonical()

    whole(asked[0])
    return best_ms(asked, whole)


def main() -> None:
    rng = np.random.default_rng(1)
    figures: dict[str, float | int | str] = {}
    notes, worst = ["times are CPU time, the best of five calls an order"], 0.0
    for (nodes, lines), count in SIZES.items():
        cases = cases_of(rng, nodes, lines, count)
        choose(cases[0])
        taken = best_ms(cases, choose)
        figures[f"p50_ms_{nodes}x{lines}"] = median(taken)
        worst = max(worst, float(np.quantile(taken, 0.99)) / median(taken))
        inexact = sum(not choose(case).exact_alternatives for case in cases)
        notes.append(
            f"{nodes}x{lines}: {spread(taken)}; the least alone {spread(best_ms(cases, least))};"
            f" alternatives given up within the work on {inexact} of {count}"
        )
    figures["p99_over_p50_worst"] = worst
    full = full_ms()
    figures["full_ms_8x5"] = median(full)
    notes.append(f"order to explanation, record and its bytes at 8x5: {spread(full)}")
    wrong = brute_force_differs(rng)
    notes.append(f"{BRUTE_ORDERS} random orders, half with kits, against brute force: {wrong} differ")
    for which, package, name in (("cpsat", "ortools", "OR-Tools CP-SAT"), ("cbc", "pulp", "PuLP and CBC")):
        if find_spec(package) is None:
            notes.append(f"{name} is not installed: make bench installs it")
            continue
        differ, speedup, said = against(which, name, np.random.default_rng(7))
        wrong += differ
        figures[f"speedup_vs_{which}"] = speedup
        notes += [*said, f"{name}: {differ} orders on which the least differs by a cent or more"]
    figures["optimum_mismatches"] = wrong
    notes += beyond_reach(np.random.default_rng(8))
    report("routing", figures, notes)


if __name__ == "__main__":
    main()
