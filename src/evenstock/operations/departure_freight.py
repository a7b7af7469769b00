"""What departures really pay by their lanes' contracts, line by line: the freight of a plan as the carrier will bill it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

import numpy as np

from evenstock.domain import Cents, CostTerm, Item, Lane, Node, NodeId, Sku, Units
from evenstock.freight.lanes import pallets
from evenstock.freight.ltl import HandlingUnits, NoQuote
from evenstock.freight.ltl.by_pallet import FullPallet
from evenstock.freight.ltl.handling_units import PALLET_TARE_G
from evenstock.operations.lane_freight import FreightContracts, LaneContract, full_pallets, road_miles_between

LaneKey = tuple[NodeId, NodeId, str]


@dataclass(frozen=True, slots=True)
class DepartureFreight:
    """One departure: what its plan reckoned with, and what its contract asks."""

    origin: NodeId
    destination: NodeId
    mode: str
    service: str
    pallets: int
    planned_cents: Cents
    """Departure, pallets and trucks as the lane has them; what its units cost is not part of it."""
    terms: tuple[CostTerm, ...]
    """By contract."""

    @property
    def contract_cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.terms))


def departures_by_contract(
    units: Mapping[LaneKey, Mapping[Sku, Units]],
    lanes: Iterable[Lane],
    contracts: FreightContracts,
    nodes: Mapping[NodeId, Node],
    items: Mapping[Sku, Item],
    on: date,
) -> tuple[DepartureFreight, ...]:
    """Each lane's departure with so many units of each item, one shipment, rated by its contract; lanes without one are left out.

    Items share pallets; what the begun pallets weigh is shared out by the room that each item takes. An item is rated by the
    class of its full pallet, unless the contract has one class for all.

    Raises
    ------
    ValueError
        If an item has no pallet size, or a lane's contract cannot price it.
    """
    by_key = {(lane.origin, lane.destination, lane.mode): lane for lane in lanes}
    loads = {load.name: load for load in full_pallets(items.values())[0]}
    found = []
    for key, wanted in sorted(units.items()):
        of = {sku: n for sku, n in wanted.items() if n}
        if key not in contracts.lanes or not of:
            continue
        loose = sorted(str(sku) for sku in of if str(sku) not in loads)
        if loose:
            raise ValueError(f"{loose[0]} has no pallet_units or no weight; add them to items to rate what it pays")
        lane, contract = by_key[key], contracts.lanes[key]
        share = np.array([n / items[sku].pallet_units for sku, n in of.items()])
        begun = int(pallets(np.ones(len(of), np.int64), share))
        ends = nodes[lane.origin], nodes[lane.destination]
        goods = [(loads[str(sku)], n * items[sku].weight_g) for sku, n in of.items()]
        rate = _truck if lane.mode == "ftl" else _shared
        terms = rate(contract, contracts, ends, _with_pallets(goods, share, begun), begun, on)
        trucks = -(-begun // lane.truck_pallets) if lane.truck_pallets else 0
        planned = lane.fixed_cents + begun * lane.pallet_cents + trucks * lane.truck_cents
        found.append(DepartureFreight(*key, contract.service, begun, Cents(planned), terms))
    return tuple(found)


def _with_pallets(
    goods: Sequence[tuple[FullPallet, int]], share: np.ndarray[tuple[int], np.dtype[np.float64]], begun: int
) -> list[tuple[FullPallet, int]]:
    """Each item with its part of the pallets' own weight."""
    tare = begun * PALLET_TARE_G / share.sum()
    return [(load, grams + ceil(tare * part)) for (load, grams), part in zip(goods, share.tolist(), strict=True)]


def _shared(
    contract: LaneContract,
    contracts: FreightContracts,
    ends: tuple[Node, Node],
    goods: Sequence[tuple[FullPallet, int]],
    begun: int,
    on: date,
) -> tuple[CostTerm, ...]:
    if contracts.ltl is None:
        raise ValueError(f"ltl_contracts has no contract of {contract.service} on {on}; add it")
    lines = [HandlingUnits(1, grams, freight_class=load.freight_class) for load, grams in goods]
    postal = ends[0].postal_code, ends[1].postal_code
    floor = [HandlingUnits(begun, 1)]
    told = contracts.ltl.quote(contract.service, *postal, lines, on, contract.accessorials, floor=floor)
    match told:
        case NoQuote(because=because):
            raise ValueError(f"{ends[0].id}→{ends[1].id}: {because}")
        case quote:
            return quote.terms


def _truck(
    contract: LaneContract,
    contracts: FreightContracts,
    ends: tuple[Node, Node],
    goods: Sequence[tuple[FullPallet, int]],
    begun: int,
    on: date,
) -> tuple[CostTerm, ...]:
    rate = contracts.truckload.rate(contract.service, on) if contracts.truckload else None
    if contracts.truckload is None or rate is None:
        raise ValueError(f"truckload_rates has no rate of {contract.service} on {on}; add it")
    charges = contracts.truckload.accessorials.asked(contract.service, on, contract.accessorials)
    trucks = rate.trucks(begun, sum(grams for _, grams in goods))
    return rate.cents(road_miles_between(*ends, contracts.places), trucks, accessorials=charges)
