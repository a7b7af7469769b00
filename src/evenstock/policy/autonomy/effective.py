"""The lines about autonomy that count at a place, with where each comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from evenstock.domain import ActionKind
from evenstock.policy.autonomy.line import Autonomy, Line, Place

if TYPE_CHECKING:
    from evenstock.policy.autonomy.table import AutonomyTable


@dataclass(frozen=True, slots=True, eq=False)
class EffectiveLine:
    """One line that counts at a place."""

    line: Line
    policy: str
    """Name of the policy it stands in."""
    digest: str
    """Digest of the policy."""
    scope: str
    """Where it is placed, in words; `every scope` for the law of the trade."""
    overrides: tuple[str, ...]
    """Rules of less specific scopes that it takes the place of."""
    bound_by: tuple[str, ...]
    """Rules of law of less specific scopes that it cannot loosen."""

    @property
    def rule(self) -> str:
        return self.line.rule.id

    @property
    def owner(self) -> str:
        return self.line.rule.owner

    @property
    def since(self) -> date | None:
        """First day on which it is in force; None where it always was."""
        first = self.line.rule.valid_from
        return None if first == date.min else first


def effective(
    table: AutonomyTable, policy: str, place: Place, kind: ActionKind | None = None
) -> tuple[EffectiveLine, ...]:
    """Law of the trade first, then the most specific scope first, within one scope as listed.

    Lines placed at what `place` leaves open are not of this scope and left out.
    """
    regions = table.regions_of(place)
    here = [
        line
        for line in table.lines
        if line.placed_at(place, regions) is True and (kind is None or kind in line.actions)
    ]
    here.sort(key=lambda line: (line.says is not Autonomy.PROHIBIT, -line.level))
    return tuple(_shown(line, here, policy, table.policy) for line in here)


def _shown(line: Line, here: list[Line], policy: str, digest: str) -> EffectiveLine:
    if line.says is Autonomy.PROHIBIT:
        return EffectiveLine(line, policy, digest, "every scope", (), ())
    above = [
        other
        for other in here
        if other.level < line.level and other.says is not Autonomy.PROHIBIT and other.actions & line.actions
    ]
    # An envelope takes the place of those above it whether it holds or not; other lines override where they speak.
    overridden = tuple(other.rule.id for other in above if not other.law)
    laws = tuple(other.rule.id for other in above if other.law and other.says >= line.says)
    return EffectiveLine(line, policy, digest, line.scope, overridden, laws)
