"""The kinds of order of an instance, (type, city) each, as the production code decides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.batch import Batch
from evenstock.routing.priced import Ladders, Priced, Whole
from evenstock.simulation.multi_item import Instance

MILLICENTS: int = 100_000
"""Of a dollar. Published rates have tenths of a cent a parcel and less a mile."""


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Orders of an instance: kind ``(type - 1) * cities + city``, so that every type but "no order" has its kinds."""

    instance: Instance
    batch: Batch
    """The kinds in their order. Way ``k`` of each is centre ``k``. Money is millicents."""
    city: Whole
    """Shape ``(kind,)``."""
    parcel: int
    """Millicents of a parcel."""
    unit: Whole
    """Millicents of a unit in it, shape ``(centre, city)``."""
    lost: int
    """Millicents of a unit that is not shipped."""

    @classmethod
    def of(cls, instance: Instance) -> Kinds:
        """Every type in every city.

        Examples
        --------
        >>> from evenstock.simulation.multi_item import multi_item
        >>> kinds = Kinds.of(multi_item([(40.0, -75.0)], [(41.0, -74.0, 2.0), (42.0, -71.0, 1.0)], seed=1))
        >>> len(kinds.batch), kinds.parcel
        (50, 875900)
        """
        cities = instance.rate.shape[1]
        types = [np.array(t, np.int64) for t in instance.types[1:]]
        goods = [t for t in types for _ in range(cities)]
        city = np.tile(np.arange(cities), len(types))
        parcel = round(instance.fixed * MILLICENTS)
        unit = np.rint(instance.unit_cost * MILLICENTS).astype(np.int64)
        return cls(
            instance,
            pack(goods, city, parcel, unit, instance.stock),
            city,
            parcel,
            unit,
            round(instance.lost_unit * MILLICENTS),
        )

    def arrivals(self, arrived: NDArray[np.int64]) -> Whole:
        """Kind by period, -1 where nobody came, of orders given as type and city."""
        kind = (arrived[:, 0] - 1) * self.instance.rate.shape[1] + arrived[:, 1]
        return np.where(arrived[:, 0] == 0, -1, kind)

    def rate(self, rate: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Orders of each kind in a period, shape ``(kind,)``, of rates by ``(type, city)``: the true ones if none are given."""
        return (self.instance.rate if rate is None else rate)[1:].ravel()

    def part(self, kinds: Whole, wanted: Sequence[Whole]) -> Batch:
        """A batch of orders of these kinds that want only these of their lines, each at least one."""
        first, item = self.batch.first_line, self.batch.item
        goods = [item[first[k] + lines] for k, lines in zip(kinds.tolist(), wanted, strict=True)]
        return pack(goods, self.city[kinds], self.parcel, self.unit, self.instance.stock)


def pack(goods: Sequence[Whole], city: Whole, parcel: int, unit: Whole, stock: Whole) -> Batch:
    """Orders of one unit of each of these goods: a parcel a centre, each unit by the way it goes."""
    return Batch.pack([_priced(i, unit[:, j], parcel, stock) for i, j in zip(goods, city.tolist(), strict=True)], goods)


def _priced(item: Whole, unit: Whole, parcel: int, stock: Whole) -> Priced:
    centres, lines = unit.size, item.size
    nothing = np.zeros(lines, np.int64)
    return Priced(
        node=np.arange(centres),
        ladder=np.zeros(centres, np.int64),
        permitted=np.ones((centres, lines), np.bool_),
        atp=np.ascontiguousarray(stock[:, item]),
        item=np.arange(lines),
        units=np.ones(lines, np.int64),
        weight_g=nothing,
        volume_mm3=nothing,
        longest_mm=nothing,
        value_cents=nothing,
        shipment_cents=np.full(centres, parcel),
        unit_cents=np.repeat(unit[:, None], lines, axis=1),
        ladders=FREE,
        max_shipments=lines,
    )


FREE = Ladders(
    first_step=np.array([0, 1]),
    max_weight_g=np.array([1]),
    step_cents=np.array([0]),
    divisor=np.array([0]),
    first_long=np.array([0, 0]),
    long_above=np.zeros(0, np.int64),
    long_cents=np.zeros(0, np.int64),
)
"""A carton that costs nothing: the whole parcel is paid as a shipment."""
