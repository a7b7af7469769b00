"""One rule about autonomy, read: what it says, where it is placed, and of what it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import IntEnum
from typing import Final

from evenstock.domain import CERTAIN, ActionKind, ActorKind, NodeId, Role, Rule
from evenstock.policy.autonomy.conditions import WHERE
from evenstock.policy.parameters import Given

UNKNOWN: Final = 2**62
"""Stands for money, units and an age that nobody knows: above every limit."""
NO_CONFIDENCE: Final = -1
"""Stands for a confidence that nobody knows: below every least."""


class Autonomy(IntEnum):
    """What a line says, from the freest to the strictest."""

    AUTOMATIC = 0
    """It is done without a person."""
    PROPOSE = 1
    """It is proposed, and a person decides."""
    REFUSE = 2
    """It is not done here."""
    PROHIBIT = 3
    """The law of the trade forbids it: nothing in the policy loosens that."""


@dataclass(frozen=True, slots=True)
class Region:
    """A name for countries."""

    rule: str
    name: str
    countries: frozenset[str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one action is judged: None where it does not say, empty where it concerns none."""

    node: NodeId | None = None
    channel: str | None = None
    category: str | None = None
    region: str | None = None
    """Asked about by itself; where a node is named, its country says in which regions it lies."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits in cents, units, millionths and seconds; None where the line sets none."""

    cents: int | None = None
    units: int | None = None
    confidence: int | None = None
    age: int | None = None

    def any(self) -> bool:
        return not (self.cents is self.units is self.confidence is self.age is None)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A rule about autonomy. Empty sets speak of all."""

    rule: Rule
    says: Autonomy
    actions: frozenset[ActionKind]
    role: str
    """Who decides, of a line that proposes."""
    article: str
    """The law, of a line that prohibits."""
    regions: frozenset[str]
    channels: frozenset[str]
    nodes: frozenset[str]
    categories: frozenset[str]
    actors: frozenset[ActorKind]
    roles: frozenset[Role]
    origins: frozenset[str]
    destinations: frozenset[str]
    bonded: bool | None
    bounds: Bounds
    """Of an automatic line: inside which it is free. Of any other: beyond which it speaks."""
    people: int = 1
    """How many different people must agree, of a line that proposes."""

    @property
    def level(self) -> int:
        """The more specific the place, the higher: a category outweighs a node, that a channel, that a region."""
        return bool(self.regions) + 2 * bool(self.channels) + 4 * bool(self.nodes) + 8 * bool(self.categories)

    @property
    def law(self) -> bool:
        """Whether lines of more specific scopes cannot loosen it."""
        return self.says is Autonomy.PROHIBIT or (self.rule.hard and self.says is not Autonomy.AUTOMATIC)

    @property
    def scope(self) -> str:
        """Where it is placed, in words."""
        named = (
            ("region", self.regions),
            ("channel", self.channels),
            ("node", self.nodes),
            ("category", self.categories),
        )
        return scope_said({word: sorted(names) for word, names in named})

    def placed_at(self, place: Place, regions: frozenset[str] | None) -> bool | None:
        """Whether it is placed where the action is; None where the action does not say enough to know."""
        unsure = False
        for names, there in (
            (self.channels, place.channel),
            (self.nodes, place.node),
            (self.categories, place.category),
        ):
            if names and there is None:
                unsure = True
            elif names and there not in names:
                return False
        if self.regions:
            if regions is None:
                unsure = True
            elif self.regions.isdisjoint(regions):
                return False
        return None if unsure else True

    def speaks_of(self, kind: ActionKind, actor: ActorKind, roles: frozenset[Role]) -> bool:
        return (
            kind in self.actions
            and (not self.actors or actor in self.actors)
            and (not self.roles or not self.roles.isdisjoint(roles))
        )


def scope_said(named: dict[str, list[str]]) -> str:
    """A scope in words, such as `node TX, channel web`; `company` where nothing is named."""
    order = ("category", "node", "channel", "region")
    said = [f"{word} {' or '.join(named[word])}" for word in order if named.get(word)]
    return ", ".join(said) or "company"


def line_of(given: Given, says: Autonomy) -> Line:
    """The line of a rule.

    Raises
    ------
    ValueError
        If `bonded` is neither yes nor no.
    """
    bonded = given.text("bonded")
    if bonded not in ("", "yes", "no"):
        raise ValueError(f"{_where(given)} bonded is {bonded!r}; give yes or no")
    free = says is Autonomy.AUTOMATIC
    names = (
        ("max_value_cents", "max_units", "younger_than") if free else ("above_value_cents", "above_units", "older_than")
    )
    cents, units, age = (given.at_most(name) for name in names)
    if free and age == 0:
        raise ValueError(f"{_where(given)} no data is younger than 0 s; give 1s or more, or leave the condition out")
    sure = _millionths(given, "min_confidence" if free else "below_confidence")
    regions, channels, nodes, categories = (given.names(parameter.name) for parameter in WHERE)
    return Line(
        given.rule, says, frozenset(map(ActionKind, given.listed("actions"))), given.text("role"),
        given.text("article"), regions, channels, nodes, categories,
        frozenset(map(ActorKind, given.listed("actors"))), frozenset(map(Role, given.listed("roles"))),
        given.names("origin_countries"), given.names("destination_countries"),
        bonded == "yes" if bonded else None, Bounds(cents, units, sure, age), given.whole("people") or 1,
    )  # fmt: skip


def _millionths(given: Given, name: str) -> int | None:
    """A share in millionths, rounded up: nothing is surer for being rounded."""
    if not given.has(name):
        return None
    return int((Decimal(given.rule.parameter(name).strip()) * CERTAIN).to_integral_value(ROUND_CEILING))


def _where(given: Given) -> str:
    return f"rule {given.rule.id} ({given.rule.kind}):"
