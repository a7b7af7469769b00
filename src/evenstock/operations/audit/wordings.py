"""The wordings of policies that evidence takes along: each the exact bytes that its digest names; and that the log names them."""

from __future__ import annotations

from evenstock.domain import Policy
from evenstock.domain.canonical import canonical_json, digest_of
from evenstock.operations.audit.enacted import about_policy, say_enacted
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.network import nodes_from_frame
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.rulebook import network_frames, policy_in_force, proposals, rules_in_force


def wordings(store: Store, snapshots: Snapshots) -> dict[str, bytes]:
    """Canonical JSON by digest: of every version ever proposed, and of what is in force now.

    These hold reasons and owners as people wrote them, unlike the rows of the log.
    """
    every: list[Policy] = [version.policy for version in proposals(store, snapshots)]
    try:
        frames = network_frames(store, snapshots)
    except StoreError:
        # No network yet: then nothing is in force either.
        frames = None
    if frames is not None:
        with store.reading() as books:
            every.append(policy_in_force(books, snapshots, frames))
    return {digest_of(said): said for said in map(canonical_json, every)}


def say_policy_if_unsaid(store: Store, snapshots: Snapshots) -> bool:
    """Tell the log of the policy in force where no row ever did, as in books from before the log said it; whether it told."""
    try:
        frames = network_frames(store, snapshots)
    except StoreError:
        return False
    with store.transaction() as books:
        meant = policy_in_force(books, snapshots, frames)
        if audit_of(books).audit_last([about_policy(meant.digest())], books.clock()):
            return False
        version = rules_in_force(books, snapshots)
        countries: dict[str, str] = {node.id: node.country for node in nodes_from_frame(frames["nodes"])}
        say_enacted(books, meant, version.id if version is not None else "", countries)
    return True
