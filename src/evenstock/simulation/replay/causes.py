"""Regret by cause: the same orders decided again with one input after the other replaced by the truth.

Of each order looked at, what was done and what is decided again are paid for in one money: the terms that are really paid, at
the rates that were charged; what a unit turned out to be worth (prices in hindsight, of the certified bound); and the walk for
units that were not on the shelf. The regret is what was done less what deciding with the whole truth would have cost. Six
causes share it (`CAUSES`), by what mending each saves on average over every order of mending them (Shapley), so that the shares
add up to the cent and depend on no order. What was done otherwise than the program decides again (tries on purpose, races
lost, data replaced since) is told apart, as no cause explains it.

What each truth is: `rules` law alone, wishes given up; `forecast` prices in hindsight in the place of the day's; `stock` what
counts and picks then found; `rates` what carriers then charged; `human` the program's choice in the place of the person's;
`solver` the search that proves its result. An order of which an input was true already is not asked about it: its share is zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from evenstock.domain import Candidate, Cents, NodeId, Order, OrderId, OrderPlan, Price, Sku, StockBalance, Units
from evenstock.learning.paired_bootstrap import Ratio, loss_ratio
from evenstock.operations.deciding import Books, Decide, decide_order
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, candidates, refusal
from evenstock.routing.decide import Decision
from evenstock.routing.knowledge import NOTHING
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing, by_lane, by_node_and_line, price
from evenstock.routing.priced import Whole
from evenstock.simulation.replay.chunks import PLENTY
from evenstock.simulation.replay.compare import lost_of, ways
from evenstock.simulation.replay.done import done, shipment_cents
from evenstock.simulation.replay.lives import Prices, World
from evenstock.simulation.replay.past import Past, Shelf
from evenstock.simulation.replay.shapley import shares

RULES, FORECAST, STOCK, RATES, HUMAN, SOLVER = CAUSES = ("rules", "forecast", "stock", "rates", "human", "solver")
OTHERWISE: Final = "decided otherwise"
"""Of the orders that no person changed: what was done, less what the program decides again with the same inputs."""
SAMPLE: Final = 2_000
SEED: Final = 11


def exactly(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
    """The decision whose search goes on until it has proven its result."""
    return decide_order(found, network, policy, replace(read, prove=True))


@dataclass(frozen=True, eq=False)
class Believed:
    """With what orders were decided."""

    network: ShippingNetwork
    policy: CompiledPolicy
    prices: Callable[[Order], Prices]
    """Cents of a unit in force when the order was decided."""
    decide: Decide = decide_order
    changed_by: Mapping[OrderId, str] = field(default_factory=dict)
    """Orders that a person shipped otherwise than the program would have, with the person."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What turned out to be so."""

    network: ShippingNetwork
    """At the rates that were charged; the very network believed in where they were those of the cards."""
    policy: CompiledPolicy
    """Law alone."""
    prices: Prices
    """Of a unit in hindsight."""
    missing: Callable[[Shelf, datetime], int] = lambda _shelf, _at: 0
    """Units that the record had too many at a moment, as far as a pick or a count showed later."""
    decide: Decide = exactly


