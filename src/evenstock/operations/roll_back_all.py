"""Takes rules, weights, models and stages back together, in one transaction: to a moment, or each by one step.

Each part goes back along its own versions, and each says to what. A part that stands where it should already is left as it
is, so that asking twice for the same moment does it once. Halts stay: what was stopped is resumed by somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenstock.domain import Event, refuse_naive, rfc3339
from evenstock.learning import ChampionRecord, Deed, line_of_succession
from evenstock.operations.autonomy.keeping import StagesVersion, keep_version, stage_history, version_in_force
from evenstock.operations.autonomy.live_routing import RollOut
from evenstock.operations.autonomy.stages import Stages
from evenstock.operations.cost_book import back_to, cost_history, costs_in_force, keep_costs
from evenstock.operations.demand_inputs import SUBJECT
from evenstock.operations.model_versions import champion_of, champion_records, crown
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rulebook import Activation, history, return_to_rules


class Part(StrEnum):
    """What can be taken back."""

    RULES = "rules"
    """The policy: the version of the rules in force."""
    WEIGHTS = "weights"
    """The company's costs, by which decisions weigh one thing against another."""
    MODELS = "models"
    """The champion that forecasts demand."""
    STAGES = "stages"
    """How far software may go, and routing's roll-out."""


EVERY: Final = frozenset(Part)


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one part."""

    part: Part
    now: str
    """What is in force, in words."""
    then: str
    """What is in force after it."""
    changes: bool
    because: str = ""
    """Why it stays, where it does."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What was taken back, or would be."""

    steps: tuple[Step, ...]
    done: bool
    """False of a rehearsal, which changes nothing."""


@dataclass(frozen=True, slots=True)
class Planned:
    step: Step
    do: Callable[[Store], object] = lambda _: None


@dataclass(frozen=True, slots=True)
class Asked:
    """By whom, why, when, and back to which moment; None: each part by one step."""

    by: str
    because: str
    now: datetime
    to: datetime | None


def roll_back_all(
    store: Store,
    snapshots: Snapshots,
    *,
    by: str,
    because: str,
    now: datetime,
    to: datetime | None = None,
    parts: Collection[Part] = EVERY,
    rehearse: bool = False,
) -> RolledBack:
    """Take the parts back, all of them or none.

    Parameters
    ----------
    to
        What was in force at this moment; without it, each part goes one step back.
    rehearse
        Say what would change, and change nothing.

    Raises
    ------
    ValueError
        If nobody says who and why, no part is named, or the moment lies ahead.
    StoreError
        If what a part would return to cannot be used any more; then no part has changed.
    ConflictError
        If somebody else changed one of them in the meantime; then no part has changed.
    """
    refuse_naive(now, "now")
    if not by.strip() or not because.strip():
        raise ValueError("a roll-back says who decided it and why")
    if not parts:
        raise ValueError(f"name at least one part: {', '.join(Part)}")
    if to is not None:
        refuse_naive(to, "to")
        if to > now:
            raise ValueError(f"a roll-back goes to a moment that was, not to {rfc3339(to)}")
    asked = Asked(by.strip(), because.strip(), now, to)
    if rehearse:
        planned = [_PLANS[part](store, snapshots, asked) for part in Part if part in parts]
        return RolledBack(tuple(one.step for one in planned), done=False)
    with store.transaction() as books:
        joined = JoinedStore(books)
        planned = [_PLANS[part](joined, snapshots, asked) for part in Part if part in parts]
        for one in planned:
            if one.step.changes:
                one.do(joined)
        told = [
            {"part": one.step.part.value, "from": one.step.now, "to": one.step.then}
            for one in planned
            if one.step.changes
        ]
        if told:
            name = f"rolled-back:{rfc3339(now)}"
            body = {"parts": told, "by": asked.by, "because": asked.because}
            books.publish([Event(name, "RolledBack", "autonomy", now, body)])
    return RolledBack(tuple(one.step for one in planned), done=True)


def _rules(store: Store, snapshots: Snapshots, asked: Asked) -> Planned:
    deeds = history(store, snapshots)
    current = deeds[-1] if deeds else None
    target = _target_of_rules(deeds, asked.to)

    def named(deed: Activation | None) -> str:
        return f"version {deed.version}" if deed is not None and deed.version else "the imported table"

    if (current.kept if current else "") == (target.kept if target else "") or current is None:
        return Planned(_stays(Part.RULES, named(current), asked.to))
    step = Step(Part.RULES, named(current), named(target), changes=True)
    return Planned(
        step,
        lambda books: return_to_rules(books, snapshots, target, by=asked.by, because=asked.because, now=asked.now),
    )


