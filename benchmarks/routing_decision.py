"""How fast one order is routed, and whether the choice is the least: against brute force over real rate tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np
from benchmarks.harness import clock, report, shared_data
from tests.routing import brand, orders

from evenstock.domain import Allow, Cents, Order, Outcome, Price, StockBalance, StockObservation, Units
from evenstock.operations.deciding import Books, RouteOrder, ask, decide_order, record_of
from evenstock.operations.route_order import route_order
from evenstock.routing.candidates import candidates
from evenstock.routing.choose import EXACT_LINES, choose
from evenstock.routing.large import choose_large
from evenstock.routing.price import by_node_and_line, price
from evenstock.storage.memory import MemoryStore

ORDERS = 1_000
NODES, LINES = 8, 4


def times_ms(ask_each: Sequence[Any], run: Callable[[Any], Any]) -> list[float]:
    """CPU milliseconds of each call: a decision only reckons, so this is what it takes where nobody else does."""
    taken = []
    for one in ask_each:
        began = time.process_time()
        run(one)
        taken.append(1e3 * (time.process_time() - began))
    return taken


def spread(taken: Sequence[float]) -> str:
    return f"p50 {median(taken):.3f} ms, p95 {np.quantile(taken, 0.95):.3f} ms, p99 {np.quantile(taken, 0.99):.3f} ms"


def main() -> None:
    rng = np.random.default_rng(1)
    network = brand.network(NODES)
    policy = brand.compiled(network)
    asked: list[tuple[Order, Books]] = []
    for n in range(ORDERS):
        of = brand.random_order(rng, LINES, f"A-{n}")
        stock = sorted(brand.random_stock(rng, network, of).items())
        balances = [StockBalance(sku, node, available=Units(q)) for (sku, node), q in stock]
        prices = [Price(sku, node, brand.NOW, "nightly", Cents(int(rng.integers(80)))) for (sku, node), _ in stock]
        asked.append((of, Books(balances, prices, {})))

    def priced_of(one: tuple[Order, Books]) -> Any:
        found = candidates(one[0], network, brand.NOW, {})
        atp = {(b.sku, b.node): int(b.atp) for b in one[1].balances}
        worth = {(p.sku, p.node): int(p.cents) for p in one[1].prices}
        return price(
            found, network, by_node_and_line(found, network, atp), by_node_and_line(found, network, worth)
        ).priced

    def whole(one: tuple[Order, Books]) -> bytes:
        """Order → candidates → permit → price → choose → explain → record, down to its bytes, without a database."""
        question = ask(network, policy, RouteOrder(one[0], brand.NOW), one[1])
        found = candidates(one[0], network, brand.NOW, {})
        decision = decide_order(found, network, policy, one[1])
        if decision.plan is None:
            return record_of(question, found, decision, Outcome.UNSERVED, Allow(), decision.sentence).canonical()
        verdict = policy.review(one[0], decision.plan, decision.rules, found.on)
        return record_of(question, found, decision, Outcome.EXECUTED, verdict, decision.sentence).canonical()

    ready = [priced_of(one) for one in asked]
    with clock() as compiling:
        whole(asked[0])
        choose(ready[0])
    with clock() as together:
        choosing = times_ms(ready, choose)
    full = times_ms(asked, whole)
    notes = [
        f"compiling, or loading what was compiled: {compiling.cpu_s:.1f} s, not in the figures",
        f"times are CPU time; the {ORDERS} choices took {together.cpu_s:.2f} s of it and {together.wall_s:.2f} s by the wall clock",
        f"priced arrays to choice, {NODES} nodes x {LINES} lines x 3 services, 20 alternatives: {spread(choosing)}",
        f"order to explanation, record and its bytes, no database: {spread(full)}",
        f"the same through the memory store, with reservation, ledger and outbox: {through_memory(asked, network, policy)}",
        *other_sizes(rng),
    ]
    mismatches, checked, kinds = against_brute_force()
    notes.append(f"{checked} random orders against brute force over {kinds}: {mismatches} differ by a cent or more")
    report(
        "spine",
        {
            "routing_p50_ms": median(choosing),
            "routing_full_ms": median(full),
            "routing_mismatches": mismatches,
        },
        notes,
    )


def through_memory(asked: list[tuple[Order, Books]], network: Any, policy: Any) -> str:
    store = MemoryStore()
    with store.transaction() as books:
        there: dict[tuple[Any, Any], int] = {}
        for _, read in asked:
            for b in read.balances:
                there[b.sku, b.node] = there.get((b.sku, b.node), 0) + b.available
        for (sku, node), units in there.items():
            books.adjust_on_hand(StockObservation("count", sku, node, Units(units), brand.NOW, 1), "opening", brand.NOW)
        books.put_prices(list({(p.sku, p.node): p for _, read in asked for p in read.prices}.values()))
    taken = times_ms(asked, lambda one: route_order(store, network, policy, RouteOrder(one[0], brand.NOW)))
    store.close()
    return spread(taken)


def other_sizes(rng: np.random.Generator) -> list[str]:
    """Arrays of random orders over random cards of seventy breaks; many lines short, barred or heavy."""
    said, book = [], orders.random_book(rng, breaks=70)
    for nodes, lines, count in ((5, 5, 200), (12, 10, 20), (12, 14, 10)):
        cases = [orders.random_case(rng, book, nodes, lines, same_item=0.0).priced for _ in range(count)]
        choose(cases[0])
        said.append(f"priced arrays to choice, {nodes} x {lines} x 3: {spread(times_ms(cases, choose))}")
    cases = [orders.random_case(rng, book, 4, 12, scarce=0.1, same_item=0.0).priced for _ in range(40)]
    both = [(choose(case), choose_large(case)) for case in cases]
    exact, good = (sum(int(pair[k].cents[0]) for pair in both if len(pair[0])) for k in (0, 1))
    said.append(
        f"the search for orders beyond {EXACT_LINES} lines, on 40 orders of 12 where the least is known:"
        f" {100 * (good / exact - 1):.2f} % above it in sum"
    )
    wide = [orders.random_case(rng, book, 4, 25, scarce=0.0).priced for _ in range(10)]
    said.append(f"the same on 4 x 25 x 3: {spread(times_ms(wide, choose_large))}")
    return said


def against_brute_force() -> tuple[int, int, str]:
    """Orders whose cheapest plan, or whose best plan of any node subset, differs from the slow reckoning."""
    real = shared_data("us/usps_notice123_2025_10")
    rng, wrong = np.random.default_rng(2), 0
    books = [orders.random_book(rng, services=int(rng.integers(1, 4))) for _ in range(50)]
    sizes = [(int(rng.integers(1, 7)), int(rng.integers(1, 6))) for _ in range(ORDERS - 20)] + [(8, 7)] * 20
    usps = orders.usps_book(real) if real is not None else None
    for n, (nodes, lines) in enumerate(sizes):
        book = usps if usps is not None and n % 2 else books[n % len(books)]
        case = orders.random_case(rng, book, nodes, lines, max_shipments=int(rng.integers(1, 4)))
        best, got = orders.brute_force(case), choose(case.priced, alternatives=1_000)
        by_nodes = {
            frozenset(int(case.priced.node[c]) for c, _ in got.shipments(p)): int(got.cents[p]) for p in range(len(got))
        }
        wrong += by_nodes != best
    kinds = "random rate cards" + (" and USPS Notice 123, half and half" if real is not None else "")
    return wrong, ORDERS, kinds


if __name__ == "__main__":
    main()
