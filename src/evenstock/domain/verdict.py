"""What a rule says of an action: allow, ask, or refuse, each in one sentence a person can read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allow:
    """Go ahead."""


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """A person in `role` decides."""

    role: str
    because: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not lawful, or not possible."""

    because: str


Verdict = Allow | NeedsApproval | Refuse
