"""The wordings of policies that evidence takes along: each the exact bytes that its digest names."""

from __future__ import annotations

from evenstock.domain import Policy
from evenstock.domain.canonical import canonical_json, digest_of
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.rulebook import network_frames, policy_in_force, proposals


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
