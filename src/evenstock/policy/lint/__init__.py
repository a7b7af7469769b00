"""Finds what is wrong with a policy before orders do: contradictions, gaps, and rules that change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from evenstock.policy.compiled import CompiledPolicy
from evenstock.policy.lint.clashes import clashes
from evenstock.policy.lint.envelopes import envelopes
from evenstock.policy.lint.finding import Fault, Finding
from evenstock.policy.lint.idle import shadowed, unreachable
from evenstock.policy.lint.sample import Sample, from_sample
from evenstock.policy.lint.trial import Trial

__all__ = ["Fault", "Finding", "Sample", "lint"]


def lint(compiled: CompiledPolicy, on: date, sample: Sequence[Sample] = ()) -> tuple[Finding, ...]:
    """Everything found, the gravest first.

    Conditions are compared as sets, and what rules bar is seen by asking them about orders made up from their conditions,
    with every node and service of the network, nothing late and nothing full: each finding has its example. Rules that
    have ended and rules still to come are looked at on the days they hold, from `on` on.

    Parameters
    ----------
    sample
        Recent orders with their candidates; rules that never bind are told from 100 of them on.
    """
    trial = Trial(compiled, on)
    found = [*clashes(trial), *shadowed(trial), *unreachable(trial), *envelopes(compiled, on)]
    found += from_sample(compiled, sample)
    once: dict[tuple[Fault, tuple[str, ...]], Finding] = {}
    for finding in found:
        # A sample's finding says how many orders: it stands before the same found by thought.
        known = once.get((finding.fault, finding.rules))
        if known is None or (finding.orders and not known.law):
            once[finding.fault, finding.rules] = finding
    order = list(Fault)
    return tuple(sorted(once.values(), key=lambda finding: (not finding.law, order.index(finding.fault))))
