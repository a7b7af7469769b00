"""Rules that can never apply, and rules that another one makes needless."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evenstock.policy.compiled import Part
from evenstock.policy.lint.finding import Fault, Finding
from evenstock.policy.lint.trial import Case, Trial

_REACHING: Final = frozenset({"forbid", "permit", "limit", "prefer", "dedicate"})
_CASTING: Final = frozenset({"forbid", "require", "limit", "certification", "pool", "hazmat", "oversize"})
"""Kinds that can make another rule needless for good; a closed node or a full day may open again."""
_CAST_ON: Final = frozenset({"forbid", "require", "limit", "hazmat", "oversize"})
_TIGHTER_IF_LESS: Final = {"max_shipments": ("shipments", True), "min_split_value": ("cents", False)}


def unreachable(trial: Trial) -> Iterator[Finding]:
    """Rules that no order, item or way of today's network can meet."""
    for part in trial.parts:
        because = _never(trial, part)
        if because:
            yield Finding(
                Fault.UNREACHABLE, (part.rule.id,), f"{part.rule.id} can never apply: {because[0]}", because[1]
            )


def _never(trial: Trial, part: Part) -> tuple[str, str] | None:
    rule, given, network = part.rule, part.given, trial.network
    if rule.valid_to < trial.on:
        return f"it ended on {rule.valid_to}", "drop it, or give it a later day"
    scope = trial.scopes[part.place]
    if scope.skus is not None and not scope.skus:
        return "none of its items is in one of its categories", "name items or categories, or items that are in them"
    if rule.kind in _REACHING and not _reaches(trial, part):
        return "none of its nodes ships by one of its services", "name a service that picks up there"
    if rule.kind == "hazmat":
        words = given.names("requires")
        if not any(words & item.requires for item in network.items.values()):
            return f"no item requires {' or '.join(sorted(words))}", "say in items what they require, or drop the rule"
    if rule.kind == "oversize" and not any(
        (given.has("longest_mm") and max(i.length_mm, i.width_mm, i.height_mm) > given.whole("longest_mm"))
        or (given.has("weight_g") and i.weight_g > given.whole("weight_g"))
        for i in network.items.values()
    ):
        return "no item is as large", "lower its sizes, or drop the rule"
    if rule.kind == "review_relaxed":
        wishes = {p.rule.id for p in trial.parts if not p.rule.hard}
        strange = sorted(given.names("rules") - wishes)
        if strange and strange == sorted(given.names("rules")):
            return f"it watches {', '.join(strange)}, which is no wish of this policy", "name a soft rule"
    if rule.kind == "permit" and not _any_after(trial, part):
        return (
            "no rule after it could bar what it permits",
            "list it before the forbid, require, dedicate or limit it is an exception to",
        )
    return None


def _reaches(trial: Trial, part: Part) -> bool:
    nodes, services = part.given.names("nodes"), part.given.names("services")
    at = trial.network.nodes
    return any((not nodes or at[k].id in nodes) and (not services or s in services) for k, s in trial.ways)


def _any_after(trial: Trial, permit: Part) -> bool:
    scope = trial.scopes[permit.place]
    for part in trial.parts[permit.place + 1 :]:
        if not part.ruling.yields_to_permit or part.place not in trial.scopes:
            continue
        # What is kept for some orders is barred to all others.
        if part.rule.kind == "dedicate" or scope.meet(trial.scopes[part.place]) is not None:
            return True
    return False


def shadowed(trial: Trial) -> Iterator[Finding]:
    """Rules that bar only what another bars for good, in every case their conditions allow."""
    for part in trial.parts:
        if part.place not in trial.scopes or _never(trial, part):
            continue
        if part.rule.kind in _CAST_ON:
            yield from _under_another(trial, part)
        elif part.rule.kind == "permit":
            yield from _permit_too_late(trial, part)
        elif part.rule.kind in _TIGHTER_IF_LESS:
            yield from _looser(trial, part)


