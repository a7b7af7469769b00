"""Somebody who is away lets another decide for him: for some days, no farther than his own right reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from evenstock.domain import ApprovalRequest, NodeId, digest, rfc3339
from evenstock.domain.approval import PERSON
from evenstock.operations.access.limits import Limits
from evenstock.operations.access.people import active_person
from evenstock.operations.access.principal import Grant, Role
from evenstock.operations.approvals.entitled import NotEntitledError, covers, grants_of_person, require_within
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.ports import Entry, Store, StoreError, Transaction

KIND: Final = "delegation"
LONGEST_DAYS: Final = 60
DECIDE: Final = frozenset({Role.PLANNER, Role.NODE_OPERATOR, Role.APPROVER, Role.POLICY_ADMIN})
"""Roles that a request can ask."""
_HELD, _ENDED = "held", "ended"


@dataclass(frozen=True, slots=True)
class Delegation:
    """One person's right to decide, lent to another."""

    giver: str
    """Such as `person:ana@example.com`."""
    taker: str
    first: date
    last: date
    """Both days count, by the store's clock in UTC."""
    because: str
    nodes: tuple[NodeId, ...] = ()
    """Only there; empty: wherever the giver may."""
    limit_cents: int | None = None
    """Most that one decision may be worth; None: as the giver's own."""
    made_at: datetime | None = None
    ended: bool = False
    ended_by: str = ""
    id: str = ""
    step: int = 0

    def __post_init__(self) -> None:
        if not self.giver.startswith(PERSON) or not self.taker.startswith(PERSON):
            raise ValueError("only people delegate, and only to people")
        if self.giver == self.taker:
            raise ValueError(f"{self.giver} cannot delegate to himself")
        if not self.first <= self.last:
            raise ValueError(f"a delegation from {self.first} to {self.last} has no day; give the earlier day first")
        if (self.last - self.first).days >= LONGEST_DAYS:
            raise ValueError(
                f"a delegation lasts {LONGEST_DAYS} days at most; who is away for longer hands over his role"
            )
        if not self.because.strip():
            raise ValueError("say why it is delegated")
        if self.limit_cents is not None and self.limit_cents < 0:
            raise ValueError(f"a limit of {self.limit_cents} cents permits nothing; do not delegate")

    def holds(self, on: date) -> bool:
        return not self.ended and self.first <= on <= self.last


def delegate(store: Store, wanted: Delegation, now: datetime, limits: Limits) -> Delegation:
    """Keep a delegation; the same again is kept once.

    Raises
    ------
    ValueError
        If it is over already, or reaches farther than the giver's own right: the sentence says in what.
    UnknownPersonError
        If either has no account, or a disabled one. NotEntitledError if the giver decides nothing, or the taker manages accounts.
    """
    with store.transaction() as books:
        giver = active_person(books, wanted.giver.removeprefix(PERSON))
        taker = active_person(books, wanted.taker.removeprefix(PERSON))
        today = books.clock().date()
        if wanted.last < today:
            raise ValueError(f"{wanted.last} has passed; delegate from today on")
        if taker.administers:
            raise NotEntitledError(f"{wanted.taker} manages accounts, and whoever does approves nothing")
        grants = [grant for grant in giver.grants if grant.role in DECIDE]
        _refuse_wider(wanted, grants, limits)
        name = digest(
            {
                "giver": wanted.giver, "taker": wanted.taker, "first": wanted.first, "last": wanted.last,
                "nodes": sorted(wanted.nodes), "limit": wanted.limit_cents,
            }
        ).removeprefix("sha256:")[:16]  # fmt: skip
        known = books.entry(KIND, f"delegation-{name}")
        if known is not None and not delegation_of(known).ended:
            return delegation_of(known)
        made = replace(wanted, id=f"delegation-{name}", made_at=now, step=0 if known is None else known.step + 1)
        if known is None:
            books.enter(_entry(made))
        else:
            books.change_entry(known.step, _entry(made))
        return made


