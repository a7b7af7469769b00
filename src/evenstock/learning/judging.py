"""Whether a challenger may take the champion's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evenstock.domain.verdict import Allow, NeedsApproval, Refuse, Verdict
from evenstock.learning.gates import Gate, Outcome
from evenstock.learning.versions import ModelVersion

ROLE: Final = "planner"
"""Who may promote what the gates could not judge."""


def judge(challenger: ModelVersion, champion: ModelVersion | None, gates: Sequence[Gate]) -> Verdict:
    """Allow if every gate passed; ask a person where one could not be judged; refuse where one failed.

    Parameters
    ----------
    champion
        Which version serves; None where the fallback does.

    Notes
    -----
    A challenger without gates, of another subject, or with older data than the champion is refused whatever its figures.
    """
    if champion is not None:
        if challenger.subject != champion.subject:
            return Refuse(f"it speaks of {challenger.subject}, the champion of {champion.subject}")
        if challenger.id == champion.id:
            return Refuse(f"{champion.version} is the champion already")
        if challenger.cut_off < champion.cut_off:
            return Refuse(
                f"it has seen data up to {challenger.cut_off}, the champion up to {champion.cut_off}: train it again"
            )
    if not gates:
        return Refuse("it has passed no gate: backtest it first")
    failed = [gate.because for gate in gates if gate.outcome is Outcome.FAILED]
    if failed:
        return Refuse("; ".join(failed))
    open_ones = [gate.because for gate in gates if gate.outcome is Outcome.UNJUDGED]
    return NeedsApproval(ROLE, "; ".join(open_ones)) if open_ones else Allow()
