"""Every line in force on a day, ready to judge actions: what follows from where and who is worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from evenstock.domain import (
    CERTAIN,
    ActionKind,
    ActorKind,
    Allow,
    IntendedAction,
    NeedsApproval,
    NodeId,
    Refuse,
    Role,
    Verdict,
)
from evenstock.policy.autonomy.line import NO_CONFIDENCE, UNKNOWN, Autonomy, Line, Place, Region, scope_said
from evenstock.policy.autonomy.reasons import beyond, outside

_UNSAID: Final = (None,)
ANYBODY: Final = "approver"
"""Who decides where no rule says who."""
_KEPT: Final = 65_536
"""Combinations of place, action and actor remembered at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the rules say of one action, and which line decided."""

    verdict: Verdict
    line: Line | None
    """None where no line speaks: then a person decides."""
    scope: str
    """Where that line is placed, in words; empty where there is none."""
    policy: str
    """Digest of the policy."""
    people: int = 1
    """How many different people must agree where it is proposed: the most that any line asks for which speaks here."""

    @property
    def automatic(self) -> bool:
        return type(self.verdict) is Allow


class _Free:
    """An automatic line made ready: what is unknown lies outside its bounds."""

    __slots__ = (
        "age",
        "bonded",
        "cents",
        "confidence",
        "destinations",
        "goods",
        "judged",
        "line",
        "origins",
        "says",
        "units",
    )

    def __init__(self, line: Line, policy: str) -> None:
        bounds = line.bounds
        self.cents = UNKNOWN if bounds.cents is None else bounds.cents
        self.units = UNKNOWN if bounds.units is None else bounds.units
        self.confidence = NO_CONFIDENCE if bounds.confidence is None else bounds.confidence
        self.age = UNKNOWN if bounds.age is None else bounds.age - 1
        self.origins, self.destinations, self.bonded = line.origins, line.destinations, line.bonded
        self.goods = bool(line.origins or line.destinations or line.bonded is not None)
        self.line, self.says = line, line.says
        self.judged = Judgement(Allow(), line, line.scope, policy)

    def holds(self, cents: int, units: int, confidence: int, age: int, action: IntendedAction) -> bool:
        return (
            cents <= self.cents
            and units <= self.units
            and confidence >= self.confidence
            and age <= self.age
            and (not self.goods or self._goods(action))
        )

    def _goods(self, action: IntendedAction) -> bool:
        return (
            (not self.origins or action.origin_country in self.origins)
            and (not self.destinations or action.destination_country in self.destinations)
            and (self.bonded is None or action.bonded is self.bonded)
        )


class _Held:
    """A line that holds back, made ready: what is unknown lies beyond its bounds."""

    __slots__ = (
        "age", "bonded", "cents", "confidence", "destinations", "goods", "law", "line", "origins", "says", "scope", "units"
    )  # fmt: skip

    def __init__(self, line: Line) -> None:
        bounds = line.bounds
        self.cents = -1 if bounds.cents is None else bounds.cents
        self.units = -1 if bounds.units is None else bounds.units
        self.confidence = CERTAIN + 1 if bounds.confidence is None else bounds.confidence
        self.age = -1 if bounds.age is None else bounds.age
        self.origins, self.destinations, self.bonded = line.origins, line.destinations, line.bonded
        self.goods = bool(line.origins or line.destinations or line.bonded is not None)
        self.line, self.says, self.law, self.scope = line, line.says, line.law, line.scope

    def holds(self, cents: int, units: int, confidence: int, age: int, action: IntendedAction) -> bool:
        return (
            cents > self.cents
            and units > self.units
            and confidence < self.confidence
            and age > self.age
            and (not self.goods or self._goods(action))
        )

    def _goods(self, action: IntendedAction) -> bool:
        leaves, goes = action.origin_country, action.destination_country
        return (
            (not self.origins or leaves is None or leaves in self.origins)
            and (not self.destinations or goes is None or goes in self.destinations)
            and (self.bonded is None or action.bonded is None or action.bonded is self.bonded)
        )


_Test = TypeVar("_Test", _Held, _Free | _Held)


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """Lines of one level that speak of one place, action and actor, in the policy's order."""

    lines: tuple[_Free | _Held, ...]
    refusals: tuple[_Held, ...]
    """Those of law that refuse: a proposal listed before them does not stand in for them."""
    envelope: Line | None
    """The first automatic line placed here, or perhaps here: outside it a person decides."""