def _under_another(trial: Trial, part: Part) -> Iterator[Finding]:
    scope = trial.scopes[part.place]
    cases = list(trial.cases(scope))
    if not cases:
        return
    if all(part.place not in case.barred for case in cases):
        permit = next(
            (p for p in trial.parts[: part.place] if p.rule.kind == "permit" and _covers(trial, p, part)), None
        )
        if permit is not None and any(any(part.ruling.bars(case.question)) for case in cases):
            yield Finding(
                Fault.SHADOWED, (part.rule.id, permit.rule.id),
                f"{part.rule.id} bars nothing: {permit.rule.id}, listed before it, permits all it speaks of",
                "list it before the permit, or drop one of them",
                cases[0].told,
            )  # fmt: skip
        return
    for other in trial.parts:
        if other is part or other.rule.kind not in _CASTING or not _covers(trial, other, part):
            continue
        twin = _covers(trial, part, other) and all(_same(case, part, other) for case in cases)
        # Of two that say the same the later one is needless; a wish never makes a law needless, nor another wish,
        # which may be kept where the first is given up.
        needless = not (twin and part.rule.hard and other.place > part.place)
        if not (needless if other.rule.hard else twin and not part.rule.hard and other.place < part.place):
            continue
        if all(_barred_by(case, part, other) for case in cases):
            yield Finding(
                Fault.SHADOWED, (part.rule.id, other.rule.id),
                f"{part.rule.id} changes nothing: {other.rule.id} bars everything that it bars",
                f"drop {part.rule.id}, or narrow {other.rule.id}",
                cases[0].told,
            )  # fmt: skip
            return


def _covers(trial: Trial, other: Part, part: Part) -> bool:
    """Whether `other` speaks of every order and line that `part` speaks of."""
    return other.place in trial.scopes and trial.scopes[part.place].within(trial.scopes[other.place])


def _barred_by(case: Case, part: Part, other: Part) -> bool:
    mine = case.barred.get(part.place)
    theirs = case.barred.get(other.place)
    return mine is None or (theirs is not None and bool((theirs | ~mine).all()))


def _same(case: Case, part: Part, other: Part) -> bool:
    return _barred_by(case, part, other) and _barred_by(case, other, part)


def _permit_too_late(trial: Trial, part: Part) -> Iterator[Finding]:
    """A permit after a law that bars all it permits comes too late."""
    cases = list(trial.cases(trial.scopes[part.place]))
    for other in trial.parts[: part.place]:
        if not other.rule.hard or other.rule.kind not in ("forbid", "require") or not _covers(trial, other, part):
            continue
        if cases and all(_bars_all_of(case, part, other) for case in cases):
            yield Finding(
                Fault.SHADOWED, (part.rule.id, other.rule.id),
                f"{part.rule.id} permits nothing: {other.rule.id}, listed before it, bars all of it",
                f"list {part.rule.id} before {other.rule.id}: the first that speaks of a way decides",
                cases[0].told,
            )  # fmt: skip
            return


def _bars_all_of(case: Case, permit: Part, other: Part) -> bool:
    permitted = permit.ruling.exempts(case.question)
    barred = case.barred.get(other.place)
    return permitted is not None and barred is not None and bool(barred[permitted.any(axis=1)].all())


def _looser(trial: Trial, part: Part) -> Iterator[Finding]:
    """A bound under a law that is as tight."""
    name, less = _TIGHTER_IF_LESS[part.rule.kind]
    mine = part.given.whole(name)
    for other in trial.parts:
        if other is part or other.rule.kind != part.rule.kind or not _covers(trial, other, part):
            continue
        theirs = other.given.whole(name)
        tight = theirs <= mine if less else theirs >= mine
        twin = theirs == mine and _covers(trial, part, other) and other.rule.hard == part.rule.hard
        if not tight or (twin and other.place > part.place) or not (other.rule.hard or twin):
            continue
        yield Finding(
            Fault.SHADOWED, (part.rule.id, other.rule.id),
            f"{part.rule.id} changes nothing: {other.rule.id} is law and bounds the same orders as tightly",
            f"drop {part.rule.id}, or loosen {other.rule.id}",
        )  # fmt: skip
        return
