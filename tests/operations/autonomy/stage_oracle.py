"""Stages as somebody would work them out by hand: slow, and with nothing remembered."""

import datetime as dt
import hashlib

from evenstock.domain import ActionKind, IntendedAction
from evenstock.operations.autonomy.stages import Stage, StageLine, Stages

ORDER = [Stage.SUPPORT, Stage.GUIDED, Stage.AUTOMATIC]


def least(stages: list[Stage]) -> Stage:
    return min(stages, key=ORDER.index)


def drawn(draw: str) -> int:
    number = int.from_bytes(hashlib.sha256(b"roll-out:" + draw.encode()).digest()[:8], "big")
    return number % 10_000


def said(line: StageLine, draw: str) -> Stage:
    if line.share_bp == 10_000:
        return line.stage
    if not draw:
        return line.otherwise
    return line.stage if drawn(draw) < line.share_bp else line.otherwise


def speaks(kinds: frozenset[ActionKind], kind: ActionKind) -> bool:
    if not kinds:
        return True
    if kind is ActionKind.SPLIT:
        return ActionKind.SPLIT in kinds or ActionKind.ROUTE in kinds
    return kind in kinds


def holds_at(scope, node, channel, category, regions) -> str:
    """`yes`, `no` or `perhaps`."""
    answers = []
    for names, there in ((scope.nodes, node), (scope.channels, channel), (scope.categories, category)):
        if names:
            answers.append("perhaps" if there is None else "yes" if there in names else "no")
    if scope.regions:
        answers.append("perhaps" if regions is None else "yes" if scope.regions & regions else "no")
    if "no" in answers:
        return "no"
    return "perhaps" if "perhaps" in answers else "yes"


def weight(scope) -> tuple[int, int]:
    place = 8 * (len(scope.categories) > 0) + 4 * (len(scope.nodes) > 0)
    place += 2 * (len(scope.channels) > 0) + (len(scope.regions) > 0)
    return place, int(len(scope.kinds) > 0)


def stage_of(stages: Stages, action: IntendedAction, draw: str, on: dt.date, regions_of) -> Stage:
    if action.kind in (ActionKind.ROUTE, ActionKind.SPLIT) and not stages.routing.live:
        return Stage.SUPPORT
    found = []
    halted = False
    for node in list(action.nodes) or [None]:
        regions = None if node is None or regions_of is None else regions_of(node)
        for category in list(action.categories) or [None]:
            in_force = []
            for line in stages.lines:
                if not speaks(line.scope.kinds, action.kind) or not line.valid_from <= on <= line.valid_to:
                    continue
                # Of one scope the line that began last; of two that began on one day the one set last.
                later = [
                    other
                    for place, other in enumerate(stages.lines)
                    if other.scope == line.scope
                    and other.valid_from <= on <= other.valid_to
                    and (other.valid_from, place) > (line.valid_from, stages.lines.index(line))
                ]
                if not later:
                    in_force.append(line)
            surely = [x for x in in_force if holds_at(x.scope, node, action.channel, category, regions) == "yes"]
            perhaps = [x for x in in_force if holds_at(x.scope, node, action.channel, category, regions) == "perhaps"]
            deciding = []
            if surely:
                heaviest = max(weight(x.scope) for x in surely)
                deciding = [x for x in surely if weight(x.scope) == heaviest]
                deciding += [x for x in perhaps if weight(x.scope) >= heaviest]
            else:
                deciding = perhaps
            found.append(least([said(x, draw) for x in deciding] or [Stage.AUTOMATIC]))
            for halt in stages.halts:
                if speaks(halt.scope.kinds, action.kind):
                    halted |= holds_at(halt.scope, node, action.channel, category, regions) != "no"
    return least([*found, Stage.GUIDED]) if halted else least(found)
