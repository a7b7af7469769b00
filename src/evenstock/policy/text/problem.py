"""What is wrong with a text, where, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Lines and columns count from 1."""

    line: int
    column: int
    said: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.said}"


class PolicyTextError(ValueError):
    """Every problem of a text, in its order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))
