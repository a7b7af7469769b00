"""Where one order ships from: the choice, what else could have been, and why.

Rules are handed in as `Law`, so that routing knows none of them. A paid order is never refused while some node can
lawfully ship it: whole lines are tried first, every wish kept, then fewer; only where law allows no whole-line cover
is a line's quantity split over nodes, again with as many wishes as can be kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Barred, Confidence, OrderPlan, Propensity
from evenstock.routing.choose import ALTERNATIVES, EXACT_LINES, Choice, choose
from evenstock.routing.explain import plans, sentence
from evenstock.routing.large import choose_large
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing
from evenstock.routing.priced import Priced
from evenstock.routing.split import choose_split

Attempt = Callable[[NDArray[np.bool_], int, int], Choice | None]
"""What is found under a mask ``(candidate, line)``, a most number of shipments and a least value of a split shipment."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was found, and the wishes given up for it."""

    choice: Choice
    rules: tuple[str, ...] = ()
    """Ids of the wishes given up."""
    relaxed: tuple[str, ...] = ()
    """The same, with what each would have forbidden."""
    barred: tuple[Barred, ...] = ()
    """What law and the wishes still kept bar."""


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """The rules' answer about one order, without the rules."""

    permitted: NDArray[np.bool_]
    """What law alone allows, shape ``(candidate, line)``."""
    settle: Callable[[Attempt], Settled | None]
    """Asks an attempt with every wish kept, then with fewer; None where law alone forbids all."""
    barred: tuple[Barred, ...] = ()
    """What law bars."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision not yet acted on."""

    plan: OrderPlan | None
    alternatives: tuple[OrderPlan, ...]
    """The best plan of each other set of nodes, cheapest first."""
    barred: tuple[Barred, ...]
    rules: tuple[str, ...]
    relaxed: tuple[str, ...]
    sentence: str
    proven_least: bool
    choice: Choice | None = field(default=None, compare=False)
    """The same plans as arrays; None where nothing was found."""
    priced: Priced | None = field(default=None, compare=False)
    """The order as it was searched: under law and the wishes kept; None where nothing was found."""
    confidence: Confidence | None = None
    """What deciding without a person is expected to cost, where it was reckoned."""
    asks: tuple[str, ...] = ()
    """Why a person decides, beyond what the rules say of the plan."""
    takes_protected: bool = False
    """Whether the plan takes stock that is protected for another class of customers."""
    pricing: Pricing | None = field(default=None, compare=False)
    """What every way costs, term by term; None where nothing was found."""
    propensity: Propensity | None = None
    """How probable the plan was, where another service may be tried on purpose."""


def no_rules(shape: tuple[int, int], max_shipments: int = 3) -> Law:
    """A law that allows everything; `shape` is (candidates, lines)."""
    permitted = np.ones(shape, np.bool_)

    def settle(attempt: Attempt) -> Settled | None:
        found = attempt(permitted, max_shipments, 0)
        return None if found is None else Settled(found)

    return Law(permitted, settle)


def decide(
    pricing: Pricing, law: Law, network: ShippingNetwork, alternatives: int = ALTERNATIVES, *, prove: bool = False
) -> Decision:
    """Choose under the law; where nothing is lawful or in stock, say what forbids.

    With `prove`, an order beyond the exact search is also given to an integer program, which mostly proves the least or
    finds a better plan, and takes some tenths of a second: for single orders, not for replays of thousands.
    """
    tried: list[tuple[Choice, Priced]] = []

    def attempt(search: Callable[[Priced, int], Choice]) -> Attempt:
        def under(permitted: NDArray[np.bool_], max_shipments: int, min_split_value_cents: int) -> Choice | None:
            limited = pricing.priced.under(permitted, max_shipments, min_split_value_cents)
            found = search(limited, alternatives)
            tried.append((found, limited))
            return found if len(found) else None

        return under

    if not pricing.candidates.ways:
        barred = pricing.candidates.barred
        return Decision(None, (), barred, (), (), unserved(pricing, law, network), proven_least=True)
    settled = law.settle(attempt(partial(choose_whole, prove=prove))) or law.settle(
        attempt(partial(choose_apart, prove=prove))
    )
    if settled is None:
        barred = pricing.candidates.barred + law.barred
        return Decision(None, (), barred, (), (), unserved(pricing, law, network), proven_least=True)
    shown = plans(pricing, settled.choice)
    return Decision(
        shown[0],
        shown[1:],
        pricing.candidates.barred + settled.barred,
        settled.rules,
        settled.relaxed,
        sentence(pricing, settled.choice, shown, settled.rules),
        settled.choice.proven_least,
        settled.choice,
        next((limited for found, limited in tried if found is settled.choice), None),
        pricing=pricing,
    )


def choose_whole(priced: Priced, alternatives: int = ALTERNATIVES, *, prove: bool = False) -> Choice:
    """A cover by whole lines: exact within reach, else a good one."""
    if priced.pieces <= EXACT_LINES:
        return choose(priced, alternatives)
    found = choose_large(priced, alternatives)
    return _proved(priced, found, whole=True) if prove else found


def choose_apart(priced: Priced, alternatives: int = ALTERNATIVES, *, prove: bool = False) -> Choice:
    """A cover that may take units of one line from several nodes."""
    found = choose_split(priced, alternatives)
    return _proved(priced, found, whole=False) if prove else found


def _proved(priced: Priced, found: Choice, *, whole: bool) -> Choice:
    from evenstock.routing.milp import improve  # HiGHS is loaded only where it is asked

    return improve(priced, found, whole=whole)


def unserved(pricing: Pricing, law: Law, network: ShippingNetwork) -> str:
    """What forbids an order: stock short or the binding rule, line by line; else the limits on its plan."""
    candidates, priced = pricing.candidates, pricing.priced
    if not candidates.ways:
        reasons = dict.fromkeys(b.because for b in candidates.barred)
        return f"No node reaches {candidates.order.ship_to.postal_code}: {'; '.join(reasons) or 'there is none'}."
    able = np.zeros((priced.nodes, priced.lines), np.bool_)
    np.logical_or.at(able, priced.node, law.permitted & priced.permitted)
    said = []
    for sku in dict.fromkeys(line.sku for line in candidates.lines):
        of_item = [i for i, line in enumerate(candidates.lines) if line.sku == sku]
        i, wanted = of_item[0], int(priced.units[of_item].sum())
        there = {network.nodes[k].id: int(n) for k, n in enumerate(priced.atp[:, i]) if n > 0}
        stock = ", ".join(f"{node} {n}" for node, n in there.items())
        lawful = able[:, of_item].all(axis=1)
        if sum(there.values()) < wanted:
            said.append(
                f"{sku}: wanted {wanted}, the network has {sum(there.values())}{f' ({stock})' if stock else ''}"
            )
        elif int(priced.atp[lawful, i].sum()) < wanted:
            out = [network.nodes[k].id for k in np.flatnonzero(~lawful & (priced.atp[:, i] > 0)).tolist()]
            why = dict.fromkeys(f"{b.rule}: {b.because}" for b in candidates.barred + law.barred if b.node in out)
            said.append(
                f"{sku}: wanted {wanted}, nodes that may ship it have {int(priced.atp[lawful, i].sum())};"
                f" stock at {', '.join(out)} is barred ({'; '.join(why)})"
            )
    if said:
        return f"{'; '.join(said)}."
    return "Each line could ship, but no plan keeps the limits on shipments and their value; see the policy's bounds."
