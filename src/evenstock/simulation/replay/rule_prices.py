"""What every rule costs: past orders decided with it and without it, at the same moment with the same stock and prices.

A rule binds where taking it away changes the plan. Its price is what the plan costs more because of it, order by order; what
that does to later orders' stock is left out, as prices of units already stand for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock import policy as policies
from evenstock.domain import Order, OrderId, OrderPlan, Policy
from evenstock.operations.deciding import Books, decide_order
from evenstock.operations.network import Network
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import candidates, refusal
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.chunks import chunks, item_numbers
from evenstock.simulation.replay.compare import lost_of
from evenstock.simulation.replay.lives import Arm, Life, Probe
from evenstock.simulation.replay.past import Past

SAMPLE: Final = 2_000
DRAWS: Final = 1_000
PREFERENCE: Final = "preference"


@dataclass(frozen=True, slots=True)
class RulePrice:
    """One rule on the sampled orders."""

    rule: str
    kind: str
    hard: bool
    orders: int
    """Sampled orders."""
    bound: int
    """Orders whose plan it changes."""
    cents: int
    """What those plans cost more because of it, orders it leaves unserved at what they lose."""
    low: float
    """Cents an order of all, 95 %, by resampling orders."""
    high: float
    example: OrderId | None
    """The order it makes dearest."""
    because: str

    @property
    def cents_an_order(self) -> float:
        return self.cents / self.orders if self.orders else float("nan")

    @property
    def cents_a_bound_order(self) -> float:
        return self.cents / self.bound if self.bound else 0.0

    @property
    def share(self) -> float:
        return self.bound / self.orders if self.orders else float("nan")


def rule_prices(
    past: Past,
    network: Network,
    shipping: ShippingNetwork,
    arm: Arm,
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    only: str = "",
) -> tuple[RulePrice, ...]:
    """The price of each rule of the network's policy, the dearest first.

    Parameters
    ----------
    arm
        Whose prices and stock are lived with.
    sample
        Orders looked at, drawn evenly from the past; all of them where there are fewer.
    only
        Price this rule alone.
    """
    compiled = network.policy
    rng = np.random.default_rng(seed)
    count = min(sample, len(past.orders))
    chosen = np.sort(rng.choice(len(past.orders), count, replace=False)) if count else np.zeros(0, np.int64)
    looked = _Looked(shipping, compiled, _without(network, only))
    probe = Probe(frozenset(past.orders[int(n)].id for n in chosen), looked.look)
    life = Life(arm, past, shipping, compiled, probe)
    for chunk in chunks(past.orders, shipping, compiled, item_numbers(shipping)):
        life.live(chunk)
    found = [_price(name, looked, count, rng, compiled.policy) for name in looked.saved]
    return tuple(sorted(found, key=lambda one: (-one.cents, one.rule)))


def _without(network: Network, only: str) -> dict[str, CompiledPolicy]:
    """The policy without each of its rules, and under the empty name without any."""
    policy = network.policy.policy
    services = network.rates.services if network.rates else ()

    def compiled(name: str) -> CompiledPolicy:
        rules = tuple(rule for rule in policy.rules if name and rule.id != name)
        return policies.compile(Policy(policy.name, rules), network.nodes, network.items, services)

    return {name: compiled(name) for name in ("", *(rule.id for rule in policy.rules if only in ("", rule.id)))}


class _Looked:
    """What taking each rule away saves, order by order."""

    def __init__(
        self, shipping: ShippingNetwork, policy: CompiledPolicy, without: Mapping[str, CompiledPolicy]
    ) -> None:
        self.shipping, self.policy, self.without = shipping, policy, without
        self.saved: dict[str, dict[OrderId, int]] = {name: {} for name in without if name}

    def look(self, order: Order, read: Books) -> None:
        if refusal(order, self.shipping):
            return
        found = candidates(order, self.shipping, order.placed_at, read.slots_taken)

        def plan(policy: CompiledPolicy) -> OrderPlan | None:
            return decide_order(found, self.shipping, policy, read).plan

        ours = plan(self.policy)
        free = plan(self.without[""])
        if _ways(free) == _ways(ours):
            return  # No rule at all gives the same plan: none of them binds.
        cents = self._cents(order, ours)
        for name, saved in self.saved.items():
            other = plan(self.without[name])
            if _ways(other) != _ways(ours):
                saved[order.id] = cents - self._cents(order, other)

    def _cents(self, order: Order, plan: OrderPlan | None) -> int:
        if plan is None:
            return lost_of(order, self.shipping)
        return sum(term.cents for s in plan.shipments for term in s.terms if term.name != PREFERENCE)


def _ways(plan: OrderPlan | None) -> object:
    return plan and tuple((shipment.candidate, shipment.lines) for shipment in plan.shipments)


def _price(name: str, looked: _Looked, count: int, rng: np.random.Generator, policy: Policy) -> RulePrice:
    rule = next(rule for rule in policy.rules if rule.id == name)
    saved = looked.saved[name]
    each = np.zeros(count)
    each[: len(saved)] = list(saved.values())
    times = rng.multinomial(count, np.full(count, 1.0 / count), size=DRAWS) if count else np.zeros((1, 0))
    means = times @ each / max(1, count)
    low, high = np.quantile(means, [0.025, 0.975])
    dearest = max(saved, key=lambda order: (saved[order], order), default=None)
    return RulePrice(
        name, rule.kind, rule.hard, count, len(saved), sum(saved.values()), float(low), float(high), dearest,
        rule.because,
    )  # fmt: skip
