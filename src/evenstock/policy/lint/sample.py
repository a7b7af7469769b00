"""What a sample of recent orders shows: rules that never mattered, rules that never mattered alone, orders left without a way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Allow, Candidate, Item, Order, OrderPlan
from evenstock.policy.compiled import CompiledPolicy, Part, has_a_say
from evenstock.policy.lint.finding import Fault, Finding
from evenstock.policy.permit import blocks
from evenstock.policy.ruling import UNBOUNDED, CandidateFacts, OrderBounds, Question

ENOUGH: Final = 100
"""Orders below which a rule that never mattered is no news."""
_OPERATORS: Final = frozenset(
    {"forbid", "require", "dedicate", "permit", "prefer", "limit", "hold", "to_queue", "hazmat", "oversize"}
)
"""Kinds that somebody listed for a purpose; the law of the trade may well never bind."""
_SHADOWED_AFTER: Final = 20
"""Orders on which a rule must have been covered by another before that is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A past order with every way there was to ship it, and what was planned, where that is known."""

    order: Order
    items: Sequence[Item]
    """The item of each line."""
    candidates: Sequence[Candidate]
    facts: CandidateFacts
    plan: OrderPlan | None = None
    relaxed: tuple[str, ...] = ()
    """Wishes given up for the plan."""


@dataclass(slots=True)
class _Tally:
    spoke: int = 0
    """Orders on which the rule was in force."""
    mattered: int = 0
    barred: int = 0
    covered: dict[int, int] = field(default_factory=dict)
    """Orders on which another law, by place, barred all this rule barred."""


def from_sample(compiled: CompiledPolicy, sample: Sequence[Sample]) -> Iterator[Finding]:
    """Findings that need orders: never binding, shadowed, gaps."""
    tallies = {part.place: _Tally() for part in compiled.parts}
    gaps: dict[tuple[str, ...], list[tuple[Sample, int]]] = {}
    for past in sample:
        _count(compiled, past, tallies, gaps)
    yield from _gaps(compiled, gaps)
    if len(sample) < ENOUGH:
        return
    for part in compiled.parts:
        tally = tallies[part.place]
        if part.rule.kind not in _OPERATORS or not tally.spoke:
            continue
        if not tally.mattered:
            yield Finding(
                Fault.NEVER_BINDING, (part.rule.id,),
                f"{part.rule.id} changed nothing for any of {tally.spoke:,} orders",
                "keep it if it guards against what has not come yet; else drop it",
                orders=tally.spoke,
            )  # fmt: skip
        covering = [p for p, n in tally.covered.items() if n == tally.barred] if tally.barred >= _SHADOWED_AFTER else []
        if covering:
            other = compiled.parts[min(covering)].rule.id
            yield Finding(
                Fault.SHADOWED, (part.rule.id, other),
                f"{part.rule.id} changed nothing: on all {tally.barred:,} orders where it barred something, {other}"
                " barred it too",
                f"see whether {part.rule.id} is needed beside {other}",
                orders=tally.barred,
            )  # fmt: skip


def _count(
    compiled: CompiledPolicy,
    past: Sample,
    tallies: dict[int, _Tally],
    gaps: dict[tuple[str, ...], list[tuple[Sample, int]]],
) -> None:
    day = past.facts.on
    parts = [part for part in compiled.parts if part.rule.in_force(day)]
    index = compiled.network.index
    node_of = np.array([index[candidate.node] for candidate in past.candidates], dtype=np.int64)
    question = Question(past.order, past.items, past.candidates, past.facts, compiled.network.nodes, node_of)
    found = {place: block for place, _, block in blocks([(p.place, p.rule, p.ruling) for p in parts], question)}
    law = {place: block for place, block in found.items() if compiled.parts[place].rule.hard}
    for part in parts:
        tally = tallies[part.place]
        tally.spoke += 1
        tally.mattered += _matters(part, past, question, found)
        if part.place in found:
            tally.barred += 1
            for place, block in law.items():
                if place < part.place and compiled.parts[place].rule.kind != "active":
                    tally.covered[place] = tally.covered.get(place, 0) + bool((block | ~found[part.place]).all())
    _find_gap(compiled, past, law, gaps)


def _matters(part: Part, past: Sample, question: Question, found: dict[int, NDArray[np.bool_]]) -> bool:
    if part.place in found:
        return True
    ruling = part.ruling
    charged = ruling.charges(question)
    if charged is not None and charged.any():
        return True
    permitted = ruling.exempts(question)
    if permitted is not None and permitted.any():
        return True
    bound: OrderBounds = ruling.bound(past.order)
    if bound != UNBOUNDED and len(past.order.lines) > 1:
        return True
    if not has_a_say(ruling, "review"):
        return False
    plan = past.plan or OrderPlan(())
    return not isinstance(ruling.review(past.order, plan, past.relaxed), Allow)


def _find_gap(
    compiled: CompiledPolicy,
    past: Sample,
    law: dict[int, NDArray[np.bool_]],
    gaps: dict[tuple[str, ...], list[tuple[Sample, int]]],
) -> None:
    if not past.candidates:
        return
    shape = len(past.candidates), len(past.items)
    barred = np.zeros(shape, dtype=np.bool_)
    for block in law.values():
        barred |= block
    dead = np.flatnonzero(barred.all(axis=0)).tolist()
    if not dead:
        return
    line = dead[0]
    places = sorted(law)
    for place in list(places):
        rest = [p for p in places if p != place]
        if rest and np.logical_or.reduce([law[p][:, line] for p in rest]).all():
            places = rest
    names = tuple(compiled.parts[place].rule.id for place in places)
    gaps.setdefault(names, []).append((past, line))


def _gaps(compiled: CompiledPolicy, gaps: dict[tuple[str, ...], list[tuple[Sample, int]]]) -> Iterator[Finding]:
    del compiled
    for names, hit in gaps.items():
        past, line = hit[0]
        yield Finding(
            Fault.GAP, names,
            f"{len(hit):,} orders of the sample have no lawful way: {' and '.join(names)} bar every node and service",
            "let some node or service carry them, or hold such orders before they are paid",
            f"order {past.order.id}: {past.items[line].sku} to {past.order.ship_to.postal_code}",
            orders=len(hit),
        )  # fmt: skip
