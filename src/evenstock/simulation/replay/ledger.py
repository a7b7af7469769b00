"""The regret ledger: how far the past was from perfect, split into what caused it, so that the rows add up to the distance.

Steps from what was done down to the bound, each the difference of two totals on the same orders: people and habit (what was
done less what we would have decided), forecast (prices of the day less prices in hindsight), wishes (with them less with law
alone, both with hindsight), and what is left: deciding one order after the other, and what the bound gives away. Beside it,
outside the model's own money: what pickers did not find, what carriers charged beyond the rates, and what people overrode.

Those steps live whole lives and stand in one order. `by_cause` splits the same distance decision by decision into six causes
whose shares depend on no order (see `causes`); what deciding one order after the other costs, and what the bound gives away,
is then what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenstock import policy as policies
from evenstock.domain import Case, OrderId, Policy
from evenstock.operations.network import Network
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.bound import Certificate
from evenstock.simulation.replay.causes import ByCause
from evenstock.simulation.replay.compare import FREIGHT, Score, score
from evenstock.simulation.replay.lives import Arm, Prices
from evenstock.simulation.replay.past import Past
from evenstock.simulation.replay.replay import DONE, Replayed, replay


@dataclass(frozen=True, slots=True)
class Row:
    cause: str
    cents: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """Rows that add up to `distance_cents`; `beside` is measured in other money and does not."""

    distance_cents: float
    bound_cents: float
    rows: tuple[Row, ...]
    beside: tuple[Row, ...]


def in_hindsight(certificate: Certificate, network: ShippingNetwork) -> Prices:
    """The bound's prices as whole cents by item and node."""
    skus = sorted(network.items)
    return {
        (skus[i], network.nodes[k].id): round(float(certificate.price[k, i]))
        for k, i in zip(*np.nonzero(np.rint(certificate.price)), strict=True)
    }


def ledger(
    past: Past,
    said: Replayed,
    network: Network,
    shipping: ShippingNetwork,
    *,
    overrides: Sequence[Case] = (),
    missing_units: int | None = None,
) -> Ledger:
    """Split the distance of a replay with a bound, by living twice more with hindsight.

    Parameters
    ----------
    said
        A replay of `past` with a bound; its first arm is ours.
    overrides
        Closed cases in which a person chose another plan; what it cost more stands in their fact `override_cents`.
    missing_units
        Units that pickers did not find in these days; None where nobody said.

    Raises
    ------
    ValueError
        If the replay has no bound.
    """
    if said.certificate is None:
        raise ValueError("a ledger needs a replay with a bound; run it with bound=True")
    known = in_hindsight(said.certificate, shipping)
    arm = Arm("hindsight", lambda _: known)
    ours = said.scores[1]
    wishes = _total(past, shipping, network.policy, arm)
    law = _total(past, shipping, law_alone(network), arm)
    served = {order.id for order, plan in zip(past.orders, said.plans[DONE], strict=True) if plan is not None}
    rows = []
    start = ours.total_cents
    if served:
        both = _on(past, said, served, shipping)
        people = both[DONE].total_cents - both[ours.arm].total_cents
        rows.append(
            Row(
                "people and habit",
                people,
                f"what was done less what {ours.arm} would have paid, on {len(served):,} orders",
            )
        )
        start += people
    rows += [
        Row("forecast", ours.total_cents - wishes.total_cents, "prices of the day less prices in hindsight"),
        Row("wishes", wishes.total_cents - law.total_cents, "rules that are wishes: with them less without them"),
        Row(
            "order by order",
            law.total_cents - said.certificate.cents,
            "deciding one after the other, and what the bound gives away",
        ),
    ]
    return Ledger(
        start - said.certificate.cents,
        said.certificate.cents,
        tuple(rows),
        _beside(past, said, shipping, overrides, missing_units),
    )


def by_cause(found: ByCause, certificate: Certificate, there_cents: float) -> Ledger:
    """The distance of what was done from the bound, split by cause: the rows add up to it.

    Of a sample, rows and distance are those of the sample times orders over orders judged.

    Parameters
    ----------
    certificate
        Of the same past, at the rates that were charged; its prices are those in hindsight.
    there_cents
        Worth of every unit there was under those prices (`bound.worth_there`).

    Raises
    ------
    ValueError
        If no order was judged.
    """
    if not found.judged:
        raise ValueError("no order was judged: there is no regret to split")
    scale = found.orders / len(found.judged)
    rows = [
        Row(row.cause, row.cents * scale, f"in {row.orders:,} of {len(found.judged):,} orders judged")
        for row in found.rows
    ]
    best = sum(one.best_cents for one in found.judged) * scale
    used = sum(one.worth_cents for one in found.judged) * scale
    done = sum(one.done_cents for one in found.judged) * scale
    rows += [
        Row(
            "order by order",
            best - certificate.cents - there_cents,
            "deciding one after the other, and what the bound gives away",
        ),
        Row("left on shelves", there_cents - used, "units left over that were worth something in hindsight"),
    ]
    return Ledger(done - used - certificate.cents, certificate.cents, tuple(rows), ())


def _total(past: Past, shipping: ShippingNetwork, policy: CompiledPolicy, arm: Arm) -> Score:
    return replay(past, shipping, policy, [arm], bound=False).scores[1]


def law_alone(network: Network) -> CompiledPolicy:
    policy = network.policy.policy
    law = Policy(policy.name, tuple(rule for rule in policy.rules if rule.hard))
    return policies.compile(law, network.nodes, network.items, network.rates.services if network.rates else ())


def _on(past: Past, said: Replayed, names: set[OrderId], shipping: ShippingNetwork) -> dict[str, Score]:
    """What was done and our arm on some of the orders."""
    kept = [n for n, order in enumerate(past.orders) if order.id in names]
    orders = [past.orders[n] for n in kept]
    return {arm: score(arm, orders, [said.plans[arm][n] for n in kept], shipping) for arm in (DONE, said.scores[1].arm)}


def _beside(
    past: Past, said: Replayed, shipping: ShippingNetwork, overrides: Sequence[Case], missing_units: int | None
) -> tuple[Row, ...]:
    rows = []
    if missing_units is not None:
        cents = missing_units * shipping.costs.short_pick_cents
        rows.append(Row("stock error", cents, f"{missing_units:,} units were not where the record said"))
    if said.reships:
        rows.append(Row("reships", said.reship_cents, f"{said.reships:,} shipments replaced ones that failed"))
    rates = _rates(past, said)
    if rates is not None:
        rows.append(rates)
    if overrides:
        cents = sum(int(case.fact("override_cents", "0")) for case in overrides)
        rows.append(Row("human override", cents, f"{len(overrides):,} plans chosen by people instead"))
    return tuple(rows)


def _rates(past: Past, said: Replayed) -> Row | None:
    """Invoices less what the rates foretold, where each of an order's shipments was invoiced."""
    more = count = 0
    for order, plan in zip(past.orders, said.plans[DONE], strict=True):
        first = [one for one in past.done.get(order.id, ()) if not one.reship]
        if plan is None or any(one.paid_cents is None for one in first):
            continue
        foretold = sum(term.cents for s in plan.shipments for term in s.terms if term.name in FREIGHT)
        more += sum(one.paid_cents or 0 for one in first) - foretold
        count += 1
    return Row("rates", more, f"invoices less the rates' freight, on {count:,} orders") if count else None
