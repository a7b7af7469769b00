"""The 6,489 real orders of one Brunel day decided together under the plants' ceilings: the most served, then the cheapest.

Each order's ways are those that `policy.permit` leaves, its plans those of the routing search, and the choice among them
`routing.pool_columns.join`. It is set beside history, which broke the ceilings, and beside two ways to decide one order
after the other in the order of the file: the cheapest now, and the cheapest with a price on each plant's place from
`routing.prices.ascent`. Cents are checked order by order against the rows of the files, and the number served and the
least cost against a transportation problem that shares no code with the pool.

    python -m benchmarks.routing_brunel
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from benchmarks import brunel_day
from benchmarks.brunel_day import DAY, Day
from benchmarks.harness import clock, report, shared_data
from benchmarks.real_brunel import NEVER, Direct, Run, money, priced, run, transport

from evenstock import policy
from evenstock.routing.batch import Batch
from evenstock.routing.choose import choose
from evenstock.routing.pool import LEFT_OUT
from evenstock.routing.pool_columns import Asked, Joined, join
from evenstock.routing.priced import Priced
from evenstock.routing.prices.ascent import Ascent, Capacity, ascend


@dataclass
class Fixed:
    """The same prices of places for every order, as `real_brunel.run` asks for them."""

    cents: np.ndarray

    def slot_cents(self, _order: int, _slots: np.ndarray) -> np.ndarray:
        return self.cents

    def took(self, order: int, node: int) -> None:
        """Prices stay."""


def lawful(day: Day, rules: policy.CompiledPolicy) -> list[Priced]:
    """Every order under the rules, ceilings apart."""
    free = np.full(len(day.nodes), policy.NO_CEILING)
    found = []
    for number, order in enumerate(day.orders):
        ways, node, _, days = day.ways[number]
        in_time = np.where(days > (order.promise.deliver_by - DAY).days, 0.0, 1.0)
        facts = policy.CandidateFacts(DAY, in_time, free[node])
        permitted = rules.permit(order, [day.items[order.lines[0].sku]], ways, facts)
        found.append(priced(day, number, permitted.hard, np.zeros(len(day.nodes), np.int64)))
    return found


def together(orders: list[Priced], ceilings: np.ndarray, credit: np.ndarray) -> Joined:
    """All orders at once; a plant's places are the only thing there is too little of."""
    none = np.full((1, len(ceilings), 1), -1)
    asked = [Asked(one, none, one.node[None], credit_cents=int(own)) for one, own in zip(orders, credit, strict=True)]
    return join(asked, ceilings)


def place_prices(orders: list[Priced], skus: list[str], ceilings: np.ndarray, out: int) -> Ascent:
    """Prices of the plants' places by dual ascent, where leaving an order out counts `out` cents."""
    number = {sku: n for n, sku in enumerate(sorted(set(skus)))}
    batch = Batch.pack(orders, [np.array([number[sku]]) for sku in skus], by_way=True)
    return ascend(
        batch,
        np.ones(len(orders)),
        np.full((len(ceilings), len(number)), 10**9),
        lost=np.full(len(orders), float(out)),
        contested=np.zeros(len(number), np.bool_),
        capacity=Capacity(batch.node[None], ceilings.astype(np.float64)),
    )


def as_run(day: Day, orders: list[Priced], joined: Joined) -> Run:
    """The pool's choice in the form the checks read."""
    count = len(orders)
    done = Run(np.full(count, -1), [""] * count, np.zeros(count, np.int64), Counter(), 0)
    names = list(day.nodes)
    for number in range(count):
        option = joined.chosen(number)
        if option is None:
            short = joined.pooled.binding(joined.columns, number)
            done.reasons[f"{' and '.join(sorted(names[k] for k in short))} full" if short else "no lawful plant"] += 1
            continue
        ((way, _),) = option.shipments
        done.node[number] = orders[number].node[way]
        done.service[number] = day.ways[number][0][way].service
        done.cents[number] = option.cents
    return done


def least_of_all(orders: list[Priced], nodes: int) -> np.ndarray:
    """Cents of each order at each plant that may ship it, for the transportation problem."""
    options = np.full((len(orders), nodes), NEVER)
    for number, one in enumerate(orders):
        found = choose(one)
        for plan in range(len(found)):
            options[number, one.node[found.candidate[plan, 0]]] = found.cents[plan]
    return options


