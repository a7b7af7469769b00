"""How far software may go at a place: it advises, it proposes, or it acts; and what is stopped at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evenstock.domain import IntendedAction


class Stage(StrEnum):
    """From the least to the most."""

    SUPPORT = "support"
    """It says what it would do; nothing is set aside and nothing waits for it."""
    GUIDED = "guided"
    """It proposes each action, and a person decides."""
    AUTOMATIC = "automatic"
    """It acts inside the policy's envelopes, and proposes what lies outside."""


@dataclass(frozen=True, slots=True)
class Staged:
    """The stage that counts for one action, and why."""

    stage: Stage
    because: str = ""
    """Empty where nobody set a stage."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Stages in force."""

    def of(self, action: IntendedAction, draw: str = "") -> Staged:  # noqa: ARG002
        """The strictest over its places; `draw` is an id by which a share of the actions is chosen."""
        return Staged(Stage.AUTOMATIC)


EVERYWHERE: Final = Stages()
"""Where nobody set a stage: automatic inside the envelopes."""
