"""Every option of a decision with its terms, so that each row adds up to its total."""

from __future__ import annotations

from collections.abc import Sequence

from evenstock.cli.screen import dollars
from evenstock.domain import OrderPlan
from evenstock.routing.explain import by_term


def option_rows(options: Sequence[OrderPlan]) -> tuple[tuple[str, ...], list[tuple[str, ...]], frozenset[int]]:
    """Headers, a row for each option (the first is the choice), and the columns that hold figures; the total stands first."""
    terms = [by_term(option) for option in options]
    names = list(dict.fromkeys(name for cents in terms for name in cents))
    headers = ("", "option", "total", *names)
    rows = []
    for number, (option, cents) in enumerate(zip(options, terms, strict=True)):
        ways = " + ".join(f"{s.candidate.node} {s.candidate.service}" for s in option.shipments)
        figures = (f"{cents.get(name, 0) / 100:,.2f}" for name in names)
        rows.append(("✓" if number == 0 else "", ways, dollars(option.cents), *figures))
    return headers, rows, frozenset(range(2, len(headers)))
