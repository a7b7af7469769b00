"""A policy made ready: every rule read, checked and turned into answers that cost microseconds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import (
    ActionKind,
    Candidate,
    IntendedAction,
    Item,
    Node,
    NodeId,
    Order,
    OrderPlan,
    Policy,
    Rule,
    Sku,
    Verdict,
)
from evenstock.policy import bounds as order_bounds
from evenstock.policy.autonomy.effective import EffectiveLine, effective
from evenstock.policy.autonomy.line import Place
from evenstock.policy.autonomy.regions import wrong_regions
from evenstock.policy.autonomy.table import AutonomyTable, Judgement
from evenstock.policy.bounds import Found
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter, read
from evenstock.policy.permit import Permitted, Relaxation, permit
from evenstock.policy.review import Ask, asks, review
from evenstock.policy.ruling import CandidateFacts, Movement, OrderBounds, Question, Ruling
from evenstock.policy.transfers import TransferBounds, transfer_bounds
from evenstock.registry import members

FAMILY: Final = "evenstock.policy.rules"
_DAYS: Final = 8
"""Days whose lines about autonomy are remembered at once."""
_SHOWN: Final = 4_096
"""Places whose effective lines are."""
_ANSWERS: Final = ("bars", "exempts", "charges", "bound", "review", "closes", "floor_days")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: what its file says of itself."""

    name: str
    about: str
    parameters: tuple[Parameter, ...]
    always_law: bool
    """Whether it cannot be a wish."""
    never_law: bool = False
    """Whether it cannot be law: a preference is a price."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One rule of a compiled policy."""

    place: int
    rule: Rule
    ruling: Ruling
    given: Given
    """Its parameters, read and checked."""


@dataclass(frozen=True, slots=True, eq=False)
class _Day:
    """The rules in force on one day, by what they have a say in."""

    permits: tuple[tuple[int, Rule, Ruling], ...]
    bounds: tuple[tuple[int, Rule, Ruling], ...]
    law: tuple[tuple[Rule, Ruling], ...]
    """Bounds of law."""
    reviews: tuple[tuple[Rule, Ruling], ...]
    transfers: tuple[tuple[Rule, Ruling], ...]


