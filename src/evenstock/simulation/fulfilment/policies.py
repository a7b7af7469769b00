"""Every policy compared, by name: the field's, then ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from evenstock.routing.priced import Whole
from evenstock.simulation.fulfilment import walks
from evenstock.simulation.fulfilment.flow import flow_duals
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.look_ahead import LEARNING, LookAhead
from evenstock.simulation.fulfilment.mirror import mirror_descent
from evenstock.simulation.fulfilment.stock_out import stock_out_penalty
from evenstock.simulation.fulfilment.world import Outcome, cheapest_now

Policy = Callable[[Kinds, Whole], Outcome]
"""Decides orders, given as the kind of each period's (-1 for none), and says what that came to."""

FIELD: Mapping[str, Policy] = {
    "nearest": walks.nearest,
    "ranked list": walks.ranked_list,
    "coverage, nearest": walks.coverage_nearest,
    "Magento priority": walks.magento_priority,
    "Magento distance": walks.magento_distance,
    "Saleor sorting order": walks.saleor_sorting,
    "Saleor highest stock": walks.saleor_high_stock,
    "Medusa first": walks.medusa_first,
    "cheapest now": cheapest_now,
    "stock-out penalty": stock_out_penalty,
    "LP dual, 12 solves": flow_duals,
    "mirror descent": mirror_descent,
}
RULES, MYOPIC = "coverage, nearest", "cheapest now"


def ours(kinds: Kinds, arrivals: Whole, *, sigma: float = 0.0, learning: bool = False, seed: int = 0) -> Outcome:
    """Our prices; with `sigma` the forecast of each kind is off by a lognormal factor that never heals.

    Parameters
    ----------
    learning
        Correct the forecast by the orders that come.
    seed
        Of the forecast's error and of the futures drawn.
    """
    policy = LookAhead.suited(kinds, learning=LEARNING if learning else 0.0)
    rate = kinds.rate(kinds.instance.believed(sigma, seed=seed)) if sigma else None
    return policy.run(kinds, arrivals, rate=rate, seed=seed)


def all_policies(seed: int, sigma: float = 0.6) -> Mapping[str, Policy]:
    """The field's policies and ours, with a true forecast, a wrong one and a wrong one that learns."""
    return {
        **FIELD,
        "ours": partial(ours, seed=seed),
        f"ours, error {sigma}": partial(ours, sigma=sigma, seed=seed),
        f"ours, error {sigma}, learning": partial(ours, sigma=sigma, learning=True, seed=seed),
    }
