"""Asks about a night's plan line by line: what is let go alone, what waits for people, what is left out because it is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from evenstock.domain import PlanId, PurchaseLine, TransferLine, TransferPlan
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.asking import Ruled
from evenstock.operations.autonomy.governance import Asking, Governance, together
from evenstock.operations.autonomy.intended.stock_plan import KINDS, purchase_line, transfer_line
from evenstock.operations.ports import Transaction

ALONE: Final = "-alone"
"""How the name of a plan ends whose lines were let go without a person, beside the plan that waits for one."""


@dataclass(frozen=True, slots=True, eq=False)
class RuledPlan:
    """What is to become of each line, in the plan's order; nothing is said where nobody has a word."""

    lines: tuple[Ruled, ...]
    purchases: tuple[Ruled, ...]
    whole: Ruled


def rule_on_plan(
    books: Transaction, rules: Governance | None, plan: TransferPlan, now: datetime, actor: Actor | None = None
) -> RuledPlan | None:
    """Line by line; None where nobody has a word about any of them."""
    asking = rules.asking(books, now, KINDS, about=plan.id, actor=actor) if rules is not None else None
    if asking is None:
        return None
    moves = tuple(rule_on_transfer(asking, line) for line in plan.lines)
    buys = tuple(rule_on_purchase(asking, line) for line in plan.purchases)
    return RuledPlan(moves, buys, together((*moves, *buys), asking.on))


def rule_on_transfer(asking: Asking, line: TransferLine) -> Ruled:
    rules = asking.rules
    actions = transfer_line(asking.actor, asking.policy, line, asking.now, known=rules.known, lanes=rules.lanes)
    return asking.rule(actions, named(line))


def rule_on_purchase(asking: Asking, line: PurchaseLine) -> Ruled:
    rules = asking.rules
    actions = purchase_line(asking.actor, asking.policy, line, asking.now, known=rules.known, supplies=rules.supplies)
    return asking.rule(actions, named(line))


def named(line: TransferLine | PurchaseLine) -> str:
    """A line in words, such as `40 MUG TX→NJ`."""
    if isinstance(line, TransferLine):
        return f"{line.units} {line.sku} {line.origin}→{line.destination}{f' {line.mode}' if line.mode else ''}"
    return f"{line.units} {line.sku} for {line.node} from {line.way}"


def refusals(plan: TransferPlan, ruled: RuledPlan) -> tuple[str, ...]:
    """Each line that may not be, with the rule."""
    return tuple(f"{named(line)}: {one.refused.because}" for line, one in _each(plan, ruled) if one.refused is not None)


def without_refused(plan: TransferPlan, ruled: RuledPlan) -> tuple[TransferPlan, RuledPlan]:
    """The plan without lines that may not be: its notes name them with their rules."""
    said = refusals(plan, ruled)
    if not said:
        return plan, ruled
    lawful = _only(plan, ruled, lambda one: one.refused is None)
    left = replace(lawful, notes=(*(f"left out: {sentence}" for sentence in said), *plan.notes))
    kept = [one for one in ruled.lines if one.refused is None], [one for one in ruled.purchases if one.refused is None]
    return left, RuledPlan(tuple(kept[0]), tuple(kept[1]), together((*kept[0], *kept[1]), ruled.whole.on))


def let_go(plan: TransferPlan, ruled: RuledPlan) -> tuple[TransferPlan | None, TransferPlan | None]:
    """The plan parted into what goes without a person, and what waits for one; either may be None.

    The whole keeps its name; where it is parted, what waits keeps it.
    """
    released = [one.released for one in (*ruled.lines, *ruled.purchases)]
    if not any(released):
        return None, plan
    if all(released):
        return plan, None
    alone = _only(plan, ruled, lambda one: one.released)
    note = f"let go without a person, beside plan {plan.id}, which waits for one"
    alone = replace(alone, id=PlanId(f"{plan.id}{ALONE}"), held=(), notes=(note, *plan.notes))
    return alone, _only(plan, ruled, lambda one: not one.released)


def let_go_of(ruled: RuledPlan) -> Ruled:
    """What was said of the lines that go without a person."""
    return together((one for one in (*ruled.lines, *ruled.purchases) if one.released), ruled.whole.on)


def _each(plan: TransferPlan, ruled: RuledPlan) -> Sequence[tuple[TransferLine | PurchaseLine, Ruled]]:
    return [
        *zip(plan.lines, ruled.lines, strict=True),
        *zip(plan.purchases, ruled.purchases, strict=True),
    ]


def _only(plan: TransferPlan, ruled: RuledPlan, wanted: Callable[[Ruled], bool]) -> TransferPlan:
    lines = tuple(line for line, one in zip(plan.lines, ruled.lines, strict=True) if wanted(one))
    buys = tuple(line for line, one in zip(plan.purchases, ruled.purchases, strict=True) if wanted(one))
    return replace(plan, lines=lines, purchases=buys)