class CompiledPolicy:
    """A policy ready to answer. It holds no state but what follows from policy and network."""

    def __init__(self, policy: Policy, network: Network, parts: Sequence[tuple[Ruling, Given]]) -> None:
        self.policy = policy
        self.digest = policy.digest()
        self.network = network
        self.staged: object | None = None
        """Stages in force beside it (`operations.autonomy`), which narrow its envelopes; None where nobody set one."""
        self.parts = tuple(
            Part(place, rule, ruling, given)
            for place, (rule, (ruling, given)) in enumerate(zip(policy.rules, parts, strict=True))
        )
        self._days: dict[date, _Day] = {}
        self._autonomy: dict[date, AutonomyTable] = {}
        self._effective: dict[tuple[date, Place, ActionKind | None], tuple[EffectiveLine, ...]] = {}

    def permit(
        self, order: Order, items: Sequence[Item], candidates: Sequence[Candidate], facts: CandidateFacts
    ) -> Permitted:
        """Which candidates may carry which lines on `facts.on`; `items` are those of the order's lines, in their order.

        Raises
        ------
        ValueError
            If the arrays do not match, or a candidate's node is not in the network the policy was compiled with.
        """
        if len(items) != len(order.lines):
            raise ValueError(f"{order.id}: {len(order.lines)} lines need as many items, not {len(items)}")
        if not len(candidates) == len(facts.on_time_probability) == len(facts.slots_left):
            raise ValueError(f"{order.id}: each of the {len(candidates)} candidates needs its facts")
        node_of = np.array([self._position(candidate.node) for candidate in candidates], dtype=np.int64)
        question = Question(order, items, candidates, facts, self.network.nodes, node_of)
        return permit(self._on(facts.on).permits, question)

    def bounds(self, order: Order, on: date) -> OrderBounds:
        """Limits on the order's plan, law and wishes together."""
        return order_bounds.bound([(rule, ruling) for _, rule, ruling in self._on(on).bounds], order)

    def relax(
        self,
        order: Order,
        permitted: Permitted,
        on: date,
        attempt: Callable[[NDArray[np.bool_], OrderBounds], Found | None],
    ) -> tuple[Found, Relaxation] | None:
        """What `attempt(mask, bounds)` finds with the wishes that can be kept; None where law alone forbids a plan.

        Where wishes collide, those listed last are given up first. `attempt` answers None where it finds no plan; it is
        asked once where all wishes can be kept, else at most once for each wish and twice more.
        """
        return order_bounds.relax(self._on(on).bounds, order, permitted, attempt)

    def asks(self, order: Order, plan: OrderPlan, relaxed: Sequence[str], on: date) -> tuple[Ask, ...]:
        """Every rule that wants a person to decide about this plan, in the policy's order, with how long it waits."""
        return asks(self._on(on).reviews, order, plan, relaxed)

    def review(self, order: Order, plan: OrderPlan, relaxed: Sequence[str], on: date) -> Verdict:
        """What the rules say of a finished plan; `relaxed` are the ids of the wishes given up for it."""
        day = self._on(on)
        return review(day.reviews, order_bounds.bound(day.law, order), order, plan, relaxed)

    def transfer_bounds(
        self, lanes: Sequence[tuple[NodeId, NodeId]], nodes: Sequence[NodeId], skus: Sequence[Sku], on: date
    ) -> TransferBounds:
        """Closed lanes ``(lane, item)`` and source floors ``(node, item)``, in the order of the arguments.

        Raises
        ------
        ValueError
            If a node or item is not in the network the policy was compiled with, or a lane's end is not in `nodes`.
        """
        chosen = tuple(self.network.nodes[self._position(node)] for node in nodes)
        index = {node: k for k, node in enumerate(nodes)}
        strange = sorted({str(end) for lane in lanes for end in lane if end not in index})
        if strange:
            raise ValueError(f"lanes lead to {', '.join(strange)}, which stand not among the nodes asked about")
        unknown = [str(sku) for sku in skus if sku not in self.network.items]
        if unknown:
            raise ValueError(
                f"policy {self.policy.name} does not know item {unknown[0]}; compile it with today's items"
            )
        movement = Movement(chosen, index, lanes, [self.network.items[sku] for sku in skus])
        return transfer_bounds(self._on(on).transfers, movement)

    def verdict(self, action: IntendedAction, on: date) -> Judgement:
        """Whether this may be done without a person, must be proposed, or is refused; nothing said: a person decides.

        Raises
        ------
        ValueError
            If one of its nodes is not in the network the policy was compiled with.
        """
        return self.autonomy(on).verdict(action)

    def verdicts(self, actions: Iterable[IntendedAction], on: date) -> list[Judgement]:
        """One judgement for each action of a plan, in its order."""
        return self.autonomy(on).verdicts(actions)

    def governs(self, kind: ActionKind, on: date) -> bool:
        """Whether any envelope in force frees this kind of action somewhere: then it waits for a person wherever none does.

        Where there is none, the lines that hold back still count, and operations keep their own limits beside them.
        """
        return kind in self.autonomy(on).freed

    def effective(self, place: Place, on: date, kind: ActionKind | None = None) -> tuple[EffectiveLine, ...]:
        """The lines about autonomy that count at a place, those that decide first standing first; None: of every action."""
        asked = on, place, kind
        found = self._effective.get(asked)
        if found is None:
            if len(self._effective) >= _SHOWN:
                self._effective.clear()
            found = effective(self.autonomy(on), self.policy.name, place, kind)
            self._effective[asked] = found
        return found

    def autonomy(self, on: date) -> AutonomyTable:
        """The lines about autonomy in force on a day."""
        table = self._autonomy.get(on)
        if table is None:
            lines = [part.ruling.line() for part in self.parts if part.rule.in_force(on)]
            regions = [part.ruling.region() for part in self.parts]
            table = AutonomyTable(
                [line for line in lines if line is not None],
                [region for region in regions if region is not None],
                {node.id: node.country for node in self.network.nodes},
                self.digest,
            )
            if len(self._autonomy) >= _DAYS:
                self._autonomy.clear()
            self._autonomy[on] = table
        return table

    def _position(self, node: NodeId) -> int:
        try:
            return self.network.index[node]
        except KeyError:
            raise ValueError(
                f"policy {self.policy.name} does not know node {node}; compile it with today's nodes"
            ) from None

    def _on(self, day: date) -> _Day:
        if day not in self._days:
            self._days[day] = self._sorted(day)
        return self._days[day]

    def _sorted(self, on: date) -> _Day:
        placed = [(part.place, part.rule, part.ruling) for part in self.parts if part.rule.in_force(on)]
        says = {answer: [p for p in placed if has_a_say(p[2], answer)] for answer in _ANSWERS}
        chosen = {place for answer in ("bars", "exempts", "charges") for place, _, _ in says[answer]}
        bounds = tuple(says["bound"])
        transfers = {place: (rule, ruling) for place, rule, ruling in says["closes"] + says["floor_days"] if rule.hard}
        return _Day(
            tuple(p for p in placed if p[0] in chosen),
            bounds,
            tuple((rule, ruling) for _, rule, ruling in bounds if rule.hard),
            tuple((rule, ruling) for _, rule, ruling in says["review"]),
            tuple(transfers[place] for place in sorted(transfers)),
        )


