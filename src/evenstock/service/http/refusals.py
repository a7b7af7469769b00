"""Refusals of business as problems."""

from __future__ import annotations

from typing import TypeVar

from evenstock.domain import Refuse
from evenstock.service.http.problems import Problem

Done = TypeVar("Done")


def done(answer: Done | Refuse) -> Done:
    """What was done. Raises Problem `not_found`, `conflict` or `refused` with the sentence where it was not."""
    if isinstance(answer, Refuse):
        unknown = answer.because.startswith(("no order", "there is no"))
        overtaken = " was answered by " in answer.because
        raise Problem("not_found" if unknown else "conflict" if overtaken else "refused", answer.because)
    return answer
