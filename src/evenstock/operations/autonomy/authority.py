"""One answer to whether an action is done, proposed or refused: envelopes of the policy, then the stage of its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from evenstock.domain import Allow, IntendedAction, NeedsApproval, Refuse, Verdict
from evenstock.operations.autonomy.stages import EVERYWHERE, Halt, RegionsOf, Stage, Staged, Stages
from evenstock.policy import CompiledPolicy
from evenstock.policy.autonomy import Judgement, Place
from evenstock.policy.autonomy.table import ANYBODY


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What is to become of one action."""

    action: IntendedAction
    verdict: Verdict | None
    """None where no line holds it back, none frees such actions anywhere and no stage holds it: the operation's own limits count."""
    judgement: Judgement | None
    """What the envelopes say by themselves; None where they say nothing."""
    staged: Staged

    @property
    def automatic(self) -> bool:
        """Whether nothing here asks for a person."""
        return self.verdict is None or isinstance(self.verdict, Allow)


@dataclass(frozen=True, slots=True, eq=False)
class Authority:
    """A policy and the stages in force."""

    policy: CompiledPolicy
    stages: Stages = EVERYWHERE

    def judge(self, action: IntendedAction, on: date, draw: str = "") -> Judged:
        """The strictest of both.

        Parameters
        ----------
        draw
            An id by which a percentage of the actions is chosen where a stage is rolled out to a share of them.
        """
        staged = self.stages.of(action, draw, on, self._regions_on(on))
        found = self.policy.verdict(action, on)
        judgement = found if found.line is not None or self.policy.governs(action.kind, on) else None
        said = judgement.verdict if judgement is not None else None
        if staged.stage is Stage.AUTOMATIC or isinstance(said, (Refuse, NeedsApproval)):
            return Judged(action, said, judgement, staged)
        return Judged(action, NeedsApproval(ANYBODY, staged.because), judgement, staged)

    def under(self, halts: tuple[Halt, ...]) -> Authority:
        """The same authority under the halts that the deciding transaction itself has read: `halts_of` says them."""
        stages = self.stages.halted_by(halts)
        return self if stages is self.stages else replace(self, stages=stages)

    def _regions_on(self, on: date) -> RegionsOf:
        table = self.policy.autonomy(on)
        return lambda node: table.regions_of(Place(node)) or frozenset()
