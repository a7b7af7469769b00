"""A change tried before it comes into force: the last 30 days lived twice, under what is in force and under the change.

Both live through the same orders, receipts and counts, each with the stock that its own decisions left, so that only the
change differs. Where a person would be asked is judged on the plans that each side chose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from evenstock import policy as policies
from evenstock.domain import Allow, Costs, Order, OrderPlan, Policy
from evenstock.learning.paired_bootstrap import LEAST_BLOCKS
from evenstock.operations.autonomy.actor import PROGRAM
from evenstock.operations.autonomy.asking import governed, rule_on
from evenstock.operations.autonomy.evidence import ASKED_DAYS, Dearer, Simulated, Tried, stages_digest
from evenstock.operations.autonomy.halting import under_halts
from evenstock.operations.autonomy.intended.order_plan import KINDS, order_plan
from evenstock.operations.autonomy.stages import EVERYWHERE, Stages
from evenstock.operations.company import Company
from evenstock.operations.cost_book import costs_digest
from evenstock.operations.network import Network
from evenstock.operations.ports import Store
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import refusal
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.chunks import chunks, item_numbers
from evenstock.simulation.replay.compare import WORST, ways
from evenstock.simulation.replay.from_books import past_from_books
from evenstock.simulation.replay.lives import Arm, Life, Repricing
from evenstock.simulation.replay.past import Past, read_past

SEED: Final = 7
DRAWS: Final = 2_000
_TABLES: Final = ("order_history", "shipments", "shipped_units", "stock_history", "stock")
_NOT_KNOWN: Final = (
    "confidence, and wishes given up, are not reckoned here: rules that ask a person because of them count as asking"
    " where they ask for what is unknown, and are not counted where they speak of wishes"
)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What decides in one of the two lives."""

    shipping: ShippingNetwork
    policy: CompiledPolicy
    stages: Stages


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What is in force and what would be."""

    kind: str
    """`rules`, `stages` or `costs`."""
    of: str
    """Digest of what would come into force."""
    against: str
    """Digest of what is in force."""
    now: Side
    then: Side
    items: Network


def change_of_rules(here: Company, wanted: Policy) -> Change:
    """Other rules. Raises ValueError where they cannot be used with today's network."""
    network = here.network
    services = network.rates.services if network.rates else ()
    compiled = policies.compile(wanted, network.nodes, network.items, services)
    side = _in_force(here)
    compiled.staged = side.policy.staged
    then = replace(side, policy=compiled)
    return Change("rules", wanted.digest(), network.policy.digest, side, then, network)


def change_of_stages(here: Company, wanted: Stages) -> Change:
    """Other stages, the same rules."""
    side = _in_force(here)
    network = here.network
    services = network.rates.services if network.rates else ()
    policy = policies.compile(network.policy.policy, network.nodes, network.items, services)
    policy.staged = wanted
    then = Side(side.shipping, policy, wanted)
    return Change("stages", stages_digest(wanted), stages_digest(side.stages), side, then, network)


def change_of_costs(here: Company, changes: Mapping[str, int]) -> Change:
    """Other weights. Raises ValueError for a cost that is none, or an amount that it cannot be."""
    side = _in_force(here)
    wanted = Costs(**{**asdict(here.network.costs), **changes})
    network = replace(here.network, costs=wanted)
    shipping = network.shipping(f"{side.shipping.digest}+{costs_digest(wanted)}")
    shipping.known = side.shipping.known
    against = costs_digest(here.network.costs)
    return Change("costs", costs_digest(wanted), against, side, replace(side, shipping=shipping), here.network)


def _in_force(here: Company) -> Side:
    # What is halted today says nothing of what a change would do.
    policy = under_halts(here.network.policy, ())
    return Side(here.shipping, policy, policy.staged if isinstance(policy.staged, Stages) else EVERYWHERE)


def recorded(store: Store, here: Company, now: datetime, days: int = ASKED_DAYS) -> Past:
    """Orders of the last days: those decided here, and where there are none those that were imported.

    Raises
    ------
    ValueError
        If nobody recorded an order in these days.
    """
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=days - 1)
    past = past_from_books(store, first, last, here.network.items)
    if past.orders:
        return past
    tables = {name: here.table(name) for name in _TABLES}
    history = tables["order_history"]
    if history is None or history.is_empty():
        raise ValueError(
            f"no order was decided here from {first} to {last}, and no order_history was imported: there is nothing to try"
            " a change on"
        )
    newest = history["placed_at"].dt.date().max()
    assert isinstance(newest, date)
    until = min(newest, last)
    return read_past(tables, here.network.items, until - timedelta(days=days - 1), until)


