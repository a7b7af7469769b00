"""Rules that people follow without having written them, found in what they chose: overrides in the queue, or a shipped history.

A pattern is a condition on the order (its place, class, channel, category, value, or two of them) under which people
nearly always ship from one node although others could, and although the system would often have chosen otherwise. It is
proposed as a wish with its support, its exceptions, how it did on days it was not found on, and its price.

What speaks against chance: the node's share among orders under the condition is tested against its share among all orders
that it could have shipped (one-sided binomial test), at a level divided by the number of patterns tried (Bonferroni); where
people chose nothing else, against the system's own choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import combinations
from typing import Final

import numpy as np
from scipy.special import betainc

from evenstock import policy as policies
from evenstock.distributions.proportions import wilson
from evenstock.domain import DecisionRecord, Item, NodeId, Order, OrderId, OrderPlan, Policy, Rule, Sku, promisable
from evenstock.operations.deciding import Books, law_of
from evenstock.operations.network import Network
from evenstock.routing.candidates import Candidates, candidates, refusal
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.chunks import chunks, item_numbers
from evenstock.simulation.replay.done import done
from evenstock.simulation.replay.lives import Arm, Life, Probe
from evenstock.simulation.replay.past import Past
from evenstock.simulation.replay.rule_prices import RulePrice, rule_prices

SUPPORT: Final = 20
"""Fewest orders under a condition."""
AGREEMENT: Final = 0.9
"""Least share of them that follow, at the low end of its 95 % interval."""
LEVEL: Final = 0.01
SURPRISE: Final = 0.1
"""Least share of them for which the system would have chosen another node."""
HELD_OUT: Final = 0.25
"""Share of days, the last, that patterns are not found on."""
PREFIXES: Final = (1, 2, 3)
Condition = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One order, the node people shipped it from, and what else there was."""

    order: Order
    node: NodeId
    would: NodeId | None
    """The node the system would have chosen; None where it would have split the order or served none of it."""
    could: frozenset[NodeId]
    """Nodes that had the stock and were lawful, the chosen one among them."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule that people seem to follow."""

    rule: Rule
    node: NodeId
    support: int
    """Orders under the condition that several nodes could have shipped."""
    followed: int
    low: float
    high: float
    """Of the share that followed, 95 %."""
    surprising: int
    """Orders for which the system would have chosen another node."""
    later_support: int
    """The same on the days held out."""
    later_followed: int
    exceptions: tuple[OrderId, ...]
    """Orders that did not follow, at most five."""

    @property
    def sentence(self) -> str:
        later = (
            f"; on later days {self.later_followed} of {self.later_support}"
            if self.later_support
            else "; no later day to test it"
        )
        return (
            f"{self.followed} of {self.support} such orders left from {self.node} although others could ship them,"
            f" {self.surprising} of them against what the system would choose{later}"
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pattern with its price: what following it costs, or saves where it is below zero."""

    pattern: Pattern
    price: RulePrice


def chosen_in(
    orders: Sequence[Order],
    done: Sequence[OrderPlan | None],
    would: Sequence[OrderPlan | None],
    could: Mapping[OrderId, frozenset[NodeId]],
) -> list[Chosen]:
    """Orders that people shipped from one node, beside the system's plans for them."""
    found = []
    for order, theirs, ours in zip(orders, done, would, strict=True):
        nodes = set(theirs.nodes) if theirs is not None else set()
        if len(nodes) == 1:
            node = next(iter(nodes))
            own = set(ours.nodes) if ours is not None else set()
            others = could.get(order.id, frozenset()) | {node}
            found.append(Chosen(order, node, next(iter(own)) if len(own) == 1 else None, others))
    return found


def mine(
    choices: Iterable[Chosen],
    items: Mapping[Sku, Item],
    *,
    support: int = SUPPORT,
    agreement: float = AGREEMENT,
    held_out: float = HELD_OUT,
) -> tuple[Pattern, ...]:
    """Patterns in what people chose, those with most surprises first.

    Parameters
    ----------
    support, agreement
        Fewest orders, and least share of followers at the low end of its interval.
    held_out
        Share of days kept to test on, the last ones; 0 for none.
    """
    free = sorted((c for c in choices if len(c.could) > 1), key=lambda c: (c.order.placed_at, c.order.id))
    days = sorted({c.order.placed_at.astimezone(UTC).date() for c in free})
    kept = days[: max(1, round(len(days) * (1.0 - held_out)))] if days else []
    first = [c for c in free if kept and c.order.placed_at.astimezone(UTC).date() <= kept[-1]]
    later = free[len(first) :]
    by_condition = _gathered(first, items)
    tried = [(condition, rows) for condition, rows in by_condition.items() if len(rows) >= support]
    found: list[tuple[Condition, NodeId, Pattern]] = []
    for condition, rows in sorted(tried, key=lambda one: (len(one[0]), sum(len(v) for _, v in one[0]), one[0])):
        pattern = _pattern(condition, rows, first, LEVEL / max(1, len(tried)), agreement)
        if pattern is not None and not any(
            _wider(other, condition) and node == pattern.node for other, node, _ in found
        ):
            found.append((condition, pattern.node, pattern))
    tested = _gathered(later, items)
    patterns = [_tested(pattern, tested.get(condition, [])) for condition, _, pattern in found]
    return tuple(sorted(patterns, key=lambda p: (-p.surprising, p.rule.id)))


def price_patterns(
    patterns: Sequence[Pattern], past: Past, network: Network, shipping: ShippingNetwork, arm: Arm, *, sample: int
) -> tuple[Proposal, ...]:
    """What each pattern would cost or save as a rule on the orders of the past, each by itself."""
    services = network.rates.services if network.rates else ()
    found = []
    for pattern in patterns:
        policy = network.policy.policy
        both = Policy(policy.name, (*policy.rules, pattern.rule))
        with_it = replace(network, policy=policies.compile(both, network.nodes, network.items, services))
        prices = {
            one.rule: one for one in rule_prices(past, with_it, shipping, arm, sample=sample, only=pattern.rule.id)
        }
        found.append(Proposal(pattern, prices[pattern.rule.id]))
    return tuple(found)


def _gathered(rows: Sequence[Chosen], items: Mapping[Sku, Item]) -> dict[Condition, list[Chosen]]:
    """Orders under each condition of one part, and of two parts of different kinds."""
    found: dict[Condition, list[Chosen]] = {}
    cuts = _value_cuts(rows)
    for row in rows:
        parts = _parts(row.order, items, cuts)
        pairs = (pair for pair in combinations(parts, 2) if pair[0][0] != pair[1][0])
        for condition in [*((part,) for part in parts), *pairs]:
            found.setdefault(condition, []).append(row)
    return found


def _parts(order: Order, items: Mapping[Sku, Item], cuts: Sequence[int]) -> list[tuple[str, str]]:
    """What can be said of an order, in the words of the rules' parameters."""
    said = [("postal_prefixes", order.ship_to.postal_code[:n]) for n in PREFIXES]
    said.append(("order_classes", order.order_class))
    if order.channel:
        said.append(("channels", order.channel))
    said += [("tags", tag) for tag in sorted(order.tags)]
    groups = {items[line.sku].category for line in order.lines if line.sku in items}
    if len(groups) == 1 and (group := next(iter(groups))):
        said.append(("categories", group))
    said += [("min_value_cents", str(cut)) for cut in cuts if order.value_cents >= cut]
    return said


def _value_cuts(rows: Sequence[Chosen]) -> tuple[int, ...]:
    """Round order values near the upper quarter and tenth: people draw such lines at round numbers."""
    if not rows:
        return ()
    values = np.array([row.order.value_cents for row in rows], np.float64)
    cuts = {int(max(1_000, 1_000 * round(q / 1_000))) for q in np.quantile(values, [0.75, 0.9])}
    return tuple(sorted(cuts))


def _pattern(
    condition: Condition, rows: Sequence[Chosen], everyone: Sequence[Chosen], level: float, agreement: float
) -> Pattern | None:
    counts: dict[NodeId, int] = {}
    for row in rows:
        counts[row.node] = counts.get(row.node, 0) + 1
    node = max(sorted(counts), key=lambda name: counts[name])
    able = [row for row in rows if node in row.could]
    followed = sum(row.node == node for row in able)
    surprising = sum(row.node == node and row.would != node for row in able)
    low, high = wilson(followed, len(able))
    if low < agreement or surprising < SURPRISE * len(able):
        return None
    others = [row for row in everyone if node in row.could]
    usual = sum(row.node == node for row in others) / len(others)
    if (
        usual >= 1.0
    ):  # People chose nothing else, as in a queue of overrides: then the system's own choices are the contrast.
        usual = sum(row.would == node for row in others) / len(others)
    if usual >= 1.0 or _by_chance(followed, len(able), usual) > level:
        return None
    exceptions = tuple(row.order.id for row in able if row.node != node)[:5]
    rule = Rule(
        _name(condition, node), "require", (("nodes", str(node)), *condition), hard=False,
        because=f"followed in {followed} of {len(able)} orders without being written",
    )  # fmt: skip
    return Pattern(rule, node, len(able), followed, low, high, surprising, 0, 0, exceptions)


def _by_chance(followed: int, able: int, usual: float) -> float:
    """Probability of at least `followed` of `able`, each with probability `usual`: a binomial tail as an incomplete beta."""
    return float(betainc(followed, able - followed + 1, usual)) if followed else 1.0


def _name(condition: Condition, node: NodeId) -> str:
    words = "-".join(value.lower().replace(" ", "-") for _, value in condition)
    return f"mined-{words}-from-{node.lower()}"


def _wider(condition: Condition, other: Condition) -> bool:
    """Whether every order under `other` is under `condition`."""
    return all(any(_within(part, inner) for inner in other) for part in condition)


def _within(part: tuple[str, str], inner: tuple[str, str]) -> bool:
    if part[0] != inner[0]:
        return False
    if part[0] == "postal_prefixes":
        return inner[1].startswith(part[1])
    if part[0] == "min_value_cents":
        return int(inner[1]) >= int(part[1])
    return part[1] == inner[1]


def _tested(pattern: Pattern, rows: Sequence[Chosen]) -> Pattern:
    able = [row for row in rows if pattern.node in row.could]
    return replace(pattern, later_support=len(able), later_followed=sum(row.node == pattern.node for row in able))


# --- where choices come from -------------------------------------------------------------------------------------------


def chosen_in_history(past: Past, network: Network, shipping: ShippingNetwork, arm: Arm) -> list[Chosen]:
    """What a company did before us: each order's own node beside ours, with the nodes that had all of it at that moment."""
    could: dict[OrderId, frozenset[NodeId]] = {}
    done_plans: list[OrderPlan | None] = []

    def look(order: Order, read: Books) -> None:
        if not refusal(order, shipping):
            found = candidates(order, shipping, order.placed_at, read.slots_taken)
            could[order.id] = whole_at(found, shipping, network, read)

    life = Life(arm, past, shipping, network.policy, Probe(frozenset(order.id for order in past.orders), look))
    for chunk in chunks(past.orders, shipping, network.policy, item_numbers(shipping)):
        life.live(chunk)
        done_plans += [
            None if pricing is None else done(pricing, past.done.get(order.id, ())).plan
            for order, pricing in zip(chunk.orders, chunk.pricings, strict=True)
        ]
    return chosen_in(past.orders, done_plans, [outcome.plan for outcome in life.outcomes], could)


def whole_at(found: Candidates, shipping: ShippingNetwork, network: Network, read: Books) -> frozenset[NodeId]:
    """Nodes that have every unit of an order and may lawfully ship all of it."""
    law = law_of(found, network.policy).permitted
    there = promisable(read.balances)
    wanted: dict[Sku, int] = {}
    for line in found.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.units
    able = set()
    for k in np.unique(found.node).tolist():
        name = shipping.nodes[k].id
        stocked = all(there.get((sku, name), 0) >= units for sku, units in wanted.items())
        if stocked and law[found.node == k].all(axis=1).any():
            able.add(name)
    return frozenset(able)


def chosen_in_queue(
    overrides: Iterable[tuple[Order, DecisionRecord, DecisionRecord]],
) -> list[Chosen]:
    """What people chose in the queue: each order with the system's record and the person's.

    The system's own alternatives say which other nodes could have shipped it whole.
    """
    found = []
    for order, ours, theirs in overrides:
        if ours.choice is None or theirs.choice is None or len(set(theirs.choice.nodes)) != 1:
            continue
        plans = (ours.choice, *ours.alternatives)
        could = frozenset(plan.nodes[0] for plan in plans if len(set(plan.nodes)) == 1) | {theirs.choice.nodes[0]}
        own = set(ours.choice.nodes)
        found.append(Chosen(order, theirs.choice.nodes[0], ours.choice.nodes[0] if len(own) == 1 else None, could))
    return found
