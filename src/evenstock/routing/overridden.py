"""Sentences about what a person's word prices in place of what is usual."""


class Overridden(str):
    """One of them: an auditor must read it beside the decision, and it says nothing against the rates."""

    __slots__ = ()