def compile_policy(
    policy: Policy, nodes: Mapping[NodeId, Node], items: Mapping[Sku, Item], services: Collection[str] = ()
) -> CompiledPolicy:
    """Read and check every rule against the network; `services` are those that exist, where known.

    Raises
    ------
    ValueError
        With every problem of every rule: an unknown kind, a parameter that is unknown, missing, twice or ill-typed, a
        node, pool, item, group or service that does not exist. Each names rule and parameter, and says what to do.
    """
    ordered = tuple(nodes[name] for name in sorted(nodes))
    network = Network(ordered, items, {node.id: k for k, node in enumerate(ordered)}, frozenset(map(str, services)))
    problems: list[str] = []
    parts: list[tuple[Ruling, Given]] = []
    for rule in policy.rules:
        try:
            parts.append(_compile_rule(rule, network))
        except ValueError as error:
            problems.append(str(error))
    rulings = [ruling for ruling, _ in parts]
    problems += wrong_regions(rulings, ordered)
    if problems:
        raise ValueError(f"policy {policy.name} cannot be used:\n" + "\n".join(problems))
    return CompiledPolicy(policy, network, parts)


def describe() -> tuple[Kind, ...]:
    """Every kind of rule with its parameters, for the documentation and for error messages."""
    return tuple(
        Kind(
            name,
            (module.__doc__ or "").strip(),
            tuple(module.PARAMETERS),
            bool(getattr(module, "ALWAYS_LAW", False)),
            bool(getattr(module, "NEVER_LAW", False)),
        )
        for name, module in _kinds().items()
    )


@cache
def _kinds() -> dict[str, ModuleType]:
    return members(FAMILY)


def _compile_rule(rule: Rule, network: Network) -> tuple[Ruling, Given]:
    kinds = _kinds()
    if rule.kind not in kinds:
        raise ValueError(f"rule {rule.id}: there is no kind {rule.kind!r}; use one of {', '.join(kinds)}")
    module = kinds[rule.kind]
    problems: list[str] = []
    if not rule.hard and getattr(module, "ALWAYS_LAW", False):
        problems.append(f"rule {rule.id} ({rule.kind}): this kind is always law; set hard to true")
    if rule.hard and getattr(module, "NEVER_LAW", False):
        problems.append(f"rule {rule.id} ({rule.kind}): this kind is a price, never law; set hard to false")
    if rule.valid_to < rule.valid_from:
        problems.append(f"rule {rule.id}: ends on {rule.valid_to}, before it begins on {rule.valid_from}")
    given, wrong = read(rule, module.PARAMETERS, network)
    problems += wrong
    if problems:
        raise ValueError("\n".join(problems))
    ruling: Ruling = module.compile_rule(given, network)
    return ruling, given


def has_a_say(ruling: Ruling, answer: str) -> bool:
    """Whether this rule could ever give that answer, such as `bars` or `review`."""
    return getattr(type(ruling), answer) is not getattr(Ruling, answer)
