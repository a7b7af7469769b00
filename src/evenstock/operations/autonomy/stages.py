"""How far software may go at a place: it advises, it proposes, or it acts; and what is stopped at once.

A line says the stage of some kinds of action in a scope. The most specific scope decides, in the order of the rules about
autonomy: company, region, channel, node, category. An action that touches several places gets the strictest of theirs, and
what an action does not say counts against it. A halt stands above all lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from evenstock.domain import ActionKind, IntendedAction, NodeId
from evenstock.operations.autonomy.live_routing import ALL_BP, RollOut, lot

RegionsOf = Callable[[NodeId], frozenset[str]]
"""Country of a node and the regions it lies in."""


class Stage(StrEnum):
    """From the least to the most."""

    SUPPORT = "support"
    """It says what it would do; nothing is set aside and nothing waits for it."""
    GUIDED = "guided"
    """It proposes each action, and a person decides."""
    AUTOMATIC = "automatic"
    """It acts inside the policy's envelopes, and proposes what lies outside."""

    @property
    def rank(self) -> int:
        """0 for the least."""
        return _RANKS[self]


_ROUTING: Final = frozenset({ActionKind.ROUTE, ActionKind.SPLIT})
_RANKS: Final = {Stage.SUPPORT: 0, Stage.GUIDED: 1, Stage.AUTOMATIC: 2}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a line or a halt holds, and for which kinds of action. Empty sets speak of all."""

    kinds: frozenset[ActionKind] = frozenset()
    regions: frozenset[str] = frozenset()
    """Regions of the policy, or countries, of the nodes."""
    channels: frozenset[str] = frozenset()
    nodes: frozenset[NodeId] = frozenset()
    categories: frozenset[str] = frozenset()

    @property
    def rank(self) -> tuple[int, bool]:
        """The more specific, the higher: a category outweighs a node, that a channel, that a region; last the kind."""
        level = bool(self.regions) + 2 * bool(self.channels) + 4 * bool(self.nodes) + 8 * bool(self.categories)
        return level, bool(self.kinds)

    def covers(self, place: Place) -> bool | None:
        """Whether the place lies in it; None where the action does not say enough to know."""
        unsure = False
        asked: tuple[tuple[frozenset[str], str | None], ...] = (
            (self.channels, place.channel),
            (frozenset(map(str, self.nodes)), place.node),
            (self.categories, place.category),
        )
        for names, there in asked:
            if names and there is None:
                unsure = True
            elif names and there not in names:
                return False
        if self.regions and place.regions is None:
            unsure = True
        elif self.regions and place.regions is not None and self.regions.isdisjoint(place.regions):
            return False
        return None if unsure else True

    def __str__(self) -> str:
        order = (
            ("category", self.categories),
            ("node", self.nodes),
            ("channel", self.channels),
            ("region", self.regions),
        )
        where = ", ".join(f"{word} {' or '.join(sorted(names))}" for word, names in order if names) or "company"
        what = " and ".join(sorted(kind.replace("_", " ") for kind in self.kinds)) or "every action"
        return f"{what} at {where}"


@dataclass(frozen=True, slots=True)
class Place:
    """One place that an action touches; None where it does not say."""

    node: NodeId | None
    channel: str | None
    category: str | None
    regions: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class StageLine:
    """How far software may go in a scope, from when to when, by whom and why."""

    stage: Stage
    scope: Scope = field(default_factory=Scope)
    share_bp: int = ALL_BP
    """Share of the actions that get this stage, hundredths of a percent; which ones follows from their ids alone."""
    otherwise: Stage = Stage.GUIDED
    """The stage of the others."""
    valid_from: date = date.min
    valid_to: date = date.max
    """Last day."""
    pilot: str = ""
    """Name of the pilot it is part of; empty where it is for good."""
    by: str = ""
    because: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share_bp <= ALL_BP:
            raise ValueError(f"{self.scope}: a share is 0 to {ALL_BP} hundredths of a percent, not {self.share_bp}")
        if self.share_bp < ALL_BP and self.otherwise.rank > self.stage.rank:
            raise ValueError(
                f"{self.scope}: {self.stage} for a share of them and {self.otherwise} for the others; "
                "give the share to the further of the two"
            )
        if self.valid_to < self.valid_from:
            raise ValueError(f"{self.scope}: it ends on {self.valid_to}, before it begins on {self.valid_from}")

    def holds(self, on: date) -> bool:
        return self.valid_from <= on <= self.valid_to

    def of(self, drawn: int) -> Stage:
        """The stage of an action that has drawn this number by its id; one without an id has drawn `ALL_BP`."""
        return self.stage if self.share_bp == ALL_BP or drawn < self.share_bp else self.otherwise

    def __str__(self) -> str:
        said = f"{self.scope}: {self.stage}"
        if self.share_bp < ALL_BP:
            said += f" for {self.share_bp / 100:g} %, else {self.otherwise}"
        if self.valid_from > date.min:
            said += f", from {self.valid_from}"
        if self.valid_to < date.max:
            said += f", to {self.valid_to}"
        return f"{said} (pilot {self.pilot})" if self.pilot else said


@dataclass(frozen=True, slots=True)
class Halt:
    """Nothing in this scope is executed by software until somebody resumes it; what would be waits for people."""

    id: str
    scope: Scope
    by: str
    because: str
    at: datetime

    def __str__(self) -> str:
        return f"halted by {self.by} at {self.at:%Y-%m-%d %H:%M} UTC ({self.scope}): {self.because}"


@dataclass(frozen=True, slots=True)
class Staged:
    """The stage that counts for one action, and why."""

    stage: Stage
    because: str = ""
    """Empty where nobody set a stage."""
    halt: str = ""
    """Id of the halt that holds it; empty where none does."""


_FREE: Final = Staged(Stage.AUTOMATIC)


@dataclass(frozen=True, slots=True)
class Stages:
    """Stages in force. Routing's roll-out is one of them: orders it leaves out are at `support`, which is shadow."""

    lines: tuple[StageLine, ...] = ()
    halts: tuple[Halt, ...] = ()
    routing: RollOut = field(default_factory=RollOut)
    asks_evidence: bool = False
    """Whether a wider stage, or other rules, come into force only with a simulation of that very change."""

    @property
    def digest(self) -> str:
        """Snapshot of this version; empty where nobody ever set a stage."""
        return self.routing.digest

    def silent(self, kind: ActionKind) -> bool:
        """Whether no line and no halt speaks of this kind of action, and routing is live: then nothing is held back."""
        spoken = (*(line.scope for line in self.lines), *(halt.scope for halt in self.halts))
        return not any(_speaks(scope, kind) for scope in spoken) and (kind not in _ROUTING or self.routing.live)

    def halted_by(self, halts: tuple[Halt, ...]) -> Stages:
        """The same stages under these halts: those that the deciding transaction itself has read."""
        return self if halts == self.halts else replace(self, halts=halts)

    def of(
        self, action: IntendedAction, draw: str = "", on: date | None = None, regions_of: RegionsOf | None = None
    ) -> Staged:
        """The strictest over its places.

        Parameters
        ----------
        draw
            An id by which a share of the actions is chosen.
        on
            Day on which it is judged; without one, lines that begin or end count as if they held.
        regions_of
            Without it no node's regions are known, and a line of a region counts wherever it is the stricter.
        """
        if self.silent(action.kind):
            return _FREE
        places = list(_places(action, regions_of))
        drawn = lot(draw) if draw else ALL_BP
        found = min((self.at(place, action.kind, drawn, on) for place in places), key=lambda staged: staged.stage.rank)
        if action.kind in _ROUTING and not self.routing.live:
            found = Staged(Stage.SUPPORT, f"routing is in shadow: {self.routing.because}")
        if found.stage is Stage.SUPPORT:
            return found
        for halt in self.halts:
            if _speaks(halt.scope, action.kind) and any(halt.scope.covers(place) is not False for place in places):
                return Staged(Stage.GUIDED, str(halt), halt.id)
        return found

    def at(self, place: Place, kind: ActionKind, drawn: int, on: date | None) -> Staged:
        """What the lines say of one place; halts and the roll-out are not asked."""
        sure: list[StageLine] = []
        unsure: list[StageLine] = []
        for line in self._newest(kind, on):
            there = line.scope.covers(place)
            if there is True:
                sure.append(line)
            elif there is None:
                unsure.append(line)
        top = max((line.scope.rank for line in sure), default=None)
        # What may lie in a more specific scope is held back by it, and never freed.
        asked = [line for line in sure if line.scope.rank == top]
        asked += [line for line in unsure if top is None or line.scope.rank >= top]
        if not asked:
            return _FREE
        strictest = min(asked, key=lambda line: line.of(drawn).rank)
        return Staged(strictest.of(drawn), _because(strictest))

    def _newest(self, kind: ActionKind, on: date | None) -> Iterator[StageLine]:
        """Lines about this kind that hold on the day; of those of one scope, the one that began last."""
        newest: dict[Scope, StageLine] = {}
        for line in self.lines:
            if _speaks(line.scope, kind) and (on is None or line.holds(on)):
                there = newest.get(line.scope)
                if there is None or there.valid_from <= line.valid_from:
                    newest[line.scope] = line
        return iter(newest.values())


def _speaks(scope: Scope, kind: ActionKind) -> bool:
    """An order that leaves in several shipments is routed as well: who holds back routes holds it back too."""
    return not scope.kinds or kind in scope.kinds or (kind is ActionKind.SPLIT and ActionKind.ROUTE in scope.kinds)


def _places(action: IntendedAction, regions_of: RegionsOf | None) -> Iterator[Place]:
    nodes: tuple[NodeId | None, ...] = action.nodes or (None,)
    categories: tuple[str | None, ...] = action.categories or (None,)
    for node in nodes:
        regions = regions_of(node) if node is not None and regions_of is not None else None
        for category in categories:
            yield Place(node, action.channel, category, regions)


def _because(line: StageLine) -> str:
    return f"{line}: {line.because}" if line.because else str(line)


EVERYWHERE: Final = Stages()
"""Where nobody set a stage: automatic inside the envelopes."""
