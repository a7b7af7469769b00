"""Whether a change of the stages lets software go further anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import product
from typing import Final

from evenstock.domain import ActionKind, NodeId
from evenstock.operations.autonomy.live_routing import ALL_BP, RollOut
from evenstock.operations.autonomy.stages import Place, StageLine, Stages

MOST: Final = 200_000
"""Places, kinds, shares and days looked at; where there are more the change counts as wider."""


def wider(before: Stages, after: Stages) -> bool:
    """Whether any action might be let further than before: at every place that a line names and at one that none does,
    for every kind, on every day on which a line begins or ends, for every part that a share cuts off.
    """
    if _reaches_further(before.routing, after.routing):
        return True
    lines = (*before.lines, *after.lines)
    if not lines:
        return False
    axes = (
        _named(line.scope.nodes for line in lines),
        _named(line.scope.channels for line in lines),
        _named(line.scope.categories for line in lines),
        _named(line.scope.regions for line in lines),
        list(ActionKind),
        sorted({0, *(line.share_bp for line in lines if line.share_bp < ALL_BP)}),
        _days(lines),
    )
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > MOST:
        return True
    for node, channel, category, region, kind, drawn, on in product(*axes):
        place = Place(NodeId(node), channel, category, frozenset((region,)))
        if after.at(place, kind, drawn, on).stage.rank > before.at(place, kind, drawn, on).stage.rank:
            return True
    return False


def _named(names: Iterable[Iterable[str]]) -> list[str]:
    """Every name, and one that is none."""
    return sorted({str(name) for some in names for name in some} | {""})


def _days(lines: Iterable[StageLine]) -> list[date]:
    return sorted({date.min, *_turns(lines)})


def _turns(lines: Iterable[StageLine]) -> Iterator[date]:
    for line in lines:
        yield line.valid_from
        if line.valid_to < date.max:
            yield line.valid_to
            yield date.fromordinal(line.valid_to.toordinal() + 1)


def _reaches_further(old: RollOut, new: RollOut) -> bool:
    """Whether routing acts for an order or a plan for which it did not."""
    if not new.live or not new.share_bp:
        return False
    if not old.live:
        return True

    def more(had: frozenset[str], has: frozenset[str]) -> bool:
        return bool(had) and (not has or not has <= had)

    nodes = frozenset(map(str, old.nodes)), frozenset(map(str, new.nodes))
    return new.share_bp > old.share_bp or more(old.order_classes, new.order_classes) or more(*nodes)