@dataclass(frozen=True, slots=True)
class OrderRegret:
    """One order, judged."""

    order: OrderId
    on: date
    node: NodeId
    """That it was first shipped from; empty where nothing was shipped."""
    done: str
    """Nodes and services in words; empty where nothing was shipped."""
    best: str
    done_cents: int
    best_cents: int
    by_cause: tuple[int, ...]
    """In the order of `CAUSES`."""
    otherwise_cents: int
    worth_cents: int = 0
    """What the units shipped were worth in hindsight; in the cents of what was done and of the best, and not paid."""
    baseline_cents: tuple[int | None, ...] = ()
    """What it would have cost by each of the ways asked for beside, at the same moment with the same stock."""

    @property
    def regret_cents(self) -> int:
        """The parts, which add up to it."""
        return sum(self.by_cause) + self.otherwise_cents


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause over the orders looked at."""

    cause: str
    cents: int
    orders: int
    """Orders in which it is not zero."""
    an_order: Ratio
    """Cents an order looked at, with an interval over days."""
    dearest: OrderId | None


@dataclass(frozen=True, slots=True)
class ByCause:
    """The regret of the orders looked at, split."""

    orders: int
    """In the past, of which those looked at are an even sample."""
    judged: tuple[OrderRegret, ...]
    left_out: tuple[tuple[str, int], ...]
    """Why orders of the sample are not judged, with how many."""
    baselines: tuple[str, ...] = ()

    @property
    def regret_cents(self) -> int:
        return sum(one.regret_cents for one in self.judged)

    @property
    def rows(self) -> tuple[CauseRow, ...]:
        """The six causes and what none of them explains; their cents add up to `regret_cents`."""
        of_causes = [self._row(cause, [one.by_cause[n] for one in self.judged]) for n, cause in enumerate(CAUSES)]
        return (*of_causes, self._row(OTHERWISE, [one.otherwise_cents for one in self.judged]))

    @property
    def total(self) -> CauseRow:
        return self._row("in all", [one.regret_cents for one in self.judged])

    def saved(self, baseline: str) -> CauseRow:
        """What was done against a baseline, on the orders that both priced: above zero it cost less than the baseline."""
        n = self.baselines.index(baseline)
        both = [(one, cents) for one in self.judged if (cents := one.baseline_cents[n]) is not None]
        return _row(baseline, [one for one, _ in both], [cents - one.done_cents for one, cents in both])

    def _row(self, cause: str, cents: Sequence[int]) -> CauseRow:
        return _row(cause, self.judged, cents)


def _row(cause: str, judged: Sequence[OrderRegret], cents: Sequence[int]) -> CauseRow:
    """Orders of one day share their stock and prices, so whole days are drawn for the interval."""
    days = np.array([one.on.toordinal() for one in judged], np.int64)
    an_order = loss_ratio(np.array(cents, np.float64), np.ones(len(cents)), days, seed=SEED)
    dearest = max(zip(cents, judged, strict=True), key=lambda one: (one[0], one[1].order), default=None)
    return CauseRow(
        cause, sum(cents), sum(cent != 0 for cent in cents), an_order,
        dearest[1].order if dearest is not None and dearest[0] > 0 else None,
    )  # fmt: skip


def regret_by_cause(
    past: Past,
    believed: Believed,
    truth: Truth,
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    baselines: Mapping[str, Decide] | None = None,
    tick: Callable[[int], None] = lambda _: None,
) -> ByCause:
    """Walk through the past as it was done, and judge some of its orders with the stock of their moment.

    Parameters
    ----------
    sample
        Orders looked at, drawn evenly; all of them where there are fewer.
    baselines
        Other ways of deciding, by name, that are asked about the same orders: they know no prices of units.
    """
    rng = np.random.default_rng(seed)
    count = min(sample, len(past.orders))
    drawn = rng.choice(len(past.orders), count, replace=False) if count else np.zeros(0, np.int64)
    chosen = frozenset(drawn.tolist())
    world, judge = World(past, believed.network), _Judge(believed, truth, baselines or {})
    mornings = sorted(past.inflow)
    judged: list[OrderRegret] = []
    why_not: Counter[str] = Counter()
    for n, order in enumerate(past.orders):
        today = order.placed_at.astimezone(UTC).date()
        while mornings and mornings[0] <= today:
            world.add(past.inflow[mornings.pop(0)])
        if n in chosen:
            found = judge(order, world.books(order, believed.prices(order), today), past)
            if isinstance(found, str):
                why_not[found] += 1
            else:
                judged.append(found)
            tick(1)
        _take(world, order, past)
    return ByCause(
        len(past.orders), tuple(judged), tuple(sorted(why_not.items(), key=lambda one: (-one[1], one[0]))),
        tuple(baselines or {}),
    )  # fmt: skip


def _take(world: World, order: Order, past: Past) -> None:
    """What was shipped for it leaves the shelves and takes its places."""
    sku = {line.id: line.sku for line in order.lines}
    for sent in past.done.get(order.id, ()):
        if sent.reship or sent.node not in world.node:
            continue
        k = world.node[sent.node]
        world.places[k, world.day(sent.shipped_on)] -= 1
        if sent.service in world.service:
            world.places[world.service[sent.service], world.day(sent.shipped_on)] -= 1
        for line, units in sent.units:
            at = world.numbers.get(sku.get(line, Sku("")))
            if at is not None:
                world.stock[k, at] = max(0, int(world.stock[k, at]) - units)


class _Judge:
    """Judges one order after the other."""

    def __init__(self, believed: Believed, truth: Truth, baselines: Mapping[str, Decide]) -> None:
        self.believed, self.truth, self.baselines = believed, truth, baselines
        same = truth.network is believed.network
        doubted, sure = _plain(believed.network, doubt=True), _plain(believed.network, doubt=False)
        charged = (doubted, sure) if same else (_like(truth.network, doubted), _like(truth.network, sure))
        self.networks = {
            (False, False): doubted,
            (False, True): sure,
            (True, False): charged[0],
            (True, True): charged[1],
        }
        """By whether rates and stock are the true ones."""
        self.true = self.networks[True, True]
        self.apart = not same

    def __call__(self, order: Order, read: Books, past: Past) -> OrderRegret | str:
        if refusal(order, self.true):
            return "it cannot be decided about"
        money = _Money(order, self.true, self.truth, read)
        sent = past.done.get(order.id, ())
        made = done(money.pricing, sent)
        if made.plan is None and order.id in past.done:
            return made.why_not
        paid = money.of(made.plan)
        again = _Again(order, read, self)
        ours = again.decided(frozenset())
        live = self._live(order, read, ours)
        changed = order.id in self.believed.changed_by

        def cost(mended: frozenset[str]) -> int:
            return paid if changed and HUMAN not in mended else money.of(again.decided(mended & live).plan)

        split = shares([cause for cause in CAUSES if cause in live or (cause == HUMAN and changed)], cost)
        best = again.decided(live).plan
        begun = paid if changed else money.of(ours.plan)
        return OrderRegret(
            order.id,
            order.placed_at.astimezone(UTC).date(),
            made.plan.nodes[0] if made.plan else NodeId(""),
            ways(made.plan) if made.plan else "",
            ways(best) if best else "",
            paid,
            money.of(best),
            tuple(split.get(cause, 0) for cause in CAUSES),
            paid - begun,
            money.worth(made.plan),
            tuple(self._beside(order, read, money, decide) for decide in self.baselines.values()),
        )

    def _beside(self, order: Order, read: Books, money: _Money, decide: Decide) -> int | None:
        network = self.networks[False, False]
        found = candidates(order, network, order.placed_at, read.slots_taken)
        plan = decide(found, network, self.believed.policy, replace(read, prices=())).plan
        return money.of(plan)

    def _live(self, order: Order, read: Books, ours: Decision) -> frozenset[str]:
        """Causes of which the truth is another than what was believed, for this order."""
        shelves = [(line.sku, node.id) for line in order.lines for node in self.true.nodes]
        prices = {(row.sku, row.node): int(row.cents) for row in read.prices}
        known = self.believed.network.known or NOTHING
        doubt = known.phantom_millionths
        apart = {
            RULES: self.truth.policy.digest != self.believed.policy.digest,
            FORECAST: any(prices.get(at, 0) != self.truth.prices.get(at, 0) for at in shelves),
            STOCK: any(doubt.get(at, 0) or self.truth.missing(at, order.placed_at) > 0 for at in shelves),
            RATES: self.apart,
            SOLVER: not ours.proven_least or self.believed.decide is not decide_order,
        }
        return frozenset(cause for cause, is_so in apart.items() if is_so)


class _Money:
    """What any plan of one order really costs."""

    def __init__(self, order: Order, network: ShippingNetwork, truth: Truth, read: Books) -> None:
        self.order, self.network, self.truth = order, network, truth
        found = candidates(order, network, order.placed_at, {})
        plenty = np.full((len(network.nodes), len(found.lines)), PLENTY, np.int64)
        self.pricing: Pricing = price(
            found,
            network,
            plenty,
            by_node_and_line(found, network, truth.prices),
            damage_millionths=by_lane(found, network, (network.known or NOTHING).damage_millionths),
        )
        self.there: dict[Shelf, int] = {}
        for row in read.balances:
            self.there[row.sku, row.node] = self.there.get((row.sku, row.node), 0) + row.available
        self.known: dict[OrderPlan, int] = {}

    def of(self, plan: OrderPlan | None) -> int:
        """Cents paid, worth of its units in hindsight, and the walk for those that were not there; of no plan, the lost sale."""
        if plan is None:
            return lost_of(self.order, self.network)
        if plan not in self.known:
            self.known[plan] = self._reckoned(plan)
        return self.known[plan]

    def worth(self, plan: OrderPlan | None) -> int:
        """Cents in hindsight of the units that a plan takes."""
        if plan is None:
            return 0
        return sum(
            line.units * self.truth.prices.get((line.sku, shipment.candidate.node), 0)
            for shipment in plan.shipments
            for line in shipment.lines
        )

    def _reckoned(self, plan: OrderPlan) -> int:
        priced, found = self.pricing.priced, self.pricing.candidates
        number = {line.id: i for i, line in enumerate(found.lines)}
        cents = (len(plan.shipments) - 1) * priced.extra_shipment_cents
        taken: Counter[Shelf] = Counter()
        for shipment in plan.shipments:
            carried: Whole = np.zeros(priced.lines, np.int64)
            for line in shipment.lines:
                carried[number[line.line]] += line.units
                taken[line.sku, shipment.candidate.node] += line.units
            cents += shipment_cents(priced, self._way(shipment.candidate), carried)
        for shelf, units in taken.items():
            missing = self.truth.missing(shelf, self.order.placed_at)
            if missing > 0:
                short = max(0, units - max(0, self.there.get(shelf, 0) - missing))
                cents += short * self.network.costs.short_pick_cents
        return int(cents)

    def _way(self, wanted: Candidate) -> int:
        """The way of the same node, service and day; of another day where the full one is not among them."""
        ways_ = self.pricing.candidates.ways
        for c, way in enumerate(ways_):
            if way == wanted:
                return c
        return next(c for c, way in enumerate(ways_) if (way.node, way.service) == (wanted.node, wanted.service))


class _Again:
    """One order decided again with some of its inputs replaced by the truth; each set of them once."""

    def __init__(self, order: Order, read: Books, judge: _Judge) -> None:
        self.order, self.read, self.judge = order, read, judge
        self.made: dict[frozenset[str], Decision] = {}
        self.found: dict[int, Candidates] = {}

    def decided(self, mended: frozenset[str]) -> Decision:
        if mended not in self.made:
            self.made[mended] = self._decide(mended)
        return self.made[mended]

    def _decide(self, mended: frozenset[str]) -> Decision:
        judge, order = self.judge, self.order
        believed, truth = judge.believed, judge.truth
        network = judge.networks[RATES in mended, STOCK in mended]
        policy = truth.policy if RULES in mended else believed.policy
        decide = truth.decide if SOLVER in mended else believed.decide
        read = self.read
        if FORECAST in mended:
            skus = {line.sku for line in order.lines}
            rows = [
                Price(sku, node, order.placed_at, "hindsight", Cents(cents))
                for (sku, node), cents in truth.prices.items()
                if sku in skus and cents
            ]
            read = replace(read, prices=sorted(rows, key=lambda row: (row.sku, row.node)), capacity_prices=())
        if STOCK in mended:
            read = replace(read, balances=[_true(row, truth, order.placed_at) for row in read.balances])
        number = id(network)
        if number not in self.found:
            self.found[number] = candidates(order, network, order.placed_at, read.slots_taken)
        return decide(self.found[number], network, policy, read)


def _true(row: StockBalance, truth: Truth, at: datetime) -> StockBalance:
    missing = truth.missing((row.sku, row.node), at)
    return replace(row, available=Units(max(0, row.available - missing))) if missing > 0 else row


def _plain(network: ShippingNetwork, *, doubt: bool) -> ShippingNetwork:
    """The network without what only says how sure a decision is; with or without doubt about shelves."""
    made = ShippingNetwork(network.nodes, network.items, network.book, network.costs, network.digest)
    known = network.known or NOTHING
    made.known = replace(known, scenarios=None, phantom_millionths=known.phantom_millionths if doubt else {})
    return made


def _like(network: ShippingNetwork, other: ShippingNetwork) -> ShippingNetwork:
    """A network with what another knows."""
    made = ShippingNetwork(network.nodes, network.items, network.book, network.costs, network.digest)
    made.known = other.known
    return made
