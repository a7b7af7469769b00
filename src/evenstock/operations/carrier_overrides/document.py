"""A carrier override as JSON says it."""

from __future__ import annotations

from evenstock.operations.carrier_overrides.proposal import Form, Proposal, Standing


def deed(proposal: Proposal) -> str:
    """What is to be done, in words."""
    f = proposal.failing
    if proposal.form is Form.RULE:
        return f"no {', '.join(f.services)} from {f.origin} for {proposal.orders} there"
    return f"price {', '.join(f.services)} from {f.origin} by the days and losses now expected; each order weighs them by its promise"


def plain(proposal: Proposal) -> dict[str, object]:
    """A proposal as JSON says it."""
    f, worth = proposal.failing, proposal.worth
    return {
        "id": proposal.id,
        "service": f.name,
        "services": list(f.services),
        "origin": f.origin,
        "areas": list(f.areas),
        "pattern": f.pattern,
        "since": f.since,
        "between": [f.earliest, f.latest],
        "parcels": f.parcels,
        "delivered": f.delivered,
        "outstanding": f.outstanding,
        "cents_a_week": None if worth is None else worth.cents,
        "freight_cents_a_week": None if worth is None else worth.freight_cents,
        "late_now": None if worth is None else worth.late_now,
        "late_then": None if worth is None else worth.late_then,
        "instead": list(proposal.instead),
        "form": proposal.form.value,
        "proposed": deed(proposal),
        "order_classes": list(proposal.classes),
        "min_value_cents": proposal.min_value_cents,
        "sentence": proposal.sentence,
        "ends": proposal.ends,
    }


def told(one: Standing) -> dict[str, object]:
    """A proposal and what became of it, as JSON says it."""
    return plain(one.proposal) | {
        "state": one.state.value,
        "by": one.by or None,
        "because": one.because or None,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "rule": one.proposal.rule,
    }
