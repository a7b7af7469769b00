"""A decision in words and terms: who decided, how sure, every option in cents, and what was barred by which rule."""

from __future__ import annotations

from typing import Any

from evenstock.domain import Allow, DecisionRecord, OrderPlan, rfc3339
from evenstock.routing.explain import by_term


def how_sure(record: DecisionRecord) -> str:
    """Who decided, on which prices, what it may cost beyond what could be known, and what was told the customer."""
    said = [f"decided by the {record.layer}", f"prices: {record.price_rung}" if record.price_rung else ""]
    sure = record.confidence
    if sure is not None:
        parts = ", ".join(f"{name} {cents / 1_000:.2f} ¢" for name, cents in sure.parts if cents)
        gate = (
            f", gate {max(0, sure.threshold_millicents) / 1_000:.2f} ¢" if sure.threshold_millicents is not None else ""
        )
        said.append(f"expected regret {sure.regret_millicents / 1_000:.2f} ¢{f' ({parts})' if parts else ''}{gate}")
    told = record.commitment
    if told is not None:
        said.append(
            f"told for {told.deliver_by} with {told.told_millionths / 10_000:.1f} %, now {told.now_millionths / 10_000:.1f} %"
        )
    return "; ".join(filter(None, said))


def sentences(record: DecisionRecord) -> list[str]:
    """The decision as a person would tell it, the most important first."""
    said = [
        f"Order {record.order}: {record.outcome.replace('_', ' ')}, decided {rfc3339(record.decided_at)}.",
        record.sentence,
    ]
    if not isinstance(record.verdict, Allow) and record.verdict.because not in record.sentence:
        said.append(record.verdict.because)
    said += [f"Gave up a wish so that a paid order ships: {sentence}" for sentence in record.relaxed]
    said += [f"Out of date: {warning}" for warning in record.inputs.warnings]
    return [*said, how_sure(record)]


def explanation(record: DecisionRecord) -> dict[str, Any]:
    """All of it as JSON: the terms of each option add up to its cents; the first option is the choice where there is one."""
    options = (*((record.choice,) if record.choice else ()), *record.alternatives)
    inputs = record.inputs
    known = {"network": inputs.network, "stock": inputs.stock, "policy": inputs.policy, "prices": inputs.prices}
    return {
        "decision": record.id,
        "order": record.order,
        "outcome": record.outcome.value,
        "layer": record.layer.value,
        "decided_at": rfc3339(record.decided_at),
        "sentences": sentences(record),
        "options": [_option(n, plan, chosen=record.choice is not None and n == 0) for n, plan in enumerate(options)],
        "barred": [{"node": b.node, "service": b.service, "rule": b.rule, "because": b.because} for b in record.barred],
        "inputs": known | {"knowledge": inputs.knowledge, "code": inputs.code},
    }


def _option(number: int, plan: OrderPlan, *, chosen: bool) -> dict[str, Any]:
    terms = by_term(plan)
    assert sum(terms.values()) == plan.cents
    return {
        "alternative": 0 if chosen else number,
        "chosen": chosen,
        "cents": int(plan.cents),
        "terms": {name: int(cents) for name, cents in terms.items()},
        "shipments": [
            {
                "node": s.candidate.node,
                "service": s.candidate.service,
                "ship_on": s.candidate.ship_on.isoformat(),
                "cents": int(s.cents),
                "lines": [{"line": line.line, "sku": line.sku, "units": int(line.units)} for line in s.lines],
            }
            for s in plan.shipments
        ],
    }
