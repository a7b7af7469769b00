"""Says of each line which lots travel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from evenstock.domain import UNTRACKED, Cents, CostTerm, LotId, TransferLine, Units
from evenstock.rebalancing.worth.sharing import share_out

Key = tuple[str, str]
"""Item and node."""


def lots_there(balances: pl.DataFrame, lots: pl.DataFrame | None) -> dict[Key, list[tuple[LotId, int]]]:
    """Available units of each lot by item and node, first what expires first, then by name; only where lots are tracked."""
    expiry: Mapping[tuple[str, str], date] = (
        {} if lots is None else {(sku, lot): on for sku, lot, on in lots.select("sku", "lot", "expires_on").iter_rows()}
    )
    found: dict[Key, list[tuple[date, str, int]]] = {}
    rows = balances.filter(pl.col("available") > 0).select("sku", "node", "lot", "available")
    for sku, node, lot, units in rows.iter_rows():
        found.setdefault((sku, node), []).append((expiry.get((sku, lot), date.max), lot, units))
    return {
        key: [(LotId(lot), units) for _, lot, units in sorted(there)]
        for key, there in found.items()
        if any(lot != UNTRACKED for _, lot, _ in there)
    }


def by_lot(
    lines: Sequence[TransferLine],
    there: Mapping[Key, Sequence[tuple[LotId, int]]],
    chosen: Mapping[tuple[str, str, str, str], Sequence[tuple[LotId, int]]],
) -> tuple[TransferLine, ...]:
    """Lines of tracked items split by lot; worth and costs are shared by units and re-add.

    Parameters
    ----------
    there : what each node has of each lot, in the order in which it is taken: several lines of a node share it.
    chosen : lots that the plan itself chose, by item, origin, destination and mode; they come before `there`.
    """
    left = {key: dict(lots) for key, lots in there.items()}
    found: list[TransferLine] = []
    for line in lines:
        said = chosen.get((line.sku, line.origin, line.destination, line.mode))
        parts = list(said) if said is not None else _taken(left.get((line.sku, line.origin), {}), int(line.units))
        found += [line] if not parts else _split(line, parts)
    return tuple(found)


def _taken(left: dict[LotId, int], wanted: int) -> list[tuple[LotId, int]]:
    """Units by lot in their order, taken out of what is left; what no lot covers stays untracked."""
    parts: list[tuple[LotId, int]] = []
    for lot, there in left.items():
        units = min(wanted, there)
        if units:
            parts.append((lot, units))
            left[lot] = there - units
            wanted -= units
    if wanted and parts:
        parts.append((UNTRACKED, wanted))
    return parts


def _split(line: TransferLine, parts: Sequence[tuple[LotId, int]]) -> list[TransferLine]:
    if len(parts) == 1:
        return [replace(line, lot=parts[0][0])]
    units = np.array([units for _, units in parts], np.int64)
    total, weight = int(units.sum()), units.astype(np.float64)

    def shared(cents: int) -> list[int]:
        found: list[int] = share_out(np.array([cents]), np.zeros(len(parts), np.int64), weight).tolist()
        return found

    worth, costs = shared(line.worth_cents), [(term.name, shared(term.cents)) for term in line.costs]
    return [
        replace(
            line,
            lot=lot,
            units=Units(amount),
            worth_cents=Cents(worth[n]),
            costs=tuple(CostTerm(name, Cents(cents[n])) for name, cents in costs),
            cases=line.cases * amount // total,
            pallet_thousandths=round(line.pallet_thousandths * amount / total),
            error_cents=Cents(round(line.error_cents * amount / total)),
        )
        for n, (lot, amount) in enumerate(parts)
    ]
