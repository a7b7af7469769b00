"""What the audit log says of an action that was done inside envelopes: enough to judge it again from the log alone."""

from __future__ import annotations

from datetime import date
from typing import Final

from evenstock.domain import Allow, NeedsApproval
from evenstock.operations.audit.deeds import Deed
from evenstock.operations.autonomy.authority import Judged
from evenstock.policy.autonomy import Autonomy

UNGOVERNED: Final = "ungoverned"
"""What the envelopes say where none of them speaks and a stage alone asked for a person."""


def act(judged: Judged, on: date, approval: str = "") -> Deed:
    """The deed of an action that is executed, written in the transaction that executes it; what is unknown is left out.

    Parameters
    ----------
    on
        Day on which it was judged.
    approval
        Request or case in which a person approved it; empty where it was done without one.

    Raises
    ------
    ValueError
        If nobody governs such actions: then the log says nothing of it.
    """
    if judged.verdict is None:
        raise ValueError(f"{judged.action.kind}: nobody governs it, so there is no deed of it; ask for `verdict` first")
    action, found = judged.action, judged.judgement
    line = found.line if found is not None else None
    said: Deed = {
        "did": "act",
        "kind": action.kind.value,
        "nodes": sorted(action.nodes),
        "categories": sorted(action.categories),
        "actor": action.actor.value,
        "roles": sorted([role.value for role in action.roles]),
        "on": on.isoformat(),
        "says": said_of(judged),
        "rule": line.rule.id if line is not None else "",
        "stage": judged.staged.stage.value,
    }
    for name in _KNOWN:
        value = getattr(action, name)
        if value is not None:
            said[name] = value
    if found is not None:
        said["policy"] = found.policy
    if approval:
        said["approval"] = approval
    return said


_KNOWN: Final = (
    "channel", "cents", "units", "confidence_millionths", "data_age_s", "origin_country", "destination_country", "bonded"
)  # fmt: skip


def said_of(judged: Judged) -> str:
    """What the envelopes say by themselves, in a rule's own word; `ungoverned` where they say nothing.

    Outside an envelope and where no line speaks a person decides: that is `propose`.
    """
    found = judged.judgement
    if found is None:
        return UNGOVERNED
    if isinstance(found.verdict, Allow):
        return "automatic"
    if isinstance(found.verdict, NeedsApproval):
        return "propose"
    return "prohibit" if found.line is not None and found.line.says is Autonomy.PROHIBIT else "refuse"
