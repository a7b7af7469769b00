"""Asks about what is to be done, all of its actions at once: the strictest answer counts, and a refusal before a proposal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from evenstock.domain import ActionKind, Allow, IntendedAction, NeedsApproval, Refuse, Verdict
from evenstock.operations.audit.audited_store import say
from evenstock.operations.audit.deeds import Deed
from evenstock.operations.autonomy.acted import act
from evenstock.operations.autonomy.authority import Authority, Judged
from evenstock.operations.autonomy.stages import EVERYWHERE, Stage, Stages
from evenstock.operations.ports import Transaction
from evenstock.policy import CompiledPolicy

WAIT: Final = "wait"
"""What a case does at its deadline where an envelope asked for a person: silence is no consent."""


@dataclass(frozen=True, slots=True, eq=False)
class Ruled:
    """What is to become of something that is one or more actions."""

    judged: tuple[Judged, ...]
    """Those of them that anybody governs."""
    verdict: Verdict | None
    """The strictest; None where nobody governs any of them, and the operation's own limits count alone."""
    on: date

    @property
    def automatic(self) -> bool:
        """Whether nobody has to be asked."""
        return self.verdict is None or isinstance(self.verdict, Allow)

    @property
    def released(self) -> bool:
        """Whether envelopes and stages say that it is done without a person: not where they say nothing."""
        return isinstance(self.verdict, Allow)

    @property
    def refused(self) -> Refuse | None:
        return self.verdict if isinstance(self.verdict, Refuse) else None

    @property
    def asks(self) -> NeedsApproval | None:
        return self.verdict if isinstance(self.verdict, NeedsApproval) else None

    @property
    def support(self) -> bool:
        """Whether the stage lets software only say what it would do."""
        return any(one.staged.stage is Stage.SUPPORT for one in self.judged)

    @property
    def people(self) -> int:
        """How many different people must agree, where somebody must."""
        return max((one.judgement.people for one in self.judged if one.judgement is not None), default=1)

    def acts(self, approval: str = "") -> list[Deed]:
        """What the audit log says when it is done; of an approval, in which request or case."""
        return [act(one, self.on, approval) for one in self.judged]

    def say(self, books: Transaction, about: str, approval: str = "") -> None:
        """Tell the audit log that it is done, in the transaction that does it."""
        for deed in self.acts(approval):
            say(books, about, deed)


def authority_of(policy: CompiledPolicy) -> Authority:
    """The policy with the stages in force beside it."""
    staged = policy.staged
    return Authority(policy, staged if isinstance(staged, Stages) else EVERYWHERE)


def governed(policy: CompiledPolicy, on: date, kinds: Iterable[ActionKind]) -> bool:
    """Whether any rule about autonomy or any stage may have a word about one of these; else nothing need be asked."""
    if policy.autonomy(on).lines:
        return True
    staged = policy.staged
    return isinstance(staged, Stages) and staged is not EVERYWHERE and not all(map(staged.silent, kinds))


def rule_on(policy: CompiledPolicy, actions: Iterable[IntendedAction], on: date, draw: str = "") -> Ruled:
    """What is to become of these together; every refusal and every reason of the strictest kind is named."""
    authority = authority_of(policy)
    judged = tuple([one for one in [authority.judge(a, on, draw) for a in actions] if one.verdict is not None])
    verdict = judged[0].verdict if len(judged) == 1 else strictest(one.verdict for one in judged)
    return Ruled(judged, verdict, on)


def asks_roles(policy: CompiledPolicy, on: date) -> bool:
    """Whether any line in force speaks of roles, so that those of the actor must be known."""
    return any(line.roles for line in policy.autonomy(on).lines)


def strictest(given: Iterable[Verdict | None]) -> Verdict | None:
    """A refusal before a proposal before leave, with every reason of its kind; None where nobody says anything."""
    verdicts = [verdict for verdict in given if verdict is not None]
    refused = [v.because for v in verdicts if isinstance(v, Refuse)]
    if refused:
        return Refuse("; ".join(dict.fromkeys(refused)))
    asks = [v for v in verdicts if isinstance(v, NeedsApproval)]
    if asks:
        return NeedsApproval(asks[0].role, "; ".join(dict.fromkeys(v.because for v in asks)))
    return Allow() if verdicts else None
