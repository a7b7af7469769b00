"""Decides the past again: what was done, ours, others, and the bound that nobody beats, in one report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from evenstock.domain import Order, OrderPlan
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.bound import SWEEPS, Certificate, certify, lawful
from evenstock.simulation.replay.chunks import Chunk, chunks, item_numbers
from evenstock.simulation.replay.compare import Comparison, Score, compare, gap, score
from evenstock.simulation.replay.done import done
from evenstock.simulation.replay.lives import Arm, Life
from evenstock.simulation.replay.past import Past

DONE = "what was done"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stretch of the past, decided again."""

    first: date
    last: date
    orders: tuple[Order, ...]
    scores: tuple[Score, ...]
    """What was done first, without the orders of which nobody knows what they cost, then each arm, all on the same orders."""
    comparisons: tuple[Comparison, ...]
    """The first arm against each of the others."""
    plans: Mapping[str, Sequence[OrderPlan | None]]
    """By arm, in the order of `orders`."""
    certificate: Certificate | None
    not_priced: tuple[tuple[str, int], ...]
    """Why orders as they were done could not be priced, with how many."""
    paid_cents: int | None
    """What carriers charged for the orders as done, reships included; None where nothing was invoiced."""
    reships: int
    reship_cents: int
    cancelled_units: int
    whole_share: float
    """Share of the first arm's orders that needed wishes given up, a quantity split or a later day."""
    notes: tuple[str, ...]

    def gap(self, arm: str) -> float:
        """How far an arm is from the bound; nan without a bound.

        What was done is held to it by way of the first arm, on the orders that both served: of the others nobody knows what
        they cost.
        """
        if self.certificate is None:
            return float("nan")
        if arm != DONE:
            return gap(next(one for one in self.scores if one.arm == arm), self.certificate.cents)
        against = self.comparisons[0]
        if not against.orders:
            return float("nan")
        return self.gap(against.first) - against.difference_cents / self.certificate.cents


def replay(
    past: Past,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    arms: Sequence[Arm],
    *,
    bound: bool = True,
    sweeps: int = SWEEPS,
    tick: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Live through the past once for each arm, and certify how far each is from perfect.

    Parameters
    ----------
    arms
        Ways of deciding, the one in question first; their names differ.
    tick
        Told how many orders were decided, stretch by stretch.

    Raises
    ------
    ValueError
        If no arm is given, or two have one name.
    """
    names = [arm.name for arm in arms]
    if not arms or len({DONE, *names}) < len(names) + 1:
        raise ValueError(f"a replay wants at least one arm, each with its own name; given {', '.join(names) or 'none'}")
    lives = [Life(arm, past, network, policy) for arm in arms]
    as_done: list[OrderPlan | None] = []
    why_not: dict[str, int] = {}
    batches = []
    for chunk in chunks(past.orders, network, policy, item_numbers(network)):
        for life in lives:
            life.live(chunk)
        as_done += _as_done(chunk, past, why_not)
        if bound:
            batches.append(lawful(chunk))
        tick(len(chunk.orders))
    plans: dict[str, Sequence[OrderPlan | None]] = {DONE: as_done}
    plans |= {life.arm.name: [outcome.plan for outcome in life.outcomes] for life in lives}
    known = [n for n, plan in enumerate(as_done) if plan is not None or past.orders[n].id not in past.done]
    scores = (
        score(DONE, [past.orders[n] for n in known], [as_done[n] for n in known], network),
        *(score(name, past.orders, plans[name], network) for name in names),
    )
    mine = names[0]
    comparisons = tuple(
        compare((mine, name), past.orders, plans[mine], made) for name, made in plans.items() if name != mine
    )
    short = sum(life.world.short for life in lives[:1])
    notes = past.notes + ((f"{short:,} units left by other ways that were not there in this life",) if short else ())
    sent = [one for shipments in past.done.values() for one in shipments]
    invoiced = [one.paid_cents for one in sent if one.paid_cents is not None]
    return Replayed(
        past.first, past.last, past.orders, scores, comparisons, plans,
        certify(past, network, batches, sweeps=sweeps) if bound and batches else None,
        tuple(sorted(why_not.items(), key=lambda one: (-one[1], one[0]))),
        sum(invoiced) if invoiced else None,
        sum(one.reship for one in sent), sum(one.paid_cents or 0 for one in sent if one.reship),
        sum(past.cancelled.values()),
        sum(not outcome.whole for outcome in lives[0].outcomes) / max(1, len(past.orders)),
        notes,
    )  # fmt: skip


def _as_done(chunk: Chunk, past: Past, why_not: dict[str, int]) -> list[OrderPlan | None]:
    found: list[OrderPlan | None] = []
    for order, pricing in zip(chunk.orders, chunk.pricings, strict=True):
        if pricing is None:
            why_not["it cannot be decided about"] = why_not.get("it cannot be decided about", 0) + 1
            found.append(None)
            continue
        one = done(pricing, past.done.get(order.id, ()))
        if one.plan is None:
            why_not[one.why_not] = why_not.get(one.why_not, 0) + 1
        found.append(one.plan)
    return found
