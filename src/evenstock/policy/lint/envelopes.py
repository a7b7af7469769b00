"""Lines about autonomy that never decide, and envelopes in which nothing is ever automatic: seen by comparing pairs of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from evenstock.domain import NodeId
from evenstock.policy.autonomy.line import Autonomy, Line, Place
from evenstock.policy.autonomy.table import AutonomyTable
from evenstock.policy.compiled import CompiledPolicy
from evenstock.policy.lint.finding import Fault, Finding


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Lines that are not over, in the policy's order."""

    listed: tuple[Line, ...]
    table: AutonomyTable
    on: date


def envelopes(compiled: CompiledPolicy, on: date) -> Iterator[Finding]:
    """What is wrong with lines about autonomy from `on` on. What only three or more lines do together is not seen."""
    rules = (part.ruling.line() for part in compiled.parts if part.rule.valid_to >= on)
    listed = tuple(line for line in rules if line is not None)
    lines = _Lines(listed, compiled.autonomy(on), on)
    for place, line in enumerate(listed):
        found = _outside_its_region(lines, line) or _never_decides(lines, place, line)
        if found is not None:
            yield found


def _outside_its_region(lines: _Lines, line: Line) -> Finding | None:
    if not (line.regions and line.nodes):
        return None
    if any(line.regions & _regions(lines, node) for node in line.nodes):
        return None
    return Finding(
        Fault.UNREACHABLE, (line.rule.id,),
        f"{line.rule.id} can never apply: {' and '.join(sorted(line.nodes))} lies not in {' or '.join(sorted(line.regions))}",
        "name a node of the region, or leave the region out",
    )  # fmt: skip


def _never_decides(lines: _Lines, place: int, line: Line) -> Finding | None:
    """The first pair that leaves this line nothing to decide."""
    found = _under_trade_law(lines, place, line)
    if found is not None or line.says is Autonomy.PROHIBIT:
        return found
    return _behind(lines, place, line) or _under_law_above(lines, line)


def _under_trade_law(lines: _Lines, place: int, line: Line) -> Finding | None:
    for at, other in enumerate(lines.listed):
        # Of two that forbid the same, the first listed is named in the refusal.
        later = line.says is Autonomy.PROHIBIT and at >= place
        if other.says is not Autonomy.PROHIBIT or later or not _covers(lines, other, line):
            continue
        because = f"{other.article} forbids all of it"
        if line.says is Autonomy.AUTOMATIC:
            return _never_automatic(line, other, because)
        return _needless(line, other, because)
    return None


def _behind(lines: _Lines, place: int, line: Line) -> Finding | None:
    """Lines of the same scope: the first listed decides, and a proposal never stands in for a refusal that is law."""
    for at, other in enumerate(lines.listed):
        refuses = line.says is Autonomy.PROPOSE and other.says is Autonomy.REFUSE and other.law
        if (
            other is line
            or other.level != line.level
            or other.says is Autonomy.PROHIBIT
            or (at > place and not refuses)
        ):
            continue
        if not _covers(lines, other, line) or _still_matters(lines, line, other, place, at):
            continue
        if at > place:
            return _needless(line, other, "law of the same scope refuses all of it")
        if line.says is Autonomy.AUTOMATIC and other.says is not Autonomy.AUTOMATIC:
            return _never_automatic(line, other, "it is listed before it, and the first that speaks decides")
        if other.says is Autonomy.AUTOMATIC is not line.says or (other.says < line.says and not line.law):
            return Finding(
                Fault.CONTRADICTORY, (line.rule.id, other.rule.id),
                f"{line.rule.id} {_HOLDS[line.says]} what {other.rule.id}, listed before it at {line.scope},"
                f" {_HOLDS[other.says]}: it never decides",
                f"list {line.rule.id} before {other.rule.id}, or drop one of them",
                f"{min(line.actions).replace('_', ' ')} at {line.scope}",
                law=line.law,
            )  # fmt: skip
        if other.says >= line.says:
            return _needless(line, other, "it is listed before it and speaks of all that it speaks of")
    return None


def _still_matters(lines: _Lines, line: Line, other: Line, place: int, at: int) -> bool:
    """Whether a third line of the scope gives this one something to decide although `other` covers it."""
    if at > place:
        return any(_shares(third, line) and third.says is Autonomy.AUTOMATIC for third in lines.listed[place:at])
    if line.says is Autonomy.REFUSE and line.law and not (other.says is Autonomy.REFUSE and other.law):
        # It stands in for a proposal listed before both.
        return any(_shares(third, line) and third.says is Autonomy.PROPOSE for third in lines.listed[:at])
    return False