@dataclass(frozen=True, slots=True, eq=False)
class _Chain:
    """All that is to be asked about one place, action and actor."""

    prohibited: tuple[_Held, ...]
    levels: tuple[_Level, ...]
    """The most specific first."""


class AutonomyTable:
    """Judges actions. It remembers only what follows from the lines and the network."""

    def __init__(
        self, lines: Sequence[Line], regions: Sequence[Region], countries: Mapping[NodeId, str], policy: str
    ) -> None:
        self.lines = tuple(lines)
        self.policy = policy
        self.freed = frozenset(kind for line in self.lines if line.says is Autonomy.AUTOMATIC for kind in line.actions)
        """Kinds of actions that an envelope frees, wherever it is placed."""
        self._most_people = max((line.people for line in self.lines), default=1)
        self._scopes = {line: line.scope for line in self.lines}
        self._countries = countries
        self._of_country: dict[str, frozenset[str]] = {}
        for country in {*countries.values(), *(c for region in regions for c in region.countries)}:
            named = (region.name for region in regions if country in region.countries)
            self._of_country[country] = frozenset((country, *named))
        self._chains: dict[tuple[object, ...], _Chain] = {}

    def regions_of(self, place: Place) -> frozenset[str] | None:
        """Regions and country in which the place lies; None where it does not say.

        Raises
        ------
        ValueError
            If its node is not one of the network's.
        """
        if place.node is not None:
            if place.node not in self._countries:
                raise ValueError(
                    f"no node {place.node} was there when the policy was compiled; compile it with today's"
                )
            return self._of_country[self._countries[place.node]]
        if place.region is None:
            return None
        return self._of_country.get(place.region, frozenset((place.region,)))

    def verdict(self, action: IntendedAction) -> Judgement:
        """The strictest of what holds at each of the action's nodes and categories; of several as strict, the first.

        A place where nothing speaks hides no line that speaks at another.
        """
        cents = UNKNOWN if action.cents is None else action.cents
        units = UNKNOWN if action.units is None else action.units
        sure = NO_CONFIDENCE if action.confidence_millionths is None else action.confidence_millionths
        age = UNKNOWN if action.data_age_s is None else action.data_age_s
        strictest, worst, unsaid = None, -1, False
        for node in action.nodes or _UNSAID:
            for category in action.categories or _UNSAID:
                found = self._decided(self._chain(node, category, action), cents, units, sure, age, action)
                line = found[0]
                says = Autonomy.PROPOSE if line is None else line.says
                silent = line is None and found[1] is None
                if says > worst or (says == worst and unsaid and not silent):
                    strictest, worst, unsaid = (found, node, category), says, silent
        assert strictest is not None
        (line, envelope, role), node, category = strictest
        if type(line) is _Free:
            return line.judged
        if type(line) is _Held:
            judged = self._held(line, action)
        else:
            judged = self._proposed(envelope, role or ANYBODY, action, node, category)
        if worst > Autonomy.PROPOSE or self._most_people == 1:
            return judged
        return replace(judged, people=self._people(cents, units, sure, age, action))

    def _people(self, cents: int, units: int, sure: int, age: int, action: IntendedAction) -> int:
        """The most that any line asks for which proposes this: listed later, or in a wider scope, it asks for no fewer."""
        asked = (
            line.line.people
            for node in action.nodes or _UNSAID
            for category in action.categories or _UNSAID
            for level in self._chain(node, category, action).levels
            for line in level.lines
            if line.says is Autonomy.PROPOSE and line.holds(cents, units, sure, age, action)
        )
        return max(asked, default=1)

    def verdicts(self, actions: Iterable[IntendedAction]) -> list[Judgement]:
        """One judgement for each."""
        return [self.verdict(action) for action in actions]

    @staticmethod
    def _decided(
        chain: _Chain, cents: int, units: int, sure: int, age: int, action: IntendedAction
    ) -> tuple[_Free | _Held | None, Line | None, str]:
        """The line that decides; where none does, the envelope outside which the action lies, and who is asked then."""
        law = _first(chain.prohibited, cents, units, sure, age, action)
        if law is not None:
            return law, None, ""
        decided: _Free | _Held | None = None
        envelope: Line | None = None
        role = ""
        for level in chain.levels:
            found = _first(level.lines, cents, units, sure, age, action)
            if level.refusals and found is not None and found.says is Autonomy.PROPOSE:
                found = _first(level.refusals, cents, units, sure, age, action) or found
            if decided is None and envelope is None:
                decided = found
                envelope = level.envelope if found is None else None
            elif type(found) is _Held:
                if found.law and found.says >= (Autonomy.PROPOSE if decided is None else decided.says):
                    decided, envelope = found, None
                elif not role and found.says is Autonomy.PROPOSE:
                    role = found.line.role
        return decided, envelope, role

    def _held(self, held: _Held, action: IntendedAction) -> Judgement:
        because = beyond(held.line, action)
        verdict = NeedsApproval(held.line.role, because) if held.says is Autonomy.PROPOSE else Refuse(because)
        return Judgement(verdict, held.line, held.scope, self.policy)

    def _proposed(
        self, envelope: Line | None, role: str, action: IntendedAction, node: NodeId | None, category: str | None
    ) -> Judgement:
        if envelope is not None:
            because = outside(envelope, action, Place(node, action.channel, category))
            return Judgement(NeedsApproval(role, because), envelope, self._scopes[envelope], self.policy)
        at = {
            "node": [str(node)] if node else [],
            "channel": [action.channel] if action.channel else [],
            "category": [category] if category else [],
        }
        because = f"no rule lets {action.actor} {action.kind.replace('_', ' ')} without a person: {scope_said(at)}"
        return Judgement(NeedsApproval(role, because), None, "", self.policy)

    def _chain(self, node: NodeId | None, category: str | None, action: IntendedAction) -> _Chain:
        key = (action.kind, node, action.channel, category, action.actor, action.roles)
        chain = self._chains.get(key)
        if chain is None:
            if len(self._chains) >= _KEPT:
                self._chains.clear()
            place = Place(node, action.channel, category)
            chain = self._worked_out(place, action.kind, action.actor, action.roles)
            self._chains[key] = chain
        return chain

    def _worked_out(self, place: Place, kind: ActionKind, actor: ActorKind, roles: frozenset[Role]) -> _Chain:
        regions = self.regions_of(place)
        prohibited: list[_Held] = []
        levels: dict[int, list[_Free | _Held]] = {}
        envelopes: dict[int, Line] = {}
        for line in self.lines:
            if not line.speaks_of(kind, actor, roles):
                continue
            placed = line.placed_at(place, regions)
            if placed is False:
                continue
            if line.says is Autonomy.PROHIBIT:
                prohibited.append(_Held(line))
            elif line.says is Autonomy.AUTOMATIC:
                # What does not say where it is may be inside a narrower envelope: a person looks.
                envelopes.setdefault(line.level, line)
                if placed:
                    levels.setdefault(line.level, []).append(_Free(line, self.policy))
            else:
                levels.setdefault(line.level, []).append(_Held(line))
        found = sorted({*levels, *envelopes}, reverse=True)
        return _Chain(tuple(prohibited), tuple(_level(levels.get(n, ()), envelopes.get(n)) for n in found))


def _level(lines: Sequence[_Free | _Held], envelope: Line | None) -> _Level:
    refusals = tuple(line for line in lines if type(line) is _Held and line.law and line.says is Autonomy.REFUSE)
    return _Level(tuple(lines), refusals, envelope)


def _first(
    lines: Sequence[_Test], cents: int, units: int, confidence: int, age: int, action: IntendedAction
) -> _Test | None:
    """The first that speaks."""
    for line in lines:
        if line.holds(cents, units, confidence, age, action):
            return line
    return None
