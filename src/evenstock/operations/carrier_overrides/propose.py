"""Proposes to use another carrier where one has begun to fail; a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from evenstock.domain import Event, Order, OrderPlan, refuse_naive
from evenstock.freight.failing import FALSE_A_QUARTER, Evidence, Failing, Now, Usual, detect, mended, reached, usual
from evenstock.freight.failing import now as expect
from evenstock.operations.carrier_overrides.evidence_of import evidence_of
from evenstock.operations.carrier_overrides.in_force import overrides_in_force, with_overrides
from evenstock.operations.carrier_overrides.keeping import change, standing
from evenstock.operations.carrier_overrides.proposal import Proposal, Standing, State, number_of, rule_of
from evenstock.operations.carrier_overrides.worth_of import Best, Choose, Worlds, failing_network, with_rules, worth_of
from evenstock.operations.company import Company
from evenstock.operations.deciding import Books, decide_order
from evenstock.operations.network import orders_from_frame, policy_from_frames
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rulebook import rules_in_force
from evenstock.operations.transit_in_force import current_transit, with_learned
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import candidates, refusal
from evenstock.routing.network import ShippingNetwork

NEVER: Final = datetime.min.replace(tzinfo=UTC)
QUIET_DAYS: Final = 28
"""A failing that was rejected, or whose override a person ended, is not proposed again for so long."""
PROBATION_DAYS: Final = 21
"""After an override has expired, its lane is watched more closely for so long."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What an evening's look found."""

    new: tuple[Proposal, ...]
    told: tuple[tuple[Failing, str], ...]
    """What fails although no override is proposed, and why not."""
    mended: tuple[Standing, ...] = ()
    """Overrides in force whose lane is as usual again, by the parcels that still go that way: a person may end them."""


def propose_overrides(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    as_of: date,
    now: datetime,
    false_a_quarter: float = FALSE_A_QUARTER,
) -> Proposed:
    """Look at the parcels known on the morning of `as_of`, and keep a proposal for each new failing that another way mends.

    Parameters
    ----------
    company
        As loaded for `as_of`: its rules, learned transit times and stock are those that decisions use.
    false_a_quarter
        False proposals a quarter to put up with, over all lanes together.

    Raises
    ------
    ValueError
        If there are no deliveries, no rate cards, or no parcels old enough to say what is usual.
    """
    refuse_naive(now, "now")
    before = standing(store, snapshots, as_of)
    known = [s.proposal.failing for s in before if silent(s, as_of)]
    found = evidence_of(company, as_of)
    failings = detect(found, known=known, watched=probation(before, as_of), false_a_quarter=false_a_quarter)
    new: list[tuple[Proposal, Now]] = []
    told = []
    for failing in failings:
        strange = _strange(company, failing)
        if strange:
            told.append((failing, strange))
            continue
        expected = expect(found, _usual(found, known), failing)
        best = _best(store, snapshots, company, expected, failing, as_of)
        proposal = Proposal(
            number_of(failing, as_of),
            failing,
            now,
            best.worth,
            best.instead,
            best.classes,
            best.min_value_cents,
            best.form,
        )
        if proposal.worth is not None and proposal.worth.cents <= 0:
            told.append(
                (failing, f"no other way is better: it would cost {-proposal.worth.cents / 100:.2f} a week more")
            )
        else:
            new.append((proposal, expected))
    if new:
        events = [_event(proposal, now) for proposal, _ in new]
        change(store, snapshots, lambda kept: kept.with_proposals(new), events, now)
    over = [s for s in before if s.state is State.ADOPTED and mended(found, _usual(found, known), s.proposal.failing)]
    return Proposed(tuple(proposal for proposal, _ in new), tuple(told), tuple(over))


def _usual(found: Evidence, known: Sequence[Failing]) -> Usual:
    """What is usual, without the parcels of what was told before since it began."""
    old = np.zeros(len(found), np.bool_)
    for failing in known:
        old |= reached(found, failing) & (found.handed_over >= (failing.since - date(1970, 1, 1)).days)
    return usual(found, excluded=old, damage_known=bool(found.damaged.any()))


def silent(one: Standing, as_of: date) -> bool:
    """Whether a failing told before is not to be told again on this day."""
    if one.state in (State.PROPOSED, State.ADOPTED):
        return True
    if one.state in (State.REJECTED, State.ENDED) and one.at is not None:
        return as_of <= one.at.date() + timedelta(days=QUIET_DAYS)
    return False


def probation(before: Sequence[Standing], as_of: date) -> list[Failing]:
    """What overrides were about that have just expired, each once."""
    found = {
        s.proposal.failing.key: s.proposal.failing
        for s in before
        if s.state is State.EXPIRED and s.valid_to is not None
        if s.valid_to < as_of <= s.valid_to + timedelta(days=PROBATION_DAYS)
    }
    return list(found.values())


def _strange(company: Company, failing: Failing) -> str:
    """Why nothing can be done about what fails there; empty where it can."""
    book = company.network.rates
    if failing.origin not in {str(node) for node in company.network.nodes}:
        return f"{failing.origin} is no node of this network; name the node in the column origin of deliveries"
    strange = [service for service in failing.services if book is None or service not in book.services]
    if strange:
        return f"{', '.join(strange)} has no rate card, so that no order is offered it; nothing is to be changed"
    return ""


def _best(store: Store, snapshots: Snapshots, company: Company, expected: Now, failing: Failing, on: date) -> Best:
    orders = company.table("orders")
    if orders is None or company.network.rates is None:
        return Best(None)
    with store.reading() as books:
        version = rules_in_force(books, snapshots)
        learned = current_transit(books, snapshots, on)
        standing_now = overrides_in_force(books, snapshots, on)
    policy = version.policy if version is not None else policy_from_frames(company.tables)
    frames = with_overrides(with_learned(company.tables, learned), standing_now)
    worlds = Worlds(company.shipping, failing_network(frames, policy, expected, company.known))
    rule = rule_of(Proposal(number_of(failing, on), failing, NEVER, None, ()), date.min, date.max, "")
    policies = with_rules(policy, (), company.network), with_rules(policy, (rule,), company.network)
    return worth_of(orders_from_frame(orders), failing, worlds, policies, chooser(store))


def chooser(store: Store) -> Choose:
    """Decides orders of the past with the stock of now, and every place in a day free."""

    def choose(order: Order, network: ShippingNetwork, policy: CompiledPolicy) -> OrderPlan | None:
        if refusal(order, network):
            return None
        with store.reading() as books:
            balances = books.balances(sorted({line.sku for line in order.lines}))
        found = candidates(order, network, order.placed_at, {})
        return decide_order(found, network, policy, Books(balances, (), {})).plan

    return choose


def _event(proposal: Proposal, at: datetime) -> Event:
    body = {"override": proposal.id, "sentence": proposal.sentence}
    if proposal.worth is not None:
        body |= {"cents_a_week": str(proposal.worth.cents)}
    return Event(
        f"carrier-override:{proposal.id}:proposed",
        "CarrierOverrideProposed",
        f"carrier-override:{proposal.id}",
        at,
        body,
    )
