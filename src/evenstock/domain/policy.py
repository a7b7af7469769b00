"""Who may decide what, within which limits: a dated, hashed list of rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from evenstock.domain.canonical import digest


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy: it permits, bounds or reviews. Data, not settings."""

    id: str
    kind: str
    """The member of the rule family that reads it, such as `certification` or `node_ceiling`."""
    parameters: tuple[tuple[str, str], ...] = ()
    hard: bool = True
    """A hard rule is law; a soft one is a wish, given up when a paid order could not ship otherwise."""
    valid_from: date = date.min
    valid_to: date = date.max
    because: str = ""
    owner: str = ""
    """Who answers for it, and may be asked to change it; empty where nobody is named."""

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to

    def parameter(self, name: str, default: str = "") -> str:
        return dict(self.parameters).get(name, default)


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered list of rules with a name and a date; its digest goes into every decision."""

    name: str
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        ids = [rule.id for rule in self.rules]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"policy {self.name}: rule ids {twice} stand twice; give each rule its own id")

    def digest(self) -> str:
        return digest(self)
