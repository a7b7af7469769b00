"""What the rules say of a finished plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenstock.domain import Allow, NeedsApproval, Order, OrderPlan, Refuse, Rule, Verdict
from evenstock.policy.ruling import OrderBounds, Ruling


@dataclass(frozen=True, slots=True)
class Ask:
    """One rule's wish that a person decides."""

    rule: str
    kind: str
    """`hold`, `to_queue`, `review_above`, ..."""
    role: str
    because: str
    at_deadline: str
    """`execute` the best lawful plan, `cancel` the order, or `wait` and ask again."""
    hours: int | None
    """Hours the person has; None where the rule does not say."""


def review(
    rulings: Sequence[tuple[Rule, Ruling]], law: OrderBounds, order: Order, plan: OrderPlan, relaxed: Sequence[str]
) -> Verdict:
    """Refuse a plan that breaks a bound of law; else ask the first role listed, with every rule's reason; else allow."""
    broken = _broken(law, order, plan)
    if broken:
        return Refuse(broken)
    asked: list[NeedsApproval] = []
    for rule, ruling in rulings:
        match ruling.review(order, plan, relaxed):
            case Refuse(because):
                return Refuse(f"{rule.id}: {because}")
            case NeedsApproval(role, because):
                asked.append(NeedsApproval(role, f"{rule.id}: {because}"))
            case Allow():
                pass
    if not asked:
        return Allow()
    return NeedsApproval(asked[0].role, "; ".join(ask.because for ask in asked))


def asks(
    rulings: Sequence[tuple[Rule, Ruling]], order: Order, plan: OrderPlan, relaxed: Sequence[str]
) -> tuple[Ask, ...]:
    """Every rule that wants a person to decide, in the policy's order."""
    found = []
    for rule, ruling in rulings:
        said = ruling.review(order, plan, relaxed)
        if isinstance(said, NeedsApproval):
            waits = ruling.waits()
            found.append(Ask(rule.id, rule.kind, said.role, said.because, waits.at_deadline, waits.hours))
    return tuple(found)


def _broken(law: OrderBounds, order: Order, plan: OrderPlan) -> str:
    """A bound of law that the plan does not keep, in words."""
    count = len(plan.shipments)
    if count > law.max_shipments:
        return f"{count} shipments, and at most {law.max_shipments} are lawful"
    if count > 1 and law.min_split_value_cents:
        price = {line.id: line.price_cents for line in order.lines}
        least = min(sum(line.units * price[line.line] for line in s.lines) for s in plan.shipments)
        if least < law.min_split_value_cents:
            return (
                f"a shipment of a split order carries {least / 100:.2f},"
                f" and at least {law.min_split_value_cents / 100:.2f} is lawful"
            )
    return ""
