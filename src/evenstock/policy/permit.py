"""Which candidates may carry which lines, by law and by wish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Barred, Rule
from evenstock.policy.ruling import Bar, OrderBounds, Question, Ruling

_SAYS: dict[type, frozenset[str]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What one soft rule would forbid."""

    rule: str
    mask: NDArray[np.bool_]
    """What this wish alone allows, shape ``(candidate, line)``."""
    barred: tuple[Barred, ...]

    @property
    def sentence(self) -> str:
        """The rule and what it would have forbidden."""
        more = f" (and {len(self.barred) - 1} more)" if len(self.barred) > 1 else ""
        return f"{self.rule}: {self.barred[0].because}{more}"


@dataclass(frozen=True, slots=True, eq=False)
class Permitted:
    """The rules' answer about an order's candidates."""

    hard: NDArray[np.bool_]
    """What law allows, shape ``(candidate, line)``."""
    soft: tuple[Wish, ...]
    """Wishes that forbid something, in the policy's order: where they collide the last yields first."""
    barred_hard: tuple[Barred, ...]
    position: tuple[int, ...] = ()
    """Where each wish stands in the policy."""
    preference_cents: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """What rules of preference charge each candidate, shape ``(candidate,)``, 0 or more."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """What law and every wish allow, shape ``(candidate, line)``."""
        return self.keeping(len(self.soft))

    @property
    def barred(self) -> tuple[Barred, ...]:
        """Everything barred by law or wish."""
        return self.barred_hard + tuple(b for wish in self.soft for b in wish.barred)

    def keeping(self, wishes: int) -> NDArray[np.bool_]:
        """What law and the first `wishes` wishes allow."""
        allowed = self.hard.copy()
        for wish in self.soft[:wishes]:
            allowed &= wish.mask
        return allowed


@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """What is allowed once some wishes are given up."""

    mask: NDArray[np.bool_]
    bounds: OrderBounds
    rules: tuple[str, ...]
    """Wishes given up, by rule id, in the policy's order."""
    sentences: tuple[str, ...]
    """The same, with what each would have forbidden."""
    barred: tuple[Barred, ...]
    """What law and the wishes still kept bar."""


def permit(rulings: Sequence[tuple[int, Rule, Ruling]], question: Question) -> Permitted:
    """Ask every rule, law and wish apart. `rulings` come with their position in the policy, and in its order.

    What a `permit` speaks of, rules after it that yield to it leave alone: the first of them that matches decides.
    """
    shape = len(question.candidates), len(question.items)
    of_node = np.bincount(question.node_of, minlength=len(question.nodes)).tolist()
    hard = np.ones(shape, dtype=np.bool_)
    preference = np.zeros(shape[0], dtype=np.int64)
    exempt: NDArray[np.bool_] | None = None
    barred: list[Barred] = []
    wishes: list[Wish] = []
    positions: list[int] = []
    for position, rule, ruling in rulings:
        says = says_of(type(ruling))
        if "charges" in says:
            charged = ruling.charges(question)
            if charged is not None:
                preference += charged
        if "exempts" in says:
            permitted = ruling.exempts(question)
            if permitted is not None:
                exempt = permitted if exempt is None else exempt | permitted
        bars = tuple(ruling.bars(question)) if "bars" in says else ()
        if exempt is not None and ruling.yields_to_permit:
            bars = tuple(part for bar in bars for part in _without(bar, exempt))
        if not bars:
            continue
        named = tuple(b for bar in bars for b in _named(rule, bar, question, of_node))
        if rule.hard:
            _apply(hard, bars)
            barred += named
        else:
            mask = np.ones(shape, dtype=np.bool_)
            _apply(mask, bars)
            wishes.append(Wish(rule.id, mask, named))
            positions.append(position)
    return Permitted(hard, tuple(wishes), tuple(barred), tuple(positions), preference)


def says_of(kind: type) -> frozenset[str]:
    """What of candidates this kind of ruling may ever answer, of `charges`, `exempts` and `bars`; most answer one."""
    known = _SAYS.get(kind)
    if known is None:
        answers = ("charges", "exempts", "bars")
        known = frozenset(answer for answer in answers if getattr(kind, answer) is not getattr(Ruling, answer))
        _SAYS[kind] = known
    return known


def blocks(
    rulings: Sequence[tuple[int, Rule, Ruling]], question: Question
) -> list[tuple[int, Rule, NDArray[np.bool_]]]:
    """What each rule bars by itself, what is permitted before it left out: position, rule, shape ``(candidate, line)``."""
    shape = len(question.candidates), len(question.items)
    exempt = np.zeros(shape, dtype=np.bool_)
    found = []
    for position, rule, ruling in rulings:
        permitted = ruling.exempts(question)
        if permitted is not None:
            exempt |= permitted
        mask = np.ones(shape, dtype=np.bool_)
        _apply(mask, ruling.bars(question))
        block = ~mask & ~exempt if ruling.yields_to_permit else ~mask
        if block.any():
            found.append((position, rule, block))
    return found


def _apply(mask: NDArray[np.bool_], bars: Iterable[Bar]) -> None:
    for bar in bars:
        if bar.lines is None:
            mask[bar.candidates] = False
        else:
            mask[np.ix_(bar.candidates, bar.lines)] = False


def _without(bar: Bar, exempt: NDArray[np.bool_]) -> Iterable[Bar]:
    """What is left of a bar where some candidates may carry some lines after all: one bar for each set of lines."""
    lines = np.ones(exempt.shape[1], dtype=np.bool_) if bar.lines is None else bar.lines
    left = bar.candidates[:, None] & lines & ~exempt
    for kept in np.unique(left[left.any(axis=1)], axis=0):
        same = (left == kept).all(axis=1)
        yield Bar(same, bar.because, None if kept.all() else kept)


def _named(rule: Rule, bar: Bar, question: Question, of_node: Sequence[int]) -> Iterable[Barred]:
    """A whole node where all its candidates are barred, else each service; `of_node` counts every node's candidates."""
    because = f"{bar.because} ({rule.because})" if rule.because else bar.because
    out = np.flatnonzero(bar.candidates).tolist()
    nodes: dict[int, list[int]] = {}
    for k in out:
        nodes.setdefault(int(question.node_of[k]), []).append(k)
    for node, barred in nodes.items():
        name = question.nodes[node].id
        services = (
            [""] if len(barred) == of_node[node] else dict.fromkeys(question.candidates[k].service for k in barred)
        )
        for service in services:
            yield Barred(name, service, rule.id, because)
