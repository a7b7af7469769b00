"""Rules that cannot be kept together, and orders that fall between them: found on orders made up from the conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from evenstock.policy.compiled import Part
from evenstock.policy.lint.finding import Fault, Finding
from evenstock.policy.lint.scope import Scope, everything
from evenstock.policy.lint.trial import Case, Trial

_CHANGE: Final = "change or drop one of them, or list a `permit` before them for the orders that shall ship"
_DELIBERATE: Final = frozenset({"forbid"})


def clashes(trial: Trial) -> Iterator[Finding]:
    """Contradictions of law, gaps that law leaves, and wishes that law never lets be kept."""
    if not trial.ways or not trial.network.items:
        return
    found: dict[tuple[str, ...], Finding] = {}
    for scope in _scopes(trial):
        explained = [finding.rules for finding in found.values() if finding.law]
        for finding in _of_scope(trial, scope, explained):
            known = found.get(finding.rules)
            if known is None or (finding.law and not known.law):
                found[finding.rules] = finding
    yield from found.values()
    yield from _wishes_never_kept(trial)
    yield from _preferences_without_choice(trial)


def smallest(case: Case, places: Iterable[int], *, keep: int | None = None) -> list[int]:
    """The fewest of these rules, later ones first to stay, that together leave no way; `keep` is one of them."""
    left = [place for place in places if place in case.barred]
    for place in list(left):
        if place != keep and case.dead([p for p in left if p != place]):
            left.remove(place)
    return left


def _scopes(trial: Trial) -> Iterator[Scope]:
    """Every order; those of each law; those that two laws speak of where neither speaks of all the other's."""
    yield everything(trial.on)
    law = [
        trial.scopes[p.place] for p in trial.parts if p.rule.hard and p.place in trial.scopes and trial.says(p, "bars")
    ]
    distinct = list(dict.fromkeys(law))
    yield from distinct
    for a, b in combinations(distinct, 2):
        both = a.meet(b)
        if both is not None and both not in (a, b):
            yield both


def _of_scope(trial: Trial, scope: Scope, explained: Sequence[tuple[str, ...]]) -> Iterator[Finding]:
    """`explained` are the contradictions known so far: what follows from one of them is not told again."""
    cases = list(trial.cases(scope))
    place_of = {part.rule.id: part.place for part in trial.parts}
    known = [[place_of[name] for name in names] for names in explained]
    hard = [part.place for part in trial.parts if part.rule.hard]
    for case in cases:
        if not case.dead(hard) or any(case.dead(places) for places in known):
            continue
        places = smallest(case, hard)
        parts = [trial.parts[place] for place in places]
        if len(parts) == 1 and _means_it(parts[0]):
            continue
        names = tuple(part.rule.id for part in parts)
        if len(parts) > 1 and all(other.dead(places) for other in cases):
            yield Finding(
                Fault.CONTRADICTORY, names,
                f"{_and(names)} leave no node for some order: {_each_bars(trial, case, places)}",
                _CHANGE, case.told, law=True,
            )  # fmt: skip
        else:
            yield Finding(
                Fault.GAP, names,
                f"no node may ship {case.item.sku}: {_each_bars(trial, case, places)}",
                "let some node or service carry it, or say with a `forbid` that names no node that it is not sold so",
                case.told,
            )  # fmt: skip


def _means_it(part: Part) -> bool:
    """A `forbid` that names neither node nor service says by itself that such orders do not ship."""
    return part.rule.kind in _DELIBERATE and not (part.given.has("nodes") or part.given.has("services"))


def _wishes_never_kept(trial: Trial) -> Iterator[Finding]:
    """A wish that law contradicts for every order it speaks of is given up every time."""
    hard = [part.place for part in trial.parts if part.rule.hard]
    for part in trial.parts:
        if part.rule.hard or part.place not in trial.scopes or not trial.says(part, "bars"):
            continue
        scope = trial.scopes[part.place]
        cases = list(trial.cases(scope))
        over = [place for place in hard if place in trial.scopes and scope.within(trial.scopes[place])]
        if not cases or not all(part.place in case.barred for case in cases):
            continue
        if all(case.dead([*over, part.place]) and not case.dead(over) for case in cases):
            case = cases[0]
            places = smallest(case, [*over, part.place], keep=part.place)
            names = (part.rule.id, *(trial.parts[place].rule.id for place in places if place != part.place))
            if len(names) > 1:
                yield Finding(
                    Fault.CONTRADICTORY, names,
                    f"the wish {part.rule.id} can never be kept beside {_and(names[1:])}:"
                    f" {_each_bars(trial, case, places)}",
                    "drop the wish, or change what it names",
                    case.told,
                )  # fmt: skip


def _preferences_without_choice(trial: Trial) -> Iterator[Finding]:
    """Every way that is preferred is barred by law: each order pays the cents and nothing is chosen by them."""
    hard = [part.place for part in trial.parts if part.rule.hard]
    for part in trial.parts:
        if part.place not in trial.scopes or not trial.says(part, "charges"):
            continue
        scope = trial.scopes[part.place]
        cases = list(trial.cases(scope))
        over = [place for place in hard if place in trial.scopes and scope.within(trial.scopes[place])]
        if not cases or not all(_never_preferred(case, part, over) for case in cases):
            continue
        names = (part.rule.id, *(trial.parts[p].rule.id for p in over if p in cases[0].barred))
        yield Finding(
            Fault.CONTRADICTORY, names,
            f"{part.rule.id} prefers what {_and(names[1:])} bars: every shipment is charged, none is preferred",
            "prefer a node or service that may ship, or drop the preference",
            cases[0].told,
        )  # fmt: skip


def _never_preferred(case: Case, part: Part, over: Sequence[int]) -> bool:
    charges = part.ruling.charges(case.question)
    if charges is None:
        return False
    preferred = charges == 0
    barred = np.zeros_like(preferred)
    for place in over:
        if place in case.barred:
            barred |= case.barred[place]
    return bool(preferred.any() and barred[preferred].all() and not barred.all())


def _each_bars(trial: Trial, case: Case, places: Sequence[int]) -> str:
    said = []
    for place in places:
        part = trial.parts[place]
        nodes = dict.fromkeys(
            str(case.question.candidates[k].node) for k in np.flatnonzero(case.barred[place]).tolist()
        )
        said.append(f"{part.rule.id} ({part.rule.kind}) bars ways from {', '.join(nodes)}")
    return "; ".join(said)


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