def simulate_change(
    change: Change,
    past: Past,
    *,
    by: str,
    now: datetime,
    tick: Callable[[int], None] = lambda _: None,
) -> Simulated:
    """Live through the past under both, and hold them side by side; keeps nothing.

    Raises
    ------
    ValueError
        If the past has no order.
    """
    if not past.orders:
        raise ValueError(f"no order was recorded from {past.first} to {past.last}: there is nothing to try a change on")
    ours = _lived(change.now, past, tick)
    # Stages change who acts and not what is chosen: the same life serves both.
    theirs = ours if change.kind == "stages" else _lived(change.then, past, tick)
    network = change.now.shipping
    able = [n for n, order in enumerate(past.orders) if not refusal(order, network)]
    both = [n for n in able if ours[n] is not None and theirs[n] is not None]
    days = {order.placed_at.astimezone(UTC).date() for order in past.orders}
    low, high = _interval(past.orders, ours, theirs, both)
    governed_by_unknown = bool(
        change.now.policy.autonomy(past.last).lines or change.then.policy.autonomy(past.last).lines
    )
    return Simulated(
        change.of, change.against, change.kind, past.first, past.last, len(days), len(able),
        len(past.orders) - len(able), _tried(change, change.now, past, ours, able, both),
        _tried(change, change.then, past, theirs, able, both), low, high,
        _worst(past.orders, ours, theirs, able), past.notes + ((_NOT_KNOWN,) if governed_by_unknown else ()), now, by,
    )  # fmt: skip


def _lived(side: Side, past: Past, tick: Callable[[int], None]) -> list[OrderPlan | None]:
    life = Life(Arm("a life", repricing=Repricing()), past, side.shipping, side.policy)
    for chunk in chunks(past.orders, side.shipping, side.policy, item_numbers(side.shipping)):
        life.live(chunk)
        tick(len(chunk.orders))
    return [outcome.plan for outcome in life.outcomes]


def _tried(
    change: Change,
    side: Side,
    past: Past,
    plans: Sequence[OrderPlan | None],
    able: Sequence[int],
    both: Sequence[int],
) -> Tried:
    served = [n for n in able if plans[n] is not None]
    acts = [_acts(change, side, past.orders[n], plans[n]) for n in served]
    split = sum(len(plan.shipments) > 1 for n in served if (plan := plans[n]) is not None)
    cents = sum(int(plan.cents) for n in both if (plan := plans[n]) is not None)
    return Tried(len(served), len(able) - len(served), split, acts.count("asked"), acts.count("shadow"), cents)


def _acts(change: Change, side: Side, order: Order, plan: OrderPlan | None) -> str:
    """What becomes of a plan: it is executed, a person is asked, or it is only said."""
    assert plan is not None
    on = order.placed_at.astimezone(UTC).date()
    routing = side.stages.routing
    if not routing.takes(order) or not routing.lets(plan):
        return "shadow"
    if governed(side.policy, on, KINDS):
        items, known = change.items.items, side.shipping.known
        actions = order_plan(PROGRAM, side.policy, items, order, plan, order.placed_at, known=known)
        ruled = rule_on(side.policy, actions, on, order.id)
        if ruled.support:
            return "shadow"
        if not ruled.automatic:
            return "asked"
    return "done" if isinstance(side.policy.review(order, plan, (), on), Allow) else "asked"


def _worst(
    orders: Sequence[Order],
    ours: Sequence[OrderPlan | None],
    theirs: Sequence[OrderPlan | None],
    able: Sequence[int],
) -> tuple[Dearer, ...]:
    found: list[tuple[bool, Dearer]] = []
    for n in able:
        mine, other = ours[n], theirs[n]
        if mine is None:
            continue
        if other is None:
            found.append((True, Dearer(str(orders[n].id), 0, ways(mine), "")))
        elif other.cents > mine.cents:
            found.append((False, Dearer(str(orders[n].id), int(other.cents - mine.cents), ways(mine), ways(other))))
    found.sort(key=lambda one: (not one[0], -one[1].cents, one[1].order))
    return tuple(one for _, one in found[:WORST])


def _interval(
    orders: Sequence[Order],
    ours: Sequence[OrderPlan | None],
    theirs: Sequence[OrderPlan | None],
    both: Sequence[int],
) -> tuple[float, float]:
    """Cents an order that the change costs more, 95 %: whole days are drawn, for orders of a day share their stock.

    NaN with fewer than 20 days: then nothing is known of how much days differ.
    """
    more: dict[date, int] = {}
    count: dict[date, int] = {}
    for n in both:
        mine, other = ours[n], theirs[n]
        assert mine is not None
        assert other is not None
        day = orders[n].placed_at.astimezone(UTC).date()
        more[day] = more.get(day, 0) + int(other.cents - mine.cents)
        count[day] = count.get(day, 0) + 1
    if len(count) < LEAST_BLOCKS:
        return float("nan"), float("nan")
    days = sorted(count)
    times = np.random.default_rng(SEED).multinomial(len(days), np.full(len(days), 1.0 / len(days)), size=DRAWS)
    mean = (times @ np.array([more[day] for day in days])) / (times @ np.array([count[day] for day in days]))
    low, high = np.quantile(mean, [0.025, 0.975])
    return float(low), float(high)