def _shares(one: Line, other: Line) -> bool:
    return one.level == other.level and bool(one.actions & other.actions)


def _speaks_for_its_scope(lines: _Lines, law: Line) -> bool:
    """Whether no line listed before it could speak in its place, and bind less."""
    before = lines.listed[: lines.listed.index(law)]
    return all(
        other.says is Autonomy.PROHIBIT or not _shares(other, law) or (other.law and other.says >= law.says)
        for other in before
    )


def _under_law_above(lines: _Lines, line: Line) -> Finding | None:
    for other in lines.listed:
        prohibits = other.says is Autonomy.PROHIBIT
        if prohibits or not other.law or other.level >= line.level or other.says <= line.says:
            continue
        if _covers(lines, other, line) and _speaks_for_its_scope(lines, other):
            because = f"law at {other.scope} {_HOLDS[other.says]} all of it"
            if line.says is Autonomy.AUTOMATIC:
                return _never_automatic(line, other, because)
            return _needless(line, other, because)
    return None


def _never_automatic(line: Line, other: Line, because: str) -> Finding:
    soft = (
        f", or write `soft` in {other.rule.id}"
        if other.says is not Autonomy.PROHIBIT and other.level < line.level
        else ""
    )
    return Finding(
        Fault.NEVER_AUTOMATIC, (line.rule.id, other.rule.id),
        f"nothing is ever automatic by {line.rule.id}: {other.rule.id} stands against it, {because}",
        f"drop {line.rule.id}, or give {other.rule.id} conditions{soft}",
    )  # fmt: skip


def _needless(line: Line, other: Line, because: str) -> Finding:
    return Finding(
        Fault.SHADOWED, (line.rule.id, other.rule.id),
        f"{line.rule.id} changes nothing beside {other.rule.id}: {because}",
        f"drop {line.rule.id}, or narrow {other.rule.id}",
    )  # fmt: skip


_HOLDS = {
    Autonomy.AUTOMATIC: "lets happen by itself",
    Autonomy.PROPOSE: "has a person decide about",
    Autonomy.REFUSE: "refuses",
}


def _covers(lines: _Lines, other: Line, line: Line) -> bool:
    """Whether `other` speaks wherever `line` speaks."""
    mine, theirs = line.rule, other.rule
    return (
        line.actions <= other.actions
        and theirs.valid_from <= max(mine.valid_from, lines.on)
        and mine.valid_to <= theirs.valid_to
        and all(
            not wide or (bool(narrow) and narrow <= wide)
            for wide, narrow in (
                (other.channels, line.channels),
                (other.nodes, line.nodes),
                (other.categories, line.categories),
                (other.actors, line.actors),
                (other.roles, line.roles),
            )
        )
        and _covers_regions(lines, other, line)
        and _covers_goods(other, line)
        and _covers_bounds(other, line)
    )


def _covers_regions(lines: _Lines, other: Line, line: Line) -> bool:
    if not other.regions:
        return True
    if line.nodes:
        return all(other.regions & _regions(lines, node) for node in line.nodes)
    return bool(line.regions) and line.regions <= other.regions


def _covers_goods(other: Line, line: Line) -> bool:
    """An automatic line is silent where countries or bond are unknown, any other speaks."""
    if other.says is Autonomy.AUTOMATIC and line.says is not Autonomy.AUTOMATIC:
        return not other.origins and not other.destinations and other.bonded is None
    return (
        (not other.origins or (bool(line.origins) and line.origins <= other.origins))
        and (not other.destinations or (bool(line.destinations) and line.destinations <= other.destinations))
        and (other.bonded is None or line.bonded is other.bonded)
    )


def _covers_bounds(other: Line, line: Line) -> bool:
    theirs, mine = other.bounds, line.bounds
    if (other.says is Autonomy.AUTOMATIC) is not (line.says is Autonomy.AUTOMATIC):
        # One speaks inside its bounds, the other beyond: the first covers the second only without bounds of its own.
        return not theirs.any()
    free = other.says is Autonomy.AUTOMATIC
    return (
        _looser(theirs.cents, mine.cents, more=free)
        and _looser(theirs.units, mine.units, more=free)
        and _looser(theirs.age, mine.age, more=free)
        and _looser(theirs.confidence, mine.confidence, more=not free)
    )


def _looser(theirs: int | None, mine: int | None, *, more: bool) -> bool:
    """Whether a bound lets in all that mine lets in; `more`: a higher number lets in more."""
    if theirs is None:
        return True
    return mine is not None and (theirs >= mine if more else theirs <= mine)


def _regions(lines: _Lines, node: str) -> frozenset[str]:
    found = lines.table.regions_of(Place(node=NodeId(node)))
    assert found is not None
    return found
