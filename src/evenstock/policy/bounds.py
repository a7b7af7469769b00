"""Limits on an order's plan, and which wishes yield so that a paid order ships."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Order, Rule
from evenstock.policy.permit import Permitted, Relaxation, Wish
from evenstock.policy.ruling import UNBOUNDED, OrderBounds, Ruling

Found = TypeVar("Found")
_Wish = Wish | tuple[Rule, OrderBounds]


def bound(rulings: Sequence[tuple[Rule, Ruling]], order: Order) -> OrderBounds:
    """The tightest limits of these rules."""
    tightest = UNBOUNDED
    for _, ruling in rulings:
        tightest = tightest.within(ruling.bound(order))
    return tightest


def relax(
    rulings: Sequence[tuple[int, Rule, Ruling]],
    order: Order,
    permitted: Permitted,
    attempt: Callable[[NDArray[np.bool_], OrderBounds], Found | None],
) -> tuple[Found, Relaxation] | None:
    """Find what `attempt` can do with every wish kept; else with the wishes that matter most. None if law forbids all.

    Wishes about candidates and about the plan stand in one order, that of the policy. Where they cannot all be kept, a
    wish is kept if it can be together with those kept before it: the first listed matters more than all that follow.
    At most two attempts more than there are wishes. A wish that forbids nothing then is not given up.
    """
    wishes = _wishes(rulings, order, permitted)
    law = bound([(rule, ruling) for _, rule, ruling in rulings if rule.hard], order)
    wanted = _keeping(wishes, law, permitted)
    found = attempt(wanted.mask, wanted.bounds)
    if found is not None:
        return found, wanted
    if not wishes:
        return None
    now = _keeping((), law, permitted)
    found = attempt(now.mask, now.bounds)
    if found is None:
        return None
    kept: list[_Wish] = []
    given_up: list[_Wish] = []
    for wish in wishes:
        tried = _keeping([*kept, wish], law, permitted)
        changes = tried.bounds != now.bounds or not (tried.mask == now.mask).all()
        again = attempt(tried.mask, tried.bounds) if changes else found
        if again is None:
            given_up.append(wish)
        else:
            found, now = again, tried
            kept.append(wish)
    said = [_said(wish) for wish in given_up]
    rules, sentences = tuple(rule for rule, _ in said), tuple(sentence for _, sentence in said)
    return found, Relaxation(now.mask, now.bounds, rules, sentences, now.barred)


def _wishes(rulings: Sequence[tuple[int, Rule, Ruling]], order: Order, permitted: Permitted) -> list[_Wish]:
    """Wishes that forbid something, about candidates or about the plan, in the policy's order."""
    limits = [(place, rule, ruling.bound(order)) for place, rule, ruling in rulings if not rule.hard]
    placed: list[tuple[int, _Wish]] = [
        *zip(permitted.position, permitted.soft, strict=True),
        *((place, (rule, limit)) for place, rule, limit in limits if limit != UNBOUNDED),
    ]
    return [wish for _, wish in sorted(placed, key=lambda wish: wish[0])]


def _keeping(wishes: Sequence[_Wish], law: OrderBounds, permitted: Permitted) -> Relaxation:
    mask, bounds, barred = permitted.hard.copy(), law, list(permitted.barred_hard)
    for wish in wishes:
        if isinstance(wish, Wish):
            mask &= wish.mask
            barred += wish.barred
        else:
            bounds = bounds.within(wish[1])
    return Relaxation(mask, bounds, (), (), tuple(barred))


def _said(wish: _Wish) -> tuple[str, str]:
    """Rule id, and what it would have forbidden."""
    if isinstance(wish, Wish):
        return wish.rule, wish.sentence
    rule, limit = wish
    said = []
    if limit.max_shipments != UNBOUNDED.max_shipments:
        said.append(f"more than {limit.max_shipments} shipments")
    if limit.min_split_value_cents:
        said.append(f"a split shipment of less than {limit.min_split_value_cents / 100:.2f}")
    return rule.id, f"{rule.id}: {' and '.join(said)}"
