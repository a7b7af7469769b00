"""What of an order may be put apart: kits and lines whole, or an item unit by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.marks import together
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.subset_kernel import carton_cents


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """Rows of goods, first those that travel whole, each as one unit, then items unit by unit."""

    line_of: Whole
    """Row of each line, shape ``(line,)``."""
    kits: int
    """How many rows travel whole."""
    units: Whole
    """Shape ``(row,)``, as are the next."""
    each: tuple[Whole, Whole, Whole, Whole]
    """Weight, volume, marks and value of one unit."""
    permitted: NDArray[np.bool_]
    """Shape ``(candidate, row)``."""
    unit_cents: Whole
    most: Whole
    """Units that a node has, were nothing else taken, ``(node, row)``."""
    need: Whole
    """Units of each item of which more than one row draws, ``(row, such item)``."""
    stock: Whole
    """Of those items, ``(node, such item)``."""

    def taken(self, units: Whole) -> Whole:
        """Units of each row in a shipment of `units` by line."""
        by_row = np.zeros(len(self.units), np.int64)
        np.add.at(by_row, self.line_of, units)
        by_row[: self.kits] = np.minimum(by_row[: self.kits], 1)
        return by_row

    def by_line(self, priced: Priced, taken: Sequence[Whole]) -> Whole:
        """Units of each line in each shipment, from units by row: lines of one item are filled one after the other."""
        carried = np.zeros((len(taken), priced.lines), np.int64)
        left = priced.units.copy()
        for s, by_row in enumerate(taken):
            there = by_row.copy()
            for line, row in enumerate(self.line_of.tolist()):
                if row < self.kits:
                    carried[s, line] = priced.units[line] * there[row]
                else:
                    carried[s, line] = min(there[row], left[line])
                    there[row] -= carried[s, line]
            left = left - carried[s]
        return carried


def goods_of(priced: Priced, *, whole: bool) -> Goods:
    """What may be put apart: every line or kit if `whole`, else kits, and single units of all other lines."""
    _, first, item = np.unique(priced.item, return_index=True, return_inverse=True)
    kit = np.full(priced.lines, -1) if priced.kit is None else priced.kit
    if whole:
        kit = np.where(kit >= 0, kit, kit.max() + 1 + np.arange(priced.lines))
    _, row_of = np.unique(np.where(kit >= 0, kit, kit.max() + 1 + item), return_inverse=True)  # kits stand first
    member = row_of == np.arange(int(row_of.max()) + 1)[:, None]
    kits = len(set(kit[kit >= 0].tolist()))
    lead = member.argmax(axis=1)
    per_unit = np.where(member, priced.units, 0)  # of a kit all its units, of an item one of its first line
    for row in range(kits, len(member)):
        per_unit[row] = np.arange(priced.lines) == lead[row]
    need = np.zeros((len(member), len(first)), np.int64)
    np.add.at(need.T, item, per_unit.T)
    stock = priced.atp[:, first]
    units = member @ priced.units
    units[:kits] = 1
    shared = (need > 0).sum(axis=0) > 1

    def one(of_line: Whole) -> Whole:
        by_row: Whole = (of_line // priced.units)[lead]
        by_row[:kits] = (member @ of_line)[:kits]
        return by_row

    return Goods(
        row_of,
        kits,
        units,
        (
            one(priced.weight_g),
            one(priced.volume_mm3),
            np.array([together(priced.longest_mm[row]) for row in member]),
            one(priced.value_cents),
        ),
        np.stack([priced.permitted[:, row].all(axis=1) for row in member], axis=1),
        priced.unit_cents @ per_unit.T,
        np.stack([(stock[:, row > 0] // row[row > 0]).min(axis=1) for row in need], axis=1),
        np.ascontiguousarray(need[:, shared]),
        np.ascontiguousarray(stock[:, shared]),
    )


def shipment_cents(priced: Priced, goods: Goods, candidate: int, taken: Whole) -> int:
    """What one shipment costs, without what extra shipments do."""
    weight_g, volume_mm3, longest_mm, _ = goods.each
    handling = int(priced.shipment_cents[candidate] + goods.unit_cents[candidate] @ taken)
    parcel = int(taken @ weight_g), int(taken @ volume_mm3), together(longest_mm[taken > 0])
    return handling + int(carton_cents(priced.ladders.arrays, int(priced.ladder[candidate]), *parcel))
