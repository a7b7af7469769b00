"""Route the 6,489 real orders of one Brunel day over their real lanes, weight breaks, plants, vendors and ceilings.

Every decision is evenstock's own: `policy.permit` bars what the rules forbid, `routing.choose` takes the cheapest of the
rest, and a person's wish yields only where law leaves nothing else. Three ways to decide, once without ceilings and once
keeping them:

historic      the plant and service of the file; it broke its own ceilings.
cheapest now  each order in file order takes the cheapest lawful plant that has a slot left.
ours          decided at the cut-off, when the day's orders are known. An order that comes later waits for one that came
              earlier wherever slots are short (`first_come`); those that fit are decided with a price on each plant's
              slot (`Pool`), the dual of their transportation problem; then the rest.

Without ceilings a slot costs nothing and ours is the cheapest now. Cents are checked order by order against a reckoning
that knows neither ladders nor kernels (`Direct`): it reads the rows of the files.

    python -m benchmarks.real_brunel
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from benchmarks import brunel_day
from benchmarks.brunel_day import DAY, OWN_FREIGHT, Day
from benchmarks.harness import clock, report, shared_data
from scipy.optimize import linprog
from scipy.sparse import coo_array

from evenstock import policy
from evenstock.routing.choose import Choice, choose
from evenstock.routing.priced import Priced

NEVER = np.iinfo(np.int64).max // 4


@dataclass
class Run:
    """What was decided: by order the node (-1 unserved), the service, the cents, and why it is unserved."""

    node: np.ndarray
    service: list[str]
    cents: np.ndarray
    reasons: Counter
    relaxed: int
    cpu_s: float = 0.0

    @property
    def served(self) -> int:
        return int((self.node >= 0).sum())


def priced(day: Day, order: int, mask: np.ndarray, slot_cents: np.ndarray) -> Priced:
    _, node, ladder, _ = day.ways[order]
    units = np.array([day.orders[order].lines[0].units], np.int64)
    none = np.zeros(1, np.int64)
    return Priced(
        node=node,
        ladder=ladder,
        permitted=mask,
        atp=np.full((len(slot_cents), 1), units[0]),
        item=none,
        units=units,
        weight_g=np.array([day.files.orders["grams"][order]], np.int64),
        volume_mm3=none,
        longest_mm=none,
        value_cents=none,
        shipment_cents=(day.handling_cents[order] + slot_cents)[node],
        unit_cents=np.zeros((len(node), 1), np.int64),
        ladders=day.ladders,
        max_shipments=1,
    )


def decide(
    day: Day, rules: policy.CompiledPolicy, order: int, slots: np.ndarray, slot_cents: np.ndarray
) -> tuple[Choice | None, int, tuple]:
    """The best plans of one order, wishes given up, and what barred the rest."""
    ways, node, _, days = day.ways[order]
    asked = day.orders[order]
    in_time = np.where(days > (asked.promise.deliver_by - DAY).days, 0.0, 1.0)
    facts = policy.CandidateFacts(DAY, in_time, slots[node])
    permitted = rules.permit(asked, [day.items[asked.lines[0].sku]], ways, facts)

    def attempt(mask: np.ndarray, _: policy.OrderBounds) -> Choice | None:
        found = choose(priced(day, order, mask, slot_cents))
        return found if len(found) else None

    found = rules.relax(asked, permitted, DAY, attempt)
    if found is None:
        return None, 0, permitted.barred
    return found[0], len(found[1].rules), permitted.barred


def run(
    day: Day,
    rules: policy.CompiledPolicy,
    ceilings: np.ndarray | None,
    queue: np.ndarray | None = None,
    pool: Pool | None = None,
) -> tuple[Run, np.ndarray]:
    """Decide orders in the order of `queue` (the file's by default); and each order's cents at each node that may ship it.

    `pool` gives the price of a slot by node; the cents recorded are without it.
    """
    orders, nodes = len(day.orders), len(day.nodes)
    queue = np.arange(orders) if queue is None else queue
    slots = np.full(nodes, policy.NO_CEILING) if ceilings is None else ceilings.copy()
    done = Run(np.full(orders, -1), [""] * orders, np.zeros(orders, np.int64), Counter(), 0)
    options = np.full((orders, nodes), NEVER)
    slot_cents = np.zeros(nodes, np.int64)
    with clock() as timer:
        for order in queue.tolist():
            if pool:
                slot_cents = pool.slot_cents(order, slots)
            choice, relaxed, barred = decide(day, rules, order, slots, slot_cents)
            if choice is None:
                full = sorted(b.node for b in barred if b.rule == "ceiling" and _only(b.node, barred))
                done.reasons[f"{' and '.join(full)} full" if full else "no lawful plant"] += 1
                continue
            ways, node, _, _ = day.ways[order]
            for plan in range(len(choice)):
                k = int(choice.candidate[plan, 0])
                options[order, node[k]] = choice.cents[plan] - slot_cents[node[k]]
            best = int(choice.candidate[0, 0])
            done.node[order], done.service[order] = node[best], ways[best].service
            done.cents[order] = options[order, node[best]]
            done.relaxed += relaxed > 0
            if ceilings is not None:
                slots[node[best]] -= 1
            if pool:
                pool.took(order, int(node[best]))
    done.cpu_s = timer.cpu_s
    return done, options


def _only(node: str, barred: tuple) -> bool:
    """Whether the ceiling alone bars a node."""
    return all(b.rule == "ceiling" for b in barred if b.node == node and not b.service)


def transport(options: np.ndarray, ceilings: np.ndarray) -> tuple[np.ndarray, int]:
    """Node of each order (-1 unserved) and the least cents: most orders first, least cost second.

    The transportation problem over these orders; an unserved one costs more than any chain of exchanges between nodes
    could save.
    """
    order, node = np.nonzero(options < NEVER)
    at = np.full(len(options), -1)
    if not len(order):
        return at, 0
    cents = options[order, node].astype(float)
    unserved = (options.shape[1] + 1) * cents.max()
    ways = np.arange(len(order))
    rows = np.concatenate([node, options.shape[1] + order])
    shape = options.shape[1] + len(options), len(ways)
    limits = coo_array((np.ones(2 * len(ways)), (rows, np.concatenate([ways, ways]))), shape).tocsr()
    limit = np.concatenate([ceilings, np.ones(len(options))])
    # In thousands of cents: the solver's tolerances are absolute.
    found = linprog((cents - unserved) / 1e3, limits, limit, bounds=(0, None), method="highs")
    assert found.status == 0, found.message
    taken = found.x > 0.5
    at[order[taken]] = node[taken]
    return at, int(options[order[taken], node[taken]].sum())


class Pool:
    """Prices of slots for orders that are known and fit: those under which each takes its place in the cheapest plan.

    A price is a dual of the transportation problem: with ``w[a, b]`` the least that moving an order planned at node a to
    node b costs, ``price[a] - price[b] <= w[a, b]``, and a node with slots to spare is free. Of all duals the one is taken
    that leaves the orders the clearest preference (most capped slack), so that a tie does not send one astray; where one
    still takes another place than planned (it costs the same), the rest is planned and priced anew.
    """

    def __init__(self, options: np.ndarray, fits: np.ndarray) -> None:
        self._options, self._waiting = options, fits.copy()
        self._plan: np.ndarray | None = None
        self._price = np.zeros(options.shape[1], np.int64)
        self.solved = 0

    def slot_cents(self, order: int, slots: np.ndarray) -> np.ndarray:
        if self._plan is None and self._waiting[order]:
            waiting = np.flatnonzero(self._waiting)
            self._plan = np.full(len(self._options), -1)
            self._plan[waiting], _ = transport(self._options[waiting], slots)
            self._price = slot_prices(self._options[waiting], self._plan[waiting], slots)
            self.solved += 1
        return self._price

    def took(self, order: int, node: int) -> None:
        self._waiting[order] = False
        if self._plan is not None and self._plan[order] not in {node, -1}:
            self._plan = None


def slot_prices(options: np.ndarray, at: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """The dual with the most slack, whole cents, shape ``(node,)``."""
    nodes = options.shape[1]
    move = np.full((nodes, nodes), np.inf)
    for a in range(nodes):
        here = options[at == a]
        if len(here):
            more = np.where(here < NEVER, here - here[:, [a]], np.inf)
            move[a] = more.min(axis=0)
    np.fill_diagonal(move, np.inf)
    pairs = np.argwhere(np.isfinite(move))
    if not len(pairs):
        return np.zeros(nodes, np.int64)
    # price[a] - price[b] + slack <= w[a, b]; maximise the slacks, each of at most 100 cents.
    rows, count = np.arange(len(pairs)), len(pairs)
    sides = np.concatenate([np.ones(count), -np.ones(count), np.ones(count)])
    columns = np.concatenate([pairs[:, 0], pairs[:, 1], nodes + rows])
    limits = coo_array((sides, (np.tile(rows, 3), columns)), (count, nodes + count)).tocsr()
    spare = np.bincount(at[at >= 0], minlength=nodes) < slots
    most = np.where(spare, 0.0, 1e9)
    bounds = [(0.0, top) for top in most] + [(0.0, 100.0)] * count
    found = linprog(
        np.concatenate([np.zeros(nodes), -np.ones(count)]), limits, move[tuple(pairs.T)], bounds=bounds, method="highs"
    )
    assert found.status == 0, found.message
    return np.rint(found.x[:nodes]).astype(np.int64)


def first_come(options: np.ndarray, ceilings: np.ndarray) -> np.ndarray:
    """Orders that fit when each, in file order, is taken if those before it can still all be served. Shape ``(order,)``.

    Orders taken may be moved to another node of theirs to make room, never dropped. Sets of orders that fit together are
    the independent sets of a transversal matroid (Edmonds and Fulkerson 1965), so this greedy choice takes the most.
    """
    may = options < NEVER
    at = np.full(len(options), -1)
    left = ceilings.copy()
    for order in range(len(options)):
        came_by: dict[int, int] = {}
        open_nodes = np.flatnonzero(may[order]).tolist()
        came_from = dict.fromkeys(open_nodes, -1)
        while open_nodes:
            node = open_nodes.pop(0)
            if left[node] > 0:
                left[node] -= 1
                while came_from[node] >= 0:
                    at[came_by[node]] = node
                    node = came_from[node]
                at[order] = node
                break
            here = np.flatnonzero(at == node)
            for other in np.flatnonzero(may[here].any(axis=0)).tolist():
                if other not in came_from:
                    came_from[other], came_by[other] = node, int(here[may[here, other]][0])
                    open_nodes.append(other)
    return at >= 0


class Direct:
    """The same cents and the same law reckoned straight from the rows of the files, knowing nothing of evenstock."""

    def __init__(self, files: brunel_day.Files) -> None:
        self.orders = files.orders.rows(named=True)
        self.rows: dict[tuple[str, str], list] = {}
        for service, port, ground, low, high, least, rate in files.rates.select(
            "service", "port", "ground", "low", "high", "minimum", "rate"
        ).iter_rows():
            self.rows.setdefault((service, port), []).append((ground, low, high, least, rate))
        self.ports: dict[str, list[str]] = {}
        for plant, port in files.ports.iter_rows():
            self.ports.setdefault(plant, []).append(port)
        self.cost = dict(files.plants.select("plant", "unit_cost").iter_rows())
        self.ceiling = dict(files.plants.select("plant", "ceiling").iter_rows())
        self.made = set(files.makes.iter_rows())
        self.vendor: dict[str, set[str]] = {}
        for plant, customer in files.vendor.iter_rows():
            self.vendor.setdefault(plant, set()).add(customer)

    def cents(self, k: int, plant: str, service: str, kg: float) -> int | None:
        """What order `k` costs from a plant by a service; None where no row covers it."""
        order = self.orders[k]
        handling = int(order["quantity"] * self.cost[plant] * 100 + 0.5)
        if service == OWN_FREIGHT:
            return handling if order["level"] == "CRF" else None
        freight = [
            int(max(rate if ground else kg * rate, least) * 100 + 0.5)
            for port in self.ports[plant]
            for ground, low, high, least, rate in self.rows.get((service, port), [])
            if low <= order["kg"] <= high
        ]
        return handling + min(freight) if freight else None

    def historic(self, k: int) -> int | None:
        order = self.orders[k]
        if order["level"] == "CRF":
            return self.cents(k, order["plant"], OWN_FREIGHT, 0.0)
        named = [f"{order['carrier']}:{order['level']}-{mode}-{order['tpt']}d" for mode in ("air", "ground")]
        found = [self.cents(k, order["plant"], service, order["grams"] / 1000) for service in named]
        return min((cents for cents in found if cents is not None), default=None)

    def check(self, names: list[str], done: Run) -> None:
        """Every served order costs what the rows say, and no plant ships what it may not."""
        for k in np.flatnonzero(done.node >= 0).tolist():
            order, plant = self.orders[k], names[done.node[k]]
            assert self.cents(k, plant, done.service[k], order["grams"] / 1000) == done.cents[k], (k, plant)
            assert (plant, order["sku"]) in self.made, (k, plant)
            assert plant not in self.vendor or order["customer"] in self.vendor[plant], (k, plant)

    def overflow(self, plants: list[str]) -> int:
        """Orders beyond the ceilings, all plants together."""
        return sum(max(0, n - self.ceiling[plant]) for plant, n in Counter(plants).items())


def money(cents: float) -> int:
    """Whole units of the file's currency, for print; every comparison is made in cents."""
    return round(float(cents) / 100)


def without_ceilings(day: Day, direct: Direct, same_service: bool) -> tuple[dict, Run, np.ndarray]:
    """Ours, which is the cheapest now, against history on the orders whose historic service has a rate."""
    free = brunel_day.with_ceilings(day, none=True)
    done, options = run(free, brunel_day.compiled(free, same_service), None)
    names = list(day.nodes)
    direct.check(names, done)
    historic = [direct.historic(k) for k in range(len(day.orders))]
    rated = [k for k, cents in enumerate(historic) if cents is not None and done.node[k] >= 0]
    was, now = sum(historic[k] for k in rated), int(done.cents[rated].sum())
    figures = {
        "orders_compared": len(rated),
        "historic_cost": money(was),
        "ours_cost_same_orders": money(now),
        "ours_saves_share": round(1 - now / was, 6),
        "ours_cost_all_orders": money(done.cents.sum()),
        "ours_served": done.served,
        "ours_overflow": direct.overflow([names[k] for k in done.node if k >= 0]),
        "ours_slower_than_historic": sum(
            int(service.rsplit("-", 1)[-1][:-1]) > order["tpt"]
            for service, order in zip(done.service, direct.orders, strict=True)
            if service and service != OWN_FREIGHT
        ),
        "ours_relaxed": done.relaxed,
        "ours_changed_by_whole_grams": money(
            sum(direct.cents(k, names[n], done.service[k], direct.orders[k]["kg"]) for k, n in enumerate(done.node))
            - done.cents.sum()
        ),
        "ours_by_truck": sum("ground" in service for service in done.service),
        "cpu_ms_per_order": round(1e3 * done.cpu_s / len(day.orders), 3),
    }
    return figures, done, options


def main() -> None:
    folder = shared_data("brunel")
    if folder is None:
        return
    with clock() as building:
        day = brunel_day.build(brunel_day.read(folder))
    names, direct = list(day.nodes), Direct(day.files)
    ceilings = np.array([day.nodes[name].orders_per_day for name in names], np.int64)
    print(f"{len(day.orders)} orders, {len(names)} plants, built in {building.cpu_s:.1f} s CPU")

    figures: dict = {
        "orders": len(day.orders),
        "historic_overflow": direct.overflow([order["plant"] for order in direct.orders]),
        "historic_without_rate": sum(direct.historic(k) is None for k in range(len(day.orders))),
    }
    free, _, options = without_ceilings(day, direct, same_service=False)
    figures |= {f"free_{key}": value for key, value in free.items()}
    like, _, _ = without_ceilings(day, direct, same_service=True)
    figures |= {f"same_service_{key}": value for key, value in like.items()}

    figures["kept_most_possible"] = int((transport(options, ceilings)[0] >= 0).sum())
    rules = brunel_day.compiled(day, same_service=False)

    greedy, _ = run(day, rules, ceilings)
    with clock() as pooling:
        fits = first_come(options, ceilings)
    queue = np.concatenate([np.flatnonzero(fits), np.flatnonzero(~fits)])

    pool = Pool(options, fits)
    ours, _ = run(day, rules, ceilings, queue, pool)
    figures |= {
        "kept_first_come_fit": int(fits.sum()),
        "kept_first_come_cpu_s": round(pooling.cpu_s, 2),
        "kept_times_priced": pool.solved,
    }
    both = (greedy.node >= 0) & (ours.node >= 0)
    for name, done in (("cheapest_now", greedy), ("ours", ours)):
        direct.check(names, done)
        at, least = transport(options[done.node >= 0], ceilings)
        assert (at >= 0).all()
        figures |= {
            f"kept_{name}_served": done.served,
            f"kept_{name}_unserved": len(day.orders) - done.served,
            f"kept_{name}_overflow": direct.overflow([names[k] for k in done.node if k >= 0]),
            f"kept_{name}_cost": money(done.cents.sum()),
            f"kept_{name}_cost_per_order": round(float(done.cents.sum()) / 100 / done.served, 2),
            f"kept_{name}_above_best_for_its_orders": round(done.cents.sum() / least - 1, 6),
            f"kept_{name}_cost_of_orders_both_serve": money(done.cents[both].sum()),
            f"kept_{name}_cpu_ms_per_order": round(1e3 * done.cpu_s / len(day.orders), 3),
        }
        print(f"\nunserved, {name}:", *(f"\n  {n:5d}  {why}" for why, n in done.reasons.most_common(8)))
    figures["kept_orders_both_serve"] = int(both.sum())
    print(
        f"""
{"":32}{"cost":>14}{"unserved":>10}{"overflow":>10}
no ceilings, {figures["free_orders_compared"]:,} orders whose historic service has a rate
  {"historic":30}{figures["free_historic_cost"]:>14,}{0:>10}{figures["historic_overflow"]:>10,}
  {"cheapest now, and ours":30}{figures["free_ours_cost_same_orders"]:>14,}{0:>10}{figures["free_ours_overflow"]:>10,}
  {"ours, same service or better":30}{figures["same_service_ours_cost_same_orders"]:>14,}{0:>10}\
{figures["same_service_ours_overflow"]:>10,}
ceilings kept, {len(day.orders):,} orders of which at most {figures["kept_most_possible"]:,} fit
  {"historic (breaks them)":30}{"-":>14}{0:>10}{figures["historic_overflow"]:>10,}
  {"cheapest now":30}{figures["kept_cheapest_now_cost"]:>14,}{figures["kept_cheapest_now_unserved"]:>10,}\
{figures["kept_cheapest_now_overflow"]:>10}
  {"ours":30}{figures["kept_ours_cost"]:>14,}{figures["kept_ours_unserved"]:>10,}{figures["kept_ours_overflow"]:>10}
  on the {figures["kept_orders_both_serve"]:,} orders that both serve: cheapest now\
 {figures["kept_cheapest_now_cost_of_orders_both_serve"]:,}, ours {figures["kept_ours_cost_of_orders_both_serve"]:,}"""
    )
    notes = [
        "Overflow counts all orders, also those without a historic rate; cost is in the file's currency.",
        "Each order's cents were checked against the rows of the files, and each plant against products and vendors.",
    ]
    report("real_brunel", figures, notes)


if __name__ == "__main__":
    main()