def _target_of_rules(deeds: Sequence[Activation], to: datetime | None) -> Activation | None:
    if to is not None:
        return next((deed for deed in reversed(deeds) if deed.at <= to), None)
    current = deeds[-1] if deeds else None
    if current is None or not current.version:
        return current
    return _kept_as(deeds, current.before)


def _kept_as(deeds: Sequence[Activation], before: str) -> Activation | None:
    """The deed that a snapshot keeps: the one that another names as the deed before it."""
    return next((deeds[k - 1] for k in range(1, len(deeds)) if deeds[k].previous == before), None) if before else None


def _weights(store: Store, snapshots: Snapshots, asked: Asked) -> Planned:
    versions = cost_history(store, snapshots)
    with store.reading() as books:
        current = costs_in_force(books, snapshots)

    def named(amounts: object) -> str:
        return f"costs {amounts}" if amounts else "the imported costs"

    now = named(dict(current.amounts) if current else {})
    if asked.to is not None:
        target = next((version.kept for version in reversed(versions) if version.at <= asked.to), "")
    else:
        target = current.previous if current is not None else ""
    there = next((version for version in versions if version.kept == target), None)
    amounts = dict(there.amounts) if there else {}
    if current is None or dict(current.amounts) == amounts:
        return Planned(_stays(Part.WEIGHTS, now, asked.to))
    back = back_to(current, target, snapshots, by=asked.by, because=asked.because, now=asked.now)
    return Planned(
        Step(Part.WEIGHTS, now, named(amounts), changes=True), lambda books: keep_costs(books, snapshots, back)
    )


def _models(store: Store, snapshots: Snapshots, asked: Asked) -> Planned:
    champion = champion_of(store, snapshots, SUBJECT)
    records = champion_records(store, snapshots, SUBJECT)
    if asked.to is not None:
        target = next((record for record in reversed(records) if record.at <= asked.to), None)
    else:
        standing = line_of_succession(records)
        target = standing[-2] if len(standing) > 1 else None

    def named(version: str) -> str:
        return f"model {version[:19]}" if version else "the fast forecast"

    serves, wanted = champion.record.version if champion else "", target.version if target else ""
    if champion is None or serves == wanted:
        return Planned(_stays(Part.MODELS, named(serves), asked.to))
    record = ChampionRecord(
        SUBJECT, Deed.ROLLED_BACK, wanted, target.kept if target else "", champion.digest, asked.by, asked.now,
        asked.because,
    )  # fmt: skip
    return Planned(
        Step(Part.MODELS, named(serves), named(wanted), changes=True),
        lambda books: crown(books, snapshots, record, ()),
    )


def _stages(store: Store, snapshots: Snapshots, asked: Asked) -> Planned:
    with store.reading() as books:
        current = version_in_force(books, snapshots)
    versions = stage_history(store, snapshots)
    if asked.to is not None:
        target = next((v for v in reversed(versions) if v.at is not None and v.at <= asked.to), None)
        stages = target.stages if target is not None else Stages()
    else:
        previous = current.previous if current is not None else ""
        target = next((version for version in versions if version.kept == previous), None)
        # As one step back of the stages alone: before the first, routing is in shadow.
        stages = target.stages if target is not None else Stages(routing=RollOut(live=False))
    if current is None or _bare(current.stages) == _bare(stages):
        return Planned(_stays(Part.STAGES, _told(current.stages if current else Stages()), asked.to))
    back = StagesVersion(
        stages, asked.by, f"rolled back: {asked.because}", asked.now, "", target.previous if target else "",
        current.kept, evidence=target.evidence if target else "",
    )  # fmt: skip
    seen = current.kept
    return Planned(
        Step(Part.STAGES, _told(current.stages), _told(stages), changes=True),
        lambda books: keep_version(books, snapshots, back, seen, asked.now),
    )


def _bare(stages: Stages) -> Stages:
    """What a version says, whoever said it."""
    routing = replace(stages.routing, by="", because="", since=None, previous="", digest="")
    return replace(stages, routing=routing, halts=())


def _told(stages: Stages) -> str:
    return "; ".join((f"routing {stages.routing}", *map(str, stages.lines)))


def _stays(part: Part, now: str, to: datetime | None) -> Step:
    because = "it was in force at that moment already" if to is not None else "there is nothing before it"
    return Step(part, now, now, changes=False, because=because)


_PLANS: Final[dict[Part, Callable[[Store, Snapshots, Asked], Planned]]] = {
    Part.RULES: _rules,
    Part.WEIGHTS: _weights,
    Part.MODELS: _models,
    Part.STAGES: _stages,
}
