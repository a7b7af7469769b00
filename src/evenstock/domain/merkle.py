"""A Merkle tree over an append-only log: its root stands for every row, and short proofs say that a row is in it and that a
later log still holds an earlier one.

Hashing, inclusion and consistency proofs are those of RFC 9162 (Certificate Transparency 2.0, section 2.1) over SHA-256, so any
verifier of such logs reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

EMPTY: Final = hashlib.sha256().digest()
"""Root of a log without rows."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """What must be kept of a log to go on appending to it: the roots of its perfect subtrees, the largest first.

    Examples
    --------
    The tree over one empty row (the first vector of the reference implementation):

    >>> one = Frontier()
    >>> one.append(leaf_hash(b""))
    >>> one.root().hex()[:16]
    '6e340b9cffb37a98'
    """

    size: int = 0
    """Rows so far."""
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next row."""
        below, size = leaf, self.size
        while size & 1:
            below = node_hash(self.peaks.pop(), below)
            size >>= 1
        self.peaks.append(below)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root over hashes of rows, in their order."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Hashes by which the root follows from row `index`, counted from 0 (RFC 9162, 2.1.3.1).

    Raises
    ------
    ValueError
        If there is no such row.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"a log of {len(leaves)} rows has no row {index}")
    if len(leaves) == 1:
        return []
    half = _largest_power_below(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root_of(leaves[:half])]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the log of `size` rows with this root has the row at this place (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(other, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, other)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """Hashes by which the roots of the first `earlier` rows and of all of them follow from one another (RFC 9162, 2.1.4.1).

    Raises
    ------
    ValueError
        If `earlier` is not between 0 and all rows.
    """
    if not 0 <= earlier <= len(leaves):
        raise ValueError(f"a log of {len(leaves)} rows was never one of {earlier}")
    return [] if earlier in (0, len(leaves)) else _consistency(leaves, earlier, whole=True)


def extends(earlier: int, later: int, earlier_root: bytes, later_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the log of `later` rows begins with the one of `earlier` rows (RFC 9162, 2.1.4.2)."""
    if not 0 <= earlier <= later:
        return False
    if earlier == later:
        return not proof and earlier_root == later_root
    if earlier == 0:
        return not proof and earlier_root == EMPTY
    path = list(proof)
    # A perfect subtree is its own beginning: its root is not in the proof.
    if earlier & (earlier - 1) == 0:
        path.insert(0, earlier_root)
    if not path:
        return False
    here, last = earlier - 1, later - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    before = after = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            before, after = node_hash(other, before), node_hash(other, after)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            after = node_hash(after, other)
        here, last = here >> 1, last >> 1
    return last == 0 and before == earlier_root and after == later_root


def _consistency(leaves: Sequence[bytes], earlier: int, *, whole: bool) -> list[bytes]:
    if earlier == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = _largest_power_below(len(leaves))
    if earlier <= half:
        return [*_consistency(leaves[:half], earlier, whole=whole), root_of(leaves[half:])]
    return [*_consistency(leaves[half:], earlier - half, whole=False), root_of(leaves[:half])]


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1