def main() -> None:
    folder = shared_data("brunel")
    if folder is None:
        return
    day = brunel_day.build(brunel_day.read(folder))
    names, direct = list(day.nodes), Direct(day.files)
    ceilings = np.array([day.nodes[name].orders_per_day for name in names], np.int64)
    rules = brunel_day.compiled(day, same_service=False)
    free_day = brunel_day.with_ceilings(day, none=True)
    free, _ = run(free_day, brunel_day.compiled(free_day, same_service=False), None)
    historic = [direct.historic(k) for k in range(len(day.orders))]
    rated = [k for k, cents in enumerate(historic) if cents is not None and free.node[k] >= 0]

    with clock() as reading:
        orders = lawful(free_day, brunel_day.compiled(free_day, same_service=False))
    anyway, nothing = free.cents, np.zeros(len(orders), np.int64)
    with clock() as deciding:
        joined = together(orders, ceilings, nothing)
    credited = together(orders, ceilings, anyway)
    serve = round(joined.pooled.before[2, 0].max())  # the pool's own price of serving one more
    with clock() as pricing:
        found = place_prices(orders, day.files.orders["sku"].to_list(), ceilings, serve)
    greedy, _ = run(day, rules, ceilings)
    guided, _ = run(day, rules, ceilings, pool=Fixed(np.rint(found.ceiling_price).astype(np.int64)))

    options = least_of_all(orders, len(names))
    at, least = transport(options, ceilings)
    most = int((at >= 0).sum())
    same = joined.pooled.served == credited.pooled.served == most and joined.pooled.cents == least
    beyond = np.where(options < NEVER, options - anyway[:, None], options)
    least_beyond = int(credited.pooled.cents - anyway[credited.pooled.plan != LEFT_OUT].sum())
    assert same, "another program finds another optimum"
    assert least_beyond == transport(beyond, ceilings)[1], (
        "another program finds another optimum beyond what orders cost"
    )
    pooled, said, overflow = as_run(day, orders, joined), [], 0
    for name, done in (
        ("cheapest now, one by one", greedy),
        ("with prices of places, one by one", guided),
        ("the pool, where what orders cost anyway is no saving", as_run(day, orders, credited)),
        ("the pool", pooled),
    ):
        direct.check(names, done)
        overflow = direct.overflow([names[k] for k in done.node if k >= 0])
        there = done.node >= 0
        best = transport(options[there], ceilings)[1]
        said.append(
            f"{name}: {done.served} served, {overflow} beyond ceilings, cost {money(done.cents.sum()):,},"
            f" {100 * (done.cents.sum() / best - 1):.3f} % above the least for the orders it serves,"
            f" {money(done.cents[there].sum() - anyway[there].sum()):,} above what they cost without ceilings"
        )
    unserved = len(orders) - most
    past, now = sum(historic[k] for k in rated), free.cents[rated].sum()
    before = (
        f"history: {direct.overflow([order['plant'] for order in direct.orders])} orders beyond ceilings; its {len(rated)}"
        f" orders with a rate cost {money(past):,}, cheapest now without ceilings {money(now):,}"
    )
    bound = (
        f"bound: no choice that keeps the ceilings serves more than {joined.most_served}, and none that serves as many"
        f" costs less than {money(joined.least_cents):,}; prices by ascent alone prove"
        f" {money(found.bound - serve * unserved):,}"
    )
    notes = [
        before,
        *said,
        bound,
        f"proven: {joined.proven} and {credited.proven}; the same optima by another program",
        "the pool's least cost leaves out the dear orders, which then cost the same another day: compare orders served alike",
        "left out: " + "; ".join(f"{n} {why}" for why, n in pooled.reasons.most_common(4)),
        "worth of one more place: "
        + ", ".join(f"{names[k]} {money(joined.pooled.worth[k]):,}" for k in np.flatnonzero(joined.pooled.worth > 0.5)),
        f"CPU: rules and prices {reading.cpu_s:.1f} s, plans and pool {deciding.cpu_s:.1f} s, ascent {pricing.cpu_s:.1f} s",
    ]
    report("routing", {"brunel_served": pooled.served, "brunel_overflow": overflow}, notes)


if __name__ == "__main__":
    main()
