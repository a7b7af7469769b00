"""Up to which money somebody may decide: the limits of his grants, wherever he decides from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from evenstock.domain import NodeId
from evenstock.operations.access.api_key import KIND as KEY
from evenstock.operations.access.api_key import key_of
from evenstock.operations.access.people import account_name, find_person
from evenstock.operations.access.principal import Grant, Role
from evenstock.operations.ports import StoreError, Transaction

APPROVES: Final = frozenset({Role.APPROVER})
"""Roles that approve plans."""
ANSWERS: Final = frozenset({Role.PLANNER, Role.NODE_OPERATOR, Role.APPROVER})
"""Roles that answer cases of the queue."""


class OverLimitError(StoreError):
    """It is worth more than this person may decide about."""

    def __init__(self, what: str, cents: int, limit_cents: int, node: str) -> None:
        where = f" at {node}" if node else ""
        super().__init__(f"{what} is worth {cents / 100:,.2f}; you may approve up to {limit_cents / 100:,.2f}{where}")
        self.cents, self.limit_cents, self.node = cents, limit_cents, node


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the money of one who decides.

    Rights add up: one grant that permits the decision without a limit, or with a higher one, is enough. Nobody without a
    grant is bounded here: whether he may decide at all is asked where he comes in.
    """

    grants: tuple[Grant, ...] | None = None
    """His; None: those of the account or key that he decides as, none where there is no such account."""
    countries: Callable[[], Mapping[NodeId, str]] = dict
    """Country of each node; asked only where a grant holds in countries."""
    within: tuple[Grant, ...] | None = None
    """Grants of whoever owns the key that decides: its limits hold too. None: of no person, or found by the key's name."""

    def require(
        self, books: Transaction, by: str, roles: frozenset[Role], cents: int, nodes: Iterable[NodeId], what: str
    ) -> None:
        """Raise OverLimitError unless at every node `by` may decide, in one of these roles, about so much.

        Parameters
        ----------
        by
            Such as `person:ana@example.com`, `key:ek_3f9a`, or the name of an account alone.
        cents
            What is decided about, all nodes together: a limit is of one approval, not of a node's part of it.
        """
        if self.grants is not None:
            own, owners = self.grants, self.within
        else:
            own, owners = granted(books, by), granted_to_owner(books, by)
        self._require(own, roles, cents, nodes := list(nodes), what)
        if owners is not None:
            self._require(owners, roles, cents, nodes, what)

    def _require(
        self, every: tuple[Grant, ...], roles: frozenset[Role], cents: int, nodes: Iterable[NodeId], what: str
    ) -> None:
        grants = [grant for grant in every if grant.role in roles]
        if all(grant.limit_cents is None for grant in grants):
            return
        places = self.countries() if any(grant.regions for grant in grants) else {}
        bounds: list[tuple[int, NodeId]] = []
        for node in sorted(set(nodes)) or [NodeId("")]:
            # Where he may decide is asked before: at a node that none of his grants names, all of them bound him.
            here = [grant for grant in grants if _covers(grant, node, places.get(node, ""))] or grants
            limits = [grant.limit_cents for grant in here if grant.limit_cents is not None]
            if len(limits) == len(here):
                bounds.append((max(limits), node))
        if bounds and min(bounds)[0] < cents:
            raise OverLimitError(what, cents, *min(bounds))


BY_NAME: Final = Limits()
"""For who decides by a name: bounded as the account of that name is."""


def granted(books: Transaction, by: str) -> tuple[Grant, ...]:
    """Grants of the person or key that goes by this name now; empty where there is none."""
    kind, _, name = by.partition(":")
    if kind == "key":
        found = books.entry(KEY, name)
        return key_of(found).grants if found is not None else ()
    person = find_person(books, name if kind == "person" else account_name(by))
    return person.grants if person is not None else ()


def granted_to_owner(books: Transaction, by: str) -> tuple[Grant, ...] | None:
    """Grants of whoever owns the key that goes by this name now; None where it is no key, or of no person."""
    kind, _, name = by.partition(":")
    found = books.entry(KEY, name) if kind == "key" else None
    owner = key_of(found).owner if found is not None else ""
    person = find_person(books, owner) if owner else None
    return (person.grants if person is not None and person.active else ()) if owner else None


def _covers(grant: Grant, node: NodeId, country: str) -> bool:
    everywhere = not grant.nodes and not grant.regions
    return everywhere or not node or node in grant.nodes or country in grant.regions