def end_delegation(store: Store, name: str, by: str, now: datetime) -> Delegation:
    """Take it back at once; ended again, the same. Raises StoreError if there is none."""
    with store.transaction() as books:
        kept = books.entry(KIND, name)
        if kept is None:
            raise StoreError(f"there is no delegation {name}")
        found = delegation_of(kept)
        if found.ended:
            return found
        ended = replace(found, ended=True, ended_by=name_of(by), step=found.step + 1)
        books.change_entry(found.step, _entry(ended, now))
        return ended


def delegations(books: Transaction, *, everything: bool = False) -> list[Delegation]:
    """By id: those not ended whose last day has not passed; all there ever were with `everything`."""
    today, after = books.clock().date(), ""
    found: list[Delegation] = []
    while page := books.entries(KIND, state=None if everything else _HELD, after=after, limit=500):
        found += map(delegation_of, page)
        after = page[-1].id
    return [one for one in found if everything or one.last >= today]


def require_delegated(
    books: Transaction, request: ApprovalRequest, giver: str, taker: str, limits: Limits
) -> Delegation:
    """The delegation by which `taker` decides about a request for `giver`.

    Raises
    ------
    NotEntitledError
        If there is none today, or it does not reach there. OverLimitError if the giver himself might not.
    """
    today = books.clock().date()
    held = [d for d in delegations(books) if (d.giver, d.taker) == (giver, taker) and d.holds(today)]
    if not held:
        raise NotEntitledError(f"{giver} has not delegated to {taker} for today")
    own = grants_of_person(books, giver, None)
    if own is None:
        raise NotEntitledError(f"{giver} has no account here and can delegate nothing")
    require_within(request, giver, own, limits)
    for one in held:
        inside = not one.nodes or (bool(request.nodes) and set(request.nodes) <= set(one.nodes))
        if inside and (one.limit_cents is None or request.cents <= one.limit_cents):
            return one
    raise NotEntitledError(f"what {giver} delegated to {taker} does not reach {request.id}")


def _refuse_wider(wanted: Delegation, grants: list[Grant], limits: Limits) -> None:
    if not grants:
        raise NotEntitledError(f"{wanted.giver} decides nothing that could be delegated")
    countries = limits.countries() if any(grant.regions for grant in grants) else {}
    for node in wanted.nodes:
        here = [grant for grant in grants if covers(grant, node, countries.get(node, ""))]
        if not here:
            raise ValueError(f"{wanted.giver} does not decide at {node}; delegate where he does")
        _refuse_dearer(wanted, here)
    _refuse_dearer(wanted, grants)


def _refuse_dearer(wanted: Delegation, grants: list[Grant]) -> None:
    bounds = [grant.limit_cents for grant in grants if grant.limit_cents is not None]
    if len(bounds) == len(grants) and wanted.limit_cents is not None and wanted.limit_cents > max(bounds):
        raise ValueError(f"{wanted.giver} decides about {max(bounds) / 100:,.2f} at most; delegate no more than that")


def _entry(one: Delegation, ended_at: datetime | None = None) -> Entry:
    body: Mapping[str, Any] = {
        "giver": one.giver,
        "taker": one.taker,
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
        "because": one.because,
        "nodes": sorted(one.nodes),
        "limit_cents": one.limit_cents,
        "made_at": rfc3339(one.made_at) if one.made_at else None,
        "ended_by": one.ended_by,
        "ended_at": rfc3339(ended_at) if ended_at else None,
    }
    return Entry(KIND, one.id, body, one.step, _ENDED if one.ended else _HELD)


def delegation_of(entry: Entry) -> Delegation:
    said = entry.body
    return Delegation(
        giver=said["giver"],
        taker=said["taker"],
        first=date.fromisoformat(said["first"]),
        last=date.fromisoformat(said["last"]),
        because=said["because"],
        nodes=tuple(map(NodeId, said["nodes"])),
        limit_cents=said["limit_cents"],
        made_at=datetime.fromisoformat(said["made_at"]) if said["made_at"] else None,
        ended=entry.state == _ENDED,
        ended_by=said["ended_by"],
        id=entry.id,
        step=entry.step,
    )
