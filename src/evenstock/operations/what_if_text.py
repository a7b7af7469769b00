"""Scenarios as people write them: ``peak: demand x1.3 at TX; freight x1.1``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from evenstock.rebalancing.scenarios.demand import DemandTimes, Launch
from evenstock.rebalancing.scenarios.money import KINDS, CostTimes
from evenstock.rebalancing.scenarios.policy import FloorDays, LaneClosed
from evenstock.rebalancing.scenarios.situation import Change
from evenstock.rebalancing.scenarios.supply import Budget, Docks, LeadDays, NodeClosed

_LIST: Final = r"[^\s,]+(?:\s*,\s*[^\s,]+)*"
_WHO: Final = rf"(?:\s+of\s+(?P<skus>{_LIST}))?(?:\s+at\s+(?P<nodes>{_LIST}))?"
_LANES: Final = rf"(?:\s+from\s+(?P<origins>{_LIST}))?(?:\s+to\s+(?P<destinations>{_LIST}))?"
_NUMBER: Final = r"\d+(?:\.\d+)?"
FORMS: Final = (
    "demand x1.2 [of SKU,SKU] [at NODE,NODE] [on days 3-9]",
    "launch NEW like OLD [x0.5] [from day 3] [at NODE]",
    f"{' | '.join(KINDS)} x1.3 [from NODE] [to NODE]",
    "lead +2 [from NODE] [to NODE]",
    "dock out 500 [at NODE]",
    "dock in 300 [at NODE]",
    "budget 2500",
    "close NODE [orders to NODE]",
    "freeze [from NODE] [to NODE]",
    "floor 10 days [of SKU] [at NODE]",
)
"""What can be said, one form a change."""


def read_scenario(text: str) -> tuple[str, tuple[Change, ...]]:
    """Name and changes of one scenario.

    Raises
    ------
    ValueError
        If it has no name or a change cannot be read; the message lists what can be said.

    Examples
    --------
    >>> name, changes = read_scenario("peak: demand x1.3 at TX; lead +2 to TX")
    >>> name, [change.sentence for change in changes]
    ('peak', ['all items at TX: demand times 1.3', 'lanes from all nodes to TX take +2 days'])
    """
    name, mark, said = text.partition(":")
    if not mark or not name.strip() or not said.strip():
        raise ValueError(f"scenario {text!r}: write NAME: change; change, such as 'peak: demand x1.3 at TX'")
    return name.strip(), tuple(_change(part.strip()) for part in said.split(";") if part.strip())


def _change(text: str) -> Change:
    for form, make in _READERS:
        found = re.fullmatch(form, text, re.IGNORECASE)
        if found:
            return make(found)
    raise ValueError(f"scenario: {text!r} cannot be read; write one of: " + "; ".join(FORMS))


def _names(found: re.Match[str], group: str) -> tuple[str, ...]:
    said = found.group(group)
    return tuple(part.strip() for part in said.split(",")) if said else ()


def _demand(found: re.Match[str]) -> Change:
    first, last = found.group("first"), found.group("last")
    return DemandTimes(
        float(found.group("times")),
        _names(found, "skus"),
        _names(found, "nodes"),
        int(first or 0),
        int(last) if last else None,
    )


def _launch(found: re.Match[str]) -> Change:
    return Launch(
        found.group("new"),
        found.group("old"),
        float(found.group("times") or 1.0),
        int(found.group("first") or 0),
        _names(found, "nodes"),
    )


def _cost(found: re.Match[str]) -> Change:
    kind = found.group("kind").lower()
    return CostTimes(kind, float(found.group("times")), _names(found, "origins"), _names(found, "destinations"))


def _lead(found: re.Match[str]) -> Change:
    return LeadDays(int(found.group("days")), _names(found, "origins"), _names(found, "destinations"))


def _dock(found: re.Match[str]) -> Change:
    units, nodes = int(found.group("units")), _names(found, "nodes")
    out = found.group("way").lower() == "out"
    return Docks(nodes, out_units=units) if out else Docks(nodes, in_units=units)


def _budget(found: re.Match[str]) -> Change:
    return Budget(round(100 * float(found.group("amount"))))


def _close(found: re.Match[str]) -> Change:
    return NodeClosed(found.group("node"), found.group("instead"))


def _freeze(found: re.Match[str]) -> Change:
    return LaneClosed(_names(found, "origins"), _names(found, "destinations"))


def _floor(found: re.Match[str]) -> Change:
    return FloorDays(float(found.group("days")), _names(found, "nodes"), _names(found, "skus"))


_LAUNCH: Final = (
    rf"launch\s+(?P<new>\S+)\s+like\s+(?P<old>\S+)(?:\s+x\s*(?P<times>{_NUMBER}))?(?:\s+from\s+day\s+(?P<first>\d+))?"
    rf"(?:\s+at\s+(?P<nodes>{_LIST}))?"
)
_READERS: Final[tuple[tuple[str, Callable[[re.Match[str]], Change]], ...]] = (
    (rf"demand\s+x\s*(?P<times>{_NUMBER}){_WHO}(?:\s+on\s+days?\s+(?P<first>\d+)(?:\s*-\s*(?P<last>\d+))?)?", _demand),
    (_LAUNCH, _launch),
    (rf"(?P<kind>{'|'.join(KINDS)})\s+x\s*(?P<times>{_NUMBER}){_LANES}", _cost),
    (rf"lead\s+(?P<days>[+-]?\d+){_LANES}", _lead),
    (rf"dock\s+(?P<way>in|out)\s+(?P<units>\d+)(?:\s+at\s+(?P<nodes>{_LIST}))?", _dock),
    (rf"budget\s+(?P<amount>{_NUMBER})", _budget),
    (r"close\s+(?P<node>\S+)(?:\s+orders\s+to\s+(?P<instead>\S+))?", _close),
    (rf"freeze{_LANES}", _freeze),
    (rf"floor\s+(?P<days>{_NUMBER})\s+days?{_WHO}", _floor),
)
