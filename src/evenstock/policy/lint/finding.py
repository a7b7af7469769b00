"""What lint finds in a policy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    CONTRADICTORY = "contradictory"
    """Rules that cannot be kept together."""
    GAP = "gap"
    """Orders for which law leaves no way at all."""
    SHADOWED = "shadowed"
    """A rule that changes nothing, because another says as much already."""
    UNREACHABLE = "unreachable"
    """A rule that can never apply."""
    NEVER_AUTOMATIC = "never_automatic"
    """An envelope in which nothing is ever done without a person."""
    NEVER_BINDING = "never_binding"
    """A rule that changed nothing for any order of the sample."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: which rules, what is wrong, what to do about it, and an example."""

    fault: Fault
    rules: tuple[str, ...]
    """Ids, the one to change first."""
    sentence: str
    advice: str
    evidence: str = ""
    """An order that shows it; empty where none is needed."""
    orders: int = 0
    """Orders of the sample that show it; 0 where it was found without a sample."""
    law: bool = False
    """Whether rules of law contradict each other: such a policy is not put in force without a reason."""
