"""What an operation asks before it acts, beside whoever acts: the rules with the stages, how fresh the data is, and what else could be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from evenstock.domain import ActionKind, IntendedAction, Lane, Supply
from evenstock.operations.autonomy.actor import Actor, actor_now
from evenstock.operations.autonomy.asking import Ruled, asks_roles, governed, rule_on, strictest
from evenstock.operations.autonomy.halting import halts_in_force, under_halts
from evenstock.operations.ports import Transaction
from evenstock.policy import CompiledPolicy
from evenstock.routing.knowledge import Knowledge

if TYPE_CHECKING:
    from evenstock.operations.company import Company


@dataclass(frozen=True, slots=True, eq=False)
class Governance:
    """Of a company as it stands."""

    policy: CompiledPolicy
    known: Knowledge | None = None
    supplies: Sequence[Supply] = ()
    lanes: Sequence[Lane] = ()

    @classmethod
    def of(cls, company: Company) -> Governance:
        network = company.network
        return cls(network.policy, company.known, network.supplies, network.lanes)

    def asked(self, on: date, *kinds: ActionKind) -> bool:
        """Whether any rule or stage may have a word about one of these; a halt is only read where it is asked in earnest."""
        return governed(self.policy, on, kinds)

    def asking(
        self,
        books: Transaction,
        now: datetime,
        kinds: Iterable[ActionKind],
        *,
        about: str = "",
        actor: Actor | None = None,
        staged: bool = True,
    ) -> Asking | None:
        """Whom and what to ask in this transaction, by whoever acts unless `actor` is named; None where nobody has a word.

        Parameters
        ----------
        staged
            Whether stages and halts count, as they do for all that software does.
        """
        on = now.astimezone(UTC).date()
        policy = under_halts(self.policy, halts_in_force(books)) if staged else unstaged(self.policy)
        if not governed(policy, on, kinds):
            return None
        return Asking(self, policy, actor or actor_now(books, about, roles=asks_roles(policy, on)), on, now)


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Somebody asks about several things in one transaction: under the halts that it has read, in his roles."""

    rules: Governance
    policy: CompiledPolicy
    actor: Actor
    on: date
    now: datetime

    def rule(self, actions: Iterable[IntendedAction], draw: str = "") -> Ruled:
        return rule_on(self.policy, actions, self.on, draw)


def unstaged(policy: CompiledPolicy) -> CompiledPolicy:
    """The rules alone."""
    if policy.staged is None:
        return policy
    alone = copy(policy)
    alone.staged = None
    return alone


def together(ruled: Iterable[Ruled], on: date) -> Ruled:
    """Several as one: the strictest of them."""
    judged = tuple(one for each in ruled for one in each.judged)
    return Ruled(judged, strictest(one.verdict for one in judged), on)
